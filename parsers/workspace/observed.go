package workspace

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/source"
)

// This file records what a result depends on besides the answers of the tree: which files the workspace has, and for
// which versions of the consumers they are. So a cache of results knows when one still holds.

// What is asked of a workspace, in addition to the questions of package files.
const (
	askedKind    = 'k' // the entries of a kind; "" for all
	askedShown   = 'n' // whether a file is an entry, by its path as shown
	askedEntry   = 'a' // the entry at an absolute path
	askedTargets = 't' // the versions that a file is for
	askedNaming  = 'p' // the files that may name profiles
)

// Observed calls use with a view of a snapshot over a files.Witness, and returns what the result depends on. The view
// has no Entries, so whatever depends on which files there are has to ask for them.
func (w *Workspace) Observed(use func(*Workspace)) *files.Observation {
	return files.Observe(w.tree, func(t files.Tree) {
		on := *w
		on.tree = t
		on.known, on.Entries = w.entries(), nil
		use(&on)
	})
}

// entries are the files of the workspace.
func (w *Workspace) entries() []*Entry {
	if w.known != nil {
		return w.known
	}
	return w.Entries
}

// entriesOf returns the entries of a kind, "" for all.
func (w *Workspace) entriesOf(kind files.Kind) []*Entry {
	files.Ask(w.tree, files.Question{Op: askedKind, Name: string(kind)})
	all := w.entries()
	if kind == "" {
		return all
	}
	var out []*Entry
	for _, e := range all {
		if e.Kind == kind {
			out = append(out, e)
		}
	}
	return out
}

// entryAt returns the entry of a kind at an absolute path, nil for none.
func (w *Workspace) entryAt(kind files.Kind, abs string) *Entry {
	files.Ask(w.tree, files.Question{Op: askedEntry, Name: abs})
	return w.shownAs(w.show(abs), func(e *Entry) bool { return e.Kind == kind && e.Abs == abs })
}

// shownAs returns the first entry with a path, as shown, for which is returns true. Entries are in order of path.
func (w *Workspace) shownAs(path string, is func(*Entry) bool) *Entry {
	all := w.entries()
	n, _ := slices.BinarySearchFunc(all, path, func(e *Entry, path string) int { return strings.Compare(e.Path, path) })
	for ; n < len(all) && all[n].Path == path; n++ {
		if is(all[n]) {
			return all[n]
		}
	}
	return nil
}

// Has reports whether a file is among the entries, by its path as shown.
func (w *Workspace) Has(path string) bool {
	files.Ask(w.tree, files.Question{Op: askedShown, Name: path})
	return w.shownAs(path, func(*Entry) bool { return true }) != nil
}

// Witnessed reports whether all files of the workspace are read from a files.Witness.
func (w *Workspace) Witnessed() bool { return w.overlay == nil && files.WitnessOf(w.tree) != nil }

// Answer returns the answer to a question that Observed has recorded, or that it recorded in another run, as a hash or
// a text: the one that it got in this run where fresh is not set. It is false where that is not certain.
func (w *Workspace) Answer(q files.Question, fresh bool) (string, bool) {
	switch q.Op {
	case askedKind:
		return w.describe(w.entriesOf(files.Kind(q.Name))), true
	case askedEntry:
		if e := w.shownAs(w.show(q.Name), func(e *Entry) bool { return e.Abs == q.Name }); e != nil {
			return w.Describe(e), true
		}
		return "no entry", true
	case askedShown:
		return fmt.Sprint(w.Has(q.Name)), true
	case askedTargets:
		return w.targetsText(q.Name), true
	case askedNaming:
		return files.Hash(w.portable(w.naming)...), true
	}
	witness := files.WitnessOf(w.tree)
	if witness == nil {
		return "", false
	}
	if fresh {
		return witness.Answer(q)
	}
	return witness.Answered(q)
}

// describe returns a hash of everything that is known of entries.
func (w *Workspace) describe(list []*Entry) string {
	var parts []string
	for _, e := range list {
		parts = append(parts, w.Describe(e))
	}
	return files.Hash(parts...)
}

// Describe returns everything that a workspace knows of an entry besides its text, as one string.
func (w *Workspace) Describe(e *Entry) string {
	return fmt.Sprintf("%q %q %q %t %t %t %t %v %s", e.Path, w.portable(append([]string{e.Abs}, e.Links...)), e.Kind,
		e.Stdin, e.Named, e.Linked, e.Certain, e.nix, w.targetsText(e.Abs))
}

// portable returns paths in a form that does not depend on where the repository of the working directory lies.
func (w *Workspace) portable(list []string) []string {
	anchor := w.Anchor()
	out := make([]string, 0, len(list))
	for _, abs := range list {
		out = append(out, files.Portable(anchor, abs))
	}
	return out
}

// Anchor returns the repository of the working directory, "" where it lies in none. Results that depend on nothing
// outside of it are the same wherever it lies.
func (w *Workspace) Anchor() string { return w.repository(filepath.Clean(w.dir)) }

func (w *Workspace) targetsText(abs string) string {
	var b strings.Builder
	if w.opts.TargetsOf != nil {
		fmt.Fprintf(&b, "%+v", *w.opts.TargetsOf(abs))
	} else {
		fmt.Fprintf(&b, "%+v", w.Targets)
	}
	return b.String()
}

// Text returns the text of an entry, under the path that findings show.
func (w *Workspace) Text(e *Entry) (*source.File, error) {
	f, err := w.text(e.Abs)
	if err == nil && f.Path != e.Path {
		f = source.NewFile(e.Path, f.Bytes)
	}
	return f, err
}

// FileAt returns the file at an absolute path of a repository, nil where there is none.
func (w *Workspace) FileAt(abs string) *source.File {
	f, err := w.neighbour(w.Root(abs), abs)
	if err != nil {
		return nil
	}
	return f
}

// Root returns the folder that bounds what is read for the file at an absolute path.
func (w *Workspace) Root(abs string) string { return w.root(filepath.Dir(abs)) }

// AbsOf returns the absolute path of a file by its path as shown.
func (w *Workspace) AbsOf(path string) string { return w.Abs(&source.File{Path: path}) }
