package dockerfile

import (
	"fmt"
	"path"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	parsed "github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/shells"
)

var pipefailUnsupported = &rules.Rule{
	ID:       "dockerfile/pipefail-unsupported",
	Summary:  "the shell of the base image does not have the option pipefail, so it stops before the first command",
	Severity: rules.Error,
	Category: rules.Portability,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"dash 0.5.12-2 of Debian 12 and 0.5.12-6ubuntu5 of Ubuntu 24.04: `Illegal option -o pipefail`, status 2",
		"dash 0.5.12-12 of Debian 13 and 0.5.12-12ubuntu1 of Ubuntu 25.04 have the option",
	},
	Check: rules.Joined("an instruction", rules.OnStep(shellWithPipefail, "SHELL"), rules.OnImage(setPipefail)),
}

// shellWithPipefail checks the options of a SHELL.
func shellWithPipefail(p *rules.Pass, s *image.Step) {
	if s.Image == nil || s.Onbuild != nil || s.Broken || s.Dockerfile().Foreign() {
		return
	}
	n := slices.IndexFunc(s.Words, func(w parsed.Word) bool { return w.Text == "pipefail" })
	if n < 1 || path.Base(s.Words[0].Text) != "sh" && path.Base(s.Words[0].Text) != "dash" {
		return
	}
	at := slices.Index(s.Image.Stage.Instructions, s.Instruction)
	for _, i := range s.Image.Stage.Instructions[at+1:] {
		if i.Name == "SHELL" {
			return
		}
		if (i.Name == "RUN" || i.Name == "CMD" || i.Name == "ENTRYPOINT") && !i.Exec {
			// the shell of the step after a SHELL is that of the SHELL
			sh := shells.Of(stepOf(s.Image, i))
			if sh.Program != "dash" || sh.Pipefail != shells.No {
				return
			}
			f := s.Dockerfile().Source
			finding := rules.Finding{
				File: f, Span: s.Words[n].Span,
				Message: fmt.Sprintf("%s is dash in %s and has no option pipefail, so every RUN below stops with "+
					`"Illegal option -o pipefail"`, s.Words[0].Text, s.Image.Root().Stage.Image),
			}
			if bash := shells.Bash(s); bash != "" && f.Text(s.Words[0].Span) == `"`+s.Words[0].Text+`"` {
				finding.Fixes = []fixers.Fix{{
					Title: "Use " + bash, Safety: fixers.Unsafe,
					Edits: []fixers.Edit{{File: f, Span: s.Words[0].Span, Text: `"` + bash + `"`}},
					Changes: fixers.Changes{
						fixdocker.Words{Removed: []string{s.Words[0].Text}, Added: []string{bash}},
					},
				}}
			}
			p.Report(finding)
			return
		}
	}
}

// setPipefail checks the command set in the steps of a stage.
func setPipefail(p *rules.Pass, img *image.Image) {
	if img.Dockerfile.Foreign() {
		return
	}
	var first *image.Step // where a SHELL would go
	for _, s := range img.Steps() {
		if s.Name != "RUN" || s.Onbuild != nil || s.Exec {
			continue
		}
		c := unguardedSet(s)
		if c == nil {
			continue
		}
		sh := shells.Of(s)
		if sh.Program != "dash" || sh.Pipefail != shells.No {
			continue
		}
		if first == nil {
			first = s
		}
		n := slices.IndexFunc(c.Words, func(w shell.Word) bool { return w.Text == "pipefail" })
		finding := rules.Finding{
			File: c.File, Span: c.Words[n].Span,
			Message: fmt.Sprintf("the shell of %s is dash and has no option pipefail, so it stops here with "+
				`"Illegal option -o pipefail"`, img.Root().Stage.Image),
		}
		if bash := shells.Bash(s); bash != "" && !sh.Given && hasRun(s) {
			finding.Fixes = []fixers.Fix{{
				Title: fmt.Sprintf("Run this and what follows in the stage with %s", bash), Safety: fixers.Unsafe,
				Edits: fixdocker.InsertBefore(s.Dockerfile().File, first.Instruction,
					fmt.Sprintf(`SHELL [%q, "-c"]`, bash)),
				Changes: fixers.Changes{fixdocker.NewInstructions{"SHELL"}},
			}}
		}
		p.Report(finding)
	}
}

// unguardedSet returns the first command of a step that switches pipefail on in the shell of the step, nil without one,
// or where another one tries it out first.
func unguardedSet(s *image.Step) *image.Command {
	for _, c := range s.Commands() {
		if !c.InDockerfile() || !c.Script.Dialect.POSIX() || !shells.Sets(c, "pipefail") {
			continue
		}
		if c.Maybe || c.Subshell || c.Parent != nil || len(c.Wrappers) > 0 {
			return nil
		}
		return c
	}
	return nil
}

// stepOf returns the step of an instruction of a stage.
func stepOf(img *image.Image, i *parsed.Instruction) *image.Step {
	for _, s := range img.Steps() {
		if s.Instruction == i {
			return s
		}
	}
	return nil
}
