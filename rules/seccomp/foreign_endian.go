package seccomp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var foreignEndian = &rules.Rule{
	ID:       "seccomp/foreign-endian",
	Summary:  "one list has architectures of both byte orders, so runtimes refuse the profile",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"libseccomp v2.6.1, src/db.c: db_col_db_add, -EDOM",
		"runc 1.1.5: \"error adding architecture to seccomp filter: numerical argument out of domain\"; crun 1.8.1 " +
			"and 1.27: \"seccomp adding architecture: Numerical argument out of domain\"",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		if !reportMixed(p, profile, profile.Architectures, "") {
			reportForeign(p, profile)
		}
		for _, entry := range profile.ArchMap {
			if a, ok := seccomp.LookupArchitecture(entry.Architecture.Text); ok && len(entry.SubArchitectures) > 0 {
				list := append([]seccomp.String{entry.Architecture}, entry.SubArchitectures...)
				if bothOrders(list) && takesEntry(p, profile, a, list) {
					reportMixed(p, profile, list, " on such a host")
				}
			}
		}
	}),
}

// takesEntry reports whether a loader takes a list of archMap on the host that it is for.
func takesEntry(p *rules.Pass, profile *workspace.Profile, host *seccomp.Architecture, list []seccomp.String) bool {
	for _, l := range p.Targets().Seccomp.Loaders(profile.Profile) {
		if slices.Equal(decide.Resolve(profile.Profile, l, decide.Host{Arch: host}).Architectures, list) {
			return true
		}
	}
	return false
}

// byOrder returns the names of known architectures by their byte order.
func byOrder(list []seccomp.String) (little, big []seccomp.String) {
	for _, name := range list {
		if a, ok := seccomp.LookupArchitecture(name.Text); ok && a.BigEndian {
			big = append(big, name)
		} else if ok {
			little = append(little, name)
		}
	}
	return little, big
}

func bothOrders(list []seccomp.String) bool {
	little, big := byOrder(list)
	return len(little) > 0 && len(big) > 0
}

// reportMixed reports the architectures of a list that have the byte order of the fewer ones, and reports whether the
// list has both. Of equally many, the order of the first is assumed to be meant. Where is added to the message.
func reportMixed(p *rules.Pass, profile *workspace.Profile, list []seccomp.String, where string) bool {
	little, big := byOrder(list)
	if len(little) == 0 || len(big) == 0 {
		return false
	}
	odd, meant, order, other := big, little, "big-endian", "little-endian"
	if len(little) < len(big) || len(little) == len(big) && big[0].Span.Start < little[0].Span.Start {
		odd, meant, order, other = little, big, other, order
	}
	for _, name := range odd {
		finding := report.At(profile, name.Span,
			fmt.Sprintf("architecture %q is %s and %q is %s; one filter cannot hold both, so runc and crun refuse "+
				"the profile%s", name.Text, order, meant[0].Text, other, where))
		finding.Related = []rules.Related{
			{File: profile.Source, Span: meant[0].Span, Message: meant[0].Text + " is listed here"},
		}
		p.Report(finding)
	}
	return true
}

// reportForeign reports the architectures whose byte order is not that of a platform that the user named: its own
// architecture belongs to every filter.
func reportForeign(p *rules.Pass, profile *workspace.Profile) {
	for _, name := range profile.Architectures {
		a, ok := seccomp.LookupArchitecture(name.Text)
		if !ok {
			continue
		}
		i := slices.IndexFunc(p.Targets().Platforms, func(platform string) bool {
			host, ok := hostOf(platform)
			return ok && host.BigEndian != a.BigEndian
		})
		if i >= 0 {
			p.Report(report.At(profile, name.Span,
				fmt.Sprintf("architecture %q has another byte order than the platform %s, which is part of every "+
					"filter there, so runc and crun refuse the profile", name.Text, p.Targets().Platforms[i])))
		}
	}
}

// hostOf returns the architecture of a platform such as linux/arm64.
func hostOf(platform string) (*seccomp.Architecture, bool) {
	system, rest, _ := strings.Cut(platform, "/")
	name, _, _ := strings.Cut(rest, "/")
	if system != "linux" {
		return nil, false
	}
	return seccomp.ArchitectureOf(name)
}
