// Package literals has helpers for lists of strings in a profile.
package literals

import (
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

// Texts returns the texts of strings.
func Texts(list []seccomp.String) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = s.Text
	}
	return out
}

// Set returns the texts of strings as a set.
func Set(list []seccomp.String) map[string]bool {
	texts := make(map[string]bool, len(list))
	for _, s := range list {
		texts[s.Text] = true
	}
	return texts
}

// Has reports whether one of some strings has a text.
func Has(list []seccomp.String, text string) bool {
	return slices.ContainsFunc(list, func(s seccomp.String) bool { return s.Text == text })
}
