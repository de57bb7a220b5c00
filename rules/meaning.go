package rules

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/effective"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// This file compares two versions of a file by what they mean, as the last step of a proof. What a Dockerfile means to
// BuildKit and the shell is compared in fixers/dockerfile; here follows what it means to the other formats in it:
//
//   - compareNix: each nix.conf text that was edited, and the settings in force at each Nix command of each stage. The
//     second catches what the first cannot: text that moved to another place of the timeline.
//   - compareProfiles: the seccomp profiles in labels.
//   - compareHosted: a file of another language that holds nix.conf text, which must stay the same around the text.
//
// Each returns one sentence about the first difference that the fixes do not declare, or "". What is not known counts
// as a value of its own, so a fix cannot pass by making something unknown.

// compareNix says in one sentence what changed in the meaning that a Dockerfile has for Nix and that fixes do not
// declare: the settings of each nix.conf text in it, and those in force at each Nix command. It is "" when nothing did.
func compareNix(before, after *nixuse.Model, fixes []fixers.Fix, known *fixnix.Memory) string {
	var all fixers.Fix
	for _, f := range fixes {
		all.Changes = append(all.Changes, f.Changes...)
	}
	if before == nil && after != nil {
		return addedRights(nil, writtenBy(fixes, after.Texts), all)
	}
	if before == nil || after == nil || len(before.Texts)+len(after.Texts) == 0 {
		return ""
	}
	settings := slices.Concat(fixers.Declared[fixnix.Settings](all)...)
	slices.Sort(settings)
	settings = slices.Compact(settings)
	from, to := changedTexts(before.Texts, after.Texts)
	if len(from) == len(to) {
		declared := known.Declare(all.Changes)
		for n := range from {
			kind, targets := sourceKind(from[n].Host), from[n].Targets
			if d := declared.CompareTexts(from[n].File, to[n].File, kind, targets); d != "" {
				return d
			}
		}
	} else if !fixdocker.Rewrites(all) {
		return fmt.Sprintf("%d nix.conf fragments were removed or changed and %d added", len(from), len(to))
	} else if d := addedRights(from, writtenBy(fixes, to), all); d != "" {
		return d
	}
	if fixers.Declares[fixers.Repair](all) {
		return "" // what Nix refused had no settings to keep
	}
	return compareCommands(before, after, settings, fixers.Declares[fixnix.Rights](all))
}

// writtenBy returns those of some texts after fixes that may say something that their author did not write: all, but
// where a fix repairs a file that BuildKit refuses only those in which a fix edits something.
func writtenBy(fixes []fixers.Fix, texts []*nixuse.Text) []*nixuse.Text {
	if !slices.ContainsFunc(fixes, func(f fixers.Fix) bool {
		return f.Safety == fixers.Unsafe && fixers.Declares[fixers.Repair](f) && !fixers.Declares[fixers.Embedded](f)
	}) {
		return texts
	}
	edits := map[string][]fixers.Edit{} // by path
	for _, f := range fixes {
		for _, e := range f.Edits {
			edits[e.File.Path] = append(edits[e.File.Path], e)
		}
	}
	made := map[string][]source.Span{} // the places of what the edits wrote, in the texts after them
	for path, list := range edits {
		slices.SortFunc(list, func(a, b fixers.Edit) int { return a.Span.Start - b.Span.Start })
		shift := 0
		for _, e := range slices.Compact(list) {
			start := e.Span.Start + shift
			made[path] = append(made[path], source.Span{Start: start, End: start + len(e.Text)})
			shift += len(e.Text) - e.Span.Len()
		}
	}
	return slices.DeleteFunc(slices.Clone(texts), func(t *nixuse.Text) bool {
		list := made[t.Fragment.File.Path]
		return !slices.ContainsFunc(t.Fragment.Pieces, func(p source.Piece) bool {
			n, _ := slices.BinarySearchFunc(list, p.Span.Start, func(s source.Span, at int) int { return s.End - at })
			return n < len(list) && list[n].Start <= p.Span.End
		})
	})
}

// addedRights says in one sentence whom texts trust that those which were there before them did not, "" where a fix
// declares it.
func addedRights(from, to []*nixuse.Text, all fixers.Fix) string {
	if fixers.Declares[fixnix.Rights](all) {
		return ""
	}
	var old []*nixconf.File
	for _, t := range from {
		old = append(old, t.File)
	}
	for _, t := range to {
		if name, word := fixnix.Trusts(old, t.File, t.Targets); word != "" {
			return fmt.Sprintf("%q is in %s after the fix, and was not before", word, name)
		}
	}
	return ""
}

// compareProfiles says in one sentence what changed in the seccomp profiles in a Dockerfile's labels that fixes do not
// declare. It is "" when nothing did.
func compareProfiles(before, after []*workspace.Profile, fixes []fixers.Fix, targets decide.Targets) string {
	if len(before)+len(after) == 0 {
		return ""
	}
	if len(before) != len(after) {
		if slices.ContainsFunc(fixes, func(f fixers.Fix) bool {
			return fixdocker.Rewrites(f) || fixers.Declares[fixers.Repair](f) && !fixers.Declares[fixers.Embedded](f)
		}) {
			return ""
		}
		return fmt.Sprintf("the labels hold %d seccomp profiles instead of %d", len(after), len(before))
	}
	for n, a := range before {
		b := after[n]
		if bytes.Equal(a.Source.Bytes, b.Source.Bytes) {
			continue
		}
		var own []fixers.Fix
		for _, f := range fixes {
			if fixers.Declares[fixers.Embedded](f) &&
				slices.ContainsFunc(f.Edits, func(e fixers.Edit) bool { return a.Instruction.Span.Contains(e.Span) }) {
				own = append(own, f)
			}
		}
		if d := fixseccomp.Compare(a.Source, b.Source, own, targets); d != "" {
			return d
		}
		for k, pair := range a.Instruction.Pairs {
			if k >= len(b.Instruction.Pairs) || pair.Key.Text != b.Instruction.Pairs[k].Key.Text ||
				pair.Value.Text != b.Instruction.Pairs[k].Value.Text &&
					!a.Fragment.Span(source.Span{End: len(a.Fragment.Text)}).Overlaps(pair.Value.Span) {
				return "another label than that of the seccomp profile changed"
			}
		}
	}
	return ""
}

// compareConfigMaps says in one sentence what changed in a file of ConfigMaps with profiles besides what fixes declare:
// its other bytes, or what the profiles decide. It is "" when nothing did.
func compareConfigMaps(old, now *workspace.Document, fixes []fixers.Fix, targets decide.Targets) string {
	before, after := old.Profiles, now.Profiles
	if len(before) != len(after) {
		return fmt.Sprintf("the file holds %d seccomp profiles instead of %d", len(after), len(before))
	}
	wasAt, isAt := 0, 0
	same := func(wasEnd, isEnd int) bool {
		return bytes.Equal(old.Source.Bytes[wasAt:wasEnd], now.Source.Bytes[isAt:isEnd])
	}
	for n, a := range before {
		b := after[n]
		if a.Fragment == nil || b.Fragment == nil {
			return "the file has SeccompProfiles as well"
		}
		was, is := a.Fragment.Span(a.Source.Span()), b.Fragment.Span(b.Source.Span())
		if !same(was.Start, is.Start) {
			return "what stands around the seccomp profiles changed"
		}
		wasAt, isAt = was.End, is.End
		if bytes.Equal(a.Source.Bytes, b.Source.Bytes) {
			continue
		}
		var own []fixers.Fix
		for _, f := range fixes {
			if slices.ContainsFunc(f.Edits, func(e fixers.Edit) bool { return was.Contains(e.Span) }) {
				own = append(own, f)
			}
		}
		if d := fixseccomp.Compare(a.Source, b.Source, own, targets); d != "" {
			return d
		}
	}
	if !same(len(old.Source.Bytes), len(now.Source.Bytes)) {
		return "what stands around the seccomp profiles changed"
	}
	return ""
}

// compareHosted says in one sentence what changed in a file of another language besides the settings that fixes
// declare: its other bytes, or what its nix.conf texts mean. It is "" when nothing did.
func compareHosted(c *Comparison) string {
	old, now := c.Old(), c.New()
	if old == nil || now == nil {
		return "the file cannot be read"
	}
	before, after := old.Value.(*nixuse.Hosted), now.Value.(*nixuse.Hosted)
	if declaresValues(c.Fixes) {
		if after.Broken && !before.Broken {
			return "the result has a syntax error"
		}
		return compareValues(c)
	}
	return compareEmbedded(before, after, c.Fixes, c.shared().nix)
}

// compareEmbedded is compareHosted for what holds the texts.
func compareEmbedded(before, after *nixuse.Hosted, fixes []fixers.Fix, known *fixnix.Memory) string {
	switch {
	case after.Broken && !before.Broken:
		return "the result has a syntax error"
	case len(before.Texts) != len(after.Texts):
		return fmt.Sprintf("the file has %d nix.conf texts instead of %d", len(after.Texts), len(before.Texts))
	case !bytes.Equal(around(before), around(after)):
		return "what stands around the nix.conf text changed"
	}
	for n, a := range before.Texts {
		b := after.Texts[n]
		if a.Host != b.Host || a.Path != b.Path {
			return "the nix.conf fragments changed"
		}
		if bytes.Equal(a.Fragment.Text, b.Fragment.Text) {
			continue
		}
		declared := known.Declare(changesOf(a, fixes))
		if d := declared.CompareTexts(a.File, b.File, sourceKind(a.Host), a.Targets); d != "" {
			return d
		}
	}
	return ""
}

// changesOf returns what the fixes that edit a text declare.
func changesOf(t *nixuse.Text, fixes []fixers.Fix) fixers.Changes {
	where := t.Where
	for _, p := range t.Fragment.Pieces {
		where = where.Join(p.Span)
	}
	var all fixers.Changes
	for _, f := range fixes {
		if slices.ContainsFunc(f.Edits,
			func(e fixers.Edit) bool { return where.Contains(e.Span) || where.Overlaps(e.Span) }) {
			all = append(all, f.Changes...)
		}
	}
	return all
}

// around returns the bytes of a host file with a mark in place of each run of bytes that is verbatim nix.conf text. The
// indentation of a line in a literal block belongs to the line.
func around(h *nixuse.Hosted) []byte {
	var own []source.Span
	for _, t := range h.Texts {
		for _, p := range t.Fragment.Pieces {
			s := p.Span
			if p.Indented {
				for s.Start > 0 && h.Source.Bytes[s.Start-1] == ' ' {
					s.Start--
				}
				if s.Start > 0 && h.Source.Bytes[s.Start-1] != '\n' {
					s.Start = p.Span.Start
				}
			}
			if p.Verbatim || p.Indented && p.Text == "\n" {
				own = append(own, s)
			}
		}
	}
	slices.SortFunc(own, func(a, b source.Span) int { return cmp.Or(a.Start-b.Start, a.End-b.End) })
	var out []byte
	at, marked := 0, -1
	for _, s := range own {
		if s.Start > at {
			out = append(out, h.Source.Bytes[at:s.Start]...)
		}
		if s.Start > marked {
			out = append(out, 0)
		}
		at, marked = max(at, s.End), max(at, s.End)
	}
	return append(out, h.Source.Bytes[at:]...)
}

// changedTexts returns the texts that only one side has.
func changedTexts(before, after []*nixuse.Text) (from, to []*nixuse.Text) {
	type form struct {
		host       nixuse.Host
		path, text string
	}
	formOf := func(t *nixuse.Text) form { return form{t.Host, t.Path, string(t.Fragment.Text)} }
	left := map[form]int{} // of before
	for _, b := range before {
		left[formOf(b)]++
	}
	kept := map[form]int{} // on both sides
	for _, a := range after {
		if f := formOf(a); left[f] > 0 {
			left[f]--
			kept[f]++
		} else {
			to = append(to, a)
		}
	}
	for _, b := range before {
		if f := formOf(b); kept[f] > 0 {
			kept[f]--
		} else {
			from = append(from, b)
		}
	}
	return from, to
}

func sourceKind(h nixuse.Host) effective.SourceKind {
	switch h {
	case nixuse.HostEnv:
		return effective.Environment
	case nixuse.HostOption:
		return effective.CommandLine
	}
	return effective.SystemFile
}

// compareCommands compares the settings in force at each Nix command of each stage. Those that list whom Nix trusts may
// get no more words, even where they are declared, unless rights is set.
func compareCommands(before, after *nixuse.Model, declared []string, rights bool) string {
	for n := range min(len(before.Images), len(after.Images)) {
		a, b := before.Images[n], after.Images[n]
		from, to := commands(a), commands(b)
		if len(from) != len(to) {
			return fmt.Sprintf("stage %d runs %d Nix commands instead of %d", n+1, len(to), len(from))
		}
		for m := range from {
			if from[m].Nix.Label != to[m].Nix.Label {
				return fmt.Sprintf("%q runs in the place of %q", to[m].Nix.Label, from[m].Nix.Label)
			}
			if d := compareSettings(a.SettingsBefore(from[m]), b.SettingsBefore(to[m]), declared, rights); d != "" {
				return fmt.Sprintf("%q runs with %s", to[m].Nix.Label, d)
			}
		}
		if d := compareSettings(a.SettingsBefore(nil), b.SettingsBefore(nil), declared, rights); d != "" {
			return fmt.Sprintf("stage %d ends with %s", n+1, d)
		}
	}
	return ""
}

// compareSettings says which setting is in force instead of another one without being declared. It is "" where none is.
func compareSettings(old, now *nixuse.Effective, declared []string, rights bool) string {
	for _, name := range slices.Concat(old.Settings.Names(), now.Settings.Names()) {
		if old.Same(name, now) {
			continue
		}
		was, _ := old.Value(name)
		is, _ := now.Value(name)
		base := strings.TrimPrefix(name, "extra-") // which is a setting of its own before Nix 2.4
		undeclared := !slices.Contains(declared, name) && !slices.Contains(declared, base)
		if undeclared || !rights && fixnix.Widens(name, was, is) {
			return fmt.Sprintf("%s = %s instead of %s", name, is, was)
		}
	}
	return ""
}

func commands(img *nixuse.Image) []*nixuse.Event {
	var out []*nixuse.Event
	for _, e := range img.Events {
		if e.Kind == nixuse.RunCommand {
			out = append(out, e)
		}
	}
	return out
}
