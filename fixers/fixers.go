// Package fixers turns findings into changed files: it combines the edits of fixes, proves that a fix does only what it
// says, prints unified diffs, and writes files.
//
// It knows neither rules nor formats. Rules reach it through Checker, and what a fix may change is declared in values
// of Change, which the packages below this one define and check, one per format. No fix is applied without a proof.
package fixers

import (
	"strings"

	"github.com/sandlint/sandlint/parsers/source"
)

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
	// Asked says that an unsafe fix is applied as safe ones are, since the configuration asks for it.
	Asked bool
}

// Applies reports whether the fix is applied: unsafe says whether all unsafe fixes are.
func (f *Fix) Applies(unsafe bool) bool {
	return f.Safety == Safe || f.Safety == Unsafe && (unsafe || f.Asked)
}

// Change is one thing that a fix declares to change in what a file means. Each format has its own, in the package below
// this one that compares two versions of such a file: which settings, syscalls, words, flags or variables may differ.
// The proof refuses whatever is not declared.
type Change interface {
	// Allows says what may change, for people: "the value of the settings cores and max-jobs".
	Allows() string
}

// Changes is what a fix declares to change. The empty list declares that nothing changes.
type Changes []Change

// When returns the changes with another one, where a condition holds.
func (c Changes) When(condition bool, more Change) Changes {
	if !condition {
		return c
	}
	return append(c[:len(c):len(c)], more)
}

// Repair declares that the consumer refuses the file before the fix, so there is no meaning to keep.
type Repair struct{}

// Allows implements Change.
func (Repair) Allows() string { return "what the consumer refused before" }

// Reveals declares that the fix mends a name or a text that did nothing before, so other rules may now report what it
// does: all of them where the fix is unsafe, and as a note alone where it is safe; see the proof.
type Reveals struct{}

// Allows implements Change.
func (Reveals) Allows() string { return "findings about what a name does that did nothing before" }

// Embedded declares that the edits lie in text of another format inside the file, such as the nix.conf text that a
// Dockerfile writes, or the seccomp profile in a label. What the text means is compared as that format; around it
// nothing changes.
type Embedded struct{}

// Allows implements Change.
func (Embedded) Allows() string { return "text of another format inside the file" }

// Declared returns the changes of type T that fixes declare, in order.
func Declared[T Change](fixes ...Fix) []T {
	var out []T
	for n := range fixes {
		for _, c := range fixes[n].Changes {
			if t, ok := c.(T); ok {
				out = append(out, t)
			}
		}
	}
	return out
}

// Declares reports whether a fix declares a change of type T.
func Declares[T Change](fix Fix) bool {
	for _, c := range fix.Changes {
		if _, ok := c.(T); ok {
			return true
		}
	}
	return false
}

// Enumerate returns words as a phrase: "a", "a and b", "a, b and c".
func Enumerate(words []string) string {
	switch n := len(words); n {
	case 0:
		return "nothing"
	case 1:
		return words[0]
	default:
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
}
