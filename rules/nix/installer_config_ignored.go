package nix

import (
	"bytes"
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/misread"
)

var installerConfigIgnored = &rules.Rule{
	ID:       "nix/installer-config-ignored",
	Summary:  "the official installer is given a configuration that it ignores without --daemon",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"NixOS/nix, scripts/install-nix-from-closure.sh: NIX_EXTRA_CONF is exported, and only the multi-user " +
			"installer reads it",
	},
	Check: rules.OnTimeline(func(p *rules.Pass, img *nixuse.Image) {
		for _, e := range img.Events {
			if e.Kind != nixuse.RunCommand || e.Nix.Installer == nil {
				continue
			}
			in := e.Nix.Installer
			if in.Kind != nixuse.OfficialSingle || in.ConfFile == "" {
				continue
			}
			mode := "without --daemon"
			if e.Command.HasWord("--no-daemon") {
				mode = "with --no-daemon"
			}
			p.Report(rules.Finding{
				File: e.File, Span: in.Flag,
				Message: fmt.Sprintf("%s the official installer writes no nix.conf, so it ignores what is in %q", mode,
					in.ConfFile),
				Fixes: writeInstead(img, e),
			})
		}
	}),
}

// writeInstead returns the fix that writes the configuration before the installer, which also reads it there.
func writeInstead(img *nixuse.Image, e *nixuse.Event) []fixers.Fix {
	in := e.Nix.Installer
	if in.FileText == nil || e.File != img.Dockerfile.Source || e.Instruction.Exec ||
		e.Command.Quoting != source.Plain || !e.ReadsSystemConf() ||
		!in.FileText.Fragment.Known(source.Span{End: len(in.FileText.Fragment.Text)}) ||
		bytes.Contains(in.FileText.Fragment.Text, []byte("\ufeff")) { // which is part of a name
		return nil
	}
	var lines, names []string
	for _, entry := range in.FileText.Entries {
		if misread.Is(in.FileText, entry) {
			return nil // what is wrong with it would be written into the Dockerfile
		}
		lines = append(lines, fixnix.Line(entry))
		names = append(names, nixuse.Canonical(entry.Name.Text))
	}
	text, ok := fixnix.AppendCommand(lines)
	start := in.Flag.Start
	for start > 0 && e.File.Bytes[start-1] == ' ' {
		start--
	}
	if !ok || len(in.FileText.Problems) > 0 {
		return nil
	}
	return []fixers.Fix{{
		Title: "Write the configuration to /etc/nix/nix.conf before the installer", Safety: fixers.Unsafe,
		Edits: append(
			fixdocker.InsertBefore(img.Dockerfile.File, e.Instruction, "RUN mkdir -p /etc/nix && "+text),
			fixers.Edit{File: e.File, Span: source.Span{Start: start, End: in.Flag.End}}),
		Changes: fixers.Changes{
			fixdocker.NewInstructions{"RUN"},
			fixdocker.Words{Removed: []string{"--nix-extra-conf-file", in.ConfFile}},
			fixnix.Settings(names), fixnix.Rights{},
		},
	}}
}
