package nix

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/secret"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var secretInFile = &rules.Rule{
	ID:       "nix/secret-in-file",
	Summary:  "an access token is written where others can read it",
	Severity: rules.Error,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"NixOS/nix#6536: Nix's own file is readable by everyone",
		"GitHub and GitLab documentation: prefixes of tokens",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		for _, entry := range text.Setting("access-tokens") {
			if !text.Fragment.Known(entry.Name.Span) {
				continue
			}
			for _, word := range entry.Words {
				host, token, ok := strings.Cut(word.Text, "=")
				if !ok || host == "" {
					continue
				}
				// The token itself stays out of the finding, which logs and reports show.
				span := source.Span{Start: word.Span.Start, End: word.Span.Start + len(host)}
				switch {
				case !text.Fragment.Known(span):
				case text.File.Known(word.Span):
					if isSecret(token) {
						p.Report(nixtext.Atf(text, span,
							"the token for %q is in plain text, so everyone who has this file can read it", host))
					}
				case ships(text, entry):
					finding := nixtext.Atf(text, span,
						"the token for %q is written into a layer of the image, so everyone who has the image can "+
							"read it", host)
					finding.Severity = rules.Warning
					p.Report(finding)
				}
			}
		}
	}),
}

// isSecret reports whether a word is a token rather than a placeholder for one.
func isSecret(token string) bool {
	for _, scheme := range []string{"PAT:", "OAuth2:"} {
		token = strings.TrimPrefix(token, scheme)
	}
	if slices.ContainsFunc(secret.TokenPrefixes, func(prefix string) bool { return strings.HasPrefix(token, prefix) }) {
		return secret.IsToken(token)
	}
	return len(token) >= 20 && strings.ContainsAny(token, "0123456789") && !secret.IsPlaceholder(token)
}

// ships reports whether what an entry of a Dockerfile writes stays in the image of the last stage.
func ships(text *nixuse.Text, entry *nixconf.Entry) bool {
	e, img := text.Event, text.Image
	if e == nil || img == nil || e.Kind != nixuse.WriteConfig || text.Host != nixuse.HostWrite &&
		text.Host != nixuse.HostExtra {
		return false
	}
	last := img.Model.Images[len(img.Model.Images)-1]
	for last != nil && last != img {
		last = last.Parent
	}
	if last == nil {
		return false
	}
	for _, flag := range e.Instruction.Flags {
		if flag.Name == "mount" &&
			(strings.Contains(flag.Unquoted, "tmpfs") || strings.Contains(flag.Unquoted, "cache")) {
			return false // it may cover the file
		}
	}
	for _, later := range img.Events[slices.Index(img.Events, e)+1:] {
		if later.Instruction != e.Instruction {
			break
		}
		if later.Kind == nixuse.Opaque || later.Kind == nixuse.WriteConfig &&
			(later.Removed || later.Truncate || later.Text == nil) {
			return false // the layer may not hold it
		}
	}
	return true
}
