package nix

import (
	"slices"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var includeMissing = &rules.Rule{
	ID:       "nix/include-missing",
	Summary:  "an included file does not exist, so every Nix command fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix, src/libutil/configuration.cc: a missing file is an error for include, but not for !include",
		"cachix/cachix#680, cachix/cachix#693",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		missing := func(inc nixconf.Include) bool { return inc.State == nixconf.Missing && !inc.Optional }
		if text.Host != nixuse.HostFile || !slices.ContainsFunc(text.Includes, missing) ||
			p.Workspace.InImage(text.Fragment.File) {
			return // the files next to it in the image are not known
		}
		for _, inc := range text.Includes {
			if !missing(inc) {
				continue
			}
			finding := nixtext.Atf(text, inc.Path.Span, "included file %q does not exist; every Nix command fails",
				inc.Path.Text)
			start := inc.Span.Start
			if edits, ok := nixtext.Replace(text, source.Span{Start: start, End: start}, "!"); ok {
				finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Write !include, which ignores a missing file",
					fixers.Unsafe, edits, fixers.Changes{fixers.Repair{}})}
			}
			p.Report(finding)
		}
	}),
}
