package nix

import (
	"bytes"
	"slices"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var determinateManagedFile = &rules.Rule{
	ID:       "nix/determinate-managed-file",
	Summary:  "a setting is in a file that Determinate Nix replaces",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"DeterminateSystems/determinate#88, DeterminateSystems/determinate#89, " +
			"DeterminateSystems/nix-installer#1379, DeterminateSystems/nix-installer#1648",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		if text.Host != nixuse.HostFile && text.Host != nixuse.HostWrite || !isManaged(text.File) {
			return
		}
		for _, entry := range text.Entries {
			if !text.Fragment.Known(entry.Name.Span) || slices.Contains(determinateSettings, entry.Name.Text) {
				continue
			}
			p.Report(nixtext.Atf(text, entry.Span,
				"%q is lost when Determinate Nix next writes this file; it belongs in nix.custom.conf",
				entry.Name.Text))
		}
	}),
}

// isManaged reports whether a file begins with the comment that determinate-nixd writes at the top of its own.
func isManaged(f *nixconf.File) bool {
	for _, line := range f.Lines {
		if len(line.Words) > 0 {
			return false
		}
		if bytes.Contains(f.Fragment.Text[line.Comment.Start:line.Comment.End],
			[]byte("do not modify! this file will be replaced!")) {
			return true
		}
	}
	return false
}

// determinateSettings are the settings that determinate-nixd writes itself. Source: published files of the releases 3.0
// to 3.15.
var determinateSettings = []string{
	"always-allow-substitutes", "bash-prompt-prefix", "eval-cores", "experimental-features", "external-builders",
	"extra-experimental-features", "extra-nix-path",
	"extra-substituters", "extra-trusted-public-keys", "extra-trusted-substituters", "lazy-trees", "max-jobs",
	"netrc-file", "post-build-hook", "ssl-cert-file",
	"upgrade-nix-store-path-url",
}
