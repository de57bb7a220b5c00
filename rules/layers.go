package rules

import (
	"maps"
	"slices"

	"github.com/sandlint/sandlint/fixers"
)

// The values of Settings.Fix.
const (
	fixNone   = "none"
	fixSafe   = "safe"
	fixUnsafe = "unsafe"
)

// limitFixes applies Settings.Fix to the fixes of a finding.
func (f *Finding) limitFixes(level string) {
	if level == "" || len(f.Fixes) == 0 {
		return
	}
	if level == fixNone {
		f.Fixes = nil
		return
	}
	f.Fixes = slices.Clone(f.Fixes)
	if level == fixSafe {
		f.Fixes = slices.DeleteFunc(f.Fixes, func(fix fixers.Fix) bool { return fix.Safety == fixers.Unsafe })
		return
	}
	for n := range f.Fixes {
		f.Fixes[n].Asked = f.Fixes[n].Safety == fixers.Unsafe
	}
}

// Settings are what a configuration says about the rules with one name, or what holds for a rule in the end.
type Settings struct {
	// Name is an id, an alias, a pack, or "all".
	Name string
	// Enabled switches rules on or off; nil leaves them as they are.
	Enabled *bool
	// Severity is Off where it is not set. One that is set switches on a rule that is named by itself.
	Severity Severity
	// Fix says which fixes are offered and applied: "none", none; "safe", the safe ones alone; "unsafe", unsafe ones as
	// if they were safe. "" leaves that to the command.
	Fix string
	// Options are those of one rule, by name.
	Options map[string]any
	// From says what sets each part, for people, such as a file and a line: by "enabled", "severity", "fix", and the
	// names of options after "option ".
	From map[string]string
}

// apply applies what one part of a configuration says. Within it, the narrowest name wins: a rule over its pack, and
// that over all; of names that are as narrow, the later.
func (s *selecting) apply(layer []Settings) error {
	sorted := slices.Clone(layer)
	slices.SortStableFunc(sorted, func(a, b Settings) int { return breadth(s.all, b.Name) - breadth(s.all, a.Name) })
	for n := range sorted {
		if err := s.settings(&sorted[n]); err != nil {
			return err
		}
	}
	return nil
}

// settings applies the settings of the rules with one name.
func (s *selecting) settings(one *Settings) error {
	if one.Severity != Off {
		if err := s.rate(one.Name, one.Severity, one.From[partSeverity]); err != nil {
			return err
		}
	}
	if one.Enabled != nil && *one.Enabled {
		if err := s.turn(one.Name, true, one.From[partOn]); err != nil {
			return err
		}
	} else if one.Enabled != nil {
		if err := s.rate(one.Name, Off, one.From[partOn]); err != nil {
			return err
		}
	}
	matched, err := match(s.all, one.Name)
	if err != nil {
		return err
	}
	for _, r := range matched {
		if one.Fix != "" {
			s.fixes[r] = one.Fix
			s.say(r, partFix, one.From[partFix])
		}
	}
	for _, name := range sortedKeys(one.Options) {
		if err := s.option(one.Name, name, one.Options[name], one.From[partOption+name]); err != nil {
			return err
		}
	}
	return nil
}

// The parts of Settings.
const (
	partOn       = "enabled"
	partSeverity = "severity"
	partFix      = "fix"
	partOption   = "option "
)

// aspect is a part of what is said about a rule.
type aspect struct {
	rule *Rule
	part string
}

// say records what says something of a rule.
func (s *selecting) say(r *Rule, part, from string) { s.from[aspect{r, part}] = from }

// Explain says what holds for a rule of the packs that the set was made of, and why: each part is set. What is the
// rule's own has no entry in Settings.From.
func (s *Set) Explain(r *Rule) Settings {
	m := s.made
	on := slices.Contains(s.rules, r)
	out := Settings{
		Name: r.ID, Enabled: &on, Severity: r.Severity, Fix: m.fixes[r], Options: map[string]any{},
		From: map[string]string{},
	}
	if severity, ok := m.severities[r]; ok {
		out.Severity = severity
	}
	for _, o := range r.OptionList() {
		out.Options[o.Name] = o.Default
	}
	maps.Copy(out.Options, m.options[r])
	for a, from := range m.from {
		if a.rule == r {
			out.From[a.part] = from
		}
	}
	return out
}
