package nixuse

import (
	"bytes"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/effective"
)

// This file replays a timeline up to a point and merges what is in force there.
//
// replay walks the events in order and keeps, for each configuration file, the parts that make it up: a truncating
// write or a removal drops what was there, an appending one adds a part. It keeps the environment in the same way, so
// that the last ENV wins. At the end, merger hands the parts to package effective in the order in which Nix reads them:
// the system's file, the user's files, NIX_CONFIG, the command line.
//
// A write under a condition (Event.Maybe) is not merged: the settings in it are marked in Effective.maybe, and only
// their values are unknown. What may have changed any setting sets one of Effective.doubts instead; Value then returns
// false for all of them, except those that a source assigns which is read later than what is in doubt: nothing in a
// file changes what a command line assigns.
//
// A replay costs one pass over the timeline and one merge. Each is done once and kept in Image.replays.

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

	doubts  doubts
	origins []Origin
	kinds   []effective.SourceKind // of the sources, as origins
	maybe   map[string]bool        // settings that a write under a condition sets

	// possible are the sources with those that are written under a condition, for the trace; empty without any.
	possible        []effective.Source
	possibleOrigins []Origin
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
	if !e.doubts.any() && !e.maybe[name] {
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
	return e.kinds[origins[0].Source]
}

// Names returns the settings that some source sets, or may set, sorted.
func (e *Effective) Names() []string {
	names := e.Settings.Names()
	for name := range e.maybe {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Origins returns where the parts of a setting's value come from, in order; none for a default.
func (e *Effective) Origins(name string) []Origin {
	var out []Origin
	for _, o := range e.Settings.Get(name).Origins {
		if o.Source >= 0 && o.Source < len(e.origins) && !slices.Contains(out, e.origins[o.Source]) {
			out = append(out, e.origins[o.Source])
		}
	}
	return out
}

// nixVersion returns the release of Nix whose behaviour settings in the image are merged for.
func (img *Image) nixVersion() (nixconf.Distribution, nixconf.Version) {
	t := img.targets()[0]
	return t.Distribution, t.To
}

// confFile is the state of one configuration file during a replay.
type confFile struct {
	parts   []part
	unknown bool
}

type part struct {
	file   *nixconf.File
	origin Origin
	maybe  bool
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
	eff := &Effective{maybe: map[string]bool{}}
	eff.Distribution, eff.Version = img.nixVersion()
	files := map[string]*confFile{}
	get := func(p string) *confFile {
		if files[p] == nil {
			files[p] = &confFile{}
		}
		return files[p]
	}
	root := img.Root()
	timeline := img.Timeline()
	if base := root.Base; base != nil {
		if base.Conf != nil {
			get(SystemConf).parts = []part{{file: base.Conf, origin: Origin{Label: base.Name}}}
		}
		if !base.Nix && installedUnseen(timeline, at) {
			eff.doubts.files = true
		}
	} else if !slices.ContainsFunc(timeline, func(e *Event) bool { return e.Nix != nil && e.Nix.Installer != nil }) {
		// Nix runs in an unknown image and nothing installs it, so the image holds Nix with an unknown configuration.
		eff.doubts.files = true
	}
	env := map[string]*Event{}
	for _, e := range timeline {
		if e == at && !after {
			break
		}
		if at == nil {
			user = e.User
		}
		switch e.Kind {
		case Opaque:
			// A script that is read by the shell itself may also set a variable.
			eff.doubts.files = true
			eff.doubts.environment = eff.doubts.environment || at != nil && e.Instruction == at.Instruction
		case SetEnv:
			env[e.Name] = e
		case WriteConfig:
			f := get(e.Path)
			switch {
			case e.Removed && !e.Maybe:
				*f = confFile{}
			case e.Text == nil || e.Maybe && e.Truncate:
				f.unknown = true
			default:
				if e.Truncate && !e.Maybe {
					*f = confFile{}
				}
				f.parts = append(f.parts, part{e.Text.File, Origin{e.Path, e}, e.Maybe})
			}
		}
		if e == at {
			break
		}
	}
	if at != nil {
		eff.doubts.files = eff.doubts.files || at.doubts.files
		eff.doubts.environment = eff.doubts.environment || at.doubts.environment
		eff.doubts.options = at.doubts.options
	}
	m := merger{eff: eff, files: files}
	m.system(env)
	m.user(env, user, at)
	m.environment(env, at)
	if at != nil && at.Nix != nil && at.Nix.Options != nil {
		m.add(at.Nix.Options.File, effective.CommandLine, Origin{"command line", at})
	}
	eff.Settings = effective.Merge(m.sources, eff.Distribution, eff.Version)
	eff.Settings.Platform = "linux"
	eff.Uncertain = eff.doubts.any()
	if len(eff.maybe) > 0 {
		eff.possible, eff.possibleOrigins = m.possible, m.possibleOrigins
	}
	return eff
}

// installedUnseen reports whether, up to an event, Nix runs in an image that began without it and no installer was
// recognised. Whatever installed it may have configured it.
func installedUnseen(timeline []*Event, at *Event) bool {
	for _, e := range timeline {
		if e.Nix != nil {
			return e.Nix.Installer == nil
		}
		if e == at {
			break
		}
	}
	return false
}

// holdsUnknown reports whether a text has an unknown part that may contain whole settings.
func holdsUnknown(f *nixconf.File) bool {
	at := 0
	for _, p := range f.Fragment.Pieces {
		from := at
		at += len(p.Text)
		inValue := func(e *nixconf.Entry) bool { return e.ValueSpan.Start <= from && at <= e.ValueSpan.End }
		if p.Opaque && (strings.Contains(p.Text, `\`) || !slices.ContainsFunc(f.Entries, inValue)) {
			return true // the backslash may begin an escaped newline
		}
	}
	return false
}

type merger struct {
	eff     *Effective
	files   map[string]*confFile
	sources []effective.Source

	possible        []effective.Source // with those under a condition
	possibleOrigins []Origin
}

func (m *merger) add(f *nixconf.File, kind effective.SourceKind, origin Origin) {
	m.sources = append(m.sources, effective.Source{File: f, Kind: kind, Label: origin.Label})
	m.eff.origins = append(m.eff.origins, origin)
	m.eff.kinds = append(m.eff.kinds, kind)
	m.addPossible(f, kind, origin)
}

func (m *merger) addPossible(f *nixconf.File, kind effective.SourceKind, origin Origin) {
	m.possible = append(m.possible, effective.Source{File: f, Kind: kind, Label: origin.Label})
	m.possibleOrigins = append(m.possibleOrigins, origin)
}

// system adds the system's configuration file. Its parts are one source to Nix.
func (m *merger) system(env map[string]*Event) {
	conf := SystemConf
	if e := env["NIX_CONF_DIR"]; e != nil {
		if !e.Known {
			m.eff.doubts.files = true
		}
		conf = path.Join(e.Value, "nix.conf")
	}
	m.file(conf, effective.SystemFile)
	if path.Dir(conf) == "/etc/nix" {
		m.file(determinateConf, effective.SystemFile)
	}
}

func (m *merger) file(name string, kind effective.SourceKind) {
	f := m.files[name]
	if f == nil {
		return
	}
	if f.unknown {
		m.eff.doubts.files = true
	}
	for n, p := range f.parts {
		if holdsUnknown(p.file) {
			m.eff.doubts.files = true
		}
		if n+1 < len(f.parts) {
			m.join(p.file, f.parts[n+1].file)
		}
		if p.maybe {
			for _, entry := range p.file.Entries {
				m.eff.maybe[canonical(entry.Name.Text)] = true
			}
			m.addPossible(p.file, kind, p.origin)
			continue
		}
		m.add(p.file, kind, p.origin)
		if len(p.file.Includes) > 0 && p.origin.Event != nil {
			m.eff.doubts.files = true // what the image holds at the included path is not known
		}
	}
}

// join handles text that is appended to one without a final newline. The last line of the first and the first line of
// the second become one line, so neither setting has the value that is written there.
func (m *merger) join(a, b *nixconf.File) {
	text := a.Fragment.Text
	if len(text) == 0 || bytes.HasSuffix(text, []byte("\n")) || len(b.Fragment.Text) == 0 || len(a.Lines) == 0 ||
		len(b.Lines) == 0 {
		return
	}
	if line := &b.Lines[0]; len(line.Words) == 0 {
		return // only a comment, or the missing newline
	}
	if n := len(a.Entries) - 1; n >= 0 && a.Entries[n].Line == len(a.Lines)-1 {
		m.eff.maybe[canonical(a.Entries[n].Name.Text)] = true
	}
	if len(b.Entries) > 0 && b.Entries[0].Line == 0 {
		m.eff.maybe[canonical(b.Entries[0].Name.Text)] = true
	}
	for _, f := range []*nixconf.File{a, b} {
		for _, i := range f.Includes {
			if f == a && i.Span.Start >= a.Lines[len(a.Lines)-1].Span.Start ||
				f == b && i.Span.Start < b.Lines[0].Span.End {
				m.eff.doubts.files = true
			}
		}
	}
}

// user adds the configuration file of the user that the command runs as.
func (m *merger) user(env map[string]*Event, user string, at *Event) {
	if at != nil && at.otherUser {
		for name := range m.files {
			if path.Dir(name) != "/etc/nix" {
				m.eff.doubts.files = true // the file may be the other user's
			}
		}
		return
	}
	if e := env["NIX_USER_CONF_FILES"]; e != nil {
		if !e.Known {
			m.eff.doubts.files = true
		}
		for _, name := range slices.Backward(strings.Split(e.Value, ":")) {
			m.file(name, effective.UserFile)
		}
		return
	}
	home := image.HomeOf(user)
	if e := env["HOME"]; e != nil && e.Known {
		home = e.Value
	}
	dir := path.Join(home, ".config")
	if e := env["XDG_CONFIG_HOME"]; e != nil && e.Known {
		dir = e.Value
	}
	m.file(path.Join(dir, "nix", "nix.conf"), effective.UserFile)
}

func (m *merger) environment(env map[string]*Event, at *Event) {
	if at != nil && at.Env != nil {
		if holdsUnknown(at.Env.File) {
			m.eff.doubts.environment = true
		}
		m.add(at.Env.File, effective.Environment, Origin{"NIX_CONFIG of the command", at})
		return
	}
	if e := env["NIX_CONFIG"]; e != nil {
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
