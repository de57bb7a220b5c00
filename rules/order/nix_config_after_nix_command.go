package order

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/reach"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/order/internal/earlier"
	"github.com/sandlint/sandlint/rules/order/internal/move"
)

var nixConfigAfterNixCommand = &rules.Rule{
	ID:       "order/nix-config-after-nix-command",
	Summary:  "a Nix setting is written after the command that needs it",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"DeterminateSystems/nix-installer#1305: the installer set up the profile before it placed nix.conf",
		"NixOS/nix#5258, DeterminateSystems/nix-installer#324: " +
			"`unable to load seccomp BPF program: Invalid argument` under QEMU",
		"jetify-com/devbox#2665: the same in generated Dockerfiles",
	},
	Check: rules.OnTimelines(checkNixConfigOrder),
}

// late is a setting that came too late for a command.
type late struct {
	entry   *nixconf.Entry
	setting string
	effect  reach.Effect
	command *nixuse.Event
	before  string // the value that the command saw
}

func checkNixConfigOrder(p *rules.Pass, model *nixuse.Model) {
	t := earlier.New(model)
	if t == nil {
		return
	}
	t.Walk(func(img *nixuse.Image, write *nixuse.Event) {
		found := lateSettings(t, img, write)
		if len(found) == 0 {
			return
		}
		slices.SortStableFunc(found, func(a, b late) int { return int(b.effect) - int(a.effect) })
		worst := found[0]
		file := write.Text.Fragment.File
		finding := rules.Finding{
			Severity: severity(worst.effect),
			Message:  message(write, found),
			File:     file,
			Span:     write.Text.Fragment.Span(worst.entry.Span),
			Related: []rules.Related{{
				File: worst.command.File, Span: worst.command.Nix.Span,
				Message: fmt.Sprintf("%s runs here with %s = %s", quote(worst.command.Nix.Label), worst.setting,
					worst.before),
			}},
		}
		if write.File != file && (write.Text.Host == nixuse.HostFile || write.ByInstaller) {
			// The file may be right for other readers; the position of the COPY, or the flag, is wrong.
			finding.File, finding.Span = write.File, write.Span
		}
		finding.Fixes = fixOrder(img, write, found)
		p.Report(finding)
	})
}

func severity(e reach.Effect) rules.Severity {
	switch e {
	case reach.Fails:
		return rules.Error
	case reach.Differs:
		return rules.Warning
	}
	return rules.Info
}

func quote(s string) string { return fmt.Sprintf("%q", s) }

// lateSettings returns the settings of a write that would have changed what an earlier command did, each with the first
// such command.
func lateSettings(t *earlier.Commands, img *nixuse.Image, write *nixuse.Event) []late {
	var found []late
	seen := map[string]bool{}
	for i := range write.Text.Entries {
		entry := write.Text.Entries[i]
		name := nixuse.Canonical(entry.Name.Text)
		if seen[name] || !write.Text.Fragment.Known(entry.Span) {
			continue
		}
		effect := earlier.EffectOf(name)
		if effect == reach.NoEffect || effect != reach.Fails && (!t.ReadLater(write, name) || t.Computed(write)) {
			continue // it may be meant for users of the image, or be written with what earlier commands produced
		}
		if command, before := t.First(img, write, name); command != nil {
			seen[name] = true
			found = append(found, late{entry, name, effect, command, orDefault(before)})
		}
	}
	return found
}

func orDefault(value string) string {
	if value == "" {
		return "(empty)"
	}
	return value
}

func message(write *nixuse.Event, found []late) string {
	worst := found[0]
	what := quote(
		strings.Join(strings.Fields(write.Text.Fragment.File.Text(write.Text.Fragment.Span(worst.entry.Span))), " "))
	if !write.Text.Fragment.Whole() && !strings.Contains(what, "=") {
		what = quote(worst.setting)
	}
	verb := "is"
	switch others := len(found) - 1; {
	case others == 1:
		what, verb = fmt.Sprintf("%s and %q", what, found[1].entry.Name.Text), "are"
	case others > 1:
		what, verb = fmt.Sprintf("%s and %d more settings", what, others), "are"
	}
	switch {
	case write.ByInstaller:
		verb += " put in place by the installer"
	case write.Kind == nixuse.SetEnv:
		verb += " set"
	default:
		verb += " written"
	}
	text := fmt.Sprintf("%s %s after %s ran", what, verb, quote(worst.command.Nix.Label))
	switch {
	case worst.setting == "filter-syscalls":
		return text + `; under emulation that command fails with "unable to load seccomp BPF program"`
	case worst.setting == "experimental-features":
		var features []string
		for _, need := range worst.command.Image.SettingsBefore(worst.command).Missing(worst.command.Nix) {
			features = append(features, need.Feature)
		}
		return text + "; that command needs " + strings.Join(features, " and ")
	case worst.effect == reach.Wasted:
		return text + "; that command did not benefit from it"
	}
	return text + "; that command ran with different settings"
}

// fixOrder returns the fixes for a write that comes too late.
func fixOrder(img *nixuse.Image, write *nixuse.Event, found []late) []fixers.Fix {
	command := found[0].command
	for _, l := range found {
		if l.command.Instruction.Index < command.Instruction.Index {
			command = l.command
		}
	}
	if command.Image != img || command.File != img.Dockerfile.Source || write.File != img.Dockerfile.Source {
		return nil
	}
	if command.Nix.Installer != nil {
		return installerFix(img, write, command, found)
	}
	if fix, ok := move.Fix(img, write, command); ok {
		return []fixers.Fix{fix}
	}
	return nil
}

// installerFix passes the settings that an installer's own builds need to the installer.
func installerFix(img *nixuse.Image, write, command *nixuse.Event, found []late) []fixers.Fix {
	if needsToo(img, write, command, found) {
		return nil
	}
	var settings []string
	for _, l := range found {
		if l.command == command && l.effect == reach.Fails {
			if slices.ContainsFunc(nixconf.CheckValueFor(write.Text.Targets, l.setting, l.entry.Value, l.entry.Words),
				func(e nixconf.TargetError) bool { return e.Fatal }) {
				return nil
			}
			settings = append(settings, l.setting+" = "+l.entry.Value)
		}
	}
	if len(settings) != 1 || strings.ContainsAny(settings[0], `'"$\`+"`") || command.Instruction.Exec ||
		command.Command.Quoting != source.Plain {
		return nil
	}
	in := command.Nix.Installer
	declared := fixnix.Settings{found[0].setting}
	if in.Kind == nixuse.NixInstaller && in.Conf == nil && !in.ConfLate {
		return []fixers.Fix{{
			Title: "Pass the setting to the installer with --extra-conf", Safety: fixers.Unsafe,
			Edits: []fixers.Edit{{
				File: img.Dockerfile.Source, Span: source.Span{Start: in.End, End: in.End},
				Text: fmt.Sprintf(` --extra-conf "%s"`, settings[0]),
			}},
			Changes: fixers.Changes{fixdocker.Words{Added: []string{"--extra-conf", settings[0]}}, declared},
		}}
	}
	var fixes []fixers.Fix
	if text, ok := fixnix.AppendCommand(settings); ok && write.ByInstaller && in.Kind == nixuse.OfficialDaemon &&
		command.ReadsSystemConf() {
		// The installer replaces the file when it is done, with what it was passed in the end.
		fixes = append(fixes, fixers.Fix{
			Title: "Write the setting to /etc/nix/nix.conf before the installer, too", Safety: fixers.Unsafe,
			Edits: fixdocker.InsertBefore(img.Dockerfile.File, command.Instruction,
				"RUN mkdir -p /etc/nix && "+text),
			Changes: fixers.Changes{fixdocker.NewInstructions{"RUN"}, declared},
		})
	}
	for _, a := range command.Command.Assigns {
		if a.Name == "NIX_CONFIG" {
			return fixes
		}
	}
	at := command.Command.Span.Start
	return append(fixes, fixers.Fix{
		Title: "Pass the setting to the installer in NIX_CONFIG", Safety: fixers.Unsafe,
		Edits: []fixers.Edit{{
			File: img.Dockerfile.Source, Span: source.Span{Start: at, End: at},
			Text: fmt.Sprintf("NIX_CONFIG='%s' ", settings[0]),
		}},
		Changes: fixers.Changes{fixdocker.Variables{"NIX_CONFIG"}, declared},
	})
}

// needsToo reports whether a command between the installer and the write needs the settings, too, so passing them to
// the installer is not enough.
func needsToo(img *nixuse.Image, write, installer *nixuse.Event, found []late) bool {
	for _, e := range img.EventsAfter(installer) {
		if e == write {
			return false
		}
		if e.Kind == nixuse.RunCommand && e.Nix.Installer != nil && e.Instruction != installer.Instruction {
			return true
		}
		if e.Kind == nixuse.RunCommand && e.Nix.Installer == nil && slices.ContainsFunc(found, func(l late) bool {
			return l.command == installer && reach.Of(l.setting, e.Nix.Phases) != reach.NoEffect
		}) {
			return true
		}
	}
	return false
}
