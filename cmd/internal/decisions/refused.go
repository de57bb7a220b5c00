package decisions

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
)

// Refused says who refuses a profile, so no container starts with it.
type Refused struct {
	// At is the part of the profile; empty for the whole.
	At source.Span
	// By are the targets in words.
	By string
	// Reason is one sentence.
	Reason string

	view   *view
	blocks []block
}

// Refusals returns who refuses the profile, in order of position.
func Refusals(p *seccomp.Profile, s Scope) []Refused { return newView(p, s, false).refusals() }

// accept takes the points out of the view that refuse the profile, and returns why they do.
func (v *view) accept() []Refused {
	refusals := v.refusals()
	v.points = slices.DeleteFunc(v.points, func(pt point) bool { return len(pt.filter.Refusals()) > 0 })
	return refusals
}

// refusals returns who refuses the profile, in order of position.
func (v *view) refusals() []Refused {
	type reason struct {
		at   source.Span
		text string
	}
	var order []reason
	by := map[reason][]point{}
	seen := map[*decide.Filter][]decide.Refusal{}
	for _, pt := range v.points {
		refusals, ok := seen[pt.filter]
		if !ok {
			refusals = pt.filter.Refusals()
			seen[pt.filter] = refusals
		}
		for _, r := range refusals {
			key := reason{r.At.Span, r.Reason}
			if by[key] == nil {
				order = append(order, key)
			}
			if n := len(by[key]); n == 0 || by[key][n-1].at != pt.at {
				by[key] = append(by[key], pt)
			}
		}
	}
	slices.SortStableFunc(order, func(a, b reason) int { return cmp.Compare(a.at.Start, b.at.Start) })
	var out []Refused
	for _, key := range order {
		var at [][dimensions]int
		for _, pt := range by[key] {
			at = append(at, pt.at)
		}
		var who []string
		all := blocks(at, 0)
		for _, b := range all {
			who = append(who, v.who(b))
		}
		out = append(out, Refused{key.at, strings.Join(who, "; "), key.text, v, all})
	}
	return out
}
