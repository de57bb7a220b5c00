package nix

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var includeCycle = &rules.Rule{
	ID:       "nix/include-cycle",
	Summary:  "a file includes itself, directly or through others, so every Nix command crashes without a message",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"Nix, src/libutil/configuration.cc: includes are expanded without a limit, until the stack overflows",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		for _, inc := range text.Includes {
			switch message := ""; {
			case inc.State == nixconf.Cycle:
				message = fmt.Sprintf("%q is this file itself; every Nix command crashes with a stack overflow",
					inc.Path.Text)
				p.Report(nixtext.At(text, inc.Path.Span, message))
			case inc.State == nixconf.Read && cyclic(inc.File):
				message = fmt.Sprintf(
					"%q leads to an include of a file that is already being read; every Nix command crashes with a "+
						"stack overflow", inc.Path.Text)
				p.Report(nixtext.At(text, inc.Path.Span, message))
			}
		}
	}),
}

// cyclic reports whether the includes of a file form a cycle.
func cyclic(f *nixconf.File) bool {
	for _, inc := range f.Includes {
		if inc.State == nixconf.Cycle || inc.File != nil && cyclic(inc.File) {
			return true
		}
	}
	return false
}
