package dockerfile

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/packages"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var dnfCacheLeft = &rules.Rule{
	ID:       "dockerfile/dnf-cache-left",
	Aliases:  []string{"DL3040"},
	Summary:  "dnf leaves what it downloaded in the layer",
	Severity: rules.Info,
	Category: rules.Performance,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"dnf(8): clean; dnf.conf(5): keepcache, cachedir",
	},
	Check: managers.Cache{
		Managers:  []string{"dnf", "microdnf", "tdnf"},
		Folders:   []string{"/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum", "/var/cache/tdnf"},
		What:      "the metadata of repositories",
		Fills:     []packages.Action{packages.Install, packages.Update, packages.Upgrade, packages.ReleaseUpgrade},
		CleanedBy: []string{"yum", "dnf", "microdnf", "tdnf"},
		Keeps:     managers.KeepsMetadata,
		Elsewhere: []string{"--installroot", "-C", "--cacheonly"},
	}.Check(),
}
