package nixuse

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/internal/persistent"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/effective"
)

// This file keeps what a timeline has left at each of its points: the configuration files and the variables that Nix
// may read. A state never changes; the next one shares almost all of its memory, so all states of a timeline cost
// little more than the last.

// state is what the events up to a point have left.
type state struct {
	files     persistent.Map[*confFile] // by path; nil for one that was removed
	userFiles bool                      // a file outside /etc/nix was written
	env       persistent.Map[*Event]    // the SetEnv events in force, by variable
	opaque    *Event                    // the last Opaque event
	firstNix  *Event                    // the first event of a command of Nix
	installs  bool                      // an installer of Nix has run
	custom    bool                      // the system's file may include nix.custom.conf
	user      string                    // as of the last event
}

// confFile is a configuration file at a point: what one write added to the file as it was before.
type confFile struct {
	before *confFile // nil for an empty file
	text   *nixconf.File
	origin Origin
	// maybe are the settings that may have been set, under a condition or on a line that two texts share.
	maybe persistent.Map[bool]
	// conditional says that text may not have been written, doubtful that the file may hold more than what is known.
	conditional, doubtful bool

	memo [2]memo
}

// which says which writes are merged: those that surely happen, or also those under a condition.
type which int

const (
	certain which = iota
	possible
)

// memo is the result of mergedOnto for the last base that it was asked for.
type memo struct {
	base *merged
	kind effective.SourceKind
	out  *merged
}

// merged are sources that were merged.
type merged struct {
	model   *Model
	stack   *effective.Stack
	sources *sources
}

// sources are sources in the order in which Nix reads them: the last one, and those before it. Many lists share what
// they begin with. They do not hold the merges of those before, which need much more memory.
type sources struct {
	count  int
	origin Origin
	kind   effective.SourceKind
	before *sources // without the last one, nil where there is none
	jump   *sources // one with fewer, so far off that at takes few steps; itself where there is none
}

// at returns the sources up to the one with an index, nil where there is none.
func (s *sources) at(index int) *sources {
	if index < 0 || index >= s.count {
		return nil
	}
	for s.count != index+1 {
		if s.jump.count > index {
			s = s.jump
		} else {
			s = s.before
		}
	}
	return s
}

// with returns the sources and one more.
func (s *sources) with(kind effective.SourceKind, origin Origin) *sources {
	next := &sources{count: s.count + 1, origin: origin, kind: kind, before: s, jump: s}
	// Two jumps of one length are followed by one over both, so the jumps from any count take its logarithm.
	if far := s.jump; s.count-far.count == far.count-far.jump.count {
		next.jump = far.jump
	}
	return next
}

// maxMerges bounds the merges of a Dockerfile. They stay in proportion to its length unless it changes the system's
// file and a user's file by turns: 500 times take half a second, and no more is merged. Then what is in force is
// unknown, and the run says so.
const maxMerges = 1 << 18

// Exhausted reports whether maxMerges was reached, so some settings that were asked for count as unknown.
func (m *Model) Exhausted() bool { return m.merges > maxMerges }

// begin returns the merge of no sources, for a release of Nix; it is the same for all images of that release.
func (m *Model) begin(d nixconf.Distribution, v nixconf.Version) *merged {
	key := release{d, v}
	if m.empty[key] == nil {
		if m.empty == nil {
			m.empty = map[release]*merged{}
		}
		none := &sources{}
		none.jump = none
		m.empty[key] = &merged{m, effective.NewStack(d, v, "linux"), none}
	}
	return m.empty[key]
}

// release is a release of a distribution of Nix.
type release struct {
	distribution nixconf.Distribution
	version      nixconf.Version
}

// with merges one source more.
func (m *merged) with(f *nixconf.File, kind effective.SourceKind, origin Origin) *merged {
	if m.model.merges++; m.model.merges > maxMerges {
		return m
	}
	stack := m.stack.With(effective.Source{File: f, Kind: kind, Label: origin.Label})
	return &merged{m.model, stack, m.sources.with(kind, origin)}
}

// mergedOnto merges the texts of the file onto what Nix reads before it.
func (f *confFile) mergedOnto(base *merged, kind effective.SourceKind, which which) *merged {
	var todo []*confFile
	at := f
	for at != nil && (at.memo[which].base != base || at.memo[which].kind != kind) {
		todo = append(todo, at)
		at = at.before
	}
	out := base
	if at != nil {
		out = at.memo[which].out
	}
	for _, at := range slices.Backward(todo) {
		if at.text != nil && (!at.conditional || which == possible) {
			out = out.with(at.text, kind, at.origin)
		}
		at.memo[which] = memo{base, kind, out}
	}
	return out
}

// append returns the file after a write that keeps what is there.
func (f *confFile) append(text *nixconf.File, origin Origin, conditional bool) *confFile {
	next := &confFile{before: f, text: text, origin: origin, conditional: conditional}
	if f != nil {
		next.maybe, next.doubtful = f.maybe, f.doubtful
		if last := f.lastText(); last != nil {
			next.join(last, text)
		}
	}
	next.doubtful = next.doubtful || holdsUnknown(text)
	if conditional {
		for _, entry := range text.Entries {
			next.mayBe(entry)
		}
	} else if len(text.Includes) > 0 && origin.Event != nil {
		next.doubtful = true // what the image holds at the included path is not known
	}
	return next
}

// unknown returns the file after a write whose text is not known.
func (f *confFile) unknown() *confFile {
	next := &confFile{before: f, doubtful: true}
	if f != nil {
		next.maybe = f.maybe
	}
	return next
}

// lastText returns the last text that is known.
func (f *confFile) lastText() *nixconf.File {
	for f != nil && f.text == nil {
		f = f.before
	}
	if f == nil {
		return nil
	}
	return f.text
}

func (f *confFile) mayBe(entry *nixconf.Entry) {
	if name := canonical(entry.Name.Text); !f.maybe.Has(name) {
		f.maybe = f.maybe.With(name, true)
	}
}

// join handles text that is appended to one without a final newline. The last line of the first and the first line of
// the second become one line, so neither setting has the value that is written there.
func (f *confFile) join(a, b *nixconf.File) {
	text := a.Fragment.Text
	if len(text) == 0 || bytes.HasSuffix(text, []byte("\n")) || len(b.Fragment.Text) == 0 || len(a.Lines) == 0 ||
		len(b.Lines) == 0 {
		return
	}
	if line := &b.Lines[0]; len(line.Words) == 0 {
		return // only a comment, or the missing newline
	}
	if n := len(a.Entries) - 1; n >= 0 && a.Entries[n].Line == len(a.Lines)-1 {
		f.mayBe(a.Entries[n])
	}
	if len(b.Entries) > 0 && b.Entries[0].Line == 0 {
		f.mayBe(b.Entries[0])
	}
	for _, text := range []*nixconf.File{a, b} {
		for _, i := range text.Includes {
			if text == a && i.Span.Start >= a.Lines[len(a.Lines)-1].Span.Start ||
				text == b && i.Span.Start < b.Lines[0].Span.End {
				f.doubtful = true
			}
		}
	}
}

// after returns the state after an event.
func (s state) after(e *Event) *state {
	s.user = e.User
	if e.Nix != nil {
		s.installs = s.installs || e.Nix.Installer != nil
		if s.firstNix == nil {
			s.firstNix = e
		}
	}
	switch e.Kind {
	case Opaque:
		s.opaque, s.custom = e, true
	case SetEnv:
		s.env = s.env.With(e.Name, e)
	case WriteConfig:
		if e.Path == SystemConf && !e.Maybe {
			s.custom = e.includesCustom(s.custom)
		}
		f, _ := s.files.Get(e.Path)
		switch {
		case e.Removed && !e.Maybe:
			f = nil
		case e.Text == nil || e.Maybe && e.Truncate:
			f = f.unknown()
		default:
			if e.Truncate && !e.Maybe {
				f = nil
			}
			f = f.append(e.Text.File, Origin{e.Path, e}, e.Maybe)
		}
		s.files = s.files.With(e.Path, f)
		s.userFiles = s.userFiles || path.Dir(e.Path) != "/etc/nix"
	}
	return &s
}

// includesCustom reports whether the system's file may include nix.custom.conf after a write to it, given whether it
// may before.
func (e *Event) includesCustom(before bool) bool {
	switch {
	case e.Removed:
		return false
	case e.Text == nil:
		return true
	case !e.Truncate && before, e.includes:
		return true
	}
	return holdsUnknown(e.Text.File) || slices.ContainsFunc(e.Text.Includes, func(i nixconf.Include) bool {
		return strings.HasSuffix(i.Path.Text, path.Base(determinateConf))
	})
}

// stateAt returns the state just before an event of the timeline of the image, or just after it; that at the end for
// nil and for what is no part of the timeline.
func (img *Image) stateAt(at *Event, after bool) *state {
	img.makeStates()
	switch {
	case at == nil || at.states[0] == nil:
		return img.end
	case after:
		return at.states[1]
	}
	return at.states[0]
}

// makeStates makes the states of the image and of those that it is based on.
func (img *Image) makeStates() {
	var todo []*Image
	for at := img; at != nil && at.end == nil; at = at.Parent {
		todo = append(todo, at)
	}
	for _, at := range slices.Backward(todo) {
		st := &state{}
		if at.Parent != nil {
			st = at.Parent.end
		} else if st.custom = at.Base == nil; at.Base != nil && at.Base.Conf != nil {
			var f *confFile
			st.files = st.files.With(SystemConf, f.append(at.Base.Conf, Origin{Label: at.Base.Name}, false))
		}
		for _, e := range at.Events {
			next := st.after(e)
			e.states = [2]*state{st, next}
			st = next
		}
		at.end = st
	}
}
