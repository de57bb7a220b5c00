package dockerfile

import (
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var maintainerDeprecated = &rules.Rule{
	ID:         "dockerfile/maintainer-deprecated",
	Aliases:    []string{"MaintainerDeprecated", "DL4000"},
	Summary:    "MAINTAINER is deprecated; a label says the same",
	Severity:   rules.Warning,
	Category:   rules.Correctness,
	Since:      "0.1.0",
	Deprecated: true,
	Fixes:      []fixers.Safety{fixers.Unsafe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/docs/reference.md: MAINTAINER (deprecated)",
		"OCI image specification, annotations.md: org.opencontainers.image.authors",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Broken || len(s.Words) == 0 || s.Dockerfile().Foreign() {
			return
		}
		f := s.Dockerfile().Source
		finding := rules.Finding{
			File: f, Span: s.Keyword,
			Message: "MAINTAINER is deprecated; unlike a label, what it sets cannot be searched for",
		}
		text := strings.TrimSpace(f.Text(s.Args))
		if s.Words[0].Text == text && s.Image != nil { // not across lines
			start := s.Keyword.Start
			end := s.Args.Start + strings.Index(f.Text(s.Args), text) + len(text)
			finding.Fixes = []fixers.Fix{{
				Title:  "Replace by a label; the author field of the image is empty then",
				Safety: fixers.Unsafe,
				Edits: []fixers.Edit{{
					File: f, Span: source.Span{Start: start, End: end},
					Text: label(f.Text(s.Keyword)) + " org.opencontainers.image.authors=" +
						quoted(bare(text), s.Dockerfile().Escape),
				}},
				Changes: fixers.Changes{
					fixdocker.RemovedInstructions{"MAINTAINER"}, fixdocker.NewInstructions{"LABEL"},
				},
			}}
		}
		p.Report(finding)
	}, "MAINTAINER"),
}

// label returns the keyword LABEL in the case of another keyword.
func label(keyword string) string {
	if keyword == strings.ToLower(keyword) {
		return "label"
	}
	return "LABEL"
}

// bare returns a text without the quotes around all of it.
func bare(text string) string {
	if n := len(text); n > 1 && (text[0] == '"' || text[0] == '\'') && text[n-1] == text[0] &&
		strings.IndexByte(text[1:n-1], text[0]) < 0 {
		return text[1 : n-1]
	}
	return text
}

// quoted returns a text between double quotes that BuildKit reads as that text.
func quoted(text string, escape byte) string {
	var b strings.Builder
	b.WriteByte('"')
	for n := 0; n < len(text); n++ {
		if c := text[n]; c == '"' || c == '$' || c == escape {
			b.WriteByte(escape)
		}
		b.WriteByte(text[n])
	}
	b.WriteByte('"')
	return b.String()
}
