package seccomp

import (
	"strconv"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// errno is an error number that a rule, or the profile for its default action, gives in one of the two ways.
type errno struct {
	field  string // "errnoRet", "errno", "defaultErrnoRet" or "defaultErrno"
	number uint64
	known  bool // the number is known; false for a word that is no errno
	span   source.Span
	action seccomp.String
	rule   *seccomp.Rule // nil for the default action
	// other says that the other field is there too.
	other bool
}

// errnos returns the error numbers that the readers of a profile look at: a word counts for containers/common alone, and there it wins.
func errnos(p *rules.Pass, profile *workspace.Profile) (all []errno) {
	loaders := profile.Loaders(p.Targets().Seccomp)
	add := func(rule *seccomp.Rule, action, word seccomp.String, number seccomp.Number, wordField, numberField string) {
		worded := word.Text != ""
		for _, l := range loaders {
			if number.Known && !(worded && l == decide.LoaderContainers) {
				all = append(all, errno{numberField, number.Value, true, number.Span, action, rule, worded})
				break
			}
		}
		if worded && reads(p, profile, decide.LoaderContainers) {
			n, err := strconv.ParseUint(word.Text, 10, 32)
			known := err == nil
			if !known {
				var short uint16
				short, known = seccomp.LookupErrno(word.Text)
				n = uint64(short)
			}
			all = append(all, errno{wordField, n, known, word.Span, action, rule, !number.Span.IsEmpty()})
		}
	}
	add(nil, profile.DefaultAction, profile.DefaultErrno, profile.DefaultErrnoRet, "defaultErrno", "defaultErrnoRet")
	for _, r := range profile.Rules {
		add(r, r.Action, r.Errno, r.ErrnoRet, "errno", "errnoRet")
	}
	return all
}

// affected says of which calls the errno is.
func (e *errno) affected() string {
	if e.rule == nil {
		return "a call that no rule decides about"
	}
	return "the call"
}

// changes declares that the errno's effect changes.
func (e *errno) changes() fixers.Changes {
	if e.rule == nil {
		return fixers.Changes{Decisions: true}
	}
	return fixers.Changes{Syscalls: texts(e.rule.Names)}
}

// remove returns the edits that take the field out.
func (e *errno) remove(profile *workspace.Profile) []fixers.Edit {
	return fixseccomp.RemoveField(profile.Profile, e.span)
}
