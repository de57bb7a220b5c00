package seccomp

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/reach"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var ioUringBesideDenied = &rules.Rule{
	ID:       "seccomp/io-uring-beside-denied",
	Summary:  "io_uring is allowed, and programs can use it to do what the profile refuses",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"io_uring_enter(2), liburing 2.9: the operations",
		"moby/profiles, seccomp/default.json: io_uring was taken out of Docker's allowlist in 2023",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		past := pastTheFilter(p, profile)
		if len(past) == 0 {
			return
		}
		ring := []string{"io_uring_setup", "io_uring_enter", "io_uring_register"}
		names := slices.DeleteFunc(reach.Allowed(p, profile, ring), func(n reach.Naming) bool { return gated(n.Rule) })
		if len(names) == 0 { // the default action lets it through
			var denied reach.Naming
			reach.Usual(p, profile, func(f *decide.Filter, a *seccomp.Architecture) bool {
				for _, name := range past[0].by {
					if d := f.Decide(a, name); refuses(&d) {
						denied = reach.Naming{Name: d.Name, Rule: d.Rule}
						return false
					}
				}
				return true
			})
			if denied.Rule != nil {
				p.Report(report.At(profile, denied.Name.Span,
					fmt.Sprintf("syscall %q is refused, but programs %s through io_uring, which no rule names",
						denied.Name.Text, past[0].what)))
			}
			return
		}
		var what []string
		for _, op := range past {
			what = append(what, op.what)
		}
		finding := report.At(profile, names[0].Name.Span,
			fmt.Sprintf("%q is allowed, so programs %s through io_uring, which the profile refuses otherwise",
				names[0].Name.Text, phrase.List(what)))
		finding.Related = reach.Others(profile, names, "%q is allowed here")
		finding.Fixes = reach.Remove(profile, names)
		p.Report(finding)
	}),
}

// operation is something that io_uring does instead of syscalls.
type operation struct {
	what string
	by   []string
}

var operations = [...]operation{
	{"open files", []string{"openat", "openat2", "open"}},
	{"make sockets", []string{"socket"}},
	{"connect sockets", []string{"connect"}},
	{"accept connections", []string{"accept", "accept4"}},
	{"remove files", []string{"unlink", "unlinkat"}},
	{"rename files", []string{"rename", "renameat", "renameat2"}},
}

// pastTheFilter returns what programs can do through io_uring and not through syscalls, in some usual filter.
func pastTheFilter(p *rules.Pass, profile *workspace.Profile) []operation {
	var past []operation
	reach.Usual(p, profile, func(f *decide.Filter, a *seccomp.Architecture) bool {
		for _, name := range []string{"io_uring_setup", "io_uring_enter"} {
			if d := f.Decide(a, name); d.Step == decide.StepConditions || !d.Outcome.Runs() ||
				d.Rule != nil && gated(d.Rule) {
				return true
			}
		}
		for _, op := range operations {
			if slices.ContainsFunc(past, func(o operation) bool { return o.what == op.what }) {
				continue
			}
			if !slices.ContainsFunc(op.by, func(name string) bool {
				s, _ := seccomp.LookupSyscall(name)
				d := f.Decide(a, name)
				return s.On(a.ABI) &&
					(d.Step == decide.StepConditions || d.Outcome.Runs() || !f.Default.Runs() && supervised(d.Outcome))
			}) {
				past = append(past, op)
			}
		}
		return true
	})
	return past
}

// supervised reports whether another program decides about a call.
func supervised(o decide.Outcome) bool {
	return o.Action == "SCMP_ACT_NOTIFY" || o.Action == "SCMP_ACT_TRACE"
}
