package dockerfile

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/packages"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var zypperCacheLeft = &rules.Rule{
	ID:       "dockerfile/zypper-cache-left",
	Aliases:  []string{"DL3036"},
	Summary:  "zypper leaves what it downloaded in the layer",
	Severity: rules.Info,
	Category: rules.Performance,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"zypper(8): clean, --all",
	},
	Check: managers.Cache{
		Managers:  []string{"zypper"},
		Folders:   []string{"/var/cache/zypp"},
		What:      "the metadata of repositories",
		Fills:     []packages.Action{packages.Install, packages.Update, packages.Upgrade, packages.ReleaseUpgrade},
		CleanedBy: []string{"zypper"},
		Elsewhere: []string{"-R", "--root", "--installroot", "--cache-dir", "-C"},
		Clean:     "zypper clean --all",
		Mount:     "/var/cache/zypp", Locked: true,
	}.Check(),
}
