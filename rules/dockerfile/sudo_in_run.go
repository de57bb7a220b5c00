package dockerfile

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var sudoInRun = &rules.Rule{
	ID:       "dockerfile/sudo-in-run",
	Aliases:  []string{"DL3004"},
	Summary:  "a RUN uses sudo, which a build does not need",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Docker documentation, Building best practices: USER",
		"sudo(8): SECURITY NOTES",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Image == nil || s.Dockerfile().Foreign() {
			return
		}
		var first *image.Command
		var at source.Span
		var edits []fixers.Edit
		all := true // all of them can go
		for _, c := range s.Commands() {
			if !managers.Judged(c) || c.Uncalled || c.Name != "sudo" && !slices.Contains(c.Wrappers, "sudo") {
				continue
			}
			word, edit, ok := sudoOf(c)
			if first == nil {
				first, at = c, word
			}
			edits, all = append(edits, edit), all && ok
		}
		if first == nil {
			return
		}
		user := s.User()
		finding := rules.Finding{File: first.File, Span: at}
		switch {
		case asAnother(first):
			finding.Message = "sudo runs this as another user, for which it has to be installed; USER needs no sudo"
		case user.Known && image.IsRoot(user.Text):
			finding.Message = "the build runs this as root already; sudo only changes the environment"
			if all {
				finding.Fixes = []fixers.Fix{{
					Title:  "Remove sudo; the commands then see the environment of the image",
					Safety: fixers.Unsafe, Edits: edits,
					Changes: fixers.Changes{fixdocker.Words{Removed: []string{"sudo"}}},
				}}
			}
		case user.From == nil:
			finding.Message = "sudo does nothing where the build runs as root; for another user it needs a rule " +
				"that makes that one root, in the running container too"
		default:
			finding.Message = "sudo needs a rule that makes the image's user root, in the running container too; " +
				"USER root for this part of the build does not"
		}
		p.Report(finding)
	}, "RUN"),
}

// asAnother reports whether sudo runs a command as another user than root.
func asAnother(c *image.Command) bool {
	words := strings.Fields(c.File.Text(c.Span))
	for n, w := range words {
		if w == "sudo" && n+1 < len(words) {
			option := words[n+1]
			return strings.HasPrefix(option, "-u") && option != "-uroot" || strings.HasPrefix(option, "--user")
		}
	}
	return false
}

// sudoOf returns the word sudo of a command, and the edit that removes it, which is false where sudo has options or
// another wrapper, or the word is not in the file as the shell sees it.
func sudoOf(c *image.Command) (source.Span, fixers.Edit, bool) {
	text := c.File.Text(c.Span)
	n := strings.Index(text, "sudo")
	if n < 0 {
		return c.Span, fixers.Edit{}, false
	}
	at := source.Span{Start: c.Span.Start + n, End: c.Span.Start + n + len("sudo")}
	if n > 0 || len(c.Wrappers) != 1 || len(c.Assigns) > 0 || len(c.Words) == 0 || c.Quoting != source.Plain ||
		c.Step.Exec {
		return at, fixers.Edit{}, false
	}
	between := source.Span{Start: at.End, End: c.Words[0].Span.Start}
	if between.End <= between.Start || strings.Trim(c.File.Text(between), " \t") != "" {
		return at, fixers.Edit{}, false
	}
	return at, fixers.Edit{File: c.File, Span: source.Span{Start: at.Start, End: between.End}}, true
}
