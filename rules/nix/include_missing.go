package nix

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var includeMissing = &rules.Rule{
	ID:       "nix/include-missing",
	Summary:  "an included file does not exist, so that every Nix command stops at the line",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix, src/libutil/configuration.cc: a missing file is an error for include, and none for !include",
		"cachix/cachix#680, cachix/cachix#693",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		if text.Host != nixuse.HostFile || p.Workspace.InImage(text.Fragment.File) {
			return // what lies beside it in the image is not known
		}
		for _, inc := range text.Includes {
			if inc.State != nixconf.Missing || inc.Optional {
				continue
			}
			finding := at(text, inc.Path.Span, fmt.Sprintf("included file %q does not exist; every Nix command fails", inc.Path.Text))
			start := inc.Span.Start
			if edits, ok := replace(text, source.Span{Start: start, End: start}, "!"); ok {
				finding.Fixes = []fixers.Fix{fix(text, "Write !include, which passes over a missing file", fixers.Unsafe, edits, fixers.Changes{Repair: true})}
			}
			p.Report(finding)
		}
	}),
}
