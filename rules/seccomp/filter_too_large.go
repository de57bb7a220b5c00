package seccomp

import (
	"fmt"
	"math"
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var filterTooLarge = &rules.Rule{
	ID:       "seccomp/filter-too-large",
	Summary:  "the filter of the profile has more instructions than the kernel accepts",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"Linux, include/uapi/linux/bpf_common.h: BPF_MAXINSNS",
		"libseccomp 2.5.4, seccomp_export_bpf(3) and seccomp_load(3) of filters with one and two conditions a rule, " +
			"on one to three architectures",
		"libseccomp: GHSA-46fr-jh49-xvhx, GHSA-2hqh-5c36-grrm",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		if countConditions(profile) < maxInstructions/2 { // most profiles
			return
		}
		least := math.MaxInt
		for _, target := range p.Targets().Seccomp.Usual(profile.Profile) {
			f := profile.Filter(target)
			if _, lost := f.Unloaded(target.Host.Arch); lost { // what of it libseccomp leaves out is not known
				continue
			}
			if least = min(least, leastInstructions(f)); least <= maxInstructions {
				return
			}
		}
		if least == math.MaxInt {
			return
		}
		// The list is long.
		bracket := source.Span{Start: profile.SyscallsSpan.Start, End: profile.SyscallsSpan.Start + 1}
		p.Report(report.At(profile, bracket,
			fmt.Sprintf("filter has %d instructions or more, and the kernel accepts %d, so no container starts", least,
				maxInstructions)))
	}),
}

// maxInstructions is Linux's BPF_MAXINSNS.
const maxInstructions = 4096

// overhead is how many instructions a filter with rules has at least that compare neither a number nor an argument of
// a syscall with a constant: it loads and compares the architecture, loads the number, and returns for it to be
// killed, for a rule and by default.
const overhead = 6

// leastInstructions returns a number of instructions that the filter has at least. libseccomp shares equal parts of a
// filter among syscalls and architectures, so what is counted are constants: each number of a syscall that has a
// rule, and the lower half of each value that one of its conditions compares an argument with, is the constant of an
// instruction of its own. Only syscalls are counted whose conditions look at the same arguments in the same way, of
// which libseccomp merges none.
func leastInstructions(f *decide.Filter) int {
	constants := map[uint32]bool{}
	for _, a := range f.Archs {
		for _, rule := range f.Rules {
			if rule.Outcome == f.Default {
				continue
			}
			for _, name := range rule.Names {
				if s, ok := seccomp.LookupSyscall(name.Text); ok && f.Target.Libseccomp.Knows(s) &&
					!s.Multiplexed(a.ABI) {
					if n, ok := s.Number(a.ABI); ok {
						constants[uint32(n)] = true
					}
				}
			}
		}
	}
	if f.Host.Arch != nil {
		decided := map[string]bool{}
		for _, rule := range f.Rules {
			for _, name := range rule.Names {
				if !decided[name.Text] {
					decided[name.Text] = true
					if s, ok := seccomp.LookupSyscall(name.Text); ok && !s.Multiplexed(f.Host.Arch.ABI) {
						decision := f.Decide(f.Host.Arch, name.Text)
						for _, c := range comparedWith(decision.Cases) {
							constants[c] = true
						}
					}
				}
			}
		}
	}
	return len(constants) + overhead
}

// comparedWith returns the lower halves of the values of cases that are all alike: one condition on the same argument
// with the same operator, or the same arguments with EQ.
func comparedWith(cases []decide.Case) (constants []uint32) {
	if len(cases) == 0 {
		return nil
	}
	shape := shapeOf(cases[0])
	if len(shape) > 1 && slices.ContainsFunc(shape, func(c decide.Cond) bool { return c.Op != "SCMP_CMP_EQ" }) {
		return nil
	}
	for _, c := range cases {
		if !slices.Equal(shapeOf(c), shape) {
			return nil
		}
		for _, cond := range c.Conds {
			if cond.Op != "SCMP_CMP_MASKED_EQ" || uint32(cond.Mask) != 0 {
				constants = append(constants, uint32(cond.Value))
			}
		}
	}
	return constants
}

// shapeOf returns the conditions of a case without their values, sorted by argument.
func shapeOf(c decide.Case) []decide.Cond {
	shape := slices.Clone(c.Conds)
	for i := range shape {
		shape[i].Value = 0
	}
	slices.SortFunc(shape, func(a, b decide.Cond) int { return a.Arg - b.Arg })
	return shape
}

func countConditions(profile *workspace.Profile) (n int) {
	for _, rule := range profile.Rules {
		n += len(rule.Args) * len(rule.Names)
	}
	return n
}
