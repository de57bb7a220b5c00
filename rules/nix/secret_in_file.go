package nix

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
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

// tokenPrefixes are the beginnings of GitHub and GitLab tokens.
var tokenPrefixes = []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "gldt-", "glcbt-",
	"gloas-"}

// isSecret reports whether a word is a token rather than a placeholder for one.
func isSecret(token string) bool {
	for _, scheme := range []string{"PAT:", "OAuth2:"} {
		token = strings.TrimPrefix(token, scheme)
	}
	if slices.ContainsFunc(tokenPrefixes, func(prefix string) bool { return strings.HasPrefix(token, prefix) }) {
		return hasTokenPrefix(token)
	}
	return len(token) >= 20 && strings.ContainsAny(token, "0123456789") && !isPlaceholderSecret(token)
}

// hasTokenPrefix reports whether a text is a token of GitHub or GitLab, rather than a placeholder for one.
func hasTokenPrefix(token string) bool {
	for _, prefix := range tokenPrefixes {
		if rest, ok := strings.CutPrefix(token, prefix); ok {
			return len(rest) >= 16 && !isPlaceholderSecret(rest)
		}
	}
	return false
}

// isPlaceholderSecret reports whether a text stands for a secret that has to be filled in, as in an example.
func isPlaceholderSecret(s string) bool {
	distinct := map[byte]bool{}
	for n := range len(s) {
		c := s[n]
		distinct[c] = true
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_.~+/=:", c) >= 0:
		default:
			return true // such as <token>, $TOKEN, {{ token }}
		}
	}
	lower := strings.ToLower(s)
	for _, word := range []string{"xxxx", "your", "token", "example", "secret", "password", "changeme", "replace",
		"placeholder", "redacted", "dummy", "0123456789", "1234567890", "abcdef"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return len(distinct) < 8
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
			(strings.Contains(flag.Value.Text, "tmpfs") || strings.Contains(flag.Value.Text, "cache")) {
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
