package seccomp

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
	"github.com/sandlint/sandlint/rules/seccomp/internal/support"
)

var notifyWrite = &rules.Rule{
	ID:       "seccomp/notify-write",
	Summary:  "a rule notifies a listener of a syscall that the runtime itself makes to hand the listener over",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"runc 1.1.5, libcontainer/seccomp/seccomp_linux.go: \"SCMP_ACT_NOTIFY cannot be used for the write syscall\"",
		"containers/crun#1002, mended in 1.6: sendmsg",
		"measured with an agent that lets every call go on: parsers/seccomp/decide/data/runtimes.txt",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		for _, rule := range profile.Rules {
			if rule.Action.Text != notify || !inEveryFilter(p, profile, rule) {
				continue
			}
			for _, name := range rule.Names {
				reportHandOver(p, profile, name)
			}
		}
	}),
}

// reportHandOver reports the name of a syscall that a targeted runtime makes before it hands over the listener.
func reportHandOver(p *rules.Pass, profile *workspace.Profile, name seccomp.String) {
	targets := p.Targets().Seccomp
	for _, runtime := range targets.Runtimes() {
		ranges := targets.Ranges(runtime)
		releases := decide.MeasuredReleases(runtime, ranges...)
		set := make([]bool, len(releases))
		for i, v := range releases {
			n := decide.NeedsOf(runtime, v, true)
			set[i] = n != nil && slices.Contains(n.Notify, name.Text)
		}
		if !slices.Contains(set, true) {
			continue
		}
		subject := runtime + support.Releases(decide.DescribeReleases(releases, ranges, set))
		effect := fmt.Sprintf("and %s makes it before the listener is handed over, so it waits for itself and no "+
			"container starts", subject)
		if runtime == "runc" {
			effect = fmt.Sprintf("so %s refuses the profile", subject)
		}
		finding := report.At(profile, name.Span,
			fmt.Sprintf("syscall %q has the action %q, %s", name.Text, notify, effect))
		switch {
		case !targets.Given(runtime) && !slices.ContainsFunc(targets.Loaders(profile.Profile),
			func(l decide.Loader) bool { return l.CommonRuntime() == runtime }):
			finding.Severity = rules.Info // few have this runtime
		case slices.Contains(set, false):
			finding.Severity = rules.Warning
		}
		p.Report(finding)
	}
}
