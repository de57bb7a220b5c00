package sandlint

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/rules"
)

var malformedIgnore = &rules.Rule{
	ID:       "sandlint/malformed-ignore",
	Summary:  "a comment for sandlint cannot be understood, so it suppresses nothing",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	Check: rules.OnIgnores(func(p *rules.Pass, c *rules.IgnoreComment) {
		if c.Problem != "" {
			p.Report(rules.Finding{
				File: c.File, Span: c.Span,
				Message: fmt.Sprintf("the comment suppresses nothing; it %s", c.Problem),
				Fixes:   c.Mend(),
			})
		}
	}),
}
