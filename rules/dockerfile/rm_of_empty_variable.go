package dockerfile

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var rmOfEmptyVariable = &rules.Rule{
	ID:       "dockerfile/rm-of-empty-variable",
	Aliases:  []string{"SC2115"},
	Summary:  "rm -r removes a folder of the system where a variable is empty",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"POSIX.1-2024, Shell Command Language, 2.6.2 Parameter Expansion: ${parameter:?word}",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		m := mentions{}
		for _, c := range d.Commands("rm") {
			s := c.Step
			if s.Name != "RUN" || s.Image == nil || s.Onbuild != nil || !c.Script.Dialect.POSIX() || c.Uncalled ||
				s.Exec || d.Foreign() || !rmRecursive(c) {
				continue
			}
			for _, w := range c.Words[1:] {
				match := variablePath().FindStringSubmatch(c.File.Text(w.Span))
				if match == nil || !isSystemFolder(match[2]+match[3]) || !m.maybeEmpty(c, match[1]) {
					continue
				}
				p.Report(rules.Finding{
					File: c.File, Span: w.Span,
					Message: fmt.Sprintf("this removes %s where %s is empty; ${%[2]s:?} stops the build then",
						match[2]+match[3], match[1]),
				})
			}
		}
	}),
}

// variablePath matches a word that is a variable with a path behind it.
var variablePath = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^"?\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?"?(/[^"'$]*)"?(\*?)$`)
})

// rmRecursive reports whether an rm removes folders.
func rmRecursive(c *image.Command) bool {
	return slices.ContainsFunc(c.Words[1:], func(w shell.Word) bool {
		return w.Text == "--recursive" || len(w.Text) > 1 && w.Text[0] == '-' && w.Text[1] != '-' &&
			strings.ContainsAny(w.Text, "rR")
	})
}

// isSystemFolder reports whether a path is the root, or a folder that a system does not work without.
func isSystemFolder(p string) bool {
	p = path.Clean(strings.TrimSuffix(p, "*"))
	switch p {
	case "/", "/bin", "/dev", "/etc", "/home", "/lib", "/lib64", "/opt", "/root", "/run", "/sbin", "/srv", "/usr",
		"/var", "/usr/bin", "/usr/lib", "/usr/local", "/usr/local/bin", "/usr/local/lib", "/usr/sbin", "/usr/share",
		"/var/lib":
		return true
	}
	return false
}

// mentions holds for files the variables to which they may give a value in a way that the model does not follow.
type mentions map[*source.File]map[string]bool

// giver matches what may give variables a value: an assignment, or the rest of a command such as "for" and "read".
var giver = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*=|(?:for|read|export|declare|local|readonly|getopts) [^\n;]*`)
})

var wordInText = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[A-Za-z0-9_]+`) })

// given reports whether a file may give a variable a value in a way that the model does not follow.
func (m mentions) given(f *source.File, name string) bool {
	names, known := m[f]
	if !known {
		names = map[string]bool{}
		for _, text := range giver().FindAllString(string(f.Bytes), -1) {
			for _, word := range wordInText().FindAllString(text, -1) {
				names[word] = true
			}
		}
		m[f] = names
	}
	return names[name]
}

// maybeEmpty reports whether a variable may be empty when a command runs, as far as the files show.
// What the base image sets is not known, so a variable that nothing else sets counts only where the base image is that
// of a distribution.
func (m mentions) maybeEmpty(c *image.Command, name string) bool {
	own := c.Assigned(name)
	switch {
	case own.Set && own.Value.Value.Known:
		return own.Value.Value.Text == "" && !own.Maybe
	case own.Set:
		text := c.File.Text(own.Value.Value.Span)
		return strings.Contains(text, "$(") && !strings.Contains(text, "mktemp") && !strings.Contains(text, "pwd") ||
			strings.Contains(text, "`")
	}
	if v, ok := c.Step.Lookup(name); ok {
		return v.Known && v.Text == "" || !v.Known && v.From != nil && v.From.Name == "ARG"
	}
	switch name {
	case "HOME", "PWD", "PATH", "OLDPWD":
		return false
	}
	return c.InDockerfile() && c.Step.Image.Root().Base != nil && !m.given(c.File, name)
}
