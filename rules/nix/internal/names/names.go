// Package names finds out what the targeted releases know about a setting or an experimental feature.
package names

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
)

// Status says whether targeted releases know a name, or why they do not.
type Status int

const (
	// Supported means that a targeted release knows the name, and the newest ones have not lost it.
	Supported Status = iota
	// Unknown means that no release of any distribution knows it.
	Unknown
	// TooNew means that only later releases of a targeted distribution know it.
	TooNew
	// Removed means that earlier releases knew it, and none of the newest ones that are targeted does.
	Removed
	// Foreign means that only a distribution that is not targeted knows it.
	Foreign
)

// lookup is nixconf.Known or nixconf.FeatureKnown.
type lookup func(string, nixconf.Targets) nixconf.Knowledge

// StatusOf returns the status of a name. A name that a part of the targets knows is Supported, unless the newest
// release of each distribution has lost it.
func StatusOf(known lookup, name string, ts nixconf.Targets) (nixconf.Knowledge, Status) {
	k := known(name, ts)
	if k.Coverage == nixconf.All {
		return k, Supported
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
		return k, Supported
	case after:
		return k, TooNew
	case before, elsewhere && !elsewhereNow:
		return k, Removed
	case elsewhere:
		return k, Foreign
	}
	return k, Unknown
}

// OfSetting is StatusOf for a setting.
func OfSetting(name string, ts nixconf.Targets) (nixconf.Knowledge, Status) {
	return StatusOf(nixconf.Known, name, ts)
}

// Newest returns what the newest release of the first target knows about a setting: the quick answer to the common
// case.
func Newest(name string, ts nixconf.Targets) (nixconf.Facts, bool) {
	if len(ts) == 0 {
		return nixconf.Facts{}, false
	}
	return nixconf.Lookup(ts[0].Distribution, ts[0].To, name)
}

// AnyFacts returns what some targeted release knows about a setting: the newest of a target, else the oldest of one.
func AnyFacts(name string, ts nixconf.Targets) (nixconf.Facts, bool) {
	if facts, ok := FactsFor(ts, name); ok {
		return facts, true
	}
	for _, t := range ts {
		if facts, ok := nixconf.Lookup(t.Distribution, t.From, name); ok {
			return facts, true
		}
	}
	return nixconf.Facts{}, false
}

// Where returns the targeted releases whose facts about a setting satisfy holds, and for how many of those that have
// the setting this is so.
func Where(ts nixconf.Targets, name string, holds func(nixconf.Facts) bool) (nixconf.Targets, nixconf.Coverage) {
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

// IsFeatures reports whether the words of the setting called name are experimental features.
func IsFeatures(name string) bool {
	return name == "experimental-features" || name == "extra-experimental-features"
}

// BeforeLix292 returns the targets without Lix 2.92 and later, which reads ~ in an include, and optimises the store on
// macOS without breaking it.
func BeforeLix292(ts nixconf.Targets) nixconf.Targets {
	var out nixconf.Targets
	for _, t := range ts {
		if t.Distribution == nixconf.Lix {
			if t.From.AtLeast(2, 92) {
				continue
			}
			if t.To.AtLeast(2, 92) {
				t.To = nixconf.Version{Major: 2, Minor: 91}
			}
		}
		out = append(out, t)
	}
	return out
}

// FactsFor returns what the newest targeted release that has a setting knows about it.
func FactsFor(ts nixconf.Targets, name string) (nixconf.Facts, bool) {
	for _, t := range ts {
		if facts, ok := nixconf.Lookup(t.Distribution, t.To, name); ok {
			return facts, true
		}
	}
	return nixconf.Facts{}, false
}

// IsExtra reports whether an entry appends to a setting rather than assigning one.
func IsExtra(entry *nixconf.Entry, ts nixconf.Targets) bool {
	if !strings.HasPrefix(entry.Name.Text, "extra-") {
		return false
	}
	for _, t := range ts {
		if facts, ok := nixconf.Lookup(t.Distribution, t.To, entry.Name.Text); ok {
			return facts.Extra
		}
	}
	return false
}

// Releases names targets for a message. The default ones need no version numbers.
func Releases(ts nixconf.Targets) string {
	if slices.Equal(ts, nixconf.DefaultTargets()) {
		return "Nix, Lix and Determinate Nix"
	}
	return ts.String()
}

// NotAppendable returns the setting that follows "extra-" in a name, where targeted releases have the setting but
// cannot append to it. The Unknown of the result are those releases alone; its Coverage is None where no release can.
func NotAppendable(name string, ts nixconf.Targets) (base string, k nixconf.Knowledge, ok bool) {
	base, ok = strings.CutPrefix(name, "extra-")
	if !ok {
		return "", k, false
	}
	if facts, known := Newest(name, ts); known && (facts.Appendable || !facts.Extra) {
		return "", k, false // the common case
	}
	k = nixconf.Known(name, ts)
	if k.Coverage == nixconf.All {
		return "", k, false
	}
	in, _ := Where(k.Unknown, base, func(nixconf.Facts) bool { return true })
	if len(in) == 0 {
		return "", k, false
	}
	k.Unknown = in
	return base, k, true
}
