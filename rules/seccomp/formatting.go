package seccomp

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var formatting = &rules.Rule{
	ID: "seccomp/formatting",
	Summary: "the profile is not laid out as Docker's and Podman's own are: a tab a level, one element a line, " +
		"names sorted",
	Severity: rules.Style,
	Category: rules.Formatting,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"moby/profiles, seccomp/generate.go: json.MarshalIndent with tabs",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		want := canonical(profile)
		f := profile.Source
		if want == nil || bytes.Equal(want, f.Bytes) {
			return
		}
		finding := report.At(profile, firstDifference(f, want),
			"the layout is not the canonical one: a tab a level, one element a line")
		for n, rule := range profile.Rules {
			if name, ok := unsorted(rule.Names); ok {
				finding.Span = name.Span
				finding.Message = fmt.Sprintf("the names of rule %d are not sorted: %q is out of place", n+1, name.Text)
				break
			}
		}
		finding.Fixes = []fixers.Fix{
			{
				Title: "Format the file", Safety: fixers.Safe,
				Edits: []fixers.Edit{{File: f, Span: f.Span(), Text: string(want)}},
			},
		}
		p.Report(finding)
	}),
}

// unsorted returns the first name that is after one that it should precede, or that is a copy.
func unsorted(names []seccomp.String) (seccomp.String, bool) {
	for i := 1; i < len(names); i++ {
		if names[i].Text <= names[i-1].Text {
			return names[i], true
		}
	}
	return seccomp.String{}, false
}

// canonical returns the text of a profile in the canonical layout; nil for one that is not a whole file of sound JSON.
func canonical(profile *workspace.Profile) []byte {
	f := profile.Source
	if profile.Dialect == seccomp.Bundle || profile.Dialect == seccomp.SPO || profile.Fragment != nil ||
		len(profile.Problems) > 0 || len(profile.DuplicateFields) > 0 || !json.Valid(f.Bytes) {
		return nil
	}
	var text []byte
	done := 0
	for _, rule := range profile.Rules {
		if _, ok := unsorted(rule.Names); !ok || rule.LegacyName {
			continue
		}
		names := slices.Clone(rule.Names)
		slices.SortStableFunc(names, func(a, b seccomp.String) int { return cmp.Compare(a.Text, b.Text) })
		names = slices.CompactFunc(names, func(a, b seccomp.String) bool { return a.Text == b.Text })
		var list []string
		for _, name := range names {
			list = append(list, f.Text(name.Span))
		}
		text = append(text, f.Bytes[done:rule.NamesSpan.Start]...)
		text = append(text, "["+strings.Join(list, ",")+"]"...)
		done = rule.NamesSpan.End
	}
	text = append(text, f.Bytes[done:]...)
	var out bytes.Buffer
	if json.Indent(&out, bytes.TrimSpace(text), "", "\t") != nil {
		return nil
	}
	if bytes.HasSuffix(f.Bytes, []byte("\n")) {
		out.WriteByte('\n')
	}
	if newline := f.NewlineAt(0); newline != "\n" {
		return bytes.ReplaceAll(out.Bytes(), []byte("\n"), []byte(newline))
	}
	return out.Bytes()
}

// firstDifference returns the first line that is another in want, without its line break and the blanks around it.
func firstDifference(f *source.File, want []byte) source.Span {
	same := 0
	for same < len(f.Bytes) && same < len(want) && f.Bytes[same] == want[same] {
		same++
	}
	line := f.FullLine(f.LineOf(min(same, max(len(f.Bytes)-1, 0))))
	text := f.Text(line)
	trimmed := strings.TrimLeft(text, " \t")
	line.Start += len(text) - len(trimmed)
	line.End -= len(trimmed) - len(strings.TrimRight(trimmed, " \t\r\n"))
	return line
}
