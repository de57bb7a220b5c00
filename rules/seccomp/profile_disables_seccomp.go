package seccomp

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var profileDisablesSeccomp = &rules.Rule{
	ID:       "seccomp/profile-disables-seccomp",
	Summary:  "the profile is empty, which runtimes treat as no profile, so containers run without any filter",
	Severity: rules.Error,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"moby/profiles v0.2.4, seccomp/seccomp_linux.go: \"No default action specified, no syscalls listed, assume " +
			"seccomp disabled\"; containers/common v0.67.0, the same",
		"runc, libcontainer/specconv/spec_linux.go: SetupSeccomp",
		"runc 1.1.5 and 1.5.1 with {} and null, crun 1.8.1 and 1.27 with null and []",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		if profile.Dialect == seccomp.Bundle {
			reportBundle(p, profile)
		}
		span, what := disables(profile)
		if what == "" {
			return
		}
		var off, refuse []string
		for _, reader := range slices.Concat(readers.Go(p, profile), []string{"crun"}) {
			switch {
			case reader == "crun" && profile.Dialect != seccomp.Bundle && what != "an array":
			case reader == "crun" && profile.Dialect == seccomp.Bundle && !readers.RuntimeReads(p, profile, "crun"):
			case (what == "an array") == (reader == "crun"), what == "null":
				off = append(off, reader)
			default:
				refuse = append(refuse, reader)
			}
		}
		message := "profile is " + what
		if len(refuse) > 0 {
			message += "; " + phrase.List(refuse) + " " + phrase.Verb("refuse", refuse) + " it"
		}
		if len(off) > 0 {
			message += ", and " + phrase.List(off) + " " + phrase.Verb("run", off) + " containers without any filter"
		}
		p.Report(report.At(profile, span, message))
	}),
}

// reportBundle reports a whole configuration of OCI that a container of Docker or Podman is given as its profile: none
// of the fields that these read is at its top, so it is empty for them.
func reportBundle(p *rules.Pass, profile *workspace.Profile) {
	for _, run := range p.Workspace.RunsUnder(profile) {
		option, _ := run.Option("seccomp")
		if run.IsPrivileged() || run.Engine != runs.Docker && run.Engine != runs.Podman {
			continue
		}
		reader := "Docker"
		if run.Engine == runs.Podman {
			reader = "Podman"
		}
		text := string(profile.Source.Bytes)
		start := strings.IndexByte(text, '{')
		finding := report.At(profile, source.Span{Start: start, End: start + 1}, reader+" reads no field of a whole "+
			"OCI configuration and runs the container without any filter; the profile is the value of linux.seccomp")
		finding.Related = []rules.Related{
			{File: option.Value.File, Span: option.Value.Span, Message: "the container is given this file here"},
		}
		p.Report(finding)
		return
	}
}

// disables returns the place of a profile that some of its readers treat as none, and what it is: "null", "an array"
// or "empty". It is "" for others, also for those that have a part which all readers refuse.
func disables(profile *workspace.Profile) (span source.Span, what string) {
	if profile.Dialect == seccomp.SPO {
		return source.Span{}, "" // the API server refuses it
	}
	for _, problem := range profile.Problems {
		switch problem.Kind {
		case seccomp.KindNoProfile:
			if profile.Source.Bytes[problem.Span.Start] == '[' {
				return problem.Span, "an array"
			}
			return problem.Span, "null"
		case seccomp.KindNoDefault:
			span = problem.Span
		default:
			return source.Span{}, ""
		}
	}
	if len(profile.Rules) > 0 || strings.Trim(profile.Source.Text(profile.SyscallsSpan), "[] \t\r\n") != "" {
		return source.Span{}, ""
	}
	switch {
	case !span.IsEmpty():
		return span, "empty"
	case profile.DefaultAction.Text == "" && !profile.DefaultAction.Span.IsEmpty():
		return profile.DefaultAction.Span, "empty"
	}
	return source.Span{}, ""
}
