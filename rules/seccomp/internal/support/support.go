// Package support reports names that targeted releases do not know.
package support

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

// Missing is the targeted releases of a consumer that do not know a name.
type Missing struct {
	Consumer string
	// since is the first release that knows the name; the zero Version where none does.
	Since    seccomp.Version
	Releases string // those targeted: "1.1.5 to 1.1.7", "1.1.5 and 1.1.7"
	Extent   decide.Extent
	Given    bool // the user named the consumer
}

// Find returns the first of some consumers of which no targeted release knows a name, else the first of which some do
// not. Runtimes that are no target are passed over.
func Find(p *rules.Pass, support seccomp.Support, consumers ...string) (found Missing, ok bool) {
	targets := p.Targets().Seccomp
	for _, consumer := range consumers {
		if (consumer == "runc" || consumer == "crun") && !slices.Contains(targets.Runtimes(), consumer) {
			continue
		}
		since, known := support.Since(consumer)
		l := Missing{consumer, since, targeted(targets, consumer), decide.AllReleases, targets.Given(consumer)}
		if known {
			if since.IsZero() {
				continue
			}
			l.Extent = targets.Lacking(consumer, support)
			if !slices.ContainsFunc(targets.Ranges(consumer), func(r decide.Range) bool { return !r.From.Debian }) {
				l.Since, _ = support.SinceIn(consumer, seccomp.Version{Debian: true})
			}
		}
		if l.Extent > found.Extent {
			found, ok = l, true
		}
	}
	return found, ok
}

func targeted(targets decide.Targets, consumer string) string {
	var ranges []string
	for _, r := range targets.Ranges(consumer) {
		ranges = append(ranges, r.String())
	}
	return phrase.Few(ranges)
}

// Severity is the rule's, or Info where only a part of the releases that are targeted by default is concerned.
func (l Missing) Severity() rules.Severity {
	if l.Extent == decide.AllReleases || l.Given {
		return rules.Off // the rule's
	}
	return rules.Info
}

// String says who does not know the name, after "unknown to ".
func (l Missing) String() string {
	switch {
	case l.Since.IsZero():
		return l.Consumer
	case l.Since.Debian && l.Extent == decide.AllReleases:
		return fmt.Sprintf("%s %s as Debian builds it", l.Consumer, l.Releases)
	case l.Since.Debian:
		return fmt.Sprintf("some of Debian's packages of %s %s", l.Consumer, l.Releases)
	case l.Extent == decide.AllReleases:
		return fmt.Sprintf("%s %s; %s is the first release that knows it", l.Consumer, l.Releases, l.Since)
	}
	return fmt.Sprintf("%s before %s", l.Consumer, l.Since)
}

// Report reports a name that a targeted release does not know yet, and reports whether there is one.
func Report(p *rules.Pass, profile *workspace.Profile, what string, name seccomp.String, support seccomp.Support,
	consumers ...string) bool {
	l, ok := Find(p, support, consumers...)
	if ok {
		finding := report.At(profile, name.Span, fmt.Sprintf("%s %q is unknown to %s", what, name.Text, l))
		finding.Severity = l.Severity()
		p.Report(finding)
	}
	return ok
}

// Releases returns what decide.DescribeReleases does in words, with a blank before them: " since 1.2.9 and 1.3.4", ""
// for all releases.
func Releases(preposition string, list []string) string {
	words := ""
	if preposition != "" {
		words = " " + preposition
	}
	if len(list) > 0 {
		words += " " + phrase.Few(list)
	}
	return words
}
