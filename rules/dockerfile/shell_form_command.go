package dockerfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

var shellFormCommand = &rules.Rule{
	ID:       "dockerfile/shell-form-command",
	Aliases:  []string{"JSONArgsRecommended", "DL3025"},
	Summary:  "CMD or ENTRYPOINT is run by a shell, which does not pass signals on",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/convert.go: dispatchCmd, dispatchEntrypoint",
		"BuildKit v0.34.2, frontend/dockerfile/docs/reference.md: shell form ENTRYPOINT example",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Image == nil || s.Broken || s.Exec || s.Onbuild != nil || s.Dockerfile().Foreign() ||
			s.Shell() != nil {
			return
		}
		view, _, ok := s.ShellView()
		if !ok {
			return
		}
		text := strings.TrimSpace(string(view))
		if looksLikeArray(string(view)) {
			return // dockerfile/bad-json-form reports what is wrong with the array
		}
		if script := s.Script(); script != nil && script.Problem == nil && len(script.Commands) > 0 {
			last := script.Commands[len(script.Commands)-1]
			if len(last.Wrappers) > 0 && last.Wrappers[0] == "exec" && last.Parent == nil && !last.Maybe &&
				!last.Subshell && !last.Background && last.Function == "" && last.PipedFrom == nil {
				return // the program takes the place of the shell
			}
		}
		f := s.Dockerfile().Source
		finding := rules.Finding{
			File: f, Span: s.Keyword,
			Message: fmt.Sprintf("a shell runs this %s and may not pass signals on, so the program may be killed "+
				"without a chance to stop", s.Name),
		}
		if s.Name == "ENTRYPOINT" {
			finding.Message += "; the arguments of CMD and of docker run are lost"
		}
		if fix, ok := arrayFix(s, text); ok {
			finding.Fixes = []fixers.Fix{fix}
		}
		p.Report(finding)
	}, "CMD", "ENTRYPOINT"),
}

// shellOnly are commands that a shell runs itself, and for which there is no program or one that does something else.
var shellOnly = []string{
	".", ":", "alias", "bg", "break", "builtin", "cd", "command", "continue", "declare", "dirs", "eval", "exec", "exit",
	"export", "fc", "fg", "getopts", "hash", "history", "jobs", "let", "local", "logout", "popd", "pushd", "read",
	"readonly", "return", "set", "shift", "shopt", "source", "times", "trap", "type", "typeset", "ulimit", "umask",
	"unalias", "unset", "wait",
}

// arrayFix returns the fix that writes a command as an array, where a shell does nothing with it but start it.
func arrayFix(s *image.Step, text string) (fixers.Fix, bool) {
	script := s.Script()
	if mayBeWindows(s) || script == nil || script.Problem != nil || len(script.Commands) != 1 ||
		!isPlainShell(text) || strings.Contains(s.Dockerfile().Source.Text(s.Args), "#") { // comments would be lost
		return fixers.Fix{}, false
	}
	c := script.Commands[0]
	if len(c.Words) == 0 || len(c.Wrappers) > 0 || len(c.Assigns) > 0 || len(c.Redirs) > 0 ||
		slices.Contains(shellOnly, c.Words[0].Text) {
		return fixers.Fix{}, false
	}
	var words []string
	for _, w := range c.Words {
		var b bytes.Buffer
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		if !w.Known || encoder.Encode(w.Text) != nil {
			return fixers.Fix{}, false
		}
		words = append(words, strings.TrimSpace(b.String()))
	}
	f := s.Dockerfile().Source
	fix := fixers.Fix{
		Title: "Write an array", Safety: fixers.Safe,
		Edits:   []fixers.Edit{{File: f, Span: s.Args, Text: "[" + strings.Join(words, ", ") + "]"}},
		Changes: fixers.Changes{fixdocker.ExecForm{}},
	}
	switch {
	case s.Name == "ENTRYPOINT":
		fix.Safety = fixers.Unsafe
		fix.Title += "; the arguments of CMD and of docker run reach the program then"
	case s.Image.Root().Base == nil || hasEntrypoint(s.Image):
		fix.Safety = fixers.Unsafe
		fix.Title += "; an ENTRYPOINT gets the words instead of a shell"
	}
	return fix, true
}

// isPlainShell reports whether a shell expands nothing in a text, and reads none of it as an operator or a comment.
func isPlainShell(text string) bool {
	quote := byte(0)
	for n := 0; n < len(text); n++ {
		switch c := text[n]; {
		case quote != 0 && c == quote:
			quote = 0
		case quote == '\'':
		case c == '\\':
			n++
		case c == '$' || c == '`':
			return false
		case quote != 0:
		case c == '\'' || c == '"':
			quote = c
		case strings.IndexByte("*?[]{}~<>|&;()#!\n", c) >= 0:
			return false
		}
	}
	return quote == 0
}

// hasEntrypoint reports whether a stage, or one below it, sets an ENTRYPOINT.
func hasEntrypoint(img *image.Image) bool {
	for ; img != nil; img = img.Parent {
		for _, i := range img.Stage.Instructions {
			if i.Name == "ENTRYPOINT" || i.Trigger != nil && i.Trigger.Name == "ENTRYPOINT" {
				return true
			}
		}
	}
	return false
}
