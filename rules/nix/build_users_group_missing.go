package nix

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/reach"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/rules"
)

var buildUsersGroupMissing = &rules.Rule{
	ID:       "nix/build-users-group-missing",
	Summary:  "root runs a build, and the image does not have the group of build users",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix manual, nix.conf: build-users-group",
		"NixOS/nix#697, NixOS/nix#1559, LnL7/nix-docker#9, DeterminateSystems/nix-installer#943: `the group 'nixbld' " +
			"specified in 'build-users-group' does not exist`",
	},
	Check: rules.OnTimeline(checkBuildUsersGroup),
}

func checkBuildUsersGroup(p *rules.Pass, img *nixuse.Image) {
	base := img.Root().Base
	if base == nil || base.Nix {
		return
	}
	timeline := img.Timeline()
	installed := slices.IndexFunc(timeline,
		func(e *nixuse.Event) bool { return e.Nix != nil && e.Nix.Installer != nil })
	if installed < 0 || !leavesGroupOut(timeline[installed]) {
		return
	}
	for n, e := range timeline {
		if e.Kind == nixuse.Opaque || e.File != img.Dockerfile.Source {
			return // it may create the group
		}
		if n < installed || e.Image != img || e.Nix == nil || e.Maybe || e.Nix.Phases&reach.Builds == 0 {
			continue
		}
		if e.User != "" && e.User != "root" && e.User != "0" || slices.ContainsFunc(e.Command.Wrappers, changesUser) {
			continue
		}
		if e.Command.Ignored {
			return
		}
		eff := img.SettingsBefore(e)
		setting := eff.Settings.Get("build-users-group")
		group := "nixbld"
		if setting.Set {
			value, ok := eff.Value("build-users-group")
			if !ok {
				return
			}
			group = value
		}
		if eff.Uncertain || group == "" || mentioned(img, group) {
			return
		}
		label := fmt.Sprintf("%q", e.Nix.Label)
		if e.Nix.Installer != nil {
			label = "the " + e.Nix.Label
		}
		finding := rules.Finding{
			File: e.File, Span: e.Nix.Span,
			Message: fmt.Sprintf("%s builds as root and fails because the group of build users, %q, does not exist",
				label, group),
		}
		finding.Fixes = []fixers.Fix{{
			Title: "Write build-users-group = before it", Safety: fixers.Unsafe,
			Changes: fixers.Changes{fixdocker.NewInstructions{"RUN"}, fixnix.Settings{"build-users-group"}},
			Edits: fixdocker.InsertBefore(img.Dockerfile.File, e.Instruction,
				"RUN mkdir -p /etc/nix && echo 'build-users-group =' >> /etc/nix/nix.conf"),
		}}
		p.Report(finding)
		return // the first failure ends the build
	}
}

// leavesGroupOut reports whether an installation of Nix creates no group of build users.
func leavesGroupOut(e *nixuse.Event) bool {
	switch e.Nix.Installer.Kind {
	case nixuse.OfficialSingle:
		return true
	case nixuse.DistroPackage:
		// nix-setup-systemd creates the group; nix-bin recommends that package.
		recommended := true
		for _, w := range e.Command.Words {
			switch {
			case !w.Known, w.Text == "nix-setup-systemd":
				return false
			case w.Text == "--no-install-recommends":
				recommended = false
			}
		}
		return !recommended
	}
	return false
}

// changesUser reports whether a program that runs another one can run it as another user.
func changesUser(wrapper string) bool {
	name, _, _ := strings.Cut(wrapper, " ")
	switch name {
	case "sudo", "su", "doas", "runuser", "gosu", "su-exec", "setpriv", "chroot":
		return true
	}
	return false
}

// mentioned reports whether a Dockerfile names a group, or runs something that may create it without naming it.
func mentioned(img *nixuse.Image, group string) bool {
	if bytes.Contains(withoutSetting(img.Dockerfile.Source.Bytes), []byte(group)) {
		return true
	}
	for ; img != nil; img = img.Parent {
		for _, i := range img.Stage.Instructions {
			switch i.Name {
			case "COPY", "ADD":
				for _, word := range i.Words {
					if strings.HasPrefix(word.Text, "/etc") || word.Text == "/" {
						return true // it may bring an /etc/group
					}
				}
			case "RUN":
				script := img.Dockerfile.Script(i)
				if script == nil || slices.ContainsFunc(script.Commands, runsScript) {
					return true
				}
			}
		}
	}
	return false
}

// withoutSetting returns a text without the assignments to build-users-group, which name the group but do not create
// it.
func withoutSetting(text []byte) []byte {
	const name = "build-users-group = "
	for {
		at := bytes.Index(text, []byte(name))
		if at < 0 {
			return text
		}
		end := at + len(name)
		for end < len(text) && ('a' <= text[end] && text[end] <= 'z' || text[end] == '-') {
			end++
		}
		text = slices.Concat(text[:at], text[end:])
	}
}

// runsScript reports whether a command runs a script, which may do anything.
func runsScript(c *shell.Command) bool {
	if len(c.Words) == 0 {
		return false
	}
	switch c.Name {
	case "":
		return true
	case "source", ".":
		return len(c.Words) < 2 || !strings.HasSuffix(c.Words[1].Text, "/nix.sh")
	case "sh", "bash", "dash", "ash", "zsh":
		return len(c.Words) > 1 && !strings.HasPrefix(c.Words[1].Text, "-") && !strings.HasPrefix(c.Words[1].Text, "<(")
	}
	return strings.HasSuffix(c.Words[0].Text, ".sh")
}
