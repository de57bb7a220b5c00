package dockerfile

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var zypperWithoutYes = &rules.Rule{
	ID:       "dockerfile/zypper-without-yes",
	Aliases:  []string{"DL3034"},
	Summary:  "zypper asks for confirmation, which nobody can give during a build",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"zypper(8): --non-interactive, --no-confirm",
	},
	Check: managers.Question{
		Managers: []string{"zypper"}, Option: "-n", Global: true,
	}.Check(),
}
