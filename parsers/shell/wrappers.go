package shell

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/sandlint/sandlint/parsers/source"
)

// wrapper describes a program that runs the program in its arguments.
type wrapper struct {
	valued      string // options that take a value as the next word
	positional  int    // words before the program
	assignments bool   // NAME=VALUE words before the program
	not         string // options with which it runs nothing
}

// wrappers is the table of such programs.
var wrappers = map[string]wrapper{
	"sudo":             {valued: "-u -g -h -p -C -T -r -t -U -D -R --user --group --prompt --chdir --host", assignments: true, not: "-l -v -e -K -k --list --edit --version"},
	"doas":             {valued: "-u -C", not: "-L"},
	"env":              {valued: "-u --unset -C --chdir", assignments: true, not: "-S --split-string --version --help"},
	"exec":             {valued: "-a"},
	"command":          {not: "-v -V"},
	"builtin":          {},
	"nohup":            {not: "--version --help"},
	"nice":             {valued: "-n --adjustment"},
	"ionice":           {valued: "-c -n -p -P -u", not: "-p -P -u"},
	"time":             {valued: "-f -o --format --output"},
	"timeout":          {valued: "-k -s --kill-after --signal", positional: 1},
	"stdbuf":           {valued: "-i -o -e --input --output --error"},
	"gosu":             {positional: 1},
	"su-exec":          {positional: 1},
	"chroot":           {valued: "--userspec --groups", positional: 1},
	"setpriv":          {valued: "--reuid --regid --groups --inh-caps --bounding-set --securebits"},
	"unbuffer":         {},
	"linux32":          {},
	"linux64":          {},
	"setarch":          {positional: 1},
	"xvfb-run":         {valued: "-e -f -n -p -s -w --error-file --auth-file --server-num --xauth-protocol --server-args --wait"},
	"dbus-run-session": {valued: "--config-file --dbus-daemon"},
	"tini":             {valued: "-p -e"},
	"dumb-init":        {valued: "-r --rewrite"},
	"catchsegv":        {},
	"fakeroot":         {valued: "-s -i -l -f -b --lib --faked"},
	"eatmydata":        {},
	"strace":           {valued: "-e -o -p -s -u -E"},
}

// peel takes the wrappers off a command's words and sets its name. Assignments of env and sudo join the command's.
func peel(c *Command) {
	for len(c.Words) > 0 {
		first := c.Words[0]
		c.Path, c.Name = first.Text, ""
		if first.Known {
			c.Name = path.Base(first.Text)
		} else if n := len(first.Parts); n > 0 && !first.Parts[n-1].Opaque && !strings.ContainsAny(first.Text, "*?[") {
			// "$HOME/bin/nix-env": the folder is not known, the program is.
			if last := first.Parts[n-1].Text; strings.Contains(last, "/") && !strings.HasSuffix(last, "/") {
				c.Name = path.Base(last)
			}
		}
		w, ok := wrappers[c.Name]
		if !ok || len(c.Words) < 2 {
			return
		}
		rest, assigns, ok := w.strip(c.Words[1:])
		if !ok || len(rest) == 0 {
			return
		}
		c.Wrappers = append(c.Wrappers, c.Name)
		c.Assigns = append(c.Assigns, assigns...)
		c.Words = rest
	}
}

// strip returns the words from the wrapped program on.
func (w wrapper) strip(words []Word) (rest []Word, assigns []Assign, ok bool) {
	positional := w.positional
	for n := 0; n < len(words); n++ {
		word := words[n]
		name, value, isAssign := strings.Cut(word.Text, "=")
		switch {
		case word.Text == "--":
			if n+1+positional > len(words) {
				return nil, nil, false
			}
			return words[n+1+positional:], assigns, true
		case len(word.Text) > 1 && word.Text[0] == '-' && word.Known:
			if slices.Contains(strings.Fields(w.not), word.Text) {
				return nil, nil, false
			}
			if slices.Contains(strings.Fields(w.valued), word.Text) {
				n++
			}
		case w.assignments && isAssign && isName(name):
			assigns = append(assigns, Assign{Name: name, Value: tail(word, len(name)+1, value), Span: word.Span, Export: true})
		case positional > 0:
			positional--
		default:
			return words[n:], assigns, true
		}
	}
	return nil, nil, false
}

// tail returns a word without its first n bytes of text.
func tail(w Word, n int, text string) Word {
	out := Word{Text: text, Known: w.Known, Span: w.Span}
	for i, p := range w.Parts {
		if len(p.Text) <= n {
			n -= len(p.Text)
			continue
		}
		p.Text = p.Text[n:]
		if p.Verbatim {
			p.Span.Start += n
			out.Span.Start = p.Span.Start
		}
		out.Parts = append([]source.Piece{p}, w.Parts[i+1:]...)
		break
	}
	return out
}

func isName(s string) bool {
	if s == "" || '0' <= s[0] && s[0] <= '9' {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// shells are the programs whose -c is followed by a script, and the dialect of it.
var shells = map[string]Dialect{"sh": Sh, "ash": Sh, "dash": Sh, "bash": Bash, "busybox": Sh}

// scriptArgument returns the index of the word of a command that is a script, -1 without one.
func scriptArgument(c *Command) (int, Dialect) {
	switch c.Name {
	case "eval":
		if len(c.Words) == 2 {
			return 1, Bash
		}
		return -1, None
	case "su", "runuser":
		for n := 1; n+1 < len(c.Words); n++ {
			if t := c.Words[n].Text; t == "-c" || t == "--command" || t == "-lc" {
				return n + 1, Sh
			}
		}
		return -1, None
	}
	dialect, ok := shells[c.Name]
	if !ok {
		return -1, None
	}
	for n := 1; n < len(c.Words); n++ {
		t := c.Words[n].Text
		switch {
		case c.Name == "busybox" && t == "sh":
		case t == "-o" || t == "+o" || t == "-O" || t == "--rcfile" || t == "--init-file":
			n++
		case len(t) > 1 && t[0] == '-' && t[1] != '-' && strings.Contains(t, "c"):
			for n++; n < len(c.Words); n++ { // options may stand between -c and the script
				if t := c.Words[n].Text; len(t) < 2 || t[0] != '-' && t[0] != '+' {
					return n, dialect
				} else if t == "-o" || t == "+o" {
					n++
				}
			}
			return -1, None
		case len(t) > 1 && (t[0] == '-' || t[0] == '+') && t[1] != '-' && strings.HasSuffix(t, "o"):
			n++ // -euo pipefail
		case strings.HasPrefix(t, "-") || strings.HasPrefix(t, "+"):
		default:
			return -1, None
		}
	}
	return -1, None
}

func wrapperName(c *Command) string {
	if c.Name == "eval" {
		return "eval"
	}
	return c.Name + " -c"
}

// DialectOf returns the dialect of the shell that a SHELL instruction names by its words; nil means the default, /bin/sh.
func DialectOf(words []string) Dialect {
	if len(words) == 0 {
		return Sh
	}
	for len(words) > 1 && (path.Base(words[0]) == "env" || path.Base(words[0]) == "busybox" || path.Base(words[0]) == "time") {
		words = words[1:]
		for len(words) > 1 && strings.HasPrefix(words[0], "-") {
			words = words[1:]
		}
	}
	name := strings.TrimSuffix(path.Base(strings.ReplaceAll(words[0], `\`, "/")), ".exe")
	if d, ok := shells[name]; ok {
		return d
	}
	return None
}

// Shebang returns the dialect that the first line of a script names; ok is false where it names no program at all.
func Shebang(text []byte) (d Dialect, ok bool) {
	rest, ok := strings.CutPrefix(firstLine(text), "#!")
	if !ok {
		return None, false
	}
	words := strings.Fields(rest)
	if len(words) == 0 {
		return None, false
	}
	return DialectOf(words), true
}

func firstLine(text []byte) string {
	line, _, _ := strings.Cut(string(text[:min(len(text), 256)]), "\n")
	return strings.TrimSuffix(line, "\r")
}

// FromExec returns the script that exec form words are: one command, and what a shell's -c holds.
func FromExec(words []Word) *Script {
	s := &Script{Dialect: Sh, Functions: map[string][]int{}}
	if len(words) == 0 {
		return s
	}
	r := &reader{script: s, vars: map[string]variable{}}
	c := &Command{Words: words, Span: words[0].Span.Join(words[len(words)-1].Span)}
	peel(c)
	r.add(c, context{statement: c.Span})
	r.nested(c, context{statement: c.Span})
	return s
}

// Chain returns the commands of the flat `&&` chain, at the top level of the script, that holds c: simple commands, with nothing but `&&` between
// them. It is nil where c is in none.
func (s *Script) Chain(c *Command) []*Command {
	if s.Tree == nil || c.Parent != nil {
		return nil
	}
	for _, stmt := range s.Tree.Stmts {
		if s.Base+int(stmt.Pos().Offset()) != c.Statement.Start {
			continue
		}
		if n := chainLength(stmt); n < 2 || stmt.Background || stmt.Negated || len(stmt.Redirs) > 0 {
			return nil
		}
		var out []*Command
		for _, other := range s.Commands {
			if other.Statement == c.Statement && other.Parent == nil {
				out = append(out, other)
			}
		}
		if slices.Contains(out, c) {
			return out
		}
	}
	return nil
}

// chainLength returns how many simple commands a statement chains with `&&`, -1 where it holds anything else.
func chainLength(stmt *syntax.Stmt) int {
	switch cmd := stmt.Cmd.(type) {
	case *syntax.CallExpr, *syntax.DeclClause:
		return 1
	case *syntax.BinaryCmd:
		x, y := chainLength(cmd.X), chainLength(cmd.Y)
		if cmd.Op != syntax.AndStmt || x < 0 || y < 0 {
			return -1
		}
		return x + y
	}
	return -1
}
