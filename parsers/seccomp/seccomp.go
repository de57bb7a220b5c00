// Package seccomp reads seccomp profiles, the JSON that container runtimes turn into a syscall filter, with the exact
// place of every name and value, and knows which syscalls, architectures, actions and operators exist.
//
// Three forms are read: linux.seccomp of the OCI runtime specification, the superset of it that Docker, Podman,
// Buildah and CRI-O take (archMap, includes, excludes), and the SeccompProfile resource of the
// security-profiles-operator, in YAML or JSON.
package seccomp

import "github.com/sandlint/sandlint/parsers/source"

// Profile is one profile as read. It is immutable after Parse.
type Profile struct {
	// Source is the file.
	Source *source.File
	// Dialect is the form, judged by the fields that occur.
	Dialect Dialect
	// Engine is the program whose own default profile this is: "docker", "podman" or "containerd". It is "" for the
	// profile of a file. See package builtin.
	Engine string
	// Span is the profile's object; the whole value for a plain profile, that of linux.seccomp in a bundle, that of
	// spec in a SeccompProfile. Where a YAML alias stands for a part of it, the places inside that part are those of
	// the anchor.
	Span source.Span
	// NoNewPrivileges is process.noNewPrivileges of a Bundle; false where that does not give it, as for its readers.
	NoNewPrivileges bool
	// User is process.user of a Bundle, that of root where process does not say; nil where the file gives no process.
	User *User
	// Name and Namespace are those in the metadata of a SeccompProfile. The operator writes it to
	// operator/<namespace>/<name>.json, version v1 without the namespace, below the folder that the kubelet looks in.
	Name, Namespace String
	// BaseProfileName names the profile that the operator adds to a SeccompProfile: another resource, or with
	// "oci://" an artifact of a registry. What that profile allows is not known here.
	BaseProfileName String
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
	// ArchMapSpan is the archMap array with its brackets; empty when absent.
	ArchMapSpan source.Span
	// Flags are the SECCOMP_FILTER_FLAG_… names.
	Flags []String
	// FlagsGiven says that there is a list of flags, if only an empty one. Without one runc and crun set flags of
	// their own.
	FlagsGiven       bool
	ListenerPath     String
	ListenerMetadata String
	// Rules are the elements of syscalls, in order; a null element is left out.
	Rules []*Rule
	// SyscallsSpan is the syscalls array with its brackets; empty when absent.
	SyscallsSpan source.Span
	// Problems are defects of syntax and shape, in order of position. Kinds are the Kind… constants.
	Problems []source.Problem
	// UnknownFields are the members that no consumer reads, in order of position. They are legal, and silently
	// ignored.
	//
	// In a SeccompProfile a field that differs in the case of letters is one of them, with the known field in Near:
	// the API server compares names literally. The schema of a CRD is structural, so the server prunes what it does
	// not declare; kubectl since 1.27 asks it to refuse the resource instead (--validate=strict), and a server-side
	// apply is always refused.
	UnknownFields []Field
	// MiscasedFields are the members whose name differs from a known one in the case of letters only. The consumers
	// written in Go (Docker, Podman, containerd, runc) read them, and so does Parse; crun does not. A SeccompProfile
	// has none.
	MiscasedFields []Field
	// DuplicateFields are the members that repeat a known field of the same object. Docker, Podman, containerd and
	// runc take the last one, as Parse does; crun takes the first. A comment, which no consumer reads, is not one.
	// YAML forbids them, and the clients of the API server that take them nevertheless take the last one.
	DuplicateFields []Field
	// Surplus is text that JSON does not have but that Parse reads over: the byte order mark, comments and trailing
	// commas, in order of position. Without it the text is the same JSON.
	Surplus []source.Span

	named map[string]*Named // nil for a profile that Parse has not made
}

// Field is a member of an object that its readers do not agree on.
type Field struct {
	// Name is the key as written.
	Name String
	// Near is the known field that was most likely meant: in another case for a miscased one; "" when none is near,
	// and for an unknown one when the object has that field too.
	Near string
	// Value is the place of the member's value.
	Value source.Span
	// Earlier is the key of the first occurrence, and EarlierValue its value, for a duplicate.
	Earlier, EarlierValue source.Span
	// Path leads to the object: "" for the profile itself, "syscalls[3].args[0]".
	Path string
}

// The kinds of problem that Parse reports.
const (
	// KindJSON is text that is not JSON for any consumer, or not YAML where that is what they read.
	KindJSON = "json"
	// KindShape is JSON that breaks the schema in another way than those below: a wrong type, a missing field.
	KindShape = "shape"
	// KindNullRule is a null in place of a rule.
	KindNullRule = "null-rule"
	// KindEmptyNames is a rule with an empty list of names.
	KindEmptyNames = "empty-names"
	// KindEmptyName is an empty string, or null, which programs written in Go read as one, among the names of a rule.
	KindEmptyName = "empty-name"
	// KindOperator is an argument condition without an operator, or with one that is not a string.
	KindOperator = "operator"
	// KindArgument is an index, value or valueTwo of a condition that is not an unsigned integer, or an index above 5.
	KindArgument = "argument"
	// KindNoArgument is a condition without index or value, which runtimes read as 0.
	KindNoArgument = "no-argument"
	// KindSuperset is KindShape in a field that Docker and containers/common alone read: archMap, name, comment,
	// includes, excludes.
	KindSuperset = "superset-shape"
	// KindMinKernel is KindShape in minKernel, which Docker alone reads.
	KindMinKernel = "min-kernel-shape"
	// KindErrnoText is KindShape in errno or defaultErrno, which containers/common alone reads.
	KindErrnoText = "errno-shape"
	// KindManyArguments is a rule with more than six conditions.
	KindManyArguments = "many-arguments"
	// KindNoDefault is a profile without a default action, which some consumers refuse and others treat as no profile.
	KindNoDefault = "no-default-action"
	// KindNoProfile is null or an array in place of a profile, which some consumers treat as no profile and
	// others refuse.
	KindNoProfile = "no-profile"
)

// User is the user and the group of a container's process.
type User struct{ UID, GID uint32 }

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
	// SPO is the SeccompProfile resource of the security-profiles-operator. The operator writes its spec, as far as
	// the CRD declares it, to a file of OCI's form on the node, and the runtime of the node reads that.
	SPO
)

// String is a JSON string, or a YAML scalar.
type String struct {
	Text string
	Span source.Span // quotes included, where it has any
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
	// Name is the old single name, also where names is there too.
	Name     String
	Action   String
	ErrnoRet Number
	Errno    String
	Args     []Arg
	// ArgsSpan is the args array with its brackets; empty when absent.
	ArgsSpan source.Span
	Comment  String
	Includes Scope
	Excludes Scope
	// Span is the object, braces included.
	Span source.Span
}

// Arg is one argument condition.
type Arg struct {
	Index, Value, ValueTwo Number
	Op                     String
	Span                   source.Span
}

// Scope is Docker's includes or excludes.
type Scope struct {
	Caps, Arches []String
	MinKernel    String
	Span         source.Span // empty when absent
}
