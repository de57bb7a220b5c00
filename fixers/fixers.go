// Package fixers turns findings into changed files: edits, fixes and how they are combined, the proof that a fix does only
// what it says, unified diffs, and writing.
package fixers

import "github.com/sandlint/sandlint/parsers/source"

// Safety is the promise that a fix makes.
type Safety int

const (
	// Manual is advice, shown and never applied.
	Manual Safety = iota
	// Unsafe changes the meaning in the way that the title says.
	Unsafe
	// Safe leaves the meaning unchanged, or mends text that was broken and has one possible meaning.
	Safe
)

func (s Safety) String() string {
	switch s {
	case Safe:
		return "safe"
	case Unsafe:
		return "unsafe"
	}
	return "manual"
}

// Edit replaces the bytes of Span in a file by Text. An empty Span inserts.
type Edit struct {
	File *source.File
	Span source.Span
	Text string
}

// Fix is a set of edits that stand or fall together.
type Fix struct {
	// Title is what applying it does, as a verb phrase: "Rename to experimental-features".
	Title string
	// Safety is what it promises.
	Safety Safety
	// Edits are the changes. A manual fix has none.
	Edits []Edit
	// Changes declares what the fix may change in the meaning of the file; the proof refuses everything else.
	Changes Changes
}

// Changes is what a fix declares to change. The zero value declares that nothing changes.
type Changes struct {
	// Settings are the nix.conf settings whose effective value may change.
	Settings []string
	// Syscalls are the syscalls whose decision may change.
	Syscalls []string
	// Decisions says that a seccomp profile may decide otherwise about any call.
	Decisions bool
	// Order says that instructions of a Dockerfile are moved: the same instructions, in another order.
	Order bool
	// Instructions says that the text of the edited instructions of a Dockerfile changes; all others stay as they are.
	Instructions bool
	// Embedded says that the edits lie in text of another format that a Dockerfile holds, such as the seccomp profile in a label. The instruction changes, and what
	// the text means is compared as that format.
	Embedded bool
	// Repair says that the consumer refuses the file before the fix, so that there is no meaning to keep.
	Repair bool
}
