package workspace

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
)

// InImage reports whether a Dockerfile of the workspace copies the file into an image.
func (w *Workspace) InImage(f *source.File) bool { return w.copies().files[f.Path] }

// copies are the files, by path as shown, that the workspace's Dockerfiles put into images, and the events that append
// to these copies.
type copies struct {
	files    map[string]bool
	appended map[string]*nixuse.Event
}

func (w *Workspace) copiedFiles() copies {
	out := copies{map[string]bool{}, map[string]*nixuse.Event{}}
	above := map[string]bool{} // the folders that hold a nix.conf or the like, at whatever depth
	words := [][]byte{[]byte("nix")}
	var engines []string
	all := w.entriesOf("")
	for _, e := range all {
		if e.Kind != files.KindNixConf && e.Kind != files.KindEngine {
			continue
		}
		if e.Kind == files.KindEngine {
			words, engines = append(words, []byte(filepath.Base(e.Abs))), append(engines, e.Path)
		}
		for dir := filepath.Dir(e.Abs); !above[dir]; dir = filepath.Dir(dir) {
			above[dir] = true
		}
	}
	found := make([]copies, len(all))
	w.parallel(len(all), func(n int) {
		if e := all[n]; e.Kind == files.KindDockerfile && above[w.root(filepath.Dir(e.Abs))] { // else it copies nothing
			found[n] = w.copiedOnce(e, words, engines)
		}
	})
	for _, one := range found {
		for path := range one.files {
			out.files[path] = true
		}
		for path, next := range one.appended {
			if out.appended[path] == nil {
				out.appended[path] = next
			}
		}
	}
	return out
}

// copiedOnce is copiedBy, which a session asks once for each text of a Dockerfile.
func (w *Workspace) copiedOnce(e *Entry, words [][]byte, engines []string) copies {
	if !w.live {
		return w.copiedBy(e, words, engines)
	}
	type key struct{ abs, engines string }
	return cached(w, key{e.Abs, strings.Join(engines, "\n")}, func(w *Workspace) copies {
		return w.copiedBy(e, words, engines)
	})
}

// copiedBy returns what one Dockerfile copies. Words are those of which its text has one if it copies anything, and
// engines the paths of the configuration files of container engines.
func (w *Workspace) copiedBy(e *Entry, words [][]byte, engines []string) copies {
	out := copies{map[string]bool{}, map[string]*nixuse.Event{}}
	f, err := w.text(e.Abs)
	if err != nil || len(f.Bytes) > maxDockerfile ||
		!slices.ContainsFunc(words, func(word []byte) bool { return bytes.Contains(f.Bytes, word) }) {
		return out
	}
	doc, read, err := w.For(e.Abs).openDockerfile(e, f)
	if err != nil {
		return out
	}
	d, nix := doc.Dockerfile, doc.Nix
	for path := range read {
		out.files[path] = true
	}
	if len(engines) > 0 {
		for _, step := range d.Steps("COPY", "ADD") {
			for _, word := range step.Instruction.Words {
				if f, err := d.Context().Read(word.Text); err == nil && slices.Contains(engines, f.Path) {
					out.files[f.Path] = true
				}
			}
		}
	}
	for _, img := range nix.Images {
		for _, event := range img.Events {
			if event.Kind != nixuse.WriteConfig || event.Text == nil || event.Text.Host != nixuse.HostFile ||
				event.ByInstaller {
				continue
			}
			if path := event.Text.Fragment.File.Path; out.appended[path] == nil {
				if next := event.NextAppend(); next != nil {
					out.appended[path] = next
				}
			}
		}
	}
	return out
}

// Appended returns the event of a Dockerfile of the workspace that appends text to the copy of a file in an image, as
// the next thing that happens to the copy; nil when there is none.
func (w *Workspace) Appended(f *source.File) *nixuse.Event {
	return w.copies().appended[f.Path]
}

// copies returns what the Dockerfiles copy.
func (w *Workspace) copies() *copies {
	if w.live {
		type key struct{}
		return cached(w, key{}, func(w *Workspace) *copies {
			c := w.copiedFiles()
			return &c
		})
	}
	s := w.snapshot().surveyed
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.copied == nil {
		s.copiedFrom = s.look(func(w *Workspace) {
			c := w.copiedFiles()
			s.copied = &c
		})
	}
	files.DependOn(w.tree, s.copiedFrom)
	return s.copied
}
