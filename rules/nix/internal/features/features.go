// Package features walks the experimental features that a nix.conf text switches on.
package features

import (
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules/nix/internal/misread"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
)

// Each calls report for the words of experimental-features that not all targeted releases know. Words with quotes,
// commas or a literal \n have rules of their own, and so have lines with a second assignment.
func Each(
	text *nixuse.Text, entry *nixconf.Entry,
	report func(n int, w nixconf.Word, k nixconf.Knowledge, status names.Status),
) {
	var judged, elsewhere bool
	for n, w := range entry.Words {
		if !text.File.Known(w.Span) {
			continue
		}
		k, status := names.StatusOf(nixconf.FeatureKnown, w.Text, text.Targets)
		if k.Coverage == nixconf.All {
			continue
		}
		if !judged {
			judged, elsewhere = true, misread.Is(text, entry) || misread.AssignsTwice(entry)
		}
		if elsewhere {
			return
		}
		report(n, w, k, status)
	}
}
