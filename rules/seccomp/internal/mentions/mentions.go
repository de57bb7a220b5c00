// Package mentions finds the effect of each of several rules that name one syscall.
package mentions

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/abis"
	"github.com/sandlint/sandlint/rules/seccomp/internal/conditions"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
)

// Status is the effect of a mention of a syscall beside others of the same one.
type Status uint8

const (
	// counts: it has a part in the decision, or its effect is unknown.
	Counts Status = iota
	// equal: it does what the default action does, and is dropped before the others are looked at.
	EqualsDefault
	// hidden: in every container where its rule is in force, one without conditions decides instead, and otherwise
	// than this one if this has no conditions.
	Hidden
	// rivalled: the same in some containers, and neither of the two rules is the exception to the other.
	Rivalled
	// copied: a rule with the same outcome and conditions is in force in every container where this one is.
	Copied
)

// Mention is one place where a rule names a syscall.
type Mention struct {
	seccomp.String
	Rule, Index int // in Profile.Rules and in Rule.Names
	Verdict
	// other is the mention that decides instead, or of which this is a copy. It is nil for one that counts, and for
	// an equal one that nothing contradicts.
	Other *Mention
}

// Verdict is the effect of a rule that is one of several about a syscall.
type Verdict struct {
	Status  Status
	By      int // index among the rules about the syscall, -1 for none
	Always  bool
	Outcome decide.Outcome
}

// Of returns the syscalls that a profile names more than once, in order of their second mention, each with all places
// in order of the file.
func Of(p *rules.Pass, profile *workspace.Profile) [][]Mention {
	type place struct{ rule, index int }
	first := make(map[string]place, 512)
	group := map[string]int{}
	var out [][]Mention
	for r, rule := range profile.Rules {
		for i, name := range rule.Names {
			f, ok := first[name.Text]
			if !ok {
				first[name.Text] = place{r, i}
				continue
			}
			g, ok := group[name.Text]
			if !ok {
				g = len(out)
				group[name.Text] = g
				out = append(out,
					[]Mention{{String: profile.Rules[f.rule].Names[f.index], Rule: f.rule, Index: f.index}})
			}
			out[g] = append(out[g], Mention{String: name, Rule: r, Index: i})
		}
	}
	if len(out) == 0 {
		return nil
	}
	j := judge{
		profile: profile, loaders: profile.Loaders(p.Targets().Seccomp), keys: map[int]string{},
		known: map[string][]Verdict{},
	}
	listed := abis.Listed(profile)
	for _, names := range out {
		seq := make([]int, len(names))
		for n := range names {
			seq[n] = names[n].Rule
		}
		s, ok := seccomp.LookupSyscall(names[0].Text)
		exists := ok && s.Last.IsZero() && (len(listed) == 0 || abis.OnAny(s, listed))
		for n, v := range j.verdicts(seq) {
			if !exists && v.Status != Copied {
				continue
			}
			names[n].Verdict = v
			if v.By >= 0 {
				names[n].Other = &names[v.By]
			}
		}
	}
	return out
}

// judge finds the effect of the rules about one syscall.
type judge struct {
	profile *workspace.Profile
	loaders []decide.Loader
	keys    map[int]string // of conditions, by rule
	known   map[string][]Verdict
}

// verdicts returns the effect of each of the rules about one syscall. A rule that names the syscall twice is there
// twice.
func (j *judge) verdicts(seq []int) []Verdict {
	key := fmt.Sprint(seq)
	v, ok := j.known[key]
	if !ok {
		v = j.judge(seq)
		j.known[key] = v
	}
	return v
}

func (j *judge) judge(seq []int) []Verdict {
	var all []*seccomp.Rule
	scoped, certain := false, true
	for _, r := range seq {
		rule := j.profile.Rules[r]
		all = append(all, rule)
		scoped = scoped || !rule.Includes.Span.IsEmpty() || !rule.Excludes.Span.IsEmpty()
		certain = certain && Readable(j.profile, rule)
	}
	var out []Verdict
	if certain {
		for _, l := range j.loaders {
			if l == decide.LoaderOCI && scoped {
				continue // which takes the scopes for nothing, and so is reported for another reason
			}
			v, ok := j.judgeFor(l, seq, all)
			switch {
			case !ok:
				out = nil
			case out == nil:
				out = v
				continue
			default:
				for i := range out {
					if out[i].Status != v[i].Status {
						out[i].Status, out[i].By = Counts, -1
					}
				}
				continue
			}
			break
		}
	}
	if out == nil {
		out = make([]Verdict, len(seq))
		for i := range out {
			out[i].By = -1
		}
	}
	firsts := map[int]int{}
	for i := range out {
		first, again := firsts[seq[i]]
		if !again {
			firsts[seq[i]] = i
		} else if out[i].Status == Counts {
			out[i].Status, out[i].By = Copied, first
		}
	}
	return out
}

// judgeFor returns the verdicts for one loader. It reports false where the loader refuses the profile, or where there
// is too much to try.
func (j *judge) judgeFor(l decide.Loader, seq []int, all []*seccomp.Rule) ([]Verdict, bool) {
	environments, ok := Environments(j.profile.Profile, l, all)
	if !ok {
		return nil, false
	}
	def := decide.DefaultFor(j.profile.Profile, l)
	_, hasDefault := seccomp.LookupAction(j.profile.DefaultAction.Text)
	n := len(seq)
	out := make([]Verdict, n)
	for i, rule := range all {
		out[i] = Verdict{By: -1, Outcome: decide.OutcomeFor(rule, l)}
		out[i].Always = slices.ContainsFunc(decide.Alternatives(rule),
			func(conds []decide.Cond) bool { return len(conds) == 0 })
	}
	force := make([][]bool, n) // by rule, then by environment
	for i := range force {
		force[i] = make([]bool, len(environments))
	}
	deciders := make([]int, len(environments))
	sub := seccomp.Profile{
		Dialect: j.profile.Dialect, DefaultAction: j.profile.DefaultAction, DefaultErrnoRet: j.profile.DefaultErrnoRet,
		DefaultErrno: j.profile.DefaultErrno, Rules: all,
	}
	for w, host := range environments {
		resolved := decide.Resolve(&sub, l, host)
		if len(resolved.Refused) > 0 {
			return nil, false
		}
		deciders[w] = -1
		left := make(map[*seccomp.Rule]bool, len(resolved.Rules))
		for _, r := range resolved.Rules {
			left[r.Rule] = true
		}
		for i, rule := range all {
			force[i][w] = left[rule]
			if force[i][w] && deciders[w] < 0 && out[i].Always && (!hasDefault || out[i].Outcome != def) {
				deciders[w] = i
			}
		}
	}
	copies := map[copyKey][]int{}
	for i := range out {
		k := copyKey{out[i].Outcome, j.conditions(seq[i])}
		copies[k] = append(copies[k], i)
	}
	for i := range out {
		v := &out[i]
		dead, inForce, other, rival := true, false, -1, -1
		for w, d := range deciders {
			if !force[i][w] {
				continue
			}
			inForce = true
			switch {
			case d < 0 || d == i:
				dead = false
			case v.Always && out[d].Outcome == v.Outcome:
				if other < 0 {
					other = d
				}
			default:
				other = d
				if v.Always && !within(force[d], force[i]) && !within(force[i], force[d]) {
					rival = d
				}
			}
		}
		if !inForce {
			continue
		}
		isDefault := hasDefault && v.Outcome == def
		switch {
		case hasDefault && dead && (!v.Always || out[other].Outcome != v.Outcome) && !(v.Always && isDefault):
			v.Status, v.By = Hidden, other
		case isDefault:
			v.Status = EqualsDefault
			if dead {
				v.By = other
			}
		case dead && out[other].Outcome == v.Outcome:
			v.Status, v.By = Copied, other
		default:
			if c := copyOf(i, copies[copyKey{v.Outcome, j.conditions(seq[i])}], force); c >= 0 {
				v.Status, v.By = Copied, c
			} else if hasDefault && rival >= 0 {
				v.Status, v.By = Rivalled, rival
			}
		}
	}
	return out, true
}

// copyKey is equal for rules with the same outcome and conditions.
type copyKey struct {
	outcome    decide.Outcome
	conditions string
}

// copyOf returns one of the rules with the outcome and conditions of rule i that is in force wherever that one is, and
// not itself a copy of it; or -1.
func copyOf(i int, same []int, force [][]bool) int {
	for _, k := range same {
		if k != i && within(force[i], force[k]) && (k < i || !within(force[k], force[i])) {
			return k
		}
	}
	return -1
}

// conditions returns the conditions of a rule as text that is equal for equal ones.
func (j *judge) conditions(r int) string {
	key, ok := j.keys[r]
	if !ok {
		var parts []string
		for _, conds := range decide.Alternatives(j.profile.Rules[r]) {
			var part []string
			for _, c := range conds {
				part = append(part, c.String())
			}
			slices.Sort(part)
			parts = append(parts, strings.Join(part, " and "))
		}
		slices.Sort(parts)
		key = strings.Join(slices.Compact(parts), " or ")
		j.keys[r] = key
	}
	return key
}

// within reports whether one set of environments lies in another.
func within(a, b []bool) bool {
	for w := range a {
		if a[w] && !b[w] {
			return false
		}
	}
	return true
}

// Readable reports whether every runtime reads a rule alike.
func Readable(profile *workspace.Profile, rule *seccomp.Rule) bool {
	_, ok := seccomp.LookupAction(rule.Action.Text)
	number := func(n seccomp.Number) bool { return n.Known || n.Span.IsEmpty() }
	return ok && number(rule.ErrnoRet) && len(rule.Args) <= 6 && conditions.Sound(profile, rule.Span) &&
		!slices.ContainsFunc(rule.Args, func(a seccomp.Arg) bool {
			return !number(a.Index) || !number(a.Value) || !number(a.ValueTwo) || a.Index.Value > 5 ||
				!slices.Contains(seccomp.Operators(), a.Op.Text)
		})
}

// maxEnvironments is the number of containers that are tried for the rules about one syscall.
const maxEnvironments = 4096

// Environments returns a host for each combination of capabilities, architecture and kernel that the includes and
// excludes of rules distinguish, whatever the targets are. It reports false where there are too many of them.
func Environments(profile *seccomp.Profile, l decide.Loader, all []*seccomp.Rule) ([]decide.Host, bool) {
	var caps, arches []string
	kernels := []seccomp.Version{{Patch: 1}} // older than any that a profile can name
	add := func(list *[]string, s string) {
		if !slices.Contains(*list, s) {
			*list = append(*list, s)
		}
	}
	if l != decide.LoaderOCI {
		for _, rule := range all {
			for _, scope := range []*seccomp.Scope{&rule.Includes, &rule.Excludes} {
				for _, c := range scope.Caps {
					if slices.Contains(seccomp.Capabilities(), c.Text) { // no container has another one
						add(&caps, c.Text)
					}
				}
				for _, a := range scope.Arches {
					add(&arches, a.Text)
				}
				if v, ok := seccomp.ParseVersion(scope.MinKernel.Text); ok && !slices.Contains(kernels, v) {
					kernels = append(kernels, v)
				}
			}
		}
	}
	hosts := hostsOf(profile, l, arches)
	if len(caps) > 12 || len(hosts)*len(kernels)<<len(caps) > maxEnvironments {
		return nil, false
	}
	var out []decide.Host
	for set := range 1 << len(caps) {
		var held []string
		for i, c := range caps {
			if set&(1<<i) != 0 {
				held = append(held, c)
			}
		}
		for _, a := range hosts {
			for _, k := range kernels {
				out = append(out, decide.Host{Arch: a, Caps: held, Kernel: k})
			}
		}
	}
	return out, true
}

// hostsOf returns the architectures that a loader calls by one of the names, and one that has none of them: the first
// of the profile's where there is one.
func hostsOf(profile *seccomp.Profile, l decide.Loader, names []string) []*seccomp.Architecture {
	var hosts []*seccomp.Architecture
	var other *seccomp.Architecture
	for _, a := range append(profile.Hosts(), seccomp.Architectures()...) {
		name := readers.HostName(l, a)
		switch {
		case name == "":
		case slices.Contains(names, name):
			if !slices.Contains(hosts, a) {
				hosts = append(hosts, a)
			}
		case other == nil:
			other = a
		}
	}
	if other != nil {
		hosts = append(hosts, other)
	}
	return hosts
}

// Remover makes the fixes that remove mentions.
type Remover struct {
	profile *workspace.Profile
	left    map[int]int // how many names stay, by rule

	decidable bool
}

// NewRemover returns the Remover for the mentions of a profile for which gone is true.
func NewRemover(profile *workspace.Profile, gone func(*Mention) bool, all [][]Mention) *Remover {
	r := &Remover{profile, map[int]int{}, fixseccomp.Decidable(profile.Profile)}
	for n, rule := range profile.Rules {
		r.left[n] = len(rule.Names)
	}
	for _, names := range all {
		for k := range names {
			if gone(&names[k]) {
				r.left[names[k].Rule]--
			}
		}
	}
	return r
}

// unknownCaps reports whether a rule depends on a capability that does not exist, so no comparison of profiles has it.
func unknownCaps(rule *seccomp.Rule) bool {
	return slices.ContainsFunc(slices.Concat(rule.Includes.Caps, rule.Excludes.Caps), func(c seccomp.String) bool {
		return !slices.Contains(seccomp.Capabilities(), c.Text)
	})
}

// Remove returns the fix that removes a mention, and the whole rule where all its names are to go.
func (r *Remover) Remove(n *Mention) []fixers.Fix {
	if !r.decidable || n.Other != nil && unknownCaps(r.profile.Rules[n.Other.Rule]) {
		return nil
	}
	if r.left[n.Rule] == 0 {
		return fixes.Edited(r.profile, "Remove the rule", fixers.Safe,
			fixseccomp.RemoveRules(r.profile.Profile, n.Rule), fixers.Changes{})
	}
	return fixes.Edited(r.profile, fmt.Sprintf("Remove %q from this rule", n.Text), fixers.Safe,
		fixseccomp.RemoveString(r.profile.Profile, r.profile.Rules[n.Rule].Names, n.Index), fixers.Changes{})
}
