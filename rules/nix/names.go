package nix

import (
	"slices"

	"github.com/sandlint/sandlint/parsers/nixconf"
)

// fate is why targeted releases do not know a name.
type fate int

const (
	// taken: a targeted release knows the name, and nothing can be said against it.
	taken fate = iota
	// unheard: no release of any distribution knows it.
	unheard
	// tooNew: only later releases of a targeted distribution know it.
	tooNew
	// removed: earlier releases knew it, and none of the newest ones that are targeted does.
	removed
	// foreign: only a distribution that is not targeted knows it.
	foreign
)

// knower is nixconf.Known or nixconf.FeatureKnown.
type knower func(string, nixconf.Targets) nixconf.Knowledge

// fateOf tells why a name is not known. A name that a part of the targets knows is taken, unless the newest release of each distribution has lost it.
func fateOf(known knower, name string, ts nixconf.Targets) (nixconf.Knowledge, fate) {
	k := known(name, ts)
	if k.Coverage == nixconf.All {
		return k, taken
	}
	var before, after, elsewhere, elsewhereNow bool
	for _, d := range nixconf.Distributions() {
		all := d.Releases()
		first, newest := all[0], all[len(all)-1]
		knownIn := func(from, to nixconf.Version) bool {
			return known(name, nixconf.Targets{{Distribution: d, From: from, To: to}}).Coverage != nixconf.None
		}
		targeted := false
		for _, t := range ts {
			if t.Distribution != d {
				continue
			}
			targeted = true
			to := t.To
			if newest.Before(to) {
				to = newest
			}
			after = after || knownIn(to, newest)
			before = before || knownIn(first, to)
		}
		if !targeted {
			elsewhere = elsewhere || knownIn(first, newest)
			elsewhereNow = elsewhereNow || knownIn(newest, newest)
		}
	}
	switch {
	case k.Coverage == nixconf.Some && (after || !before):
		return k, taken
	case after:
		return k, tooNew
	case before, elsewhere && !elsewhereNow:
		return k, removed
	case elsewhere:
		return k, foreign
	}
	return k, unheard
}

// settingFate is fateOf for a setting. It is taken too where a plugin may bring it.
func settingFate(name string, ts nixconf.Targets) (nixconf.Knowledge, fate) {
	return fateOf(nixconf.Known, name, ts)
}

// newestKnows reports whether the newest release of the first target has a setting: the quick answer to the common case.
func newestKnows(name string, ts nixconf.Targets) (nixconf.Facts, bool) {
	if len(ts) == 0 {
		return nixconf.Facts{}, false
	}
	return nixconf.Lookup(ts[0].Distribution, ts[0].To, name)
}

// anyFacts returns what some targeted release knows about a setting, newest releases first.
func anyFacts(name string, ts nixconf.Targets) (nixconf.Facts, bool) {
	for _, t := range ts {
		if facts, ok := nixconf.Lookup(t.Distribution, t.To, name); ok {
			return facts, true
		}
	}
	for _, t := range ts {
		if facts, ok := nixconf.Lookup(t.Distribution, t.From, name); ok {
			return facts, true
		}
	}
	return nixconf.Facts{}, false
}

// where returns the targeted releases for which something holds, and for how much of those that have a setting it does.
func where(ts nixconf.Targets, name string, holds func(nixconf.Facts) bool) (nixconf.Targets, nixconf.Coverage) {
	var in nixconf.Targets
	others := false
	for _, t := range ts {
		open := false
		for _, r := range t.Releases() {
			facts, ok := nixconf.Lookup(t.Distribution, r, name)
			switch {
			case !ok || !holds(facts):
				others = others || ok
				open = false
			case open:
				in[len(in)-1].To = r
			default:
				in = append(in, nixconf.Target{Distribution: t.Distribution, From: r, To: r})
				open = true
			}
		}
	}
	switch {
	case len(in) == 0:
		return nil, nixconf.None
	case others:
		return in, nixconf.Some
	}
	return in, nixconf.All
}

// featureSettings are the settings whose words are experimental features.
var featureSettings = []string{"experimental-features", "extra-experimental-features"}

func isFeatures(name string) bool { return slices.Contains(featureSettings, name) }
