package dockerfile

import (
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var yarnCacheLeft = &rules.Rule{
	ID:       "dockerfile/yarn-cache-left",
	Aliases:  []string{"DL3060"},
	Summary:  "yarn leaves its cache in the layer",
	Severity: rules.Info,
	Category: rules.Performance,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Yarn 1 documentation: yarn cache",
	},
	Check: managers.Cache{
		Managers: []string{"yarn"},
		Folders:  []string{"/usr/local/share/.cache/yarn", "/usr/local/share/.cache", "~/.cache/yarn", "~/.yarn"},
		What:     "its cache",
		Moved:    []string{"YARN_CACHE_FOLDER", "XDG_CACHE_HOME"},
		MovedBy:  []string{"--cache-folder"},
		Elsewhere: []string{
			"--offline", "--immutable", "--immutable-cache", "--check-cache", "--inline-builds", "--mode",
		},
		Setting:   managers.YarnSetting("cache-folder"),
		UnlessIn:  laterYarn,
		CleanedBy: []string{"yarn"},
		Clean:     "yarn cache clean",
		Mount:     "/usr/local/share/.cache/yarn",
	}.Check(),
}

// laterYarn reports whether a Dockerfile uses Yarn 2 or later, which may keep its cache in the project: the build
// context has its settings or names its release, or the Dockerfile selects it.
func laterYarn(d *image.Dockerfile) bool {
	if _, err := d.ReadContext(".yarnrc.yml"); err == nil {
		return true
	}
	if f, err := d.ReadContext("package.json"); err == nil {
		if _, after, ok := strings.Cut(string(f.Bytes), `"yarn@`); ok && !strings.HasPrefix(after, "1.") {
			return true
		}
	}
	for _, s := range d.Steps("COPY", "ADD") {
		for _, w := range s.Words {
			if name := path.Base(image.Unquote(w.Text)); name == ".yarnrc.yml" || name == ".yarn" {
				return true
			}
		}
	}
	return slices.ContainsFunc(d.Commands("yarn", "corepack"), func(c *image.Command) bool {
		return len(c.Words) > 2 && (c.Words[1].Text == "set" && c.Words[2].Text == "version" ||
			c.Words[1].Text == "prepare" && !strings.HasPrefix(c.Words[2].Text, "yarn@1"))
	})
}
