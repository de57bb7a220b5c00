package seccomp

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/reach"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var userNamespacesAllowed = &rules.Rule{
	ID:       "seccomp/user-namespaces-allowed",
	Summary:  "an allowlist lets every process create a user namespace, in which it has all capabilities",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"user_namespaces(7), man-pages 6.9",
		"moby/profiles, seccomp/default.json, v0.2.4: clone with flags & 0x7e020000 == 0, clone3 answered ENOSYS",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		names := slices.DeleteFunc(reach.Allowed(p, profile, []string{"unshare", "clone", "clone3", "setns"}),
			func(n reach.Naming) bool { return gated(n.Rule) })
		if !slices.ContainsFunc(names, func(n reach.Naming) bool { return n.Name.Text != "setns" }) {
			return
		}
		finding := report.At(profile, names[0].Name.Span,
			fmt.Sprintf("with %s every process can create a user namespace, and has all capabilities in it",
				reach.Words(names)))
		if distinct(names) == 1 && names[0].Name.Text == "clone" {
			finding.Message = "\"clone\" is allowed with all flags, so every process can create a user namespace, " +
				"and has all capabilities in it"
		}
		finding.Related = reach.Others(profile, names, "%q is allowed here")
		finding.Fixes = maskClone(profile, names)
		p.Report(finding)
	}),
}

// maskClone returns the fix that leaves of the namings what threads and processes need: clone without the flags of
// namespaces, and a clone3 that does not exist, since its flags lie in memory where a filter cannot see them. There
// is none where a rule is for some hosts only, or where the flags may be the second argument.
func maskClone(profile *workspace.Profile, names []reach.Naming) []fixers.Fix {
	if slices.ContainsFunc(profile.Hosts(), func(a *seccomp.Architecture) bool { return a.Native == "s390x" }) {
		return nil
	}
	var added []fixseccomp.NewRule
	for _, n := range names {
		if !n.Rule.Includes.Span.IsEmpty() || !n.Rule.Excludes.Span.IsEmpty() {
			return nil
		}
		switch has := func(name string) bool {
			return slices.ContainsFunc(added, func(r fixseccomp.NewRule) bool { return r.Names[0] == name })
		}; {
		case has(n.Name.Text):
		case n.Name.Text == "clone":
			added = append(added,
				fixseccomp.NewRule{
					Names: []string{"clone"}, Action: n.Rule.Action.Text,
					Args: []fixseccomp.NewArg{{Index: 0, Value: namespaceFlags, Op: "SCMP_CMP_MASKED_EQ"}},
				})
		case n.Name.Text == "clone3":
			added = append(added, fixseccomp.NewRule{Names: []string{"clone3"}, Action: "SCMP_ACT_ERRNO", Errno: 38})
		}
	}
	fixes := reach.Remove(profile, names)
	insert := fixseccomp.InsertRules(profile.Profile, len(profile.Rules), added...)
	if len(fixes) == 0 || len(added) > 0 && insert == nil || wholeRules(names) {
		return nil
	}
	fix := &fixes[0]
	fix.Edits = append(fix.Edits, insert...)
	for _, r := range added {
		if r.Names[0] == "clone" {
			fix.Title = "Allow clone without the flags of namespaces only"
		}
	}
	return fixes
}

// namespaceFlags are the flags of clone(2) that make a namespace: CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER,
// NEWPID and NEWNET.
const namespaceFlags = 0x7e020000

// wholeRules reports whether the namings are all that some rule names.
func wholeRules(names []reach.Naming) bool {
	for _, n := range names {
		if !slices.ContainsFunc(n.Rule.Names, func(s seccomp.String) bool {
			return !slices.ContainsFunc(names, func(o reach.Naming) bool { return o.Name.Span == s.Span })
		}) {
			return true
		}
	}
	return false
}
