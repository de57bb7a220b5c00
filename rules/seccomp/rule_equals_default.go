package seccomp

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/abis"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/mentions"
	"github.com/sandlint/sandlint/rules/seccomp/internal/reach"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var ruleEqualsDefault = &rules.Rule{
	ID:          "seccomp/rule-equals-default",
	Summary:     "a rule does what the default action does, and is left out of the filter",
	Severity:    rules.Info,
	Category:    rules.Correctness,
	Since:       "0.1.0",
	Unnecessary: true,
	Fixes:       []fixers.Safety{fixers.Safe},
	References: []string{
		"opencontainers/runc, libcontainer/seccomp/seccomp_linux.go, matchCall; containers/crun, " +
			"src/libcrun/seccomp.c: a rule with the default action is skipped",
		"opencontainers/runc, libcontainer/seccomp/patchbpf/enosys_linux.go: " +
			"the highest syscall that the profile names",
		"containers/common, pkg/seccomp/validate.go: refuses such a rule",
		"runc v1.0.0-rc93 to v1.0.1, libcontainer/seccomp/seccomp_linux.go: such a rule is handed to " +
			"libseccomp-golang, which refuses it; before v1.0.0-rc95 defaultErrnoRet is not read",
		"containers/podman#11029, containers/podman#12506",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		checkRedundant(p, profile)
		equals := equalRules(p, profile)
		if !slices.Contains(equals, true) {
			return
		}
		all := mentions.Of(p, profile)
		elsewhere := map[int]int{} // the number of a rule's names of which seccomp/dead-argument-rule speaks
		for _, names := range all {
			for k := range names {
				m := &names[k]
				switch {
				case m.Status == mentions.Hidden && equals[m.Rule]:
					elsewhere[m.Rule]++
				case m.Status == mentions.EqualsDefault && m.Always && m.Other != nil:
					finding := report.At(profile, m.Span,
						fmt.Sprintf("%q gets %s here, which is the default action, so the rule is left out and "+
							"another one decides, with %s", m.Text, m.Outcome, m.Other.Outcome))
					finding.Severity = rules.Warning
					finding.Related = []rules.Related{
						{
							File: profile.Source, Span: m.Other.Span,
							Message: fmt.Sprintf("%q gets %s here", m.Text, m.Other.Outcome),
						},
					}
					p.Report(finding)
				}
			}
		}
		highest := highestNamed(p, profile, equals)
		for r, rule := range profile.Rules {
			if !equals[r] || elsewhere[r] == len(rule.Names) {
				continue
			}
			finding := report.At(profile, rule.Action.Span,
				fmt.Sprintf("the rule does what the default action does, %s, and is left out of the filter",
					decide.OutcomeFor(rule, profile.Loaders(p.Targets().Seccomp)[0])))
			if name, ok := needed(profile, rule, highest); ok {
				finding.Message += fmt.Sprintf("; but it names %q, and runc answers ENOSYS only above the highest "+
					"syscall that is named", name)
			} else if !slices.ContainsFunc(rule.Names, isUnknown) {
				finding.Fixes = fixes.Edited(profile, "Remove the rule", fixers.Safe,
					fixseccomp.RemoveRules(profile.Profile, r), fixers.Changes{})
			}
			p.Report(finding)
		}
	}),
}

// isUnknown reports whether no libseccomp knows a syscall, so its effect is not known.
func isUnknown(name seccomp.String) bool {
	_, known := seccomp.LookupSyscall(name.Text)
	return !known
}

// checkRedundant reports rules that an old release of runc refuses for doing what the default action does.
func checkRedundant(p *rules.Pass, profile *workspace.Profile) {
	targets := p.Targets().Seccomp
	if !slices.Contains(targets.Runtimes(), "runc") {
		return
	}
	loaders := profile.Loaders(targets)
	for _, rule := range profile.Rules {
		if !mentions.Readable(profile, rule) || !slices.ContainsFunc(rule.Names, func(n seccomp.String) bool {
			_, known := seccomp.LookupSyscall(n.Text)
			return known
		}) {
			continue
		}
		extent := decide.NoRelease
		for _, l := range loaders {
			extent = max(extent, targets.RedundantFor(profile.Profile, rule, l))
		}
		if extent == decide.NoRelease {
			continue
		}
		finding := report.At(profile, rule.Action.Span,
			"the rule does what the default action does, and runc before 1.0.2 refuses the profile for it "+
				"(\"requested action matches default action of filter\")")
		if o := decide.OutcomeFor(rule, loaders[0]); o != decide.DefaultFor(profile.Profile, loaders[0]) {
			finding.Message = fmt.Sprintf("runc before 1.0.0-rc95 does not read defaultErrnoRet and takes the default "+
				"action for ERRNO EPERM, which is what this rule does (%s), so it refuses the profile "+
				"(\"requested action matches default action of filter\")", o)
		}
		if finding.Severity = rules.Warning; extent == decide.AllReleases {
			finding.Severity = rules.Error
		}
		p.Report(finding)
	}
}

// equalRules says of each rule whether it does what the default action does, for every loader that reads the profile.
func equalRules(p *rules.Pass, profile *workspace.Profile) []bool {
	equals := make([]bool, len(profile.Rules))
	if _, ok := seccomp.LookupAction(profile.DefaultAction.Text); !ok {
		return equals
	}
	loaders := profile.Loaders(p.Targets().Seccomp)
	for r, rule := range profile.Rules {
		equals[r] = len(rule.Names) > 0 && mentions.Readable(profile, rule) &&
			!slices.ContainsFunc(loaders, func(l decide.Loader) bool {
				return decide.OutcomeFor(rule, l) != decide.DefaultFor(profile.Profile, l)
			})
	}
	return equals
}

// highestNamed returns the highest syscall number on each ABI that a profile names without the rules that equal the
// default action. Only names of rules that are always in force, and that every libseccomp knows, count.
func highestNamed(p *rules.Pass, profile *workspace.Profile, equals []bool) map[string]int {
	libs := p.Targets().Seccomp.Libseccomps()
	highest := map[string]int{}
	for r, other := range profile.Rules {
		if equals[r] || other.LegacyName || !other.Includes.Span.IsEmpty() || !other.Excludes.Span.IsEmpty() {
			continue
		}
		for _, name := range other.Names {
			s, ok := seccomp.LookupSyscall(name.Text)
			if !ok || slices.ContainsFunc(libs, func(l decide.Libseccomp) bool { return !l.Knows(s) }) {
				continue
			}
			for _, abi := range s.ABIs() {
				if n, _ := s.Number(abi); !s.Multiplexed(abi) && n > highest[abi] {
					highest[abi] = n
				}
			}
		}
	}
	return highest
}

// needed returns a name of a rule without which runc could answer ENOSYS to other syscalls than it does: one with a
// number on some ABI above the highest that others name.
func needed(profile *workspace.Profile, rule *seccomp.Rule, highest map[string]int) (string, bool) {
	if reach.DefaultRuns(profile) || profile.DefaultAction.Text == "SCMP_ACT_TRACE" {
		return "", false
	}
	abis := abis.Listed(profile)
	for _, name := range rule.Names {
		s, ok := seccomp.LookupSyscall(name.Text)
		if !ok {
			continue
		}
		for _, abi := range s.ABIs() {
			if n, _ := s.Number(abi); n > highest[abi] && !s.Multiplexed(abi) &&
				(len(abis) == 0 || slices.Contains(abis, abi)) {
				return name.Text, true
			}
		}
	}
	return "", false
}
