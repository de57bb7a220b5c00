package seccomp

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/literals"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var unknownField = &rules.Rule{
	ID:       "seccomp/unknown-field",
	Summary:  "a field has a name that no consumer reads, so it has no effect",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"OCI runtime specification v1.3.0, schema/config-linux.json",
		"moby/profiles, seccomp/seccomp.go, v0.2.4; containers/common, pkg/seccomp/types.go, v0.67.0",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		var broken map[*seccomp.Rule]bool
		if len(profile.UnknownFields) > 0 {
			broken = brokenRules(profile)
		}
		for _, field := range profile.UnknownFields {
			if isRemark(field.Name.Text) || field.Path == "" && strings.EqualFold(field.Name.Text, "name") {
				continue
			}
			finding := report.At(profile, field.Name.Span,
				fmt.Sprintf("field %q is not read by any consumer", field.Name.Text))
			rule := ruleAt(profile, field.Name.Span)
			near := field.Near
			if strings.HasSuffix(field.Path, ".includes") || strings.HasSuffix(field.Path, ".excludes") {
				finding.Message += ", so the rule does not depend on it"
				if near == "" {
					near = filterField(rule, field)
				}
			}
			if slices.Contains(supersetFields, near) && readers.Reads(p, profile, decide.LoaderOCI) {
				near = "" // it would be ignored there too
			}
			if near != "" && near != "comment" {
				finding.Message += fmt.Sprintf("; did you mean %q?", near)
				if isRead(profile, field, near) && !broken[rule] {
					finding.Fixes = fixes.Replace(profile, "Rename to "+near, fixers.Unsafe, field.Name.Span,
						phrase.Quote(near), append(renaming(near, rule), fixers.Reveals{}))
				}
			}
			p.Report(finding)
		}
	}),
}

// mostTried is the number of unknown fields up to which each new name is tried.
const mostTried = 16

// isRead reports whether the value of a field has the shape that it must have under another name, and has no unknown
// fields in it. That is known for profiles that are alone in their file and have few unknown fields.
func isRead(profile *workspace.Profile, field seccomp.Field, name string) bool {
	if len(profile.UnknownFields) > mostTried {
		return true
	}
	if profile.Dialect == seccomp.SPO {
		if field.Path == "" {
			return false // the field is no part of the profile before, so the two cannot be compared
		}
		if bytes.Count(profile.Source.Bytes, []byte("SeccompProfile")) > 1 {
			return true // each reading is one of all of them
		}
	}
	text := slices.Concat(profile.Source.Bytes[:field.Name.Span.Start], []byte(phrase.Quote(name)),
		profile.Source.Bytes[field.Name.Span.End:])
	renamed := seccomp.Parse(source.NewFile(profile.Source.Path, text))
	left := map[string]int{}
	for _, p := range profile.Problems {
		left[p.Message]++
	}
	for _, p := range renamed.Problems {
		if left[p.Message]--; left[p.Message] < 0 {
			return false
		}
	}
	return len(renamed.UnknownFields) < len(profile.UnknownFields)
}

// ruleAt returns the rule that a place is in, nil for none.
func ruleAt(profile *workspace.Profile, at source.Span) *seccomp.Rule {
	i, _ := slices.BinarySearchFunc(profile.Rules, at.Start,
		func(r *seccomp.Rule, at int) int { return cmp.Compare(r.Span.End, at) })
	if i < len(profile.Rules) && profile.Rules[i].Span.Contains(at) {
		return profile.Rules[i]
	}
	return nil
}

// brokenRules returns the rules that are wrong in another way too, so it is unknown about which syscalls they decide.
func brokenRules(profile *workspace.Profile) map[*seccomp.Rule]bool {
	broken := map[*seccomp.Rule]bool{}
	for _, problem := range profile.Problems {
		if rule := ruleAt(profile, problem.Span); rule != nil {
			broken[rule] = true
		}
	}
	return broken
}

// supersetFields are the fields that the OCI specification does not have.
var supersetFields = []string{
	"archMap", "architecture", "subArchitectures", "name", "includes", "excludes", "caps", "arches", "minKernel",
	"errno", "defaultErrno",
}

// isRemark reports whether a field that no consumer reads is meant for people, or for an editor.
func isRemark(name string) bool {
	lower := strings.ToLower(name)
	for _, prefix := range []string{"$", "_", "//", "#", "x-"} {
		if strings.HasPrefix(lower, prefix) {
			return true
		}
	}
	switch lower {
	case "author", "authors", "date", "description", "desc", "doc", "docs", "documentation", "explanation", "id",
		"info", "label", "license", "link", "links", "maintainer", "metadata",
		"note", "notes", "purpose", "rationale", "readme", "reason", "reasons", "reference", "references", "remark",
		"remarks", "revision", "see", "source", "sources", "summary",
		"tags", "title", "todo", "url", "version", "why":
		return true
	}
	return strings.Contains(lower, "comment")
}

// filterField returns the field of includes or excludes that a word stands for that is too long or too short to be
// near; "" where there is none or the object has it.
func filterField(rule *seccomp.Rule, field seccomp.Field) string {
	if rule == nil {
		return ""
	}
	scope := rule.Includes
	if strings.HasSuffix(field.Path, ".excludes") {
		scope = rule.Excludes
	}
	switch strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(field.Name.Text)) {
	case "capability", "capabilities":
		if len(scope.Caps) == 0 {
			return "caps"
		}
	case "architecture", "architectures", "archs":
		if len(scope.Arches) == 0 {
			return "arches"
		}
	case "kernel", "minimumkernel", "minkernelversion", "kernelversion":
		if scope.MinKernel.Span.IsEmpty() {
			return "minKernel"
		}
	}
	return ""
}

// renaming returns what changes when an unknown field becomes a known one.
func renaming(near string, rule *seccomp.Rule) fixers.Changes {
	if rule == nil || near == "names" || near == "name" || near == "action" {
		return fixers.Changes{fixseccomp.AnyDecision{}}
	}
	return fixers.Changes{fixseccomp.Syscalls(literals.Texts(rule.Names))}
}
