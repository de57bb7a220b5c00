package order

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
)

var mixedProfileTools = &rules.Rule{
	ID:       "order/mixed-profile-tools",
	Summary:  "nix-env and nix profile change the same profile, and nix-env refuses what nix profile has made",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"Nix, src/libcmd/installables and src/nix-env/user-env.cc, seen with 2.8.0: " +
			"`profile '…' is incompatible with 'nix-env'; please use 'nix profile' instead`",
	},
	Check: rules.OnTimelines(func(p *rules.Pass, model *nixuse.Model) {
		ends := map[*nixuse.Image]profiles{}
		for _, img := range model.Images {
			made := profiles{}
			for at, e := range ends[img.Parent] {
				made[at] = e
			}
			for _, e := range slices.Concat(img.Events, img.Starts) {
				made.add(p, e)
			}
			ends[img] = made
		}
	}),
}

// profile is a profile of a user: the path as given, "" for the default one.
type profile struct{ user, path string }

// profiles are the profiles that have been changed, each with the last command that changed it.
type profiles map[profile]*nixuse.Event

// add looks at a command, and reports it where another tool has changed its profile before.
func (made profiles) add(p *rules.Pass, e *nixuse.Event) {
	if e.Nix == nil || e.Maybe || e.Command == nil {
		return
	}
	tool, at, changes := profileOf(e)
	if tool == "" {
		return
	}
	before := made[at]
	if changes {
		made[at] = e
	}
	if before == nil {
		return
	}
	other, _, _ := profileOf(before)
	if other == tool {
		return
	}
	finding := rules.Finding{
		File: e.File, Span: e.Nix.Span,
		Related: []rules.Related{{
			File: before.File, Span: before.Nix.Span,
			Message: fmt.Sprintf("%q changes the profile here", before.Nix.Label),
		}},
	}
	if tool == "nix-env" {
		made[at] = before // it fails, so it changes nothing
		finding.Severity = rules.Error
		finding.Message = fmt.Sprintf("%q fails, since %q has made the profile incompatible with nix-env",
			e.Nix.Label, before.Nix.Label)
		if e.Command.Ignored {
			finding.Severity = rules.Warning
		}
	} else {
		finding.Message = fmt.Sprintf("%q takes over a profile that %q has made, and nix-env refuses the profile from "+
			"then on", e.Nix.Label, before.Nix.Label)
	}
	p.Report(finding)
}

// changingWords are the subcommands of nix profile that write a profile.
var changingWords = []string{"install", "add", "remove", "upgrade"}

// profileOf returns which tool a command is, "" for neither, and the profile that it works on, with whether it changes
// it.
func profileOf(e *nixuse.Event) (tool string, at profile, changes bool) {
	c := e.Command
	at.user = e.User
	if at.user == "root" || at.user == "0" {
		at.user = ""
	}
	option := func(names ...string) bool {
		for n, w := range c.Words {
			if slices.Contains(names, w.Text) && n+1 < len(c.Words) {
				at.path = c.Words[n+1].Text
				return c.Words[n+1].Known
			}
		}
		return true
	}
	if c.OtherUser() {
		return "", at, false
	}
	switch {
	case strings.HasPrefix(e.Nix.Label, "nix profile"):
		if !option("--profile") || !slices.ContainsFunc(changingWords, c.HasWord) {
			return "", at, false
		}
		return "nix profile", at, true
	case c.Name == "nix-env":
		if !option("-p", "--profile") || c.HasWord("-qa") || c.HasWord("-qaP") || c.HasWord("--available") ||
			c.HasWord("-a") || c.HasWord("--set") || e.Nix.Phases == 0 && !c.HasWord("-q") {
			return "", at, false // it looks at packages, or replaces the whole profile
		}
		return "nix-env", at, e.Nix.Phases != 0
	}
	return "", at, false
}
