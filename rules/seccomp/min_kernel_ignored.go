package seccomp

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/kernels"
	"github.com/sandlint/sandlint/rules/seccomp/internal/literals"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var minKernelIgnored = &rules.Rule{
	ID:       "seccomp/min-kernel-ignored",
	Summary:  "a rule depends on the kernel release, which Podman and CRI-O ignore",
	Severity: rules.Warning,
	Category: rules.Portability,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"containers/common v0.67.0, pkg/seccomp/types.go: Filter has caps and arches only",
		"moby/profiles v0.2.4, seccomp/seccomp_linux.go: includes.minKernel, excludes.minKernel",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		if !readers.Reads(p, profile, decide.LoaderContainers) || readers.Reads(p, profile, decide.LoaderOCI) {
			return // where containerd reads the file, includes and excludes mean nothing as a whole
		}
		given := p.Targets().Seccomp.Given("podman", "cri-o", "kubernetes")
		for _, rule := range profile.Rules {
			for n, scope := range []seccomp.Scope{rule.Includes, rule.Excludes} {
				least, ok := kernels.ParseMin(scope.MinKernel.Text)
				if !ok || n == 0 && kernels.Always(p, least) {
					continue
				}
				kernels := "kernels older than " + scope.MinKernel.Text
				if n == 1 {
					kernels = "kernels from " + scope.MinKernel.Text + " on"
				}
				finding := report.At(profile, scope.MinKernel.Span,
					fmt.Sprintf(`"minKernel" is ignored by Podman and CRI-O, so the rule holds on %s too`, kernels))
				switch {
				case !given:
					finding.Severity = rules.Info
				case !readers.Reads(p, profile, decide.LoaderDocker):
					edits := fixseccomp.RemoveField(profile.Profile, scope.MinKernel.Span)
					finding.Fixes = fixes.Edited(profile, "Remove minKernel", fixers.Unsafe, edits,
						fixers.Changes{fixseccomp.Syscalls(literals.Texts(rule.Names))})
				}
				p.Report(finding)
			}
		}
	}),
}
