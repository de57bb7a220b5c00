package dockerfile

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/shells"
)

var doubleEqualsInSh = &rules.Rule{
	ID:       "dockerfile/double-equals-in-sh",
	Aliases:  []string{"SC3014"},
	Summary:  "a test compares with ==, which dash does not know, so it is never true",
	Severity: rules.Error,
	Category: rules.Portability,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"POSIX.1-2024, test: the operator is =",
		"dash 0.5.12: `[: a: unexpected operator`, status 2",
	},
	Check: rules.OnCommand(func(p *rules.Pass, c *image.Command) {
		s := c.Step
		if s.Image == nil || s.Onbuild != nil || c.Script.Dialect != shell.Sh || len(c.Wrappers) > 0 ||
			c.Path != c.Name || // such as /usr/bin/[ of coreutils, which knows ==
			s.Dockerfile().Foreign() {
			return
		}
		if c.InDockerfile() && s.Exec || !c.InDockerfile() && !bytes.HasPrefix(c.File.Bytes, []byte("#!/bin/sh")) {
			return
		}
		for at := c.Parent; at != nil; at = at.Parent {
			if slices.Contains([]string{"bash", "zsh", "ksh", "su", "sudo", "busybox"}, at.Name) {
				return
			}
		}
		n := slices.IndexFunc(c.Words, func(w shell.Word) bool { return w.Text == "==" })
		if n < 2 { // the first operand may be the text "=="
			return
		}
		sh := shells.Of(s)
		if sh.Program != "dash" {
			return
		}
		word := c.Words[n].Span
		finding := rules.Finding{
			File: c.File, Span: word,
			Message: fmt.Sprintf(`/bin/sh of %s is dash, whose test does not know ==; it prints "unexpected operator" `+
				"and is never true", s.Image.Root().Stage.Image),
		}
		if sh.Inferred {
			finding.Severity = rules.Warning
			finding.Message = `/bin/sh is dash where there is apt-get, and its test does not know ==; it prints ` +
				`"unexpected operator" and is never true`
		}
		if c.InDockerfile() && c.File.Text(word) == "==" {
			finding.Fixes = []fixers.Fix{{
				Title: "Write =", Safety: fixers.Safe,
				Edits:   []fixers.Edit{{File: c.File, Span: word, Text: "="}},
				Changes: fixers.Changes{fixdocker.Words{Removed: []string{"=="}, Added: []string{"="}}},
			}}
		}
		p.Report(finding)
	}, "[", "test"),
}
