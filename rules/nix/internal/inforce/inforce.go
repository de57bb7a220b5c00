// Package inforce finds the entries of a nix.conf text that are in force.
package inforce

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

// Contributing returns the entries of a text that make up the value of a setting, given by its canonical name: the last
// one that assigns it, and those that append to it afterwards.
func Contributing(text *nixuse.Text, setting string) []*nixconf.Entry {
	var out []*nixconf.Entry
	for _, entry := range text.Setting(setting) {
		if !names.IsExtra(entry, text.Targets) {
			out = out[:0]
		}
		out = append(out, entry)
	}
	return out
}

// Deciding returns the entry that decides a setting with one value. It is nil where there is none, or where its value
// is not known.
func Deciding(text *nixuse.Text, setting string) *nixconf.Entry {
	entries := Contributing(text, setting)
	if len(entries) == 0 || !nixtext.Known(text, entries[len(entries)-1]) {
		return nil
	}
	return entries[len(entries)-1]
}

// IsTrue reports whether Nix reads a value as true.
func IsTrue(value string) bool {
	b, ok := nixconf.ParseBool(value)
	return ok && b
}

// IsFalse reports whether Nix reads a value as false.
func IsFalse(value string) bool {
	b, ok := nixconf.ParseBool(value)
	return ok && !b
}

// SupportedBy reports whether some targeted release has the setting of an entry. Where not all do, part names those
// that have it, for the end of a message.
func SupportedBy(text *nixuse.Text, entry *nixconf.Entry) (part string, ok bool) {
	k := nixconf.Known(entry.Name.Text, text.Targets)
	switch k.Coverage {
	case nixconf.None:
		return "", false
	case nixconf.Some:
		return fmt.Sprintf(" (in %s)", k.Known), true
	}
	return "", true
}

// ForUser reports whether a text is the configuration of a user other than root. The daemon of a multi-user Nix accepts
// few settings from it.
func ForUser(text *nixuse.Text) bool {
	return workspace.IsUserConf(text.Path) &&
		!strings.HasPrefix(text.Path, "/root/") && !strings.HasPrefix(text.Path, "root/")
}

// AtEnd returns the value of a setting in the settings that Settings returns, and whether it is certain.
func AtEnd(text *nixuse.Text, setting string) (string, bool) {
	return Settings(text).Value(setting)
}

// Settings returns the settings in force when the image of a text is complete, or, for a text that is about one
// command, when that command runs.
func Settings(text *nixuse.Text) *nixuse.Effective {
	if text.Event != nil && text.Event.Nix != nil {
		return text.Image.SettingsBefore(text.Event)
	}
	return text.Image.SettingsBefore(nil)
}

// HasChild reports whether another stage is based on an image, and so may add to its configuration.
func HasChild(img *nixuse.Image) bool {
	return slices.ContainsFunc(img.Model.Images, func(other *nixuse.Image) bool { return other.Parent == img })
}

// Assigns reports whether a text assigns a setting.
func Assigns(text *nixuse.Text, setting string) bool {
	return slices.ContainsFunc(text.Entries, func(e *nixconf.Entry) bool {
		return nixuse.Canonical(e.Name.Text) == setting && !names.IsExtra(e, text.Targets)
	})
}

// LoadsPlugins reports whether a text names plug-ins, which may have settings of their own.
func LoadsPlugins(text *nixuse.Text) bool {
	return slices.ContainsFunc(text.Entries, func(entry *nixconf.Entry) bool {
		return entry.Name.Text == "plugin-files" || entry.Name.Text == "extra-plugin-files"
	})
}

// Loosens reports whether an entry, taken for an assignment to the setting called name, loosens a check or makes the
// daemon trust somebody.
func Loosens(name string, entry *nixconf.Entry) bool {
	switch nixuse.Canonical(name) {
	case "trusted-users":
		return slices.ContainsFunc(entry.Words, func(w nixconf.Word) bool { return w.Text != "root" })
	case "accept-flake-config", "allow-unsafe-native-code-during-evaluation":
		on, ok := nixconf.ParseBool(entry.Value)
		return on || !ok
	case "require-sigs":
		on, _ := nixconf.ParseBool(entry.Value)
		return !on
	case "sandbox", "sandbox-fallback", "sandbox-paths", "plugin-files":
		return true
	}
	return false
}
