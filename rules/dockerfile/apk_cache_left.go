package dockerfile

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/distro"
	"github.com/sandlint/sandlint/parsers/packages"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var apkCacheLeft = &rules.Rule{
	ID:       "dockerfile/apk-cache-left",
	Aliases:  []string{"DL3019"},
	Summary:  "apk leaves the index of packages in the layer",
	Severity: rules.Info,
	Category: rules.Performance,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"apk(8): --no-cache",
		"Alpine Linux wiki, Local APK cache",
	},
	Check: managers.Cache{
		Managers:  []string{"apk"},
		Folders:   []string{"/var/cache/apk", "/etc/apk/cache"},
		What:      "the index of packages",
		Fills:     []packages.Action{packages.Install, packages.Update, packages.Upgrade},
		Unless:    managers.LacksOption(distro.ApkNoCache),
		CleanedBy: []string{"apk"},
		Elsewhere: []string{"-p", "--root", "--cache-dir", "--no-network"},
		Option:    "--no-cache",
		Mount:     "/var/cache/apk", Locked: true,
	}.Check(),
}
