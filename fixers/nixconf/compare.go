// Package nixconf edits nix.conf text in terms of settings and lines, wherever it is, and proves that an edited text
// still gives the same settings.
package nixconf

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/effective"
	"github.com/sandlint/sandlint/parsers/source"
)

// Settings declares that the effective values of settings, by canonical name, may change.
type Settings []string

// Allows implements fixers.Change.
func (s Settings) Allows() string { return "the settings " + fixers.Enumerate(s) }

// Overridden declares that settings, by canonical name, may change in the text that is edited, since a text that is
// read later assigns them. What a Nix command of the file sees stays the same.
type Overridden []string

// Allows implements fixers.Change.
func (s Overridden) Allows() string {
	return "the settings " + fixers.Enumerate(s) + " of a text before the last"
}

// Rights declares that the fix may give users or keys more rights, which no safe fix does.
type Rights struct{}

// Allows implements fixers.Change.
func (Rights) Allows() string { return "who may use Nix, and which keys and caches it trusts" }

// rights are the settings that list those whom Nix trusts.
var rights = []string{"trusted-users", "allowed-users", "trusted-public-keys", "trusted-substituters"}

// Memory is what comparisons of texts with much in common share: what releases know of the settings and values in them.
// It grows with the texts, so it is kept for the proofs of one set of files. It belongs to one goroutine.
type Memory struct {
	releases map[releaseKey]*effective.Release
	chosen   map[string][]nixconf.Version // see representatives
	compared map[string]string            // see CompareTexts
}

type releaseKey struct {
	distribution nixconf.Distribution
	version      nixconf.Version
}

// NewMemory returns a Memory of nothing.
func NewMemory() *Memory {
	return &Memory{map[releaseKey]*effective.Release{}, map[string][]nixconf.Version{}, map[string]string{}}
}

func (m *Memory) release(d nixconf.Distribution, v nixconf.Version, kind effective.SourceKind) release {
	key := releaseKey{d, v}
	known := m.releases[key]
	if known == nil {
		known = effective.NewRelease(d, v)
		m.releases[key] = known
	}
	return release{d, v, kind, known}
}

// Compare is Memory.Compare for two texts with which no others are compared.
func Compare(before, after *source.File, fixes []fixers.Fix, targets nixconf.Targets) string {
	return NewMemory().Compare(parse(before), parse(after), fixes, targets)
}

func parse(f *source.File) *nixconf.File { return nixconf.Parse(source.WholeFile(f)) }

// Compare says in one sentence what changed between two texts of a nix.conf file without being declared by the fixes,
// whose edits turned before into after. Both are parsed whole files whose includes are not resolved. It returns ""
// where nothing did. It compares the settings in force for each release of targets; the settings that a fix names may
// differ. Fixes that declare a Repair are applied first; Nix must refuse less of their result than of the text before.
func (m *Memory) Compare(before, after *nixconf.File, fixes []fixers.Fix, targets nixconf.Targets) string {
	var repairs []fixers.Edit
	var all, others fixers.Changes
	edited, repaired := 0, false
	file := before.Fragment.File
	for _, f := range fixes {
		repair := fixers.Declares[fixers.Repair](f)
		repaired = repaired || repair
		all = append(all, f.Changes...)
		if !repair {
			others = append(others, f.Changes...)
		}
		for _, e := range f.Edits {
			if e.File == nil || e.File.Path != file.Path {
				continue
			}
			if edited++; repair {
				repairs = append(repairs, e)
			}
		}
	}
	if !repaired || len(repairs) == edited {
		return m.Declare(all).CompareTexts(before, after, effective.SystemFile, targets)
	}
	if text, err := fixers.Apply(file, repairs); err == nil {
		mended := parse(source.NewFile(file.Path, text))
		first := fixers.Changes{fixers.Repair{}}
		if fixers.Declares[Rights](fixers.Fix{Changes: all}) {
			first = append(first, Rights{})
			others = append(others, Rights{})
		}
		if d := m.Declare(first).CompareTexts(before, mended, effective.SystemFile, targets); d != "" {
			return d
		}
		return m.Declare(others).CompareTexts(mended, after, effective.SystemFile, targets)
	}
	return m.Declare(all).CompareTexts(before, after, effective.SystemFile, targets)
}

// Declarations are what fixes say of the settings that they change.
type Declarations struct {
	settings       []string // that may differ, sorted
	repair, rights bool
	memory         *Memory
}

// Declare returns what the changes of fixes say of settings.
func (m *Memory) Declare(changes fixers.Changes) *Declarations {
	declares := fixers.Fix{Changes: changes}
	declared := slices.Concat(fixers.Declared[Settings](declares)...)
	declared = append(declared, slices.Concat(fixers.Declared[Overridden](declares)...)...)
	slices.Sort(declared)
	declared = slices.Compact(declared)
	for _, name := range declared { // which is a setting of its own before Nix 2.4
		declared = append(declared, "extra-"+name)
	}
	slices.Sort(declared)
	return &Declarations{slices.Compact(declared), fixers.Declares[fixers.Repair](declares),
		fixers.Declares[Rights](declares), m}
}

// CompareTexts compares two texts of any kind, with their includes as far as they are resolved; see Compare. The texts
// are compared alone, and after a source of which nothing is known, so that "extra-" counts and so does a value that
// happens to be the default.
func (d *Declarations) CompareTexts(before, after *nixconf.File, kind effective.SourceKind,
	targets nixconf.Targets) string {
	if len(before.Includes)+len(after.Includes) > 0 || !isKnown(before) || !isKnown(after) ||
		len(before.Fragment.Text)+len(after.Fragment.Text) > maxRemembered {
		return d.compareTexts(before, after, kind, targets)
	}
	// Such texts have nothing but their bytes.
	key := fmt.Sprintf("%q %q %d %v %q %v %v", before.Fragment.Text, after.Fragment.Text, kind, targets, d.settings,
		d.repair, d.rights)
	difference, ok := d.memory.compared[key]
	if !ok {
		difference = d.compareTexts(before, after, kind, targets)
		d.memory.compared[key] = difference
	}
	return difference
}

// maxRemembered is the size of two texts up to which their comparison is remembered: those in a Dockerfile, of which
// many may be equal.
const maxRemembered = 8 << 10

// isKnown reports whether a text has no opaque parts.
func isKnown(f *nixconf.File) bool { return f.Known(source.Span{End: len(f.Fragment.Text)}) }

func (d *Declarations) compareTexts(before, after *nixconf.File, kind effective.SourceKind,
	targets nixconf.Targets) string {
	declared, repair := d.settings, d.repair
	if !d.rights {
		if name, word := Trusts([]*nixconf.File{before}, after, targets); word != "" {
			return fmt.Sprintf("%q is in %s after the fix, and was not before", word, name)
		}
	}
	if !repair && sameLines(before, after) || d.sameInGroups(before, after, kind, targets) {
		return ""
	}
	mends := repair && d.memory.improves(before, after, kind, targets)
	for _, target := range targets {
		for _, v := range d.memory.representatives(target, declared, before, after) {
			r := d.memory.release(target.Distribution, v, kind)
			if d := r.compare(before, after, declared, repair, mends); d != "" {
				return fmt.Sprintf("%s in %s %s", d, target.Distribution.Title(), v)
			}
		}
	}
	return ""
}

// sameLines reports whether Nix finds the same in two texts that have no includes, in the same order, so no release can
// merge them in another way.
func sameLines(a, b *nixconf.File) bool {
	return len(a.Includes)+len(b.Includes)+len(a.Problems)+len(b.Problems) == 0 &&
		len(a.UnknownLines())+len(b.UnknownLines()) == 0 &&
		slices.EqualFunc(a.Entries, b.Entries, func(x, y *nixconf.Entry) bool {
			return x.Name.Text == y.Name.Text && x.Value == y.Value && a.Known(x.Span) && b.Known(y.Span)
		})
}

// GivesRights reports whether an edit may put words into a list of those whom Nix trusts that are not in its default,
// and whether the lines of the file that it edits mention such a list at all.
func GivesRights(e fixers.Edit) (gives, mentions bool) {
	start, end := e.Span.Start, e.Span.End
	start = bytes.LastIndexByte(e.File.Bytes[:start], '\n') + 1
	if n := bytes.IndexByte(e.File.Bytes[end:], '\n'); n >= 0 {
		end += n
	} else {
		end = len(e.File.Bytes)
	}
	before := string(e.File.Bytes[start:end])
	after := string(e.File.Bytes[start:e.Span.Start]) + e.Text + string(e.File.Bytes[e.Span.End:end])
	if !mentionsRights(after) {
		return false, mentionsRights(before)
	}
	old := wordsTrusted(before)
	// A line of its own may begin after a \n that is two characters.
	for w := range wordsTrusted(strings.ReplaceAll(after, `\n`, "\n")) {
		if !old[w] && !isDefault(w.setting, strings.Trim(w.word, "\"'\\")) {
			return true, true
		}
	}
	return false, true
}

// mentionsRights reports whether a line may assign one of the lists of those whom Nix trusts: it holds a part of one of
// their names. TestMentionsRights compares that with all names.
func mentionsRights(line string) bool {
	return strings.Contains(line, "trusted-") || strings.Contains(line, "allowed-users") ||
		strings.Contains(line, "binary-cache-public-keys")
}

// trustedWord is a word of a list of those whom Nix trusts.
type trustedWord struct{ setting, word string }

// wordsTrusted returns the words behind "NAME =" in each line of some text, for each NAME that lists those whom Nix
// trusts. A quote before NAME may be the shell's.
func wordsTrusted(text string) map[trustedWord]bool {
	out := map[trustedWord]bool{}
	for line := range strings.Lines(text) {
		words := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\r\n", r) })
		for n := 0; n+1 < len(words); n++ {
			name := rightsOf(strings.TrimLeft(words[n], "\"'"), nixconf.DefaultTargets())
			if name == "" || words[n+1] != "=" {
				continue
			}
			for _, w := range words[n+2:] {
				out[trustedWord{name, w}] = true
			}
			break
		}
	}
	return out
}

// IsRight reports whether a setting, by canonical name, lists those whom Nix trusts: users, keys or caches.
func IsRight(name string) bool { return slices.Contains(rights, name) }

// Widens reports whether a setting lists those whom Nix trusts and has words now that it had not, but for its default.
func Widens(name, was, is string) bool {
	old := strings.Fields(was)
	return IsRight(name) && slices.ContainsFunc(strings.Fields(is), func(word string) bool {
		return !slices.Contains(old, word) && !isDefault(name, word)
	})
}

// Trusts returns a word that the lines of after put into a list of those whom Nix trusts, and those of before do not.
// It looks at the lines, not at the settings in force: a text that Nix refuses has none.
func Trusts(before []*nixconf.File, after *nixconf.File, targets nixconf.Targets) (setting, word string) {
	now := trusted(after, targets)
	for _, f := range before {
		for name, words := range trusted(f, targets) {
			for w := range words {
				delete(now[name], w)
			}
		}
	}
	for _, name := range rights {
		for _, w := range slices.Sorted(maps.Keys(now[name])) {
			if !isDefault(name, w) {
				return name, w
			}
		}
	}
	return "", ""
}

// trusted returns the words of each of the settings in rights.
func trusted(f *nixconf.File, targets nixconf.Targets) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for _, e := range f.Entries {
		name := rightsOf(e.Name.Text, targets)
		if name == "" {
			continue
		}
		if out[name] == nil {
			out[name] = map[string]bool{}
		}
		for _, w := range e.Words {
			out[name][w.Text] = true
		}
	}
	return out
}

// rightsOf returns which of the settings in rights a name means in the newest targeted release that knows it, or "".
func rightsOf(name string, targets nixconf.Targets) string {
	if !mentionsRights(name) {
		return ""
	}
	for _, t := range targets {
		for _, v := range []nixconf.Version{t.To, t.From} {
			if facts, ok := nixconf.Lookup(t.Distribution, v, name); ok {
				if slices.Contains(rights, facts.Name) {
					return facts.Name
				}
				return ""
			}
		}
	}
	return ""
}

// isDefault reports whether a word is in the default of a list.
func isDefault(name, word string) bool {
	facts, ok := nixconf.Lookup(nixconf.Nix, nixconf.Nix.Newest(), name)
	return ok && facts.HasDefault && slices.Contains(strings.Fields(facts.Default), word)
}

// representatives returns the releases of a target, oldest first, without those that merge the texts as the one before
// them does. Declared are the settings that may differ.
func (m *Memory) representatives(target nixconf.Target, declared []string, texts ...*nixconf.File) []nixconf.Version {
	names := map[string]bool{}
	for _, name := range declared {
		names[name] = true
	}
	seen := map[*nixconf.File]bool{}
	includes := false
	for _, f := range texts {
		collectNames(f, names, seen)
		includes = includes || len(f.Includes) > 0
	}
	key := fmt.Sprintf("%v %v %q", target, includes, slices.Sorted(maps.Keys(names)))
	out, ok := m.chosen[key]
	if !ok {
		out = representatives(target, names, includes)
		m.chosen[key] = out
	}
	return out
}

// representatives is Memory.representatives for texts with some names.
func representatives(target nixconf.Target, names map[string]bool, includes bool) []nixconf.Version {
	d := target.Distribution
	features := names["experimental-features"] || names["extra-experimental-features"]
	boundaries := effective.Boundaries(d, includes, features)
	var out []nixconf.Version
	var last knowledge
	for n, v := range target.Releases() {
		k := knowledge{facts: make(map[string]nixconf.Facts, len(names))}
		for _, b := range boundaries {
			if !v.Before(b) {
				k.boundaries++
			}
		}
		for name := range names {
			facts, ok := nixconf.Lookup(d, v, name)
			if !ok {
				continue
			}
			k.facts[name] = facts
			// These depend on which features the release has.
			if facts.Gate != "" || facts.Kind == nixconf.KindFeatures || facts.DeprecatedFeatures {
				k.features = d.Features(v)
			}
			k.alone = k.alone || facts.DeprecatedFeatures
		}
		if n == 0 || k.alone || !reflect.DeepEqual(k, last) {
			out = append(out, v)
		}
		last = k
	}
	return out
}

// knowledge is all that a release knows of the settings in a text, and how it merges.
type knowledge struct {
	boundaries int
	facts      map[string]nixconf.Facts
	features   []string
	alone      bool // it is like no other
}

// collectNames adds the names that a text and what it includes set.
func collectNames(f *nixconf.File, names map[string]bool, seen map[*nixconf.File]bool) {
	if f == nil || seen[f] {
		return
	}
	seen[f] = true
	for _, e := range f.Entries {
		names[e.Name.Text] = true
	}
	for _, i := range f.Includes {
		collectNames(i.File, names, seen)
	}
}

type release struct {
	distribution nixconf.Distribution
	version      nixconf.Version
	kind         effective.SourceKind
	known        *effective.Release
}

// improves reports whether some release refuses less of after than of before.
func (m *Memory) improves(
	before, after *nixconf.File, kind effective.SourceKind, targets nixconf.Targets,
) bool {
	for _, target := range targets {
		for _, v := range m.representatives(target, nil, before, after) {
			r := m.release(target.Distribution, v, kind)
			if r.refused(after) < r.refused(before) {
				return true
			}
		}
	}
	return false
}

// compare compares the texts for one release. With mends, a repair of another release need not help this one.
func (r release) compare(before, after *nixconf.File, settings []string, repair, mends bool) string {
	if repair && r.accepts(after) {
		return ""
	}
	old, now := r.merge(before), r.merge(after)
	if now.Fatal != nil {
		if old.Fatal == nil {
			return fmt.Sprintf("Nix refuses the result: %s", now.Fatal.Message)
		}
		was, is := r.refused(before), r.refused(after)
		if is > was || repair && !mends && is == was {
			return fmt.Sprintf("Nix still refuses the result: %s", now.Fatal.Message)
		}
	}
	if repair {
		return ""
	}
	if !slices.EqualFunc(before.Includes, after.Includes,
		func(a, b nixconf.Include) bool { return a.Path.Text == b.Path.Text && a.Optional == b.Optional }) {
		return "other files are included after the fix"
	}
	declared := map[string]bool{}
	for _, name := range settings {
		declared[name] = true
		if facts, ok := r.known.Lookup(name); ok {
			declared[facts.Name] = true
		}
	}
	pairs := [][2]*effective.Settings{{old, now}, {r.afterUnknown(old, before), r.afterUnknown(now, after)}}
	for _, pair := range pairs {
		for _, name := range slices.Compact(
			slices.Sorted(slices.Values(slices.Concat(pair[0].Names(), pair[1].Names())))) {
			if declared[name] || sameValue(pair[0], pair[1], name) {
				continue
			}
			a, b := pair[0].Get(name), pair[1].Get(name)
			switch {
			case a.Value != b.Value:
				return fmt.Sprintf("setting %q is %q after the fix, and was %q", name, b.Value, a.Value)
			case a.Known && !b.Known:
				return fmt.Sprintf("setting %q is no longer decided by this text", name)
			case b.Known && !a.Known:
				return fmt.Sprintf("setting %q is now decided by this text", name)
			}
		}
	}
	a, b := unknownSettings(old), unknownSettings(now)
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if value, ok := b[name]; (!ok || value != a[name]) && !declared[name] {
			return fmt.Sprintf("the unknown setting %q was removed or changed", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if _, ok := a[name]; !ok && !declared[name] {
			return fmt.Sprintf("the unknown setting %q was added", name)
		}
	}
	return ""
}

// sameValue reports whether two merges give a setting the same value, as far as their digests say so.
func sameValue(old, now *effective.Settings, name string) bool {
	a, known := old.Digest(name)
	b, stillKnown := now.Digest(name)
	return known == stillKnown && a.Comparable(b) && a == b
}

func (r release) merge(files ...*nixconf.File) *effective.Settings {
	sources := make([]effective.Source, len(files))
	for i, f := range files {
		sources[i] = effective.Source{File: f, Kind: effective.SystemFile}
	}
	sources[len(files)-1].Kind = r.kind
	return r.known.Merge(sources)
}

// afterUnknown merges a text after a source of which nothing is known. Alone is what the text gives without that.
func (r release) afterUnknown(alone *effective.Settings, text *nixconf.File) *effective.Settings {
	if after, ok := alone.AfterUnknown(); ok {
		return after
	}
	return r.merge(nixconf.Parse(source.WholeFile(source.NewFile("", []byte("!include unknown\n")))), text)
}

// accepts reports whether the release certainly refuses nothing in a text.
func (r release) accepts(f *nixconf.File) bool {
	return plain(f) && !slices.ContainsFunc(f.Entries, func(e *nixconf.Entry) bool {
		facts, ok := r.known.Lookup(e.Name.Text)
		if !ok {
			return false
		}
		bad := r.known.Check(e)
		return bad != nil && bad.Fatal || facts.RelativeToFile // such a path may be refused for where the text is
	})
}

// refused counts the lines that the release refuses, and those that it refuses if a file is missing.
func (r release) refused(f *nixconf.File) int {
	n := len(f.Problems)
	for _, i := range f.Includes {
		if !i.Optional {
			n++
		}
	}
	for _, e := range f.Entries {
		if _, ok := r.known.Lookup(e.Name.Text); ok {
			if bad := r.known.Check(e); bad != nil && bad.Fatal {
				n++
			}
		}
	}
	return n
}

// unknownSettings returns the values of the settings that the release does not have. Nix keeps the first of each, for
// plug-ins.
func unknownSettings(s *effective.Settings) map[string]string {
	out := map[string]string{}
	for _, o := range s.Unknown {
		if _, ok := out[o.Entry.Name.Text]; !ok {
			out[o.Entry.Name.Text] = o.Entry.Value
		}
	}
	return out
}
