package seccomp

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/programs"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var processCannotRun = &rules.Rule{
	ID:       "seccomp/process-cannot-run",
	Summary:  "the profile refuses syscalls without which processes fail to start or crash",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"glibc 2.36, csu/libc-tls.c, elf/dl-load.c and sysdeps/unix/sysv/linux/_exit.c; measured on Debian 12",
		"signal(7) and sigreturn(2), man-pages 6.9",
	},
	Check: rules.OnProfile(checkProcess),
}

func checkProcess(p *rules.Pass, profile *workspace.Profile) {
	all := programs.Filters(p, profile)
	var shown []string // by runtime-cannot-start
	for _, s := range shortages(p, profile, all) {
		for _, l := range s.lacks {
			shown = append(shown, l.effect.Name)
		}
	}
	var effects []programs.Effect
	who := map[string]string{}
	for _, need := range seccomp.ProcessNeeds() {
		for _, f := range all {
			a := f.Target.Host.Arch
			if need.ABI != "" && need.ABI != a.ABI {
				continue
			}
			var names []string
			for _, name := range need.AnyOf {
				if s, _ := seccomp.LookupSyscall(name); s.On(a.ABI) {
					names = append(names, name)
				}
			}
			if len(names) == 0 ||
				slices.ContainsFunc(names,
					func(name string) bool { return programs.MayRun(f, a, name) || slices.Contains(shown, name) }) {
				continue
			}
			d := f.Decide(a, names[0])
			effects = programs.AddEffect(effects, profile, f, names[0], &d)
			if who[names[0]] == "" {
				who[names[0]] = need.Who
			}
		}
	}
	for _, g := range programs.Groups(p, all, effects) {
		names := programs.Names(g.Effects)
		finding := report.At(profile, g.Effects[0].Cause,
			fmt.Sprintf("%s under this profile%s: it refuses %s", who[names[0]], g.Where, phrase.Quoted(names)))
		finding.Severity = g.Severity
		var lacks []lack
		for _, e := range g.Whole() {
			lacks = append(lacks, lack{effect: e})
		}
		finding.Fixes = letStart(p, profile, lacks, nil)
		p.Report(finding)
	}
}
