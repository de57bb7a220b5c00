package nix

import (
	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var trustedUsersWildcard = &rules.Rule{
	ID:       "nix/trusted-users-wildcard",
	Summary:  "the Nix daemon trusts every user, who can become root through it",
	Severity: rules.Error,
	Category: rules.Security,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix manual, nix.conf: trusted-users; \"a user in this list has root access\"",
		"NixOS/nix#9649, NixOS/nixpkgs#231408: how a trusted user becomes root",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		eachTrusted(text, func(entry *nixconf.Entry, n int) {
			word := entry.Words[n]
			who, ok := broadGroups[word.Text]
			if !ok {
				return
			}
			finding := nixtext.Atf(text, word.Span,
				"%q in %s lets %s become root through the Nix daemon, without a password", word.Text, entry.Name.Text,
				who)
			switch {
			case workspace.OnRunner(text):
				finding.Severity = rules.Info
			case p.Workspace.PlaceOf(text) == workspace.InImage:
				finding.Severity = rules.Warning
			}
			finding.Fixes = distrust(text, entry, n)
			p.Report(finding)
		})
	}),
}

// broadGroups are the words of trusted-users that stand for everyone, with their names in messages. Most distributions
// put each person's account into the group users.
var broadGroups = map[string]string{
	"*":         "every user",
	"@users":    "the members of a group that most systems put everyone into",
	"@everyone": "every user",
}

// eachTrusted calls f for the words of trusted-users that are in force, as far as a text decides, with their index in
// the entry. It calls f for no word of a text that no daemon reads.
func eachTrusted(text *nixuse.Text, f func(entry *nixconf.Entry, n int)) {
	if text.Host == nixuse.HostOption || inforce.ForUser(text) {
		return
	}
	for _, entry := range inforce.Contributing(text, "trusted-users") {
		for n, word := range entry.Words {
			if text.File.Known(word.Span) {
				f(entry, n)
			}
		}
	}
}

// distrust returns the fix that removes a word from trusted-users.
func distrust(text *nixuse.Text, entry *nixconf.Entry, n int) []fixers.Fix {
	title := "Remove " + entry.Words[n].Text
	edits, ok := fixnix.RemoveWord(text.Fragment, entry, n)
	if len(entry.Words) == 1 && !names.IsExtra(entry, text.Targets) {
		title = "Trust only root"
		edits, ok = fixnix.SetValue(text.Fragment, entry, "root")
	}
	if !ok {
		return nil
	}
	return []fixers.Fix{nixtext.Fix(text, title, fixers.Unsafe, edits,
		fixers.Changes{fixnix.Settings{"trusted-users"}})}
}
