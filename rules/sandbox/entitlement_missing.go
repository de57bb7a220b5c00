package sandbox

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/sandbox/internal/entitle"
)

var entitlementMissing = &rules.Rule{
	ID:       "sandbox/entitlement-missing",
	Summary:  "a build does not get the entitlement that a RUN of it needs",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"BuildKit, frontend/dockerfile/docs/reference.md: RUN --security=insecure needs an entitlement, " +
			"security.insecure",
		"docker/buildx#179, docker/buildx#559, docker/buildx#2666: `security.insecure is not allowed`",
		"buildx, docs/bake-reference.md: target.entitlements; docs/reference/buildx_build.md: --allow",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		seen := map[workspace.Refusal]bool{}
		for _, need := range []struct{ flag, value, entitlement string }{
			{"security", "insecure", "security.insecure"}, {"network", "host", "network.host"},
		} {
			done := map[*image.Image]bool{}
			for _, s := range d.Steps("RUN") {
				flag, ok := s.Flag(need.flag)
				if !ok || flag.Value != need.value || s.Image == nil || s.Deferred || done[s.Image] {
					continue
				}
				done[s.Image] = true // the builds of its other steps are the same
				for _, r := range p.Workspace.Refusals(s.Image, need.entitlement) {
					if seen[r] {
						continue
					}
					seen[r] = true
					run := rules.Related{File: d.Source, Span: s.Span, Message: "this RUN needs the entitlement"}
					p.Report(rules.Finding{
						File: r.File, Span: r.Span, Related: []rules.Related{run},
						Fixes: grants(p, r, need.entitlement),
						Message: fmt.Sprintf("%s, which a RUN of %s needs, so it stops with %q", r.Reason,
							d.Source.Path, r.Stops),
					})
				}
			}
		}
	}),
}

// grants returns the fix that gives a build of a Dockerfile the entitlement that it is refused: where it does not ask
// for it, and in a file of the workspace.
func grants(p *rules.Pass, r workspace.Refusal, entitlement string) []fixers.Fix {
	if !r.Mendable || !p.Workspace.Has(r.File.Path) {
		return nil
	}
	return entitle.Grant(p.Workspace, r.File, r.Span, entitlement)
}
