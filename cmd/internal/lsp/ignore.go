package lsp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/sandlint/sandlint/cmd/internal/config"
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/secret"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

// This file suppresses findings: by a comment above them and, in formats without comments, by a block "accept" in the
// configuration. Where a comment may stand is found by trying, which costs several checks, so a client that can ask for
// the edit of an action gets it when the user chooses that.

// reasonToWrite stands where the user is to write the reason.
const reasonToWrite = "reason"

// reasonCommand selects it.
const reasonCommand = "sandlint.reason"

// ignoring names a finding in an action whose edit the client asks for later.
type ignoring struct {
	URI     string `json:"uri"`
	Version int32  `json:"version"`
	Rule    string `json:"rule"`
	ID      string `json:"id"`
	Range   Range  `json:"range"`
}

// maxIgnoring is how many findings of one request get an action whose edit is made at once.
const maxIgnoring = 4

// ignoreActions offers to suppress findings of a document.
func (s *server) ignoreActions(l *looked, found []rules.Finding, of func(*rules.Finding) []diagnostic) []codeAction {
	lazy := slices.Contains(s.client.TextDocument.CodeAction.ResolveSupport.Properties, "edit") &&
		s.client.TextDocument.CodeAction.DataSupport
	var out []codeAction
	seen := map[string]bool{}
	for n := range found {
		f := &found[n]
		comment, path := l.project.session.Ignorable(l.checked, f), ""
		if !comment {
			path = s.acceptable(l, f)
		}
		key := fmt.Sprint(f.ID(), f.File.LineOf(f.Span.Start))
		if seen[key] || !comment && path == "" || !lazy && len(out) == maxIgnoring {
			continue
		}
		seen[key] = true
		action := codeAction{Title: "Ignore " + f.ID() + " here, with a reason", Kind: quickFix, Diagnostics: of(f)}
		reasonIn := l.uri
		if !comment {
			reasonIn = s.uriOf(path)
			action.Title = "Accept this finding of " + f.ID() + " in " + config.Name + ", with a reason"
		}
		if s.client.Window.ShowDocument.Support {
			action.Command = &command{"Write the reason", reasonCommand, []any{reasonIn, f.ID()}}
		}
		at := ignoring{l.uri, l.version, f.Rule.ID, f.ID(), l.text.span(f.Span, s.encoding)}
		if lazy {
			action.Data = &at
		} else if action.Edit = s.suppress(l, f); action.Edit == nil {
			continue
		}
		out = append(out, action)
	}
	return out
}

// codeContentModified says that a request is about an older version of a document.
const codeContentModified = -32801

// resolveAction makes the edit of an action.
func resolveAction(s *server, ctx context.Context, p *codeAction) (*codeAction, error) {
	if p.Data == nil {
		return p, nil
	}
	s.engine.Lock()
	defer s.engine.Unlock()
	l := s.look(ctx, p.Data.URI)
	if l == nil || l.version != p.Data.Version {
		return nil, &jsonrpc2.Error{Code: codeContentModified,
			Message: "the document changed after the action was offered"}
	}
	for n := range l.checked.Findings {
		f := &l.checked.Findings[n]
		if f.Rule.ID != p.Data.Rule || f.ID() != p.Data.ID || l.text.span(f.Span, s.encoding) != p.Data.Range {
			continue
		}
		out := *p
		if out.Edit = s.suppress(l, f); out.Edit == nil {
			return nil, errors.New("no comment can suppress this finding without changing what the file means")
		}
		return &out, nil
	}
	return nil, errors.New("the finding is gone")
}

// suppress returns the edit that suppresses a finding, nil where there is none.
func (s *server) suppress(l *looked, f *rules.Finding) *workspaceEdit {
	if l.project.session.Ignorable(l.checked, f) {
		after, ok := l.project.session.Ignored(l.checked, f, reasonToWrite)
		if !ok {
			return nil
		}
		return s.editOf(l, []fixers.Edit{difference(l.checked.Document.Source, after)})
	}
	if path := s.acceptable(l, f); path != "" {
		return s.accept(l, f, path)
	}
	return nil
}

// uriOf returns the URI by which the client calls a file.
func (s *server) uriOf(path string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.documents {
		if d.path == path {
			return d.uri
		}
	}
	return uriOf(path)
}

// acceptable returns the path of the configuration that can accept a finding, "" where none can: one of hadolint holds,
// or there is none yet and the client makes no files. Only a finding in a file without comments is accepted so.
func (s *server) acceptable(l *looked, f *rules.Finding) string {
	doc := l.checked.Document
	if f.File.Path != doc.Source.Path || !files.IsJSON(doc.Source.Path) {
		return ""
	}
	folder := filepath.Dir(l.path)
	if path := config.Find(folder); path != "" {
		return path
	}
	root := files.Root(files.Disk{}, "", folder)
	if root == "" || config.FindHadolint(folder) != "" ||
		!s.client.Workspace.WorkspaceEdit.DocumentChanges ||
		!slices.Contains(s.client.Workspace.WorkspaceEdit.ResourceOperations, "create") {
		return ""
	}
	return filepath.Join(root, config.Name)
}

// accept returns the edit that adds a block "accept" to a configuration.
func (s *server) accept(l *looked, f *rules.Finding, path string) *workspaceEdit {
	print := fingerprint(l, f)
	if print == "" {
		return nil
	}
	uri := s.uriOf(path)
	var before []byte
	var version *int32
	exists := true
	if d := s.documentOf(uri); d != nil {
		before, version = d.text.bytes, &d.version
	} else {
		b, err := files.Read(files.Disk{}, "", path)
		before, exists = b, err == nil
	}
	at := f.File.Position(f.Span.Start)
	about := secret.Mask(fmt.Sprintf("%s, line %d: %s", filepath.Base(f.File.Path), at.Line, f.Message))
	block := config.AcceptBlock(&rules.Accepted{Fingerprint: print, Rule: f.Rule.ID, Reason: reasonToWrite}, about)
	if len(before) > 0 {
		block = "\n" + block
		if !bytes.HasSuffix(before, []byte("\n")) {
			block = "\n" + block
		}
	}
	end := newText(before).position(len(before), s.encoding)
	edits := []textEdit{{Range{end, end}, block}}
	if !s.client.Workspace.WorkspaceEdit.DocumentChanges {
		return &workspaceEdit{Changes: map[string][]textEdit{uri: edits}}
	}
	out := &workspaceEdit{}
	if !exists {
		out.DocumentChanges = append(out.DocumentChanges, createFile{"create", uri})
	}
	out.DocumentChanges = append(out.DocumentChanges, documentEdit{versionedDocument{uri, version}, edits})
	return out
}

// fingerprint returns that of a finding, as a report has it.
func fingerprint(l *looked, f *rules.Finding) string {
	var all []*rules.Finding
	for _, c := range l.project.session.All() {
		for _, list := range [][]rules.Finding{c.Findings, c.Suppressed} {
			for n := range list {
				if list[n].File.Path == f.File.Path {
					all = append(all, &list[n])
				}
			}
		}
	}
	slices.SortStableFunc(all, rules.CompareFindings)
	all = slices.CompactFunc(all, func(a, b *rules.Finding) bool {
		return rules.CompareFindings(a, b) == 0 && a.Message == b.Message
	})
	n := slices.IndexFunc(all, func(o *rules.Finding) bool { return rules.CompareFindings(o, f) == 0 })
	if n < 0 {
		return ""
	}
	return rules.Fingerprints(files.Disk{}, all, l.project.session.Workspace().Dir())[n]
}

var written = regexp.MustCompile(`sandlint: ignore\[([^\]\n]*)\] (` + reasonToWrite + `)[ \t]*(?:\*/)?\r?\n` +
	`|reason *= *"(` + reasonToWrite + `)"`)

// selectReason shows the client where the reason is to be written.
func (s *server) selectReason(arguments []json.RawMessage) error {
	var uri, id string
	if len(arguments) != 2 || json.Unmarshal(arguments[0], &uri) != nil || json.Unmarshal(arguments[1], &id) != nil {
		return errors.New("the arguments are a document and a rule")
	}
	show := map[string]any{"uri": uri, "takeFocus": true}
	if d := s.documentOf(uri); d != nil {
		if at, ok := toWrite(d.text.bytes, id); ok {
			show["selection"] = d.text.span(at, s.encoding)
		}
	}
	s.ask("window/showDocument", show)
	return nil
}

// toWrite returns where the reason of a suppression of a rule is to be written: that of the first comment without one
// or, since new blocks stand at the end, of the last block.
func toWrite(text []byte, id string) (at source.Span, ok bool) {
	for _, m := range written.FindAllSubmatchIndex(text, -1) {
		if m[2] < 0 {
			at, ok = source.Span{Start: m[6], End: m[7]}, true
			continue
		}
		if slices.Contains(strings.Split(strings.ReplaceAll(string(text[m[2]:m[3]]), " ", ""), ","), id) {
			return source.Span{Start: m[4], End: m[5]}, true
		}
	}
	return at, ok
}
