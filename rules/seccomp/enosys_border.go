package seccomp

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var enosysBorder = &rules.Rule{
	ID:       "seccomp/enosys-border",
	Summary:  "a name at the upper end of an allowlist takes the ENOSYS from older syscalls that the list does not name",
	Severity: rules.Warning,
	Category: "correctness",
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"runc, libcontainer/seccomp/patchbpf/enosys_linux.go",
		"moby/moby#42871; opencontainers/runc#2151",
	},
	Seccomp: func(p *rules.Pass, profile *workspace.Profile) {
		top, above := crossed(profile, filters(p, profile))
		if len(above) == 0 {
			return
		}
		message := fmt.Sprintf("with %q named, runc no longer answers %s with ENOSYS", top[0].Text, listing(above))
		if len(top) > 1 {
			message = fmt.Sprintf("with %q and what comes after it named, runc no longer answers %s with ENOSYS", top[0].Text, listing(above))
		}
		object := "it"
		if len(above) > 1 {
			object = "them"
		}
		finding := at(profile, top[0].Span, message+", so that programs that try "+object+" first do not fall back")
		for _, name := range top[1:] {
			finding.Related = append(finding.Related, rules.Related{File: profile.Source, Span: name.Span, Message: fmt.Sprintf("%q is named here", name.Text)})
		}
		finding.Fixes = wish{enosys: above}.fix(p, profile)
		p.Report(finding)
	},
}

// mostOnTop is how many names one change may have added at the upper end of a list: the largest family of new syscalls is that of setxattrat, of four.
const mostOnTop = 4

// crossed returns the names at the upper end of a profile, lowest number first, and the syscalls below them that no rule names, that programs do without if the answer is ENOSYS, and
// that would get that answer from runc if those names were not there. There are none where more than mostOnTop names lie above them.
func crossed(profile *workspace.Profile, all []*seccomp.Filter) (top []seccomp.String, above []string) {
	for _, f := range all {
		a := f.Target.Host.Arch
		border, ok := f.Border(a)
		if !ok {
			continue
		}
		number := func(name string) int {
			if s, ok := seccomp.LookupSyscall(name); ok && f.Target.Libseccomp.Knows(s) {
				if n, ok := s.Number(a.ABI); ok && !s.Multiplexed(a.ABI) {
					return n
				}
			}
			return -1
		}
		var unnamed []string
		highest := -1
		for _, e := range fallbackEffects(profile, []*seccomp.Filter{f}, func(name string) bool { return name != "clone3" && !f.Named(name) }) {
			if e.rule == nil && number(e.name) < border {
				unnamed = append(unnamed, e.name)
				highest = max(highest, number(e.name))
			}
		}
		if len(unnamed) == 0 {
			continue
		}
		below := -1 // the highest named number below them all
		byNumber := map[int]seccomp.String{}
		for _, r := range f.Rules {
			for _, name := range r.Names {
				switch n := number(name.Text); {
				case n > highest:
					if _, ok := byNumber[n]; !ok {
						byNumber[n] = name
					}
				default:
					below = max(below, n)
				}
			}
		}
		if len(byNumber) > mostOnTop {
			continue
		}
		for _, name := range unnamed {
			if number(name) > below {
				above = append(above, name)
			}
		}
		if len(above) == 0 {
			continue
		}
		for n := highest; n <= border; n++ {
			if name, ok := byNumber[n]; ok {
				top = append(top, name)
			}
		}
		return top, above
	}
	return nil, nil
}
