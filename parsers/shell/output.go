package shell

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/source"
)

// Echo says what the echo of a shell does with backslashes.
type Echo int

const (
	// EchoUnknown: text with a backslash may come out either way.
	EchoUnknown Echo = iota
	// EchoKeeps: it writes backslashes as they are unless -e is given (bash, busybox).
	EchoKeeps
	// EchoExpands: it expands escapes always, and has no -e (dash).
	EchoExpands
)

// Output returns the text that a command writes to its standard output, where that can be told without running it: for echo, printf,
// and cat with a here-document or here-string. Parts that are not known are opaque.
func (c *Command) Output(echo Echo) ([]source.Piece, bool) {
	switch c.Name {
	case "echo":
		return echoOutput(c, echo), true
	case "printf":
		return printfOutput(c)
	case "cat", "tee":
		if c.Name == "cat" && slices.ContainsFunc(c.Words[1:], func(w Word) bool { return w.Text != "-" && !strings.HasPrefix(w.Text, "-") }) {
			return nil, false
		}
		return input(c, echo)
	case "true", ":", "mkdir", "set", "chmod", "chown", "touch", "rm", "cd", "export":
		return nil, true
	}
	return nil, false
}

// input returns the text of a command's standard input.
func input(c *Command, echo Echo) ([]source.Piece, bool) {
	for n := len(c.Redirs) - 1; n >= 0; n-- {
		redir := c.Redirs[n]
		switch {
		case redir.FD > 0:
		case redir.Op == "<<" || redir.Op == "<<-":
			return redir.Heredoc, true
		case redir.Op == "<<<":
			return append(slices.Clip(redir.Target.Parts), newline(redir.Target.Span)), true
		case redir.Op == "<":
			return nil, false
		}
	}
	if c.PipedFrom == nil {
		return nil, false
	}
	out := []source.Piece{}
	for _, from := range c.pipedGroup {
		text, ok := from.Output(echo)
		if !ok {
			return nil, false
		}
		if !from.redirected() {
			out = append(out, text...)
		}
	}
	return out, true
}

// redirected reports whether standard output goes to a file rather than into the pipe.
func (c *Command) redirected() bool {
	return slices.ContainsFunc(c.Redirs, func(r Redir) bool { return r.output() })
}

func (r Redir) output() bool {
	switch r.Op {
	case ">", ">>", ">|", "<>":
		return r.FD == -1 || r.FD == 1
	case "&>", "&>>":
		return true
	case ">&":
		return r.FD == -1 && !isNumber(r.Target.Text)
	}
	return false
}

func isNumber(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil || s == "-"
}

func newline(at source.Span) source.Piece { return source.Piece{Text: "\n", Span: at} }

func echoOutput(c *Command, echo Echo) []source.Piece {
	words := c.Words[1:]
	end := true
	expand := echo == EchoExpands
	sure := echo != EchoUnknown
	for len(words) > 0 && words[0].Known && isEchoOption(words[0].Text) {
		if echo == EchoExpands && words[0].Text != "-n" {
			break // dash knows -n alone, and writes the others
		}
		if echo == EchoUnknown && words[0].Text != "-n" {
			// Under dash the word itself would be written. Whoever writes it means bash.
			sure = true
		}
		for _, letter := range words[0].Text[1:] {
			switch letter {
			case 'n':
				end = false
			case 'e':
				expand = true
			case 'E':
				expand = false
			}
		}
		words = words[1:]
	}
	var out []source.Piece
	for i, w := range words {
		if i > 0 {
			out = append(out, source.Piece{Text: " ", Span: source.Span{Start: words[i-1].Span.End, End: w.Span.Start}})
		}
		for _, p := range w.Parts {
			switch {
			case p.Opaque || !strings.Contains(p.Text, `\`):
				out = append(out, p)
			case !sure:
				p.Opaque = true
				out = append(out, p)
			case expand:
				out = append(out, unescape(p, false)...)
			default:
				out = append(out, p)
			}
		}
	}
	if end {
		at := c.Words[len(c.Words)-1].Span
		out = append(out, newline(at))
	}
	return out
}

func isEchoOption(s string) bool {
	return len(s) > 1 && s[0] == '-' && strings.Trim(s[1:], "neE") == ""
}

// unescape replaces the escapes in a piece; what stands between them stays verbatim.
func unescape(p source.Piece, bare bool) []source.Piece {
	var out []source.Piece
	part := func(from, to int, text string, verbatim bool) {
		if text == "" {
			return
		}
		q := source.Piece{Text: text, Span: p.Span, Quoting: p.Quoting}
		if p.Verbatim {
			q.Span = source.Span{Start: p.Span.Start + from, End: p.Span.Start + to}
			q.Verbatim = verbatim
		}
		out = append(out, q)
	}
	start := 0
	for i := 0; i < len(p.Text); i++ {
		if p.Text[i] != '\\' || i+1 >= len(p.Text) {
			continue
		}
		part(start, i, p.Text[start:i], true)
		var b strings.Builder
		n := escape(&b, p.Text[i+1:], bare)
		part(i, i+1+n, b.String(), false)
		i += n
		start = i + 1
	}
	part(start, len(p.Text), p.Text[start:], true)
	return out
}

// printfOutput follows a printf whose format is known.
func printfOutput(c *Command) ([]source.Piece, bool) {
	words := c.Words[1:]
	if len(words) > 0 && words[0].Text == "--" {
		words = words[1:]
	}
	if len(words) == 0 || strings.HasPrefix(words[0].Text, "-") {
		return nil, false
	}
	args := words[1:]
	var out []source.Piece
	for {
		used := 0
		for _, p := range words[0].Parts {
			if p.Opaque {
				out = append(out, p)
				continue
			}
			pieces, n, ok := formatPiece(p, args, words[0].Span)
			if !ok {
				return nil, false
			}
			out = append(out, pieces...)
			n = min(n, len(args))
			used += n
			args = args[n:]
		}
		if len(args) == 0 || used == 0 {
			return out, true
		}
	}
}

// formatPiece follows a part of a format. It returns how many arguments it took.
func formatPiece(p source.Piece, args []Word, at source.Span) (out []source.Piece, used int, ok bool) {
	text := p.Text
	start := 0
	literal := func(to int) {
		if start < to {
			q := source.Piece{Text: text[start:to], Span: p.Span, Quoting: p.Quoting}
			if p.Verbatim {
				q.Span = source.Span{Start: p.Span.Start + start, End: p.Span.Start + to}
				q.Verbatim = true
			}
			out = append(out, unescape(q, true)...)
		}
	}
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			if text[i] == 'c' {
				return nil, 0, false
			}
		case text[i] == '%':
			literal(i)
			if i+1 >= len(text) {
				return nil, 0, false
			}
			i++
			span := at
			if p.Verbatim {
				span = source.Span{Start: p.Span.Start + i - 1, End: p.Span.Start + i + 1}
			}
			switch text[i] {
			case '%':
				out = append(out, source.Piece{Text: "%", Span: span})
			case 's', 'b', 'd', 'i':
				if used < len(args) {
					w := args[used]
					for _, part := range w.Parts {
						if text[i] == 'b' && !part.Opaque && strings.Contains(part.Text, `\`) {
							out = append(out, unescape(part, false)...)
						} else {
							out = append(out, part)
						}
					}
				} else if text[i] == 'd' || text[i] == 'i' {
					out = append(out, source.Piece{Text: "0", Span: span})
				}
				used++
			default:
				return nil, 0, false
			}
			start = i + 1
		}
	}
	literal(len(text))
	return out, used, true
}

// Write is text that a command writes to a file.
type Write struct {
	// Path is the file.
	Path Word
	// Truncate says that what the file held is lost; else the text is appended.
	Truncate bool
	// Text is what is written, if Known.
	Text  []source.Piece
	Known bool
	// Command is the command that writes: for a pipe into tee, tee.
	Command *Command
	// Outer says that the redirection stands on an enclosing group.
	Outer bool
}

// Writes returns the files that a command's output goes to: by redirection, of itself or of an enclosing group, or as tee and its like do. Of the commands
// of a group whose output replaces a file, only the first one replaces, and the others append.
func (c *Command) Writes(echo Echo) []Write {
	var out []Write
	for _, r := range c.Redirs {
		if !r.output() {
			continue
		}
		w := Write{Path: r.Target, Truncate: r.Op != ">>" && r.Op != "&>>", Command: c, Outer: r.Outer}
		if r.Outer && w.Truncate && !c.firstOf(r) {
			w.Truncate = false
		}
		w.Text, w.Known = c.Output(echo)
		if r.Outer && w.Known && len(w.Text) == 0 && !w.Truncate {
			continue // it writes nothing
		}
		out = append(out, w)
		break // only the first one that applies gets the output
	}
	switch c.Name {
	case "tee", "sponge":
		appends := slices.ContainsFunc(c.Words, func(w Word) bool {
			return w.Text == "-a" || w.Text == "--append" || len(w.Text) > 2 && w.Text[0] == '-' && w.Text[1] != '-' && strings.Contains(w.Text, "a")
		})
		text, known := input(c, echo)
		for _, w := range c.Words[1:] {
			if !strings.HasPrefix(w.Text, "-") {
				out = append(out, Write{Path: w, Truncate: !appends, Text: text, Known: known, Command: c})
			}
		}
	case "dd":
		for _, w := range c.Words[1:] {
			if target, ok := strings.CutPrefix(w.Text, "of="); ok {
				text, known := input(c, echo)
				out = append(out, Write{Path: tail(w, 3, target), Truncate: true, Text: text, Known: known, Command: c})
			}
		}
	case "install":
		if n := len(c.Words); n > 2 && c.Words[n-2].Text == "/dev/stdin" {
			text, known := input(c, echo)
			out = append(out, Write{Path: c.Words[n-1], Truncate: true, Text: text, Known: known, Command: c})
		}
	}
	return out
}

// firstOf reports whether a command is the first one in the group that a redirection stands on.
func (c *Command) firstOf(r Redir) bool { return slices.Contains(c.opens, r.Span) }

// InPlace is an edit of files by a program that reads a script for it.
type InPlace struct {
	// Script is the editing script; its Known is false where it could not be told.
	Script Word
	// Files are the files that are changed.
	Files []Word
}

// InPlaceEdit returns what sed -i or perl -i changes.
func (c *Command) InPlaceEdit() (InPlace, bool) {
	if c.Name != "sed" && c.Name != "gsed" && c.Name != "perl" {
		return InPlace{}, false
	}
	inPlace, scripted := false, false
	var out InPlace
	for n := 1; n < len(c.Words); n++ {
		w := c.Words[n]
		switch {
		case w.Text == "-e" || w.Text == "--expression" || w.Text == "-f" || w.Text == "--file":
			if n++; n < len(c.Words) {
				out.Script, scripted = c.Words[n], true
			}
		case strings.HasPrefix(w.Text, "--in-place"):
			inPlace = true
		case strings.HasPrefix(w.Text, "--"):
		case len(w.Text) > 1 && w.Text[0] == '-':
			letters, _, _ := strings.Cut(w.Text[1:], ".")
			if strings.Contains(letters, "i") {
				inPlace = true
			}
			if strings.HasSuffix(letters, "e") && !strings.HasPrefix(letters, "i") {
				if n++; n < len(c.Words) {
					out.Script, scripted = c.Words[n], true
				}
			}
		case !scripted:
			out.Script, scripted = w, true
		default:
			out.Files = append(out.Files, w)
		}
	}
	return out, inPlace && len(out.Files) > 0
}
