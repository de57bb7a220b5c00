package nix

import (
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var oversubscribedCores = &rules.Rule{
	ID:       "nix/oversubscribed-cores",
	Summary:  "each of as many builds as there are cores may use all cores",
	Severity: rules.Info,
	Category: rules.Performance,
	Since:    "0.1.0",
	References: []string{
		"Nix manual, tuning cores and jobs: max-jobs times cores",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		if text.Image == nil {
			return // on a machine that is not only a builder, both are the choice of many distributions
		}
		if len(text.Setting("max-jobs")) == 0 && len(text.Setting("cores")) == 0 {
			return
		}
		in, jobs := lastUpTo(text, "max-jobs")
		other, cores := lastUpTo(text, "cores")
		if jobs == nil || cores == nil || jobs.Value != "auto" || cores.Value != "0" {
			return
		}
		finding := nixtext.At(in, jobs.Span, "with cores = 0, each of these builds may use all cores, so a machine "+
			"with 16 of them runs 256 compilers at once, and may run out of memory")
		finding.Related = []rules.Related{{
			File: other.Fragment.File, Span: other.Fragment.Span(cores.Span), Message: "all cores for each build",
		}}
		p.Report(finding)
	}),
}

// lastUpTo returns the last assignment to a setting up to the end of a text, and the text that holds it; nil without
// one.
func lastUpTo(text *nixuse.Text, setting string) (*nixuse.Text, *nixconf.Entry) {
	for t, entry := range text.UpToEnd(setting) {
		return t, entry
	}
	return nil, nil
}
