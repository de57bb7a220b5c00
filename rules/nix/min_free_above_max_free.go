package nix

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/effective"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var minFreeAboveMaxFree = &rules.Rule{
	ID:       "nix/min-free-above-max-free",
	Summary:  "min-free is above max-free, so Nix collects garbage later than min-free says",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"Nix, src/libstore/gc.cc, autoGC: does nothing while the free space is at least min-free, or at least max-free",
		"NixOS/nix#2285",
	},
	Check: rules.OnText(checkMinFreeAboveMaxFree),
}

func checkMinFreeAboveMaxFree(p *rules.Pass, text *nixuse.Text) {
	if !slices.ContainsFunc(text.Entries, func(entry *nixconf.Entry) bool {
		return entry.Name.Text == "min-free" || entry.Name.Text == "max-free"
	}) {
		return
	}
	least, most := lastOf(text, "min-free"), lastOf(text, "max-free")
	if least == nil || most == nil || !nixtext.Known(least.Text, least.Entry) || !nixtext.Known(most.Text, most.Entry) {
		return
	}
	low, lowErr := strconv.ParseInt(least.Entry.Value, 10, 64)
	high, highErr := strconv.ParseInt(most.Entry.Value, 10, 64)
	if lowErr == nil && highErr == nil && low <= high {
		return
	}
	both := fmt.Sprintf("min-free = %s\nmax-free = %s\n", least.Entry.Value, most.Entry.Value)
	sources := []effective.Source{{File: nixconf.Parse(source.WholeFile(source.NewFile("", []byte(both))))}}
	for _, t := range text.Targets {
		settings := effective.Merge(sources, t.Distribution, t.To)
		low, lowKnown := settings.Int("min-free")
		high, highKnown := settings.Int("max-free")
		if !lowKnown || !highKnown || low <= high || !settings.Get("min-free").Set || !settings.Get("max-free").Set {
			continue
		}
		finding := nixtext.Atf(least.Text, least.Entry.ValueSpan,
			"\"min-free\" is %d bytes but \"max-free\" only %d, so Nix collects no garbage until less than "+
				"\"max-free\" is free", low, high)
		finding.Related = []rules.Related{{
			File: most.Text.Fragment.File, Span: most.Text.Fragment.Span(most.Entry.Span),
			Message: "\"max-free\" is assigned here",
		}}
		p.Report(finding)
		return
	}
}

// lastOf returns the last entry for a setting that Nix reads up to the end of the text, nil without one.
func lastOf(text *nixuse.Text, name string) *nixtext.Located {
	for t, entry := range text.UpToEnd(name) {
		if entry.Name.Text == name {
			return &nixtext.Located{Text: t, Entry: entry}
		}
	}
	return nil
}
