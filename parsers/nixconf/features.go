package nixconf

import (
	"fmt"
	"slices"
	"sort"

	"github.com/sandlint/sandlint/parsers/source"
)

type (
	featureRow struct {
		name string
		in   [3]featureSpan
	}
	featureSpan struct {
		interval interval
		stable   bool   // accepted in every release, without a word, and always on
		change   change // what happened to the feature in release in
		in       Version
		note     string
	}
	change uint8
)

const (
	noChange change = iota
	madeStable
	wasRemoved
	wasRenamed
	onlyPrerelease
)

func findFeature(name string) *featureRow {
	i := sort.Search(len(featureTable), func(i int) bool { return featureTable[i].name >= name })
	if i < len(featureTable) && featureTable[i].name == name {
		return &featureTable[i]
	}
	return nil
}

// HasFeature reports whether release v of d takes the experimental feature name without a warning, and whether it is
// stable there.
func (d Distribution) HasFeature(v Version, name string) (known, stable bool) {
	r := findFeature(name)
	i := d.index()
	if r == nil || i < 0 {
		return false, false
	}
	return r.in[i].stable || r.in[i].interval.contains(v), r.in[i].stable
}

// always is the interval of what exists in every release.
func always(d int) interval { return interval{from: releaseTable[d][0]} }

// FeatureKnown returns which of the targeted releases take the experimental feature name. A feature that a distribution
// made stable and still accepts (flakes and nix-command in Determinate Nix) counts as known there.
func FeatureKnown(name string, ts Targets) Knowledge {
	row := findFeature(name)
	if row.everywhere(ts) {
		return Knowledge{Coverage: All, Known: ts}
	}
	exists := func(d int) []interval {
		switch {
		case row == nil:
		case row.in[d].stable:
			return []interval{always(d)}
		case row.in[d].interval.from != (Version{}):
			return []interval{row.in[d].interval}
		}
		return nil
	}
	k := cover(ts, exists)
	if k.Coverage == All || row == nil {
		return k
	}
	k.Description = describe(ts, k.Coverage, exists)
	some, all := false, true
	for _, t := range k.Unknown {
		f := row.in[t.Distribution.index()]
		if k.Change == "" {
			k.Change = f.describe(t.Distribution)
		}
		if f.change == wasRenamed && !t.To.Before(f.in) {
			k.RenamedTo = f.note
		}
		if f.change == madeStable && !t.To.Before(f.in) {
			some = true
			all = all && !t.From.Before(f.in)
		} else {
			all = false
		}
	}
	switch {
	case some && all:
		k.Stable = All
	case some:
		k.Stable = Some
	}
	return k
}

// everywhere reports whether all releases of ts take the feature. It is the quick answer to the common case; false
// means nothing.
func (r *featureRow) everywhere(ts Targets) bool {
	for _, t := range ts {
		d := t.Distribution.index()
		if r == nil || d < 0 || !r.in[d].stable &&
			!(r.in[d].interval.contains(t.From) && r.in[d].interval.contains(t.To)) {
			return false
		}
	}
	return len(ts) > 0
}

func (f featureSpan) describe(d Distribution) string {
	in := d.Title() + " " + f.in.String()
	switch f.change {
	case madeStable:
		if f.note != "" {
			return fmt.Sprintf("%s since %s", f.note, in)
		}
		return "stable since " + in
	case wasRemoved:
		return "removed in " + in
	case wasRenamed:
		return fmt.Sprintf("%s since %s", f.note, in)
	case onlyPrerelease:
		return fmt.Sprintf("only in pre-releases of %s", in)
	}
	return ""
}

// NearestFeature returns the experimental feature that an author most likely meant by name, or "". It returns only
// features that a targeted release takes.
func NearestFeature(name string, ts Targets) string {
	var candidates []string
	for i := range featureTable {
		r := &featureTable[i]
		if slices.ContainsFunc(ts, func(t Target) bool {
			d := t.Distribution.index()
			return d >= 0 && (r.in[d].stable || r.in[d].interval.from != Version{} && overlaps(r.in[d].interval, t))
		}) {
			candidates = append(candidates, r.name)
		}
	}
	return source.Nearest(name, candidates)
}

// Features returns the experimental features that release v of d takes, sorted.
func (d Distribution) Features(v Version) []string {
	var out []string
	for i := range featureTable {
		if known, _ := d.HasFeature(v, featureTable[i].name); known {
			out = append(out, featureTable[i].name)
		}
	}
	return out
}

// Settings returns the canonical names of the settings of release v of d, sorted.
func (d Distribution) Settings(v Version) []string {
	i := d.index()
	if i < 0 {
		return nil
	}
	var out []string
	for s := range settingTable {
		for _, sp := range settingTable[s].in[i].spans {
			if (interval{sp.from, sp.until}).contains(v) {
				out = append(out, settingTable[s].name)
			}
		}
	}
	return out
}
