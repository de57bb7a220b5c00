// Package report makes findings about profiles.
package report

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// Problems returns the problems of a kind.
func Problems(profile *workspace.Profile, kind string) (found []source.Problem) {
	for _, problem := range profile.Problems {
		if problem.Kind == kind {
			found = append(found, problem)
		}
	}
	return found
}

// WithEffect returns the message of a problem with its effect, unless the message says that itself.
func WithEffect(problem source.Problem, effect string) string {
	if strings.Contains(problem.Message, ", so ") || strings.Contains(problem.Message, ", which ") {
		return problem.Message
	}
	return problem.Message + effect
}

// RuleAt returns the rule that a span lies in, and its index; nil where there is none.
func RuleAt(profile *workspace.Profile, span source.Span) (*seccomp.Rule, int) {
	i := slices.IndexFunc(profile.Rules, func(r *seccomp.Rule) bool { return r.Span.Contains(span) })
	if i < 0 {
		return nil, -1
	}
	return profile.Rules[i], i
}

// At returns a finding at a span of a profile.
func At(profile *workspace.Profile, span source.Span, message string) rules.Finding {
	return rules.Finding{File: profile.Source, Span: span, Message: message}
}
