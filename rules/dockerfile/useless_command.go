package dockerfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var uselessCommand = &rules.Rule{
	ID:       "dockerfile/useless-command",
	Aliases:  []string{"DL3001"},
	Summary:  "a RUN starts a program that has nothing to do in a build",
	Severity: rules.Info,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"Dockerfile reference: RUN, each instruction runs in a container of its own that ends with it",
	},
	Check: rules.OnCommand(func(p *rules.Pass, c *image.Command) {
		if !managers.Judged(c) || c.Uncalled || c.Function != "" || hasPurpose(c) {
			return
		}
		p.Report(rules.Finding{
			File: c.File, Span: c.Words[0].Span,
			Message: fmt.Sprintf("%s has nothing to do in a build: %s", c.Name, useless[c.Name]),
		})
	}, "ssh", "vim", "shutdown", "reboot", "halt", "poweroff", "service", "ps", "free", "top", "kill", "mount"),
}

// useless says why a program has nothing to do in a build.
var useless = map[string]string{
	"ssh":      "it needs a key and a machine, which the next build may not have",
	"vim":      "it waits for a person at a terminal",
	"shutdown": "there is no machine to stop",
	"reboot":   "there is no machine to start again",
	"halt":     "there is no machine to stop",
	"poweroff": "there is no machine to stop",
	"service":  "what it starts ends with this RUN",
	"ps":       "it shows the processes of this RUN, which are its own",
	"free":     "it shows the memory of the machine that builds",
	"top":      "it shows the processes of this RUN, which are its own",
	"kill":     "no process of an earlier instruction is running any more",
	"mount":    "a build has no right to mount, and a mount would be gone after this RUN",
}

// idle are programs that need no service.
var idle = []string{"echo", "sleep", "true", ":", "exit", "rm", "service"}

// hasPurpose reports whether a program may have a purpose where it stands.
func hasPurpose(c *image.Command) bool {
	has := func(match func(string) bool) bool {
		return slices.ContainsFunc(c.Words[1:], func(w shell.Word) bool { return match(w.Text) })
	}
	// others reports whether another command of the RUN stands before this one, or after it.
	others := func(after bool) bool {
		return slices.ContainsFunc(c.Step.Commands(), func(o *image.Command) bool {
			return o.Span != c.Span && (o.Span.Start > c.Span.Start) == after && !slices.Contains(idle, o.Name)
		})
	}
	switch c.Name {
	case "ssh":
		for m := range c.Step.Mounts() {
			if m.Type == "ssh" || m.Type == "secret" {
				return true
			}
		}
		return has(func(w string) bool { return w == "-V" || strings.Contains(w, "localhost") })
	case "vim":
		return has(func(w string) bool {
			return strings.HasPrefix(w, "+") || strings.HasPrefix(w, "-") && w != "-"
		})
	case "service":
		stops := has(func(w string) bool { return w == "stop" })
		return has(func(w string) bool { return strings.HasPrefix(w, "-") }) || others(true) || stops && others(false)
	case "kill":
		return others(false)
	case "ps", "free", "top":
		return c.PipesTo != nil || c.Parent != nil || c.Ignored || len(c.Redirs) > 0
	case "mount":
		security, ok := c.Step.Flag("security")
		return ok && security.Value != "sandbox" || c.PipesTo != nil || c.Ignored || len(c.Words) < 2
	}
	return false
}
