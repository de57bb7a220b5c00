package dockerfile

import (
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/pins"
)

var npmUnpinned = &rules.Rule{
	ID:       "dockerfile/npm-unpinned",
	Aliases:  []string{"DL3016"},
	Summary:  "npm installs packages without a version",
	Severity: rules.Warning,
	Category: rules.Portability,
	Since:    "0.1.0",
	Optional: true,
	References: []string{
		"npm documentation: npm install, package specifiers",
	},
	Check: pins.Check("npm", "yarn", "pnpm"),
}
