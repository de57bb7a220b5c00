package sandlint

import (
	"fmt"
	"time"

	"github.com/sandlint/sandlint/rules"
)

var endlessIgnore = &rules.Rule{
	ID:       "sandlint/endless-ignore",
	Summary:  "a suppression holds for longer than the configuration allows",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Check: rules.OnIgnores(func(p *rules.Pass, c *rules.IgnoreComment) {
		if !c.Works() || c.Policy.Longest == 0 {
			return
		}
		days := int(c.Policy.Longest / (24 * time.Hour))
		switch {
		case c.Until.IsZero():
			p.Report(rules.Finding{File: c.File, Span: c.Span, Message: fmt.Sprintf(
				`the suppression has no end date, and the configuration allows %d days; "until=2026-12-31" before the `+
					"reason is one", days)})
		case !c.Now.IsZero() && c.Until.Sub(c.Now) > c.Policy.Longest:
			p.Report(rules.Finding{File: c.File, Span: c.Span, Message: fmt.Sprintf(
				"the suppression ends on %s, in more than the %d days that the configuration allows",
				c.Until.Format(time.DateOnly), days)})
		}
	}),
}
