package dockerfile

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/shells"
)

var cdFailureIgnored = &rules.Rule{
	ID:       "dockerfile/cd-failure-ignored",
	Aliases:  []string{"SC2164"},
	Summary:  "commands after a cd run in another folder where the cd fails",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"POSIX.1-2024, cd: the working directory stays as it is when the folder cannot be entered",
	},
	Check: rules.OnCommand(func(p *rules.Pass, c *image.Command) {
		s := c.Step
		if s.Name != "RUN" || s.Image == nil || s.Onbuild != nil && !s.Deferred || c.Ignored || c.Uncalled ||
			len(c.Words) != 2 || !c.Script.Dialect.POSIX() || s.Dockerfile().Foreign() {
			return
		}
		if _, _, _, ok := s.HeredocScript(); ok && c.InDockerfile() && c.Parent == nil {
			return // heredoc-without-errexit reports the script
		}
		folder := c.Words[1]
		if folderExists(folder.Text) || !scriptGoesOn(c) || folderMade(c, folder.Text) ||
			shells.Switched(c, shells.Of(s), "errexit") ||
			startedWithErrexit(c) {
			return
		}
		p.Report(rules.Finding{
			File: c.File, Span: c.Span,
			Message: fmt.Sprintf("the commands after this run in the folder before it where %s is missing",
				folder.Text),
		})
	}, "cd"),
}

// folderExists reports whether a folder is in every image, or cannot be missing.
func folderExists(folder string) bool {
	switch strings.TrimSuffix(folder, "/") {
	case "", "-", ".", "..", "../..", "~", "$HOME", "/bin", "/etc", "/home", "/mnt", "/opt", "/root", "/srv", "/tmp",
		"/usr", "/usr/bin", "/usr/lib", "/usr/local", "/usr/local/bin", "/usr/local/lib", "/usr/src", "/var",
		"/var/tmp", "$OLDPWD":
		return true
	}
	return false
}

// scriptGoesOn reports whether the script goes on after a command of it, whether that succeeds or not.
func scriptGoesOn(c *image.Command) bool {
	n := slices.Index(c.Script.Commands, c.Command)
	for _, next := range c.Script.Commands[n+1:] {
		if next.Parent == c.Command {
			continue
		}
		return next.Joined == ";" && next.Parent == c.Parent && next.Function == c.Function &&
			(!c.Subshell || next.Subshell) && next.Name != "exit" && next.Name != "return"
	}
	return false
}

// folderMade reports whether the same script makes a folder, or copies into it, before a command enters it.
func folderMade(c *image.Command, folder string) bool {
	for _, other := range c.Script.Commands {
		if other == c.Command {
			break
		}
		switch other.Name {
		case "mkdir", "install", "git", "cd", "pushd", "mktemp", "cp", "mv":
			for _, w := range other.Words[1:] {
				if w.Text == folder || path.Clean(w.Text) == path.Clean(folder) {
					return true
				}
			}
		}
	}
	return false
}

// startedWithErrexit reports whether the script of the build context that a command stands in is started with the
// option errexit: by its first line, or by who calls it.
func startedWithErrexit(c *image.Command) bool {
	if c.InDockerfile() {
		return false
	}
	first, _, _ := bytes.Cut(c.File.Bytes, []byte("\n"))
	line := string(first)
	if strings.HasPrefix(line, "#!") && slices.Contains(shells.Options(strings.Fields(line)), "errexit") {
		return true
	}
	for _, caller := range c.Callers {
		var args []string
		for _, w := range caller.Words {
			args = append(args, w.Text)
		}
		if slices.Contains(shells.Options(args), "errexit") {
			return true
		}
	}
	return false
}
