package dockerfile

import (
	"fmt"
	"path"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var relativeWorkdir = &rules.Rule{
	ID:       "dockerfile/relative-workdir",
	Aliases:  []string{"WorkdirRelativePath", "DL3000"},
	Summary:  "the first WORKDIR is relative, so the base image decides which folder it means",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/convert.go: dispatchWorkdir",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Image == nil || s.Broken || s.Onbuild != nil || len(s.Words) != 1 || s.Dockerfile().Foreign() {
			return
		}
		before := s.Workdir()
		if before.From != nil {
			return // a WORKDIR above decides
		}
		word := s.Words[0]
		dir, known := s.Expand(word.Text)
		if !known || dir == "" || dir[0] == '/' || dir[0] == '\\' || len(dir) > 1 && dir[1] == ':' {
			return
		}
		f := s.Dockerfile().Source
		full := path.Join("/", dir)
		finding := rules.Finding{
			File: f, Span: word.Span,
			Message: fmt.Sprintf("%q is relative to the WORKDIR of the base image, so an update of that can move it",
				dir),
		}
		at, text := word.Span, full
		if raw := f.Text(at); raw[0] == '"' || raw[0] == '\'' {
			at = source.Span{Start: at.Start + 1, End: at.End - 1}
		}
		switch inner := f.Text(at); {
		case !strings.ContainsAny(inner, "$\\`'\""):
		case "/"+strings.TrimPrefix(dir, "./") != full || overridable(s, inner):
			at = source.Span{} // BuildKit cleans a relative path only, and an argument may be an absolute one
		default:
			at.End = at.Start + len(inner) - len(strings.TrimPrefix(inner, "./"))
			text = "/"
		}
		fix := fixers.Fix{
			Title: "Write " + full, Safety: fixers.Safe,
			Edits:   []fixers.Edit{{File: f, Span: at, Text: text}},
			Changes: fixers.Changes{fixdocker.RootedWorkdir{}},
		}
		if !before.Known {
			fix.Safety = fixers.Unsafe
			fix.Title += ", which it is if the base image has no WORKDIR"
		}
		if at.End > 0 && !mayBeWindows(s) && word.Text == f.Text(word.Span) {
			finding.Fixes = []fixers.Fix{fix}
		}
		p.Report(finding)
	}, "WORKDIR"),
}

// overridable reports whether a word may use a variable that a --build-arg changes.
func overridable(s *image.Step, word string) bool {
	for n := range len(word) {
		if word[n] != '$' {
			continue
		}
		rest := strings.TrimPrefix(word[n+1:], "{")
		for end := 1; end <= len(rest) && (rest[end-1] == '_' || isAlphanumeric(rest[end-1])); end++ {
			if v, ok := s.Lookup(rest[:end]); ok && v.Overridable {
				return true
			}
		}
	}
	return false
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}
