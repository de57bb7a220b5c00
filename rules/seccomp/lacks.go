package seccomp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// lack is the targeted releases of a consumer that do not know a name.
type lack struct {
	consumer string
	// since is the first release that knows the name; the zero Version where none does.
	since    seccomp.Version
	releases decide.Range
	extent   decide.Extent
	given    bool // the user named the consumer
}

// lacking returns the first of some consumers of which no targeted release knows a name, else the first of which some do not. Runtimes that are
// no target are passed over.
func lacking(p *rules.Pass, support seccomp.Support, consumers ...string) (found lack, ok bool) {
	targets := p.Targets().Seccomp
	for _, consumer := range consumers {
		if (consumer == "runc" || consumer == "crun") && !slices.Contains(targets.Runtimes(), consumer) {
			continue
		}
		since, known := support.Since(consumer)
		l := lack{consumer, since, targets.Range(consumer), decide.AllReleases, targets.Given(consumer)}
		if known {
			if since.IsZero() {
				continue
			}
			l.extent = targets.Extent(consumer, seccomp.Version{}, since)
		}
		if l.extent > found.extent {
			found, ok = l, true
		}
	}
	return found, ok
}

// severity is the rule's, or Info where only a part of the releases that are targeted by default is concerned.
func (l lack) severity() rules.Severity {
	if l.extent == decide.AllReleases || l.given {
		return rules.Off // the rule's
	}
	return rules.Info
}

// String says who does not know the name, after "unknown to ".
func (l lack) String() string {
	switch {
	case l.since.IsZero():
		return l.consumer
	case l.extent == decide.AllReleases:
		return fmt.Sprintf("%s %s; %s is the first release that knows it", l.consumer, l.releases, l.since)
	}
	return fmt.Sprintf("%s before %s", l.consumer, l.since)
}

// reportLack reports a name that a targeted release does not know yet, and reports whether there is one.
func reportLack(p *rules.Pass, profile *workspace.Profile, what string, name seccomp.String, support seccomp.Support, consumers ...string) bool {
	l, ok := lacking(p, support, consumers...)
	if ok {
		finding := at(profile, name.Span, fmt.Sprintf("%s %q is unknown to %s", what, name.Text, l))
		finding.Severity = l.severity()
		p.Report(finding)
	}
	return ok
}

// only reports whether a runtime is the only one that the profile is for.
func only(p *rules.Pass, runtime string) bool {
	return slices.Equal(p.Targets().Seccomp.Runtimes(), []string{runtime})
}

// problems returns the problems of a kind.
func problems(profile *workspace.Profile, kind string) (found []source.Problem) {
	for _, problem := range profile.Problems {
		if problem.Kind == kind {
			found = append(found, problem)
		}
	}
	return found
}

// withEffect returns the message of a problem with what comes of it, where the message does not tell that itself.
func withEffect(problem source.Problem, effect string) string {
	if strings.Contains(problem.Message, ", so that ") || strings.Contains(problem.Message, ", which ") {
		return problem.Message
	}
	return problem.Message + effect
}

// ruleAt returns the rule that a span lies in, and its index; nil where there is none.
func ruleAt(profile *workspace.Profile, span source.Span) (*seccomp.Rule, int) {
	i := slices.IndexFunc(profile.Rules, func(r *seccomp.Rule) bool { return r.Span.Contains(span) })
	if i < 0 {
		return nil, -1
	}
	return profile.Rules[i], i
}

// dropRule returns the edits that delete a rule, by its index.
func dropRule(profile *workspace.Profile, i int) []fixers.Edit {
	if edits := fixseccomp.RemoveRules(profile.Profile, i); edits != nil {
		return edits
	}
	return fixseccomp.RemoveElement(profile.Profile, profile.Rules[i].Span) // beside a null
}
