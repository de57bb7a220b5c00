package seccomp

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
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
		object := "it"
		if len(above) > 1 {
			object = "them"
		}
		var names []string
		for _, name := range top {
			names = append(names, name.Text)
		}
		border := top[len(top)-1]
		finding := at(profile, border.Span, fmt.Sprintf("with %s named, runc does not answer %s with ENOSYS, so that programs that try %s first do not fall back", listing(names), listing(above), object))
		for _, name := range top[:len(top)-1] {
			finding.Related = append(finding.Related, rules.Related{File: profile.Source, Span: name.Span, Message: fmt.Sprintf("%q is named here", name.Text)})
		}
		finding.Fixes = wish{enosys: above}.fix(p, profile)
		p.Report(finding)
	},
}

// mostOnTop is how many names one change may have added at the upper end of a list: the largest family of new syscalls is that of setxattrat, of four.
const mostOnTop = 4

// crossed returns the names at the upper end of a profile, lowest number first, and the syscalls below them that no rule names, that programs do without if the answer is ENOSYS, and
// that would get that answer from runc if those names were not there. There are none with more than mostOnTop names above them.
func crossed(profile *workspace.Profile, all []*decide.Filter) (top []seccomp.String, above []string) {
	for _, f := range all {
		a := f.Target.Host.Arch
		if _, ok := f.Border(a); !ok {
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
		var named []numbered // those at the upper end, highest first
		for _, r := range f.Rules {
			for _, name := range r.Names {
				n := numbered{number(name.Text), name}
				i, found := slices.BinarySearchFunc(named, n, func(x, n numbered) int { return cmp.Compare(n.number, x.number) })
				if !found && i <= mostOnTop {
					named = slices.Insert(named, i, n)
					named = named[:min(len(named), mostOnTop+1)]
				}
			}
		}
		lowest := -1
		for _, e := range fallbackEffects(profile, []*decide.Filter{f}, func(name string) bool { return name != "clone3" && !f.Named(name) }) {
			n := number(e.name)
			if e.rule != nil || n < 0 || len(named) > mostOnTop && n < named[mostOnTop].number {
				continue
			}
			above = append(above, e.name)
			if lowest < 0 || n < lowest {
				lowest = n
			}
		}
		for i := len(named) - 1; i >= 0 && len(above) > 0; i-- {
			if named[i].number > lowest {
				top = append(top, named[i].name)
			}
		}
		if len(above) > 0 {
			return top, above
		}
	}
	return nil, nil
}

// numbered is the name of a syscall with its number.
type numbered struct {
	number int
	name   seccomp.String
}
