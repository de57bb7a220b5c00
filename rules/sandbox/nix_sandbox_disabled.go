package sandbox

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var nixSandboxDisabled = &rules.Rule{
	ID:       "sandbox/nix-sandbox-disabled",
	Summary:  "Nix builds without its sandbox",
	Severity: rules.Warning,
	Category: "security",
	Since:    "0.1.0",
	References: []string{
		"Nix manual, nix.conf: sandbox",
		"NixOS/nix, docker.nix: the image nixos/nix sets sandbox = false itself",
	},
	NixConf: func(p *rules.Pass, text *workspace.NixText) {
		entry := lastEntry(text, "sandbox")
		if entry == nil || entry.Value != "false" {
			return
		}
		finding := rules.Finding{
			File: text.Fragment.File, Span: text.Fragment.Span(entry.Span),
			Message: fmt.Sprintf("%s lets every build read and change the machine that runs it", entry.Name.Text+" = false"),
		}
		if inImage(p, text) {
			finding.Severity = rules.Info
			finding.Message = fmt.Sprintf("%s: builds in this image can read and change all of it", entry.Name.Text+" = false")
		}
		p.Report(finding)
	},
}

// lastEntry returns the last assignment to a setting in a text, whatever name it goes by; nil without one, or where its value is not known.
func lastEntry(text *workspace.NixText, setting string) *nixconf.Entry {
	var last *nixconf.Entry
	for _, entry := range text.Entries {
		if workspace.Canonical(entry.Name.Text) == setting {
			last = entry
		}
	}
	if last == nil || !text.Fragment.Known(last.Span) {
		return nil
	}
	return last
}

// inImage reports whether a text configures the Nix of a container image rather than that of a host.
func inImage(p *rules.Pass, text *workspace.NixText) bool {
	return text.Image != nil || p.Workspace.InImage(text.Fragment.File)
}
