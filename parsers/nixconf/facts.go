package nixconf

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/source"
)

//go:generate go run gen/main.go

// The rows of the generated tables. They hold only constants, so that the linker lays them out and nothing runs at
// start.
type (
	settingRow struct {
		name    string
		traits  traits
		aliases []aliasRow
		in      [3]distributionRow
	}
	aliasRow struct {
		name string
		in   [3]interval // when the alias exists
	}
	distributionRow struct {
		spans     []span
		renamedTo string
	}
	// span is a range of releases [from, until) in which all facts of a setting were the same.
	span struct {
		from, until Version
		kind        Kind
		form        form
		integer     integerType
		flags       spanFlags
		enum        []string
		value       string // the default, where flags has hasDefault
		darwin      string // the default on macOS, where flags has hasDarwinDefault
		gate        string
		replacement string
	}
	form        uint8
	integerType uint8
	spanFlags   uint16
	traits      uint8
)

// nameRow is a name of a setting, or an alias of it.
type nameRow struct {
	name    string
	setting *settingRow
	alias   bool
	in      [3]interval // when the alias exists
}

const (
	formPlain              form = iota
	formMounts                  // sandbox-paths since Nix 2.31: a map from the inside to the outside
	formDeprecatedFeatures      // a set of names that Lix checks
	formSet                     // URLs without order
	formPaths                   // a list whose elements are checked as paths
)

const (
	noInteger integerType = iota
	uint32Type
	uint64Type
	int64Type
)

const (
	hasDefault spanFlags = 1 << iota
	hasDarwinDefault
	takesSuffixes
	takesEmpty
	takesRelative
	relativeToFile
	appendable
	isDeprecated
	linuxOnly
	darwinOnly
)

// The traits of a setting, which are the same in every release.
const (
	wordsAreNames traits = 1 << iota
	wordsAreURLs
	daemonOnly
	trustedOnly
)

// Facts are what one release of one distribution knows about a setting.
type Facts struct {
	// Name is the canonical name, and Written the one that was looked up.
	Name, Written string
	// Alias says that the setting was looked up under a name other than Name.
	Alias bool
	// Extra says that it was looked up with the prefix "extra-", so values are appended. It is false for the setting
	// extra-platforms, whose name begins so.
	Extra bool
	// Kind is the type of its values.
	Kind Kind
	// Enum holds the values that a KindEnum takes.
	Enum []string
	// Default is the value when nothing sets it, as `nix config show` prints it on Linux, if HasDefault; otherwise the
	// machine or the environment decides. DarwinDefault is the same for macOS.
	Default, DarwinDefault string
	HasDefault             bool
	// Gate is the experimental feature without which the setting is ignored, or "".
	Gate string
	// Suffixes says that an integer may end with K, M, G or T.
	Suffixes bool
	// Bits is the width of an integer, and Signed whether it may be negative.
	Bits   int
	Signed bool
	// AllowEmpty and AllowRelative say whether a KindPath takes an empty or a relative path. A relative path that is
	// resolved against the configuration file (Lix 2.92 and later) counts.
	AllowEmpty, AllowRelative bool
	// Appendable says that "extra-" may stand before the name.
	Appendable bool
	// Unordered says that the value is a set or a map: duplicates collapse and the order is lost.
	Unordered bool
	// Platforms are the systems that have the setting ("linux", "darwin"); nil means all. See On.
	Platforms []string
	// Deprecated says that the distribution prints a warning when the setting is used. Replacement is the setting that
	// the warning names, or "".
	Deprecated  bool
	Replacement string
	// Names says that the words of the value are names, of features, users or systems, which cannot hold a comma, and
	// URLs that they are URLs.
	Names, URLs bool
	// DaemonOnly says that only the daemon of a multi-user Nix reads the setting, from its own configuration, so it has
	// no effect in a user's file. TrustedOnly says that the daemon accepts the setting only from trusted users.
	DaemonOnly, TrustedOnly bool
	// Mounts says that the words map paths inside the sandbox to paths outside, where the last word for a path wins:
	// sandbox-paths since Nix 2.31. Paths says that the words are paths, and DeprecatedFeatures that they are what Lix
	// calls deprecated features.
	Mounts, Paths, DeprecatedFeatures bool
	// RelativeToFile says that a relative path is resolved against the configuration file.
	RelativeToFile bool
}

// rows returns the rows of nameTable with a name.
func rows(name string) []nameRow {
	t := nameTable()
	r, ok := t.index[name]
	if !ok {
		return nil
	}
	return t.rows[r.from:r.to]
}

// nameTable returns the names and aliases of all settings, sorted by name, and where the rows of each name are. A name
// that was a setting of its own before it became an alias has two rows.
var nameTable = sync.OnceValue(func() (t struct {
	rows  []nameRow
	index map[string]struct{ from, to int32 }
}) {
	for i := range settingTable {
		s := &settingTable[i]
		t.rows = append(t.rows, nameRow{name: s.name, setting: s})
		for _, a := range s.aliases {
			t.rows = append(t.rows, nameRow{name: a.name, setting: s, alias: true, in: a.in})
		}
	}
	slices.SortStableFunc(t.rows, func(a, b nameRow) int { return strings.Compare(a.name, b.name) })
	t.index = make(map[string]struct{ from, to int32 }, len(t.rows))
	for i := range t.rows {
		r, ok := t.index[t.rows[i].name]
		if !ok {
			r.from = int32(i)
		}
		r.to = int32(i + 1)
		t.index[t.rows[i].name] = r
	}
	return t
})

// GatedNames are the names, aliases included and without "extra-", of the settings that some release ignores unless an
// experimental feature is enabled, sorted. The slice must not be changed.
var GatedNames = sync.OnceValue(func() []string {
	var out []string
	for i := range settingTable {
		s := &settingTable[i]
		if !slices.ContainsFunc(s.in[:], func(d distributionRow) bool {
			return slices.ContainsFunc(d.spans, func(sp span) bool { return sp.gate != "" })
		}) {
			continue
		}
		out = append(out, s.name)
		for _, a := range s.aliases {
			out = append(out, a.name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
})

// findSpan returns the span of d that holds v, for a setting that is named name itself.
func findSpan(name string, d int, v Version) (setting *settingRow, alias bool, sp *span) {
	for _, r := range rows(name) {
		if r.alias && !r.in[d].contains(v) {
			continue
		}
		spans := r.setting.in[d].spans
		for i := range spans {
			if (interval{spans[i].from, spans[i].until}).contains(v) {
				return r.setting, r.alias, &spans[i]
			}
		}
	}
	return nil, false, nil
}

// Lookup returns what release v of d knows about the setting called name, as Nix resolves names: a setting or alias of
// that name, or else, from Nix 2.4 on, the appendable setting that follows "extra-". A version beyond the newest known
// release is treated as that release.
func Lookup(d Distribution, v Version, name string) (Facts, bool) {
	i := d.index()
	if i < 0 {
		return Facts{}, false
	}
	setting, alias, sp := findSpan(name, i, v)
	extra := false
	if sp == nil {
		rest, ok := strings.CutPrefix(name, "extra-")
		if !ok {
			return Facts{}, false
		}
		if setting, alias, sp = findSpan(rest, i, v); sp == nil || sp.flags&appendable == 0 {
			return Facts{}, false
		}
		extra = true
	}
	f := setting.facts(sp)
	f.Written, f.Alias, f.Extra = name, alias, extra
	return f, true
}

var (
	linux  = []string{"linux"}
	darwin = []string{"darwin"}
)

// facts returns what a span of the setting says.
func (s *settingRow) facts(sp *span) Facts {
	f := Facts{
		Name: s.name, Kind: sp.kind, Enum: sp.enum,
		Default: sp.value, DarwinDefault: sp.value, HasDefault: sp.flags&hasDefault != 0,
		Gate: sp.gate, Suffixes: sp.flags&takesSuffixes != 0,
		AllowEmpty: sp.flags&takesEmpty != 0, AllowRelative: sp.flags&(takesRelative|relativeToFile) != 0,
		Appendable: sp.flags&appendable != 0,
		Unordered:  sp.kind == KindSet || sp.kind == KindMap || sp.kind == KindFeatures || sp.form == formSet,
		Deprecated: sp.flags&isDeprecated != 0 || sp.replacement != "", Replacement: sp.replacement,
		Names: s.traits&wordsAreNames != 0, URLs: s.traits&wordsAreURLs != 0,
		DaemonOnly: s.traits&daemonOnly != 0, TrustedOnly: s.traits&trustedOnly != 0,
		Mounts: sp.form == formMounts, Paths: sp.form == formPaths,
		DeprecatedFeatures: sp.form == formDeprecatedFeatures,
		RelativeToFile:     sp.flags&relativeToFile != 0,
	}
	if sp.flags&hasDarwinDefault != 0 {
		f.DarwinDefault = sp.darwin
	}
	switch sp.integer {
	case uint32Type:
		f.Bits = 32
	case uint64Type:
		f.Bits = 64
	case int64Type:
		f.Bits, f.Signed = 64, true
	}
	switch {
	case sp.flags&linuxOnly != 0:
		f.Platforms = linux
	case sp.flags&darwinOnly != 0:
		f.Platforms = darwin
	}
	return f
}

// eachInterval calls yield with the ranges of releases in which d knows a setting called name, as Lookup resolves it,
// until yield returns false.
func eachInterval(name string, d int, yield func(interval) bool) {
	for _, r := range rows(name) {
		if !r.each(d, 0, yield) {
			return
		}
	}
	rest, ok := strings.CutPrefix(name, "extra-")
	if !ok {
		return
	}
	for _, r := range rows(rest) {
		if !r.each(d, appendable, yield) {
			return
		}
	}
}

// each calls yield with the ranges of releases in which d has r, for the spans that have all the flags.
func (r *nameRow) each(d int, flags spanFlags, yield func(interval) bool) bool {
	spans := r.setting.in[d].spans
	for i := range spans {
		iv := interval{spans[i].from, spans[i].until}
		if spans[i].flags&flags != flags {
			continue
		}
		if r.alias {
			iv = iv.intersect(r.in[d])
		}
		if iv.from != (Version{}) && !yield(iv) {
			return false
		}
	}
	return true
}

// existence returns when d knows a setting called name, in order and without overlaps.
func existence(name string, d int) []interval {
	var out []interval
	eachInterval(name, d, func(iv interval) bool {
		out = addInterval(out, iv)
		return true
	})
	return out
}

func (i interval) intersect(j interval) interval {
	if i.from == (Version{}) || j.from == (Version{}) {
		return interval{}
	}
	if i.from.Before(j.from) {
		i.from = j.from
	}
	if i.until == (Version{}) || j.until != (Version{}) && j.until.Before(i.until) {
		i.until = j.until
	}
	if i.until != (Version{}) && !i.from.Before(i.until) {
		return interval{}
	}
	return i
}

// addInterval adds iv to the ordered list l and joins ranges that touch.
func addInterval(l []interval, iv interval) []interval {
	i := len(l)
	for i > 0 && iv.from.Before(l[i-1].from) {
		i--
	}
	l = slices.Insert(l, i, iv)
	out := l[:1]
	for _, n := range l[1:] {
		last := &out[len(out)-1]
		switch {
		case last.until == (Version{}):
		case last.until.Before(n.from):
			out = append(out, n)
		case n.until == (Version{}) || last.until.Before(n.until):
			last.until = n.until
		}
	}
	return out
}

// Coverage says for how many of the targets something holds.
type Coverage int

const (
	// None means for no targeted release.
	None Coverage = iota
	// Some means for some targeted releases.
	Some
	// All means for every targeted release.
	All
)

// Knowledge says which of the targeted releases know a name.
type Knowledge struct {
	// Coverage says how many of the targets know the name.
	Coverage Coverage
	// Known and Unknown are the parts of the targets that know the name and that do not.
	Known, Unknown Targets
	// Description says, for messages, where the name is known if that is not everywhere: "Nix 2.16 and later", "Lix
	// only", "removed in Nix 2.13". It is "" if no release at all knows the name.
	Description string
	// RenamedTo is the name under which a part of Unknown has the same thing, or "".
	RenamedTo string
	// Change is what happened to an experimental feature in a part of Unknown: "stable since Nix 2.18", "part of flakes
	// since Nix 2.19", "removed in Lix 2.94". It is "" for settings, and for features that still exist or never did.
	Change string
	// Stable says for how much of Unknown the behaviour of the experimental feature is built in.
	Stable Coverage
}

// Known returns which of the targeted releases know a setting called name: a setting, an alias, or "extra-" before a
// setting that can be appended to.
func Known(name string, ts Targets) Knowledge {
	if everywhere(name, ts) {
		return Knowledge{Coverage: All, Known: ts}
	}
	k := cover(ts, func(d int) []interval { return existence(name, d) })
	if k.Coverage == All {
		return k
	}
	k.Description = describe(ts, k.Coverage, func(d int) []interval { return existence(name, d) })
	for _, t := range k.Unknown {
		for _, r := range rows(name) {
			to := r.setting.in[t.Distribution.index()].renamedTo
			if to == "" || r.alias {
				continue
			}
			if _, ok := Lookup(t.Distribution, t.To, to); ok {
				k.RenamedTo = to
				return k
			}
		}
	}
	return k
}

// everywhere reports whether each range of ts lies in one range of releases that know the setting name. It is the quick
// answer to the common case; false means nothing.
func everywhere(name string, ts Targets) bool {
	for _, t := range ts {
		d := t.Distribution.index()
		found := false
		if d >= 0 {
			for _, r := range rows(name) {
				spans := r.setting.in[d].spans
				if len(spans) == 0 {
					continue
				}
				// The spans of a setting follow each other without gaps.
				iv := interval{spans[0].from, spans[len(spans)-1].until}
				if r.alias {
					iv = iv.intersect(r.in[d])
				}
				found = found || iv.contains(t.From) && iv.contains(t.To)
			}
		}
		if !found {
			return false
		}
	}
	return len(ts) > 0
}

// cover splits ts into the releases where something exists and the others.
func cover(ts Targets, exists func(d int) []interval) Knowledge {
	var k Knowledge
	for _, t := range ts {
		d := t.Distribution.index()
		if d < 0 {
			continue
		}
		ivs := exists(d)
		var last *Target
		lastKnown := false
		for _, r := range t.Releases() {
			known := false
			for _, iv := range ivs {
				known = known || iv.contains(r)
			}
			if last != nil && known == lastKnown {
				last.To = r
				continue
			}
			list := &k.Unknown
			if known {
				list = &k.Known
			}
			*list = append(*list, Target{t.Distribution, r, r})
			last, lastKnown = &(*list)[len(*list)-1], known
		}
	}
	switch {
	case len(k.Unknown) == 0 && len(k.Known) > 0:
		k.Coverage = All
	case len(k.Known) > 0:
		k.Coverage = Some
	}
	return k
}

// describe says where something exists: among the targeted distributions if some of them know it, or else in which
// release it was removed there, or where else it exists.
func describe(ts Targets, c Coverage, exists func(d int) []interval) string {
	var targeted [3]bool
	for _, t := range ts {
		if d := t.Distribution.index(); d >= 0 {
			targeted[d] = true
		}
	}
	var current, removed, gone []string
	for _, d := range Distributions() {
		ivs := exists(d.index())
		if len(ivs) == 0 || c == Some && !targeted[d.index()] {
			continue
		}
		if last := ivs[len(ivs)-1]; last.until != (Version{}) && c == None {
			in := d.Title() + " " + last.until.String()
			removed = append(removed, in)
			if targeted[d.index()] {
				gone = append(gone, in)
			}
			continue
		}
		parts := make([]string, len(ivs))
		for i, iv := range ivs {
			parts[i] = iv.describe(d)
		}
		current = append(current, d.Title()+enumerate(parts))
	}
	switch {
	case len(gone) > 0:
		return "removed in " + enumerate(gone)
	case len(current) == 0 && len(removed) > 0:
		return "removed in " + enumerate(removed)
	case len(current) == 1 && !strings.ContainsAny(current[0], "0123456789"):
		return current[0] + " only"
	}
	for _, s := range current {
		if strings.Contains(s, " and ") {
			return strings.Join(current, ", ")
		}
	}
	return enumerate(current)
}

// describe says which releases of d an interval holds, with a blank before it, or returns "" for all of them.
func (i interval) describe(d Distribution) string {
	releases := releaseTable[d.index()]
	fromFirst := !releases[0].Before(i.from)
	if i.until == (Version{}) {
		if fromFirst {
			return ""
		}
		return fmt.Sprintf(" %s and later", i.from)
	}
	if fromFirst {
		return fmt.Sprintf(" before %s", i.until)
	}
	last := i.from
	for _, r := range releases {
		if r.Before(i.until) {
			last = r
		}
	}
	if last == i.from {
		return fmt.Sprintf(" %s", i.from)
	}
	return fmt.Sprintf(" %s to %s", i.from, last)
}

// Nearest returns the setting that an author most likely meant by name, or "". It returns only settings that a targeted
// release knows, and prefers canonical names to aliases. It keeps the prefix "extra-" where the setting can be appended
// to, and drops it where the rest is a setting that cannot.
func Nearest(name string, ts Targets) string {
	if rest, ok := strings.CutPrefix(name, "extra-"); ok && rest != "" {
		if targeted(rest, ts) {
			return rest
		}
		if near := nearestName(rest, ts, true); near != "" {
			return "extra-" + near
		}
		if near := nearestName(name, ts, false); near != "" {
			return near
		}
		return nearestName(rest, ts, false)
	}
	return nearestName(name, ts, false)
}

func nearestName(name string, ts Targets, appendOnly bool) string {
	for _, aliases := range []bool{false, true} {
		var candidates []string
		names := nameTable().rows
		for i := range names {
			r := &names[i]
			if r.alias != aliases {
				continue
			}
			known := r.name
			if appendOnly {
				known = "extra-" + known
			}
			if targeted(known, ts) {
				candidates = append(candidates, r.name)
			}
		}
		if near := source.Nearest(name, candidates); near != "" {
			return near
		}
	}
	return ""
}

// targeted reports whether one of the targeted releases knows the setting name.
func targeted(name string, ts Targets) bool {
	found := false
	for _, t := range ts {
		if d := t.Distribution.index(); d >= 0 {
			eachInterval(name, d, func(iv interval) bool {
				found = overlaps(iv, t)
				return !found
			})
		}
		if found {
			return true
		}
	}
	return false
}

// overlaps reports whether a release of t lies in iv.
func overlaps(iv interval, t Target) bool {
	return !t.To.Before(iv.from) && (iv.until == Version{} || t.From.Before(iv.until))
}

// knownAnywhere reports whether name was a setting in any release of any distribution.
func knownAnywhere(name string) bool {
	found := false
	for d := range releaseTable {
		if eachInterval(name, d, func(interval) bool { found = true; return false }); found {
			return true
		}
	}
	return false
}

// On reports whether Nix has the setting on a system, "linux" or "darwin". Where the system is not known ("") the
// answer is for Linux, on which most of Nix runs.
func (f Facts) On(system string) bool {
	if system == "" {
		system = linux[0]
	}
	return f.Platforms == nil || slices.Contains(f.Platforms, system)
}
