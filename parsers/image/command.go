package image

import (
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/packages"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// This file lists the commands of a step in the order in which they run.
//
// The walker goes through the commands of a script as package shell lists them. Three kinds of command lead it
// elsewhere: the call of a function, whose body follows the call; a shell or a path that names a script of the build
// context, whose commands follow (runScript); and a shell that reads a here-document (stdinScript). What `sh -c` and
// `eval` run is not such a case: package shell lists it as commands with a Parent. Functions that nothing calls come
// last, marked Uncalled.
//
// On the way the walker keeps the state of each shell process (process.go): working directory, variables, user. A
// command holds the state just before it runs. States never change, so commands share them.
//
// Where a program or script cannot be followed, Command.Unread says why. Following is bounded by maxDepth and, for a
// whole image, by maxFollowed; recursion stops at the first repeated name.

// Command is one command that a step runs, or that the image runs by CMD, ENTRYPOINT and HEALTHCHECK.
type Command struct {
	// Command is what the text says: program, words, redirections, and how it is reached.
	*shell.Command
	// Step is what runs it.
	Step *Step
	// Script is the script that it is part of, and File the file that holds the script: the Dockerfile, or a file of
	// the build context.
	Script *shell.Script
	File   *source.File
	// Maybe says that it may not run: it, or one of Callers, stands under a condition, or nothing calls its function.
	Maybe bool
	// Uncalled says that it stands in a function that the script never calls under its own name.
	Uncalled bool
	// Calls says that it is the call of a function, whose commands follow.
	Calls bool
	// Unread says why it is not known what it runs.
	Unread Unread
	// Callers are the calls of functions and scripts that lead to it, outermost first.
	Callers []*Command
	// Runs is the script, of the build context or from standard input, that it runs and whose commands follow; nil
	// without one. RunsFile is the file that holds it.
	Runs     *shell.Script
	RunsFile *source.File

	process *process
	order   int // its place among the commands of the file

	use         *packages.Use // what Package returns, once packageRead
	packageRead bool
}

// Unread is why it is not known what a command runs.
type Unread uint8

const (
	// Read says that nothing is hidden. Programs of the system count as known.
	Read Unread = iota
	// UnreadProgram says that the program, or the script that it runs, is not known or not in the build context.
	UnreadProgram
	// UnreadPipe says that it is a shell that reads its commands from a pipe.
	UnreadPipe
	// UnreadDepth says that functions or scripts call each other too deeply or too often.
	UnreadDepth
)

const (
	// maxDepth bounds how deep scripts that run scripts, and functions that call functions, are followed.
	maxDepth = 8
	// maxFollowed bounds how many commands of functions and scripts are followed in one image, since each level can
	// multiply them.
	maxFollowed = 10_000
)

// Commands returns the commands of the step in the order in which they run. Those of a function follow each of its
// calls, those of a script the command that runs it, and those of functions that nothing calls come last. There are
// none for steps that run nothing, or with a shell that sandlint does not read; Script says which.
func (s *Step) Commands() []*Command {
	if s.Image != nil {
		s.Image.followCommands()
	}
	return s.commands
}

// Script returns the script of the step as written, nil for steps that run nothing.
func (s *Step) Script() *shell.Script { return s.file.Script(s.Instruction) }

// followCommands makes the commands of all steps at once, since they share one budget.
func (img *Image) followCommands() {
	if img.commands {
		return
	}
	img.commands = true
	w := walker{d: img.Dockerfile, budget: maxFollowed}
	for _, s := range img.Steps() {
		script := s.Script()
		if script == nil {
			continue
		}
		w.step = s
		s.file.Source.Spend(10)
		if w.processes == nil {
			w.processes = map[scope]*process{}
		}
		clear(w.processes)
		w.processes[scope{}] = &process{dir: s.Workdir().Text}
		w.script(script, s.file.Source)
		s.commands, w.out = w.out, nil
	}
}

// walker follows the commands of a step.
//
// Invariant: it walks in order of execution, and Command.process is the state of the shell process just before the
// command runs, so the command does not see a later `cd` or `export`.
type walker struct {
	d    *Dockerfile
	step *Step
	out  []*Command

	processes map[scope]*process // of the script that is walked
	callers   []*Command
	following []string // the names of the functions and scripts that are being followed
	budget    int      // how many commands may still be followed in functions and scripts
	maybe     bool
}

func (w *walker) script(s *shell.Script, f *source.File) {
	w.out = slices.Grow(w.out, len(s.Commands))
	first := len(w.out)
	for _, c := range s.Commands {
		if c.Function == "" {
			w.command(s, c, f)
		}
	}
	if len(s.Functions) == 0 {
		return
	}
	called := map[*shell.Command]bool{}
	for _, c := range w.out[first:] {
		called[c.Command] = true
	}
	for _, c := range s.Commands {
		if c.Function != "" && !called[c] {
			w.out = append(w.out, &Command{
				Command:  c,
				Step:     w.step,
				Script:   s,
				File:     f,
				Maybe:    true,
				Callers:  w.callers,
				Uncalled: true,
				process:  w.processes[scope{}].unknown(),
			})
		}
	}
}

// unknown returns a state of which only the user is known.
func (p *process) unknown() *process { return &process{other: p.other} }

func (w *walker) command(s *shell.Script, c *shell.Command, f *source.File) {
	cmd := &Command{
		Command: c,
		Step:    w.step,
		Script:  s,
		File:    f,
		Maybe:   w.maybe || c.Maybe,
		Callers: w.callers,
		process: w.process(c),
	}
	w.out = append(w.out, cmd)
	w.d.Source.Spend(20)
	if !c.Dialect().POSIX() { // whose folders, variables and scripts are not followed
		cmd.process = cmd.process.unknown()
		return
	}
	if body := s.Functions[c.Name]; c.Name != "" && len(body) > 0 && !slices.Contains(c.Wrappers, "command") {
		cmd.Calls = true
		w.follow(cmd, c.Name+"()", len(body), func() {
			for _, n := range body {
				w.command(s, s.Commands[n], f)
			}
		})
		return
	}
	if w.shellVariables(cmd) {
		return
	}
	switch c.Name {
	case "cd", "pushd", "popd":
		w.changeDir(cmd)
		return
	}
	w.runScript(cmd)
}

// follow calls do to walk the function or script that a command runs. Where that would exceed a bound or recurse, it
// marks the command as UnreadDepth instead.
func (w *walker) follow(c *Command, name string, commands int, do func()) {
	if w.budget -= commands; w.budget < 0 || len(w.following) >= maxDepth || slices.Contains(w.following, name) {
		c.Unread = UnreadDepth
		return
	}
	maybe, callers := w.maybe, w.callers
	w.maybe = c.Maybe
	w.callers = append(slices.Clip(callers), c)
	w.following = append(w.following, name)
	do()
	w.following = w.following[:len(w.following)-1]
	w.maybe, w.callers = maybe, callers
}

// systemDirs hold programs of the system, which are not scripts of the build context unless a COPY put one there.
var systemDirs = []string{
	"/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/nix/", "/root/.nix-profile/", "/opt/",
	"/usr/lib/", "/usr/libexec/", "/dev/", "/proc/",
}

// runScript follows a command that runs a script of the build context.
func (w *walker) runScript(c *Command) {
	word := c.Words[0]
	sourced := c.Name == "source" || c.Name == "."
	switch c.Name {
	case "sh", "bash", "dash", "ash", "zsh", "source", ".":
		argument, ok := scriptWord(c.Command)
		switch {
		case !ok && c.Name == "zsh":
			c.Unread = UnreadProgram
			return
		case !ok:
			return // package shell lists what -c runs as commands of its own
		case argument.Text == "":
			w.stdinScript(c)
			return
		}
		word = argument
	case "su", "runuser":
		if !c.HasWord("-c") && !c.HasWord("--command") && !c.HasWord("-lc") {
			w.stdinScript(c)
		}
		return
	default:
		if !word.Known && c.Name == "" {
			c.Unread = UnreadProgram
			return
		}
		if !strings.Contains(word.Text, "/") {
			return
		}
	}
	if sourced && (strings.HasPrefix(word.Text, "/etc/") || strings.Contains(word.Text, "/.") ||
		strings.HasPrefix(word.Text, "~/.")) {
		return // it sets variables such as PATH
	}
	full := c.PathOf(word)
	if environmentScript(full) || environmentScript(word.Text) {
		return
	}
	if full == "" {
		c.Unread = UnreadProgram
		return
	}
	if !c.Step.Deferred {
		if f := c.Step.FileAt(full); f != nil {
			if parsed := w.d.contextScript(f); parsed.Dialect.POSIX() {
				w.follow(c, full, len(parsed.Commands), func() { w.child(c, parsed, f, sourced) })
				return
			}
		}
	}
	if !slices.ContainsFunc(systemDirs, func(dir string) bool { return strings.HasPrefix(full, dir) }) {
		c.Unread = UnreadProgram
	}
}

// scriptWord returns the word of a shell's command line that names a script, and the zero Word where the shell reads
// its standard input. It is not ok where the script is the argument of -c.
func scriptWord(c *shell.Command) (script shell.Word, ok bool) {
	for n := 1; n < len(c.Words); n++ {
		w := c.Words[n]
		option := len(w.Text) > 1 && (w.Text[0] == '-' || w.Text[0] == '+')
		switch {
		case !option:
			return w, true
		case w.Text == "-s":
			return shell.Word{}, true
		case w.Text == "--":
		case w.Text[1] == '-':
			if w.Text == "--rcfile" || w.Text == "--init-file" {
				n++
			}
		case strings.Contains(w.Text, "c"):
			return shell.Word{}, false
		case strings.HasSuffix(w.Text, "o"):
			n++
		}
	}
	return shell.Word{}, true
}

// stdinScript follows a shell that reads its commands from standard input.
func (w *walker) stdinScript(c *Command) {
	for n := len(c.Redirs) - 1; n >= 0; n-- {
		r := c.Redirs[n]
		if r.FD > 0 || !strings.HasPrefix(r.Op, "<") {
			continue
		}
		if r.Heredoc == nil || len(r.Heredoc) > 1 || c.Name == "zsh" || c.Name == "su" || c.Name == "runuser" {
			c.Unread = UnreadProgram
			return
		}
		if len(r.Heredoc) == 0 {
			return
		}
		text := r.Heredoc[0]
		if !text.Verbatim {
			c.Unread = UnreadProgram
			return
		}
		dialect := shell.DialectOf([]string{c.Name})
		parsed := w.d.ScriptCache.Parse([]byte(text.Text), text.Span.Start, dialect, nil)
		w.follow(c, "<<", len(parsed.Commands), func() { w.child(c, parsed, c.File, false) })
		return
	}
	if c.PipedFrom != nil { // curl … | sh
		c.Unread = UnreadPipe
	}
}

// child walks a script that a command runs: in a new process or, when it is sourced, in that of the command.
func (w *walker) child(c *Command, script *shell.Script, f *source.File, sourced bool) {
	c.Runs, c.RunsFile = script, f
	processes, p := w.processes, c.process
	if !sourced {
		p = p.fork()
		p.other = p.other || slices.ContainsFunc(c.Wrappers, isOtherUser)
		for _, a := range c.Assigns {
			p = p.assign(a, true, false)
		}
	}
	w.processes = map[scope]*process{{}: p}
	w.script(script, f)
	if sourced {
		processes[w.key(c.Command)] = w.processes[scope{}]
	}
	w.processes = processes
}

// environmentScript reports whether a path names a script that only sets variables of a shell, such as the profile of
// the system, of a user or of Nix.
func environmentScript(name string) bool {
	switch path.Base(name) {
	case ".profile", ".bashrc", ".bash_profile", ".zshrc", "nix.sh", "nix-daemon.sh", "hm-session-vars.sh":
		return true
	}
	return strings.Contains(name, "/.nix-profile/") || strings.HasPrefix(name, "/etc/profile") ||
		strings.HasPrefix(name, "/etc/bash") || name == "/etc/os-release" || name == "/etc/environment"
}

// InDockerfile reports whether the command stands in the Dockerfile itself, not in a script of the build context.
func (c *Command) InDockerfile() bool { return c.File == c.Step.file.Source }

// Dir returns the working directory of the command, "" where it is not known.
func (c *Command) Dir() string { return c.process.dir }

// OtherUser reports whether the command runs as another user than its step, by sudo or su.
func (c *Command) OtherUser() bool {
	return c.process.other || slices.ContainsFunc(c.Wrappers, isOtherUser)
}

// HasWord reports whether a word of the command is the given one.
func (c *Command) HasWord(word string) bool {
	for n := range c.Words {
		if c.Words[n].Text == word {
			return true
		}
	}
	return false
}

// absolute returns a path that the command names as an absolute path, "" where it is relative to a folder that is not
// known.
func (c *Command) absolute(p string) string {
	switch {
	case strings.HasPrefix(p, "/"):
		return path.Clean(p)
	case p == "~" || strings.HasPrefix(p, "~/"):
		if c.process.other {
			return ""
		}
		return path.Join(c.Step.Home(), p[1:])
	case strings.HasPrefix(p, "~"):
		return ""
	}
	return absolute(c.process.dir, p)
}

// Absolute returns a path that the command is given as an absolute path in the image, "" where it is relative to a
// folder that is not known.
func (c *Command) Absolute(p string) string { return c.absolute(p) }

// PathOf returns the absolute path in the image that a word of the command names, "" where it is not known.
func (c *Command) PathOf(w shell.Word) string {
	for _, home := range []string{"$HOME/", "${HOME}/"} {
		if rest, ok := strings.CutPrefix(w.Text, home); ok && !strings.ContainsAny(rest, "$`*?[") {
			if _, set := c.process.vars.get("HOME"); c.process.other || set {
				return ""
			}
			return path.Join(c.Step.Home(), rest)
		}
	}
	if !w.Known {
		return ""
	}
	return c.absolute(w.Text)
}

// Assigned returns what the command sees of a variable that its own script sets. Set is false in the result where the
// script does not set it. It ignores the environment of the image, for which Step.Lookup is there.
func (c *Command) Assigned(name string) Variable {
	for n := len(c.Assigns) - 1; n >= 0; n-- {
		if a := c.Assigns[n]; a.Name == name {
			return Variable{Value: a, Set: true, Maybe: a.Append, Own: true}
		}
	}
	v, _ := c.process.vars.get(name)
	return v
}

// Writes returns what the command writes to which files, taking into account what the echo of its shell does with
// backslashes.
func (c *Command) Writes() []shell.Write { return c.Command.Writes(c.echo()) }

// echo returns what the echo that the command runs, or that writes into its pipe, does with backslashes.
func (c *Command) echo() shell.Echo {
	at := c.Command
	if at.PipedFrom != nil {
		at = at.PipedFrom
	}
	if n := len(at.Wrappers); n > 0 && at.Name == "echo" {
		switch last := at.Wrappers[n-1]; last {
		case "command", "builtin", "time":
		default:
			if !isScriptOption(last) {
				return shell.EchoKeeps // the program, not the builtin of a shell
			}
		}
	}
	for p := at.Parent; p != nil; p = p.Parent {
		switch p.Name {
		case "bash", "ash", "busybox":
			return shell.EchoKeeps
		case "dash":
			return shell.EchoExpands
		case "sh":
			return c.Step.echo()
		case "su", "runuser":
			return shell.EchoUnknown // the shell of that user
		}
	}
	if c.Script.Dialect == shell.Bash {
		return shell.EchoKeeps
	}
	if words := texts(c.Step.Shell()); len(words) > 0 && strings.HasSuffix(words[0], "dash") {
		return shell.EchoExpands
	}
	return c.Step.echo()
}

// echo returns what the echo of the image's /bin/sh does with backslashes.
func (s *Step) echo() shell.Echo {
	if base := s.Image.Root().Base; base != nil {
		switch base.Shell {
		case "bash", "ash":
			return shell.EchoKeeps
		case "dash":
			return shell.EchoExpands
		}
	}
	return shell.EchoUnknown
}
