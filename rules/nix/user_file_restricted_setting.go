package nix

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/caches"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var userFileRestrictedSetting = &rules.Rule{
	ID:       "nix/user-file-restricted-setting",
	Summary:  "a user's file sets something that the Nix daemon does not accept from users",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"Nix, src/libstore/daemon.cc: which settings the daemon accepts from a client that it does not trust",
		"NixOS/nix#10272, NixOS/nix#8248, NixOS/nix#6672, NixOS/nix#13681, nix-community/NixOS-WSL#1024",
	},
	Check: rules.OnText(checkUserFile),
}

func checkUserFile(p *rules.Pass, text *nixuse.Text) {
	if !inforce.ForUser(text) || text.Host == nixuse.HostOption || text.Host == nixuse.HostEnv {
		return
	}
	user, daemon := untrustedUser(text)
	var subjects []string
	var first *nixconf.Entry
	for _, entry := range text.Entries {
		name := nixuse.Canonical(entry.Name.Text)
		if !text.Fragment.Known(entry.Name.Span) {
			continue
		}
		if _, ok := inforce.SupportedBy(text, entry); !ok {
			continue
		}
		facts, _ := names.AnyFacts(entry.Name.Text, text.Targets)
		switch {
		case facts.DaemonOnly:
			if entry.Value != "" {
				p.Report(nixtext.Atf(text, entry.Span,
					"%q has no effect in a user's file: the daemon reads it from the system's nix.conf",
					entry.Name.Text))
			}
		case !facts.TrustedOnly || harmless(entry, name):
		case daemon:
			p.Report(nixtext.Atf(text, entry.Span, "the daemon ignores %q from user %q, who is not trusted",
				entry.Name.Text, user))
		case text.Image == nil:
			if first == nil {
				first = entry
			}
			if quoted := fmt.Sprintf("%q", entry.Name.Text); !slices.Contains(subjects, quoted) {
				subjects = append(subjects, quoted)
			}
		}
	}
	if first == nil {
		return
	}
	subject := strings.Join(subjects, " and ")
	if last := len(subjects) - 1; last > 1 {
		subject = strings.Join(subjects[:last], ", ") + " and " + subjects[last]
	}
	finding := nixtext.Atf(text, first.Span, "where Nix has a daemon, only the file of a trusted user can set %s",
		subject)
	finding.Severity = rules.Info
	p.Report(finding)
}

// harmless reports whether an entry asks for nothing that the daemon refuses: the default caches and their keys.
func harmless(entry *nixconf.Entry, name string) bool {
	switch name {
	case "substituters":
		for _, word := range entry.Words {
			if caches.BareURL(word.Text) != "https://cache.nixos.org" {
				return false
			}
		}
		return true
	case "trusted-public-keys":
		for _, word := range entry.Words {
			if !strings.HasPrefix(word.Text, "cache.nixos.org-1:") {
				return false
			}
		}
		return true
	}
	return false
}

// untrustedUser returns the user that the file of an image belongs to. It reports false unless it is known that a
// daemon runs there and does not trust that user.
func untrustedUser(text *nixuse.Text) (string, bool) {
	if text.Image == nil {
		return "", false
	}
	rest, ok := strings.CutPrefix(text.Path, "/home/")
	user, _, _ := strings.Cut(rest, "/")
	if !ok || user == "" {
		return "", false
	}
	multi := false
	for _, e := range text.Image.Timeline() {
		if e.Nix != nil && e.Nix.Installer != nil {
			multi = e.Nix.Installer.Kind != nixuse.OfficialSingle && e.Nix.Installer.Kind != nixuse.DistroPackage
		}
	}
	value, ok := inforce.AtEnd(text, "trusted-users")
	if !multi || !ok || inforce.HasChild(text.Image) {
		return "", false
	}
	for _, word := range strings.Fields(value) {
		if word == user || word == "*" || strings.HasPrefix(word, "@") {
			return "", false
		}
	}
	return user, true
}
