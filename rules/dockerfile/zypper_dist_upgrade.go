package dockerfile

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/packages"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var zypperDistUpgrade = &rules.Rule{
	ID:       "dockerfile/zypper-dist-upgrade",
	Aliases:  []string{"DL3035"},
	Summary:  "zypper dist-upgrade moves all packages to what the repositories have, whatever the base image",
	Severity: rules.Warning,
	Category: rules.Portability,
	Since:    "0.1.0",
	References: []string{
		"zypper(8): dist-upgrade",
		"openSUSE wiki: Tumbleweed upgrade",
	},
	Check: rules.OnCommand(func(p *rules.Pass, c *image.Command) {
		u := c.Package()
		if !managers.Judged(c) || c.Uncalled || u == nil || u.Action != packages.ReleaseUpgrade ||
			u.Has(u.Manager.Harmless...) || rolling(c.Step.Image) {
			return
		}
		p.Report(rules.Finding{
			File: c.File, Span: managers.Place(c),
			Message: fmt.Sprintf("%q replaces and removes packages of the base image, so its tag says little",
				managers.Named(c)),
		})
	}, "zypper"),
}

// rolling reports whether the base image is of a distribution without releases, or not known.
func rolling(img *image.Image) bool {
	name := strings.ToLower(img.Root().Stage.Image)
	return name == "" || strings.Contains(name, "tumbleweed") || strings.Contains(name, "microos")
}
