package sandlint

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/rules"
)

var unusedIgnore = &rules.Rule{
	ID:          "sandlint/unused-ignore",
	Summary:     "a suppression suppresses nothing",
	Severity:    rules.Warning,
	Category:    rules.Correctness,
	Since:       "0.1.0",
	Unnecessary: true,
	Fixes:       []fixers.Safety{fixers.Safe},
	Check: rules.OnIgnores(func(p *rules.Pass, c *rules.IgnoreComment) {
		if !c.Works() {
			return
		}
		unused := 0
		for _, state := range c.States {
			if state.Unused {
				unused++
			}
		}
		switch {
		case unused == 0:
		case unused == len(c.States) && len(c.Names) == 0:
			p.Report(rules.Finding{
				File: c.File, Span: c.Span,
				Message: "the accepted finding does not exist any more",
				Fixes:   c.Remove("Remove the block"),
			})
		case unused == len(c.States):
			message := fmt.Sprintf("the suppression of %q is not needed; nothing is found there", c.Names[0].Text)
			if unused > 1 {
				message = fmt.Sprintf("the suppression of %d rules is not needed; nothing is found there", unused)
			}
			p.Report(rules.Finding{
				File: c.File, Span: c.Span, Message: message, Fixes: c.Remove("Remove the suppression"),
			})
		default:
			for n, state := range c.States {
				if state.Unused {
					name := c.Names[n].Text
					p.Report(rules.Finding{
						File: c.File, Span: c.NameSpan(n),
						Message: fmt.Sprintf("the suppression of %q is not needed; it is not found there", name),
						Fixes:   c.Without(n, fmt.Sprintf("Remove %q", name)),
					})
				}
			}
		}
	}),
}
