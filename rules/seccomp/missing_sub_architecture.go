package seccomp

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/programs"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
	"github.com/sandlint/sandlint/rules/seccomp/internal/requirement"
)

var missingSubArchitecture = &rules.Rule{
	ID: "seccomp/missing-sub-architecture",
	Summary: "the profile lists a 64-bit architecture without its 32-bit one, whose programs it would let run, so " +
		"they are killed",
	Severity: rules.Info,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"libseccomp 2.6.1, seccomp_attr_set(3): SCMP_FLTATR_ACT_BADARCH, KILL_THREAD unless set",
		"moby/profiles, seccomp/default.json, archMap, v0.2.4",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		for i, name := range profile.Architectures {
			if sub := missingSub(p, profile, name, profile.Architectures); sub != nil {
				reportSub(p, profile, name, sub,
					fixseccomp.InsertString(profile.Profile, profile.Architectures, i+1, sub.Name))
			}
		}
		for _, entry := range profile.ArchMap {
			if sub := missingSub(p, profile, entry.Architecture, entry.SubArchitectures); sub != nil {
				reportSub(p, profile, entry.Architecture, sub,
					fixseccomp.InsertString(profile.Profile, entry.SubArchitectures, len(entry.SubArchitectures),
						sub.Name))
			}
		}
	}),
}

func reportSub(p *rules.Pass, profile *workspace.Profile, name seccomp.String, sub *seccomp.Architecture,
	edits []fixers.Edit) {
	finding := report.At(profile, name.Span,
		fmt.Sprintf("without %q every 32-bit program (%s) is killed at its first syscall, whatever the rules and "+
			"the default action say", sub.Name, sub.ABI))
	if fixed := requirement.WithEdits(profile, edits); len(edits) > 0 && fixed != nil {
		before := programs.Burdens(p, profile, programs.Filters(p, profile))
		if !slices.ContainsFunc(programs.Burdens(p, fixed, programs.Filters(p, fixed)),
			func(b programs.Burden) bool { return !slices.Contains(before, b) }) {
			finding.Fixes = fixes.Edited(profile, "Add "+sub.Name, fixers.Unsafe, edits,
				fixers.Changes{fixseccomp.AnyDecision{}})
		}
	}
	p.Report(finding)
}

// startsWith are the syscalls that every 32-bit program makes at its start besides those of 64-bit ones, by ABI; of
// several names one is enough.
var startsWith = map[string][][]string{
	"x86":  {{"mmap2", "mmap"}, {"set_thread_area"}, {"exit_group", "exit"}},
	"arm":  {{"mmap2"}, {"set_tls"}, {"exit_group", "exit"}},
	"mips": {{"mmap2", "mmap"}, {"set_thread_area"}, {"exit_group", "exit"}},
	"ppc":  {{"mmap2", "mmap"}, {"exit_group", "exit"}, {"fstat64", "fstatat64", "statx"}},
	"s390": {{"mmap2", "mmap"}, {"exit_group", "exit"}, {"fstat64", "fstatat64", "statx"}},
}

// missingSub returns the 32-bit architecture of a 64-bit one that a list lacks, where its programs would start if it
// were there. It is nil where they would not: the profile is for 64-bit programs then.
func missingSub(p *rules.Pass, profile *workspace.Profile, name seccomp.String,
	list []seccomp.String) *seccomp.Architecture {
	host, ok := seccomp.LookupArchitecture(name.Text)
	if !ok || host.Bits != 64 {
		return nil
	}
	for _, sub := range seccomp.Architectures() {
		need, ok := startsWith[sub.ABI]
		if !ok || sub.Native != host.ABI || sub.BigEndian != host.BigEndian {
			continue
		}
		if slices.ContainsFunc(list, func(s seccomp.String) bool { return s.Text == sub.Name }) {
			continue
		}
		for _, f := range programs.Filters(p, profile) {
			if f.Target.Host.Arch != host {
				continue
			}
			r := *f.Resolved
			r.Architectures = append(slices.Clip(r.Architectures), seccomp.String{Text: sub.Name})
			with := r.Compile(f.Target.Runtime, f.Target.RuntimeVersion, f.Target.Libseccomp)
			if !f.Covers(sub) && !slices.ContainsFunc(need, func(anyOf []string) bool {
				return !slices.ContainsFunc(anyOf, func(name string) bool { return programs.MayRun(with, sub, name) })
			}) {
				return sub
			}
		}
	}
	return nil
}
