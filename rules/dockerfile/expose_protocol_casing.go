package dockerfile

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/ports"
)

var exposeProtocolCasing = &rules.Rule{
	ID:       "dockerfile/expose-protocol-casing",
	Aliases:  []string{"ExposeProtoCasing"},
	Summary:  "the protocol of a port is not in lower case",
	Severity: rules.Info,
	Category: rules.Formatting,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/convert_expose.go: parsePort",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Broken || s.Dockerfile().Foreign() {
			return
		}
		for _, port := range ports.Of(s) {
			lower := strings.ToLower(port.Protocol)
			if lower == port.Protocol || port.Fault() != "" {
				continue
			}
			f := s.Dockerfile().Source
			finding := rules.Finding{
				File: f, Span: port.Span,
				Message: fmt.Sprintf("protocol %q is not in lower case; the image has it as %q", port.Protocol, lower),
			}
			if port.Verbatim {
				finding.Span.Start = port.Span.End - len(lower)
				finding.Fixes = []fixers.Fix{{
					Title: "Write " + lower, Safety: fixers.Safe,
					Edits: []fixers.Edit{{File: f, Span: finding.Span, Text: lower}},
				}}
			}
			p.Report(finding)
		}
	}, "EXPOSE"),
}
