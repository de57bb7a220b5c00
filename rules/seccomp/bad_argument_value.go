package seccomp

import (
	"encoding/json"
	"strconv"
	"strings"

	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
	"github.com/sandlint/sandlint/rules/seccomp/internal/support"
)

var badArgumentValue = &rules.Rule{
	ID:       "seccomp/bad-argument-value",
	Summary:  "an argument condition has no index or value, or one that its readers reject",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"OCI runtime specification v1.3.0, config-linux.md, Seccomp: index is uint32, value and valueTwo are uint64",
		"libseccomp-golang v0.11.1: MakeCondition, \"syscalls only have up to 6 arguments\"",
		"containers/crun#2220: more than six conditions",
		"runc 1.1.5 and 1.5.1, crun 1.8.1 and 1.27 with strings, floats, " +
			"negative numbers, index 6 and seven conditions",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		for _, problem := range profile.Problems {
			finding := report.At(profile, problem.Span, problem.Message)
			switch problem.Kind {
			case seccomp.KindArgument:
				finding.Message = report.WithEffect(problem, refusedArgument(profile, problem.Span))
				if number, ok := meantNumber(profile.Source.Text(problem.Span)); ok {
					if rule, _ := report.RuleAt(profile, problem.Span); rule != nil {
						var names []string
						for _, name := range rule.Names {
							names = append(names, name.Text)
						}
						finding.Fixes = fixes.Replace(profile, "Write "+number, fixers.Unsafe, problem.Span, number,
							fixers.Changes{fixseccomp.Syscalls(names)})
					}
				}
			case seccomp.KindNoArgument:
				finding.Severity = rules.Warning
			case seccomp.KindManyArguments:
				if profile.Dialect == seccomp.SPO { // for which the API server refuses it
					break
				}
				targets := p.Targets().Seccomp
				l, ok := support.Find(p, seccomp.Support{}, "crun")
				l.Extent = targets.Extent("crun", seccomp.Version{}, readsAllConditions)
				if !ok || l.Extent == decide.NoRelease {
					continue
				}
				finding.Severity = l.Severity()
			default:
				continue
			}
			p.Report(finding)
		}
	}),
}

// readsAllConditions is the first release of crun that reads more than six conditions of a rule.
var readsAllConditions = seccomp.Version{Major: 1, Minor: 29, Patch: 2}

// refusedArgument says what the readers do with a value that is not an unsigned integer; "" for one that is.
func refusedArgument(profile *workspace.Profile, span source.Span) string {
	text := profile.Source.Text(span)
	if _, err := strconv.ParseUint(text, 10, 64); err == nil {
		return ""
	}
	readers := "Docker, Podman, containerd and runc refuse"
	if profile.Dialect == seccomp.Bundle {
		readers = "runc refuses"
	}
	if strings.HasPrefix(text, "-") || '0' <= text[0] && text[0] <= '9' {
		return ", so " + readers + " the profile"
	}
	return ", so " + readers + " the profile, and crun up to 1.27 takes it as 0"
}

// meantNumber returns the unsigned integer that the author of a JSON value most likely meant: that of a string with a
// decimal, or with 0x a hexadecimal number, or of a number such as 5.0.
func meantNumber(value string) (string, bool) {
	var text string
	if json.Unmarshal([]byte(value), &text) == nil {
		text = strings.TrimSpace(text)
		base := 10
		if hex, ok := strings.CutPrefix(strings.ToLower(text), "0x"); ok {
			text, base = hex, 16
		}
		n, err := strconv.ParseUint(text, base, 64)
		return strconv.FormatUint(n, 10), err == nil
	}
	whole, zeros, ok := strings.Cut(value, ".")
	if n, err := strconv.ParseUint(whole, 10, 64); ok && err == nil && strings.Trim(zeros, "0") == "" {
		return strconv.FormatUint(n, 10), true
	}
	return "", false
}
