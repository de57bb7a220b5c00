// Package labels is the engine of the rules about the keys and values of LABEL.
package labels

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

// Label is one label that a step sets.
type Label struct {
	Step *image.Step
	Pair dockerfile.Pair
	// Key and Value are what BuildKit makes of the words; Value counts only if it is Known.
	Key, Value string
	Known      bool
}

// Of returns the labels of a LABEL whose keys are known.
func Of(s *image.Step) []Label {
	var out []Label
	for _, pair := range s.Pairs {
		key, known := s.Expand(pair.Key.Text)
		if !known || s.Broken {
			continue
		}
		l := Label{Step: s, Pair: pair, Key: key}
		if pair.HasValue {
			l.Value, l.Known = s.Expand(pair.Value.Text)
		}
		out = append(out, l)
	}
	return out
}

// Listed are the options of a rule about the values of some labels.
type Listed struct {
	Labels []string `option:"labels" doc:"the keys of the labels that are checked"`
}

// Values makes the check of a rule about the values of the labels that its option lists: fault says what is wrong with
// a value, "" for nothing.
func Values(fault func(value string) string) rules.Adapter {
	return rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Dockerfile().Foreign() {
			return
		}
		checked := rules.OptionsOf[Listed](p).Labels
		if len(checked) == 0 {
			return
		}
		for _, l := range Of(s) {
			if !l.Known || !slices.Contains(checked, l.Key) {
				continue
			}
			if wrong := fault(l.Value); wrong != "" {
				at := l.Pair.Value.Span
				if at.IsEmpty() {
					at = l.Pair.Key.Span
				}
				p.Report(rules.Finding{
					File: s.Dockerfile().Source, Span: at, Message: fmt.Sprintf("label %q %s", l.Key, wrong),
				})
			}
		}
	}, "LABEL")
}
