package seccomp

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var invalidJSON = &rules.Rule{
	ID:       "seccomp/invalid-json",
	Summary:  "the profile is not JSON, so its readers refuse it",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Syntax:   true,
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"RFC 8259, The JavaScript Object Notation (JSON) Data Interchange Format",
		"docker/cli, cli/command/container/opts.go: parseSecurityOpts compacts the file before it is sent",
		"runc 1.1.5 and 1.5.1, crun 1.8.1 and 1.27 (yajl) with a comment, a comma too many, single quotes and a " +
			"second document",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		found := report.Problems(profile, seccomp.KindJSON)
		if len(found) == 0 {
			return
		}
		fixes := removeSurplus(profile, len(found))
		comments := crunTakesComments(p)
		for _, problem := range found {
			finding := report.At(profile, problem.Span, problem.Message)
			finding.Fixes = fixes
			if comments && slices.Contains(profile.Surplus, problem.Span) &&
				strings.HasPrefix(profile.Source.Text(problem.Span), "/") {
				finding.Severity = rules.Info
				finding.Message = "comment, which JSON does not have; only crun up to 1.27 accepts it"
			}
			p.Report(finding)
		}
	}),
}

// crunTakesComments reports whether the profile is only for crun with the JSON parser yajl, which reads over // and
// /* */. From 1.28 on crun has another parser.
func crunTakesComments(p *rules.Pass) bool {
	targets := p.Targets().Seccomp
	return readers.Only(p, "crun") &&
		targets.Extent("crun", seccomp.Version{}, seccomp.Version{Major: 1, Minor: 28}) == decide.AllReleases &&
		!targets.Given("docker", "podman", "cri-o", "containerd", "kubernetes")
}

// removeSurplus returns the fix that makes a text JSON, where only surplus text keeps it from being so. It
// removes everything at once: half of it would still not be JSON. Comments need --unsafe: they are words of
// the author's, and whoever strips them on the way to the runtime wants to keep them here.
func removeSurplus(profile *workspace.Profile, problems int) []fixers.Fix {
	if problems != len(profile.Surplus) {
		return nil
	}
	fix := fixers.Fix{Safety: fixers.Safe, Changes: fixers.Changes{fixers.Repair{}}}
	var what []string
	for _, span := range profile.Surplus {
		kind := "comments"
		switch profile.Source.Bytes[span.Start] {
		case ',':
			kind = "commas before closing brackets"
		case 0xef:
			kind = "byte order mark"
		default:
			span = commentWithBlanks(profile.Source, span)
			fix.Safety = fixers.Unsafe
		}
		if !slices.Contains(what, kind) {
			what = append(what, kind)
		}
		fix.Edits = append(fix.Edits, fixers.Edit{File: profile.Source, Span: span})
	}
	fix.Title = "Remove the " + strings.Join(what, " and the ")
	return []fixers.Fix{fix}
}

// commentWithBlanks widens a comment to the whole of its lines where nothing else stands on them, else to the blanks
// before it where blanks or the end of the line follow.
func commentWithBlanks(f *source.File, span source.Span) source.Span {
	blank := func(c byte) bool { return c == ' ' || c == '\t' }
	start, end := span.Start, span.End
	for start > 0 && blank(f.Bytes[start-1]) {
		start--
	}
	for end < len(f.Bytes) && (blank(f.Bytes[end]) || f.Bytes[end] == '\r') {
		end++
	}
	begins := start == 0 || f.Bytes[start-1] == '\n'
	switch {
	case begins && end < len(f.Bytes) && f.Bytes[end] == '\n':
		return source.Span{Start: start, End: end + 1}
	case !begins && start < span.Start && (end > span.End || end == len(f.Bytes) || f.Bytes[end] == '\n'):
		return source.Span{Start: start, End: span.End}
	}
	return span
}
