package dockerfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/packages"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var aptUpdateAlone = &rules.Rule{
	ID:       "dockerfile/apt-update-alone",
	Summary:  "a RUN installs packages with the lists that an earlier RUN fetched, which the build cache keeps",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Docker documentation, Building best practices: apt-get",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if managers.Foreign(d) {
			return
		}
		commands := d.Commands(aptPrograms...)
		if len(commands) == 0 {
			return
		}
		relying := managers.Relying(commands, []packages.Action{packages.Update}, aptInstalls)
		for _, s := range aptSteps(commands) {
			c := aptUpdate(s)
			if c == nil || s.Covered("/var/lib/apt/lists") {
				continue
			}
			if user := relying.After(s); user != nil {
				reportAlone(p, c, user)
			}
		}
	}),
}

var aptPrograms = []string{"apt-get", "apt", "aptitude"}

var aptInstalls = []packages.Action{packages.Install, packages.Upgrade, packages.ReleaseUpgrade}

// aptSteps returns the steps of commands, each once.
func aptSteps(commands []*image.Command) []*image.Step {
	var out []*image.Step
	for _, c := range commands {
		if managers.Judged(c) && (len(out) == 0 || out[len(out)-1] != c.Step) {
			out = append(out, c.Step)
		}
	}
	return out
}

// withoutLists are programs that do not need the lists of packages.
var withoutLists = []string{
	"", ":", "true", "echo", "printf", "set", "export", "cd", "rm", "mkdir", "touch", "ln", "cp", "mv",
	"chmod", "chown", "cat", "ls", "date", "sleep", "locale-gen", "sed", "useradd", "groupadd", "tar", "test", "[",
}

// aptUpdate returns the last update of a step, nil where the step uses or removes the lists after it, or may do so.
func aptUpdate(s *image.Step) *image.Command {
	var last *image.Command
	for _, c := range s.Commands() {
		u := c.Package()
		switch {
		case c.Calls || c.Uncalled:
		case u != nil && slices.Contains(aptPrograms, u.Manager.Name) && u.Action == packages.Update:
			if last = nil; managers.Judged(c) {
				last = c
			}
		case u != nil && (u.Action == packages.Clean || u.Action == packages.Remove),
			u != nil && !slices.Contains(aptPrograms, u.Manager.Name):
		case !slices.Contains(withoutLists, c.Name):
			last = nil
		case c.Name == "rm" && slices.ContainsFunc(c.Words, func(w shell.Word) bool {
			return strings.Contains(w.Text, "/apt") || !w.Known
		}):
			last = nil
		}
	}
	return last
}

func reportAlone(p *rules.Pass, c, user *image.Command) {
	f := rules.Finding{
		File: c.File, Span: managers.Place(c),
		Message: fmt.Sprintf("%q has a layer of its own, which the build cache keeps when %q changes; "+
			"then packages that were replaced meanwhile are not found", managers.Named(c), managers.Named(user)),
		Related: []rules.Related{{File: user.File, Span: managers.Place(user), Message: "uses the lists"}},
	}
	if fix, ok := joinRuns(c, user); ok {
		f.Fixes = []fixers.Fix{fix}
	}
	p.Report(f)
}

// joinRuns returns the fix that makes one RUN of the one of c and that of user, where user's is the next instruction.
func joinRuns(c, user *image.Command) (fixers.Fix, bool) {
	s, next := c.Step, user.Step
	f := s.Dockerfile().Source
	if next.Image != s.Image || next.Index != s.Index+1 || s.Onbuild != nil || next.Onbuild != nil ||
		!isChain(s) || !isChain(next) || f != c.File {
		return fixers.Fix{}, false
	}
	end, start := s.Script().Commands[0].Statement.End, next.Args.Start
	between := f.Text(source.Span{Start: end, End: start})
	if strings.TrimSpace(strings.Replace(between, f.Text(next.Keyword), "", 1)) != "" {
		return fixers.Fix{}, false
	}
	eol := "\n"
	if strings.Contains(between, "\r\n") {
		eol = "\r\n"
	}
	return fixers.Fix{
		Title: "Join it with the next RUN, in one layer", Safety: fixers.Unsafe,
		Edits: []fixers.Edit{{
			File: f, Span: source.Span{Start: end, End: start},
			Text: " && " + string(s.Dockerfile().Escape) + eol + "    ",
		}},
		Changes: fixers.Changes{fixdocker.Instructions{}},
	}, true
}

// isChain reports whether a RUN in shell form, without flags and heredocs, is one list of commands that && joins.
func isChain(s *image.Step) bool {
	if s.Exec || len(s.Heredocs) > 0 || len(s.Instruction.Flags) > 0 || len(s.Script().Commands) == 0 {
		return false
	}
	all := s.Script().Commands
	return !slices.ContainsFunc(all, func(c *shell.Command) bool {
		return c.Statement != all[0].Statement || c.Joined == ";" || c.Joined == "||" || c.Joined == "&" || c.Background
	})
}
