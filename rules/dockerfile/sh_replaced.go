package dockerfile

import (
	"fmt"
	"path"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/shells"
)

var shReplaced = &rules.Rule{
	ID:       "dockerfile/sh-replaced",
	Aliases:  []string{"DL4005"},
	Summary:  "/bin/sh is replaced by another shell, for every program of the image",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Debian bug 690324 and others: /bin/sh as a link that the package dash owns and restores when it is upgraded",
		"BuildKit v0.34.2, frontend/dockerfile/docs/reference.md: SHELL",
	},
	Check: rules.OnCommand(func(p *rules.Pass, c *image.Command) {
		s := c.Step
		if s.Name != "RUN" || s.Image == nil || s.Onbuild != nil || !c.ReplacesShell() || len(c.Words) < 3 ||
			s.Dockerfile().Foreign() {
			return
		}
		by := c.Words[len(c.Words)-2]
		program := path.Base(by.Text)
		if !by.Known || program == "dash" || program == "busybox" || program == "sh" || program[0] == '-' {
			return // restores what the distribution has
		}
		finding := rules.Finding{
			File: c.File, Span: source.Span{Start: c.Words[0].Span.Start, End: c.Words[len(c.Words)-1].Span.End},
			Message: fmt.Sprintf("every script of the image that begins with #!/bin/sh runs in %s from here on, until "+
				"a package update restores the link", program),
		}
		if fix, ok := shellInstead(c, program); ok {
			finding.Fixes = []fixers.Fix{fix}
		}
		p.Report(finding)
	}, "ln", "mv", "cp"),
}

// shellInstead returns the fix that writes a SHELL in the place of a RUN that does nothing but replace /bin/sh.
func shellInstead(c *image.Command, program string) (fixers.Fix, bool) {
	s := c.Step
	script := s.Script()
	if program != "bash" || !c.InDockerfile() || script.Problem != nil || len(s.Heredocs) > 0 || s.Exec ||
		shells.Of(s).Given {
		return fixers.Fix{}, false
	}
	for _, other := range script.Commands {
		removes := (other.Name == "rm" || other.Name == "unlink") &&
			other.Words[len(other.Words)-1].Text == c.Words[len(c.Words)-1].Text
		if other != c.Command && !removes {
			return fixers.Fix{}, false
		}
	}
	f := s.Dockerfile().Source
	return fixers.Fix{
		Title:  "Use SHELL, for what follows in the stage",
		Safety: fixers.Unsafe,
		Edits: []fixers.Edit{{
			File: f, Span: source.Span{Start: s.Span.Start, End: s.Span.End}, Text: `SHELL ["/bin/bash", "-c"]`,
		}},
		Changes: fixers.Changes{fixdocker.NewInstructions{"SHELL"}, fixdocker.RemovedInstructions{"RUN"}},
	}, true
}
