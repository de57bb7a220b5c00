package workspace

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// scope is a shell process of a RUN: the script's own one, one for a subshell, and one for each `sh -c` and substitution.
type scope struct {
	parent    *shell.Command // of those that a command starts
	subshell  bool
	statement source.Span // of a subshell of the script itself
}

// state is what a shell process has that changes what its commands do.
type state struct {
	dir    string   // the working directory, "" when not known
	pushed []string // by pushd
	moved  bool     // by cd
	// other says that the user is another one than the instruction's, by sudo or su; who, and with which home, is not known.
	other bool
	vars  map[string]variable
}

// variable is a variable of a shell that Nix or its installer reads.
type variable struct {
	value    shell.Assign
	set      bool // the script assigned it
	exported bool
	maybe    bool // it may have another value
	own      bool // it is set for one command alone
}

func (s *state) fork() *state {
	f := *s
	f.moved, f.pushed, f.vars = false, slices.Clip(s.pushed), maps.Clone(s.vars)
	return &f
}

func (s *state) set(a shell.Assign, export, maybe bool) {
	if !slices.Contains(nixEnv, a.Name) {
		return
	}
	if s.vars == nil {
		s.vars = map[string]variable{}
	}
	s.vars[a.Name] = variable{value: a, set: true, exported: export || s.vars[a.Name].exported, maybe: maybe || a.Append}
}

func (s *state) export(name string) {
	if !slices.Contains(nixEnv, name) {
		return
	}
	v := s.vars[name]
	v.exported = true
	if s.vars == nil {
		s.vars = map[string]variable{}
	}
	s.vars[name] = v
}

// newStates begins a script in a state.
func newStates(s *state) map[scope]*state { return map[scope]*state{{}: s} }

// state returns the state of the shell process that a command runs in. A process begins with what its parent has when its first command runs.
func (b *builder) state(c *shell.Command) *state {
	nested := c.Parent != nil && runsFor(c)
	if nested && c.Parent.Name == "eval" {
		return b.state(c.Parent)
	}
	key := scope{parent: c.Parent}
	if c.Parent == nil && c.Subshell {
		key = scope{subshell: true, statement: c.Statement}
	}
	if s := b.states[key]; s != nil {
		return s
	}
	outer := b.states[scope{}]
	if c.Parent != nil {
		outer = b.state(c.Parent)
	}
	s := outer.fork()
	if nested {
		for _, a := range c.Parent.Assigns {
			s.set(a, true, false)
		}
		s.other = s.other || slices.ContainsFunc(c.Wrappers, isOtherUser)
		if s.other && slices.ContainsFunc(c.Parent.Words, func(w shell.Word) bool {
			return w.Text == "-" || w.Text == "-l" || w.Text == "--login" || w.Text == "-lc"
		}) {
			s.dir = ""
		}
	}
	b.states[key] = s
	return s
}

// runsFor reports whether a command is part of a script that its parent is given, rather than of a substitution in it.
func runsFor(c *shell.Command) bool {
	n := len(c.Parent.Wrappers)
	return len(c.Wrappers) > n && (c.Wrappers[n] == c.Parent.Name || strings.HasPrefix(c.Wrappers[n], c.Parent.Name+" "))
}

// isScriptOption reports whether a wrapper is a shell that reads the command from its arguments.
func isScriptOption(wrapper string) bool {
	return strings.HasSuffix(wrapper, " -c") || wrapper == "eval"
}

// isOtherUser reports whether a wrapper runs a command as another user.
func isOtherUser(wrapper string) bool {
	switch wrapper {
	case "sudo", "doas", "su", "su -c", "runuser", "runuser -c", "gosu", "su-exec", "setuidgid", "s6-setuidgid", "chpst", "setpriv", "chroot":
		return true
	}
	return false
}

// changeDir follows cd, pushd and popd.
func (b *builder) changeDir(c *shell.Command) {
	s := b.state(c)
	old := s.dir
	switch n := len(c.Words); {
	case c.Name == "popd":
		s.dir = ""
		if last := len(s.pushed) - 1; n == 1 && last >= 0 && !c.Maybe {
			s.dir, s.pushed = s.pushed[last], s.pushed[:last]
		}
		return
	case n != 2 || !c.Words[1].Known || c.Words[1].Text == "-" || strings.HasPrefix(c.Words[1].Text, "+"):
		s.dir = ""
	case c.Subshell && s.moved && !path.IsAbs(c.Words[1].Text):
		s.dir = "" // which subshell of the statement it belongs to is not known
	default:
		s.dir = b.absIn(s, c.Words[1].Text)
	}
	s.moved = true
	if c.Maybe && s.dir != old {
		s.dir = ""
	}
	if c.Name == "pushd" {
		s.pushed = append(s.pushed, old)
	}
}

// absIn returns a path that a command of a shell names as an absolute path, "" where it is relative to a directory that is not known.
func (b *builder) absIn(s *state, p string) string {
	switch {
	case strings.HasPrefix(p, "/"):
		return path.Clean(p)
	case p == "~" || strings.HasPrefix(p, "~/"):
		if s.other {
			return ""
		}
		return path.Join(b.home(), p[1:])
	case strings.HasPrefix(p, "~"), s.dir == "":
		return ""
	}
	return path.Join(s.dir, p)
}

// wordPath returns the absolute path that a word of a command names, "" where it is not known.
func (b *builder) wordPath(c *shell.Command, w shell.Word) string {
	s := b.state(c)
	for _, home := range []string{"$HOME/", "${HOME}/"} {
		if rest, ok := strings.CutPrefix(w.Text, home); ok && !strings.ContainsAny(rest, "$`*?[") {
			if _, set := s.vars["HOME"]; s.other || set {
				return ""
			}
			return path.Join(b.home(), rest)
		}
	}
	if !w.Known {
		return ""
	}
	return b.absIn(s, w.Text)
}

// assigned returns what a command sees of a variable that its own script sets. The result's set is false where it sees nothing of it.
func (b *builder) assigned(c *shell.Command, name string) variable {
	for n := len(c.Assigns) - 1; n >= 0; n-- {
		if a := c.Assigns[n]; a.Name == name {
			return variable{value: a, set: true, maybe: a.Append, own: true}
		}
	}
	v := b.state(c).vars[name]
	v.set = v.set && (v.exported || b.lastEnv(name) != nil)
	return v
}

// shellVariables follows what a command does to the variables of its shell. It reports whether that is all that the command does.
func (b *builder) shellVariables(c *shell.Command) bool {
	switch {
	case len(c.Words) == 0:
		for _, a := range c.Assigns {
			b.state(c).set(a, a.Export, c.Maybe)
		}
		return true
	case c.Name == "export" || c.Name == "declare" || c.Name == "typeset" || c.Name == "readonly" || c.Name == "local":
		for _, a := range c.Assigns {
			b.state(c).set(a, a.Export || c.Name == "export", c.Maybe)
		}
		if c.Name == "export" || hasWord(c, "-x") {
			for _, w := range c.Words[1:] {
				b.state(c).export(w.Text)
			}
		}
		return true
	case c.Name == "unset":
		for _, w := range c.Words[1:] {
			b.state(c).set(shell.Assign{Name: w.Text, Value: shell.Word{Known: true, Span: w.Span}, Span: w.Span}, false, c.Maybe)
		}
		return true
	}
	return false
}

// echo says what the echo that a command of a script runs, or that writes into its pipe, does with backslashes.
func (b *builder) echo(s *shell.Script, c *shell.Command) shell.Echo {
	if c.PipedFrom != nil {
		c = c.PipedFrom
	}
	if n := len(c.Wrappers); n > 0 && c.Name == "echo" {
		switch last := c.Wrappers[n-1]; last {
		case "command", "builtin", "time":
		default:
			if !isScriptOption(last) {
				return shell.EchoKeeps // the program, not what a shell has built in
			}
		}
	}
	for p := c.Parent; p != nil; p = p.Parent {
		switch p.Name {
		case "bash", "ash", "busybox":
			return shell.EchoKeeps
		case "dash":
			return shell.EchoExpands
		case "sh":
			return b.imageEcho()
		case "su", "runuser":
			return shell.EchoUnknown // the shell of that user
		}
	}
	if s.Dialect == shell.Bash {
		return shell.EchoKeeps
	}
	if shellWords := texts(b.d.Shell(b.instruction)); len(shellWords) > 0 && strings.HasSuffix(shellWords[0], "dash") {
		return shell.EchoExpands
	}
	return b.imageEcho()
}

// imageEcho says what the echo of the image's /bin/sh does with backslashes.
func (b *builder) imageEcho() shell.Echo {
	if base := b.img.Root().Base; base != nil {
		switch base.Shell {
		case "bash", "ash":
			return shell.EchoKeeps
		case "dash":
			return shell.EchoExpands
		}
	}
	return shell.EchoUnknown
}
