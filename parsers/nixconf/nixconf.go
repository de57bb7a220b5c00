// Package nixconf reads nix.conf text exactly as Nix does, and knows which settings and experimental features exist in
// which release of which distribution of Nix, and what values they take. Package effective merges several texts,
// package reach knows which commands a setting reaches, and package hidden the characters that mislead a reader.
//
// The grammar is that of parseConfigFiles and Config::set in Nix's src/libutil/configuration.cc; where releases differ,
// a Version decides.
package nixconf

import "github.com/sandlint/sandlint/parsers/source"

// File is one nix.conf text as read: a file or a fragment of another file. It is immutable after Parse.
type File struct {
	// Fragment is the text. All spans below are spans of Fragment.Text; Fragment.Span turns them into the file's.
	Fragment *source.Fragment
	// Lines are all lines, blank ones and comments included.
	Lines []Line
	// Entries are the settings, in order.
	Entries []*Entry
	// Includes are the include lines, in order.
	Includes []Include
	// Problems are the lines that every release of Nix refuses, in order. Their kinds are the Kind… constants.
	Problems []source.Problem

	// unknown holds the indexes of the lines that are Unknown, and opaque the opaque parts of the text, both in order.
	unknown []int
	opaque  []source.Span
	// bounded says that Resolve read MaxIncludes files, and left further ones unread.
	bounded bool
}

// Bounded reports whether the file includes, directly or through others, more files than Resolve reads.
func (f *File) Bounded() bool { return f.bounded }

// The kinds of problem that Parse reports. With any of them every Nix command fails.
const (
	// KindSyntax is a line that is not an assignment for a reason other than those below.
	KindSyntax = "syntax"
	// KindMissingEquals is a line `name value` whose first word is a known setting.
	KindMissingEquals = "missing-equals"
	// KindAssignmentSpacing is an equals sign without a blank on both sides: `name=value`.
	KindAssignmentSpacing = "assignment-spacing"
	// KindIncludeArity is an include line without exactly one path.
	KindIncludeArity = "include-arity"
	// KindWrongOperator is a line that assigns with the operator of another language; File.Operation reads it.
	KindWrongOperator = "wrong-operator"
	// KindLineContinuation is a line that was meant to continue the value above it.
	KindLineContinuation = "line-continuation"
	// KindStrayShellText is a line that is left over from a shell script or from a merge.
	KindStrayShellText = "stray-shell-text"
	// KindGluedLines is a line in which a second assignment begins; GluedAt says where.
	KindGluedLines = "glued-lines"
	// KindForeignSyntax is a line of another format: INI, YAML, JSON.
	KindForeignSyntax = "foreign-syntax"
	// KindHiddenCharacters is a line that is right except for characters that are invisible or look like others; see
	// package hidden.
	KindHiddenCharacters = "hidden-characters"
)

// Line is one line of the text.
type Line struct {
	// Span is the line without its LF (a CR before it is part of it).
	Span source.Span
	// Comment runs from the first '#' to the end of the line; empty span when there is none.
	Comment source.Span
	// Words are the tokens before the comment.
	Words []Word
	// Unknown says that opaque text decides how Nix reads the line: it may set anything, or be empty. Such a line gives
	// no entry and no problem.
	Unknown bool
}

// Word is one token.
type Word struct {
	Text string
	Span source.Span
}

// Entry is one assignment.
type Entry struct {
	// Name is the setting's name as written, "extra-" included.
	Name Word
	// Equals is the '='.
	Equals source.Span
	// Value is the value as Nix sees it: the words joined by one blank.
	Value string
	// Words are the words of the value.
	Words []Word
	// ValueSpan runs from the first to the last word of the value; empty, after the '=', when there is none.
	ValueSpan source.Span
	// Span runs from the name to the end of the value.
	Span source.Span
	// Line is the index in File.Lines.
	Line int
}

// Include is an include or !include line with its one path.
type Include struct {
	// Path is the path as written.
	Path Word
	// Optional says that the line is !include, so Nix ignores a missing file.
	Optional bool
	// Before is the number of entries above it.
	Before int
	Span   source.Span
	// File is the included file, if a reader was given and could read it; else nil.
	File *File
	// State says what is known of the file.
	State IncludeState
	// Target is the path that the reader was asked for: Path, relative to the directory of the file that holds the
	// line. It is "" while State is NotRead.
	Target string
}

// IncludeState says what is known of the file that an include line names.
type IncludeState int

const (
	// NotRead means that nothing is known of the file: no reader was given, the path is not known, or the reader does
	// not know.
	NotRead IncludeState = iota
	// Read means that Include.File is the file.
	Read
	// Missing means that there is no such file. Nix refuses an include of it, and ignores an !include.
	Missing
	// Unreadable means that there is something that cannot be read, such as a directory. Nix silently ignores it.
	Unreadable
	// Cycle means that the file includes itself, directly or through others. Nix crashes without a message.
	Cycle
)

// Distribution is one of the programs that read nix.conf.
type Distribution string

const (
	// Nix is the original program.
	Nix Distribution = "nix"
	// Lix is the fork of Nix 2.18.
	Lix Distribution = "lix"
	// Determinate is Determinate Nix, whose releases have numbers of their own.
	Determinate Distribution = "determinate"
)

// Kind is the type of a setting's values.
type Kind string

// The kinds of values.
const (
	KindBool     Kind = "bool"     // true, yes or 1; false, no or 0
	KindInt      Kind = "int"      // an integer of Facts.Bits bits
	KindString   Kind = "string"   // any text
	KindList     Kind = "list"     // words in order
	KindSet      Kind = "set"      // words without order
	KindMap      Kind = "map"      // words of the form name=value
	KindPath     Kind = "path"     // one path
	KindEnum     Kind = "enum"     // exactly one of Facts.Enum
	KindFeatures Kind = "features" // names of experimental features
	KindJobs     Kind = "jobs"     // an integer or "auto": max-jobs
	KindURL      Kind = "url"      // one store URL
	KindURLs     Kind = "urls"     // store URLs
	KindJSON     Kind = "json"     // a JSON value
)
