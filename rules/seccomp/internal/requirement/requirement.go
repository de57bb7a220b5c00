// Package requirement makes the edits after which a profile allows what programs need.
package requirement

import (
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/programs"
	"github.com/sandlint/sandlint/rules/seccomp/internal/reach"
)

// Requirement is what a fix wants the profile to do.
type Requirement fixseccomp.Requirement

// Wanted is a syscall to allow, and one in whose list it belongs; "" for none.
type Wanted = fixseccomp.Wanted

// Fix returns the unsafe fix that meets the requirement. What it changes besides, since runc answers ENOSYS to what
// lies above all names, it answers with ENOSYS too, as far as programs fall back from there, and declares the rest.
// There is none where that cannot be done in the layout of the file.
func (r Requirement) Fix(p *rules.Pass, profile *workspace.Profile) []fixers.Fix {
	if !p.WantsFixes() || !fixes.Editable(profile) || profile.SyscallsSpan.IsEmpty() {
		return nil
	}
	before := programs.Filters(p, profile)
	weights := programs.Burdens(p, profile, before)
	for range 3 {
		edits := fixseccomp.Requirement(r).Edits(profile.Profile)
		if edits == nil {
			return nil
		}
		fixed := WithEdits(profile, edits)
		if fixed == nil || !fixes.Editable(fixed) {
			return nil
		}
		after := programs.Filters(p, fixed)
		var more []string
		for _, b := range programs.Burdens(p, fixed, after) {
			i := slices.IndexFunc(weights,
				func(old programs.Burden) bool { return old.Name == b.Name && old.By == b.By })
			if i < 0 || weights[i].Severity < b.Severity {
				more = append(more, b.Name)
			}
		}
		if len(more) > 0 {
			if slices.ContainsFunc(more,
				func(name string) bool { return slices.Contains(r.ENOSYS, name) || reach.Named(profile, name) }) {
				return nil
			}
			r.ENOSYS = append(slices.Clip(r.ENOSYS), more...)
			continue
		}
		var allow, words []string
		for _, a := range r.Allow {
			if !slices.Contains(allow, a.Name) {
				allow, words = append(allow, a.Name), append(words, a.Name)
				if len(a.When) > 0 {
					words[len(words)-1] = "more calls of " + a.Name
				}
			}
		}
		title := "Answer " + phrase.Few(r.ENOSYS) + " with ENOSYS"
		switch {
		case len(allow) > 0 && len(r.ENOSYS) > 0:
			title = "Allow " + phrase.Few(words) + ", and answer " + phrase.Few(r.ENOSYS) + " with ENOSYS"
		case len(allow) > 0:
			title = "Allow " + phrase.Few(words)
		}
		changed := slices.Concat(allow, r.ENOSYS, fixseccomp.Moved(before, after))
		guarded := programs.GuardedTime64(fixed, after)
		for i, g := range programs.GuardedTime64(profile, before) {
			if i < len(guarded) {
				changed = append(changed, fixseccomp.Moved(g.Filters, guarded[i].Filters)...)
			}
		}
		return []fixers.Fix{
			{Title: title, Safety: fixers.Unsafe, Edits: edits, Changes: fixers.Changes{fixseccomp.Syscalls(changed)}},
		}
	}
	return nil
}

// WithEdits returns a profile as it is after edits, as fixseccomp.WithEdits does.
func WithEdits(profile *workspace.Profile, edits []fixers.Edit) *workspace.Profile {
	after := fixseccomp.WithEdits(profile.Profile, edits)
	if after == nil {
		return nil
	}
	return &workspace.Profile{
		Profile: after, Fragment: profile.Fragment, Instruction: profile.Instruction, Uses: profile.Uses,
	}
}

// Allowing is fixseccomp.Allowing.
func Allowing(profile *workspace.Profile, beside string) *seccomp.Rule {
	return fixseccomp.Allowing(profile.Profile, beside)
}
