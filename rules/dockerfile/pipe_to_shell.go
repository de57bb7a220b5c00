package dockerfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/rules"
)

var pipeToShell = &rules.Rule{
	ID:       "dockerfile/pipe-to-shell",
	Summary:  "a RUN downloads a script and runs it without looking at it",
	Severity: rules.Info,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"Codecov, Bash Uploader Security Update (2021): a changed script ran in the builds of its users for two months",
	},
	Check: rules.OnCommand(func(p *rules.Pass, c *image.Command) {
		if c.Step.Name != "RUN" || !c.InDockerfile() || c.Step.Dockerfile().Foreign() {
			return
		}
		runner, ok := runs(c)
		if !ok {
			return
		}
		finding := rules.Finding{
			File: c.File, Span: c.Words[0].Span,
			Message: fmt.Sprintf("%s gives what it downloads to %s without checking it, so the build runs whatever "+
				"the server sends that day", c.Name, runner),
		}
		for _, w := range c.Words[1:] {
			if rest, plain := strings.CutPrefix(w.Text, "http://"); plain && !isLocal(rest) {
				finding.Severity = rules.Warning
				finding.Message = fmt.Sprintf("%s gives what it downloads to %s, and over plain HTTP: anyone on the "+
					"network path can replace it", c.Name, runner)
			} else if isLocal(strings.TrimPrefix(rest, "https://")) || strings.HasPrefix(w.Text, "file:") {
				return
			}
		}
		p.Report(finding)
	}, "curl", "wget"),
}

// interpreters are programs that run what they read.
var interpreters = []string{
	"sh", "ash", "bash", "dash", "ksh", "zsh", "python", "python2", "python3", "perl", "ruby", "node", "php",
}

// runs returns the program that runs what a command downloads.
func runs(c *image.Command) (runner string, ok bool) {
	for next := c.PipesTo; next != nil; next = next.PipesTo {
		if !slices.Contains(interpreters, next.Name) {
			if slices.Contains([]string{"tee", "sed", "tr", "cat", "gunzip", "zcat", "gzip"}, next.Name) {
				continue
			}
			return "", false
		}
		return next.Name, readsInput(next)
	}
	parent := c.Parent
	if parent == nil {
		return "", false
	}
	before := strings.TrimRight(c.File.Text(c.Step.Span)[:max(0, c.Span.Start-c.Step.Span.Start)], " \t\"")
	substituted := strings.HasSuffix(before, "$(") || strings.HasSuffix(before, "<(") || strings.HasSuffix(before, "`")
	if !substituted || c.Span.Start < c.Step.Span.Start {
		return "", false
	}
	switch {
	case slices.Contains(interpreters, parent.Name):
		if strings.HasSuffix(before, "<(") {
			return parent.Name, true
		}
		return parent.Name, slices.ContainsFunc(parent.Words[1:], func(w shell.Word) bool {
			return w.Text == "-c" || w.Text == "-ec" || w.Text == "-e" || w.Text == "-xc"
		}) && len(parent.Words) > 2 && parent.Words[2].Span.Start < c.Span.Start
	case parent.Name == "eval", parent.Name == "source", parent.Name == ".":
		return parent.Name, true
	}
	return "", false
}

// code are the letters of options, by interpreter, with which it runs another text than its standard input.
var code = map[string]string{
	"python": "cm", "python2": "cm", "python3": "cm", "perl": "neE", "ruby": "ne", "node": "ep", "php": "rf",
}

// readsInput reports whether an interpreter runs its standard input: no argument is a script or the text of one.
func readsInput(c *shell.Command) bool {
	letters, ok := code[c.Name]
	if !ok {
		letters = "c" // of a shell
	}
	for _, w := range c.Words[1:] {
		switch {
		case w.Text == "-s", w.Text == "-", w.Text == "--", strings.HasPrefix(w.Text, "/dev/stdin"):
			return true
		case strings.HasPrefix(w.Text, "--"), w.Text == "pipefail":
		case !strings.HasPrefix(w.Text, "-"), strings.ContainsAny(w.Text[1:], letters):
			return false
		}
	}
	return true
}

// isLocal reports whether the rest of a URL names the machine itself.
func isLocal(host string) bool {
	return strings.HasPrefix(host, "localhost") || strings.HasPrefix(host, "127.0.0.1") ||
		strings.HasPrefix(host, "host.docker.internal")
}
