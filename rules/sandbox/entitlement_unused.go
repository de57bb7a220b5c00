package sandbox

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/sandbox/internal/entitle"
)

var entitlementUnused = &rules.Rule{
	ID:          "sandbox/entitlement-unused",
	Summary:     "a build asks for an entitlement that no RUN of it needs",
	Severity:    rules.Info,
	Category:    rules.Security,
	Since:       "0.1.0",
	Unnecessary: true,
	Fixes:       []fixers.Safety{fixers.Safe},
	References: []string{
		"BuildKit, frontend/dockerfile/docs/reference.md: RUN --security=insecure, RUN --network=host",
		"buildx, docs/reference/buildx_build.md: --allow",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		for _, need := range []struct{ flag, value, entitlement string }{
			{"security", "insecure", "security.insecure"}, {"network", "host", "network.host"},
		} {
			uses := map[*image.Image]bool{}
			for _, s := range d.Steps("RUN") {
				if flag, ok := s.Flag(need.flag); ok && (flag.Value == need.value || flag.Value == "") {
					uses[s.Image] = true
				}
			}
			if uses[nil] { // the trigger of an ONBUILD, which may run anywhere
				continue
			}
			places := p.Workspace.Granted(d, need.entitlement, func(img *image.Image) bool { return uses[img] })
			for _, b := range places {
				p.Report(rules.Finding{
					File: b.File, Span: b.Span, Fixes: withdraws(p, b),
					Message: fmt.Sprintf("no RUN that this build of %s runs has --%s=%s, so it does not need %s, "+
						"which would let a changed Dockerfile or frontend use it unnoticed",
						d.Source.Path, need.flag, need.value, need.entitlement),
				})
			}
		}
	}),
}

// withdraws returns the fix that takes an entitlement away from a build, in a file of the workspace.
func withdraws(p *rules.Pass, b workspace.Build) []fixers.Fix {
	if !p.Workspace.Has(b.File.Path) {
		return nil
	}
	return entitle.Withdraw(p.Workspace, b.File, b.Span)
}
