package nix

import (
	"net/url"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/secret"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var credentialsInURL = &rules.Rule{
	ID:       "nix/credentials-in-url",
	Summary:  "a URL contains a password or a token",
	Severity: rules.Error,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"Nix manual, nix.conf: netrc-file",
		"curl, libcurl-url: the user and password of a URL",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		for _, entry := range text.Entries {
			for _, word := range entry.Words {
				start := strings.Index(word.Text, "://")
				if start < 0 || !strings.Contains(word.Text[start:], "@") || !text.File.Known(word.Span) {
					continue
				}
				u, err := url.Parse(word.Text[strings.LastIndexByte(word.Text[:start], '=')+1:])
				if err != nil || u.User == nil {
					continue
				}
				what := ""
				password, ok := u.User.Password()
				switch {
				case ok && secret.IsPassword(password):
					what = "a password"
				case secret.IsToken(u.User.Username()):
					what = "a token"
				default:
					continue
				}
				// The secret stays out of the finding, which logs and reports show.
				span := source.Span{Start: word.Span.Start, End: word.Span.Start + start + len("://")}
				p.Report(nixtext.Atf(text, span, "the URL of %q contains %s, which Nix also prints with the URL",
					u.Host, what))
			}
		}
	}),
}
