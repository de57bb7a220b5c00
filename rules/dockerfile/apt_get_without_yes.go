package dockerfile

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var aptGetWithoutYes = &rules.Rule{
	ID:       "dockerfile/apt-get-without-yes",
	Aliases:  []string{"DL3014"},
	Summary:  "apt-get asks for confirmation, which nobody can give during a build",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"apt-get(8): --yes, --quiet, --assume-no",
		"apt, apt-private/private-install.cc: InstallPackages asks unless a command installs exactly what it names",
	},
	Check: managers.Question{
		Managers: []string{"apt-get", "apt", "aptitude"}, Option: "-y",
		Setting: managers.AptSetting("assume-yes"),
	}.Check(),
}
