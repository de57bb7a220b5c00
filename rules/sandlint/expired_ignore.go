package sandlint

import (
	"fmt"
	"time"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/rules"
)

var expiredIgnore = &rules.Rule{
	ID:          "sandlint/expired-ignore",
	Summary:     "the end date of a suppression has passed, so it has no effect",
	Severity:    rules.Warning,
	Category:    rules.Correctness,
	Since:       "0.1.0",
	Unnecessary: true,
	Fixes:       []fixers.Safety{fixers.Safe},
	Check: rules.OnIgnores(func(p *rules.Pass, c *rules.IgnoreComment) {
		if c.Expired && c.Problem == "" {
			p.Report(rules.Finding{
				File: c.File, Span: c.Span,
				Message: fmt.Sprintf("the suppression ended on %s and has no effect", c.Until.Format(time.DateOnly)),
				Fixes:   c.Remove("Remove the suppression"),
			})
		}
	}),
}
