package nix

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var gcKeepsGenerations = &rules.Rule{
	ID:       "nix/gc-keeps-generations",
	Summary:  "the store is cleaned while old generations of a profile keep what they need",
	Severity: rules.Info,
	Category: rules.Performance,
	Since:    "0.1.0",
	Optional: true,
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix manual, nix-collect-garbage: -d deletes all old generations of profiles first",
	},
	Check: rules.OnTimeline(checkGenerations),
}

func checkGenerations(p *rules.Pass, img *nixuse.Image) {
	var changed *nixuse.Event
	generations := 0
	if base := img.Root().Base; base != nil && base.Nix {
		generations = 1 // that of the image
	}
	for _, e := range img.Events {
		if e.Nix == nil || e.Kind != nixuse.RunCommand || e.Nix.Installer != nil {
			continue
		}
		label := e.Nix.Label
		if e.Command.HasWord("--profile") || e.Command.HasWord("-p") {
			continue
		}
		switch {
		case strings.HasPrefix(label, "nix-env") && e.Nix.Phases != 0, label == "nix profile":
			changed = e
			generations++
		case changed != nil && generations > 1 && collects(e):
			finding := rules.Finding{
				File: e.File, Span: e.Nix.Span,
				Message: fmt.Sprintf("%q keeps what old generations of profiles need, and %q has made one of them",
					label, changed.Nix.Label),
				Related: []rules.Related{{
					File: changed.File, Span: changed.Nix.Span, Message: "the profile gets a new generation here",
				}},
			}
			if text := e.File.Text(e.Nix.Span); text == "nix-store --gc" && len(e.Command.Words) == 2 &&
				e.File == img.Dockerfile.Source && !e.Instruction.Exec && e.Command.Quoting == source.Plain {
				finding.Fixes = []fixers.Fix{{
					Title: "Delete the old generations too", Safety: fixers.Unsafe,
					Edits: []fixers.Edit{{File: e.File, Span: e.Nix.Span, Text: "nix-collect-garbage -d"}},
					Changes: fixers.Changes{fixdocker.Words{
						Removed: []string{"nix-store", "--gc"}, Added: []string{"nix-collect-garbage", "-d"},
					}},
				}}
			}
			p.Report(finding)
		}
	}
}

// collects reports whether a command deletes from the store and no generations before.
func collects(e *nixuse.Event) bool {
	c := e.Command
	switch {
	case c.Name == "nix-store":
		return c.HasWord("--gc")
	case c.Name == "nix-collect-garbage":
		return !c.HasWord("-d") && !c.HasWord("--delete-old") && !c.HasWord("--delete-older-than")
	}
	return e.Nix.Label == "nix store gc"
}
