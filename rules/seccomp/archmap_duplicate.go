package seccomp

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/literals"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var archmapDuplicate = &rules.Rule{
	ID:          "seccomp/archmap-duplicate",
	Summary:     "archMap has a second entry for an architecture, which Docker and Podman ignore",
	Severity:    rules.Warning,
	Category:    rules.Correctness,
	Since:       "0.1.0",
	Unnecessary: true,
	Fixes:       []fixers.Safety{fixers.Safe},
	References: []string{
		"moby/profiles v0.2.4, seccomp/seccomp_linux.go, and containers/common v0.67.0, " +
			"pkg/seccomp/seccomp_linux.go: the loop over archMap ends at the first entry for the host",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		readers := readers.Loaders(p, profile, decide.LoaderDocker, decide.LoaderContainers)
		if len(readers) == 0 {
			return
		}
		var findings []rules.Finding
		var drop []int // their entries
		first := map[string]seccomp.ArchMap{}
		counts := map[string]map[string]bool{} // the sub-architectures of the first entry
		for i, entry := range profile.ArchMap {
			name := entry.Architecture
			earlier, ok := first[name.Text]
			if !ok {
				if name.Text != "" {
					first[name.Text] = entry
				}
				continue
			}
			var lost []string
			if counts[name.Text] == nil {
				counts[name.Text] = literals.Set(earlier.SubArchitectures)
			}
			for _, sub := range entry.SubArchitectures {
				if !counts[name.Text][sub.Text] {
					lost = append(lost, fmt.Sprintf("%q", sub.Text))
				}
			}
			message := fmt.Sprintf("%q has an entry already, and %s %s the first", name.Text, phrase.List(readers),
				phrase.Verb("take", readers))
			if len(lost) > 0 {
				message += ", without " + phrase.List(shorten(lost, "architectures"))
			}
			finding := report.At(profile, name.Span, message)
			finding.Related = []rules.Related{
				{File: profile.Source, Span: earlier.Architecture.Span, Message: "the entry that counts"},
			}
			findings, drop = append(findings, finding), append(drop, i)
		}
		if len(findings) > 0 { // one fix for all of them: they mean nothing
			title := "Remove the second entry"
			if len(drop) > 1 {
				title = "Remove the entries that do not count"
			}
			findings[0].Fixes = fixes.Edited(profile, title, fixers.Safe,
				fixseccomp.RemoveArchMap(profile.Profile, drop...), fixers.Changes{})
		}
		for _, finding := range findings {
			p.Report(finding)
		}
	}),
}
