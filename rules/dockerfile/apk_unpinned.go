package dockerfile

import (
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/pins"
)

var apkUnpinned = &rules.Rule{
	ID:       "dockerfile/apk-unpinned",
	Aliases:  []string{"DL3018"},
	Summary:  "apk adds packages without a version",
	Severity: rules.Warning,
	Category: rules.Portability,
	Since:    "0.1.0",
	Optional: true,
	References: []string{
		"Alpine Linux wiki: Alpine Package Keeper, Package pinning",
		"apk-add(8)",
	},
	Check: pins.Check("apk"),
}
