package dockerfile

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/copies"
)

var copySeveralToFile = &rules.Rule{
	ID:       "dockerfile/copy-several-to-file",
	Aliases:  []string{"DL3021"},
	Summary:  "several sources have a target without a slash at its end, so each may replace the one before",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"Dockerfile reference: COPY and ADD, \"If multiple source paths are specified, … the destination must be a " +
			"directory, and must end with a slash\"",
		"Docker's classic builder and Kaniko: \"When using COPY with more than one source file, the destination must " +
			"be a directory and end with a /\"",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Broken || s.Image == nil || s.Dockerfile().Foreign() || len(s.Words) < 3 {
			return
		}
		if parents, ok := s.Flag("parents"); ok && parents.Value != "false" {
			return // below the target, there is always a folder
		}
		word, dest, known := copies.Dest(s)
		if !known || strings.HasSuffix(dest, "/") || dest == "." || strings.HasSuffix(dest, "/.") || dest == ".." ||
			strings.HasSuffix(dest, `\`) && s.Image.Windows() || strings.HasPrefix(word.Text, "<<") {
			return
		}
		f := s.Dockerfile().Source
		finding := rules.Finding{
			File: f, Span: word.Span,
			Message: fmt.Sprintf("%d sources are copied to %q, which has no slash at its end: if it is not a folder "+
				"yet, each file replaces the one before, and builders other than BuildKit refuse it",
				len(s.Words)-1, dest),
		}
		at, text := word.Span.End, f.Text(word.Span)
		if c := text[len(text)-1]; c == '"' || c == '\'' {
			at--
		}
		if !strings.HasSuffix(text, string(s.Dockerfile().Escape)) && !strings.Contains(word.Text, "$") {
			finding.Fixes = []fixers.Fix{{
				Title: "Write " + dest + "/", Safety: fixers.Safe,
				Edits:   []fixers.Edit{{File: f, Span: source.Span{Start: at, End: at}, Text: "/"}},
				Changes: fixers.Changes{fixdocker.FolderDest{}},
			}}
		}
		p.Report(finding)
	}, "COPY", "ADD"),
}
