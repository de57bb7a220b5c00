package rules

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// Set is the rules of a run, each with its severity.
type Set struct {
	all   []*Rule // of the packs, whether they are selected or not
	rules []*Rule
	run   []configured
	alone []configured // those of run that ask no other program
	proof []configured // those of run, and those about syntax, which a fix must not break even if they are not selected
	// internal are those of proof that ask no other program.
	internal []configured
	// unselected are those of proof that are not in run.
	unselected []configured
	// experimental are those that are off by default, and that a check directive in a file can switch on there.
	experimental []configured
	packs        map[*Rule]Pack
	whole        Policy // of the set for all files
	made         *selecting

	ids  sync.Once
	idOf map[string]*Rule // see byID
}

// configured is a rule as the user configured it.
type configured struct {
	*Rule
	severity   Severity // Off where it is the rule's own
	codes      codes
	fix        string // see Settings
	options    any
	unselected bool // it only counts in proofs
}

// rate sets the severity of a finding and what its fixes may do, and reports whether the finding is on.
func (c *configured) rate(f *Finding) bool {
	switch code := c.codes.forFinding(f); {
	case code == Off:
		return false
	case code != asRule:
		f.Severity = code
	case c.severity != Off:
		f.Severity = c.severity
	default:
		f.Severity = f.natural
	}
	f.limitFixes(c.fix)
	return true
}

// Active returns the rules of the set, sorted by id.
func (s *Set) Active() []Active {
	out := make([]Active, len(s.rules))
	for n := range s.rules {
		out[n] = s.active(&s.run[n])
	}
	return out
}

func (s *Set) active(c *configured) Active {
	out := Active{Rule: c.Rule, Effective: c.Rule.Severity, Pack: s.packs[c.Rule]}
	out.Help = out.Pack.PageAddress(c.Rule)
	if c.severity != Off {
		out.Effective = c.severity
	}
	return out
}

// with returns a list with those rules added that a document switches on for itself.
func (s *Set) with(list []configured, doc *workspace.Document) []configured {
	if len(s.experimental) == 0 {
		return list
	}
	checks := checksOf(doc)
	for _, c := range s.experimental {
		if checks.ExperimentalAll || slices.ContainsFunc(checks.Experimental, c.named) {
			list = append(slices.Clip(list), c)
		}
	}
	return list
}

// UnknownRuleError reports a name in a selection that no rule, alias or pack has.
type UnknownRuleError struct {
	Name string
	Near string // the nearest name, or ""
}

func (e *UnknownRuleError) Error() string {
	code := strings.ToUpper(e.Name)
	switch {
	case KnownElsewhere(e.Name) && isCode(e.Name, "SC"):
		return fmt.Sprintf("sandlint has no rule %q; it is a check of ShellCheck", code)
	case KnownElsewhere(e.Name):
		return fmt.Sprintf("sandlint has no rule for %q", e.Name)
	case isCode(e.Name, "DL"), isCode(e.Name, "SC"):
		return fmt.Sprintf("there is no rule %q in sandlint or hadolint 2.15", code)
	}
	if e.Near != "" {
		return fmt.Sprintf("there is no rule or pack %q; did you mean %q?", e.Name, e.Near)
	}
	return fmt.Sprintf("there is no rule or pack %q; \"sandlint rules\" lists them", e.Name)
}

// NewSet returns the rules of packs that sel selects. The error is an UnknownRuleError or an OptionError.
func NewSet(packs []Pack, sel Selection) (*Set, error) {
	s := &selecting{
		packs: packs, all: All(packs), on: map[*Rule]bool{}, refused: map[*Rule]bool{},
		severities: map[*Rule]Severity{}, options: map[*Rule]map[string]any{}, codes: map[*Rule]codes{},
		fixes: map[*Rule]string{}, from: map[aspect]string{},
	}
	s.begin(sel.Preset, sel.PresetFrom)
	for _, l := range sel.Layers {
		if err := s.apply(l); err != nil {
			return nil, err
		}
	}
	for _, name := range sortedKeys(sel.Options) {
		for _, option := range sortedKeys(sel.Options[name]) {
			if err := s.option(name, option, sel.Options[name][option], ""); err != nil {
				return nil, err
			}
		}
	}
	severities := sortedKeys(sel.Severity)
	slices.SortStableFunc(severities, func(a, b string) int { return breadth(s.all, b) - breadth(s.all, a) })
	for _, name := range severities {
		if err := s.rate(name, sel.Severity[name], ""); err != nil {
			return nil, err
		}
	}
	if err := s.only(sel.Only); err != nil {
		return nil, err
	}
	for _, name := range sel.Select {
		if err := s.turn(name, true, "--select"); err != nil {
			return nil, err
		}
	}
	for _, name := range sel.Ignore {
		if err := s.turn(name, false, "--ignore"); err != nil {
			return nil, err
		}
	}
	return s.set(len(sel.Only) == 0)
}

// selecting is a set while a selection is applied to it, part by part.
type selecting struct {
	packs      []Pack
	all        []*Rule
	on         map[*Rule]bool
	refused    map[*Rule]bool // those that the user switched off
	severities map[*Rule]Severity
	options    map[*Rule]map[string]any
	codes      map[*Rule]codes
	fixes      map[*Rule]string
	from       map[aspect]string
}

// begin switches on the rules that a run begins with. Those of packs that a configuration loads are on as they say
// themselves.
func (s *selecting) begin(has func(*Rule) bool, from string) {
	for _, pack := range s.packs {
		for _, r := range pack.Rules {
			s.on[r] = !r.Optional && r.Severity > Style
			if has == nil || pack.Help != nil {
				continue
			}
			if on := has(r); on != s.on[r] {
				s.switched(r, on, from)
			}
		}
	}
}

func (s *selecting) setCode(r *Rule, name string, severity Severity) {
	name = withoutPack(name)
	if s.codes[r] == nil {
		s.codes[r] = codes{}
	}
	s.codes[r][strings.ToUpper(name)] = severity
}

// option sets an option of a rule.
func (s *selecting) option(rule, name string, value any, from string) error {
	r, _, err := Find(s.packs, rule)
	if err != nil {
		return err
	}
	if s.options[r] == nil {
		s.options[r] = map[string]any{}
	}
	s.options[r][name] = value
	s.say(r, partOption+name, from)
	return nil
}

// rate sets the severity of the rules with a name. Off switches them off, and another one switches on a rule that is
// named by itself, not those of a pack.
func (s *selecting) rate(name string, severity Severity, from string) error {
	matched, err := match(s.all, name)
	if err != nil {
		return err
	}
	for _, r := range matched {
		if r.Partial(name) {
			s.setCode(r, name, severity)
			s.switched(r, s.on[r] || severity != Off, from)
			continue
		}
		if severity == Off || len(matched) == 1 {
			s.switched(r, severity != Off, from)
			s.refused[r] = !s.on[r]
		}
		if severity != Off {
			s.severities[r] = severity
			s.say(r, partSeverity, from)
		}
	}
	return nil
}

// switched switches a rule on or off.
func (s *selecting) switched(r *Rule, on bool, from string) {
	s.on[r] = on
	s.say(r, partOn, from)
}

// turn switches the rules with a name on or off.
func (s *selecting) turn(name string, on bool, from string) error {
	matched, err := match(s.all, name)
	if err != nil {
		return err
	}
	for _, r := range matched {
		switch partial := r.Partial(name); {
		case partial && !on:
			s.setCode(r, name, Off)
		case partial:
			s.switched(r, true, from)
		default:
			s.switched(r, on, from)
			s.refused[r] = !on
		}
	}
	return nil
}

// only switches off every rule but those named; without names, none.
func (s *selecting) only(names []string) error {
	if len(names) == 0 {
		return nil
	}
	for r, on := range s.on {
		if on {
			s.switched(r, false, "--only")
		}
	}
	for _, name := range names {
		if err := s.turn(name, true, "--only"); err != nil {
			return err
		}
	}
	for r, on := range s.on {
		if !on {
			continue
		}
		ids := r.namedInPart(names)
		for _, id := range ids {
			if s.codes[r].of(id) == asRule {
				s.setCode(r, id, asRule)
			}
		}
		if ids != nil {
			s.setCode(r, "*", Off)
		}
	}
	return nil
}

// set returns the set. experimental says whether a file may switch on rules that are off.
func (s *selecting) set(experimental bool) (*Set, error) {
	set := &Set{all: s.all, packs: map[*Rule]Pack{}, made: s}
	set.whole = Policy{Set: set, FailOn: Warning}
	for _, p := range s.packs {
		for _, r := range p.Rules {
			set.packs[r] = p
		}
	}
	for _, r := range s.all {
		c := configured{Rule: r, severity: s.severities[r], codes: s.codes[r], fix: s.fixes[r], options: r.Options}
		if len(s.options[r]) > 0 {
			var err error
			if c.options, err = r.configured(s.options[r]); err != nil {
				return nil, err
			}
		}
		on := s.on[r] && !r.allOff(s.codes[r])
		c.unselected = r.Syntax && !on
		if on {
			set.rules = append(set.rules, r)
			set.run = append(set.run, c)
			if !r.Check.external {
				set.alone = append(set.alone, c)
			}
		}
		if on || r.Syntax {
			set.proof = append(set.proof, c)
			if !r.Check.external {
				set.internal = append(set.internal, c)
			}
		}
		if c.unselected {
			set.unselected = append(set.unselected, c)
		}
		if !on && !s.refused[r] && r.buildKit() && experimental && !r.Syntax {
			set.experimental = append(set.experimental, c)
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
	for _, is := range []func(*Rule, string) bool{(*Rule).listed, (*Rule).named} {
		for _, p := range packs {
			for _, r := range p.Rules {
				if is(r, name) {
					return r, p, nil
				}
			}
		}
	}
	return nil, Pack{}, &UnknownRuleError{Name: name, Near: source.Nearest(name, names(All(packs), false))}
}

// named reports whether a name is the rule's id, an alias or one of its Codes.
func (r *Rule) named(name string) bool {
	return r.listed(name) || r.hasCode(withoutPack(name))
}

// hasCode reports whether a name has the form of one of the rule's Codes, which have four digits.
func (r *Rule) hasCode(name string) bool {
	return r.Codes != "" && len(name) == len(r.Codes)+4 && isCode(name, r.Codes)
}

// withoutPack returns a code of ShellCheck without the pack before it, as in "shellcheck/SC2086", and other names as
// they are.
func withoutPack(name string) string {
	if code, ok := strings.CutPrefix(name, "shellcheck/"); ok && isCode(code, "SC") {
		return code
	}
	return name
}

// listed reports whether a name is the rule's id or an alias.
func (r *Rule) listed(name string) bool {
	same := func(a string) bool { return strings.EqualFold(a, name) }
	return same(r.ID) || slices.ContainsFunc(r.Aliases, same)
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

// breadth returns how many rules a name of a selection means, 0 for some findings of one.
func breadth(all []*Rule, name string) int {
	matched, _ := match(all, name)
	if len(matched) == 1 && matched[0].Partial(name) {
		return 0
	}
	return len(matched)
}

// namedInPart returns those of a list of names that mean some of the rule's findings, nil where another name means all.
func (r *Rule) namedInPart(names []string) []string {
	var ids []string
	for _, name := range names {
		matched, _ := match([]*Rule{r}, name)
		switch {
		case len(matched) == 0:
		case !r.Partial(name):
			return nil
		default:
			ids = append(ids, name)
		}
	}
	return ids
}

// allOff reports whether every finding of the rule is switched off by its id.
func (r *Rule) allOff(c codes) bool {
	ids := r.HadolintIDs()
	return len(c) > 0 && r.Codes == "" && !slices.ContainsFunc(ids, func(id string) bool { return c.of(id) != Off })
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

// asksPrograms reports whether a rule asks another program.
func (s *Set) asksPrograms() bool {
	external := func(c configured) bool { return c.Check.external }
	return slices.ContainsFunc(s.run, external) || slices.ContainsFunc(s.experimental, external)
}

// byID returns the rules of the packs by their ids.
func (s *Set) byID() map[string]*Rule {
	s.ids.Do(func() {
		s.idOf = make(map[string]*Rule, len(s.all))
		for _, r := range s.all {
			s.idOf[r.ID] = r
		}
	})
	return s.idOf
}
