package sandlint

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/rules"
)

var unknownRule = &rules.Rule{
	ID:       "sandlint/unknown-rule",
	Summary:  "a suppression names a rule that does not exist",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	Check: rules.OnIgnores(func(p *rules.Pass, c *rules.IgnoreComment) {
		for n, state := range c.States {
			if !state.Unknown || c.Problem != "" || c.Expired {
				continue
			}
			f := rules.Finding{File: c.File, Span: c.NameSpan(n)}
			name := c.Names[n].Text
			if state.Near != "" {
				f.Message = fmt.Sprintf("there is no rule or pack %q, so nothing is suppressed; did you mean %q?", name,
					state.Near)
				f.Fixes = c.Rename(n, state.Near)
			} else {
				f.Message = fmt.Sprintf("there is no rule or pack %q, so nothing is suppressed", name)
			}
			f.Fixes = append(f.Fixes, c.Without(n, fmt.Sprintf("Remove %q", name))...)
			p.Report(f)
		}
	}),
}
