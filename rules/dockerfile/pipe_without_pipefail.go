package dockerfile

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/shells"
)

var pipeWithoutPipefail = &rules.Rule{
	ID:       "dockerfile/pipe-without-pipefail",
	Aliases:  []string{"DL4006"},
	Summary:  "a command on the left of a pipe can fail without the build noticing",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"POSIX.1-2024, Shell Command Language, 2.9.2 Pipelines, and the option pipefail of set",
	},
	Check: rules.OnImage(func(p *rules.Pass, img *image.Image) {
		if img.Dockerfile.Foreign() {
			return
		}
		var first *image.Step // where a SHELL would go
		for _, s := range img.Steps() {
			if s.Name != "RUN" || s.Exec || s.Onbuild != nil && !s.Deferred || shells.MayBeWindows(s) {
				continue
			}
			if script := s.Script(); script == nil || !script.Dialect.POSIX() {
				continue
			}
			c, sh := lostFailure(s)
			if c == nil {
				continue
			}
			if first == nil && !sh.Given && s.Onbuild == nil {
				first = s
			}
			p.Report(rules.Finding{
				File: c.File, Span: c.Words[0].Span,
				Message: fmt.Sprintf("the build goes on where %q fails, since the status of a pipe without pipefail "+
					"is that of its last command", c.Words[0].Text),
				Fixes: pipefailFix(s, first, sh),
			})
		}
	}),
}

// lostFailure returns the first command of a step whose failure a pipe hides, nil without one, and the shell.
func lostFailure(s *image.Step) (*image.Command, shells.Shell) {
	var sh *shells.Shell // made when it is needed
	for _, c := range s.Commands() {
		if !losesFailure(c) {
			continue
		}
		if sh == nil {
			of := shells.Of(s)
			sh = &of
		}
		if !shells.Switched(c, *sh, "pipefail") {
			return c, *sh
		}
	}
	return nil, shells.Shell{}
}

// cannotFail are programs that write text and do nothing that fails.
var cannotFail = []string{"echo", "printf", "yes", "true", ":", "false", "seq"}

// losesFailure reports whether a command stands on the left of a pipe, and its failure would matter.
func losesFailure(c *image.Command) bool {
	if c.PipesTo == nil || len(c.Words) == 0 || c.Ignored || !c.InDockerfile() || c.Uncalled ||
		slices.Contains(cannotFail, c.Name) {
		return false
	}
	if asksRight(c.PipesTo) || isSubstituted(c) {
		return false
	}
	for at := c.Parent; at != nil; at = at.Parent {
		switch at.Name {
		case "sh", "bash", "dash", "ash", "zsh", "ksh", "su", "sudo":
			return false // a shell of its own
		}
	}
	for _, w := range c.Wrappers {
		if strings.HasSuffix(w, " -c") {
			return false
		}
	}
	if c.Name == "cat" { // of a here-document or of the shell's own file system
		return !slices.ContainsFunc(c.Redirs, func(r shell.Redir) bool { return strings.HasPrefix(r.Op, "<<") })
	}
	return true
}

// asksRight reports whether a command on the right of a pipe fails where the left side writes nothing.
func asksRight(c *shell.Command) bool {
	has := func(letter string) bool {
		return slices.ContainsFunc(c.Words[1:], func(w shell.Word) bool {
			return len(w.Text) > 1 && w.Text[0] == '-' && w.Text[1] != '-' && strings.Contains(w.Text, letter)
		})
	}
	switch c.Name {
	case "grep", "egrep", "fgrep":
		return !has("v") && !has("c")
	case "md5sum", "sha1sum", "sha224sum", "sha256sum", "sha384sum", "sha512sum", "shasum":
		return has("c") || slices.ContainsFunc(c.Words, func(w shell.Word) bool { return w.Text == "--check" })
	}
	return false
}

// isSubstituted reports whether a command stands in a substitution that is a word of another command, or of a loop, so
// the status of the whole pipe is lost, too.
func isSubstituted(c *image.Command) bool {
	if c.Parent != nil && len(c.Parent.Words) > 0 {
		return true
	}
	first := c.Command
	for first.PipedFrom != nil {
		first = first.PipedFrom
	}
	before := bytes.TrimRight(c.File.Bytes[:first.Span.Start], " \t\r\n\\")
	return c.Parent == nil && (bytes.HasSuffix(before, []byte("$(")) || bytes.HasSuffix(before, []byte("`")))
}

// pipefailFix returns the fix for a step that writes a SHELL with pipefail before the first such step of the stage.
func pipefailFix(s, first *image.Step, sh shells.Shell) []fixers.Fix {
	program := ""
	switch {
	case sh.Given || s.Onbuild != nil || !hasRun(s) || stopsEarly(s):
	case sh.Program == "ash":
		program = "/bin/ash"
	default:
		program = shells.Bash(s)
	}
	if program == "" || first == nil {
		return nil
	}
	return []fixers.Fix{{
		Title:  fmt.Sprintf("Run this and what follows in the stage with %s -o pipefail", program),
		Safety: fixers.Unsafe,
		Edits: fixdocker.InsertBefore(s.Dockerfile().File, first.Instruction,
			fmt.Sprintf(`SHELL [%q, "-o", "pipefail", "-c"]`, program)),
		Changes: fixers.Changes{fixdocker.NewInstructions{"SHELL"}},
	}}
}

// stopsEarly reports whether a pipe of a step ends in a program that stops before it has read all, which makes the left
// side fail with a broken pipe.
func stopsEarly(s *image.Step) bool {
	return slices.ContainsFunc(s.Commands(), func(c *image.Command) bool {
		return c.PipedFrom != nil && (c.Name == "head" || c.Name == "sed" || c.Name == "awk" ||
			strings.HasSuffix(c.Name, "grep") || c.PipedFrom.Name == "yes")
	})
}

// hasRun reports whether the shell form of a step is a script that sandlint can read.
func hasRun(s *image.Step) bool {
	script := s.Script()
	return script != nil && script.Problem == nil && len(script.Commands) > 0
}
