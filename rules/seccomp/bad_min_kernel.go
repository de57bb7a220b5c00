package seccomp

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/kernels"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var badMinKernel = &rules.Rule{
	ID:       "seccomp/bad-min-kernel",
	Summary:  "minKernel is not in the form that Docker reads, so Docker refuses the profile",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"moby/profiles v0.2.4, seccomp/seccomp.go: KernelVersion.UnmarshalJSON, \"expected <kernel>.<major>\"; " +
			"seccomp/kernel_linux.go",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		if !readers.Reads(p, profile, decide.LoaderDocker) {
			return
		}
		for _, rule := range profile.Rules {
			for n, scope := range []seccomp.Scope{rule.Includes, rule.Excludes} {
				text := scope.MinKernel.Text
				if _, ok := kernels.ParseMin(text); ok || scope.MinKernel.Span.IsEmpty() || text == "" && n == 0 {
					continue
				}
				if text == "" {
					p.Report(report.At(profile, scope.MinKernel.Span,
						`"minKernel" is empty, which every kernel reaches, so Docker always leaves the rule out`))
					continue
				}
				finding := report.At(profile, scope.MinKernel.Span,
					fmt.Sprintf(`"minKernel" is %q, and Docker refuses what is not <kernel>.<major>, such as "4.8"`,
						text))
				if release := kernelRelease(text); release != "" {
					edits := fixseccomp.ReplaceString(profile.Profile, scope.MinKernel, release)
					finding.Fixes = fixes.Edited(profile, "Write "+release, fixers.Unsafe, edits,
						fixers.Changes{fixers.Repair{}})
				}
				p.Report(finding)
			}
		}
	}),
}

// kernelRelease returns the first two numbers of the release that a text such as "v4.8.0-rc1", "4" or ">= 5.10"
// begins with, or "".
func kernelRelease(text string) string {
	text = strings.TrimLeft(strings.TrimPrefix(strings.ToLower(text), "linux"), " \t>=v-")
	major, rest, dotted := strings.Cut(text, ".")
	minor := "0"
	if dotted {
		n := 0
		for n < len(rest) && '0' <= rest[n] && rest[n] <= '9' {
			n++
		}
		if minor = rest[:n]; n < len(rest) && !strings.ContainsRune(".-+ ", rune(rest[n])) {
			return ""
		}
	}
	a, errA := strconv.Atoi(strings.TrimRight(major, "+ "))
	b, errB := strconv.Atoi(minor)
	release := fmt.Sprintf("%d.%d", a, b)
	if _, ok := kernels.ParseMin(release); !ok || errA != nil || errB != nil {
		return ""
	}
	return release
}
