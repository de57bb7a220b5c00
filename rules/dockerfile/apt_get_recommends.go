package dockerfile

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/packages"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var aptGetRecommends = &rules.Rule{
	ID:       "dockerfile/apt-get-recommends",
	Aliases:  []string{"DL3015"},
	Summary:  "apt-get installs packages that are merely recommended",
	Severity: rules.Info,
	Category: rules.Performance,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"apt-get(8): --no-install-recommends",
		"Debian Policy Manual, 7.2: Recommends",
	},
	Check: managers.Each([]string{"apt-get", "apt", "aptitude"}, managers.AptSetting("install-recommends"),
		func(c *image.Command) bool {
			u := c.Package()
			return u.Action == packages.Install && len(u.Verb) > 0 && u.Verb[0].Text == "install" && !u.Opaque &&
				!u.SkipsExtras() && !u.Has(u.Manager.Harmless...) && !u.Has("--only-upgrade", "--reinstall", "-d") &&
				c.Step.Image.MayShip()
		},
		func(p *rules.Pass, c *image.Command) {
			finding := rules.Finding{
				File: c.File, Span: managers.Place(c),
				Message: fmt.Sprintf("%q also installs what the packages merely recommend, "+
					"so the image is larger than needed", managers.Named(c)),
			}
			option := c.Package().Manager.NoExtras[len(c.Package().Manager.NoExtras)-1]
			if edits, ok := managers.AddOption(c, option); ok {
				finding.Fixes = []fixers.Fix{{
					Title: "Add " + option + ", after which recommended packages are missing", Safety: fixers.Unsafe,
					Edits: edits, Changes: fixers.Changes{fixdocker.Words{Added: []string{option}}},
				}}
			}
			p.Report(finding)
		}),
}
