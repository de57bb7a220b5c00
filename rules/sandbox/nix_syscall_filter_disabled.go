package sandbox

import (
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var nixSyscallFilterDisabled = &rules.Rule{
	ID:       "sandbox/nix-syscall-filter-disabled",
	Summary:  "Nix builds without its syscall filter although no emulator requires that",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"Nix manual, nix.conf: filter-syscalls",
		"NixOS/nix#5258: emulators refuse the filter",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		// A workflow or script may set up a machine that builds for other platforms.
		entry := text.Last("filter-syscalls")
		if entry == nil || entry.Value != "false" && entry.Value != "no" && entry.Value != "0" ||
			text.Host == nixuse.HostOption || text.Hosted != nil {
			return
		}
		finding := rules.Finding{
			File: text.Fragment.File, Span: text.Fragment.Span(entry.Span),
			Message: "without the syscall filter, builds can create setuid files and extended attributes; " +
				"only a build under an emulator needs that",
		}
		switch p.Workspace.PlaceOf(text) {
		case workspace.InImage:
			switch {
			case text.Image == nil, text.Event != nil && text.Event.Maybe:
				return
			case native(text.Image):
			case p.Workspace.NamesNoPlatform(text.Image.Image):
				finding.Message += ", and no build of the project names a platform other than the machine's own"
			default:
				return // it may be built through an emulator
			}
			finding.Severity = rules.Info
		case workspace.Somewhere:
			finding.Severity = rules.Info
		}
		p.Report(finding)
	}),
}

// native reports whether an image is known to be built only for the builder's own platform.
func native(img *nixuse.Image) bool {
	if len(img.Platforms()) == 0 {
		return false
	}
	for _, p := range img.Platforms() {
		if p.Emulated || !p.Native {
			return false
		}
	}
	return true
}
