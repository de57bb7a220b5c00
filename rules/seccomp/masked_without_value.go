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
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var maskedWithoutValue = &rules.Rule{
	ID:       "seccomp/masked-without-value",
	Summary:  "a masked comparison has no value to compare with, so it compares with 0",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"libseccomp v2.6.1, src/db.c and src/gen_bpf.c: the datum is ANDed with the mask, and so is the argument",
		"opencontainers/runc, libcontainer/seccomp/seccomp_linux.go, getCondition: for SCMP_CMP_MASKED_EQ value is " +
			"the mask and valueTwo the value",
		"runs of runc 1.1.5 and 1.5.1 and crun 1.8.1 and 1.27",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		masks(profile, func(rule *seccomp.Rule, arg *seccomp.Arg) {
			mask := arg.Value.Value
			if mask == 0 || !arg.ValueTwo.Span.IsEmpty() {
				return
			}
			if mask&(mask-1) != 0 && decide.OutcomeFor(rule, decide.LoaderOCI).Runs() {
				return // "let it through without any of these flags", as Docker writes it
			}
			what := fmt.Sprintf("bits of %#x are all", mask)
			if mask&(mask-1) == 0 {
				what = fmt.Sprintf("bit %#x is", mask)
			}
			finding := report.At(profile, arg.Span,
				fmt.Sprintf("the masked comparison has no valueTwo, so it holds where the %s clear, not set", what))
			finding.Fixes = fixes.Edited(profile, `Write "valueTwo": 0`, fixers.Safe,
				fixseccomp.SetValueTwo(profile.Profile, *arg, 0), fixers.Changes{})
			p.Report(finding)
		})
	}),
}
