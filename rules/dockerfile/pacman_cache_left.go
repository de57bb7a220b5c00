package dockerfile

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/packages"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var pacmanCacheLeft = &rules.Rule{
	ID:       "dockerfile/pacman-cache-left",
	Summary:  "pacman leaves the packages that it downloaded in the layer",
	Severity: rules.Info,
	Category: rules.Performance,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"pacman(8): --clean; pacman.conf(5): CacheDir, CleanMethod",
		"pacman, src/pacman/sync.c: sync_cleancache asks with noyes(), whose default is no",
	},
	Check: managers.Cache{
		Managers:  []string{"pacman"},
		Folders:   []string{"/var/cache/pacman/pkg"},
		What:      "the packages that it downloaded",
		Fills:     []packages.Action{packages.Install, packages.Upgrade},
		CleanedBy: []string{"pacman"},
		Elsewhere: []string{"-r", "--root", "--sysroot", "--cachedir", "-U", "--upgrade"},
		Clean:     "rm -rf /var/cache/pacman/pkg/*",
		Mount:     "/var/cache/pacman/pkg", Locked: true,
	}.Check(),
}
