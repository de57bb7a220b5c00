// Package hostsystem finds out for which system a nix.conf text is: some settings exist on Linux or on macOS alone.
package hostsystem

import (
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
)

const (
	linux  = "linux"
	darwin = "darwin"
)

// Name returns what people call a system.
func Name(system string) string {
	if system == darwin {
		return "macOS"
	}
	return "Linux"
}

// Of returns the system that a text is certainly for, "linux" or "darwin", or "".
func Of(p *rules.Pass, text *nixuse.Text) string {
	switch {
	case inImage(p, text):
		return linux
	case text.System != "":
		return text.System
	}
	return p.Targets().System()
}

// inImage reports whether a text is part of an image, in which Nix runs on Linux.
func inImage(p *rules.Pass, text *nixuse.Text) bool {
	return text.Image != nil || p.Workspace.InImage(text.Fragment.File)
}

// Elsewhere returns the one system that has the setting of an entry, where the text is certainly for another one.
func Elsewhere(p *rules.Pass, text *nixuse.Text, entry *nixconf.Entry) (system string, ok bool) {
	facts, ok := names.AnyFacts(entry.Name.Text, text.Targets)
	if !ok || len(facts.Platforms) == 0 { // nearly every setting
		return "", false
	}
	here := Of(p, text)
	return facts.Platforms[0], here != "" && !facts.On(here)
}

// Refusal returns how certain it is that Nix reads the value of an entry at all: none is where the text is for a system
// without the setting, and some where only macOS has the setting and the system is not known.
func Refusal(p *rules.Pass, text *nixuse.Text, entry *nixconf.Entry) nixconf.Coverage {
	facts, ok := names.AnyFacts(entry.Name.Text, text.Targets)
	if !ok || len(facts.Platforms) == 0 {
		return nixconf.All
	}
	here := Of(p, text)
	switch {
	case here != "" && !facts.On(here):
		return nixconf.None
	case here != "":
		return nixconf.All
	case !facts.On(linux):
		return nixconf.Some
	}
	return nixconf.All
}

// Darwin names what shows that a text is for macOS, such as its path, or returns "".
func Darwin(p *rules.Pass, text *nixuse.Text) string {
	switch targets := p.Targets(); {
	case inImage(p, text), text.System == linux:
		return ""
	case text.System == darwin:
		return "its runner"
	case targets.System() == darwin:
		return "its target platform"
	case len(targets.Platforms) > 0:
		return ""
	}
	for part := range strings.FieldsFuncSeq(strings.ToLower(text.Fragment.File.Path),
		func(r rune) bool { return strings.ContainsRune("/\\-_. ", r) }) {
		switch part {
		case "darwin", "macos", "osx", "macbook", "mac":
			return "its path"
		}
	}
	for _, entry := range text.Entries {
		facts, ok := nixconf.Lookup(nixconf.Nix, nixconf.Head(), entry.Name.Text)
		if !ok || !text.Fragment.Known(entry.Span) {
			continue
		}
		if !facts.On(linux) {
			return entry.Name.Text
		}
		switch facts.Name {
		case "system", "extra-platforms":
			if strings.HasSuffix(entry.Value, "-darwin") {
				return entry.Name.Text
			}
		case "sandbox-paths", "allowed-impure-host-deps":
			if strings.Contains(entry.Value, "/System/Library") {
				return entry.Name.Text
			}
		}
	}
	return ""
}
