package nixuse

import (
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/internal/persistent"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/effective"
)

// This file merges what is in force at a point of a timeline.
//
// states.go keeps, for each point, the files and the variables that Nix may read. Here they are merged in the order in
// which Nix reads them: the system's file, the user's files, NIX_CONFIG, the command line.
//
// A write under a condition (Event.Maybe) is not merged: the settings in it are marked in Effective.maybe, and only
// their values are unknown. What may have changed any setting sets one of Effective.doubts instead; Value then returns
// false for all of them, except those that a source assigns which is read later than what is in doubt: nothing in a
// file changes what a command line assigns.
//
// Each text is merged once with what comes before it, whatever the number of points that are asked about, and each
// point is kept in Image.replays. Only texts of a user's file are merged anew when the system's file has changed
// before them; maxMerges bounds that.

// Effective are the Nix settings in force at a point of an image's timeline.
type Effective struct {
	// Settings are the merged settings.
	Settings *effective.Settings
	// Distribution and Version are the Nix that they were merged for.
	Distribution nixconf.Distribution
	Version      nixconf.Version
	// Uncertain says that something unknown may have changed settings: an unknown base image, a script that could not
	// be read, or an edit in place. Value knows which are certain all the same.
	Uncertain bool

	doubts doubts
	lost   string // a remark about the file that NIX_CONF_DIR makes Nix look for, or ""
	merged *merged
	maybe  []persistent.Map[bool] // settings that writes under conditions set, for each file
	// possible merges also what is written under a condition, for the trace.
	possible func() *merged
}

// doubts are the sources of settings that are not known.
type doubts struct {
	files, environment, options bool
}

func (d doubts) any() bool { return d.files || d.environment || d.options }

// Origin is where a source of settings comes from.
type Origin struct {
	// Label names it for people: "nixos/nix", "ENV NIX_CONFIG", a path in the image.
	Label string
	// Event is the event that wrote it; nil for the base image.
	Event *Event
}

// Value returns the effective value of a setting by its canonical name, and whether it is certain.
func (e *Effective) Value(name string) (string, bool) {
	if !e.certain(name) {
		return "", false
	}
	s := e.Settings.Get(name)
	return s.Value, s.Known
}

// Known reports whether the value of a setting is certain, as Value does, without making the value.
func (e *Effective) Known(name string) bool {
	_, known := e.digest(name)
	return known
}

// Same reports whether Value returns the same for a setting twice, without making values, which may have thousands of
// words.
func (e *Effective) Same(name string, other *Effective) bool {
	here, known := e.digest(name)
	there, otherKnown := other.digest(name)
	if known != otherKnown {
		return false
	}
	if here.Comparable(there) {
		return here == there
	}
	a, _ := e.Value(name)
	b, _ := other.Value(name)
	return a == b
}

func (e *Effective) digest(name string) (effective.Digest, bool) {
	if !e.certain(name) {
		return effective.Digest{}, false
	}
	return e.Settings.Digest(name)
}

// Feature reports whether an experimental feature is on, and whether that is certain.
func (e *Effective) Feature(name string) (on, known bool) {
	on, known = e.Settings.Feature(name)
	if _, stable := e.Distribution.HasFeature(e.Version, name); stable {
		return on, known
	}
	return on, known && e.certain("experimental-features")
}

// certain reports whether no source that is in doubt can have changed a setting.
func (e *Effective) certain(name string) bool {
	if !e.doubts.any() && !e.mayBeSet(name) {
		return true
	}
	switch e.assignedBy(name) {
	case effective.CommandLine:
		return !e.doubts.options
	case effective.Environment:
		return !e.doubts.options && !e.doubts.environment
	}
	return false
}

// mayBeSet reports whether a write under a condition sets a setting.
func (e *Effective) mayBeSet(name string) bool {
	return slices.ContainsFunc(e.maybe, func(m persistent.Map[bool]) bool { return m.Has(name) })
}

// assignedBy returns the kind of the source whose value takes the place of those before it; SystemFile where a setting
// has its default or words are added to it.
func (e *Effective) assignedBy(name string) effective.SourceKind {
	origins := e.Settings.Get(name).Origins
	if len(origins) == 0 || origins[0].Entry == nil || origins[0].Source < 0 {
		return effective.SystemFile
	}
	facts, ok := nixconf.Lookup(e.Distribution, e.Version, origins[0].Entry.Name.Text)
	if !ok || facts.Extra {
		return effective.SystemFile
	}
	return e.merged.sources.at(origins[0].Source).kind
}

// Names returns the settings that some source sets, or may set, sorted.
func (e *Effective) Names() []string {
	names := e.Settings.Names()
	for _, m := range e.maybe {
		for name := range m.All() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Origins returns where the parts of a setting's value come from, in order; none for a default.
func (e *Effective) Origins(name string) []Origin {
	var out []Origin
	seen := map[Origin]bool{}
	for _, o := range e.Settings.Get(name).Origins {
		if from := e.merged.sources.at(o.Source); from != nil && !seen[from.origin] {
			seen[from.origin] = true
			out = append(out, from.origin)
		}
	}
	return out
}

// ComesFrom reports whether a part of a setting's value comes from an event.
func (e *Effective) ComesFrom(name string, event *Event) bool {
	return slices.ContainsFunc(e.Settings.Get(name).Origins, func(o effective.Origin) bool {
		from := e.merged.sources.at(o.Source)
		return from != nil && from.origin.Event == event
	})
}

// nixVersion returns the release of Nix whose behaviour settings in the image are merged for.
func (img *Image) nixVersion() (nixconf.Distribution, nixconf.Version) {
	t := img.targets()[0]
	return t.Distribution, t.To
}

// SettingsBefore returns the settings in force just before an event of the image's timeline, for a command that runs
// there; for a RunCommand its own options and environment are included. A nil event means the end of the image.
func (img *Image) SettingsBefore(at *Event) *Effective {
	user := ""
	if at != nil {
		user = at.User
	}
	return img.replayed(replayKey{at, false, user})
}

// SettingsAfter returns the settings in force once an event has happened, for a command that runs as user, as USER
// names it.
func (img *Image) SettingsAfter(at *Event, user string) *Effective {
	return img.replayed(replayKey{at, true, user})
}

// replayKey says up to which event, and as which user, a timeline is replayed.
type replayKey struct {
	at    *Event
	after bool
	user  string
}

// replayed returns the replay for a key, made on first use.
func (img *Image) replayed(key replayKey) *Effective {
	if e, ok := img.replays[key]; ok {
		return e
	}
	if img.replays == nil {
		img.replays = map[replayKey]*Effective{}
	}
	e := img.replay(key.at, key.after, key.user)
	img.replays[key] = e
	return e
}

func (img *Image) replay(at *Event, after bool, user string) *Effective {
	eff := &Effective{}
	eff.Distribution, eff.Version = img.nixVersion()
	st := img.stateAt(at, after)
	switch base := img.Root().Base; {
	case base == nil && !img.end.installs:
		// Nix runs in an unknown image and nothing installs it, so the image holds Nix with an unknown configuration.
		eff.doubts.files = true
	case base != nil && !base.Nix:
		// What runs before an installer that was recognised is there thanks to something else, which may have
		// configured it.
		first := st.firstNix
		if first == nil && at != nil && at.Nix != nil {
			first = at
		}
		eff.doubts.files = first != nil && first.Nix.Installer == nil
	}
	if at == nil {
		user = st.user
	} else {
		eff.doubts.files = eff.doubts.files || at.doubts.files
		eff.doubts.environment = at.doubts.environment
		eff.doubts.options = at.doubts.options
	}
	if st.opaque != nil {
		// A script that is read by the shell itself may also set a variable.
		eff.doubts.files = true
		eff.doubts.environment = eff.doubts.environment || at != nil && st.opaque.Instruction == at.Instruction
	}
	m := merger{img: img, eff: eff, state: st, at: at, user: user}
	eff.merged = m.merge(certain)
	eff.Settings = eff.merged.stack.Settings()
	eff.possible = sync.OnceValue(func() *merged { return m.merge(possible) })
	if img.Model.merges > maxMerges {
		eff.doubts = doubts{files: true, environment: true, options: true}
	}
	eff.Uncertain = eff.doubts.any()
	return eff
}

// holdsUnknown reports whether a text has an unknown part that may contain whole settings.
func holdsUnknown(f *nixconf.File) bool {
	at := 0
	for _, p := range f.Fragment.Pieces {
		from := at
		at += len(p.Text)
		if !p.Opaque {
			continue
		}
		n := sort.Search(len(f.Entries), func(n int) bool { return f.Entries[n].ValueSpan.Start > from })
		if strings.Contains(p.Text, `\`) || n == 0 || f.Entries[n-1].ValueSpan.End < at {
			return true // the backslash may begin an escaped newline
		}
	}
	return false
}

// merger puts together what is in force at one point.
type merger struct {
	img   *Image
	eff   *Effective
	state *state
	at    *Event
	user  string

	which which
	out   *merged
}

// merge merges the sources in the order in which Nix reads them. The first time, it also records in eff what is in
// doubt.
func (m merger) merge(which which) *merged {
	m.which = which
	m.out = m.img.Model.begin(m.eff.Distribution, m.eff.Version)
	if which == possible {
		m.eff = &Effective{}
	}
	m.system()
	m.userFiles()
	m.environment()
	if m.at != nil && m.at.Nix != nil && m.at.Nix.Options != nil {
		m.add(m.at.Nix.Options.File, effective.CommandLine, Origin{"command line", m.at})
	}
	return m.out
}

func (m *merger) add(f *nixconf.File, kind effective.SourceKind, origin Origin) {
	m.out = m.out.with(f, kind, origin)
}

// system adds the system's configuration file. Its parts are one source to Nix.
func (m *merger) system() {
	conf := SystemConf
	if e, ok := m.state.env.Get("NIX_CONF_DIR"); ok {
		if !e.Known {
			m.eff.doubts.files = true
		}
		conf = path.Join(e.Value, "nix.conf")
		if f, _ := m.state.files.Get(conf); f == nil && e.Known {
			m.eff.lost = fmt.Sprintf("NIX_CONF_DIR is %q, so Nix looks for %q, which nothing is known to write",
				e.Value, conf)
			if f, _ := m.state.files.Get(path.Clean(e.Value)); f != nil {
				m.eff.lost = fmt.Sprintf("NIX_CONF_DIR is %q, which is a file, so Nix looks for %q and finds "+
					"nothing", e.Value, conf)
			}
		}
	}
	m.file(conf, effective.SystemFile)
	if path.Dir(conf) == "/etc/nix" && m.state.custom {
		m.file(determinateConf, effective.SystemFile)
	}
}

func (m *merger) file(name string, kind effective.SourceKind) {
	f, _ := m.state.files.Get(name)
	if f == nil {
		return
	}
	m.eff.doubts.files = m.eff.doubts.files || f.doubtful
	if f.maybe.Len() > 0 {
		m.eff.maybe = append(m.eff.maybe, f.maybe)
	}
	m.out = f.mergedOnto(m.out, kind, m.which)
}

// userFiles adds the configuration file of the user that the command runs as.
func (m *merger) userFiles() {
	if m.at != nil && m.at.otherUser {
		m.eff.doubts.files = m.eff.doubts.files || m.state.userFiles // the file may be the other user's
		return
	}
	if e, ok := m.state.env.Get("NIX_USER_CONF_FILES"); ok {
		if !e.Known {
			m.eff.doubts.files = true
		}
		for _, name := range slices.Backward(strings.Split(e.Value, ":")) {
			m.file(name, effective.UserFile)
		}
		return
	}
	home := image.HomeOf(m.user)
	if e, ok := m.state.env.Get("HOME"); ok && e.Known {
		home = e.Value
	}
	dir := path.Join(home, ".config")
	if e, ok := m.state.env.Get("XDG_CONFIG_HOME"); ok && e.Known {
		dir = e.Value
	}
	m.file(path.Join(dir, "nix", "nix.conf"), effective.UserFile)
}

func (m *merger) environment() {
	if m.at != nil && m.at.Env != nil {
		if holdsUnknown(m.at.Env.File) {
			m.eff.doubts.environment = true
		}
		m.add(m.at.Env.File, effective.Environment, Origin{"NIX_CONFIG of the command", m.at})
		return
	}
	if e, ok := m.state.env.Get("NIX_CONFIG"); ok {
		if !e.Known || e.Text == nil {
			m.eff.doubts.environment = true
			return
		}
		m.add(e.Text.File, effective.Environment, Origin{"ENV NIX_CONFIG", e})
	}
}

// canonical returns the canonical name of a setting, without "extra-" where that is a prefix.
func canonical(name string) string {
	if c, ok := canonicalNames.Load(name); ok {
		return c.(string)
	}
	facts, ok := lookupAny(name)
	if !ok {
		return name
	}
	canonicalNames.Store(name, facts.Name)
	return facts.Name
}

// canonicalNames caches the canonical names of settings, by each name that was looked up. Only names that Nix knows are
// stored, so files cannot make it grow.
var canonicalNames sync.Map

// Canonical returns the name that a setting has in effective settings: aliases resolved, and "extra-" removed where it
// is a prefix.
func Canonical(name string) string { return canonical(name) }
