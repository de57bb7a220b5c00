package managers

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/packages"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/rules"
)

// Question is what a rule knows about package managers that ask before they change something.
type Question struct {
	// Managers are the names of the managers.
	Managers []string
	// Option confirms everything. Global says that it belongs before the verb.
	Option string
	Global bool
	// Setting is the setting that confirms everything as well.
	Setting Setting
}

// Check makes the check of a rule about commands that ask a question which nobody can answer in a build.
func (q Question) Check() rules.Adapter {
	return Each(q.Managers, q.Setting, func(c *image.Command) bool {
		u := c.Package()
		return asks(u) && !u.Opaque && !u.AnswersYes() && !answered(c.Command)
	}, q.report)
}

// Each makes the check of a rule about single commands of package managers, by name: it calls report for those that
// wrong is true of, but where a setting says the same as the missing option.
func Each(managers []string, setting Setting, wrong func(*image.Command) bool,
	report func(*rules.Pass, *image.Command)) rules.Adapter {
	programs := programsOf(managers)
	return rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		var set *places
		for _, c := range uses(d, managers, programs(), Judged) {
			if !wrong(c) {
				continue
			}
			if set == nil {
				set = setting.places(d)
			}
			if !set.before(c) {
				report(p, c)
			}
		}
	})
}

func asks(u *packages.Use) bool {
	switch u.Action {
	case packages.Install, packages.Upgrade, packages.ReleaseUpgrade, packages.Remove:
		return !u.Has(u.Manager.Harmless...) && !changesNothing(u)
	}
	return false
}

// changesNothing reports whether a command names no package, and is none that goes without: `apt-get purge`.
func changesNothing(u *packages.Use) bool {
	if len(u.Packages) > 0 || u.Has("-f", "--fix-broken", "--auto-remove", "--autoremove") || len(u.Verb) != 1 {
		return false
	}
	switch u.Verb[0].Text {
	case "install", "remove", "purge":
		return true
	}
	return false
}

// answered reports whether something may answer the questions of a command: its standard input is a pipe or a file.
func answered(c *shell.Command) bool {
	for ; c != nil; c = c.Parent {
		if c.PipedFrom != nil || slices.ContainsFunc(c.Redirs, func(r shell.Redir) bool {
			return strings.HasPrefix(r.Op, "<") && r.FD <= 0 && r.Target.Text != "/dev/null"
		}) {
			return true
		}
	}
	return false
}

func (q Question) report(p *rules.Pass, c *image.Command) {
	finding := rules.Finding{
		File: c.File, Span: Place(c),
		Message: fmt.Sprintf("%q may ask for confirmation, which nobody can give during a build; "+
			"then it changes nothing and the build fails", Named(c)),
	}
	behind := c.Words[0]
	if !q.Global {
		behind = verb(c)
	}
	if edits, ok := AddWords(c, behind, q.Option); ok {
		finding.Fixes = []fixers.Fix{{
			Title: "Add " + q.Option, Safety: fixers.Safe, Edits: edits,
			Changes: fixers.Changes{fixdocker.Words{Added: []string{q.Option}}},
		}}
	}
	p.Report(finding)
}
