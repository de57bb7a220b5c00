// Package errnos lists the error numbers that a profile gives.
package errnos

import (
	"strconv"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/literals"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
)

// Errno is an error number that a rule, or the profile for its default action, gives in one of the two ways.
type Errno struct {
	Field  string // "errnoRet", "errno", "defaultErrnoRet" or "defaultErrno"
	Number uint64
	Known  bool // the number is known; false for a word that is not an errno
	Span   source.Span
	Action seccomp.String
	Rule   *seccomp.Rule // nil for the default action
	// other says that the other field is there too.
	Other bool
}

// All returns the error numbers that the readers of a profile look at: a word counts for containers/common alone, and
// there it wins.
func All(p *rules.Pass, profile *workspace.Profile) (all []Errno) {
	loaders := profile.Loaders(p.Targets().Seccomp)
	add := func(rule *seccomp.Rule, action, word seccomp.String, number seccomp.Number, wordField, numberField string) {
		worded := word.Text != ""
		for _, l := range loaders {
			if number.Known && !(worded && l == decide.LoaderContainers) {
				all = append(all, Errno{numberField, number.Value, true, number.Span, action, rule, worded})
				break
			}
		}
		if worded && readers.Reads(p, profile, decide.LoaderContainers) {
			n, err := strconv.ParseUint(word.Text, 10, 32)
			known := err == nil
			if !known {
				var short uint16
				short, known = seccomp.LookupErrno(word.Text)
				n = uint64(short)
			}
			all = append(all, Errno{wordField, n, known, word.Span, action, rule, !number.Span.IsEmpty()})
		}
	}
	add(nil, profile.DefaultAction, profile.DefaultErrno, profile.DefaultErrnoRet, "defaultErrno", "defaultErrnoRet")
	for _, r := range profile.Rules {
		add(r, r.Action, r.Errno, r.ErrnoRet, "errno", "errnoRet")
	}
	return all
}

// Affected returns which calls get the errno.
func (e *Errno) Affected() string {
	if e.Rule == nil {
		return "a call that no rule decides about"
	}
	return "the call"
}

// Changes declares that the errno's effect changes.
func (e *Errno) Changes() fixers.Changes {
	if e.Rule == nil {
		return fixers.Changes{fixseccomp.AnyDecision{}}
	}
	return fixers.Changes{fixseccomp.Syscalls(literals.Texts(e.Rule.Names))}
}

// Remove returns the edits that remove the field.
func (e *Errno) Remove(profile *workspace.Profile) []fixers.Edit {
	return fixseccomp.RemoveField(profile.Profile, e.Span)
}

// Max is the largest errno that libseccomp accepts.
const Max = 4094
