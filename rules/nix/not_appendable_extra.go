package nix

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
)

var notAppendableExtra = &rules.Rule{
	ID:       "nix/not-appendable-extra",
	Summary:  "extra- stands before a setting that cannot be added to, so that the line has no effect",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix, src/libutil/configuration.cc: extra- is looked up for settings whose type can be appended to",
	},
	Check: rules.OnText(checkNotAppendableExtra),
}

func checkNotAppendableExtra(p *rules.Pass, text *nixuse.Text) {
	for _, entry := range text.Entries {
		if !text.Fragment.Known(entry.Name.Span) {
			continue
		}
		base, k, ok := notAppendable(entry.Name.Text, text.Targets)
		if !ok {
			continue
		}
		in := releases(text.Targets)
		if k.Coverage == nixconf.Some {
			in = k.Unknown.String()
		}
		finding := at(text, entry.Name.Span, fmt.Sprintf("setting %q cannot be added to, so %q is unknown to %s", base, entry.Name.Text, in))
		if k.Coverage == nixconf.None && !assignedIn(text, nixuse.Canonical(base)) {
			if edits, ok := replace(text, entry.Name.Span, base); ok {
				finding.Fixes = []fixers.Fix{fix(text, "Rename to "+base, fixers.Unsafe, edits, fixers.Changes{Settings: []string{nixuse.Canonical(base), entry.Name.Text}})}
			}
		}
		p.Report(finding)
	}
}

// notAppendable returns the setting that stands behind "extra-" in a name, where targeted releases have it and cannot add to it. The Unknown of the
// result are those releases alone; its Coverage is None where no release can.
func notAppendable(name string, ts nixconf.Targets) (base string, k nixconf.Knowledge, ok bool) {
	base, ok = strings.CutPrefix(name, "extra-")
	if !ok {
		return "", k, false
	}
	if facts, known := newestKnows(name, ts); known && (facts.Appendable || !facts.Extra) {
		return "", k, false // the common case
	}
	k = nixconf.Known(name, ts)
	if k.Coverage == nixconf.All {
		return "", k, false
	}
	in, _ := where(k.Unknown, base, func(nixconf.Facts) bool { return true })
	if len(in) == 0 {
		return "", k, false
	}
	k.Unknown = in
	return base, k, true
}
