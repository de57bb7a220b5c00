package seccomp

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/conditions"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var maskedValueOutsideMask = &rules.Rule{
	ID:       "seccomp/masked-value-outside-mask",
	Summary:  "a masked comparison has a value with bits outside the mask",
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
		masks(profile, func(_ *seccomp.Rule, arg *seccomp.Arg) {
			mask, value := arg.Value.Value, arg.ValueTwo.Value
			if mask == 0 || value&^mask == 0 {
				return
			}
			finding := report.At(profile, arg.ValueTwo.Span,
				fmt.Sprintf("valueTwo %#x has bits outside the mask %#x, which are ignored: the condition holds "+
					"where the bits of the mask are %#x", value, mask, value&mask))
			finding.Fixes = fixes.Edited(profile, fmt.Sprintf("Write %d, which is what is compared", value&mask),
				fixers.Safe, fixseccomp.SetCondition(profile.Profile, *arg, arg.Op.Text, mask, value&mask),
				fixers.Changes{})
			p.Report(finding)
		})
	}),
}

// masks calls look with each masked comparison whose mask and value can be read. In a condition value is the mask,
// and valueTwo the value.
func masks(profile *workspace.Profile, look func(rule *seccomp.Rule, arg *seccomp.Arg)) {
	number := func(n seccomp.Number) bool { return n.Known || n.Span.IsEmpty() }
	for _, rule := range profile.Rules {
		for i := range rule.Args {
			if a := &rule.Args[i]; a.Op.Text == "SCMP_CMP_MASKED_EQ" && number(a.Value) && number(a.ValueTwo) &&
				conditions.Sound(profile, a.Span) {
				look(rule, a)
			}
		}
	}
}
