package sandlint

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/rules"
)

// StaleBaseline is the id of the rule about entries of a baseline that accept nothing any more. Package baseline makes
// its findings, since it takes all findings of a run to know.
const StaleBaseline = "sandlint/stale-baseline"

var staleBaseline = &rules.Rule{
	ID:          StaleBaseline,
	Summary:     "an entry of the baseline accepts more findings than there are",
	Severity:    rules.Warning,
	Category:    rules.Correctness,
	Since:       "0.1.0",
	Unnecessary: true,
	Fixes:       []fixers.Safety{fixers.Safe},
	Check:       rules.Outside("an entry of a baseline"),
}
