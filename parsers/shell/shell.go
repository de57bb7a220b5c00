// Package shell reads shell text, the body of a RUN or a script file, into commands with their words, and tells how
// each command is reached.
//
// Offsets in what it returns are offsets of the file the text comes from: the caller passes a view of the same length
// as the original bytes, and where it begins. A NUL in the view stands for a byte that the shell never gets to see, so
// a reader of a host format that joins lines before the shell runs, as a Dockerfile does, may put NULs over its
// continuations and comments.
package shell

import (
	"mvdan.cc/sh/v3/syntax"

	"github.com/sandlint/sandlint/parsers/source"
)

// Dialect is the language that a shell text is written in.
type Dialect int

const (
	// None is a language that sandlint does not read, such as PowerShell or cmd.
	None Dialect = iota
	// Sh is the POSIX shell, whatever program stands behind /bin/sh.
	Sh
	// Bash is GNU bash.
	Bash
)

// Script is a shell text as read. It is immutable after Parse.
type Script struct {
	// Dialect is the language it was read as.
	Dialect Dialect
	// Tree is the syntax tree, nil when the text could not be parsed. Its offsets need Base added.
	Tree *syntax.File
	// Base is the file offset of the text's first byte.
	Base int
	// Commands are the simple commands in the order in which the text holds them; those of a nested `sh -c '…'` or of
	// a substitution follow the command that holds them.
	Commands []*Command
	// Functions maps the names of functions to their commands' indices in Commands.
	Functions map[string][]int
	// Problem is the syntax error, nil without one. Commands then holds those of the statements before it. Its Kind is
	// one of the Kind… constants.
	Problem *source.Problem

	chains [][]*Command
}

// Command is one simple command.
type Command struct {
	// Name is the program that runs, its directory removed, once the wrappers in front (env, sudo, exec, command, nice,
	// time …) are taken off; "" where it is not known (a variable) or there is only an assignment or a redirection.
	// [[ and (( are names too.
	Name string
	// Path is the program as written.
	Path string
	// Words are all words of the command from the program on, wrappers taken off: Words[0] is the program.
	Words []Word
	// Wrappers are the names of the wrappers taken off, outermost first: "sudo", "env", "sh -c".
	Wrappers []string
	// Assigns are variables set for this command alone, by a prefix or by env; for a command without program
	// they are set for the rest of the script.
	Assigns []Assign
	// Redirs are the redirections that apply to it, those of enclosing groups included (those last).
	Redirs []Redir
	// Span is the command in the file, wrappers and assignments included, redirections of enclosing groups not.
	Span source.Span
	// Statement is the whole statement it belongs to at the top level of the script.
	Statement source.Span
	// PipedFrom is the command whose output it reads; nil when it is not on the right of a pipe.
	PipedFrom *Command
	// PipesTo is the command that reads its output; nil when there is none.
	PipesTo *Command
	// Maybe says that it may be skipped: under if, case, a loop that may have no turn, or right of && or || when the
	// left side is a test. The plain chain `a && b` does not make b a maybe: where b does not run, the build stops.
	Maybe bool
	// Guard is the text of the condition that it stands under, "" without one.
	Guard string
	// Function is the name of the function whose body it is in, "" at the top level. A function's commands run where it
	// is called.
	Function string
	// Subshell says that it runs in a child shell, so that what it assigns is lost afterwards.
	Subshell bool
	// Background says that it was started with &.
	Background bool
	// Ignored says that its failure does not stop the script: `cmd || true`, `! cmd`, `if cmd`. In `cmd || exit 1` it
	// does.
	Ignored bool
	// Quoting is how the text around it is quoted when it comes out of a nested `sh -c '…'`; source.Plain outside.
	Quoting source.Quoting
	// Parent is the command in whose argument (`sh -c '…'`) or substitution it stands, or nil.
	Parent *Command

	dialect  Dialect
	external bool    // run by a wrapper or by its path, so that it is not the shell's builtin
	nests    bool    // its argument or input is a script, whose commands follow
	silent   bool    // it prints nothing on standard output
	level    int     // commands of one script or substitution have the same level
	chain    int     // its index in Script.chains, plus one
	out      *stream // where its standard output goes when it does not redirect it itself; nil for the script's own
	in       *input  // what its standard input is when it does not redirect it itself; nil for the script's own
	inner    *stream // the redirection of its own that the commands of its script write to, nil without
}

// Word is one word of a command.
type Word struct {
	// Text is the word after quote removal, with the value of known variables put in; for an unknown part it holds the
	// text as written.
	Text string
	// Known says that Text is what the program will see: no unknown variable, substitution or glob in it.
	Known bool
	// Span is the word in the file, quotes included.
	Span source.Span
	// Parts are the word's pieces, for use as a source.Fragment: quotes removed, each with its place.
	Parts []source.Piece
}

// Assign is a variable assignment.
type Assign struct {
	Name   string
	Value  Word
	Append bool // NAME+=VALUE
	Span   source.Span
	Export bool // set by export, so that children see it
}

// Redir is a redirection.
type Redir struct {
	// Op is the operator: "<", ">", ">>", ">|", "&>", "&>>", "<>", "<<", "<<-", "<<<", ">&", "<&".
	Op string
	// FD is the descriptor on its left, -1 when none is written; for {name}> it is 10, the first that a shell may
	// choose.
	FD int
	// Target is the word on its right; for a heredoc the delimiter.
	Target Word
	// Heredoc is the body of a here-document, nil for others. Expand tells whether its delimiter is unquoted.
	Heredoc []source.Piece
	Expand  bool
	Span    source.Span
	// Outer says that it stands on an enclosing group or compound command.
	Outer bool
}
