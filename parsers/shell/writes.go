package shell

import (
	"strings"

	"github.com/sandlint/sandlint/parsers/source"
)

// Write is text that a command writes to a file.
type Write struct {
	// Path is the file.
	Path Word
	// Append says that the text is appended to the file, Truncate that the old content is lost. Neither is set when the
	// text overwrites part of it, as with dd conv=notrunc.
	Append   bool
	Truncate bool
	// Text is the text that is written, if Known. An empty text with Truncate empties the file.
	Text  []source.Piece
	Known bool
	// Command is the command that writes: for a pipe into tee, tee.
	Command *Command
	// Redir is the redirection, nil when the file is an argument, as for tee.
	Redir *Redir
	// Outer says that the redirection belongs to an enclosing group, or to the command whose script contains the
	// command.
	Outer bool
}

// Writes returns the files that a command's standard output goes to: by a redirection of its own or of a group around
// it, or as an argument of a program such as tee. When the output of a group replaces a file, only its first command
// that prints anything replaces it; the others append. echo is the behaviour of echo in the image's /bin/sh.
func (c *Command) Writes(echo Echo) []Write {
	var out []Write
	moved, file := stdout(c.Redirs)
	for i := range c.Redirs {
		r := &c.Redirs[i]
		if r.Outer {
			break
		}
		if r.opensFile() && i != file && r.FD > 2 && r.Op != "<>" {
			// No program that is known prints there, but the file is emptied. To dash a number above 9 is a word.
			out = append(out, Write{
				Path: r.Target, Append: r.appends(), Truncate: !r.appends(), Known: r.FD <= 9 || c.dialect == Bash,
				Command: c, Redir: r,
			})
			continue
		}
		if !r.opensFile() || i != file && !(r.writesOutput() || r.opensBoth()) ||
			c.nests && c.inner != nil && c.inner.first != nil && i == file {
			continue
		}
		truncate := !r.appends() && r.Op != "<>"
		write := Write{Path: r.Target, Append: r.appends(), Truncate: truncate, Known: true, Command: c, Redir: r}
		if i == file {
			write.Text, write.Known = c.Output(echo)
		}
		out = append(out, write)
	}
	if s := c.out; !moved && !c.nests && s != nil && s.redir != nil && (!c.silent || s.first == c) {
		r := s.redir
		write := Write{Path: r.Target, Command: c, Redir: r, Outer: true}
		write.Truncate = !r.appends() && s.first == c && r.Op != "<>"
		write.Append = !write.Truncate && r.Op != "<>"
		write.Text, write.Known = c.Output(echo)
		out = append(out, write)
	}
	return c.fileArguments(out, echo)
}

// opensFile reports whether r opens a file for writing.
func (r *Redir) opensFile() bool {
	switch r.Op {
	case ">", ">>", ">|", "<>":
		return true
	}
	return r.opensBoth()
}

func (r *Redir) appends() bool { return r.Op == ">>" || r.Op == "&>>" }

// fileArguments adds the files that a command writes its input to.
func (c *Command) fileArguments(out []Write, echo Echo) []Write {
	add := func(path Word, appends, truncates, known bool) {
		w := Write{Path: path, Append: appends, Truncate: truncates, Command: c}
		if known {
			w.Text, w.Known = c.stdin(echo, 0)
		}
		out = append(out, w)
	}
	switch c.Name {
	case "tee", "sponge":
		appends, options := false, true
		for _, word := range c.Words[1:] {
			t := word.Text
			switch {
			case options && t == "--" && word.Known:
				options = false
			case options && strings.HasPrefix(t, "-") && len(t) > 1 && word.Known:
				appends = appends || hasOption(word, "a", "--append")
			default:
				add(word, false, false, true)
			}
		}
		for i := range out {
			if out[i].Redir == nil {
				out[i].Append, out[i].Truncate = appends, !appends
			}
		}
	case "dd":
		var path Word
		truncates, appends, known := true, false, true
		for _, word := range c.Words[1:] {
			name, value, _ := strings.Cut(word.Text, "=")
			switch name {
			case "of":
				path = cutWord(word, len("of="))
				path.Known = word.Known
			case "conv":
				truncates = truncates && !strings.Contains(value, "notrunc")
				known = known && (value == "notrunc" || value == "fsync" || value == "fdatasync")
			case "oflag":
				appends = appends || strings.Contains(value, "append")
			case "if", "count", "skip", "seek", "cbs", "iflag":
				known = false
			}
		}
		if path.Text != "" {
			add(path, appends && !truncates, truncates, known)
		}
	case "install", "cp":
		var operands []Word
		for i := 1; i < len(c.Words); i++ {
			t := c.Words[i].Text
			switch {
			case len(t) == 2 && t[0] == '-' && strings.IndexByte("gmoSZ", t[1]) >= 0 && c.Name == "install":
				i++
			case t == "-t" || strings.HasPrefix(t, "--target-directory"):
				return out
			case len(t) > 1 && t[0] == '-':
			default:
				operands = append(operands, c.Words[i])
			}
		}
		if len(operands) == 2 && operands[0].Known &&
			(operands[0].Text == "/dev/stdin" || operands[0].Text == "/proc/self/fd/0") {
			add(operands[1], false, true, true)
		}
	}
	return out
}

// InPlace is an in-place edit of files by a script.
type InPlace struct {
	// Script is the editing script, or the first of several. If it is in a file, it has no text, is not Known, and its
	// Span is that of the program's name.
	Script Word
	// Scripts are all editing scripts on the command line.
	Scripts []Word
	// Files are the edited files.
	Files []Word
}

// InPlaceEdit returns what sed -i, perl -i or ruby -i changes. It reports false for other commands.
func (c *Command) InPlaceEdit() (InPlace, bool) {
	switch c.Name {
	case "sed", "gsed":
		return c.sed()
	case "perl", "ruby":
		return c.perl()
	}
	return InPlace{}, false
}

func (c *Command) sed() (out InPlace, inPlace bool) {
	scripted, options := false, true
	script := func(word Word) {
		out.Scripts = append(out.Scripts, word)
		scripted = true
	}
	var operands []Word
	for i := 1; i < len(c.Words); i++ {
		word := c.Words[i]
		t := word.Text
		if !options || len(t) < 2 || t[0] != '-' {
			operands = append(operands, word)
			continue
		}
		if t == "--" {
			options = false
			continue
		}
		if t[1] == '-' {
			name, _, inline := strings.Cut(t, "=")
			switch {
			case name == "--in-place":
				inPlace = true
			case name == "--expression" && inline:
				script(cutWord(word, len(name)+1))
			case name == "--expression" && i+1 < len(c.Words):
				i++
				script(c.Words[i])
			case name == "--file":
				scripted = true
				if !inline {
					i++
				}
			case name == "--line-length" && !inline:
				i++
			}
			continue
		}
	letters:
		for n := 1; n < len(t); n++ {
			switch t[n] {
			case 'i': // the rest is the suffix of the backup
				inPlace = true
				break letters
			case 'e', 'f', 'l':
				value := Word{Span: word.Span} // a missing value
				if n+1 < len(t) {
					value = cutWord(word, n+1)
				} else if i+1 < len(c.Words) {
					i++
					value = c.Words[i]
				}
				if t[n] == 'e' {
					script(value)
				}
				scripted = scripted || t[n] == 'f'
				break letters
			}
		}
	}
	if !scripted && len(operands) > 0 {
		script(operands[0])
		operands = operands[1:]
	}
	out.Files = operands
	out.Script = Word{Span: c.Words[0].Span}
	if len(out.Scripts) > 0 {
		out.Script = out.Scripts[0]
	}
	return out, inPlace && len(out.Files) > 0
}

func (c *Command) perl() (out InPlace, inPlace bool) {
	scripted := false
	i := 1
words:
	for ; i < len(c.Words); i++ {
		word := c.Words[i]
		t := word.Text
		if len(t) < 2 || t[0] != '-' {
			break
		}
		if t == "--" {
			i++
			break
		}
		for n := 1; n < len(t); n++ {
			switch t[n] {
			case 'i':
				inPlace = true
				continue words
			case 'e', 'E':
				scripted = true
				if n+1 < len(t) {
					out.Scripts = append(out.Scripts, cutWord(word, n+1))
				} else if i+1 < len(c.Words) {
					i++
					out.Scripts = append(out.Scripts, c.Words[i])
				}
				continue words
			case 'I', 'M', 'm', 'F', 'C', 'x':
				if n+1 == len(t) && t[n] == 'I' {
					i++
				}
				continue words
			}
		}
	}
	if !scripted { // the script is a file
		i++
	}
	if i < len(c.Words) {
		out.Files = c.Words[i:]
	}
	out.Script = Word{Span: c.Words[0].Span}
	if len(out.Scripts) > 0 {
		out.Script = out.Scripts[0]
	}
	return out, inPlace && len(out.Files) > 0
}

// Chain returns the commands of the && chain around c at the top level of the script, in order. It extends as far as
// there are only simple commands without here-documents, which can change places. A test, a negated command and the
// right side of || do not belong to a chain, since what follows depends on them. It is nil when c has no neighbour in
// its chain.
func (s *Script) Chain(c *Command) []*Command {
	if c.chain == 0 || c.chain > len(s.chains) {
		return nil
	}
	return s.chains[c.chain-1]
}
