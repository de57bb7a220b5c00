package nix

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var unpinnedNixpkgs = &rules.Rule{
	ID:       "nix/unpinned-nixpkgs",
	Summary:  "packages come from whatever nixpkgs the day of the build has",
	Severity: rules.Info,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Optional: true,
	References: []string{
		"Nix manual, nix-channel; nix registry: the entry nixpkgs names a branch that moves",
	},
	Check: rules.OnTimeline(func(p *rules.Pass, img *nixuse.Image) {
		for _, e := range img.Events {
			if e.Kind != nixuse.RunCommand || e.Nix.Installer != nil {
				continue
			}
			span, what := moving(img, e)
			if what != "" {
				p.Report(rules.Finding{
					File: e.File, Span: span,
					Message: fmt.Sprintf("%s, so two builds of this file may install different versions", what),
				})
			}
		}
	}),
}

// moving returns what a command takes packages from that changes from day to day, with its place, "" for nothing.
func moving(img *nixuse.Image, e *nixuse.Event) (source.Span, string) {
	if e.Nix.Label == "nix-channel --update" {
		return e.Nix.Span, "the channel is updated to what it is on the day of the build"
	}
	if e.Command.Name == "nix" {
		for _, w := range e.Command.Words {
			ref, _, ok := strings.Cut(w.Text, "#")
			if ok && w.Known && (ref == "nixpkgs" || strings.EqualFold(ref, "github:NixOS/nixpkgs")) {
				return w.Span, fmt.Sprintf("%q names a branch that moves", ref)
			}
		}
		return source.Span{}, ""
	}
	base := img.Root().Base
	if e.Command.Name != "nix-env" || base == nil || !base.Nix || base.Digest != "" {
		return source.Span{}, ""
	}
	if words, ok := installedFromChannel(e.Command.Command); ok && len(words) > 0 {
		all := words[0].Span.Join(words[len(words)-1].Span)
		return all, "the channel is that of the base image, whose tag may get another one"
	}
	return source.Span{}, ""
}
