// Package fixes makes the fixes of rules about profiles.
package fixes

import (
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// Replace returns a fix that writes text over a span of a profile; none where the profile is not JSON, or gives a
// field twice, so no fix can be proved before that is mended.
func Replace(profile *workspace.Profile, title string, safety fixers.Safety, span source.Span, text string,
	changes fixers.Changes) []fixers.Fix {
	return Edited(profile, title, safety, fixseccomp.Replace(profile.Profile, span, text), changes)
}

// Edited is replace with edits; none where there are no edits.
func Edited(profile *workspace.Profile, title string, safety fixers.Safety, edits []fixers.Edit,
	changes fixers.Changes) []fixers.Fix {
	if len(edits) == 0 || !Editable(profile) {
		return nil
	}
	return []fixers.Fix{{Title: title, Safety: safety, Changes: changes, Edits: edits}}
}

func isJSON(p source.Problem) bool { return p.Kind == seccomp.KindJSON }

// DropRule returns the edits that delete a rule, by its index.
func DropRule(profile *workspace.Profile, i int) []fixers.Edit {
	if edits := fixseccomp.RemoveRules(profile.Profile, i); edits != nil {
		return edits
	}
	return fixseccomp.RemoveElement(profile.Profile, profile.Rules[i].Span) // beside a null
}

// Editable reports whether fixes of a profile can be proved: it is JSON, and gives no field twice.
func Editable(profile *workspace.Profile) bool {
	return len(profile.DuplicateFields) == 0 && !slices.ContainsFunc(profile.Problems, isJSON)
}
