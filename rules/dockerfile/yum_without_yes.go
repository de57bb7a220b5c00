package dockerfile

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var yumWithoutYes = &rules.Rule{
	ID:       "dockerfile/yum-without-yes",
	Aliases:  []string{"DL3030"},
	Summary:  "yum asks for confirmation, which nobody can give during a build",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"yum(8): -y, --assumeyes; yum.conf(5): assumeyes",
	},
	Check: managers.Question{
		Managers: []string{"yum"}, Option: "-y",
		Setting: managers.YumSetting("assumeyes"),
	}.Check(),
}
