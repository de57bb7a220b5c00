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
	"github.com/sandlint/sandlint/rules/dockerfile/internal/copies"
)

var copyRelativeDestination = &rules.Rule{
	ID:       "dockerfile/copy-relative-destination",
	Aliases:  []string{"DL3045"},
	Summary:  "files are copied to a relative path without a WORKDIR, so the base image decides where they go",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/convert_copy.go: pathRelativeToWorkingDir",
		"hadolint/hadolint#573, hadolint/hadolint#580",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		for _, img := range d.Images {
			deferred := false // an ONBUILD WORKDIR runs before the triggers below it
			for _, s := range img.Steps() {
				switch {
				case s.From != img:
				case s.Deferred && s.Name == "WORKDIR":
					deferred = true
				case (s.Name == "COPY" || s.Name == "ADD") && !s.Broken && !(s.Deferred && deferred):
					relativeTarget(p, s)
				}
			}
		}
	}),
}

func relativeTarget(p *rules.Pass, s *image.Step) {
	before := s.Workdir()
	word, dest, known := copies.Dest(s)
	if before.From != nil || !known || isAbsolute(dest) || strings.HasPrefix(word.Text, "<<") {
		return
	}
	f := s.Dockerfile().Source
	finding := rules.Finding{
		File: f, Span: word.Span,
		Message: fmt.Sprintf("%q is relative and no WORKDIR is set, so the base image decides which folder it means",
			dest),
	}
	at := source.Span{Start: word.Span.Start, End: word.Span.Start}
	text := f.Text(word.Span)
	if text[0] == '"' || text[0] == '\'' {
		at.Start++
		at.End++
		text = text[1:]
	}
	full := path.Join("/", dest)
	switch {
	case strings.HasPrefix(text, "./"):
		at.End += 2
	case dest == ".":
		at.End++
	}
	if strings.HasSuffix(dest, "/") && full != "/" {
		full += "/"
	}
	if dest == word.Text && !strings.HasPrefix(dest, "..") && !s.Image.Windows() || s.Exec {
		fix := fixers.Fix{
			Title: "Write " + full, Safety: fixers.Safe,
			Edits:   []fixers.Edit{{File: f, Span: at, Text: "/"}},
			Changes: fixers.Changes{fixdocker.RootedDest{}},
		}
		if !before.Known || s.Onbuild != nil {
			fix.Safety = fixers.Unsafe
			fix.Title += ", which it is if the base image has no WORKDIR"
		}
		finding.Fixes = []fixers.Fix{fix}
	}
	p.Report(finding)
}

// isAbsolute reports whether a path is absolute on Linux or, with a drive, on Windows.
func isAbsolute(name string) bool {
	return name[0] == '/' || name[0] == '\\' || len(name) > 1 && name[1] == ':'
}
