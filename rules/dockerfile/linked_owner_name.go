package dockerfile

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/grammar"
)

var linkedOwnerName = &rules.Rule{
	ID:       "dockerfile/linked-owner-name",
	Summary:  "a COPY --link has an owner by name, which cannot be looked up, so the build fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/convert_copy.go: chownByName",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Broken || s.Onbuild != nil || s.Dockerfile().Foreign() {
			return
		}
		link, linked := s.Flag("link")
		owner, ok := s.Flag("chown")
		if !linked || strings.EqualFold(link.Value, "false") || !ok || !owner.Known || owner.Value == "" {
			return
		}
		user, group, _ := strings.Cut(owner.Value, ":")
		if isID(user) && isID(group) {
			return
		}
		f := s.Dockerfile().Source
		finding := rules.Finding{
			File: f, Span: owner.At,
			Message: fmt.Sprintf("a layer with --link has no /etc/passwd that says who %q is, so the build fails; "+
				"numbers "+
				"work", owner.Value),
		}
		gap := link.Span
		for gap.End < len(f.Bytes) && f.Bytes[gap.End] == ' ' {
			gap.End++
		}
		finding.Fixes = []fixers.Fix{{
			Title: "Remove --link", Safety: fixers.Unsafe,
			Edits:   []fixers.Edit{{File: f, Span: gap}},
			Changes: fixers.Changes{fixdocker.Flags{"link"}},
		}}
		p.Report(grammar.Weaken(s.Dockerfile(), finding))
	}, "COPY", "ADD"),
}

// isID reports whether a user or group is given by number, or not at all.
func isID(name string) bool { return strings.Trim(name, "0123456789") == "" }
