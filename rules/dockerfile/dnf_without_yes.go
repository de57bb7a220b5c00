package dockerfile

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var dnfWithoutYes = &rules.Rule{
	ID:       "dockerfile/dnf-without-yes",
	Aliases:  []string{"DL3038"},
	Summary:  "dnf asks for confirmation, which nobody can give during a build",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"dnf(8): -y, --assumeyes; dnf.conf(5): assumeyes",
		"microdnf, dnf/dnf-main.c: \"Does nothing, we always assume yes\"",
	},
	Check: managers.Question{
		Managers: []string{"dnf", "tdnf"}, Option: "-y",
		Setting: managers.YumSetting("assumeyes"),
	}.Check(),
}
