package lsp

import (
	"encoding/json"
	"slices"
)

// documentOf returns an open document, nil if the client has not opened it.
func (s *server) documentOf(uri string) *document {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.documents[uri]
}

func (s *server) opened(p *openParams) {
	d := p.TextDocument
	s.mu.Lock()
	s.documents[d.URI] = &document{uri: d.URI, path: pathOf(d.URI), language: d.LanguageID, version: d.Version,
		text: newText([]byte(d.Text))}
	s.mu.Unlock()
	s.changed()
}

func (s *server) edited(p *changeParams) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.documents[p.TextDocument.URI]
	if d == nil {
		return
	}
	now := *d
	now.text, now.version = d.text.edited(p.ContentChanges, s.encoding), p.TextDocument.Version
	s.documents[d.uri] = &now
	s.changed()
}

func (s *server) closed(p *documentParams) {
	s.mu.Lock()
	delete(s.documents, p.TextDocument.URI)
	s.mu.Unlock()
	s.changed()
}

func (s *server) saved(p *documentParams) {
	if path := pathOf(p.TextDocument.URI); path != "" {
		s.stale(path)
	}
}

func (s *server) filesChanged(p *struct {
	Changes []struct {
		URI  string `json:"uri"`
		Type int    `json:"type"`
	} `json:"changes"`
}) {
	var paths []string
	for _, c := range p.Changes {
		if path := pathOf(c.URI); path != "" {
			paths = append(paths, path)
		}
	}
	s.stale(paths...)
}

func (s *server) foldersChanged(p *struct {
	Event struct {
		Added   []workspaceFolder `json:"added"`
		Removed []workspaceFolder `json:"removed"`
	} `json:"event"`
}) {
	s.mu.Lock()
	for _, f := range p.Event.Removed {
		path := pathOf(f.URI)
		s.folders = slices.DeleteFunc(s.folders, func(have string) bool { return have == path })
	}
	for _, f := range p.Event.Added {
		s.addFolder(pathOf(f.URI))
	}
	s.mu.Unlock()
	s.changed()
}

func (s *server) configured(p *struct {
	Settings struct {
		Sandlint json.RawMessage `json:"sandlint"`
	} `json:"settings"`
}) {
	if len(p.Settings.Sandlint) == 0 {
		return
	}
	s.mu.Lock()
	_ = json.Unmarshal(p.Settings.Sandlint, &s.settings) // what cannot be read stays as it is
	s.mu.Unlock()
	s.changed()
}
