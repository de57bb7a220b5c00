package seccomp

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var syntax = &rules.Rule{
	ID:       "seccomp/syntax",
	Summary:  "the profile is not JSON, or has a value of a type or shape that its readers do not take",
	Severity: rules.Error,
	Category: "correctness",
	Since:    "0.1.0",
	Syntax:   true,
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"OCI runtime specification v1.3.0, config-linux.md, Seccomp, and schema/config-linux.json",
		"moby/profiles, seccomp/seccomp.go, v0.2.4; containers/common, pkg/seccomp/types.go, v0.67.0",
	},
	Seccomp: checkSyntax,
}

func checkSyntax(p *rules.Pass, profile *workspace.Profile) {
	fixes := removeSurplus(profile)
	for _, problem := range profile.Problems {
		if problem.Kind == seccomp.KindNoDefault {
			continue
		}
		finding := at(profile, problem.Span, problem.Message)
		if problem.Kind == seccomp.KindJSON {
			finding.Fixes = fixes
		}
		p.Report(finding)
	}
}

// removeSurplus returns the fix that makes a text JSON, where nothing but too much text keeps it from being so. It takes out everything at once: half of it would still
// not be JSON. Comments go with --unsafe only: they are words of the author's, and whoever strips them on the way to the runtime wants to keep them here.
func removeSurplus(profile *workspace.Profile) []fixers.Fix {
	problems := 0
	for _, problem := range profile.Problems {
		if problem.Kind == seccomp.KindJSON {
			problems++
		}
	}
	if problems == 0 || problems != len(profile.Surplus) {
		return nil
	}
	fix := fixers.Fix{Safety: fixers.Safe, Changes: fixers.Changes{Repair: true}}
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

// commentWithBlanks widens a comment to the whole of its lines where nothing else stands on them, else to the blanks before it where blanks or the
// end of the line follow.
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
