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
	Check: rules.OnTimelines(checkBuildUsersGroups),
}

// groupState is what the stages up to a point have done about the group of build users.
type groupState struct {
	installer *nixuse.Event // the first one
	over      bool          // something may have created the group, or a build has failed or may have
}

func checkBuildUsersGroups(p *rules.Pass, model *nixuse.Model) {
	ends := make(map[*nixuse.Image]groupState, len(model.Images))
	names := groupNames{in: map[string]bool{}}
	for _, img := range model.Images {
		st := groupState{}
		if img.Parent != nil {
			st = ends[img.Parent]
		} else if img.Base == nil || img.Base.Nix {
			st.over = true
		}
		if !st.over {
			checkBuildUsersGroup(p, img, &st, &names)
		}
		ends[img] = st
	}
}

func checkBuildUsersGroup(p *rules.Pass, img *nixuse.Image, st *groupState, names *groupNames) {
	for _, e := range img.Events {
		if e.Kind == nixuse.Opaque || e.File != img.Dockerfile.Source {
			st.over = true // it may create the group
			return
		}
		if st.installer == nil && e.Nix != nil && e.Nix.Installer != nil {
			st.installer = e
			if !leavesGroupOut(e) {
				st.over = true
				return
			}
		}
		if st.installer == nil || e.Nix == nil || e.Maybe || e.Nix.Phases&reach.Builds == 0 {
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
		if eff.Uncertain || group == "" || names.mentioned(img, group) {
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
		if in := e.Nix.Installer; in != nil && in.FileText != nil && in.FileText.Last("build-users-group") != nil {
			p.Report(finding) // the installer ignores the file, and nix/installer-config-ignored mends that
			st.over = true
			return
		}
		if e.ReadsSystemConf() && !replacesConfig(img, e) {
			finding.Fixes = []fixers.Fix{{
				Title: "Write build-users-group = before it", Safety: fixers.Unsafe,
				Changes: fixers.Changes{fixdocker.NewInstructions{"RUN"}, fixnix.Settings{"build-users-group"}},
				Edits: fixdocker.InsertBefore(img.Dockerfile.File, e.Instruction,
					"RUN mkdir -p /etc/nix && echo 'build-users-group =' >> /etc/nix/nix.conf"),
			}}
		}
		p.Report(finding)
		st.over = true // the first failure ends the build, also of the stages that are based on this one
		return
	}
}

// replacesConfig reports whether the instruction of an event replaces the system's file of settings before the event.
func replacesConfig(img *nixuse.Image, e *nixuse.Event) bool {
	return slices.ContainsFunc(img.EventsBeside(e), func(at *nixuse.Event) bool {
		return at.Kind == nixuse.WriteConfig && at.Path == nixuse.SystemConf && !(at.Text != nil && at.Text.Append) &&
			e.ComesAfter(at)
	})
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

// groupNames says which groups a Dockerfile names.
type groupNames struct {
	text []byte          // without settings
	in   map[string]bool // whether the text names a group, for those that were asked about
}

// names reports whether the text names a group.
func (n *groupNames) names(group string) bool {
	named, known := n.in[group]
	if !known {
		named = bytes.Contains(n.text, []byte(group))
		n.in[group] = named
	}
	return named
}

// mentioned reports whether a Dockerfile names a group, or runs something that may create it without naming it.
func (n *groupNames) mentioned(img *nixuse.Image, group string) bool {
	if n.text == nil {
		n.text = withoutSetting(img.Dockerfile.Source.Bytes)
	}
	if n.names(group) {
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
	var out []byte
	for {
		at := bytes.Index(text, []byte(name))
		if at < 0 {
			return append(out, text...)
		}
		out = append(out, text[:at]...)
		for at += len(name); at < len(text) && ('a' <= text[at] && text[at] <= 'z' || text[at] == '-'); {
			at++
		}
		text = text[at:]
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
