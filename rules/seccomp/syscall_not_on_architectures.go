package seccomp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/abis"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var syscallNotOnArchitectures = &rules.Rule{
	ID:       "seccomp/syscall-not-on-architectures",
	Summary:  "a rule names a syscall that none of the profile's architectures has, so runtimes silently ignore it",
	Severity: rules.Info,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"libseccomp v2.6.1, src/syscalls.csv, and src/db.c: a syscall that an architecture does not have is skipped " +
			"for it",
		"runs of runc 1.1.5 and 1.5.1 and crun 1.8.1 and 1.27: silent, crun also with " +
			"run.oci.seccomp_fail_unknown_syscall",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		loaders := p.Targets().Seccomp.Loaders(profile.Profile)
		everywhere := abis.Listed(profile)
		// Else a profile is for any machine, and nothing can be shown for all of them.
		named := len(profile.Architectures)+len(profile.ArchMap) > 0 && fixseccomp.Decidable(profile.Profile)
		unloaded := map[string]bool{} // names that libseccomp makes an empty filter of, so every change matters
		for _, f := range profile.Usual(p.Targets().Seccomp) {
			for _, a := range f.Archs {
				if name, ok := f.Unloaded(a); ok {
					unloaded[name.Text] = true
				}
			}
		}
		for r, rule := range profile.Rules {
			on := everywhere
			if len(rule.Includes.Arches) > 0 {
				on = includedABIs(profile, rule, loaders)
			}
			if len(on) == 0 {
				continue
			}
			var missing []int
			for i, name := range rule.Names {
				if s, ok := seccomp.LookupSyscall(name.Text); ok && !abis.OnAny(s, on) {
					missing = append(missing, i)
				}
			}
			for _, i := range missing {
				s, _ := seccomp.LookupSyscall(rule.Names[i].Text)
				of := "the profile lists"
				if len(rule.Includes.Arches) > 0 {
					of = "the rule is for"
				}
				finding := report.At(profile, rule.Names[i].Span,
					fmt.Sprintf("syscall %q exists on none of the architectures that %s, only on %s", s.Name, of,
						strings.Join(s.ABIs(), ", ")))
				title, edits := fmt.Sprintf("Remove %q", s.Name),
					fixseccomp.RemoveString(profile.Profile, rule.Names, i)
				if len(missing) == len(rule.Names) {
					title, edits = "Remove the rule", fixseccomp.RemoveRules(profile.Profile, r)
				}
				if _, known := seccomp.LookupAction(profile.DefaultAction.Text); known && named && !unloaded[s.Name] {
					finding.Fixes = fixes.Edited(profile, title, fixers.Safe, edits, fixers.Changes{})
				}
				p.Report(finding)
			}
		}
	}),
}

// includedABIs returns the ABIs for which a rule with includes.arches can be in force; nil where that is not known.
func includedABIs(profile *workspace.Profile, rule *seccomp.Rule, loaders []decide.Loader) []string {
	var abis []string
	add := func(name string) bool {
		a, ok := seccomp.LookupArchitecture(name)
		if ok && !slices.Contains(abis, a.ABI) {
			abis = append(abis, a.ABI)
		}
		return ok
	}
	for _, l := range loaders {
		if l == decide.LoaderOCI {
			return nil // which is for every host
		}
		for _, host := range seccomp.Architectures() {
			name := readers.HostName(l, host)
			if name == "" ||
				!slices.ContainsFunc(rule.Includes.Arches, func(s seccomp.String) bool { return s.Text == name }) {
				continue
			}
			add(host.Name)
			sub := profile.Architectures
			for _, m := range profile.ArchMap {
				if m.Architecture.Text == host.Name {
					sub = append(slices.Clip(sub), m.SubArchitectures...)
				}
			}
			for _, s := range sub {
				if !add(s.Text) {
					return nil
				}
			}
		}
	}
	return abis
}
