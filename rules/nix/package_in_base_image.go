package nix

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var packageInBaseImage = &rules.Rule{
	ID:       "nix/package-in-base-image",
	Summary:  "nix-env installs a package that the base image has",
	Severity: rules.Info,
	Category: rules.Performance,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"NixOS/nix, docker.nix: the packages of the image nixos/nix; openssh since 2.9.0",
	},
	Check: rules.OnTimeline(checkPackageInBase),
}

// packagesOfBase are packages that the image nixos/nix has had since 2.5.0, by attribute. git is not among them: newer
// images have a smaller one than the attribute git gives.
var packagesOfBase = []string{"curl", "findutils", "gnugrep", "gnutar", "gzip", "less", "openssh", "wget", "which"}

func checkPackageInBase(p *rules.Pass, img *nixuse.Image) {
	base := img.Root().Base
	if base == nil || base.Name != "nixos/nix" || base.Distribution != nixconf.Nix {
		return
	}
	for _, e := range img.Timeline() {
		if e.Kind == nixuse.Opaque || e.Nix != nil && strings.HasPrefix(e.Nix.Label, "nix-channel") {
			return // another channel may have another version
		}
		if e.Image != img || e.Kind != nixuse.RunCommand || e.Command.Name != "nix-env" ||
			e.File != img.Dockerfile.Source {
			continue
		}
		words, ok := installedFromChannel(e.Command.Command)
		if !ok {
			continue
		}
		for n, w := range words {
			name := strings.TrimPrefix(w.Text, "nixpkgs.")
			if !slices.Contains(packagesOfBase, name) || name == "openssh" && base.Version != (nixconf.Version{}) &&
				!base.Version.AtLeast(2, 9) {
				continue
			}
			finding := rules.Finding{
				File: e.File, Span: w.Span,
				Message: fmt.Sprintf("the base image nixos/nix has %s, from the same channel", name),
			}
			if fix, ok := leaveOut(e, words, n); ok {
				finding.Fixes = []fixers.Fix{fix}
			}
			p.Report(finding)
		}
	}
}

// installedFromChannel returns the attributes that a nix-env installs from the channel nixpkgs of the user, and false
// where it installs from elsewhere or does something else.
func installedFromChannel(c *shell.Command) ([]shell.Word, bool) {
	var words []shell.Word
	attributes, file := false, false
	for n := 1; n < len(c.Words); n++ {
		w := c.Words[n]
		switch {
		case !w.Known:
			return nil, false
		case w.Text == "-f" || w.Text == "--file":
			if n++; n == len(c.Words) || c.Words[n].Text != "<nixpkgs>" {
				return nil, false
			}
			file = true
		case w.Text == "-iA" || w.Text == "-iAf":
			attributes = true
			if w.Text == "-iAf" {
				return nil, false
			}
		case strings.HasPrefix(w.Text, "-"):
			return nil, false
		default:
			words = append(words, w)
		}
	}
	for _, w := range words {
		if strings.HasPrefix(w.Text, "nixpkgs.") == file {
			return nil, false
		}
	}
	return words, attributes
}

// leaveOut returns the fix that removes a package from the list, where others remain.
func leaveOut(e *nixuse.Event, words []shell.Word, n int) (fixers.Fix, bool) {
	inBase := func(w shell.Word) bool {
		return slices.Contains(packagesOfBase, strings.TrimPrefix(w.Text, "nixpkgs."))
	}
	if e.Instruction.Exec || e.Instruction.Broken || e.Command.Quoting != source.Plain ||
		!slices.ContainsFunc(words, func(w shell.Word) bool { return !inBase(w) }) {
		return fixers.Fix{}, false
	}
	all := e.Command.Words
	at := slices.IndexFunc(all, func(w shell.Word) bool { return w.Span == words[n].Span })
	if at < 1 {
		return fixers.Fix{}, false
	}
	span := source.Span{Start: all[at-1].Span.End, End: words[n].Span.End}
	if strings.Trim(e.File.Text(source.Span{Start: span.Start, End: words[n].Span.Start}), " \t\r\n\\`") != "" ||
		strings.Contains(e.File.Text(all[at-1].Span), `\`) {
		return fixers.Fix{}, false // a comment stands between the lines, a redirection, or an escaped blank
	}
	return fixers.Fix{
		Title: "Leave it out", Safety: fixers.Safe,
		Edits:   []fixers.Edit{{File: e.File, Span: span}},
		Changes: fixers.Changes{fixdocker.Words{Removed: []string{words[n].Text}}},
	}, true
}
