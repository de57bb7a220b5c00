package sandbox

import (
	"strings"

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
			File: text.Fragment.File, Span: text.Fragment.Span(entry.Span), Severity: rules.Info,
			Message: entry.Name.Text + " = false: builds can read and change all of the machine or image that they run in",
		}
		switch placeOf(p, text) {
		case inImage:
			finding.Message = entry.Name.Text + " = false: builds in this image can read and change all of it"
		case onHost:
			finding.Severity = rules.Warning
			finding.Message = entry.Name.Text + " = false lets every build read and change the machine that runs it"
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

// place is where the Nix runs that a text configures.
type place int

const (
	somewhere place = iota // it is not known
	inImage
	onHost
)

// placeOf tells where the Nix runs that a text configures: in an image where a Dockerfile holds or copies it, and on a host where the file lies in
// the folders of a machine's or a user's configuration.
func placeOf(p *rules.Pass, text *workspace.NixText) place {
	name := text.Fragment.File.Path
	switch {
	case text.Image != nil, p.Workspace.InImage(text.Fragment.File), strings.Contains(name, "devcontainer"), strings.Contains(name, "docker"):
		return inImage
	case strings.HasSuffix(name, ".config/nix/nix.conf"), strings.HasSuffix(name, "dot_config/nix/nix.conf"), strings.HasSuffix(name, "etc/nix/nix.conf"):
		return onHost
	}
	return somewhere
}
