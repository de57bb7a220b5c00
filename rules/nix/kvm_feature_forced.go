package nix

import (
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var kvmFeatureForced = &rules.Rule{
	ID:       "nix/kvm-feature-forced",
	Summary:  "a container claims that it can run virtual machines, which needs /dev/kvm",
	Severity: rules.Info,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"Nix manual, nix.conf: system-features; Nix, src/libstore/globals.cc: kvm is present by default where " +
			"/dev/kvm can be opened",
		"NixOS/nix#13852, NixOS/nix#2964",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		if text.Host == nixuse.HostOption || p.Workspace.PlaceOf(text) != workspace.InImage {
			return // a host usually has the device
		}
		for _, entry := range inforce.Contributing(text, "system-features") {
			for _, word := range entry.Words {
				if word.Text == "kvm" && text.File.Known(word.Span) {
					p.Report(nixtext.At(text, word.Span,
						"the feature kvm is claimed whether or not the container has /dev/kvm; without the device, "+
							"tests that need kvm start here and fail"))
				}
			}
		}
	}),
}
