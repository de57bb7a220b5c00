package workspace

import (
	"bytes"
	"maps"
	"sync"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/source"
)

// opened are the Dockerfiles that were opened in one state of the files of a session. What several checks ask about
// one of them is found out once: the check of the Dockerfile itself, that of the Compose file which builds it, those
// of the files that it copies. A state of the files has its own list: With, Changed and Adopt begin another one.
//
// A Dockerfile belongs to one goroutine, so it serves one user at a time (see Tracked); others open it for themselves.
// It reads files when it is asked something new. All users depend on everything that it has read until they are done
// (files.Growing), whoever of them asked.
type opened struct {
	mu   sync.Mutex
	list []*openedOnce // the last used first
}

// openedOnce is a Dockerfile as OpenDockerfile returns it.
type openedOnce struct {
	entry   *Entry
	targets *Targets
	text    []byte
	doc     *Document
	err     error
	uses    *files.Growing
	copied  map[string]bool // what the Dockerfile read when it was opened, by path as shown
	by      *user           // whom it serves, nil for nobody
}

// user is who uses opened Dockerfiles: one call of Tracked.
type user struct{ uses bool }

const (
	// maxOpened is how many Dockerfiles are kept open, and maxOpenedBytes their size: the models of some need 270 times
	// that.
	maxOpened      = 8
	maxOpenedBytes = 128 << 10
)

// take returns a Dockerfile that was opened for the versions of a view, nil where there is none. It is busy where
// somebody else uses it.
func (o *opened) take(w *Workspace, e *Entry, text []byte) (d *openedOnce, busy bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for n, d := range o.list {
		if d.entry != e || d.targets != w.targets || !bytes.Equal(d.text, text) {
			continue
		}
		if d.by != nil && d.by != w.user {
			return nil, true
		}
		copy(o.list[1:n+1], o.list[:n])
		o.list[0] = d
		d.by, w.user.uses = w.user, true
		return d, false
	}
	return nil, false
}

// keep adds a Dockerfile that a view has opened, and forgets those that are too many.
func (o *opened) keep(w *Workspace, d *openedOnce) {
	o.mu.Lock()
	defer o.mu.Unlock()
	d.by, w.user.uses = w.user, true
	o.list = append([]*openedOnce{d}, o.list...)
	size := 0
	for n, d := range o.list {
		if size += len(d.text); n > 0 && (n == maxOpened || size > maxOpenedBytes) {
			clear(o.list[n:])
			o.list = o.list[:n]
			return
		}
	}
}

// release ends what a user has.
func (o *opened) release(by *user) {
	if !by.uses {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range o.list {
		if d.by == by {
			d.by = nil
		}
	}
}

// forget lets go of all Dockerfiles.
func (o *opened) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = nil
}

// sharesOpened reports whether a view takes part in what is opened once.
func (w *Workspace) sharesOpened() bool {
	return w.opened != nil && w.user != nil && !w.Metered() && files.WitnessOf(w.tree) == nil && !files.Grows(w.tree)
}

// openDockerfile is OpenDockerfile that opens a file once for each user after the other in one state of the files of a
// session. Copied are the files that it read when it was opened, by path as shown; the map must not be changed.
func (w *Workspace) openDockerfile(e *Entry, f *source.File) (doc *Document, copied map[string]bool, err error) {
	var d *openedOnce
	busy := !w.sharesOpened()
	if !busy {
		d, busy = w.opened.take(w, e, f.Bytes)
	}
	if busy {
		if doc, err = OpenDockerfile(w, e, f); err != nil {
			return nil, nil, err
		}
		doc.Entry, doc.Source = e, f
		return doc, doc.Dockerfile.Reads(), nil
	}
	if d == nil {
		d = &openedOnce{entry: e, targets: w.targets, text: f.Bytes}
		on := *w
		d.uses, on.tree = files.NewGrowing(w.tree)
		if d.doc, d.err = OpenDockerfile(&on, e, f); d.err == nil {
			d.copied = maps.Clone(d.doc.Dockerfile.Reads())
			d.doc.Entry, d.doc.Source = e, f
		}
		w.opened.keep(w, d)
	}
	d.uses.DependedOn(w.tree)
	return d.doc, d.copied, d.err
}
