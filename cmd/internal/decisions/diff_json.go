package decisions

import (
	"fmt"
	"io"
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
)

// The JSON of a difference has each fact twice: in words, as the text has it (for, before, after), and as values
// (forTargets, beforeValue, afterValue).

type releasesJSON struct {
	Program string   `json:"program"`
	From    string   `json:"from,omitempty"`   // the oldest; absent for no bound
	Before  string   `json:"before,omitempty"` // the first newer one that is not among them
	Only    []string `json:"only,omitempty"`   // where they are no range
	Also    []string `json:"also,omitempty"`   // builds of distributions beside the range
}

type containerJSON struct {
	Has          []string `json:"has"`
	Lacks        []string `json:"lacks"`
	KernelFrom   string   `json:"kernelFrom,omitempty"`
	KernelBefore string   `json:"kernelBefore,omitempty"`
}

type containersJSON struct {
	AnyOf  []containerJSON `json:"anyOf"`
	Except bool            `json:"except"` // it holds where none of anyOf is met
	Some   bool            `json:"some"`   // only in some of these
}

// targetSetJSON are all combinations of its lists; null stands for all that were compared.
type targetSetJSON struct {
	Loaders    []string        `json:"loaders"`
	Runtimes   []releasesJSON  `json:"runtimes"`
	Libseccomp *releasesJSON   `json:"libseccomp"`
	Containers *containersJSON `json:"containers"`
	Hosts      []string        `json:"hosts"`
}

func newReleasesJSON(r decide.Releases) releasesJSON {
	version := func(v seccomp.Version) string {
		if v.IsZero() {
			return ""
		}
		return v.String()
	}
	return releasesJSON{r.Program, version(r.From), version(r.Before), r.Only, r.Also}
}

// newTargetSetJSON returns nil for all targets.
func newTargetSetJSON(s decide.TargetSet) *targetSetJSON {
	if s.All() {
		return nil
	}
	out := &targetSetJSON{}
	for _, l := range s.Loaders {
		out.Loaders = append(out.Loaders, l.String())
	}
	for _, r := range s.Runtimes {
		out.Runtimes = append(out.Runtimes, newReleasesJSON(r))
	}
	if s.Libseccomp != nil {
		r := newReleasesJSON(*s.Libseccomp)
		out.Libseccomp = &r
	}
	if c := s.Containers; !c.All() {
		out.Containers = &containersJSON{[]containerJSON{}, c.Except, c.Some}
		for _, a := range c.AnyOf {
			kernels := newReleasesJSON(decide.Releases{From: a.KernelFrom, Before: a.KernelBefore})
			out.Containers.AnyOf = append(out.Containers.AnyOf, containerJSON{
				append([]string{}, a.Has...), append([]string{}, a.Lacks...), kernels.From, kernels.Before,
			})
		}
	}
	for _, h := range s.Hosts {
		out.Hosts = append(out.Hosts, ArchName(h))
	}
	return out
}

// partValue returns the value of a part of a profile: whether there is a filter, an outcome, lists of names, a string,
// or the reason of a refusal; null for none.
func partValue(what decide.What, p decide.Part) any {
	switch what {
	case decide.WhatOff:
		return !p.Off
	case decide.WhatDefault:
		return newOutcomeJSON(p.Default)
	case decide.WhatArchitectures:
		names := []string{}
		for _, a := range p.Architectures {
			names = append(names, ArchName(a))
		}
		return names
	case decide.WhatFlags:
		return p.Flags
	case decide.WhatListener:
		if p.Listener != "" {
			return p.Listener
		}
	case decide.WhatRefused:
		if p.Refusal != nil {
			return p.Refusal.Reason
		}
	}
	return nil
}

type wholeJSON struct {
	What        string         `json:"what"`
	Effect      string         `json:"effect"`
	For         string         `json:"for"`
	Before      string         `json:"before"`
	After       string         `json:"after"`
	ForTargets  *targetSetJSON `json:"forTargets"`
	BeforeValue any            `json:"beforeValue"`
	AfterValue  any            `json:"afterValue"`
}

type borderJSON struct {
	ABI        string         `json:"abi"`
	For        string         `json:"for"`
	Before     int            `json:"before"`
	After      int            `json:"after"`
	BeforeName string         `json:"beforeName"`
	AfterName  string         `json:"afterName"`
	ForTargets *targetSetJSON `json:"forTargets"`
}

// decisionJSON is a decision: Outcome is what happens where no case holds.
type decisionJSON struct {
	Step    string             `json:"step"`
	Outcome outcomeJSON        `json:"outcome"`
	Cases   []decisionCaseJSON `json:"cases"`
}

type decisionCaseJSON struct {
	Outcome    outcomeJSON     `json:"outcome"`
	Conditions []conditionJSON `json:"conditions"`
}

func newDecisionJSON(d *decide.Decision) *decisionJSON {
	if d == nil {
		return nil
	}
	out := &decisionJSON{stepNames[d.Step], newOutcomeJSON(d.Outcome), []decisionCaseJSON{}}
	for _, c := range d.Cases {
		out.Cases = append(out.Cases, decisionCaseJSON{newOutcomeJSON(c.Outcome), newConditionsJSON(c.Conds)})
	}
	return out
}

type changeJSON struct {
	Syscalls    []string       `json:"syscalls"`
	ABIs        []string       `json:"abis"`
	For         string         `json:"for"`
	Targets     []string       `json:"targets"`
	Before      string         `json:"before"`
	After       string         `json:"after"`
	Effect      string         `json:"effect"`
	Cause       string         `json:"cause"`
	Example     []uint64       `json:"example"`
	Unsure      bool           `json:"unsure"`
	ForTargets  *targetSetJSON `json:"forTargets"`
	BeforeValue *decisionJSON  `json:"beforeValue"`
	AfterValue  *decisionJSON  `json:"afterValue"`
}

func newChangeJSON(c *decide.Change) changeJSON {
	before, after := decisionWords(c)
	out := changeJSON{
		Syscalls: c.Syscalls, ABIs: c.ABIs, For: targetWords(c.For), Targets: []string{}, Before: before, After: after,
		Effect: c.Effect.String(), Cause: c.Cause.String(), Unsure: c.Unsure,
		ForTargets: newTargetSetJSON(c.For), BeforeValue: newDecisionJSON(c.Before),
		AfterValue: newDecisionJSON(c.After),
	}
	for _, t := range c.Targets {
		out.Targets = appendNew(out.Targets, fmt.Sprintf("%s with %s %s and libseccomp %s on %s",
			t.Loader, t.Runtime, release(t.RuntimeVersion), t.Libseccomp, ArchName(t.Host.Arch)))
	}
	if c.HasExample {
		out.Example = slices.Clone(c.Example[:])
	}
	return out
}

// WriteJSON writes the difference as one JSON value. Empty strings in for, and null in abis, stand for all; -1 for a
// border that is not there.
func (d *Diff) WriteJSON(w io.Writer) error {
	out := struct {
		Version     int           `json:"version"`
		Old         string        `json:"old"`
		New         string        `json:"new"`
		Equal       bool          `json:"equal"`
		OldRefusals []refusalJSON `json:"oldRefusals"`
		NewRefusals []refusalJSON `json:"newRefusals"`
		Whole       []wholeJSON   `json:"whole"`
		Borders     []borderJSON  `json:"borders"`
		Changes     []changeJSON  `json:"changes"`
	}{
		jsonVersion, d.Old.Source.Path, d.New.Source.Path, d.Empty(), newRefusalsJSON(d.Old, d.OldRefused),
		newRefusalsJSON(d.New, d.NewRefused), []wholeJSON{}, []borderJSON{}, []changeJSON{},
	}
	for _, c := range d.Whole {
		out.Whole = append(out.Whole, wholeJSON{
			c.What.String(), c.Effect.String(), targetWords(c.For), partWords(c.What, c.Before),
			partWords(c.What, c.After),
			newTargetSetJSON(c.For), partValue(c.What, c.Before), partValue(c.What, c.After),
		})
	}
	for _, c := range d.Borders {
		b := borderJSON{
			c.ABI, targetWords(c.For), c.Before, c.After, c.BeforeName, c.AfterName, newTargetSetJSON(c.For),
		}
		for _, n := range []*int{&b.Before, &b.After} {
			if *n >= 0 {
				*n += numberOffsets[c.ABI]
			}
		}
		out.Borders = append(out.Borders, b)
	}
	for i := range d.Changes {
		out.Changes = append(out.Changes, newChangeJSON(&d.Changes[i]))
	}
	return writeJSON(w, out)
}
