package dockerfile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	dockerfiles "github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var inlineIgnore = &rules.Rule{
	ID:       "dockerfile/inline-ignore",
	Aliases:  []string{"DL1001"},
	Summary:  "a comment switches off rules in the file itself",
	Severity: rules.Info,
	Category: rules.Security,
	Since:    "0.1.0",
	Optional: true,
	References: []string{
		"hadolint/hadolint#346, #747: policies of organisations that one comment undoes",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		type place struct {
			at source.Span
			by string
		}
		var places []place
		for _, s := range d.Suppressions() {
			places = append(places, place{s.Comment, programs[s.By]})
		}
		for _, comment := range d.Comments {
			text := strings.TrimSpace(strings.TrimLeft(d.Source.Text(comment), "#"))
			rest, ok := strings.CutPrefix(text, "sandlint:")
			if ok && strings.HasPrefix(strings.TrimSpace(rest), "ignore[") {
				places = append(places, place{comment, "sandlint"})
			}
		}
		slices.SortFunc(places, func(a, b place) int { return cmp.Compare(a.at.Start, b.at.Start) })
		for _, c := range places {
			p.Report(rules.Finding{
				File: d.Source, Span: c.at,
				Message: fmt.Sprintf("this comment, which is for %s, hides findings from the report", c.by),
			})
		}
	}),
}

// programs are the linters that read a comment, as people know them.
var programs = map[string]string{
	dockerfiles.ByHadolint: "hadolint",
	dockerfiles.ByCheck:    "docker build --check",
	dockerfiles.ByUtils:    "editors that use dockerfile-utils",
}
