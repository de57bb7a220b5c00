package dockerfile

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var gemCacheLeft = &rules.Rule{
	ID:       "dockerfile/gem-cache-left",
	Summary:  "gem leaves the packages that it installed in the layer",
	Severity: rules.Info,
	Category: rules.Performance,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	Optional: true,
	References: []string{
		"RubyGems 3.3.15 of Debian 12, run: gem install keeps each .gem file in the folder cache of `gem env gemdir`",
	},
	Check: managers.Cache{
		Managers:  []string{"gem"},
		Folders:   []string{"/usr/local/bundle/cache"},
		What:      "the .gem file of each gem that it installs",
		Elsewhere: []string{"-i", "--install-dir", "--user-install", "--build-root", "--explain"},
		Unless:    mountsGems,
		Cleans:    removesGems,
		Clean:     `rm -rf "$(gem env gemdir)/cache"`,
	}.Check(),
}

// mountsGems reports whether a RUN may keep the folder of gems, which depends on the release of Ruby, out of the image.
func mountsGems(s *image.Step) bool {
	for m := range s.Mounts() {
		if (m.Type == "cache" || m.Type == "tmpfs") &&
			(!m.Known || strings.Contains(m.Target, "gem") || strings.Contains(m.Target, "ruby") ||
				strings.Contains(m.Target, "bundle")) {
			return true
		}
	}
	return false
}

// removesGems reports whether a command may remove the .gem files.
func removesGems(c *image.Command) bool {
	switch c.Name {
	case "rm", "find", "xargs":
	default:
		return false
	}
	return slices.ContainsFunc(c.Words[1:], func(w shell.Word) bool {
		return strings.Contains(w.Text, ".gem") || strings.Contains(w.Text, "cache") &&
			(!w.Known || strings.Contains(w.Text, "gem") || strings.Contains(w.Text, "bundle")) ||
			strings.HasPrefix(w.Text, "$") && !w.Known
	})
}
