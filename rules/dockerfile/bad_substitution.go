package dockerfile

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/grammar"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/words"
)

var badSubstitution = &rules.Rule{
	ID:       "dockerfile/bad-substitution",
	Summary:  "a ${…} has a form that BuildKit does not have, so the build fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/shell/lex.go: processDollar",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Dockerfile().Foreign() {
			return
		}
		for w := range words.WithTriggers(s) {
			if w.Fault == dockerfile.FaultSubstitution && !strings.Contains(w.Text, "${templateOption:") {
				// such a word is a placeholder in a template of a development container
				span := faultAt(s, &w)
				p.Report(grammar.Weaken(s.Dockerfile(), grammar.Trigger(s, rules.Finding{
					File: s.Dockerfile().Source, Span: span,
					Message: fmt.Sprintf("BuildKit cannot expand %q: %s, so the build fails",
						s.Dockerfile().Source.Text(span), faultDetail(w.Detail)),
				})))
			}
		}
	}, "FROM", "ARG", "ENV", "LABEL", "COPY", "ADD", "WORKDIR", "USER", "VOLUME", "STOPSIGNAL", "EXPOSE", "RUN"),
}

// faultAt returns the place of the first ${…} of a word that BuildKit refuses, or that of the word.
func faultAt(s *image.Step, w *words.Word) source.Span {
	f := s.Dockerfile().Source
	text := f.Text(w.Span)
	for from := 0; ; {
		n := strings.Index(text[from:], "${")
		if n < 0 {
			return w.Span
		}
		start := from + n
		from = start + len("${")
		line, _, _ := strings.Cut(text[start:], "\n")
		end := strings.IndexByte(line, '}')
		if end < 0 {
			return source.Span{Start: w.Span.Start + start, End: w.Span.Start + start + len(strings.TrimSpace(line))}
		}
		if d := s.Dockerfile(); d.Expansion(words.Place(s), line[:end+1]).Fault == dockerfile.FaultSubstitution {
			return source.Span{Start: w.Span.Start + start, End: w.Span.Start + start + end + 1}
		}
	}
}

// faultDetail says what a message of BuildKit's lexer means.
func faultDetail(message string) string {
	modifier, ok := strings.CutPrefix(message, "unsupported modifier (")
	modifier, _, _ = strings.Cut(modifier, ")")
	switch {
	case ok && (modifier == "\uFFFD" || modifier == "\n"), strings.Contains(message, "missing '}'"):
		return "there is no \"}\""
	case ok:
		return fmt.Sprintf("it has no operator %q", modifier)
	case strings.Contains(message, "bad substitution"):
		return "there is no name"
	case strings.Contains(message, "missing '/'"):
		return "a second \"/\" is missing"
	}
	return message
}
