package dockerfile

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var pacmanWithoutNoconfirm = &rules.Rule{
	ID:       "dockerfile/pacman-without-noconfirm",
	Summary:  "pacman asks for confirmation, which nobody can give during a build",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"pacman(8): --noconfirm",
	},
	Check: managers.Question{
		Managers: []string{"pacman"}, Option: "--noconfirm",
	}.Check(),
}
