// Package dockerfile reads Dockerfiles into stages, instructions, flags, words and heredocs, each with
// its exact bytes in the file.
//
// BuildKit's tree keeps only line ranges, so this package has a reader of its own, which recovers the span of every
// word. It is tolerant: an instruction that BuildKit refuses becomes a problem at its position, and the rest of the
// file is still read. When the two readers disagree, BuildKit wins: a problem is reported only if BuildKit refuses the
// instruction too (see judge.go), and fixers/dockerfile proves fixes with BuildKit's parser alone. For instructions
// without any suspicion BuildKit is not asked, which saves most of the cost; the tests and fuzz targets compare the two
// readers on whole files, words and values included.
package dockerfile

import "github.com/sandlint/sandlint/parsers/source"

// File is a Dockerfile as read. It is immutable after Parse.
type File struct {
	// Source is the text.
	Source *source.File
	// Escape is the escape character in force, '\\' or '`'.
	Escape byte
	// Directives are the parser directives (syntax, escape, check) at the top, in order.
	Directives []Directive
	// Frontend is what the syntax directive asks for, nil without one.
	Frontend *Frontend
	// Comments are the comment lines outside heredocs, in order, from the '#' to the line's end; those between
	// the lines of one instruction are included, parser directives are not.
	Comments []source.Span
	// Instructions are all instructions, in order.
	Instructions []*Instruction
	// Stages are the build stages, in order, one for each FROM.
	Stages []*Stage
	// Problems are the errors that BuildKit would stop at, in order of position. Kinds are the Kind… constants. Where
	// the Frontend is foreign or newer, they need not be errors.
	Problems []source.Problem

	lazy *lazy
}

// The kinds of problem that Parse reports.
const (
	// KindSyntax is text that BuildKit cannot parse: a heredoc without end, a missing argument, a file without
	// instructions.
	KindSyntax = "syntax"
	// KindBeforeFrom is an instruction before the first FROM that is not ARG.
	KindBeforeFrom = "before-from"
	// KindTrigger is an ONBUILD of an instruction that cannot be a trigger: ONBUILD, FROM or MAINTAINER.
	KindTrigger = "trigger"
	// KindUnknownInstruction is a keyword that is not a Dockerfile instruction. Near is the nearest one.
	KindUnknownInstruction = "unknown-instruction"
	// KindUnknownFlag is a flag that the instruction does not have. Near is the nearest one.
	KindUnknownFlag = "unknown-flag"
)

// Directive is a parser directive, such as "# escape=`".
type Directive struct {
	Name  string // in lower case
	Value string
	Span  source.Span // the whole line, without its end
	At    source.Span // the value
}

// Stage is one build stage: a FROM and what follows it up to the next.
type Stage struct {
	// Index counts stages from 0.
	Index int
	// From is the FROM instruction.
	From *Instruction
	// Name is the stage's name in lower case, or "".
	Name string
	// NameWord is the name as written; empty span when there is none.
	NameWord Word
	// Base is the image or stage named by FROM, as written.
	Base Word
	// Image is Base with build arguments expanded to their defaults, or "" if one has no default.
	Image string
	// Platform is the value of --platform with arguments expanded to their defaults, where they are known. The
	// automatic arguments are always set in a build, so a default after ":-" does not count; they stay as in
	// "$BUILDPLATFORM", "$TARGETPLATFORM", "linux/$TARGETARCH". It is "" without the flag.
	Platform string
	// Parent is the stage that FROM names, or nil for an image.
	Parent *Stage
	// Instructions are those after FROM, in order.
	Instructions []*Instruction
}

// Instruction is one instruction with its words.
type Instruction struct {
	// Name is the keyword in upper case.
	Name string
	// Keyword is the keyword in the file.
	Keyword source.Span
	// Span runs from the keyword to the last byte of the instruction, including heredoc bodies and their delimiters,
	// without the final line end.
	Span source.Span
	// Lines are the lines of the instruction, from the start of the first to the start of the line after it. A Trigger
	// has those of its outer instruction.
	Lines source.Span
	// Args runs from the first byte after the keyword and flags to the end of the logical line; heredoc bodies lie
	// after it.
	Args source.Span
	// Flags are the --name=value words, in order.
	Flags []Flag
	// Words are the arguments. In exec form they are the strings of the array; the shell form of RUN, CMD and
	// ENTRYPOINT has none, since the shell splits that text; other arguments are split as BuildKit splits them. ONBUILD
	// has none, and HEALTHCHECK has its type, CMD or NONE; the rest belongs to the Trigger.
	Words []Word
	// Pairs are the keys and values of ENV, LABEL and ARG.
	Pairs []Pair
	// Heredocs are the here-documents, in order.
	Heredocs []Heredoc
	// Trigger is the instruction inside ONBUILD, or for HEALTHCHECK the CMD after its flags, otherwise nil.
	Trigger *Instruction
	// Comments are the comment lines directly above, without an empty line between.
	Comments []source.Span
	// Stage is the stage it belongs to; nil before the first FROM.
	Stage *Stage
	// Index is its index in File.Instructions. A Trigger has that of its outer instruction.
	Index int
	// Exec says that the arguments are a JSON array.
	Exec bool
	// Broken says that BuildKit refuses this instruction; its parts are what could be read.
	Broken bool

	file *File
}

// Word is a word of an instruction.
type Word struct {
	// Text is the word as written, with its quotes and variables, but without line continuations (and comment lines
	// among them). In exec form it is the decoded string.
	Text string
	// Span is the word in the file, quotes included.
	Span source.Span
}

// Flag is a --name or --name=value before the arguments.
type Flag struct {
	Name     string      // without dashes
	Value    Word        // as written; the zero Word when there is no '='
	Unquoted string      // the value with quotes and escapes removed, which is what BuildKit uses
	Span     source.Span // from the dashes to the end of the value
}

// Pair is one key of ENV or LABEL, or one ARG.
type Pair struct {
	Key Word
	// Value is the value as written. For an ARG without a default, its span is empty and HasValue is false.
	Value    Word
	HasValue bool
	// Legacy says that the pair is written "ENV key value", so the value is the rest of the line.
	Legacy bool
}

// Heredoc is one here-document of an instruction.
type Heredoc struct {
	// Name is the delimiter word without quotes.
	Name string
	// Expand says that the delimiter is not quoted, so variables in the body are expanded.
	Expand bool
	// Chomp says that leading tabs are removed (<<-).
	Chomp bool
	// FD is the file descriptor before <<, 0 when absent.
	FD int
	// Operator is the <<NAME word, in the logical line.
	Operator source.Span
	// Body is the text between the lines, including its final line end.
	Body source.Span
	// End is the line with the delimiter, without its line end.
	End source.Span
}

// File returns the file that contains the instruction.
func (i *Instruction) File() *File { return i.file }

// Flag returns the last flag with the given name, or nil.
func (i *Instruction) Flag(name string) *Flag {
	for n := len(i.Flags) - 1; n >= 0; n-- {
		if i.Flags[n].Name == name {
			return &i.Flags[n]
		}
	}
	return nil
}
