package nix

import (
	"strings"

	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var maxJobsZero = &rules.Rule{
	ID:       "nix/max-jobs-zero",
	Summary:  "Nix builds nothing itself, and no remote builder is configured",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"Nix manual, nix.conf: max-jobs, builders",
		"NixOS/nix#15368, NixOS/nix#4701, NixOS/nix#14883: small derivations that are always built locally fail as " +
			"well",
	},
	Check: rules.OnText(checkMaxJobsZero),
}

func checkMaxJobsZero(p *rules.Pass, text *nixuse.Text) {
	entry := inforce.Deciding(text, "max-jobs")
	if entry == nil || strings.Trim(entry.Value, "+0") != "" || !strings.Contains(entry.Value, "0") ||
		text.Host == nixuse.HostOption {
		return
	}
	if len(inforce.Contributing(text, "external-builders")) > 0 || len(text.Includes) > 0 {
		return
	}
	message := entry.Name.Text + " = " + entry.Value + " without builders: Nix cannot build what no cache has"
	finding := nixtext.At(text, entry.Span, message)
	switch builders := inforce.Contributing(text, "builders"); {
	case len(builders) > 0:
		if last := builders[len(builders)-1]; last.Value != "" || !nixtext.Known(text, last) {
			return
		}
	case text.Image != nil:
		value, ok := inforce.AtEnd(text, "max-jobs")
		if !ok || value != "0" || inforce.HasChild(text.Image) || inforce.Settings(text).Settings.Get("builders").Set ||
			strings.Contains(string(text.Image.Dockerfile.Source.Bytes), "machines") {
			return
		}
	default:
		finding.Severity = rules.Info
		finding.Message = entry.Name.Text + " = " + entry.Value +
			": what no cache has is built by the machines in /etc/nix/machines or not at all"
	}
	p.Report(finding)
}
