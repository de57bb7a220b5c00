package nix

import (
	"bytes"

	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var devcontainerExtraNixConfig = &rules.Rule{
	ID:       "nix/devcontainer-extra-nix-config",
	Summary:  "extraNixConfig of the devcontainer feature for Nix has a comma inside a value, or a line break",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"devcontainers/features, src/nix/install.sh: the option is read with IFS=, and read -a, which takes one line",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		if text.Host != nixuse.HostFeature {
			return
		}
		for _, problem := range text.Problems {
			if nixtext.CommaBroken(text, problem) {
				words := bytes.TrimSpace(text.Fragment.Text[problem.Span.Start:problem.Span.End])
				p.Report(nixtext.Atf(text, problem.Span,
					"the feature splits extraNixConfig at commas, so %q becomes a line of its own, which is not an "+
						"assignment; every Nix command fails", words))
			}
		}
		option := text.Option.Text
		if n := bytes.IndexByte(option, '\n'); n >= 0 && len(bytes.TrimSpace(option[n:])) > 0 {
			lost := source.Span{Start: n, End: len(bytes.TrimRight(option, " \t\r\n"))}
			p.Report(rules.Finding{
				File: text.Fragment.File, Span: text.Option.Span(lost), Severity: rules.Warning,
				Message: "the feature reads only the first line of extraNixConfig, so what follows the line break is " +
					"lost; commas separate settings there",
			})
		}
	}),
}
