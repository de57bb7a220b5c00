package dockerfile

import (
	"fmt"
	"path"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

var copyIgnoredFile = &rules.Rule{
	ID:       "dockerfile/copy-ignored-file",
	Aliases:  []string{"CopyIgnoredFile"},
	Summary:  "COPY or ADD names a file that .dockerignore excludes",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/validations.go: validateCopySourcePath",
		"github.com/moby/patternmatcher v0.6.1",
		"moby/buildkit#7125, moby/buildkit#6926, moby/moby#52125",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Image == nil || s.Broken || s.Onbuild != nil || len(s.Words) < 2 || s.Dockerfile().Foreign() {
			return
		}
		if from, ok := s.Flag("from"); ok && from.Value != "" {
			return
		}
		f := s.Dockerfile().Source
		for _, w := range s.Words[:len(s.Words)-1] {
			name, known := s.Expand(w.Text)
			if !known || name == "" || strings.HasPrefix(w.Text, "<<") || strings.Contains(name, "://") ||
				strings.HasPrefix(name, "git@") {
				continue
			}
			x, excluded := p.Workspace.ExcludedFrom(s.Dockerfile(), name)
			if !excluded {
				continue
			}
			line := x.File.LineOf(x.Span.Start)
			message := fmt.Sprintf("%q is not in the build context, since line %d of %s excludes it (%q)", name, line,
				path.Base(x.File.Path), x.Pattern)
			switch {
			case path.Clean(name) == "." || name == "/":
				message = fmt.Sprintf("the build context is empty, since line %d of %s excludes everything (%q)", line,
					path.Base(x.File.Path), x.Pattern)
			case strings.ContainsAny(name, "*?["):
				message += "; nothing is copied"
			default:
				message += "; the build fails with \"not found\""
			}
			p.Report(rules.Finding{
				File: f, Span: w.Span, Message: message,
				Related: []rules.Related{{File: x.File, Span: x.Span, Message: "the pattern"}},
			})
		}
	}, "COPY", "ADD"),
}
