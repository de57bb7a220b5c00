package nix

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var intOverflow = &rules.Rule{
	ID:       "nix/int-overflow",
	Summary:  "a number with a unit does not fit its type, so Nix uses another number",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"Nix, src/libutil/include/nix/util/util.hh, string2IntWithUnitPrefix: the multiplication is not checked",
	},
	Check: rules.OnText(checkIntOverflow),
}

func checkIntOverflow(p *rules.Pass, text *nixuse.Text) {
	for _, entry := range text.Entries {
		if len(entry.Words) != 1 || !endsInUnit(entry.Value) || !nixtext.Known(text, entry) {
			continue
		}
		for _, e := range text.ValueErrors(entry) {
			if e.Kind != nixconf.IntOverflow {
				continue
			}
			message := e.Message
			if e.Coverage == nixconf.Some {
				message += fmt.Sprintf(" (in %s)", e.Targets)
			}
			p.Report(nixtext.At(text, entry.ValueSpan, message))
			break
		}
	}
}

// endsInUnit reports whether a value looks like a number with one of the units that Nix knows.
func endsInUnit(value string) bool {
	n := len(value)
	if n < 2 || value[n-2] < '0' || value[n-2] > '9' {
		return false
	}
	switch value[n-1] | 0x20 {
	case 'k', 'm', 'g', 't':
		return true
	}
	return false
}
