package sandbox

import (
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var nixSandboxDisabled = &rules.Rule{
	ID:       "sandbox/nix-sandbox-disabled",
	Summary:  "Nix builds without its sandbox",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"Nix manual, nix.conf: sandbox",
		"NixOS/nix, docker.nix: the image nixos/nix sets sandbox = false itself",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		entry := text.Last("sandbox")
		if entry == nil || entry.Value != "false" {
			return
		}
		finding := rules.Finding{
			File: text.Fragment.File, Span: text.Fragment.Span(entry.Span), Severity: rules.Info,
			Message: entry.Name.Text +
				" = false: builds can read and change the whole machine or image that they run in",
		}
		switch p.Workspace.PlaceOf(text) {
		case workspace.InImage:
			finding.Message = entry.Name.Text + " = false: builds in this image can read and change the whole image"
		case workspace.OnHost:
			finding.Severity = rules.Warning
			finding.Message = entry.Name.Text + " = false lets every build read and change the machine that runs it"
		}
		p.Report(finding)
	}),
}
