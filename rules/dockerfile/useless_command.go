package dockerfile

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"

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
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		var around neighbours
		for _, c := range d.Commands(uselessPrograms()...) {
			if !managers.Judged(c) || c.Uncalled || c.Function != "" {
				continue
			}
			if around.step != c.Step {
				around = neighboursIn(c.Step)
			}
			if around.purpose(c) {
				continue
			}
			p.Report(rules.Finding{
				File: c.File, Span: c.Words[0].Span,
				Message: fmt.Sprintf("%s has nothing to do in a build: %s", c.Name, useless[c.Name]),
			})
		}
	}),
}

var uselessPrograms = sync.OnceValue(func() []string { return slices.Sorted(maps.Keys(useless)) })

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

// neighbours are the commands of a step that may need what a service does: where the first one begins, and the last.
type neighbours struct {
	step        *image.Step
	first, last int
}

func neighboursIn(s *image.Step) neighbours {
	out := neighbours{step: s, first: math.MaxInt, last: -1}
	for _, c := range s.Commands() {
		if !slices.Contains(idle, c.Name) {
			out.first, out.last = min(out.first, c.Span.Start), max(out.last, c.Span.Start)
		}
	}
	return out
}

// purpose reports whether a program may have a purpose where it stands.
func (x *neighbours) purpose(c *image.Command) bool {
	has := func(match func(string) bool) bool {
		return slices.ContainsFunc(c.Words[1:], func(w shell.Word) bool { return match(w.Text) })
	}
	before, after := x.first < c.Span.Start, x.last > c.Span.Start
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
		return has(func(w string) bool { return strings.HasPrefix(w, "-") }) || after || stops && before
	case "kill":
		return before
	case "ps", "free", "top":
		return c.PipesTo != nil || c.Parent != nil || c.Ignored || len(c.Redirs) > 0
	case "mount":
		security, ok := c.Step.Flag("security")
		return ok && security.Value != "sandbox" || c.PipesTo != nil || c.Ignored || len(c.Words) < 2
	}
	return false
}
