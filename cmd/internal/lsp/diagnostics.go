package lsp

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// The severities and tags of the protocol.
const (
	severityError = 1 + iota
	severityWarning
	severityInformation
	severityHint
)

const (
	tagUnnecessary = 1
	tagDeprecated  = 2
)

func severityOf(s rules.Severity) int {
	switch s {
	case rules.Error:
		return severityError
	case rules.Warning:
		return severityWarning
	case rules.Info:
		return severityInformation
	}
	return severityHint
}

// texts gives the text of a file, for places in it. It remembers them.
type texts struct {
	made map[*source.File]*text
}

func (t *texts) of(f *source.File) *text {
	if t.made == nil {
		t.made = map[*source.File]*text{}
	}
	if t.made[f] == nil {
		t.made[f] = newText(f.Bytes)
	}
	return t.made[f]
}

// shown are the diagnostics of one file.
type shown struct {
	id   int // another one where the diagnostics are others
	json json.RawMessage
}

// reported is the result of a check as it is part of what is shown. It does not keep the document, so that is garbage
// once another one takes its place.
type reported struct {
	checked rules.Checked
	paths   []string                   // of the files in which something was found, absolute
	by      map[string][]rules.Finding // by these
}

// diagnosticsOf returns the diagnostics of a file by its absolute path, nil for none. The caller holds engine.
func (s *server) diagnosticsOf(p *project, path string) *shown {
	s.update(p)
	return p.shown[path]
}

// update makes the diagnostics of those files anew in which something else is found than before.
func (s *server) update(p *project) {
	if p.shown == nil {
		p.shown, p.reported = map[string]*shown{}, map[*workspace.Entry]*reported{}
	}
	changed := map[string]bool{}
	known := map[*workspace.Entry]bool{}
	for c := range p.session.Known() {
		known[c.Entry] = true
		old := p.reported[c.Entry]
		if old != nil && old.checked.Same(c) {
			continue
		}
		now := &reported{checked: c.Summary(), by: map[string][]rules.Finding{}}
		for _, f := range now.checked.Findings {
			path := c.Entry.Abs
			if f.File.Path != c.Entry.Path {
				path = p.session.Workspace().Abs(f.File)
			}
			if now.by[path] == nil {
				now.paths = append(now.paths, path)
			}
			now.by[path] = append(now.by[path], f)
		}
		p.reported[c.Entry] = now
		for _, r := range []*reported{old, now} {
			if r != nil {
				for _, path := range r.paths {
					changed[path] = true
				}
			}
		}
	}
	for e, r := range p.reported {
		if !known[e] {
			delete(p.reported, e)
			for _, path := range r.paths {
				changed[path] = true
			}
		}
	}
	if len(changed) == 0 {
		return
	}
	found := map[string][]rules.Finding{}
	for _, e := range p.session.Workspace().Entries {
		if r := p.reported[e]; r != nil {
			for _, path := range r.paths {
				if changed[path] {
					found[path] = append(found[path], r.by[path]...)
				}
			}
		}
	}
	cache := &texts{}
	for _, path := range slices.Sorted(maps.Keys(changed)) {
		s.show(p, cache, path, found[path])
	}
}

// show sets the diagnostics of a file.
func (s *server) show(p *project, cache *texts, path string, found []rules.Finding) {
	slices.SortStableFunc(found, func(a, b rules.Finding) int { return rules.CompareFindings(&a, &b) })
	found = slices.CompactFunc(found, func(a, b rules.Finding) bool { return rules.CompareFindings(&a, &b) == 0 })
	if len(found) == 0 {
		delete(p.shown, path)
		return
	}
	list := make([]diagnostic, 0, len(found))
	for n := range found {
		list = append(list, s.diagnosticOf(p, cache, &found[n]))
	}
	now := s.newShown(list)
	if old := p.shown[path]; old == nil || !bytes.Equal(old.json, now.json) {
		p.shown[path] = now
	}
}

// newShown returns diagnostics with an id of their own, nil for none.
func (s *server) newShown(list []diagnostic) *shown {
	text, err := json.Marshal(list)
	if err != nil || len(list) == 0 { // they hold nothing that JSON cannot
		return nil
	}
	s.ids++
	return &shown{s.ids, text}
}

func (s *server) diagnosticOf(p *project, cache *texts, f *rules.Finding) diagnostic {
	d := diagnostic{
		Range: cache.of(f.File).span(f.Span, s.encoding), Severity: severityOf(f.Severity), Code: f.ID(),
		Source: "sandlint", Message: f.Message, Data: &diagnosticData{Rule: f.Rule.ID},
	}
	if address := report.Address(s.pageOf(f.Rule)); address != "" {
		d.CodeDescription = &codeDescription{address}
	}
	switch {
	case f.Rule.Deprecated:
		d.Tags = []int{tagDeprecated}
	case f.Rule.Unnecessary:
		d.Tags = []int{tagUnnecessary}
	}
	for _, r := range f.Related {
		d.RelatedInformation = append(d.RelatedInformation, diagnosticRelated{
			location{uriOf(p.session.Workspace().Abs(r.File)), cache.of(r.File).span(r.Span, s.encoding)}, r.Message,
		})
	}
	for n := range f.Fixes {
		if f.Fixes[n].Safety == fixers.Manual {
			d.Message += "\n" + f.Fixes[n].Title + "."
		}
	}
	return d
}

// pageOf returns the page of a rule: see rules.Active.Help.
func (s *server) pageOf(r *rules.Rule) string {
	for _, pack := range s.opts.Packs {
		if pack.Name == r.Pack() {
			return pack.PageAddress(r)
		}
	}
	return ""
}

// publish sends the diagnostics that changed, to a client that does not ask for them: those of the open documents, or
// of all files where the client wants that. The caller holds engine.
func (s *server) publish(ctx context.Context, open []*document) {
	if s.pulls {
		s.askAgain(open)
		return
	}
	s.mu.Lock()
	everywhere := s.settings.Diagnostics == "workspace"
	s.mu.Unlock()
	now := map[string]*shown{}
	versions := map[string]*int32{}
	opened := map[string]bool{}
	for _, d := range open {
		opened[d.path] = true
		now[d.uri] = nil
		versions[d.uri] = &d.version
	}
	for _, p := range s.projects {
		if p.session == nil {
			continue
		}
		s.update(p)
		for _, d := range open {
			if found := p.shown[p.shownAs(d)]; found != nil && s.of(d.path) == p {
				now[d.uri] = found
				opened[p.shownAs(d)] = true
			}
		}
		if everywhere {
			for path, found := range p.shown {
				if of := s.of(path); !opened[path] && (of == nil || of == p) {
					now[uriOf(path)] = found
				}
			}
		}
	}
	for _, d := range open {
		if own := settingsOf(d); own != nil {
			now[d.uri] = s.diagnosticsOfSettings(own)
		}
	}
	for uri := range s.published {
		if _, still := now[uri]; !still {
			now[uri] = nil
		}
	}
	for _, uri := range slices.Sorted(maps.Keys(now)) {
		text := json.RawMessage("[]")
		if now[uri] != nil {
			text = now[uri].json
		}
		before, was := s.published[uri]
		if was && before == string(text) || !was && now[uri] == nil && !opened[pathOf(uri)] {
			continue
		}
		s.send(ctx, "textDocument/publishDiagnostics", publishParams{uri, versions[uri], text})
		s.published[uri] = string(text)
		if versions[uri] == nil && now[uri] == nil {
			delete(s.published, uri)
		}
	}
}

// shownAs returns the path under which what is found in a document is shown.
func (p *project) shownAs(d *document) string {
	if e := p.session.Entry(d.path); e != nil {
		return e.Abs
	}
	return d.path
}

// askAgain makes a client that asks for diagnostics do that again, where those of an open document are others than what
// it got last, since another file was checked.
func (s *server) askAgain(open []*document) {
	if !s.client.Workspace.Diagnostics.RefreshSupport {
		return
	}
	for _, d := range open {
		p := s.of(d.path)
		given, was := s.given[d.uri]
		if p == nil || p.session == nil || !was || given == resultID(s.diagnosticsOf(p, p.shownAs(d))) {
			continue
		}
		for _, d := range open {
			delete(s.given, d.uri) // it asks once
		}
		s.ask("workspace/diagnostic/refresh", nil)
		return
	}
}

// resultID names diagnostics, so a client that has them already does not get them again.
func resultID(of *shown) string {
	if of == nil {
		return "none"
	}
	return strconv.Itoa(of.id)
}

// diagnosticReport is the answer about one file: "full", or "unchanged" where the client has the result.
type diagnosticReport struct {
	Kind     string          `json:"kind"`
	ResultID string          `json:"resultId,omitempty"`
	URI      string          `json:"uri,omitempty"`
	Version  *int32          `json:"version,omitempty"`
	Items    json.RawMessage `json:"items,omitempty"`
}

func reportOf(found *shown, previous string) diagnosticReport {
	r := diagnosticReport{Kind: "full", ResultID: resultID(found), Items: json.RawMessage("[]")}
	switch {
	case r.ResultID == previous:
		r.Kind, r.Items = "unchanged", nil
	case found != nil:
		r.Items = found.json
	}
	return r
}

// documentDiagnostics answers a client that asks for the diagnostics of one document.
func documentDiagnostics(s *server, ctx context.Context, p *struct {
	documentParams
	PreviousResultID string `json:"previousResultId"`
}) (any, error) {
	uri := p.TextDocument.URI
	if s.settingsAt(uri) == nil && !s.client.Workspace.Diagnostics.RefreshSupport {
		s.engine.Lock()
		s.look(ctx, uri) // before others, so what these ask about it has been found out
		s.engine.Unlock()
		if err := s.checkAll(ctx); err != nil { // what others find in it cannot be said later
			return nil, err
		}
	}
	s.engine.Lock()
	defer s.engine.Unlock()
	var found *shown
	if own := s.settingsAt(uri); own != nil {
		found = s.diagnosticsOfSettings(own)
	} else if l := s.look(ctx, uri); l != nil {
		l.project.checkAffected(func() bool { return ctx.Err() != nil }, []*document{l.document})
		found = s.diagnosticsOf(l.project, l.checked.Entry.Abs)
	}
	s.given[uri] = resultID(found)
	return reportOf(found, p.PreviousResultID), nil
}

// checkAll checks all files, but for the rules that ask other programs, and lets other requests have their turns.
func (s *server) checkAll(ctx context.Context) error {
	stop := func() bool { return ctx.Err() != nil }
	for {
		s.engine.Mutex.Lock()
		done := s.checkSome(stop, s.sync(ctx), false) && !s.relink(ctx)
		s.engine.Unlock()
		if done || stop() {
			return ctx.Err()
		}
	}
}

// workspaceDiagnostics answers a client that asks for the diagnostics of all files.
func workspaceDiagnostics(s *server, ctx context.Context, p *struct {
	PreviousResultIDs []struct {
		URI   string `json:"uri"`
		Value string `json:"value"`
	} `json:"previousResultIds"`
}) (any, error) {
	if err := s.checkAll(ctx); err != nil {
		return nil, err
	}
	s.engine.Lock()
	defer s.engine.Unlock()
	previous := map[string]string{}
	for _, r := range p.PreviousResultIDs {
		previous[r.URI] = r.Value
	}
	versions := map[string]*document{}
	for _, d := range s.sync(ctx) {
		versions[d.path] = d
	}
	items := []diagnosticReport{}
	for _, p := range s.projects {
		if p.session == nil {
			continue
		}
		s.update(p)
		paths := map[string]bool{}
		for _, e := range p.session.Workspace().Entries {
			paths[e.Abs] = true
		}
		for path := range p.shown {
			paths[path] = true
		}
		for path := range paths {
			uri := uriOf(path)
			d := versions[path]
			if d != nil {
				uri = d.uri
			}
			r := reportOf(p.shown[path], previous[uri])
			r.URI = uri
			if d != nil {
				r.Version = &d.version
			}
			items = append(items, r)
		}
	}
	slices.SortFunc(items, func(a, b diagnosticReport) int { return strings.Compare(a.URI, b.URI) })
	return map[string]any{"items": items}, nil
}
