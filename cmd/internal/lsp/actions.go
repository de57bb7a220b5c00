package lsp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

// The kinds of code actions.
const (
	quickFix      = "quickfix"
	fixAll        = "source.fixAll"
	sourceFixAll  = "source.fixAll.sandlint"
	explainAction = "sandlint.explain" // also the command
)

type codeAction struct {
	Title       string         `json:"title"`
	Kind        string         `json:"kind"`
	Diagnostics []diagnostic   `json:"diagnostics,omitempty"`
	IsPreferred bool           `json:"isPreferred,omitempty"`
	Edit        *workspaceEdit `json:"edit,omitempty"`
	Command     *command       `json:"command,omitempty"`
	Data        *ignoring      `json:"data,omitempty"`
}

type command struct {
	Title     string `json:"title"`
	Command   string `json:"command"`
	Arguments []any  `json:"arguments,omitempty"`
}

// namedDiagnostic is a diagnostic that a client names, perhaps of another server, whose codes may be numbers.
type namedDiagnostic struct {
	Range Range `json:"range"`
	Code  any   `json:"code"`
}

// automatic is the triggerKind of a request that the user did not ask for.
const automatic = 2

type actionParams struct {
	TextDocument textDocument `json:"textDocument"`
	Range        Range        `json:"range"`
	Context      struct {
		Only        []string          `json:"only"`
		Diagnostics []namedDiagnostic `json:"diagnostics"`
		TriggerKind int               `json:"triggerKind"`
	} `json:"context"`
}

// actionsFor returns the findings that a request for actions is about: those in its range and those that the client
// names or, where there is none, those in the line of the cursor.
func (s *server) actionsFor(l *looked, p *actionParams) []rules.Finding {
	from, to := l.text.offset(p.Range.Start, s.encoding), l.text.offset(p.Range.End, s.encoding)
	var out, line []rules.Finding
	for _, f := range l.project.session.Proved(l.checked) {
		at := l.text.span(f.Span, s.encoding)
		switch {
		case f.File.Path != l.checked.Entry.Path:
		case f.Span.Start <= to && f.Span.End >= from, slices.ContainsFunc(p.Context.Diagnostics,
			func(d namedDiagnostic) bool { return d.Code == f.ID() && d.Range == at }):
			out = append(out, f)
		case from == to && p.Context.TriggerKind != automatic && at.Start.Line == p.Range.Start.Line:
			line = append(line, f)
		}
	}
	if len(out) == 0 {
		return line
	}
	return out
}

// codeActions offers the fixes of findings, best first, and what else can be done about them.
func codeActions(s *server, ctx context.Context, p *actionParams) ([]codeAction, error) {
	s.engine.Lock()
	defer s.engine.Unlock()
	out := []codeAction{}
	l := s.look(ctx, p.TextDocument.URI)
	if l == nil {
		return out, nil
	}
	wants := func(kind string) bool {
		return slices.ContainsFunc(p.Context.Only, func(only string) bool {
			return kind == only || strings.HasPrefix(kind, only+".")
		})
	}
	if wants(sourceFixAll) {
		if after := l.project.session.Fixed(l.checked, nil); after != nil {
			out = append(out, codeAction{Title: "Apply all safe fixes of sandlint", Kind: sourceFixAll,
				Edit: s.editOf(l, []fixers.Edit{difference(l.checked.Document.Source, after)})})
		}
	}
	if len(p.Context.Only) > 0 && !wants(quickFix) {
		return out, nil
	}
	cache := &texts{}
	var explained []codeAction
	found := s.actionsFor(l, p)
	seen := map[*rules.Rule]bool{}
	for n := range found {
		f := &found[n]
		of := []diagnostic{s.diagnosticOf(l.project, cache, f)}
		preferred := true
		for n := range f.Fixes {
			fix := &f.Fixes[n]
			if fix.Safety == fixers.Manual {
				continue
			}
			title := fix.Title
			if fix.Safety == fixers.Unsafe {
				title += " (unsafe)"
			}
			out = append(out, codeAction{Title: title, Kind: quickFix, Diagnostics: of,
				IsPreferred: preferred && fix.Safety == fixers.Safe, Edit: s.editOf(l, fix.Edits)})
			preferred = false
		}
		if address := report.Address(s.pageOf(f.Rule)); address != "" && !seen[f.Rule] {
			seen[f.Rule] = true
			explained = append(explained, codeAction{Title: "Explain " + f.ID(), Kind: quickFix, Diagnostics: of,
				Command: &command{"Explain " + f.ID(), explainAction, []any{f.Rule.ID, address}}})
		}
	}
	out = append(out, s.ignoreActions(l, found, func(f *rules.Finding) []diagnostic {
		return []diagnostic{s.diagnosticOf(l.project, cache, f)}
	})...)
	return append(out, explained...), nil
}

// difference returns the one edit that makes a text of another.
func difference(f *source.File, after []byte) fixers.Edit {
	before := f.Bytes
	start := 0
	for start < min(len(before), len(after)) && before[start] == after[start] {
		start++
	}
	end := 0
	for end < min(len(before), len(after))-start && before[len(before)-1-end] == after[len(after)-1-end] {
		end++
	}
	// Whole lines, so no character is cut in two.
	start = bytes.LastIndexByte(before[:start], '\n') + 1
	if n := bytes.IndexByte(before[len(before)-end:], '\n'); n >= 0 {
		end -= n + 1
	} else {
		end = 0
	}
	return fixers.Edit{File: f, Span: source.Span{Start: start, End: len(before) - end},
		Text: string(after[start : len(after)-end])}
}

// editOf turns edits into those of the protocol.
func (s *server) editOf(l *looked, edits []fixers.Edit) *workspaceEdit {
	cache := &texts{}
	by := map[string][]textEdit{}
	versions := map[string]*int32{}
	var order []string
	for _, e := range edits {
		uri := l.uri
		if e.File.Path == l.checked.Entry.Path {
			versions[uri] = &l.version
		} else {
			path := l.project.session.Workspace().Abs(e.File)
			uri = uriOf(path)
			s.mu.Lock()
			for _, d := range s.documents {
				if d.path == path {
					uri, versions[d.uri] = d.uri, &d.version
				}
			}
			s.mu.Unlock()
		}
		if by[uri] == nil {
			order = append(order, uri)
		}
		by[uri] = append(by[uri], textEdit{cache.of(e.File).span(e.Span, s.encoding), e.Text})
	}
	if !s.client.Workspace.WorkspaceEdit.DocumentChanges {
		return &workspaceEdit{Changes: by}
	}
	out := &workspaceEdit{}
	for _, uri := range order {
		out.DocumentChanges = append(out.DocumentChanges, documentEdit{versionedDocument{uri, versions[uri]}, by[uri]})
	}
	return out
}

// executeCommand runs one of the server's commands.
func executeCommand(s *server, _ context.Context, p *struct {
	Command   string            `json:"command"`
	Arguments []json.RawMessage `json:"arguments"`
}) (any, error) {
	if p.Command == reasonCommand {
		return nil, s.selectReason(p.Arguments)
	}
	if p.Command != explainAction || len(p.Arguments) != 2 {
		return nil, errors.New("there is no command " + p.Command)
	}
	s.ask("window/showDocument", map[string]any{"uri": p.Arguments[1], "external": true})
	return nil, nil
}

// formatters are the rules whose fixes change the layout alone.
var formatters = []string{"nix/canonical-format", "seccomp/formatting", "ConsistentInstructionCasing", "FromAsCasing"}

// formatting formats a nix.conf and a seccomp profile, and makes the keywords of a Dockerfile alike. It is proved to
// change no meaning.
func formatting(s *server, ctx context.Context, p *documentParams) ([]textEdit, error) {
	return s.format(ctx, p.TextDocument.URI, nil)
}

// rangeFormatting is formatting of the lines that a range touches, proved like that.
func rangeFormatting(s *server, ctx context.Context, p *struct {
	documentParams
	Range Range `json:"range"`
}) ([]textEdit, error) {
	return s.format(ctx, p.TextDocument.URI, &p.Range)
}

func (s *server) format(ctx context.Context, uri string, in *Range) ([]textEdit, error) {
	s.engine.Lock()
	defer s.engine.Unlock()
	l := s.look(ctx, uri)
	if l == nil {
		return nil, nil
	}
	set, err := rules.NewSet(s.opts.Packs, rules.Selection{Only: formatters})
	if err != nil {
		return nil, err
	}
	var after []byte
	if session := l.project.session; in == nil {
		after = session.Fixed(l.checked, set)
	} else {
		after = session.FixedWithin(l.checked, set, l.text.wholeLines(*in, s.encoding))
	}
	if after == nil {
		return []textEdit{}, nil
	}
	e := difference(l.checked.Document.Source, after)
	return []textEdit{{l.text.span(e.Span, s.encoding), e.Text}}, nil
}
