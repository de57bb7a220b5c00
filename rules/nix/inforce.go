package nix

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// contributing returns the entries of a text that make the value of a setting, by its canonical name: the last one that assigns it, and those that
// append to it afterwards.
func contributing(text *workspace.NixText, setting string) []*nixconf.Entry {
	var out []*nixconf.Entry
	for _, entry := range text.Setting(setting) {
		if !isExtra(entry, text.Targets) {
			out = out[:0]
		}
		out = append(out, entry)
	}
	return out
}

// deciding returns the entry that decides a setting that takes one value; nil without one, or where its value is not known.
func deciding(text *workspace.NixText, setting string) *nixconf.Entry {
	entries := contributing(text, setting)
	if len(entries) == 0 || !known(text, entries[len(entries)-1]) {
		return nil
	}
	return entries[len(entries)-1]
}

// isTrue reports whether Nix reads a value as true, and isFalse whether as false.
func isTrue(value string) bool  { return value == "true" || value == "yes" || value == "1" }
func isFalse(value string) bool { return value == "false" || value == "no" || value == "0" }

// heldBy reports whether some targeted release has the setting of an entry; part names those that have it, for the end of a message, where not all do.
func heldBy(text *workspace.NixText, entry *nixconf.Entry) (part string, ok bool) {
	k := nixconf.Known(entry.Name.Text, text.Targets)
	switch k.Coverage {
	case nixconf.None:
		return "", false
	case nixconf.Some:
		return fmt.Sprintf(" (in %s)", k.Known), true
	}
	return "", true
}

// forUser reports whether a text is the configuration of a user other than root, of whose settings the daemon of a multi-user Nix takes few.
func forUser(text *workspace.NixText) bool {
	return workspace.IsUserConf(text.Path) && !strings.HasPrefix(text.Path, "/root/") && !strings.HasPrefix(text.Path, "root/")
}

// atEnd returns the value in force of a setting when the image of a text is done, or for a text that is about one command when that runs, and
// whether it is certain.
func atEnd(text *workspace.NixText, setting string) (string, bool) {
	return settingsOf(text).Value(setting)
}

// settingsOf returns the settings in force at the end of a text's image, or for a text that is about one command when that runs.
func settingsOf(text *workspace.NixText) *workspace.Effective {
	if text.Event != nil && text.Event.Kind == workspace.RunCommand {
		return text.Image.SettingsBefore(text.Event)
	}
	return text.Image.SettingsBefore(nil)
}

// hasChild reports whether another stage is based on an image, and so may write more of its configuration.
func hasChild(img *workspace.Image) bool {
	return slices.ContainsFunc(img.File.Images, func(other *workspace.Image) bool { return other.Parent == img })
}
