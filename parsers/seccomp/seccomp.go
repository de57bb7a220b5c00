// Package seccomp reads seccomp profiles, the JSON that container runtimes turn into a syscall filter, with the exact
// place of every name and value, and knows which syscalls, architectures, actions and operators exist.
//
// Two forms are read: linux.seccomp of the OCI runtime specification, and the superset of it that Docker, Podman, Buildah and
// CRI-O take (archMap, includes, excludes).
package seccomp

import "github.com/sandlint/sandlint/parsers/source"

// Profile is one profile as read. It is immutable after Parse.
type Profile struct {
	// Source is the file.
	Source *source.File
	// Dialect is the form, judged by the fields that occur.
	Dialect Dialect
	// Span is the profile's object; the whole value for a plain profile, that of linux.seccomp in a bundle.
	Span source.Span
	// DefaultAction is the default action; an empty Span when absent.
	DefaultAction String
	// DefaultErrnoRet is the errno of the default action; Known false when absent or not a number.
	DefaultErrnoRet Number
	// DefaultErrno is containers/common's symbolic errno.
	DefaultErrno String
	// Architectures are the SCMP_ARCH_… names, in order.
	Architectures []String
	// ArchMap is Docker's list of hosts and their sub-architectures.
	ArchMap []ArchMap
	// Flags are the SECCOMP_FILTER_FLAG_… names.
	Flags        []String
	ListenerPath String
	// Rules are the elements of syscalls, in order; a null element is left out.
	Rules []*Rule
	// Problems are defects of syntax and shape, in order of position. Kinds are the Kind… constants.
	Problems []source.Problem
}

// The kinds of problem that Parse reports.
const (
	// KindJSON is text that is not JSON for any consumer.
	KindJSON = "json"
	// KindShape is JSON that breaks the schema: a wrong type, a missing field, an empty list.
	KindShape = "shape"
)

// Dialect is the form of a profile.
type Dialect int

const (
	// OCI is linux.seccomp of the runtime specification, alone in a file.
	OCI Dialect = iota
	// Docker is the superset read by Docker: archMap, name, comment, includes, excludes.
	Docker
	// Containers is the superset read by containers/common (Podman, Buildah, CRI-O): Docker's, errno and defaultErrno.
	Containers
	// Bundle is a whole OCI config.json with linux.seccomp in it.
	Bundle
)

// String is a JSON string.
type String struct {
	Text string
	Span source.Span // quotes included
}

// Number is a JSON number.
type Number struct {
	Value uint64
	Known bool // it was present and a whole number that fits
	Span  source.Span
}

// ArchMap is one element of archMap.
type ArchMap struct {
	Architecture     String
	SubArchitectures []String
	Span             source.Span
}

// Rule is one element of syscalls.
type Rule struct {
	// Names are the syscalls, those of the old single name included.
	Names []String
	// NamesSpan is the names array with its brackets, or the value of name.
	NamesSpan source.Span
	// LegacyName says that the syscall is given by name instead of names.
	LegacyName bool
	Action     String
	ErrnoRet   Number
	Errno      String
	Args       []Arg
	Comment    String
	Includes   Filter
	Excludes   Filter
	// Span is the object, braces included.
	Span source.Span
}

// Arg is one argument condition.
type Arg struct {
	Index, Value, ValueTwo Number
	Op                     String
	Span                   source.Span
}

// Filter is Docker's includes or excludes.
type Filter struct {
	Caps, Arches []String
	MinKernel    String
	Span         source.Span // empty when absent
}
