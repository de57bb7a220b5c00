package dockerfile

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	parsed "github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/shells"
)

var cdInRun = &rules.Rule{
	ID:       "dockerfile/cd-in-run",
	Aliases:  []string{"DL3003"},
	Summary:  "a RUN changes its folder by cd, which does not last",
	Severity: rules.Info,
	Category: rules.Formatting,
	Since:    "0.1.0",
	Optional: true,
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/docs/reference.md: WORKDIR",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Image == nil || s.Exec || s.Onbuild != nil || s.Dockerfile().Foreign() {
			return
		}
		script := s.Script()
		if script == nil || script.Dialect.POSIX() && shells.MayBeWindows(s) {
			return
		}
		for _, c := range script.Commands {
			if c.Name != "cd" || len(c.Wrappers) > 0 || !script.Dialect.POSIX() && len(c.Words) < 2 {
				continue // cmd prints the folder then
			}
			finding := rules.Finding{
				File: s.Dockerfile().Source, Span: c.Span,
				Message: "this cd ends with the RUN; WORKDIR sets the folder for what follows, too",
			}
			if fix, ok := workdirInstead(s); ok && c == script.Commands[0] {
				finding.Fixes = []fixers.Fix{fix}
			}
			p.Report(finding)
			return
		}
	}, "RUN"),
}

// workdirInstead returns the fix that writes a WORKDIR in the place of a cd at the front of a RUN, where the next
// instruction that could depend on the folder is another WORKDIR.
func workdirInstead(s *image.Step) (fixers.Fix, bool) {
	script := s.Script()
	_, base, ok := s.ShellView()
	if !ok || script.Problem != nil || len(script.Commands) < 2 || !script.Dialect.POSIX() {
		return fixers.Fix{}, false
	}
	c := script.Commands[0]
	if len(c.Words) != 2 || !c.Words[1].Known || !strings.HasPrefix(c.Words[1].Text, "/") ||
		strings.ContainsAny(c.Words[1].Text, "$\"'\\ #") || len(c.Redirs) > 0 || c.Subshell || c.Span.Start != base {
		return fixers.Fix{}, false
	}
	next := script.Commands[1]
	f := s.Dockerfile().Source
	gap := source.Span{Start: c.Span.End, End: next.Span.Start}
	if next.Joined != "&&" || next.Statement != c.Statement || strings.TrimSpace(f.Text(gap)) != "&&" ||
		!workdirFollows(s) {
		return fixers.Fix{}, false
	}
	edits := fixdocker.InsertBefore(s.Dockerfile().File, s.Instruction, "WORKDIR "+c.Words[1].Text)
	return fixers.Fix{
		Title:  "Write WORKDIR, which also makes the folder where it is missing",
		Safety: fixers.Unsafe,
		Edits: append(edits, fixers.Edit{
			File: f, Span: source.Span{Start: c.Span.Start, End: next.Span.Start},
		}),
		Changes: fixers.Changes{
			fixdocker.NewInstructions{"WORKDIR"}, fixdocker.Commands{Removed: []string{f.Text(c.Span)}},
		},
	}, true
}

// workdirFollows reports whether a WORKDIR with an absolute path comes before anything that could depend on the folder.
func workdirFollows(s *image.Step) bool {
	list := s.Image.Stage.Instructions
	at := slices.Index(list, s.Instruction)
	n := slices.IndexFunc(list[at+1:], func(i *parsed.Instruction) bool {
		return !slices.Contains([]string{"ENV", "ARG", "LABEL", "EXPOSE", "USER", "STOPSIGNAL", "SHELL"}, i.Name)
	})
	if n < 0 {
		return false
	}
	next := list[at+1+n]
	return next.Name == "WORKDIR" && len(next.Words) == 1 && strings.HasPrefix(next.Words[0].Text, "/")
}
