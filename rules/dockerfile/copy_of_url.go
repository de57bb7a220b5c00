package dockerfile

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

var copyOfURL = &rules.Rule{
	ID:       "dockerfile/copy-of-url",
	Summary:  "COPY names a URL, which only ADD downloads, so the build fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/convert_copy.go: \"source can't be a URL for COPY\"",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Image == nil || s.Broken || s.Onbuild != nil || len(s.Words) < 2 || s.Dockerfile().Foreign() {
			return
		}
		f := s.Dockerfile().Source
		for _, w := range s.Words[:len(s.Words)-1] {
			name, known := s.Expand(w.Text)
			if !known || strings.HasPrefix(w.Text, "<<") {
				continue
			}
			switch {
			case strings.HasPrefix(name, "http://"), strings.HasPrefix(name, "https://"),
				strings.HasPrefix(name, "git@"), strings.HasPrefix(name, "git://"), strings.HasPrefix(name, "ssh://"):
			default:
				continue
			}
			finding := rules.Finding{
				File: f, Span: w.Span,
				Message: fmt.Sprintf("COPY takes files of the build context, not %q, so the build fails", name),
			}
			if len(s.Instruction.Flags) == 0 {
				keyword := "ADD"
				if text := f.Text(s.Keyword); text == strings.ToLower(text) {
					keyword = "add"
				}
				finding.Fixes = []fixers.Fix{{
					Title: "Use ADD, which downloads it", Safety: fixers.Unsafe,
					Edits:   []fixers.Edit{{File: f, Span: s.Keyword, Text: keyword}},
					Changes: fixers.Changes{fixdocker.Instructions{}},
				}}
			}
			p.Report(finding)
		}
	}, "COPY"),
}
