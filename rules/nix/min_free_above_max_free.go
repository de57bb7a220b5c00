package nix

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var minFreeAboveMaxFree = &rules.Rule{
	ID:       "nix/min-free-above-max-free",
	Summary:  "min-free is above max-free, so that Nix collects garbage later than min-free says",
	Severity: rules.Warning,
	Category: "correctness",
	Since:    "0.1.0",
	References: []string{
		"Nix, src/libstore/gc.cc, autoGC: nothing is done while the free space is at least min-free, or at least max-free",
		"NixOS/nix#2285",
	},
	NixConf: checkMinFreeAboveMaxFree,
}

func checkMinFreeAboveMaxFree(p *rules.Pass, text *workspace.NixText) {
	mentioned := func(entry *nixconf.Entry) bool {
		return entry.Name.Text == "min-free" || entry.Name.Text == "max-free"
	}
	if !slices.ContainsFunc(text.Entries, mentioned) {
		return
	}
	var sources []nixconf.Source
	var least, most *located
	for _, l := range sameSource(text) {
		if n := len(sources); n == 0 || sources[n-1].File != l.text.File {
			sources = append(sources, nixconf.Source{File: l.text.File})
		}
		switch l.entry.Name.Text {
		case "min-free":
			least = &l
		case "max-free":
			most = &l
		}
	}
	if least == nil || most == nil {
		return
	}
	for _, t := range text.Targets {
		settings := nixconf.Merge(sources, t.Distribution, t.To)
		low, lowKnown := settings.Int("min-free")
		high, highKnown := settings.Int("max-free")
		if !lowKnown || !highKnown || low <= high || !settings.Get("min-free").Set || !settings.Get("max-free").Set {
			continue
		}
		finding := at(least.text, least.entry.ValueSpan, fmt.Sprintf("\"min-free\" is %d bytes and \"max-free\" only %d, so garbage is not collected before less than that is free", low, high))
		finding.Related = []rules.Related{{
			File: most.text.Fragment.File, Span: most.text.Fragment.Span(most.entry.Span), Message: "\"max-free\" is assigned here",
		}}
		p.Report(finding)
		return
	}
}
