package lsp

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/source"
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

// diagnosticsIn returns the findings of a project as diagnostics, by URI, in order.
func (s *server) diagnosticsIn(p *project) map[string][]diagnostic {
	found := map[string][]rules.Finding{}
	for _, c := range p.session.All() {
		for _, f := range c.Findings {
			uri := uriOf(c.Entry.Abs)
			if f.File.Path != c.Entry.Path {
				uri = uriOf(p.session.Workspace().Abs(f.File))
			}
			found[uri] = append(found[uri], f)
		}
	}
	out := map[string][]diagnostic{}
	cache := &texts{}
	for uri, list := range found {
		slices.SortStableFunc(list, func(a, b rules.Finding) int { return rules.CompareFindings(&a, &b) })
		list = slices.CompactFunc(list, func(a, b rules.Finding) bool {
			return rules.CompareFindings(&a, &b) == 0 && a.Message == b.Message
		})
		for n := range list {
			out[uri] = append(out[uri], s.diagnosticOf(p, cache, &list[n]))
		}
	}
	return out
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
		return
	}
	s.mu.Lock()
	everywhere := s.settings.Diagnostics == "workspace"
	s.mu.Unlock()
	now := map[string][]diagnostic{}
	versions := map[string]*int32{}
	for _, d := range open {
		uri := d.uri
		now[uri] = []diagnostic{}
		versions[uri] = &d.version
	}
	for _, p := range s.projects {
		if p.session == nil {
			continue
		}
		for uri, list := range s.diagnosticsIn(p) {
			if mine := s.spelt(open, uri); mine != "" {
				now[mine] = list
			} else if everywhere {
				now[uri] = list
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
			now[uri] = []diagnostic{}
		}
	}
	for uri, list := range now {
		text, err := json.Marshal(list)
		nothing := s.published[uri] == "" && len(list) == 0 && versions[uri] == nil
		if err != nil || nothing || s.published[uri] == string(text) {
			continue
		}
		s.send(ctx, "textDocument/publishDiagnostics", publishParams{uri, versions[uri], list})
		s.published[uri] = string(text)
		if versions[uri] == nil && len(list) == 0 {
			delete(s.published, uri)
		}
	}
}

// spelt returns the URI by which the client calls a file, "" where it is not open.
func (s *server) spelt(open []*document, uri string) string {
	path := pathOf(uri)
	for _, d := range open {
		if d.path == path {
			return d.uri
		}
	}
	return ""
}

type fullReport struct {
	Kind     string       `json:"kind"`
	ResultID string       `json:"resultId,omitempty"`
	URI      string       `json:"uri,omitempty"`
	Version  *int32       `json:"version,omitempty"`
	Items    []diagnostic `json:"items"`
}

// documentDiagnostics answers a client that asks for the diagnostics of one document.
func documentDiagnostics(s *server, ctx context.Context, p *documentParams) (any, error) {
	s.engine.Lock()
	defer s.engine.Unlock()
	out := fullReport{Kind: "full", Items: []diagnostic{}}
	if d := s.settingsAt(p.TextDocument.URI); d != nil {
		out.Items = s.diagnosticsOfSettings(d)
	} else if l := s.look(ctx, p.TextDocument.URI); l != nil {
		if list := s.diagnosticsIn(l.project)[uriOf(l.checked.Entry.Abs)]; list != nil {
			out.Items = list
		}
	}
	return out, nil
}

// workspaceDiagnostics answers a client that asks for the diagnostics of all files.
func workspaceDiagnostics(s *server, ctx context.Context, _ *struct{}) (any, error) {
	s.engine.Lock()
	defer s.engine.Unlock()
	s.sync(ctx, true)
	items := []fullReport{}
	for _, p := range s.projects {
		if p.session == nil {
			continue
		}
		for _, e := range p.session.Workspace().Entries {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			p.session.Check(e, true)
		}
		by := s.diagnosticsIn(p)
		for _, e := range p.session.Workspace().Entries {
			uri := uriOf(e.Abs)
			if by[uri] == nil {
				by[uri] = []diagnostic{}
			}
		}
		for uri, list := range by {
			items = append(items, fullReport{Kind: "full", URI: uri, Items: list})
		}
	}
	slices.SortFunc(items, func(a, b fullReport) int { return strings.Compare(a.URI, b.URI) })
	return map[string]any{"items": items}, nil
}
