package seccomp

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var notifyWithoutListener = &rules.Rule{
	ID:       "seccomp/notify-without-listener",
	Summary:  "a rule notifies a listener and the profile names none, so runc refuses it",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"OCI runtime specification v1.3.0, config-linux.md, Seccomp: listenerPath",
		"runc 1.1.5: \"listenerPath is not set\"; crun 1.8.1: the container runs, with an empty path \"the seccomp " +
			"receiver is not an absolute path\"",
		"crun(1): the annotation run.oci.seccomp.receiver",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		// Seccomp/notify-default, seccomp/syntax.
		if profile.ListenerPath.Text != "" || profile.DefaultAction.Text == notify || otherShape(profile) {
			return
		}
		i := slices.IndexFunc(profile.Rules, func(r *seccomp.Rule) bool {
			return r.Action.Text == notify && len(r.Names) > 0 && inEveryFilter(p, profile, r)
		})
		if i < 0 {
			return
		}
		action := profile.Rules[i].Action
		finding := report.At(profile, action.Span,
			fmt.Sprintf("action %q is given without listenerPath, so runc refuses the profile", notify))
		if readers.Only(p, "crun") {
			switch {
			case bytes.Contains(profile.Source.Bytes, []byte("run.oci.seccomp.receiver")):
				return
			case !profile.ListenerPath.Span.IsEmpty():
				finding.Message = fmt.Sprintf("action %q is given with an empty listenerPath, so crun refuses the "+
					"profile", notify)
			default:
				finding.Severity = rules.Warning
				finding.Message = fmt.Sprintf("action %q is given without listenerPath, so under crun the calls "+
					"fail with ENOSYS unless an annotation names a listener", notify)
			}
		}
		p.Report(finding)
	}),
}

// inEveryFilter reports whether a rule is in the filter of every loader that reads the profile.
func inEveryFilter(p *rules.Pass, profile *workspace.Profile, rule *seccomp.Rule) bool {
	for _, l := range p.Targets().Seccomp.Loaders(profile.Profile) {
		switch {
		case l == decide.LoaderOCI && rule.LegacyName:
			return false
		case l != decide.LoaderOCI && !(rule.Includes.Span.IsEmpty() && rule.Excludes.Span.IsEmpty()):
			return false
		}
	}
	return true
}

// otherShape reports whether a part of the profile cannot be read.
func otherShape(profile *workspace.Profile) bool {
	return slices.ContainsFunc(profile.Problems,
		func(problem source.Problem) bool { return problem.Kind == seccomp.KindShape })
}
