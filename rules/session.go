package rules

import (
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// Session checks files of a workspace again and again while their texts change, as an editor needs it. It looks again
// only at files that a change can affect: for each file that it has checked it knows everything that was read for it.
// It is not safe for concurrent use, but what it returns does not change.
type Session struct {
	policies Policies
	opts     CheckOptions
	scripts  *shell.Cache
	base     *workspace.Workspace // a snapshot of the files as they are on disk
	ws       *workspace.Workspace // the same with texts
	texts    map[string][]byte
	entries  map[string]*workspace.Entry // by path and by the paths of links
	checked  map[*workspace.Entry]*Checked

	links   map[*workspace.Entry]string // what the files used when they were found
	edited  bool                        // texts are others than when the files were found
	unfound bool                        // a look for files may find others
}

// Checked is what a session found in one file.
type Checked struct {
	// Entry is the file, and Workspace the workspace as it sees it.
	Entry     *workspace.Entry
	Workspace *workspace.Workspace
	// Document is the file as it was checked, nil where it could not be opened.
	Document *workspace.Document
	// Findings and Suppressed are those of the file, in the order of a Result. Their fixes are not proved: see Proved.
	// Without a Document, only the fixes that are done by hand are there.
	Findings, Suppressed []Finding
	// Failed are the rules that could not judge something.
	Failed []RuleError
	// Reads are the paths, as shown, of the other files that the meaning of the document depends on.
	Reads []string
	// Err is why the file could not be checked. It is a workspace.ForeignError where the file is of another kind.
	Err error

	uses     files.Uses
	complete bool // with the rules that ask other programs
	proved   []Finding
	links    string // what the file uses
	made     *byte  // one for each check
}

// Same reports whether other is from the same check, also where one of them was released.
func (c *Checked) Same(other *Checked) bool { return other != nil && c.made == other.made }

// Session returns a session for the files of a workspace. Of the options, NoIgnores, Dir and Now have an effect.
func (o *CheckOptions) Session(ws *workspace.Workspace, policies Policies) *Session {
	s := &Session{policies: policies, scripts: new(shell.Cache),
		texts: map[string][]byte{}, checked: map[*workspace.Entry]*Checked{}, links: map[*workspace.Entry]string{}}
	// What is found in other files is not known, so only what cannot serve for these is called unused.
	s.opts = CheckOptions{NoIgnores: o.NoIgnores, Dir: o.Dir, Now: o.Now, Partial: true}
	s.base = ws.Snapshot().Remembering(s.scripts)
	s.ws = s.base
	s.index()
	return s
}

func (s *Session) index() {
	s.entries = make(map[string]*workspace.Entry, len(s.base.Entries))
	for _, e := range s.base.Entries {
		s.entries[e.Abs] = e
		for _, link := range e.Links {
			s.entries[link] = e
		}
	}
}

// Workspace returns the workspace with the texts of Edit.
func (s *Session) Workspace() *workspace.Workspace { return s.ws }

// Policies returns what holds for each file.
func (s *Session) Policies() Policies { return s.policies }

// Entry returns the file at an absolute path, nil if the workspace does not have it.
func (s *Session) Entry(abs string) *workspace.Entry { return s.entries[abs] }

// Edit sets the texts of files that differ from those on disk, by absolute path; a file that is not among them has the
// one on disk. It returns the files that were checked before and have to be checked again.
func (s *Session) Edit(texts map[string][]byte) []*workspace.Entry {
	var edited, others []string
	for path := range union(s.texts, texts) {
		old, was := s.texts[path]
		now, is := texts[path]
		if was && is && same(old, now) {
			continue
		}
		if s.base.HasFile(path) {
			edited = append(edited, path)
		} else {
			others = append(others, path)
		}
	}
	if len(edited)+len(others) == 0 {
		return nil
	}
	s.texts = maps.Clone(texts)
	s.differ(edited...)
	s.differ(others...)
	s.ws = s.base
	if len(texts) > 0 {
		s.ws = s.base.With(texts)
	}
	return s.forget(func(u *files.Uses) bool {
		return slices.ContainsFunc(edited, u.EditedBy) || slices.ContainsFunc(others, u.ChangedBy)
	})
}

// differ records that the texts of files are others than when the files were found.
func (s *Session) differ(paths ...string) {
	for _, path := range paths {
		if strings.Contains(filepath.ToSlash(path), "/.git/") {
			continue
		}
		s.edited = true
		s.unfound = s.unfound || s.entries[path] == nil // its text may make it one of ours, or say what others are
	}
}

// Relink finds the files of the workspace anew where an edit since the last look may have changed which ones there are,
// or what they are used for. That is known when the files that it affects are checked. It reports whether something
// else holds for any file; then some are not checked any more.
func (s *Session) Relink() (bool, error) {
	if !s.unfound {
		return false, nil
	}
	again, err := s.ws.Reload()
	if err != nil {
		return false, err
	}
	s.unfound, s.edited = false, false
	base, others := s.base.Adopt(again)
	changed := others || !slices.Equal(base.Entries, s.base.Entries)
	links := map[*workspace.Entry]string{}
	for e, c := range s.checked {
		links[e] = c.links
	}
	s.links = links
	if !changed {
		return false, nil
	}
	s.base, s.ws = base, base
	if len(s.texts) > 0 {
		s.ws = base.With(s.texts)
	}
	known := map[*workspace.Entry]bool{}
	for _, e := range base.Entries {
		known[e] = true
	}
	maps.DeleteFunc(s.checked, func(e *workspace.Entry, _ *Checked) bool { return others || !known[e] })
	s.index()
	return true, nil
}

// same reports whether two texts are one slice.
func same(a, b []byte) bool { return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) }

func union(a, b map[string][]byte) map[string]bool {
	out := make(map[string]bool, len(a)+len(b))
	for path := range a {
		out[path] = true
	}
	for path := range b {
		out[path] = true
	}
	return out
}

// forget drops what was found in the files for which affected is true, and returns them in order of path.
func (s *Session) forget(affected func(*files.Uses) bool) []*workspace.Entry {
	var out []*workspace.Entry
	for e, c := range s.checked {
		if affected(&c.uses) {
			delete(s.checked, e)
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b *workspace.Entry) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// Changed says that files on disk appeared, disappeared or changed. It returns the files that were checked before and
// have to be checked again. Files that appeared become part of the workspace with Reload.
func (s *Session) Changed(paths ...string) []*workspace.Entry {
	s.base.Changed(paths...)
	s.differ(paths...)
	s.ws = s.base
	if len(s.texts) > 0 {
		s.ws = s.base.With(s.texts)
	}
	return s.forget(func(u *files.Uses) bool { return slices.ContainsFunc(paths, u.ChangedBy) })
}

// Reload replaces the workspace, after files appeared or the configuration changed. The texts stay. Nothing that was
// found is kept: a session knows which files were read for it, but not who asked which files there are, nor what of a
// policy mattered.
func (s *Session) Reload(ws *workspace.Workspace, policies Policies) {
	s.base, s.policies = ws.Snapshot().Remembering(s.scripts), policies
	s.ws = s.base
	if len(s.texts) > 0 {
		s.ws = s.base.With(s.texts)
	}
	s.checked = map[*workspace.Entry]*Checked{}
	s.links, s.edited, s.unfound = map[*workspace.Entry]string{}, false, false
	s.index()
}

// Check returns what is found in a file as it is now. Without complete, rules that ask other programs are left out,
// unless their answers are known from before.
func (s *Session) Check(e *workspace.Entry, complete bool) *Checked {
	return s.CheckUnless(nil, e, complete)
}

// CheckUnless is Check that ends early, and returns nil, when stop returns true. It asks before each rule.
func (s *Session) CheckUnless(stop func() bool, e *workspace.Entry, complete bool) *Checked {
	if c := s.checked[e]; c != nil && (c.complete || !complete) {
		return c
	}
	return s.remember(s.check(stop, e, complete, true))
}

// Open is Check that returns the document too, also after Release.
func (s *Session) Open(e *workspace.Entry) *Checked { return s.OpenUnless(nil, e) }

// OpenUnless is Open that ends early as CheckUnless does.
func (s *Session) OpenUnless(stop func() bool, e *workspace.Entry) *Checked {
	c := s.checked[e]
	if c == nil || c.Document == nil && c.Err == nil {
		c = s.remember(s.check(stop, e, c != nil && c.complete, true))
	}
	return c
}

// Unchecked returns the files of which Check has to look at something, in order of path.
func (s *Session) Unchecked(complete bool) []*workspace.Entry {
	var out []*workspace.Entry
	for _, e := range s.ws.Entries {
		if c := s.checked[e]; c == nil || complete && !c.complete {
			out = append(out, e)
		}
	}
	return out
}

// CheckAll is CheckUnless for some files, on all cores. It lets go of the documents, as Release does, but for those of
// the files for which keep returns true. Where enough returns true, no further file is checked. The functions are
// called from several goroutines.
func (s *Session) CheckAll(stop, enough func() bool, entries []*workspace.Entry, complete bool,
	keep func(*workspace.Entry) bool) {
	found := make([]*Checked, len(entries))
	each(s.ws, len(entries), nil, func(n int) {
		if e := entries[n]; !stop() && !enough() {
			kept := keep(e)
			if found[n] = s.check(stop, e, complete, kept); found[n] != nil && !kept {
				found[n].Document, found[n].Workspace = nil, nil
			}
		}
	})
	for _, c := range found {
		s.remember(c)
	}
}

// remember records what was found, and returns it.
func (s *Session) remember(c *Checked) *Checked {
	if c != nil {
		s.checked[c.Entry] = c
		if was, known := s.links[c.Entry]; known {
			s.unfound = s.unfound || was != c.links
		} else {
			s.links[c.Entry] = c.links
			s.unfound = s.unfound || s.edited
		}
	}
	return c
}

// check returns what is found in a file, nil where stop ended it; with all fixes, or those that are done by hand.
func (s *Session) check(stop func() bool, e *workspace.Entry, complete, fixes bool) *Checked {
	stopped := false
	opts := s.opts
	opts.unproved, opts.internal, opts.advises = true, !complete, !fixes
	if stop != nil {
		opts.stop = func() bool {
			stopped = stopped || stop()
			return stopped
		}
	}
	c := &Checked{Entry: e, Workspace: s.ws.For(e.Abs), made: new(byte)}
	c.complete = complete || !s.policies.Policy(e.Abs).Set.asksPrograms()
	c.uses = s.ws.Tracked(func(ws *workspace.Workspace) {
		r, doc := checkDocument(ws, s.policies, e, opts)
		one := &checked{entries: []*workspace.Entry{e}, files: []fileResult{r}}
		accepting := acceptancesOf(ws, s.policies, one.entries, opts.ignoring())
		one.accept(ws, accepting)
		one.comments(ws, s.policies, opts, accepting)
		r = one.files[0]
		c.Document, c.Failed = doc, r.failed
		c.Findings = order(append(r.findings, r.about...))
		c.Suppressed = order(append(r.suppressed, one.about.suppressed...))
		if !fixes {
			keepAdvice(c.Findings)
		}
		if r.err != nil {
			c.Err = r.err.Err
		}
		if doc != nil && !stopped {
			c.Reads, c.links = doc.Reads(), ws.Links(doc)
		}
	})
	if stopped {
		return nil
	}
	return c
}

// Release lets go of the document of a file, which keeps much memory in use; what was found in it stays known.
func (s *Session) Release(e *workspace.Entry) {
	if c := s.checked[e]; c != nil && c.Document != nil {
		without := c.Summary()
		s.checked[e] = &without
	}
}

// Summary returns what was found without the document, and of the fixes those alone that are done by hand, since all of
// that keeps much memory in use.
func (c *Checked) Summary() Checked {
	without := *c
	without.Document, without.Workspace, without.proved = nil, nil, nil
	without.Findings = slices.Clone(c.Findings)
	keepAdvice(without.Findings)
	return without
}

// keepAdvice drops the fixes of findings but for those that are done by hand.
func keepAdvice(findings []Finding) {
	for n := range findings {
		findings[n].Fixes = adviceOf(findings[n].Fixes)
	}
}

// Known returns what is known of all files that were checked, in no order.
func (s *Session) Known() iter.Seq[*Checked] { return maps.Values(s.checked) }

// All is Known in order of path.
func (s *Session) All() []*Checked {
	out := slices.Collect(maps.Values(s.checked))
	slices.SortFunc(out, func(a, b *Checked) int { return strings.Compare(a.Entry.Path, b.Entry.Path) })
	return out
}

// Proved returns the findings of a file with the fixes that passed their proof.
func (s *Session) Proved(c *Checked) []Finding {
	if c.proved == nil && c.Document != nil {
		c.proved = slices.Clone(c.Findings)
		proveShown(s.ws, contextOf(s.ws, s.policies, c.Entry, s.opts.ignoring()), c.Document, c.proved)
	}
	return c.proved
}

// Fixed returns the text of a file after all of its safe fixes, proved together with the files that are linked with it;
// nil if nothing changes. The rules are those of policies, or those of the session where that is nil.
func (s *Session) Fixed(c *Checked, policies Policies) []byte { return s.fixed(c, policies, nil) }

// FixedWithin is Fixed with those fixes alone that edit nothing outside of a span. The text before and behind it stays,
// whatever becomes of it.
func (s *Session) FixedWithin(c *Checked, policies Policies, within source.Span) []byte {
	if c.Document == nil {
		return nil
	}
	before, behind := within.Start, len(c.Document.Source.Bytes)-within.End
	inside := func(e fixers.Edit) bool { // also where the text is that of a later round, within the same borders
		return e.File.Path == c.Entry.Path && e.Span.Start >= before && e.Span.End <= len(e.File.Bytes)-behind
	}
	return s.fixed(c, policies, func(found []Finding) []bool {
		leave := make([]bool, len(found))
		for n := range found {
			leave[n] = slices.ContainsFunc(found[n].Fixes, func(fix fixers.Fix) bool {
				return slices.ContainsFunc(fix.Edits, func(e fixers.Edit) bool { return !inside(e) })
			})
		}
		return leave
	})
}

func (s *Session) fixed(c *Checked, policies Policies, leave func([]Finding) []bool) []byte {
	if c.Document == nil {
		return nil
	}
	with := map[*workspace.Entry]bool{c.Entry: true}
	for _, path := range c.Document.Reads() {
		for _, e := range s.ws.Entries {
			if e.Path == path {
				with[e] = true
			}
		}
	}
	for e, other := range s.checked {
		if other.uses.EditedBy(c.Entry.Abs) {
			with[e] = true
		}
	}
	if policies == nil {
		policies = s.policies
	}
	view := *s.ws
	view.Entries = slices.DeleteFunc(slices.Clone(s.ws.Entries), func(e *workspace.Entry) bool { return !with[e] })
	opts := s.opts
	opts.internal, opts.Changed = true, []string{c.Entry.Abs}
	res := Fix(&view, policies, FixOptions{CheckOptions: opts, Leave: leave, textsAlone: true})
	for _, f := range res.Files {
		if f.File.Path == c.Entry.Path {
			return f.After
		}
	}
	return nil
}
