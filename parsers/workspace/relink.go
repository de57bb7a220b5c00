package workspace

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/files"
)

// Links returns a text that is the same as long as a document uses the same files in the same ways, so a look for files
// would find the same ones because of it. Of kinds that name files in many ways, or whose text says whether they are
// of ours, it depends on the whole text.
func (w *Workspace) Links(d *Document) string {
	k := &linker{l: &loader{}, w: w}
	o := origin{abs: d.Entry.opened(), kind: d.Entry.Kind}
	switch d.Entry.Kind {
	case files.KindDockerfile:
		if d.Nix != nil {
			k.images(d, d.Source, o)
		}
	case files.KindNixConf:
		for _, t := range d.Texts {
			k.includes(t.File, o)
		}
	default:
		return fmt.Sprintf("%x", sha256.Sum256(d.Source.Bytes))
	}
	lines := make([]string, 0, len(k.found))
	for _, u := range k.found {
		lines = append(lines, fmt.Sprintln(u.target, u.kind, u.nix))
	}
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "")
}

// Adopt returns a snapshot with the files of another workspace, which was loaded from the same folder since. Files of
// which the same holds keep their entries. It reports whether any file came or went; then nothing that w remembered is
// used.
func (w *Workspace) Adopt(again *Workspace) (adopted *Workspace, others bool) {
	before := make(map[string]*Entry, len(w.Entries))
	for _, e := range w.Entries {
		before[e.Abs] = e
	}
	view := *w
	view.Entries = make([]*Entry, len(again.Entries))
	view.Skipped, view.Errors = again.Skipped, again.Errors
	others = len(w.Entries) != len(again.Entries) || !slices.Equal(w.naming, again.naming)
	for n, e := range again.Entries {
		old := before[e.Abs]
		view.Entries[n] = e
		switch {
		case old == nil || old.Kind != e.Kind || !slices.Equal(old.Links, e.Links):
			others = true
		case old.Path == e.Path && old.Stdin == e.Stdin && old.Named == e.Named && old.Linked == e.Linked &&
			old.Certain == e.Certain && slices.Equal(old.nix, e.nix):
			view.Entries[n] = old
		}
	}
	if w.opened != nil {
		view.opened = new(opened)
	}
	if others {
		view.naming = again.naming
		view.cache = files.NewCache()
		view.surveyed = newSurvey(&view)
	}
	return &view, others
}
