package seccomp

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var duplicateSyscall = &rules.Rule{
	ID:       "seccomp/duplicate-syscall",
	Summary:  "a syscall is listed twice with the same action and conditions",
	Severity: rules.Info,
	Category: "correctness",
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"libseccomp, src/db.c: a rule that is there already is taken as done",
	},
	Seccomp: checkDuplicateSyscall,
}

func checkDuplicateSyscall(p *rules.Pass, profile *workspace.Profile) {
	first := map[string]seccomp.String{}
	for n, rule := range profile.Rules {
		key, ok := meaning(rule)
		if !ok {
			key = "\x00rule " + strconv.Itoa(n) // the same as itself only
		}
		var copies []int
		for i, name := range rule.Names {
			if _, found := first[name.Text+key]; found {
				copies = append(copies, i)
			} else {
				first[name.Text+key] = name
			}
		}
		for _, i := range copies {
			name := rule.Names[i]
			earlier := first[name.Text+key]
			finding := at(profile, name.Span, fmt.Sprintf("syscall %q is already in this list", name.Text))
			if earlier.Span.End <= rule.Span.Start {
				finding.Message = fmt.Sprintf("syscall %q is already in an earlier rule with the same action and conditions", name.Text)
			} else if profile.Dialect == seccomp.SPO {
				finding.Severity = rules.Error
				finding.Message += ", so that the API server refuses the SeccompProfile"
			}
			finding.Related = []rules.Related{{File: profile.Source, Span: earlier.Span, Message: fmt.Sprintf("%q is listed here", name.Text)}}
			title, span, ok := fmt.Sprintf("Remove the second %q", name.Text), source.Span{}, false
			if len(copies) == len(rule.Names) {
				title = "Remove the rule, which adds nothing"
				span, ok = without(profile.Source, profile.Rules, n, func(r *seccomp.Rule) source.Span { return r.Span })
			} else {
				span, ok = without(profile.Source, rule.Names, i, func(s seccomp.String) source.Span { return s.Span })
			}
			switch {
			case profile.Dialect == seccomp.SPO && len(copies) == len(rule.Names):
				finding.Fixes = edited(profile, title, fixers.Safe, fixseccomp.RemoveRules(profile.Profile, n), fixers.Changes{})
			case profile.Dialect == seccomp.SPO:
				finding.Fixes = edited(profile, title, fixers.Safe, fixseccomp.RemoveString(profile.Profile, rule.Names, i), fixers.Changes{})
			case ok:
				finding.Fixes = replace(profile, title, fixers.Safe, span, "", fixers.Changes{})
			}
			p.Report(finding)
		}
	}
}

// meaning returns what a rule does with each of its syscalls, as text that is equal for rules that do the same. It reports false where the rule
// has a part that cannot be read.
func meaning(rule *seccomp.Rule) (string, bool) {
	if rule.Action.Text == "" {
		return "", false
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\x00%s\x00", rule.Action.Text)
	if action, ok := seccomp.LookupAction(rule.Action.Text); !ok || action.Errno {
		errno := uint64(1) // EPERM
		if !rule.ErrnoRet.Span.IsEmpty() {
			if !rule.ErrnoRet.Known {
				return "", false
			}
			errno = rule.ErrnoRet.Value
		}
		fmt.Fprintf(&b, "%d %q\x00", errno, rule.Errno.Text)
	} else if !rule.ErrnoRet.Span.IsEmpty() || rule.Errno.Text != "" {
		return "", false // crun refuses it
	}
	args := slices.Clone(rule.Args)
	slices.SortFunc(args, func(a, b seccomp.Arg) int {
		return cmp.Or(cmp.Compare(a.Index.Value, b.Index.Value), cmp.Compare(a.Value.Value, b.Value.Value), cmp.Compare(a.ValueTwo.Value, b.ValueTwo.Value), cmp.Compare(a.Op.Text, b.Op.Text))
	})
	for _, a := range args {
		if !a.Index.Known || !a.Value.Known || !a.ValueTwo.Known && !a.ValueTwo.Span.IsEmpty() || a.Op.Text == "" {
			return "", false
		}
		fmt.Fprintf(&b, "%d %d %d %s\x00", a.Index.Value, a.Value.Value, a.ValueTwo.Value, a.Op.Text)
	}
	for _, f := range []seccomp.Scope{rule.Includes, rule.Excludes} {
		for _, list := range [][]seccomp.String{f.Caps, f.Arches} {
			var names []string
			for _, s := range list {
				names = append(names, s.Text)
			}
			slices.Sort(names)
			fmt.Fprintf(&b, "%q\x00", slices.Compact(names))
		}
		fmt.Fprintf(&b, "%q\x00", f.MinKernel.Text)
	}
	return b.String(), true
}

// without returns the text to delete so that one element of an array is gone, with the comma and the blanks between it and its neighbour. It reports false for
// an only element, and where more than a comma and blanks stands between them.
func without[T any](f *source.File, elements []T, i int, at func(T) source.Span) (source.Span, bool) {
	span := at(elements[i])
	var between source.Span
	switch {
	case i > 0:
		between = source.Span{Start: at(elements[i-1]).End, End: span.Start}
		span.Start = between.Start
	case len(elements) > 1:
		between = source.Span{Start: span.End, End: at(elements[1]).Start}
		span.End = between.End
	default:
		return source.Span{}, false
	}
	return span, strings.TrimSpace(f.Text(between)) == ","
}
