package nix

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
)

var trustedGitHubLogin = &rules.Rule{
	ID:       "nix/trusted-github-login",
	Summary:  "a list of users names a GitHub account, which is not a user of the machine",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"Nix manual, nix.conf: trusted-users, allowed-users",
		"GitHub documentation, contexts: github.actor is the name of the account that started the workflow",
		"DeterminateSystems/magic-nix-cache-action#37",
	},
	Check: rules.OnText(checkTrustedGitHubLogin),
}

func checkTrustedGitHubLogin(p *rules.Pass, text *nixuse.Text) {
	if text.Hosted == nil {
		return
	}
	for _, setting := range []string{"trusted-users", "allowed-users"} {
		for _, entry := range inforce.Contributing(text, setting) {
			login := loginIn(text, entry)
			if login == nil || slices.ContainsFunc(entry.Words, func(w nixconf.Word) bool {
				return w.Text == "runner" || w.Text == "*"
			}) {
				continue
			}
			finding := rules.Finding{
				File: text.Fragment.File, Span: login.Span,
				Message: fmt.Sprintf("%s is the name of a GitHub account and not a user of the machine, so %q does "+
					"not include the user of the job", text.Fragment.File.Text(login.Span), entry.Name.Text),
			}
			if setting == "trusted-users" && !names.IsExtra(entry, text.Targets) {
				finding.Message += " and replaces the list that does"
			}
			p.Report(finding)
		}
	}
}

// logins are the expressions of workflows that are names of accounts.
var logins = map[string]bool{
	"github.actor": true, "github.triggering_actor": true, "github.repository_owner": true,
	"github.event.sender.login": true, "github.event.pull_request.user.login": true,
}

// loginIn returns the part of the value of an entry that is the name of a GitHub account, nil without one.
func loginIn(text *nixuse.Text, entry *nixconf.Entry) *source.Piece {
	for piece, at := range text.Fragment.Around(entry.ValueSpan) {
		if !piece.Opaque || !entry.ValueSpan.Contains(at) {
			continue
		}
		expression, ok := strings.CutPrefix(text.Fragment.File.Text(piece.Span), "${{")
		if ok && logins[strings.TrimSpace(strings.TrimSuffix(expression, "}}"))] {
			return piece
		}
	}
	return nil
}
