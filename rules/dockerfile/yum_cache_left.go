package dockerfile

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/packages"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var yumCacheLeft = &rules.Rule{
	ID:       "dockerfile/yum-cache-left",
	Aliases:  []string{"DL3032"},
	Summary:  "yum leaves what it downloaded in the layer",
	Severity: rules.Info,
	Category: rules.Performance,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"yum(8): clean; yum.conf(5): keepcache, cachedir",
	},
	Check: managers.Cache{
		Managers:  []string{"yum"},
		Folders:   []string{"/var/cache/yum", "/var/cache/dnf", "/var/cache/libdnf5"},
		What:      "the metadata of repositories",
		Fills:     []packages.Action{packages.Install, packages.Update, packages.Upgrade, packages.ReleaseUpgrade},
		CleanedBy: []string{"yum", "dnf", "microdnf", "tdnf"},
		Keeps:     managers.KeepsMetadata,
		Elsewhere: []string{"--installroot", "-C", "--cacheonly"},
		Clean:     "yum clean all",
		Mount:     "/var/cache/yum", Locked: true,
	}.Check(),
}
