package nix

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var trustedUsersNonroot = &rules.Rule{
	ID:       "nix/trusted-users-nonroot",
	Summary:  "the Nix daemon trusts a user other than root, who can become root through it",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"Nix manual, nix.conf: trusted-users; \"a user in this list has root access\"",
		"NixOS/nix#9649; juspay/omnix#409",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		eachTrusted(text, func(entry *nixconf.Entry, n int) {
			word := entry.Words[n]
			if _, broad := broadGroups[word.Text]; broad || !isUserName(word.Text) || word.Text == "root" ||
				word.Text == "@root" {
				return
			}
			runner := workspace.OnRunner(text)
			if runner && word.Text == "runner" {
				return // it has sudo without a password, and the actions that install Nix trust it themselves
			}
			finding := nixtext.Atf(text, word.Span,
				"the Nix daemon trusts user %q, who can become root through it without a password", word.Text)
			if group, ok := strings.CutPrefix(word.Text, "@"); ok {
				finding.Message = fmt.Sprintf(
					"the Nix daemon trusts the members of group %q, who can become root through it without a password",
					group)
				if administrators[group] {
					finding.Severity = rules.Info
				}
			}
			if runner || p.Workspace.PlaceOf(text) == workspace.InImage {
				finding.Severity = rules.Info
			}
			p.Report(finding)
		})
	}),
}

// adviceOnTrust returns a fix of an entry, without its edits where they would make the daemon trust somebody other than
// root: only the author knows whether that is meant.
func adviceOnTrust(entry *nixconf.Entry, fix fixers.Fix) fixers.Fix {
	if nixuse.Canonical(entry.Name.Text) == "trusted-users" && fix.Safety == fixers.Unsafe {
		return fixers.Fix{Title: fix.Title, Safety: fixers.Manual}
	}
	return fix
}

// administrators are the groups whose members may become root anyway, with their password.
var administrators = map[string]bool{"wheel": true, "sudo": true, "admin": true}

// isUserName reports whether a word can be the name of a user or, with an @, of a group.
func isUserName(word string) bool {
	word = strings.TrimPrefix(word, "@")
	return word != "" && !strings.ContainsAny(word, "\"'`,;:[](){}<>*@")
}
