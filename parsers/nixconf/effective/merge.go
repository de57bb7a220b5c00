// Package effective merges the nix.conf texts that a Nix command reads into the settings in force, as each release of
// each distribution does.
package effective

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/internal/persistent"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
)

// SourceKind says where Nix found a source, which decides what is allowed in it.
type SourceKind int

const (
	// SystemFile is the nix.conf of the system's configuration directory.
	SystemFile SourceKind = iota
	// UserFile is a nix.conf of the user, or a file that NIX_USER_CONF_FILES names.
	UserFile
	// Environment is the text of the variable NIX_CONFIG. A relative include in it is fatal.
	Environment
	// CommandLine is a text made of --option name value and of flags, one line each. Nix ignores bad values there with
	// a warning.
	CommandLine
	// NixPathVariable means that the variable NIX_PATH is set. It has no File. Since Nix 2.24 the setting nix-path of
	// files is ignored then.
	NixPathVariable
)

// Source is one text that Nix reads settings from.
type Source struct {
	// File is the text, with its includes resolved as far as they are known. Nil means an empty file.
	File *nixconf.File
	// Kind is where Nix found it.
	Kind SourceKind
	// Label names the source for messages, such as "/etc/nix/nix.conf". Merge does not use it.
	Label string
}

// Origin is where a value comes from.
type Origin struct {
	// Source is the index among the sources that were merged.
	Source int
	// File holds the entry. It is Source.File itself, or a file that it includes.
	File  *nixconf.File
	Entry *nixconf.Entry
}

// Element is one word of an effective value.
type Element struct {
	Text string
	// Origin is where the word comes from. Its Entry is nil for a word of the default.
	Origin Origin
	// Span is the word in Origin.File.Fragment; empty for a word of the default.
	Span source.Span
}

// Setting is the value in force of one setting.
type Setting struct {
	// Name is the canonical name. It is "" if the release has no setting of the name that was asked for.
	Name string
	// Facts are those of the release.
	Facts nixconf.Facts
	// Value is the value as `nix config show` prints it: lists with one blank between words, sets and maps sorted,
	// integers without suffix, paths and store URLs in canonical form. It is "auto" for max-jobs = auto, where Nix
	// prints the number of CPUs.
	Value string
	// Words are the words of Value for kinds that have several, and Value itself for all others.
	Words []Element
	// Known says that Value is certain. It is not if opaque text, a line or an include that could not be read may
	// decide it, or if it is a default that the machine decides; then Value and Words hold what is known.
	Known bool
	// Set says that a source set it.
	Set bool
	// Origins are the entries that contribute, in the order in which they apply. The first one may append to the
	// default.
	Origins []Origin
	// Overridden are the entries whose value was replaced or ignored, in the order in which they apply.
	Overridden []Origin
}

// The kinds of Fatal.Kind besides those of source.Problem and ValueErrorKind.
const (
	// FatalIncludeMissing is an include of a file that does not exist.
	FatalIncludeMissing = "include-missing"
	// FatalIncludeCycle is a file that includes itself.
	FatalIncludeCycle = "include-cycle"
	// FatalIncludeRelative is an include in NIX_CONFIG that is not absolute.
	FatalIncludeRelative = "include-relative"
)

// Fatal is the reason why every Nix command fails.
type Fatal struct {
	// Kind is a Kind… constant of problems, a ValueErrorKind, or a Fatal… constant.
	Kind    string
	Message string
	// Source, File and Entry are where it is; Entry is nil unless a value is at fault. Span is in coordinates of
	// File.Fragment.
	Source int
	File   *nixconf.File
	Entry  *nixconf.Entry
	Span   source.Span
	// Value is the error of the value of Entry, or nil.
	Value *nixconf.ValueError
}

// The kinds of Warning.
const (
	// WarnUnknownSetting is an entry for a setting that the release does not have.
	WarnUnknownSetting = "unknown-setting"
	// WarnUnknownFeature is a word of experimental-features that the release does not know.
	WarnUnknownFeature = "unknown-feature"
	// WarnRenamedFeature is no-url-literals since Nix 2.34.
	WarnRenamedFeature = "renamed-feature"
	// WarnGated is a setting that is ignored because an experimental feature is not enabled.
	WarnGated = "gated-setting"
	// WarnDeprecated is a setting that the release calls deprecated.
	WarnDeprecated = "deprecated-setting"
	// WarnDuplicate is a name that a file sets twice, which Lix 2.96 warns about.
	WarnDuplicate = "duplicate-setting"
	// WarnIgnoredValue is a bad value of a CommandLine.
	WarnIgnoredValue = "ignored-value"
)

// Warning is a warning that the release prints.
type Warning struct {
	// Kind is a Warn… constant.
	Kind string
	// Name is the setting as written, or the feature.
	Name string
	// Detail is the feature that a gated setting needs, or the setting to use instead of a deprecated one, or "".
	Detail string
	// Origin is the entry that causes it.
	Origin Origin
	// Span is the name or the word, in Origin.File.Fragment.
	Span source.Span
}

// Settings are the settings in force after sources are merged.
type Settings struct {
	// Distribution and Version are the release that merged them.
	Distribution nixconf.Distribution
	Version      nixconf.Version
	// Fatal is the first thing that makes Nix fail, in the order in which it reads, or nil. The settings are merged
	// anyway, as if what is refused were not there.
	Fatal *Fatal
	// Warnings are what Nix warns about, in order; unknown settings and features once each.
	Warnings []Warning
	// Unknown are the entries for settings that the release does not have. Nix keeps the first of each for plug-ins.
	Unknown []Origin
	// Platform is the system that the settings are for: "linux", "darwin", or "" if that is not known. It decides
	// defaults that differ, such as that of sandbox, and which settings exist: what only macOS has is uncertain where
	// the system is not known. Set after Merge, it decides the defaults alone; see NewStack.
	Platform string

	states persistent.Map[*state]
	// The sequence numbers of the last thing that may have set anything, for all settings and for
	// experimental-features.
	taint, featureTaint int
	gated               bool // see merger
}

// AfterUnknown returns the settings in force where a source of which nothing is known is read before those that were
// merged. It reports false where that may decide more than which values are known, since some entry depends on which
// experimental features are on: then the sources have to be merged after one with an include that is not read. Neither
// the fatal reason nor the warnings are those of such a merge.
func (s *Settings) AfterUnknown() (*Settings, bool) {
	if s.gated {
		return nil, false
	}
	// Such a source only comes before the first entry, so what no entry assigns may have been set there.
	after := *s
	after.taint, after.featureTaint = max(s.taint, 1), max(s.featureTaint, 1)
	return &after, true
}

// state is a setting while it is built. Only the merger that owns it may change it; others take a copy (merger.own).
type state struct {
	owner     *merger
	extended  bool // a copy may have appended to the arrays below, so the next one must not
	facts     nixconf.Facts
	onDefault bool // the words are appended to the default
	words     []Element
	value     string
	known     bool
	assigned  int // sequence number of the last entry that replaced the value
	round     int // the merger's round in which it was set last
	origins   []Origin
	replaced  []Origin
	mounts    persistent.Map[bool] // the paths inside the sandbox that sandbox-paths has
	digest    digest               // of words
}

// Boundaries returns the releases of a distribution in which Merge itself, or what CheckValue refuses, changed for the
// texts of files: those in which includes, or experimental-features, are read in another way only where a text has
// such. Between two of them, releases that know the same of the settings and features in a text merge it alike, but for
// warnings. TestBoundaries of fixers/nixconf fails where one is missing.
func Boundaries(d nixconf.Distribution, includes, features bool) (out []nixconf.Version) {
	add := func(minor int, counts bool) {
		if counts {
			out = append(out, nixconf.Version{Major: 2, Minor: minor})
		}
	}
	switch d {
	case nixconf.Nix:
		add(4, true)
		add(5, true)
		add(16, true)
		add(19, features)
		add(20, includes)
		add(22, includes)
	case nixconf.Lix:
		add(92, includes)
	}
	return out
}

// Merge applies sources in order as release v of d does: later ones replace what earlier ones set, lists too, unless
// they use "extra-". The order for Nix is SystemFile, UserFile (of several, the one that wins is last), Environment,
// CommandLine. A version beyond the newest known release is treated as that release.
//
// Releases differ in what they apply first: since Nix 2.16 experimental features before everything else, in 2.16 to
// 2.19 an included file before the one that includes it; and in 2.20 and 2.21, and Lix 2.90 and 2.91, a file with an
// include is read twice.
func Merge(sources []Source, d nixconf.Distribution, v nixconf.Version) *Settings {
	return merge(begin(d, v), sources)
}

func merge(m *merger, sources []Source) *Settings {
	d, v := m.d, m.v
	for _, s := range sources {
		if s.Kind == NixPathVariable && (d == nixconf.Determinate || d == nixconf.Nix && v.AtLeast(2, 24)) {
			m.ignoreNixPath = true
		}
	}
	for _, s := range sources {
		m.read(s)
	}
	return m.s
}

// Stack is a number of sources that are merged, to which more can be added. A Stack does not change: With gives another
// one, at the cost of the source that it adds, so the settings at every point of a long series of sources cost no more
// than one Merge of them all. It belongs to one goroutine, with all that are made from it.
type Stack struct {
	m *merger
	// extended says that a Stack with one source more has been made, which appends to the arrays of this one.
	extended bool
}

// NewStack returns a Stack without sources, for release v of d on a system, as Settings.Platform has it. A
// NixPathVariable among the sources is ignored.
func NewStack(d nixconf.Distribution, v nixconf.Version, system string) *Stack {
	m := begin(d, v)
	m.s.Platform = system
	return &Stack{m: m}
}

// Settings returns what Merge returns for the sources.
func (k *Stack) Settings() *Settings { return k.m.s }

// With returns a Stack with one source more. Its settings are those of Merge with the source as the last one.
func (k *Stack) With(s Source) *Stack {
	m, settings := *k.m, *k.m.s
	m.s, m.steps = &settings, 0
	if k.extended {
		settings.Warnings, settings.Unknown = slices.Clip(settings.Warnings), slices.Clip(settings.Unknown)
	}
	k.extended = true
	m.read(s)
	return &Stack{m: &m}
}

// Release is a release that merges many texts with much in common, for what they set: it leaves out what is overridden
// and what Nix warns about. It remembers what it knows of settings and of their values, so its size is bounded by that
// of the texts. It belongs to one goroutine.
type Release struct {
	d     nixconf.Distribution
	v     nixconf.Version
	names map[string]*knownName
}

// knownName is what a release knows of a name of a setting.
type knownName struct {
	facts  nixconf.Facts
	ok     bool
	values map[string]*nixconf.ValueError // nil for one that is right
	words  map[string]canonical           // of URLs
}

// canonical is a word as Facts.Canonical returns it.
type canonical struct {
	text string
	ok   bool
}

// NewRelease returns release v of d, which has merged nothing yet.
func NewRelease(d nixconf.Distribution, v nixconf.Version) *Release {
	return &Release{d, v, map[string]*knownName{}}
}

// Merge is the function Merge for the release, but for Setting.Overridden and Settings.Warnings, and where a line is
// repeated, an entry of Setting.Origins may be any of them.
func (r *Release) Merge(sources []Source) *Settings {
	m := begin(r.d, r.v)
	m.known = r
	return merge(m, sources)
}

// Lookup is nixconf.Lookup for the release. The facts must not be changed.
func (r *Release) Lookup(name string) (*nixconf.Facts, bool) {
	k := r.name(name)
	return &k.facts, k.ok
}

// Check is nixconf.CheckValue for the value of an entry whose setting the release has.
func (r *Release) Check(e *nixconf.Entry) *nixconf.ValueError {
	k := r.name(e.Name.Text)
	err, ok := k.values[e.Value]
	if !ok {
		err = nixconf.CheckValue(k.facts, r.v, r.d, e.Value, e.Words)
		k.values[e.Value] = err
	}
	return err
}

func (r *Release) name(name string) *knownName {
	k := r.names[name]
	if k == nil {
		k = &knownName{values: map[string]*nixconf.ValueError{}, words: map[string]canonical{}}
		k.facts, k.ok = nixconf.Lookup(r.d, r.v, name)
		r.names[name] = k
	}
	return k
}

type merger struct {
	known         *Release // nil for one that merges once
	s             *Settings
	d             nixconf.Distribution
	v             nixconf.Version
	source        int
	kind          SourceKind // of the last source
	ignoreNixPath bool
	round         int // begins anew with the sources that come after the system's files
	seq           int
	taint         int  // last sequence number at which any setting may have been set
	featureTaint  int  // the same for experimental-features
	steps         int  // bounds the re-reading of includes
	gated         bool // some entry depended on which experimental features are on
	last          applied
	unknown       persistent.Map[bool]
	badFeatures   persistent.Map[bool]
}

// applied is the last entry that was applied, and its sequence number.
type applied struct {
	step
	seq int
}

func begin(d nixconf.Distribution, v nixconf.Version) *merger {
	return &merger{s: &Settings{Distribution: d, Version: v}, d: d, v: v, source: -1, round: 1}
}

// read merges one source more.
func (m *merger) read(s Source) {
	if s.File != nil && s.Kind != SystemFile && m.source >= 0 && m.kind == SystemFile {
		m.round++
	}
	m.source++
	m.kind = s.Kind
	if s.File != nil {
		m.merge(s.File)
	}
	m.s.taint, m.s.featureTaint, m.s.gated = m.taint, m.featureTaint, m.gated
}

// own returns the state of a setting for the merger to change. The setting begins as first says if nothing set it yet.
func (m *merger) own(name string, first state) *state {
	st, ok := m.s.states.Get(name)
	if ok && st.owner == m {
		return st
	}
	c := first
	if ok {
		c = *st
		if st.extended {
			c.words, c.origins, c.replaced = slices.Clip(c.words), slices.Clip(c.origins), slices.Clip(c.replaced)
		}
		st.extended, c.extended = true, false
	}
	c.owner = m
	m.s.states = m.s.states.With(name, &c)
	return &c
}

// step is what one line of a file does after includes are expanded.
type step struct {
	file  *nixconf.File
	entry *nixconf.Entry // nil for something that may do anything
}

// order is how a release expands includes and when it applies entries.
type order int

const (
	lineByLine order = iota // every line is applied when it is read
	fileByFile              // every file is applied when it has been read: included ones first
	rereading               // includes are expanded, but the including file is read again for them
	expanded                // includes are expanded in place
)

func (m *merger) order() order {
	switch {
	case m.d == nixconf.Lix && !m.v.AtLeast(2, 92):
		return rereading
	case m.d != nixconf.Nix || m.v.AtLeast(2, 22):
		return expanded
	case m.v.AtLeast(2, 20):
		return rereading
	case m.v.AtLeast(2, 16):
		return fileByFile
	}
	return lineByLine
}

func (m *merger) merge(f *nixconf.File) {
	if m.kind == CommandLine {
		m.walk(f, walker{
			entry:   func(e *nixconf.Entry) { m.apply(step{f, e}) },
			unknown: func() { m.apply(step{file: f}) },
		})
		return
	}
	switch m.order() {
	case lineByLine:
		m.lineByLine(f, true)
	case fileByFile:
		m.fileByFile(f, true)
	case rereading:
		steps := make([]step, 0, len(f.Entries)+len(f.UnknownLines()))
		m.reread(f, f, "", &steps)
		m.applyAll(steps)
	case expanded:
		steps := make([]step, 0, len(f.Entries)+len(f.UnknownLines()))
		m.expand(f, true, &steps)
		m.applyAll(steps)
	}
}

// walker is what walk calls for each part of a file.
type walker struct {
	entry   func(*nixconf.Entry)
	include func(*nixconf.Include)
	unknown func()
}

// walk goes through the parts of f in the order of the text.
func (m *merger) walk(f *nixconf.File, w walker) {
	entries, includes, unknown, problems := f.Entries, f.Includes, f.UnknownLines(), f.Problems
	const none = int(^uint(0) >> 1)
	for {
		e, i, u, p := none, none, none, none
		if len(entries) > 0 {
			e = entries[0].Span.Start
		}
		if len(includes) > 0 {
			i = includes[0].Span.Start
		}
		if len(unknown) > 0 {
			u = f.Lines[unknown[0]].Span.Start
		}
		if len(problems) > 0 {
			p = problems[0].Span.Start
		}
		switch next := min(e, i, u, p); next {
		case none:
			return
		case e:
			w.entry(entries[0])
			entries = entries[1:]
		case i:
			if w.include != nil {
				w.include(&includes[0])
			}
			includes = includes[1:]
		case u:
			w.unknown()
			unknown = unknown[1:]
		case p:
			// The lines of a command line are not Nix's own.
			if m.kind != CommandLine {
				m.fatal(Fatal{Kind: problems[0].Kind, Message: problems[0].Message, File: f, Span: problems[0].Span})
			}
			problems = problems[1:]
		}
	}
}

func (m *merger) fatal(f Fatal) {
	if m.s.Fatal == nil {
		f.Source = m.source
		m.s.Fatal = &f
	}
}

// include checks an include line of f. The result says whether the file is read, or may be. top says that f is the
// source itself.
func (m *merger) include(f *nixconf.File, inc *nixconf.Include, top bool) (state nixconf.IncludeState, ok bool) {
	p := inc.Path.Text
	lix := m.d == nixconf.Lix && m.v.AtLeast(2, 92)
	switch {
	case !f.Known(inc.Path.Span):
		return nixconf.NotRead, true
	case top && m.kind == Environment && (lix || !strings.HasPrefix(p, "/")):
		message := fmt.Sprintf("an include in NIX_CONFIG needs an absolute path, not %s", nixconf.Quote(p))
		if lix {
			message = fmt.Sprintf("NIX_CONFIG cannot include files, but includes %s", nixconf.Quote(p))
		}
		m.fatal(Fatal{Kind: FatalIncludeRelative, Message: message, File: f, Span: inc.Span})
		return nixconf.NotRead, false
	case lix && strings.HasPrefix(p, "~"):
		if m.kind != UserFile || !strings.HasPrefix(p, "~/") {
			m.fatal(Fatal{Kind: FatalIncludeRelative,
				Message: fmt.Sprintf("the path of an include cannot begin with ~ here, as %s does", nixconf.Quote(p)),
				File:    f, Span: inc.Span})
			return nixconf.NotRead, false
		}
		return nixconf.NotRead, true
	}
	switch inc.State {
	case nixconf.Missing:
		if !inc.Optional {
			m.fatal(Fatal{Kind: FatalIncludeMissing,
				Message: fmt.Sprintf("included file %s does not exist; every Nix command fails", nixconf.Quote(p)),
				File:    f, Span: inc.Span})
		}
		return nixconf.Missing, false
	case nixconf.Cycle:
		m.fatal(Fatal{Kind: FatalIncludeCycle,
			Message: fmt.Sprintf("%s includes itself; every Nix command crashes", nixconf.Quote(p)), File: f,
			Span: inc.Span})
		return nixconf.Cycle, false
	case nixconf.Unreadable:
		return nixconf.Unreadable, false
	case nixconf.Read:
		return nixconf.Read, inc.File != nil
	}
	return nixconf.NotRead, true
}

func (m *merger) lineByLine(f *nixconf.File, top bool) {
	m.walk(f, walker{
		entry:   func(e *nixconf.Entry) { m.apply(step{f, e}) },
		unknown: func() { m.apply(step{file: f}) },
		include: func(inc *nixconf.Include) {
			switch state, ok := m.include(f, inc, top); {
			case !ok:
			case state == nixconf.Read:
				m.lineByLine(inc.File, false)
			default:
				m.apply(step{file: f})
			}
		},
	})
}

func (m *merger) fileByFile(f *nixconf.File, top bool) {
	steps := make([]step, 0, len(f.Entries)+len(f.UnknownLines()))
	m.walk(f, walker{
		entry:   func(e *nixconf.Entry) { steps = append(steps, step{f, e}) },
		unknown: func() { steps = append(steps, step{file: f}) },
		include: func(inc *nixconf.Include) {
			switch state, ok := m.include(f, inc, top); {
			case !ok:
			case state == nixconf.Read:
				m.fileByFile(inc.File, false)
			default:
				m.apply(step{file: f})
			}
		},
	})
	m.applyAll(steps)
}

func (m *merger) expand(f *nixconf.File, top bool, steps *[]step) {
	var seen map[string]bool
	m.walk(f, walker{
		entry: func(e *nixconf.Entry) {
			*steps = append(*steps, step{f, e})
			if m.d != nixconf.Lix || !m.v.AtLeast(2, 96) || m.known != nil {
				return
			}
			name := e.Name.Text
			if seen[name] && (!strings.HasPrefix(name, "extra-") || name == "extra-platforms" ||
				name == "extra-local-jobs") {
				m.warn(Warning{Kind: WarnDuplicate, Name: name, Origin: Origin{m.source, f, e}, Span: e.Name.Span})
			}
			if seen == nil {
				seen = map[string]bool{}
			}
			seen[name] = true
		},
		unknown: func() { *steps = append(*steps, step{file: f}) },
		include: func(inc *nixconf.Include) {
			switch state, ok := m.include(f, inc, top); {
			case !ok:
			case state == nixconf.Read:
				m.expand(inc.File, false, steps)
			default:
				*steps = append(*steps, step{file: f})
			}
		},
	})
}

// maxRereads bounds the number of steps of reread, which may double with every level of includes.
const maxRereads = 10000

// reread expands the includes of content as Nix 2.20 and 2.21 do, which believe that the text is the file at: for each
// include they read at again instead of the included file, and believe that this text is the included file. Only the
// includes of that second reading bring in the included files. place is the path of at, or "" for a source; at is nil
// for something that cannot be read.
func (m *merger) reread(content, at *nixconf.File, place string, steps *[]step) {
	if m.steps++; m.steps > maxRereads {
		*steps = append(*steps, step{file: content})
		return
	}
	top := place == ""
	m.walk(content, walker{
		entry:   func(e *nixconf.Entry) { *steps = append(*steps, step{content, e}) },
		unknown: func() { *steps = append(*steps, step{file: content}) },
		include: func(inc *nixconf.Include) {
			state, ok := m.include(content, inc, top)
			switch {
			case !ok && state != nixconf.Unreadable:
			case state == nixconf.NotRead:
				*steps = append(*steps, step{file: content})
			case !top && inc.From(place) != inc.Target:
				// The second reading resolves the path from another directory, which most likely has no such file.
				if !inc.Optional {
					m.fatal(Fatal{Kind: FatalIncludeMissing,
						Message: fmt.Sprintf(
							"Nix looks for included file %s in another directory the second time; every Nix command "+
								"fails", nixconf.Quote(inc.Path.Text)), File: content, Span: inc.Span})
				}
			case top && m.kind == Environment, at == nil:
				// There is no file to read again, which Nix ignores.
			default:
				m.reread(at, inc.File, inc.Target, steps)
			}
		},
	})
}

func isFeatures(name string) bool {
	return name == "experimental-features" || name == "extra-experimental-features"
}

// applyAll applies the features among the steps, then the rest.
func (m *merger) applyAll(steps []step) {
	for _, s := range steps {
		switch {
		case s.entry == nil:
			m.seq++
			m.featureTaint = m.seq
		case isFeatures(s.entry.Name.Text):
			m.apply(s)
		}
	}
	for _, s := range steps {
		switch {
		case s.entry == nil:
			m.seq++
			m.taint = m.seq
		case !isFeatures(s.entry.Name.Text):
			m.apply(s)
		}
	}
}

func (m *merger) warn(w Warning) {
	if m.known == nil {
		m.s.Warnings = append(m.s.Warnings, w)
	}
}

// repeats reports whether a step does what the last one did, with nothing between them: then it changes nothing, since
// what is not appended replaces the same value by itself, and nothing has decided otherwise about features since.
func (m *merger) repeats(s step) bool {
	last := m.last
	m.last = applied{s, m.seq}
	return last.entry != nil && last.seq == m.seq-1 && last.entry.Name.Text == s.entry.Name.Text &&
		last.entry.Value == s.entry.Value && !strings.HasPrefix(s.entry.Name.Text, "extra-") &&
		last.file.Known(last.entry.Span) && s.file.Known(s.entry.Span)
}

// apply does what one entry does.
func (m *merger) apply(s step) {
	m.seq++
	if s.entry == nil {
		m.taint, m.featureTaint = m.seq, m.seq
		return
	}
	e := s.entry
	name := e.Name.Text
	if m.known != nil && m.repeats(s) {
		return
	}
	origin := Origin{m.source, s.file, e}
	var found nixconf.Facts
	facts, ok := &found, false
	if m.known != nil {
		facts, ok = m.known.Lookup(name)
	} else {
		found, ok = nixconf.Lookup(m.d, m.v, name)
	}
	here := facts.On(m.s.Platform)
	if !ok || !here && m.s.Platform != "" {
		if !m.unknown.Has(name) {
			m.unknown = m.unknown.With(name, true)
			m.s.Unknown = append(m.s.Unknown, origin)
			m.warn(Warning{Kind: WarnUnknownSetting, Name: name, Origin: origin, Span: e.Name.Span})
		}
		return
	}
	st, ok := m.s.states.Get(facts.Name)
	if !ok || st.owner != m {
		first := state{facts: *facts, onDefault: true, known: true}
		first.facts.Written, first.facts.Alias, first.facts.Extra = facts.Name, false, false
		st = m.own(facts.Name, first)
	}
	if facts.Name == "nix-path" && m.ignoreNixPath && m.kind != CommandLine {
		m.override(st, origin)
		st.known = false
		return
	}
	certain := here
	if facts.Gate != "" {
		on, known := m.feature(facts.Gate)
		certain = certain && known
		if known && !on {
			m.override(st, origin)
			m.warn(Warning{Kind: WarnGated, Name: name, Detail: facts.Gate, Origin: origin, Span: e.Name.Span})
			return
		}
	}
	literal := s.file.Known(e.ValueSpan)
	if literal {
		if err := m.check(facts, e); err != nil && err.Fatal {
			m.override(st, origin)
			if m.kind == CommandLine && err.Kind != nixconf.RelativePath {
				m.warn(Warning{Kind: WarnIgnoredValue, Name: name, Origin: origin, Span: e.ValueSpan})
			} else if certain {
				m.fatal(Fatal{Kind: string(err.Kind), Message: err.Message, File: s.file, Entry: e, Span: e.Span,
					Value: err})
			}
			return
		}
	}
	if facts.Deprecated {
		m.warn(Warning{Kind: WarnDeprecated, Name: name, Detail: facts.Replacement, Origin: origin, Span: e.Name.Span})
	}
	m.set(st, facts, origin, literal, certain)
	if facts.Replacement != "" {
		m.setReplacement(facts.Replacement, st, origin)
	}
}

// override records that entries have no effect.
func (m *merger) override(st *state, entries ...Origin) {
	if m.known == nil {
		st.replaced = append(st.replaced, entries...)
	}
}

// check checks the value of e, including where its source matters.
func (m *merger) check(f *nixconf.Facts, e *nixconf.Entry) *nixconf.ValueError {
	var err *nixconf.ValueError
	if m.known != nil {
		err = m.known.Check(e)
	} else {
		err = nixconf.CheckValue(*f, m.v, m.d, e.Value, e.Words)
	}
	if err != nil {
		return err
	}
	if m.d != nixconf.Lix || !f.RelativeToFile {
		return nil
	}
	words := []string{e.Value}
	if f.Paths {
		words = words[:0]
		for _, w := range e.Words {
			words = append(words, w.Text)
		}
	}
	for _, p := range words {
		switch {
		case p == "" || strings.HasPrefix(p, "/"):
		case strings.HasPrefix(p, "~"):
			if m.kind != UserFile || !strings.HasPrefix(p, "~/") {
				return &nixconf.ValueError{Kind: nixconf.RelativePath, Fatal: true, Word: -1,
					Message: fmt.Sprintf("the path of setting %s cannot begin with ~ here, as %s does", f.Quoted(),
						nixconf.Quote(p))}
			}
		case m.kind != SystemFile && m.kind != UserFile:
			return &nixconf.ValueError{Kind: nixconf.RelativePath, Fatal: true, Word: -1,
				Message: fmt.Sprintf("outside a file, setting %s takes an absolute path, not %s", f.Quoted(),
					nixconf.Quote(p))}
		}
	}
	return nil
}

// feature reports whether an experimental feature is on at this point, and whether that is certain.
func (m *merger) feature(name string) (on, certain bool) {
	if _, stable := m.d.HasFeature(m.v, name); stable {
		return true, true
	}
	m.gated = true
	st, ok := m.s.states.Get("experimental-features")
	if !ok {
		return false, m.featureTaint == 0
	}
	on = slices.ContainsFunc(st.words, func(e Element) bool { return e.Text == name })
	return on, on && m.featureTaint <= st.assigned || st.known && m.featureTaint <= st.assigned
}

// set gives st the value of an entry. literal says that the value holds no opaque text, and certain that the entry is
// applied at all.
func (m *merger) set(st *state, facts *nixconf.Facts, origin Origin, literal, certain bool) {
	e := origin.Entry
	st.round = m.round
	if !facts.Extra {
		m.override(st, st.origins...)
		if m.known != nil { // the only one that has these arrays
			st.origins, st.words = st.origins[:0], st.words[:0]
		} else {
			st.origins, st.words = nil, nil
		}
		st.mounts, st.digest = persistent.Map[bool]{}, digest{}
		st.onDefault = false
		st.known = true
		st.assigned = m.seq
	}
	st.origins = append(st.origins, origin)
	st.known = st.known && literal && certain
	switch {
	case facts.Kind == nixconf.KindFeatures || facts.DeprecatedFeatures:
		m.addFeatures(st, facts, origin)
	case facts.Kind == nixconf.KindMap:
		for _, w := range e.Words {
			if strings.Contains(w.Text, "=") {
				m.add(st, facts, origin, w)
			}
		}
	case facts.Mounts:
		m.addMounts(st, origin)
	case facts.HasWords():
		for _, w := range e.Words {
			m.add(st, facts, origin, w)
		}
	default:
		st.value, literal = facts.Canonical(e.Value)
		st.known = st.known && literal
		if m.known == nil {
			st.words = nil
		}
		st.words = append(st.words[:0], Element{Text: st.value, Origin: origin, Span: e.ValueSpan})
	}
}

// canonical is facts.Canonical for a word of the value of an entry.
func (m *merger) canonical(facts *nixconf.Facts, e *nixconf.Entry, word string) (string, bool) {
	if m.known == nil {
		return facts.Canonical(word)
	}
	k := m.known.name(e.Name.Text)
	c, ok := k.words[word]
	if !ok {
		c.text, c.ok = facts.Canonical(word)
		k.words[word] = c
	}
	return c.text, c.ok
}

// add adds one word to a list or a set; words of opaque text are left out.
func (m *merger) add(st *state, facts *nixconf.Facts, origin Origin, w nixconf.Word) {
	if !origin.File.Known(w.Span) {
		return
	}
	text := w.Text
	if facts.Kind == nixconf.KindURLs {
		var ok bool
		if text, ok = m.canonical(facts, origin.Entry, text); !ok {
			st.known = false
		}
	}
	// The list stays short, as every gated setting searches it.
	if facts.Kind == nixconf.KindFeatures &&
		slices.ContainsFunc(st.words, func(e Element) bool { return e.Text == text }) {
		return
	}
	st.words = append(st.words, Element{Text: text, Origin: origin, Span: w.Span})
	st.digest.add(facts, text)
}

func (m *merger) addFeatures(st *state, facts *nixconf.Facts, origin Origin) {
	for _, w := range origin.Entry.Words {
		if !origin.File.Known(w.Span) {
			continue
		}
		known, stable := true, false
		if facts.Kind == nixconf.KindFeatures {
			known, stable = m.d.HasFeature(m.v, w.Text)
			known = known || m.d == nixconf.Nix && !m.v.AtLeast(2, 5)
		} else {
			known = m.d.HasDeprecatedFeature(m.v, w.Text)
		}
		switch {
		case !known && w.Text == "no-url-literals" && facts.Kind == nixconf.KindFeatures && m.d != nixconf.Lix:
			m.warn(Warning{Kind: WarnRenamedFeature, Name: w.Text, Detail: "lint-url-literals", Origin: origin,
				Span: w.Span})
		case !known:
			if !m.badFeatures.Has(w.Text) {
				m.badFeatures = m.badFeatures.With(w.Text, true)
				m.warn(Warning{Kind: WarnUnknownFeature, Name: w.Text, Origin: origin, Span: w.Span})
			}
		case stable:
		default:
			m.add(st, facts, origin, w)
			// Since fetch-tree became a feature of its own, flakes enables it.
			if w.Text == "flakes" && m.d == nixconf.Nix && m.v.AtLeast(2, 19) {
				m.add(st, facts, origin, nixconf.Word{Text: "fetch-tree", Span: w.Span})
			}
		}
	}
}

// addMounts adds the words of sandbox-paths. Within one value the last word for a path wins, in the order of their
// bytes; an appended value does not replace what is there.
func (m *merger) addMounts(st *state, origin Origin) {
	words := slices.Clone(origin.Entry.Words)
	slices.SortStableFunc(words, func(a, b nixconf.Word) int { return strings.Compare(a.Text, b.Text) })
	here, before := map[string]int{}, len(st.words)
	for _, w := range words {
		if !origin.File.Known(w.Span) {
			continue
		}
		inside, text := parseMount(w.Text)
		n := Element{Text: text, Origin: origin, Span: w.Span}
		if i, ok := here[inside]; ok {
			st.words[i] = n
		} else if !st.mounts.Has(inside) {
			here[inside] = len(st.words)
			st.words = append(st.words, n)
		}
	}
	for _, w := range st.words[before:] {
		st.digest.add(&st.facts, w.Text)
	}
	for inside := range here {
		st.mounts = st.mounts.With(inside, true)
	}
}

// parseMount splits inside[=outside][?] and returns it as Nix prints it.
func parseMount(s string) (inside, text string) {
	optional := ""
	if rest, ok := strings.CutSuffix(s, "?"); ok {
		s, optional = rest, "?"
	}
	inside, outside, ok := strings.Cut(s, "=")
	if !ok || inside == outside {
		return inside, inside + optional
	}
	return inside, inside + "=" + outside + optional
}

// setReplacement applies the value of a deprecated setting to the one that replaces it.
func (m *merger) setReplacement(name string, old *state, origin Origin) {
	facts, ok := nixconf.Lookup(m.d, m.v, name)
	if !ok {
		return
	}
	if st, ok := m.s.states.Get(facts.Name); ok && st.round == m.round {
		return
	}
	st := m.own(facts.Name, state{facts: facts})
	st.value = "ignore"
	if old.value == "true" {
		st.value = "warn"
	}
	st.known, st.onDefault, st.assigned = old.known, false, m.seq
	st.words = []Element{{Text: st.value, Origin: origin, Span: origin.Entry.ValueSpan}}
	m.override(st, st.origins...)
	st.origins = []Origin{origin}
}
