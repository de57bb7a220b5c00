package seccomp

// Difference is what two profiles do differently, for the targets that they are for.
type Difference struct {
	// Whole are the changes that are not about single syscalls, in a fixed order of What.
	Whole []WholeChange
	// Borders are the architectures on which runc's border moved. What that does to syscalls is in Changes too.
	Borders []BorderChange
	// Changes are the syscalls about which the profiles decide differently, those that changed alike in one Change; sorted by effect (those that widen first) and name.
	// Calls about which no rule of either profile decides are not here when the default action changed.
	Changes []Change
}

// Empty reports whether the profiles do the same for every target.
func (d *Difference) Empty() bool { return len(d.Whole)+len(d.Borders)+len(d.Changes) == 0 }

// What says what part of a profile a WholeChange is about.
type What int

const (
	// WhatOff: one of the profiles is none for the loader, so that containers run without a filter. Nothing else is compared for such a target.
	WhatOff What = iota
	// WhatDefault: the default action.
	WhatDefault
	// WhatArchitectures: the ABIs that the filter is for; calls from others are killed. Single syscalls are compared on the ABIs that both filters are for.
	WhatArchitectures
	// WhatFlags: the flags of the filter.
	WhatFlags
	// WhatListener: listenerPath or listenerMetadata.
	WhatListener
	// WhatRefused: a loader or a runtime refuses one of the profiles, or both for other reasons. What the rules would do is compared all the same.
	WhatRefused
)

// String returns "the default action", "the flags" and so on.
func (w What) String() string {
	return [...]string{"the filter", "the default action", "the architectures", "the flags", "the listener", "whether it is accepted"}[w]
}

// Effect says which way a change goes. It is a set of bits.
type Effect int

const (
	// Widens: a call runs that did not.
	Widens Effect = 1 << iota
	// Narrows: a call does not run that did.
	Narrows
)

// String returns "widens", "narrows", "widens and narrows", or "changes" where what did not run fails in another way, or where nobody can tell.
func (e Effect) String() string {
	return [...]string{"changes", "widens", "narrows", "widens and narrows"}[e]
}

// WholeChange is a change to a profile that is not about single syscalls.
type WholeChange struct {
	What   What
	Effect Effect
	// For are the targets in words, after "for "; "" for all.
	For string
	// Before and After are what was there, in words; "none" for nothing.
	Before, After string
}

// BorderChange is a move of the number above which runc answers ENOSYS.
type BorderChange struct {
	ABI string
	// For are the targets in words; "" for all that have a border.
	For string
	// Before and After are the numbers; -1 where there is no border.
	Before, After int
	// BeforeName and AfterName are the syscalls with these numbers; "" where there is no border.
	BeforeName, AfterName string
}

// Cause is why a decision changed.
type Cause int

const (
	// CauseRules: other rules decide.
	CauseRules Cause = iota
	// CauseBorder: no rule about the syscall changed, but runc's border moved over its number.
	CauseBorder
)

// Change is a change of the decision about syscalls.
type Change struct {
	// Syscalls are the names, sorted.
	Syscalls []string
	// ABIs are those on which the decision changed, in libseccomp's order; nil where it is all that are compared and have the syscall.
	ABIs []string
	// For are the targets in words, after "for "; "" for all.
	For string
	// Targets are those for which the decision changed, one for each way of working. They are those of the first of Syscalls.
	Targets []Target
	// Before and After are the decisions in words: "ALLOW", or "ALLOW if arg0 < 40, else ERRNO EPERM".
	Before, After string
	Effect        Effect
	Cause         Cause
	// Example are registers of a call of the first of Syscalls about which the profiles decide differently, where HasExample.
	Example    [6]uint64
	HasExample bool
	// Unsure says that libseccomp's result cannot be told, on one side or on both: rules with different actions hold at once, or rules are of a shape that it is known
	// to miscompile, or the conditions are too many to be compared.
	Unsure bool
}

// Diff returns what two profiles do differently for the targets that old is for: its loaders, every host that one of the two is made for, every release of the runtimes and of
// libseccomp that makes a difference, and every set of capabilities and release of the kernel that a rule asks about. It is exact: what it does not name is decided alike.
func Diff(old, new *Profile, targets Targets) *Difference {
	return &Difference{}
}
