package seccomp

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/conditions"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var argumentNotInSyscall = &rules.Rule{
	ID:       "seccomp/argument-not-in-syscall",
	Summary:  "a condition is on an argument that the syscall does not have",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"Linux 6.18, x86_64, the syscall tracepoints of tracefs: the number of arguments",
		"runs of runc 1.1.5 and 1.5.1 and crun 1.8.1 and 1.27: such a condition is accepted",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		seen := map[source.Span]bool{}
		conditions.Each(p, profile, func(rule *seccomp.Rule, arg *seccomp.Arg, s *seccomp.Syscall) {
			if int(arg.Index.Value) < len(s.Args) || seen[arg.Span] {
				return
			}
			seen[arg.Span] = true
			has := fmt.Sprintf("arguments 0 to %d only", len(s.Args)-1)
			switch len(s.Args) {
			case 0:
				has = "no arguments"
			case 1:
				has = "argument 0 only"
			}
			p.Report(report.At(profile, arg.Span,
				fmt.Sprintf("%q has %s; the condition compares register %d, which "+
					"holds whatever the program left there", s.Name, has, arg.Index.Value)))
		})
	}),
}
