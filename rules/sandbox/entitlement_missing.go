package sandbox

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var entitlementMissing = &rules.Rule{
	ID:       "sandbox/entitlement-missing",
	Summary:  "a build that runs RUN --security=insecure does not ask for the entitlement",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"BuildKit, frontend/dockerfile/docs/reference.md: RUN --security=insecure needs an entitlement, " +
			"security.insecure",
		"docker/buildx#179, docker/buildx#559, docker/buildx#2666: `security.insecure is not allowed`",
		"buildx, docs/bake-reference.md: target.entitlements; docs/reference/buildx_build.md: --allow",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		seen := map[workspace.Build]bool{}
		done := map[*image.Image]bool{}
		for _, s := range d.Steps("RUN") {
			if security, ok := s.Flag("security"); !ok || security.Value != "insecure" || s.Image == nil || s.Deferred {
				continue
			}
			if done[s.Image] {
				continue // its builds are those of the step before
			}
			done[s.Image] = true
			for _, b := range p.Workspace.Forbidding(s.Image) {
				if seen[b] {
					continue
				}
				seen[b] = true
				p.Report(rules.Finding{
					File: b.File, Span: b.Span,
					Message: fmt.Sprintf("%s does not ask for security.insecure, which a RUN of %s needs, "+
						"so it stops with \"security.insecure is not allowed\"", b.What, d.Source.Path),
					Related: []rules.Related{{File: d.Source, Span: s.Span, Message: "this RUN needs the entitlement"}},
				})
			}
		}
	}),
}
