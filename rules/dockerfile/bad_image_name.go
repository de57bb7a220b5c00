package dockerfile

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var badImageName = &rules.Rule{
	ID:       "dockerfile/bad-image-name",
	Summary:  "the name of an image is invalid, so the build fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"github.com/distribution/reference v0.6.0: ParseNormalizedNamed",
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/convert.go: resolveBaseImage",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Image == nil || s.Broken || s.Onbuild != nil || s.Dockerfile().Foreign() {
			return
		}
		switch s.Name {
		case "FROM":
			// FROM finds a stage only by its name in lower case.
			base := s.Image.Stage.Base
			if text, known := s.Expand(base.Text); known && text != "scratch" && !strings.Contains(base.Text, "$") &&
				(s.Image.Stage.Parent == nil || text != s.Image.Stage.Parent.Name) {
				reportName(p, s, text, base.Span)
			}
		case "COPY":
			if flag, ok := s.Flag("from"); ok && flag.Known {
				reportSource(p, s, flag.Value, flag.At)
			}
		case "RUN":
			for n := range s.Instruction.Flags {
				fields, _ := s.MountFields(&s.Instruction.Flags[n])
				for _, field := range fields {
					if field.Key == "from" && field.Known && s.Instruction.Flags[n].Name == "mount" {
						reportSource(p, s, field.Value, field.Span)
					}
				}
			}
		}
	}, "FROM", "COPY", "RUN"),
}

// reportSource reports the name in a "from", which is that of a stage in any case, a number, or an image.
func reportSource(p *rules.Pass, s *image.Step, name string, span source.Span) {
	d := s.Dockerfile()
	if name == "" || strings.ContainsRune(name, '$') || strings.Trim(name, "0123456789") == "" ||
		d.StageNamed(name) != nil {
		return
	}
	reportName(p, s, name, span)
}

func reportName(p *rules.Pass, s *image.Step, name string, span source.Span) {
	fault := image.ReferenceFault(name)
	if fault == "" || strings.ContainsAny(name, "<>{}") || strings.Count(name, "%") > 1 ||
		strings.Count(name, "@") > 1 {
		// a placeholder of a template is none of this rule's business
		return
	}
	f := s.Dockerfile().Source
	finding := rules.Finding{
		File: f, Span: span,
		Message: fmt.Sprintf("%q is not the name of an image (%s), so the build fails", name, fault),
	}
	lower := lowerName(name)
	if lower != name && image.ReferenceFault(lower) == "" {
		finding.Message = fmt.Sprintf("the name of an image has no upper-case letters, so the build fails at %q", name)
		if s.Dockerfile().StageNamed(lower) != nil {
			finding.Message += "; the stage of that name is found in lower case alone"
		}
		if f.Text(span) == name {
			finding.Fixes = []fixers.Fix{{
				Title: "Write " + lower, Safety: fixers.Unsafe,
				Edits:   []fixers.Edit{{File: f, Span: span, Text: lower}},
				Changes: fixers.Changes{fixdocker.Instructions{}},
			}}
		}
	}
	p.Report(finding)
}

// lowerName returns a reference with its name in lower case; tags and digests stay.
func lowerName(ref string) string {
	end := len(ref)
	if n := strings.IndexByte(ref, '@'); n >= 0 {
		end = n
	}
	if n := strings.LastIndexByte(ref[:end], ':'); n > strings.LastIndexByte(ref[:end], '/') {
		end = n
	}
	return strings.ToLower(ref[:end]) + ref[end:]
}
