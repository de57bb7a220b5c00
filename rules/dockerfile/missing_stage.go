package dockerfile

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/sources"
)

var missingStage = &rules.Rule{
	ID:       "dockerfile/missing-stage",
	Aliases:  []string{"DL3022"},
	Summary:  "a \"from\" names a stage that does not exist, or that begins further down",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/convert.go: toCommand, dispatch",
		"aquasecurity/trivy#1621",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		uses := sources.Of(d)
		cyclic := sources.Cyclic(uses)
		names := sync.OnceValue(func() *source.Names {
			var names []string
			for _, stage := range d.Stages {
				if stage.Name != "" {
					names = append(names, stage.Name)
				}
			}
			return source.NewNames(names)
		})
		for _, use := range uses {
			here := use.Step.Image.Stage
			finding := rules.Finding{File: d.Source, Span: use.Span}
			switch {
			case use.Stage != nil && !cyclic[here] && use.Stage.Index > here.Index:
				finding.Message = fmt.Sprintf("stage %q begins on line %d, below its use, so the build fails", use.Name,
					d.Source.LineOf(use.Stage.From.Keyword.Start))
				finding.Related = []rules.Related{
					{File: d.Source, Span: use.Stage.From.Keyword, Message: "the stage"},
				}
			case use.Stage != nil:
				continue
			case use.Step.Name == "COPY" && isNumber(use.Name):
				finding.Message = fmt.Sprintf("there is no stage %s, since the file has %d, counted from 0, so "+
					"the build "+
					"fails", use.Name, len(d.Stages))
			default:
				// Any other name may be that of an image or of a named context.
				near := names().Nearest(use.Name)
				if near == "" || strings.ContainsAny(use.Name, ":/@.") || strings.Trim(use.Name, "0123456789") == "" {
					continue
				}
				finding.Severity = rules.Warning
				finding.Message = fmt.Sprintf("no stage is named %q, so it is taken for an image; did you mean "+
					"%q?", use.Name,
					near)
				finding.Fixes = []fixers.Fix{{
					Title: "Write " + near, Safety: fixers.Unsafe,
					Edits:   []fixers.Edit{{File: d.Source, Span: use.Span, Text: near}},
					Changes: fixers.Changes{fixdocker.Flags{"from", "mount"}},
				}}
				if d.Source.Text(use.Span) != use.Name {
					finding.Fixes = nil
				}
			}
			p.Report(finding)
		}
	}),
}

func isNumber(text string) bool {
	_, err := strconv.Atoi(text)
	return err == nil
}
