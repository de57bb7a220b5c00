package dockerfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/labels"
)

var badLabelKey = &rules.Rule{
	ID:       "dockerfile/bad-label-key",
	Aliases:  []string{"DL3048"},
	Summary:  "the key of a label does not follow Docker's guidelines for keys",
	Severity: rules.Info,
	Category: rules.Formatting,
	Since:    "0.1.0",
	References: []string{
		"Docker documentation, Docker object labels: Key format recommendations",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Dockerfile().Foreign() {
			return
		}
		for _, l := range labels.Of(s) {
			if fault := keyFault(l.Key); fault != "" && !slices.Contains(runLabels, l.Key) {
				p.Report(rules.Finding{
					File: s.Dockerfile().Source, Span: l.Pair.Key.Span,
					Message: fmt.Sprintf("key %q %s", l.Key, fault),
				})
			}
		}
	}, "LABEL"),
}

// runLabels are the keys that people give to "podman container runlabel" in upper case: podman-container-runlabel(1) of
// Podman 3, whose example is LABEL INSTALL.
var runLabels = []string{"INSTALL", "RUN", "UNINSTALL"}

// reservedNamespaces are the beginnings of keys that Docker keeps for itself.
var reservedNamespaces = []string{"com.docker.", "io.docker.", "org.dockerproject."}

// keyFault returns what is wrong with the key of a label, "" for nothing.
func keyFault(key string) string {
	for _, namespace := range reservedNamespaces {
		if strings.HasPrefix(key, namespace) {
			return fmt.Sprintf("begins with %q, which is reserved for Docker's own labels", namespace)
		}
	}
	for _, twice := range []string{"..", "--"} {
		if strings.Contains(key, twice) {
			return fmt.Sprintf("has %q in it, which Docker's guidelines exclude", twice)
		}
	}
	letter := func(c rune) bool { return 'a' <= c && c <= 'z' }
	digit := func(c rune) bool { return '0' <= c && c <= '9' }
	for n, c := range key {
		switch {
		case letter(c):
		case 'A' <= c && c <= 'Z':
			return "has upper-case letters, so whoever looks for it in lower case does not find it"
		case n == 0:
			return fmt.Sprintf("begins with %q instead of a lower-case letter", c)
		case n == len(key)-1 && !digit(c):
			return fmt.Sprintf("ends with %q instead of a letter or digit", c)
		case !digit(c) && !strings.ContainsRune(".-_/", c):
			return fmt.Sprintf("has %q in it; keys consist of lower-case letters, digits, dots and hyphens", c)
		}
	}
	return ""
}
