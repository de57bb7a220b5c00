package nix

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
)

var noTimeout = &rules.Rule{
	ID:       "nix/no-timeout",
	Summary:  "Nix waits without limit for a cache that does not answer",
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
	changes := fixers.Changes{Settings: []string{setting}}
	if len(contributing(text, setting)) > 0 {
		if entry := deciding(text, setting); entry != nil && entry.Value == "0" {
			finding := at(text, entry.Span, entry.Name.Text+" = 0 makes Nix wait without limit for a cache that does not answer")
			if edits, ok := fixnix.SetValue(text.Fragment, entry, "5"); ok {
				finding.Fixes = []fixers.Fix{fix(text, "Set it to 5", fixers.Unsafe, edits, changes)}
			}
			p.Report(finding)
		}
		return
	}
	c, ok := thirdParty(text)
	if !ok {
		return
	}
	if text.Image != nil {
		if value, ok := atEnd(text, setting); !ok || value != "0" || hasChild(text.Image) {
			return
		}
	}
	endless := withDefault(text.Targets, setting, "0")
	if len(endless) == 0 {
		return
	}
	message := fmt.Sprintf("no connect-timeout is set, so that Nix waits without limit when %q does not answer", c.url.Host)
	if !slices.Equal(endless, text.Targets) {
		message += fmt.Sprintf(" (in %s)", endless)
	}
	finding := at(text, c.span(), message)
	if edits, ok := fixnix.InsertLine(text.Fragment, text.File, c.entry.Line+1, setting+" = 5"); ok {
		finding.Fixes = []fixers.Fix{fix(text, "Add connect-timeout = 5", fixers.Unsafe, edits, changes)}
	}
	p.Report(finding)
}

// thirdParty returns the first substituter that a text adds to that of NixOS.
func thirdParty(text *nixuse.Text) (cache, bool) {
	if text.Host == nixuse.HostOption || text.Host == nixuse.HostFlake || len(text.Includes) > 0 {
		return cache{}, false
	}
	for _, c := range caches(text, "substituters") {
		if !isDefaultCache(c.url.Hostname()) && isRemote(c) {
			return c, true
		}
	}
	return cache{}, false
}

// withDefault returns the part of the targets in which a setting has a default.
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
