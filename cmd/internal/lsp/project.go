package lsp

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// project is what is known of one folder of the client's workspace, or of one file outside of all folders.
type project struct {
	folder string
	alone  string // the only file, "" for a folder
	named  []string

	session  *rules.Session
	changed  []string        // on disk, since the last look
	outdated bool            // the files have to be found anew
	tried    map[string]bool // paths, as shown, that documents use and that a look for files did not find

	shown    map[string]*shown              // what was found, by path
	reported map[*workspace.Entry]*reported // the results that shown is made of
	affected []*workspace.Entry             // those that an edit affects; they were checked before it
}

// holds reports whether a file belongs to the project.
func (p *project) holds(path string) bool {
	return p.alone == path || p.alone == "" && files.Inside(p.folder, path)
}

const (
	// rest is how long nothing must change before memory is given back, which fits between two key strokes.
	rest = 20 * time.Millisecond
	// quiet is how long nothing must change before what takes more time is looked at: other files than the open ones,
	// and what other programs say.
	quiet = 300 * time.Millisecond
)

// work keeps the diagnostics up to date.
func (s *server) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		}
		s.refresh(ctx, false)
		if !s.unchanged(ctx, rest) {
			continue
		}
		collectGarbage()
		if s.unchanged(ctx, quiet-rest) {
			s.refresh(ctx, true)
		}
	}
}

// unchanged waits, and reports false where something changes meanwhile; then the worker is woken.
func (s *server) unchanged(ctx context.Context, during time.Duration) bool {
	timer := time.NewTimer(during)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-s.wake:
		s.changed()
		return false
	case <-timer.C:
		return true
	}
}

// stale says that files on disk changed.
func (s *server) stale(paths ...string) {
	s.mu.Lock()
	s.touched = append(s.touched, paths...)
	s.mu.Unlock()
	s.changed()
}

// refresh looks at what changed, and publishes what is found: first in the open documents and what depends on them, and
// with all in every file. It reports false where a change ended it, or more has to be looked at because of what was
// found; the worker is woken then.
func (s *server) refresh(ctx context.Context, all bool) bool {
	stop := func() bool { return ctx.Err() != nil || len(s.wake) > 0 }
	for {
		s.engine.Mutex.Lock()
		open := s.sync(ctx)
		done := s.checkOpen(stop, open, all) && (!all || s.checkSome(stop, open, true))
		if done && all && s.relink(ctx) {
			s.engine.Unlock()
			continue
		}
		if done && all {
			s.tuneMemory(smallHeap)
		}
		if done {
			s.publish(ctx, open)
		}
		more := false
		for _, p := range s.projects {
			if done && all && p.session != nil && p.links() {
				p.outdated, more = true, true
				s.changed()
			}
		}
		s.engine.Unlock() // requests come first
		if done || stop() {
			return done && !more
		}
	}
}

// relink looks for files anew where an edit may have changed which ones there are, and reports whether some have to be
// checked because of that.
func (s *server) relink(ctx context.Context) bool {
	changed := false
	for _, p := range s.projects {
		if p.session == nil {
			continue
		}
		some, err := p.session.Relink()
		if err != nil {
			s.send(ctx, "window/showMessage", map[string]any{"type": 1, "message": "sandlint: " + err.Error()})
		}
		changed = changed || some
	}
	return changed
}

// checkOpen checks the open documents, and the files that an edit of them affects and that had findings in them. It
// reports false where stop ended it.
func (s *server) checkOpen(stop func() bool, open []*document, complete bool) bool {
	for _, p := range s.projects {
		if p.session == nil {
			continue
		}
		for _, d := range open {
			if e := p.session.Entry(d.path); e != nil && s.of(d.path) == p &&
				p.session.CheckUnless(stop, e, complete) == nil {
				return false
			}
		}
		if !p.checkAffected(stop, open) {
			return false
		}
	}
	return true
}

// checkAffected checks the files that an edit affects and that had findings in open documents, so these findings do not
// disappear until all files are checked. It reports false where stop ended it.
func (p *project) checkAffected(stop func() bool, open []*document) bool {
	for _, e := range p.affected {
		r := p.reported[e]
		shows := func(d *document) bool { return e.Abs != d.path && slices.Contains(r.paths, d.path) }
		if r != nil && p.session.Entry(e.Abs) == e && slices.ContainsFunc(open, shows) &&
			p.session.CheckUnless(stop, e, false) == nil {
			return false
		}
	}
	p.affected = nil
	return true
}

// perTurn and turn are how many files are checked, and about how long, before the server looks at what changed.
const (
	perTurn = 1024
	turn    = 200 * time.Millisecond
	// manyFiles is above how many files memory counts for more than usual.
	manyFiles = 16
)

// engine guards the projects. Whoever checks many files, and may be interrupted, locks the Mutex itself.
type engine struct {
	sync.Mutex
	waiting atomic.Int32 // who waits for Lock
}

// Lock locks the engine for a request that somebody waits for.
func (e *engine) Lock() {
	e.waiting.Add(1)
	e.Mutex.Lock()
	e.waiting.Add(-1)
}

// checkSome checks files that have not been checked, with complete with the rules that ask other programs too, and
// reports whether none is left. It ends early where a request waits, so none has to wait long.
func (s *server) checkSome(stop func() bool, open []*document, complete bool) (done bool) {
	keep := func(e *workspace.Entry) bool {
		return slices.ContainsFunc(open, func(d *document) bool { return e.Is(d.path) })
	}
	for _, p := range s.projects {
		if p.session == nil || p.alone != "" {
			continue
		}
		left := p.session.Unchecked(complete)
		now := left[:min(len(left), perTurn)]
		if len(now) > manyFiles {
			s.tuneMemory(loadingHeap)
		}
		began := time.Now()
		enough := func() bool { return s.engine.waiting.Load() > 0 || time.Since(began) > turn }
		p.session.CheckAll(stop, enough, now, complete, keep)
		// What stopped it may be over by now, so what counts is what is left.
		if stop() || len(now) < len(left) || len(p.session.Unchecked(complete)) > 0 {
			return false
		}
		for c := range p.session.Known() {
			if c.Document != nil && !keep(c.Entry) {
				p.session.Release(c.Entry) // it was open
			}
		}
	}
	return true
}

// sync brings the projects to the state of the documents, and returns these. The caller holds engine.
func (s *server) sync(ctx context.Context) []*document {
	s.mu.Lock()
	open := make([]*document, 0, len(s.documents))
	for _, d := range s.documents {
		if d.path != "" {
			open = append(open, d)
		}
	}
	slices.SortFunc(open, func(a, b *document) int { return strings.Compare(a.path, b.path) })
	folders := slices.Clone(s.folders)
	touched := s.touched
	s.touched = nil
	s.mu.Unlock()
	if len(touched) > 0 {
		s.found = nil
	}

	s.place(folders, open)
	for _, p := range s.projects {
		p.changed = append(p.changed, touched...)
		p.sync(ctx, s, open)
	}
	return open
}

// place makes a project for each folder, and for each open document outside of all folders.
func (s *server) place(folders []string, open []*document) {
	var now []*project
	take := func(folder, alone string) {
		for _, p := range s.projects {
			if p.folder == folder && p.alone == alone {
				now = append(now, p)
				return
			}
		}
		now = append(now, &project{folder: folder, alone: alone, outdated: true})
	}
	for _, folder := range folders {
		take(folder, "")
	}
	for _, d := range open {
		if !slices.ContainsFunc(folders, func(f string) bool { return files.Inside(f, d.path) }) {
			take(filepath.Dir(d.path), d.path)
		}
	}
	s.projects = now
}

// of returns the project of a file: that of the deepest folder.
func (s *server) of(path string) *project {
	for _, p := range s.projects {
		if p.holds(path) {
			return p
		}
	}
	return nil
}

// texts returns the texts of the open documents that differ from those on disk, by path.
func (p *project) texts(open []*document) map[string][]byte {
	texts := map[string][]byte{}
	for _, d := range open {
		if !p.holds(d.path) || onDisk(d) {
			continue
		}
		texts[d.path] = d.text.bytes
		if p.session != nil {
			if e := p.session.Entry(d.path); e != nil { // it may be open by the path of a link
				texts[e.Abs] = d.text.bytes
			}
		}
	}
	return texts
}

// sync brings the session to the state of the documents.
func (p *project) sync(ctx context.Context, s *server, open []*document) {
	texts := p.texts(open)
	for _, path := range p.changed {
		if p.matters(path) {
			p.outdated = true
		}
	}
	if p.session != nil && !p.outdated {
		if len(p.changed) > 0 {
			p.affected = append(p.affected, p.session.Changed(p.changed...)...)
		}
		p.affected = append(p.affected, p.session.Edit(texts)...)
		p.outdated = p.lacks(open)
	}
	p.changed = nil
	if p.outdated {
		p.load(ctx, s, open, texts)
		if p.alone == "" && p.session != nil && p.lacks(open) { // what the first look has not found is named
			p.load(ctx, s, open, p.texts(open))
		}
	}
}

// onDisk reports whether the text of a document is that of its file.
func onDisk(d *document) bool {
	info, err := files.Disk{}.Stat("", d.path)
	if err != nil || info.Size() != int64(len(d.text.bytes)) {
		return false
	}
	b, err := files.Read(files.Disk{}, "", d.path)
	return err == nil && bytes.Equal(b, d.text.bytes)
}

// matters reports whether the files have to be found anew after a change of one: one that is not known, one that is
// gone, or a configuration.
func (p *project) matters(path string) bool {
	if p.session == nil || strings.HasSuffix(path, ".hcl") || strings.Contains(filepath.Base(path), "hadolint.y") ||
		filepath.Base(path) == ".gitignore" {
		return true
	}
	known := p.session.Entry(path) != nil
	_, err := files.Disk{}.Lstat("", path)
	return known != (err == nil) && (known || files.KindByPath(filepath.ToSlash(path)) != files.KindUnknown)
}

// readable reports whether editors call a language so whose files sandlint reads, whatever their names are.
func readable(language string) bool {
	switch strings.ToLower(language) {
	case "dockerfile", "docker", "containerfile", "nixconf", "nix-conf", "nix.conf", "nixconfig", "seccomp":
		return true
	}
	return false
}

// lacks reports whether the client opened a file of a language that sandlint reads, which was not found, or closed one.
// While such a file is open it is named, as a user names a file to check.
func (p *project) lacks(open []*document) bool {
	isOpen := func(path string) bool {
		return slices.ContainsFunc(open, func(d *document) bool { return d.path == path })
	}
	before := len(p.named)
	p.named = slices.DeleteFunc(p.named, func(path string) bool { return !isOpen(path) })
	found := len(p.named) != before
	for _, d := range open {
		if p.holds(d.path) && p.session.Entry(d.path) == nil && !slices.Contains(p.named, d.path) &&
			(readable(d.language) || files.KindByPath(filepath.ToSlash(d.path)) != files.KindUnknown) {
			p.named = append(p.named, d.path)
			found = true
		}
	}
	return found
}

// links reports whether documents use files that are not part of the workspace, and that no look for files has left out
// since they were used first.
func (p *project) links() bool {
	known := map[string]bool{}
	ws := p.session.Workspace()
	for _, e := range ws.Entries {
		known[e.Path] = true
	}
	found := false
	for c := range p.session.Known() {
		for _, path := range c.Reads {
			if !known[path] && !p.tried[path] {
				if p.tried == nil {
					p.tried = map[string]bool{}
				}
				p.tried[path] = true // one that is no file of ours stays away
				found = true
			}
		}
	}
	return found
}

// load finds the files.
func (p *project) load(ctx context.Context, s *server, open []*document, texts map[string][]byte) {
	done := s.progress(ctx, "Loading "+filepath.Base(p.folder))
	defer done()
	named := p.named
	if p.alone != "" {
		named = []string{p.alone}
	}
	p.outdated = false
	ws, policies, err := s.opts.Open(p.folder, named, p.alone != "")
	if err != nil {
		s.send(ctx, "window/showMessage", map[string]any{"type": 1, "message": "sandlint: " + err.Error()})
		if p.session != nil {
			p.session.Edit(texts) // with the configuration from before
		}
		return
	}
	if len(texts) > 0 { // what the open documents use
		if again, err := ws.With(texts).Reload(); err == nil {
			ws.Entries = again.Entries
		}
	}
	if p.session == nil {
		opts := rules.CheckOptions{Dir: ws.Dir(), Now: s.opts.Now()}
		p.session = opts.Session(ws, policies)
	} else {
		p.session.Reload(ws, policies)
	}
	p.session.Edit(p.texts(open))
	s.tuneMemory(smallHeap)
}

// looked is an open document and what was found in it.
type looked struct {
	*document
	project *project
	checked *rules.Checked
}

// look returns what is known of a document as it is now; nil for one that sandlint does not check. The caller holds
// engine as long as it uses the result.
func (s *server) look(ctx context.Context, uri string) *looked {
	open := s.sync(ctx)
	n := slices.IndexFunc(open, func(d *document) bool { return d.uri == uri })
	if n < 0 || !sees(ctx, open[n]) {
		return nil
	}
	d := open[n] // as the session has it; an edit that came since is for the next request
	p := s.of(d.path)
	if p == nil || p.session == nil {
		return nil
	}
	e := p.session.Entry(d.path)
	if e == nil {
		return nil
	}
	c := p.session.OpenUnless(func() bool { return ctx.Err() != nil }, e)
	if c == nil || c.Document == nil || !bytes.Equal(c.Document.Source.Bytes, d.text.bytes) {
		return nil
	}
	return &looked{d, p, c}
}

// progress shows that something takes time, until done is called.
func (s *server) progress(ctx context.Context, title string) (done func()) {
	if !s.client.Window.WorkDoneProgress {
		return func() {}
	}
	s.mu.Lock()
	s.next++
	token := fmt.Sprintf("sandlint-%d", s.next)
	s.mu.Unlock()
	s.ask("window/workDoneProgress/create", map[string]any{"token": token})
	s.send(ctx, "$/progress", progressParams{token, workDone{Kind: progressBegin, Title: title}})
	return func() { s.send(ctx, "$/progress", progressParams{token, workDone{Kind: progressEnd}}) }
}

// send sends a notification.
func (s *server) send(ctx context.Context, method string, params any) {
	_ = s.conn.Notify(ctx, method, params) // an error means that the client is gone
}
