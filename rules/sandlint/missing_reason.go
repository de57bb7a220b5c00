package sandlint

import "github.com/sandlint/sandlint/rules"

var missingReason = &rules.Rule{
	ID:       "sandlint/missing-reason",
	Summary:  "a suppression has no reason, which the configuration demands",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Check: rules.OnIgnores(func(p *rules.Pass, c *rules.IgnoreComment) {
		if c.Works() && c.Policy.RequireReason && c.Reason == "" {
			p.Report(rules.Finding{
				File: c.File, Span: c.Span,
				Message: "the suppression has no reason, which the configuration demands",
			})
		}
	}),
}
