// Package dockerfile reads Dockerfiles into stages, instructions, flags, words and heredocs, each with
// its exact bytes in the file.
//
// BuildKit's own parser decides what a Dockerfile means; this package recovers what BuildKit's tree does not keep, the
// place of every word. It is tolerant: an instruction that BuildKit would refuse becomes a problem at its place, and
// the rest of the file is still read.
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
	// Comments are the comment lines outside heredocs, in order, from the '#' to the line's end; those between
	// the lines of one instruction are included, parser directives are not.
	Comments []source.Span
	// Instructions are all instructions, in order.
	Instructions []*Instruction
	// Stages are the build stages, in order, one for each FROM.
	Stages []*Stage
	// Problems are the defects that BuildKit would stop at, in order of position. Kinds are the Kind… constants.
	Problems []source.Problem

	lazy *lazy
}

// The kinds of problem that Parse reports.
const (
	// KindSyntax is text that BuildKit cannot parse: a heredoc without end, a missing argument, a file without
	// instructions.
	KindSyntax = "syntax"
	// KindUnknownInstruction is a keyword that is no Dockerfile instruction. Near is the nearest one.
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
	// Image is Base with build arguments expanded to their defaults; "" where one has none.
	Image string
	// Platform is the value of --platform with arguments expanded to their defaults, where known. The automatic
	// arguments stay as written: "$BUILDPLATFORM", "$TARGETPLATFORM". "" without the flag.
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
	// Span runs from the keyword to the last byte of the instruction, heredoc bodies and their
	// delimiters included, without the final line end.
	Span source.Span
	// Lines are the whole lines that it takes up, from the start of the first to the start of the line after it. A
	// Trigger has those of its outer instruction.
	Lines source.Span
	// Args runs from the first byte after the keyword and flags to the end of the logical line; heredoc bodies lie
	// after it.
	Args source.Span
	// Flags are the --name=value words, in order.
	Flags []Flag
	// Words are the arguments. In exec form they are the strings of the array; in shell form of RUN, CMD and ENTRYPOINT
	// they are none, since the shell splits that text; else they are split as BuildKit splits them. ONBUILD has none,
	// and HEALTHCHECK has its type, CMD or NONE; the rest is the Trigger's.
	Words []Word
	// Exec says that the arguments are a JSON array.
	Exec bool
	// Pairs are the keys and values of ENV, LABEL and ARG.
	Pairs []Pair
	// Heredocs are the here-documents, in order.
	Heredocs []Heredoc
	// Trigger is the instruction inside ONBUILD; for HEALTHCHECK the CMD after its flags. Else nil.
	Trigger *Instruction
	// Comments are the comment lines that stand directly above, without an empty line between.
	Comments []source.Span
	// Stage is the stage it belongs to; nil before the first FROM.
	Stage *Stage
	// Index is its place in File.Instructions. A Trigger has that of its outer instruction.
	Index int
	// Broken says that BuildKit refuses this instruction; its parts are what could be read.
	Broken bool

	file *File
}

// Word is a word of an instruction.
type Word struct {
	// Text is the word as written, without quotes removed or variables expanded, but with line continuations (and
	// comment lines among them) taken out. In exec form it is the decoded string.
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
	// Value is the value as written. For ARG without default its span is empty and HasValue false.
	Value    Word
	HasValue bool
	// Legacy says that the pair is written "ENV key value", so that the value is the rest of the line.
	Legacy bool
}

// Heredoc is one here-document of an instruction.
type Heredoc struct {
	// Name is the delimiter word without quotes.
	Name string
	// Expand says that the delimiter is not quoted, so that variables in the body are expanded.
	Expand bool
	// Chomp says that leading tabs are removed (<<-).
	Chomp bool
	// FD is the file descriptor before <<, 0 when absent.
	FD int
	// Operator is the <<NAME word, in the logical line.
	Operator source.Span
	// Body is the text between the lines, its final line end included.
	Body source.Span
	// End is the line with the delimiter, without its line end.
	End source.Span
}

// File returns the file that the instruction stands in.
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
