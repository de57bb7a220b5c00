package dockerfile

import (
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

var redundantTargetPlatform = &rules.Rule{
	ID:          "dockerfile/redundant-target-platform",
	Aliases:     []string{"RedundantTargetPlatform", "DL3065"},
	Summary:     "FROM has --platform=$TARGETPLATFORM, which is the default",
	Severity:    rules.Info,
	Category:    rules.Formatting,
	Since:       "0.1.0",
	Unnecessary: true,
	Fixes:       []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/validations.go: reportRedundantTargetPlatform",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		flag := s.Instruction.Flag("platform")
		if flag == nil || s.Broken || s.Dockerfile().Foreign() {
			return
		}
		fallback := strings.HasPrefix(strings.Replace(flag.Unquoted, ":-", "-", 1), "${TARGETPLATFORM-") &&
			strings.IndexByte(flag.Unquoted, '}') == len(flag.Unquoted)-1
		if flag.Unquoted != "$TARGETPLATFORM" && flag.Unquoted != "${TARGETPLATFORM}" && !fallback {
			return
		}
		if v, _ := s.Lookup("TARGETPLATFORM"); v.From != nil && v.Known {
			return // an ARG gives it another value
		}
		f := s.Dockerfile().Source
		gap := flag.Span
		for gap.End < len(f.Bytes) && (f.Bytes[gap.End] == ' ' || f.Bytes[gap.End] == '\t') {
			gap.End++
		}
		line := f.FullLine(f.LineOf(flag.Span.Start))
		if rest := strings.TrimSpace(string(f.Bytes[gap.End:line.End])); line.Start > s.Keyword.Start &&
			rest == string(s.Dockerfile().Escape) &&
			strings.TrimSpace(string(f.Bytes[line.Start:flag.Span.Start])) == "" {
			gap = line // the flag has a line of its own
		}
		finding := rules.Finding{
			File: f, Span: flag.Span,
			Message: "the target platform is the default of FROM, so this flag changes nothing",
			Fixes: []fixers.Fix{{
				Title: "Remove the flag", Safety: fixers.Safe,
				Edits:   []fixers.Edit{{File: f, Span: gap}},
				Changes: fixers.Changes{fixdocker.Flags{"platform"}},
			}},
		}
		if fallback {
			finding.Message = "BuildKit always sets TARGETPLATFORM, to the default of FROM, so this flag changes " +
				"nothing"
			finding.Fixes[0].Title += ", which counts in builders that do not set TARGETPLATFORM"
			finding.Fixes[0].Safety = fixers.Unsafe
		}
		p.Report(finding)
	}, "FROM"),
}
