package rules

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/sandlint/sandlint/parsers/source"
)

// Set is the rules of a run, each with its severity.
type Set struct {
	rules []*Rule
	run   []configured
	proof []configured // those of run, and those about syntax, which a fix must not break even if they are not selected
	// unselected are those of proof that are not in run.
	unselected []configured
	help       map[*Rule]string
}

// configured is a rule as the user configured it.
type configured struct {
	*Rule
	severity Severity // Off where it is the rule's own
	options  any
}

// Active returns the rules of the set, sorted by id.
func (s *Set) Active() []Active {
	out := make([]Active, len(s.rules))
	for n, r := range s.rules {
		out[n] = Active{Rule: r, Effective: r.Severity, Help: s.help[r]}
		if severity := s.run[n].severity; severity != Off {
			out[n].Effective = severity
		}
	}
	return out
}

// UnknownRuleError reports a name in a selection that no rule, alias or pack has.
type UnknownRuleError struct {
	Name string
	Near string // the nearest name, or ""
}

func (e *UnknownRuleError) Error() string {
	if e.Near != "" {
		return fmt.Sprintf("there is no rule or pack %q; did you mean %q?", e.Name, e.Near)
	}
	return fmt.Sprintf("there is no rule or pack %q; \"sandlint rules\" lists them", e.Name)
}

// NewSet returns the rules of packs that sel selects. The error is an UnknownRuleError or an OptionError.
func NewSet(packs []Pack, sel Selection) (*Set, error) {
	all := All(packs)
	on := map[*Rule]bool{}
	for _, r := range all {
		on[r] = !r.Optional && r.Severity > Style
	}
	set := &Set{help: map[*Rule]string{}}
	severities, options := map[*Rule]Severity{}, map[*Rule]any{}
	for _, p := range packs {
		for _, r := range p.Rules {
			set.help[r] = p.PageAddress(r)
		}
	}
	for _, name := range sortedKeys(sel.Options) {
		r, _, err := Find(packs, name)
		if err != nil {
			return nil, err
		}
		if options[r], err = r.configured(sel.Options[name]); err != nil {
			return nil, err
		}
	}
	names := sortedKeys(sel.Severity)
	slices.SortStableFunc(names,
		func(a, b string) int { return breadth(all, b) - breadth(all, a) }) // the narrowest name wins
	for _, name := range names {
		matched, err := match(all, name)
		if err != nil {
			return nil, err
		}
		for _, r := range matched {
			on[r] = sel.Severity[name] != Off
			if on[r] {
				severities[r] = sel.Severity[name]
			}
		}
	}
	apply := func(names []string, value bool) error {
		for _, name := range names {
			matched, err := match(all, name)
			if err != nil {
				return err
			}
			for _, r := range matched {
				on[r] = value
			}
		}
		return nil
	}
	if len(sel.Only) > 0 {
		clear(on)
		if err := apply(sel.Only, true); err != nil {
			return nil, err
		}
	}
	if err := apply(sel.Select, true); err != nil {
		return nil, err
	}
	if err := apply(sel.Ignore, false); err != nil {
		return nil, err
	}
	for _, r := range all {
		c := configured{Rule: r, severity: severities[r], options: r.Options}
		if o, ok := options[r]; ok {
			c.options = o
		}
		if on[r] {
			set.rules = append(set.rules, r)
			set.run = append(set.run, c)
		}
		if on[r] || r.Syntax {
			set.proof = append(set.proof, c)
		}
		if r.Syntax && !on[r] {
			set.unselected = append(set.unselected, c)
		}
	}
	return set, nil
}

// Rules returns the rules of the set, sorted by id.
func (s *Set) Rules() []*Rule { return s.rules }

// All returns the rules of packs, sorted by id.
func All(packs []Pack) []*Rule {
	var all []*Rule
	for _, p := range packs {
		all = append(all, p.Rules...)
	}
	slices.SortFunc(all, func(a, b *Rule) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// Find returns the rule with an id or alias, and its pack. The error is an UnknownRuleError.
func Find(packs []Pack, name string) (*Rule, Pack, error) {
	for _, p := range packs {
		for _, r := range p.Rules {
			if r.named(name) {
				return r, p, nil
			}
		}
	}
	return nil, Pack{}, &UnknownRuleError{Name: name, Near: source.Nearest(name, names(All(packs), false))}
}

func (r *Rule) named(name string) bool {
	return r.ID == name || slices.ContainsFunc(r.Aliases, func(a string) bool { return strings.EqualFold(a, name) })
}

// match returns the rules that a name of a selection means.
func match(all []*Rule, name string) ([]*Rule, error) {
	var out []*Rule
	pack := strings.TrimSuffix(name, "/*")
	for _, r := range all {
		if name == "all" || r.named(name) || r.Pack() == pack {
			out = append(out, r)
		}
	}
	if out == nil {
		return nil, &UnknownRuleError{Name: name, Near: source.Nearest(name, names(all, true))}
	}
	return out, nil
}

// breadth returns how many rules a name of a selection means.
func breadth(all []*Rule, name string) int {
	matched, _ := match(all, name)
	return len(matched)
}

// names returns the ids and aliases of rules, and with packs set the names of their packs too.
func names(all []*Rule, packs bool) []string {
	var out []string
	for _, r := range all {
		out = append(append(out, r.ID), r.Aliases...)
		if packs && !slices.Contains(out, r.Pack()) {
			out = append(out, r.Pack())
		}
	}
	if packs {
		out = append(out, "all")
	}
	sort.Strings(out)
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
