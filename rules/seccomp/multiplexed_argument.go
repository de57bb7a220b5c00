package seccomp

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/reach"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var multiplexedArgument = &rules.Rule{
	ID: "seccomp/multiplexed-argument",
	Summary: "a condition is on a call that 32-bit programs also make through socketcall(2) or ipc(2), where a " +
		"filter cannot see its arguments",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"libseccomp v2.6.1, src/arch-x86.c, rule_add: the number of the sub-call takes the place of the condition " +
			"on argument 0",
		"seccomp/libseccomp#476, seccomp/libseccomp#8, systemd/systemd#4575",
		"moby/profiles commits 7158007 and 3c28324: socketcall was taken out of the default profile, and put back " +
			"since 32-bit programs broke",
	},
	Check: rules.OnProfile(checkMultiplexedArgument),
}

func checkMultiplexedArgument(p *rules.Pass, profile *workspace.Profile) {
	var done []string
	parts := partsOfCalls{}
	for _, rule := range profile.Rules {
		if len(rule.Args) == 0 {
			continue
		}
		for _, name := range rule.Names {
			s, ok := seccomp.LookupSyscall(name.Text)
			if !ok || s.SocketCall == 0 && s.IPC == 0 || slices.Contains(done, name.Text) {
				continue
			}
			var abis []string
			live, effect := false, ""
			reach.Usual(p, profile, func(f *decide.Filter, a *seccomp.Architecture) bool {
				part := parts.of(f, a, s)
				live = live || part.live[rule]
				if s.Multiplexed(a.ABI) && readers.MayRunOn(rule, f.Target.Loader, f.Target.Host.Arch) &&
					!slices.Contains(abis, a.ABI) {
					if e := part.through(rule); e != "" {
						abis = append(abis, a.ABI)
						if effect == "" {
							effect = e
						}
					}
				}
				return true
			})
			if live && len(abis) > 0 {
				done = append(done, name.Text)
				p.Report(report.At(profile, name.Span,
					fmt.Sprintf("on %s, programs also call %q through %s, %s", phrase.List(abis), s.Name,
						multiplexer(s), effect)))
			}
		}
	}
}

// partsOfCalls are what rules have to do with calls: of each filter, architecture and syscall found once, since many
// rules may name one syscall.
type partsOfCalls map[partOfCall]*partInCall

type partOfCall struct {
	filter  *decide.Filter
	arch    *seccomp.Architecture
	syscall *seccomp.Syscall
}

// partInCall is what rules have to do with one call.
type partInCall struct {
	live map[*seccomp.Rule]bool // the rules that decide about it under conditions
	// all is what happens to calls that are made through socketcall(2) or ipc(2), whatever the rule; "" where that
	// depends on the rule.
	all string
	// conds are the first conditions that a rule has there, and outcomes what it then does.
	conds    map[*seccomp.Rule]int
	outcomes map[*seccomp.Rule]decide.Outcome
}

func (p partsOfCalls) of(f *decide.Filter, a *seccomp.Architecture, s *seccomp.Syscall) *partInCall {
	key := partOfCall{f, a, s}
	if part := p[key]; part != nil {
		return part
	}
	part := &partInCall{
		live: map[*seccomp.Rule]bool{}, conds: map[*seccomp.Rule]int{}, outcomes: map[*seccomp.Rule]decide.Outcome{},
	}
	p[key] = part
	for _, c := range f.Decide(a, s.Name).Cases {
		part.live[c.Rule] = true
	}
	if !s.Multiplexed(a.ABI) {
		return part
	}
	d := f.Decide(a, multiplexer(s))
	if d.Step == decide.StepRule && d.Outcome.Runs() {
		part.all = "which another rule allows without conditions"
	}
	if d.Step != decide.StepConditions {
		return part
	}
	for _, c := range d.Cases {
		if _, seen := part.conds[c.Rule]; !seen && c.Multiplexed {
			part.conds[c.Rule], part.outcomes[c.Rule] = len(c.Conds), c.Outcome
		}
	}
	return part
}

// through returns what happens to the conditions of a rule about a call that is made through socketcall(2) or ipc(2);
// "" where such calls are refused anyway.
func (p *partInCall) through(rule *seccomp.Rule) string {
	switch p.conds[rule] {
	case 0:
		return p.all
	case 1: // that on the number of the sub-call
		return fmt.Sprintf("where the condition on argument 0 is lost, and every such call gets %s", p.outcomes[rule])
	}
	return "where the conditions compare other registers than its arguments"
}

func multiplexer(s *seccomp.Syscall) string {
	if s.SocketCall != 0 {
		return "socketcall"
	}
	return "ipc"
}
