package dockerfile

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/ports"
)

var exposeInvalidFormat = &rules.Rule{
	ID:       "dockerfile/expose-invalid-format",
	Aliases:  []string{"ExposeInvalidFormat"},
	Summary:  "EXPOSE has a port of the host or an IP address",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/linter/ruleset.go: \"This will become an error in a future release\"",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Broken || s.Dockerfile().Foreign() {
			return
		}
		for _, port := range ports.Of(s) {
			if port.IP == "" && port.Host == "" || port.Fault() != "" {
				continue
			}
			f := s.Dockerfile().Source
			rest := port.Container
			if port.Protocol != "" {
				rest += "/" + port.Protocol
			}
			finding := rules.Finding{
				File: f, Span: port.Span,
				Message: fmt.Sprintf("only the container's port %s counts in %q; which port of the host it gets is "+
					"said when the container is started, and BuildKit will refuse this in a future release",
					port.Container, port.Text),
			}
			if port.Verbatim {
				finding.Fixes = []fixers.Fix{{
					Title: "Write " + rest, Safety: fixers.Safe,
					Edits: []fixers.Edit{{File: f, Span: port.Span, Text: rest}},
				}}
			}
			p.Report(finding)
		}
	}, "EXPOSE"),
}
