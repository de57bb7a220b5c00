package dockerfile

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/packages"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var aptListsLeft = &rules.Rule{
	ID:       "dockerfile/apt-lists-left",
	Aliases:  []string{"DL3009"},
	Summary:  "a RUN leaves the lists of packages that apt-get update fetched",
	Severity: rules.Info,
	Category: rules.Performance,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Docker documentation, Building best practices: apt-get",
		"apt 3.0: distclean removes the lists, clean does not",
	},
	Check: managers.Cache{
		Managers:  []string{"apt-get", "apt", "aptitude"},
		Folders:   []string{"/var/lib/apt/lists"},
		What:      "the lists of packages",
		Fills:     []packages.Action{packages.Update},
		Relied:    []packages.Action{packages.Install, packages.Upgrade, packages.ReleaseUpgrade},
		CleanedBy: []string{"apt-get", "apt"},
		Keeps: func(u *packages.Use) bool {
			return len(u.Verb) > 0 && u.Verb[0].Text != "distclean" && u.Verb[0].Text != "dist-clean"
		},
		Clean: "rm -rf /var/lib/apt/lists/*",
		Mount: "/var/lib/apt/lists", Locked: true,
	}.Check(),
}
