package seccomp

import (
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/conditions"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var zeroMask = &rules.Rule{
	ID:       "seccomp/zero-mask",
	Summary:  "a masked comparison has the mask 0, and holds for every argument",
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
			if arg.Value.Value != 0 {
				return
			}
			finding := report.At(profile, arg.Span, "the mask is 0, so the condition holds for every argument")
			if arg.ValueTwo.Value != 0 {
				finding.Message += "; value is the mask, and valueTwo the value"
			}
			others, repeated := false, false
			for i, a := range rule.Args {
				others = others || a.Op.Text != "SCMP_CMP_MASKED_EQ" || a.Value.Value != 0 ||
					!conditions.Sound(profile, a.Span)
				repeated = repeated ||
					slices.ContainsFunc(rule.Args[:i],
						func(b seccomp.Arg) bool { return a.Index.Value == b.Index.Value })
			}
			switch {
			case !others:
				finding.Fixes = fixes.Edited(profile, "Remove the conditions, which always hold", fixers.Safe,
					fixseccomp.RemoveField(profile.Profile, rule.ArgsSpan), fixers.Changes{})
			case repeated:
				finding.Message += ", and so does the rule, since conditions on one argument are alternatives"
			}
			p.Report(finding)
		})
	}),
}
