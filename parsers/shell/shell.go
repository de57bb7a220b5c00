// Package shell reads shell text, the body of a RUN or a script file, into commands with their words, and records how
// each command is reached. Simple command lines of cmd and PowerShell are read, too; see Dialect.
//
// Offsets in the result are offsets of the file that the text comes from: the caller passes a view of the same length
// as the original bytes, and its offset. A NUL in the view stands for a byte that the shell never sees, so the reader
// of a host format that joins lines before the shell runs, as a Dockerfile does, can overwrite continuations and
// comments with NULs.
package shell

import "github.com/sandlint/sandlint/parsers/source"

// Dialect is the language that a shell text is written in.
type Dialect uint8

const (
	// None is a language that sandlint does not read, such as Python.
	None Dialect = iota
	// Sh is the POSIX shell, whatever program /bin/sh is.
	Sh
	// Bash is GNU bash.
	Bash
	// Cmd is the language of cmd.exe, the default shell of Windows, and PowerShell that of both its editions. Only
	// simple command lines of them are read: a script in them has no Problem, and often fewer Commands than it runs.
	Cmd
	PowerShell
)

// POSIX reports whether the language is that of a shell for which POSIX syntax means what POSIX says.
func (d Dialect) POSIX() bool { return d == Sh || d == Bash }

// Script is a shell text as read. It is immutable after Parse.
type Script struct {
	// Dialect is the language it was read as.
	Dialect Dialect
	// Base is the file offset of the text's first byte.
	Base int
	// Commands are the simple commands in the order of the text; those of a nested `sh -c '…'` or of a substitution
	// follow the command that contains them.
	Commands []*Command
	// Functions maps the names of functions to their commands' indices in Commands.
	Functions map[string][]int
	// Problem is the syntax error, or nil. If there is one, Commands are those of the statements before it. Its Kind is
	// one of the Kind… constants.
	Problem *source.Problem

	chains [][]*Command
}

// Command is one simple command.
type Command struct {
	// Name is the program that runs, without its directory and the wrappers before it (env, sudo, exec, command, nice,
	// time …). It is "" if it is not known (a variable) or the command is only an assignment or a redirection. [[ and
	// (( are names, too.
	Name string
	// Path is the program as written.
	Path string
	// Words are the program, which is Words[0], and its arguments, without wrappers.
	Words []Word
	// Wrappers are the names of the removed wrappers, outermost first: "sudo", "env", "sh -c".
	Wrappers []string
	// Assigns are variables set for this command alone, by a prefix or by env. A command without a program sets them
	// for the rest of the script.
	Assigns []Assign
	// Redirs are the redirections that apply to it, followed by those of enclosing groups.
	Redirs []Redir
	// Span is the command in the file, with wrappers and assignments but without redirections of enclosing groups.
	Span source.Span
	// Statement is the whole top-level statement of the script that it belongs to.
	Statement source.Span
	// PipedFrom is the command whose output it reads, nil unless it is on the right of a pipe.
	PipedFrom *Command
	// PipesTo is the command that reads its output, or nil.
	PipesTo *Command
	// Joined is the operator that joins it to what runs before it: "&&", "||", "|", ";" (which also stands for the end
	// of a line) or "&". It is "" for the first command of a script, of a substitution and of each part of a compound
	// command, and for the commands of a statement but its first, which the operators inside it join.
	Joined string
	// Guard is the text of the condition that it depends on, or "".
	Guard string
	// Function is the name of the function whose body contains it, "" at the top level. A function's commands run where
	// it is called.
	Function string
	// Maybe says that it may be skipped: under if, case, a loop that may not run, or right of && or || when the left
	// side is a test. In the plain chain `a && b`, b is not a maybe: if b does not run, the build stops.
	Maybe bool
	// Subshell says that it runs in a child shell, so its assignments are lost afterwards.
	Subshell bool
	// Background says that it was started with &.
	Background bool
	// Ignored says that its failure does not stop the script: `cmd || true`, `! cmd`, `if cmd`. In `cmd || exit 1` it
	// does.
	Ignored bool
	// Quoting is how the surrounding text is quoted when it comes from a nested `sh -c '…'`, source.Plain otherwise.
	Quoting source.Quoting
	// Parent is the command whose argument (`sh -c '…'`) or substitution contains it, or nil.
	Parent *Command

	dialect  Dialect
	external bool    // run by a wrapper or by its path, so it is not the shell's builtin
	nests    bool    // its argument or input is a script, whose commands follow
	silent   bool    // it prints nothing on standard output
	level    int     // commands of one script or substitution have the same level
	chain    int     // its index in Script.chains, plus one
	index    int     // its index in Script.Commands
	out      *stream // where its standard output goes unless it redirects it; nil for the script's own
	in       *input  // where its standard input comes from unless it redirects it; nil for the script's own
	inner    *stream // its own redirection that the commands of its script write to, or nil
}

// Dialect returns the language that the command is written in, which is not that of the script for the argument of
// another shell.
func (c *Command) Dialect() Dialect { return c.dialect }

// Word is one word of a command.
type Word struct {
	// Text is the word after quote removal, with known variables replaced by their values; an unknown part is as
	// written.
	Text string
	// Known says that Text is what the program will see: it has no unknown variable, substitution or glob.
	Known bool
	// Span is the word in the file, quotes included.
	Span source.Span
	// Parts are the word's pieces, for use in a source.Fragment: without quotes, each with its span.
	Parts []source.Piece
}

// Assign is a variable assignment.
type Assign struct {
	Name   string
	Value  Word
	Append bool // NAME+=VALUE
	Span   source.Span
	Export bool // exported, so child processes see it
}

// Redir is a redirection.
type Redir struct {
	// Op is the operator: "<", ">", ">>", ">|", "&>", "&>>", "<>", "<<", "<<-", "<<<", ">&", "<&".
	Op string
	// FD is the descriptor on its left, -1 when none is written. For {name}> it is 10, the first that a shell may
	// choose.
	FD int
	// Target is the word on its right; for a heredoc the delimiter.
	Target Word
	// Heredoc is the body of a here-document, nil for others. Expand says that its delimiter is not quoted.
	Heredoc []source.Piece
	Expand  bool
	Span    source.Span
	// Outer says that it belongs to an enclosing group or compound command.
	Outer bool
}
