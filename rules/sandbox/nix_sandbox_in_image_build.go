package sandbox

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/reach"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/sandbox/internal/engine"
)

var nixSandboxInImageBuild = &rules.Rule{
	ID:       "sandbox/nix-sandbox-in-image-build",
	Summary:  "Nix insists on its sandbox in a build container that forbids one, so it builds nothing",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix manual, nix.conf: sandbox, sandbox-fallback",
		"NixOS/nix#16186, moby/buildkit#7029: `this system does not support the kernel namespaces that are required " +
			"for sandboxing`",
	},
	Check: rules.OnTimeline(checkNixSandbox),
}

func checkNixSandbox(p *rules.Pass, img *nixuse.Image) {
	if !engine.ForbidsNamespaces(p, img.Image) {
		return
	}
	insecure := map[int]bool{} // instructions that run without the default profile
	for _, s := range img.Steps() {
		if engine.Insecure(s) {
			insecure[s.Index] = true
		}
	}
	for _, e := range img.Events {
		if e.Kind != nixuse.RunCommand || e.Maybe || e.Command.Ignored || insecure[e.Instruction.Index] ||
			e.Nix.Installer != nil || e.Nix.Phases&(reach.Builds|reach.MayBuild) == 0 {
			continue
		}
		eff := img.SettingsBefore(e)
		fallback, known := eff.Value("sandbox-fallback")
		if !known || fallback != "false" {
			continue
		}
		sandbox, known := eff.Value("sandbox")
		if !known || sandbox != "true" && sandbox != "relaxed" {
			continue
		}
		finding := rules.Finding{
			File: e.File, Span: e.Nix.Span,
			Message: fmt.Sprintf("%q runs with sandbox = %s and sandbox-fallback = false, and docker build forbids "+
				"the namespaces of the sandbox, so whatever it has to build fails", e.Nix.Label, sandbox),
		}
		if option := lastOption(e.Nix.Options, "sandbox-fallback"); option != nil {
			finding.Span = e.Nix.Options.Fragment.Span(option.Span)
		}
		if fix, ok := fallBack(img.Image, e); ok {
			finding.Fixes = []fixers.Fix{fix}
		}
		p.Report(finding)
	}
}

// lastOption returns the last assignment to a setting on a command line, nil without one.
func lastOption(options *nixuse.Text, setting string) *nixconf.Entry {
	if options == nil {
		return nil
	}
	return options.Last(setting)
}

// fallBack returns the fix that sets the option sandbox-fallback of a command to its default.
func fallBack(img *image.Image, e *nixuse.Event) (fixers.Fix, bool) {
	option := lastOption(e.Nix.Options, "sandbox-fallback")
	if option == nil || e.File != img.Dockerfile.Source || e.Command.Quoting != source.Plain {
		return fixers.Fix{}, false
	}
	edits, ok := fixnix.SetValue(e.Nix.Options.Fragment, option, "true")
	return fixers.Fix{
		Title: "Let Nix build without a sandbox where it cannot have one", Safety: fixers.Unsafe, Edits: edits,
		Changes: fixers.Changes{
			fixdocker.Words{Removed: []string{option.Value}, Added: []string{"true"}},
			fixnix.Settings{"sandbox-fallback"}, fixers.Embedded{},
		},
	}, ok
}
