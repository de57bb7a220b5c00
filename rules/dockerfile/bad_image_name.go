package dockerfile

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/sources"
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
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		stages := map[string]bool{}
		for _, img := range d.Images {
			stage := img.Stage
			// FROM finds a stage only under the lower-case form of the name. Values with variables are another rule's.
			if text := stage.Image; !stage.From.Broken && text != "" && text != "scratch" &&
				!strings.Contains(stage.Base.Text, "$") && (stage.Parent == nil || text != stage.Parent.Name) {
				reportName(p, d, text, stage.Base.Span, stages)
			}
			if stage.Name != "" {
				stages[stage.Name] = true
			}
		}
		for _, use := range sources.Of(d) {
			if use.Stage == nil && strings.Trim(use.Name, "0123456789-") != "" {
				reportName(p, d, use.Name, use.Span, stages)
			}
		}
	}),
}

// reportName reports the name of an image that BuildKit refuses. The stages are those whose names could be meant.
func reportName(p *rules.Pass, d *image.Dockerfile, name string, span source.Span, stages map[string]bool) {
	fault := image.ReferenceFault(name)
	if fault == "" || strings.ContainsAny(name, "<>{}") || strings.Count(name, "%") > 1 ||
		strings.Count(name, "@") > 1 {
		// a placeholder of a template is none of this rule's business
		return
	}
	f := d.Source
	finding := rules.Finding{
		File: f, Span: span,
		Message: fmt.Sprintf("%q is not the name of an image (%s), so the build fails", name, fault),
	}
	lower := lowerName(name)
	if lower != name && image.ReferenceFault(lower) == "" {
		finding.Message = fmt.Sprintf("the name of an image has no upper-case letters, so the build fails at %q", name)
		if stages[lower] {
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
