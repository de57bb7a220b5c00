package seccomp

import (
	"fmt"
	"strconv"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/errnos"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var podmanOnlyErrno = &rules.Rule{
	ID:       "seccomp/podman-only-errno",
	Summary:  "an errno is given as a word, which only Podman and CRI-O read",
	Severity: rules.Warning,
	Category: rules.Portability,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"containers/common v0.67.0, pkg/seccomp/seccomp_linux.go: getErrno; pkg/seccomp/errno_list.go",
		"moby/profiles v0.2.4, seccomp/seccomp.go: no such field",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		checkWord(p, profile, nil, profile.DefaultAction, profile.DefaultErrno, profile.DefaultErrnoRet, "defaultErrno")
		for _, r := range profile.Rules {
			checkWord(p, profile, r, r.Action, r.Errno, r.ErrnoRet, "errno")
		}
	}),
}

// checkWord looks at an errno that is given as a word. Its action has no errno where seccomp/errno-on-other-action
// reports it.
func checkWord(p *rules.Pass, profile *workspace.Profile, rule *seccomp.Rule, action, word seccomp.String,
	number seccomp.Number, field string) {
	if word.Text == "" {
		return
	}
	podman := readers.Reads(p, profile, decide.LoaderContainers)
	meant, ok := seccomp.LookupErrno(word.Text)
	if !ok {
		finding := report.At(profile, word.Span, fmt.Sprintf("%q is not an errno", word.Text))
		if podman {
			finding.Severity = rules.Error
			finding.Message += ", so Podman refuses the profile"
		}
		p.Report(finding)
		return
	}
	answer := uint64(1) // EPERM
	if number.Known {
		answer = number.Value
	}
	if known, ok := seccomp.LookupAction(action.Text); !ok || !known.Errno || answer == uint64(meant) {
		return
	}
	name := strconv.FormatUint(answer, 10)
	if answer <= errnos.Max {
		name = seccomp.ErrnoName(uint16(answer))
	}
	others := readers.Loaders(p, profile, decide.LoaderDocker, decide.LoaderOCI)
	if profile.Dialect == seccomp.Bundle {
		others = p.Targets().Seccomp.Runtimes()
	}
	finding := report.At(profile, word.Span, "")
	if len(others) == 0 { // no target reads it otherwise
		if p.Targets().Seccomp.Given("podman", "cri-o") {
			return
		}
		finding.Severity = rules.Info
		others = []string{decide.LoaderDocker.String(), decide.LoaderOCI.String()}
	}
	finding.Message = fmt.Sprintf("%q is read by Podman and CRI-O only; %s %s %s", field, phrase.List(others),
		phrase.Verb("answer", others), name)
	if number.Span.IsEmpty() {
		edits := fixseccomp.InsertField(profile.Profile, word.Span, field+"Ret", strconv.Itoa(int(meant)))
		finding.Fixes = fixes.Edited(profile, fmt.Sprintf("Add %sRet %d", field, meant), fixers.Safe, edits,
			fixers.Changes{})
	}
	p.Report(finding)
}
