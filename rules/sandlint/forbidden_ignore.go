package sandlint

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/ignores"
	"github.com/sandlint/sandlint/rules"
)

var forbiddenIgnore = &rules.Rule{
	ID:       "sandlint/forbidden-ignore",
	Summary:  "a comment suppresses findings, which the configuration does not allow",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	Check: rules.OnIgnores(func(p *rules.Pass, c *rules.IgnoreComment) {
		f := rules.Finding{File: c.File, Span: c.Span}
		switch {
		case c.Problem != "" || c.Expired:
			return // which other rules report
		case c.Policy.Policy == ignores.Warn:
			f.Message = "the comment suppresses findings, and the configuration asks to report that"
		case c.Policy.Policy == ignores.Deny:
			f.Message = "the configuration allows no comments that suppress findings, so this one has no effect"
			f.Fixes = c.Remove("Remove the comment")
		default:
			return
		}
		p.Report(f)
	}),
}
