package nix

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/caches"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var noTimeout = &rules.Rule{
	ID:       "nix/no-timeout",
	Summary:  "Nix waits forever for a cache that does not answer",
	Severity: rules.Info,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Optional: true,
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix manual, nix.conf: connect-timeout; its default is 0 up to Nix 2.28, 5 from 2.29 and 15 from 2.32 on",
		"NixOS/nix#93, NixOS/nix#2661, NixOS/nix#7459, NixOS/nix#15419",
	},
	Check: rules.OnText(checkNoTimeout),
}

func checkNoTimeout(p *rules.Pass, text *nixuse.Text) {
	const setting = "connect-timeout"
	changes := fixers.Changes{fixnix.Settings{setting}}
	if len(inforce.Contributing(text, setting)) > 0 {
		if entry := inforce.Deciding(text, setting); entry != nil && entry.Value == "0" {
			finding := nixtext.At(text, entry.Span,
				entry.Name.Text+" = 0 makes Nix wait forever for a cache that does not answer")
			if edits, ok := fixnix.SetValue(text.Fragment, entry, "5"); ok {
				finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Set it to 5", fixers.Unsafe, edits, changes)}
			}
			p.Report(finding)
		}
		return
	}
	c, ok := caches.ThirdParty(text)
	if !ok {
		return
	}
	if text.Image != nil {
		if value, ok := inforce.AtEnd(text, setting); !ok || value != "0" || inforce.HasChild(text.Image) {
			return
		}
	}
	endless := withDefault(text.Targets, setting, "0")
	if len(endless) == 0 {
		return
	}
	message := fmt.Sprintf("no connect-timeout is set, so Nix waits forever when %q does not answer", c.URL.Host)
	if !slices.Equal(endless, text.Targets) {
		message += fmt.Sprintf(" (in %s)", endless)
	}
	finding := nixtext.At(text, c.Span(), message)
	if edits, ok := fixnix.InsertLine(text.Fragment, text.File, c.Entry.Line+1, setting+" = 5"); ok {
		finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Add connect-timeout = 5", fixers.Unsafe, edits, changes)}
	}
	p.Report(finding)
}

// withDefault returns the part of the targets in which a setting has the given default.
func withDefault(ts nixconf.Targets, setting, value string) nixconf.Targets {
	var out nixconf.Targets
	for _, t := range ts {
		joined := false
		for _, v := range t.Releases() {
			facts, ok := nixconf.Lookup(t.Distribution, v, setting)
			if !ok || !facts.HasDefault || facts.Default != value {
				joined = false
				continue
			}
			if joined {
				out[len(out)-1].To = v
				continue
			}
			out = append(out, nixconf.Target{Distribution: t.Distribution, From: v, To: v})
			joined = true
		}
	}
	return out
}
