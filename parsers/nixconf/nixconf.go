// Package nixconf reads nix.conf text exactly as Nix does, and knows what it means: which settings exist in which release
// of which distribution of Nix, what values they take, and which value is in force after several sources were merged.
//
// The grammar is that of parseConfigFiles and Config::set in Nix's src/libutil/configuration.cc; where releases
// differ, a Version decides.
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
	// Problems are the lines that Nix refuses whatever the release, in order. Kinds are the Kind… constants.
	Problems []source.Problem
}

// The kinds of problem that Parse reports. All of them stop every Nix command.
const (
	// KindSyntax is a line that is no assignment for another reason than those below.
	KindSyntax = "syntax"
	// KindMissingEquals is a line `name value` whose first word is a known setting.
	KindMissingEquals = "missing-equals"
	// KindAssignmentSpacing is an equals sign without a blank on both sides: `name=value`.
	KindAssignmentSpacing = "assignment-spacing"
	// KindIncludeArity is an include line that has not exactly one path.
	KindIncludeArity = "include-arity"
)

// Line is one line of the text.
type Line struct {
	// Span is the line without its LF (a CR before it is part of it).
	Span source.Span
	// Comment runs from the first '#' to the end of the line; empty span when there is none.
	Comment source.Span
	// Words are the tokens before the comment.
	Words []Word
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
	// Equals is the place of the '='.
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
	// Optional says that the line is !include, so that a missing file is ignored.
	Optional bool
	// Before is the number of entries that stand above it.
	Before int
	Span   source.Span
	// File is what was found there, when a reader was given and could read it; else nil.
	File *File
}

// Distribution is one of the programs that read nix.conf.
type Distribution string

const (
	Nix         Distribution = "nix"
	Lix         Distribution = "lix"
	Determinate Distribution = "determinate"
)

// Kind is the type of a setting's values.
type Kind string

const (
	KindBool     Kind = "bool"
	KindInt      Kind = "int"
	KindString   Kind = "string"
	KindList     Kind = "list"
	KindSet      Kind = "set"
	KindMap      Kind = "map"
	KindPath     Kind = "path"
	KindEnum     Kind = "enum" // exactly one of Facts.Enum
	KindFeatures Kind = "features"
	KindJobs     Kind = "jobs" // an integer or "auto": max-jobs
	KindURL      Kind = "url"
	KindURLs     Kind = "urls"
	KindJSON     Kind = "json"
)
