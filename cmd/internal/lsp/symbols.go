package lsp

import (
	"context"
	"strings"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/source"
)

// Kinds of symbols.
const (
	symbolFunction = 12
	symbolVariable = 13
	symbolObject   = 19
	symbolKey      = 20
)

type documentSymbol struct {
	Name           string           `json:"name"`
	Detail         string           `json:"detail,omitempty"`
	Kind           int              `json:"kind"`
	Range          Range            `json:"range"`
	SelectionRange Range            `json:"selectionRange"`
	Children       []documentSymbol `json:"children,omitempty"`
}

// documentSymbols lists the stages of a Dockerfile with their instructions, the settings of a nix.conf, and the rules
// of a profile.
func documentSymbols(s *server, ctx context.Context, p *documentParams) ([]documentSymbol, error) {
	s.engine.Lock()
	defer s.engine.Unlock()
	out := []documentSymbol{}
	l := s.look(ctx, p.TextDocument.URI)
	if l == nil {
		return out, nil
	}
	at := func(span source.Span) Range { return l.text.span(span, s.encoding) }
	doc := l.checked.Document
	switch {
	case doc.Dockerfile != nil:
		f := doc.Dockerfile.File
		for _, stage := range f.Stages {
			whole := source.Span{Start: stage.From.Span.Start, End: endOf(stage)}
			name := stage.Name
			if name == "" {
				name = stage.Base.Text
			}
			symbol := documentSymbol{Name: "FROM " + name, Detail: stage.Base.Text, Kind: symbolFunction,
				Range: at(whole), SelectionRange: at(stage.From.Span)}
			for _, in := range stage.Instructions {
				symbol.Children = append(symbol.Children, documentSymbol{
					Name: in.Name, Detail: oneLine(f.Source.Text(in.Args)), Kind: kindOfInstruction(in),
					Range: at(in.Span), SelectionRange: at(in.Keyword),
				})
			}
			out = append(out, symbol)
		}
	case len(doc.Profiles) > 0:
		for _, profile := range doc.Profiles {
			for n := range profile.Rules {
				r := profile.Rules[n]
				var names []string
				for _, name := range r.Names {
					names = append(names, name.Text)
				}
				if profile.Fragment == nil && len(names) > 0 {
					out = append(out, documentSymbol{Name: oneLine(strings.Join(names, ", ")), Detail: r.Action.Text,
						Kind: symbolObject, Range: at(r.Span), SelectionRange: at(r.Span)})
				}
			}
		}
	default:
		for _, text := range doc.Texts {
			for _, e := range text.Entries {
				out = append(out, documentSymbol{Name: e.Name.Text, Detail: oneLine(e.Value), Kind: symbolKey,
					Range: at(text.Fragment.Span(e.Span)), SelectionRange: at(text.Fragment.Span(e.Name.Span))})
			}
		}
	}
	return out, nil
}

// endOf returns where a stage ends.
func endOf(stage *dockerfile.Stage) int {
	if n := len(stage.Instructions); n > 0 {
		return stage.Instructions[n-1].Span.End
	}
	return stage.From.Span.End
}

func kindOfInstruction(in *dockerfile.Instruction) int {
	if in.Name == "ARG" || in.Name == "ENV" {
		return symbolVariable
	}
	return symbolObject
}

// oneLine returns a text as a detail: its words, not too many.
func oneLine(text string) string {
	const most = 60
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

type foldingRange struct {
	StartLine uint32 `json:"startLine"`
	EndLine   uint32 `json:"endLine"`
	Kind      string `json:"kind,omitempty"`
}

// foldingRanges folds stages, instructions of several lines and runs of comments.
func foldingRanges(s *server, ctx context.Context, p *documentParams) ([]foldingRange, error) {
	s.engine.Lock()
	defer s.engine.Unlock()
	out := []foldingRange{}
	l := s.look(ctx, p.TextDocument.URI)
	if l == nil {
		return out, nil
	}
	fold := func(span source.Span, kind string) {
		r := l.text.span(span, s.encoding)
		if r.End.Line > r.Start.Line {
			out = append(out, foldingRange{r.Start.Line, r.End.Line, kind})
		}
	}
	doc := l.checked.Document
	if doc.Dockerfile != nil {
		f := doc.Dockerfile.File
		for _, stage := range f.Stages {
			fold(source.Span{Start: stage.From.Span.Start, End: endOf(stage)}, "")
		}
		for _, in := range f.Instructions {
			fold(in.Span, "")
			if n := len(in.Comments); n > 1 {
				fold(source.Span{Start: in.Comments[0].Start, End: in.Comments[n-1].End}, "comment")
			}
		}
	}
	for _, profile := range doc.Profiles {
		for n := range profile.Rules {
			if profile.Fragment == nil {
				fold(profile.Rules[n].Span, "")
			}
		}
	}
	return out, nil
}
