package dockerfile

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/packages"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var lostAnd = &rules.Rule{
	ID:       "dockerfile/lost-and",
	Summary:  "a command on a line of its own is an argument of the one above it",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Dockerfile reference: a backslash at the end of a line joins it with the next one",
		"POSIX.1-2024, Shell Command Language, 2.9.1 Simple Commands",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		for _, c := range d.Commands(outerPrograms()...) {
			if managers.Judged(c) && !c.Step.Exec && !runsArguments(c) {
				findLostAnd(p, c)
			}
		}
	}),
}

// outerPrograms are programs whose arguments are no commands.
var outerPrograms = sync.OnceValue(func() []string {
	return append(packages.Programs(), strings.Fields(`echo printf set export cd rm mkdir touch ln cp mv chmod chown sed
		tar unzip gunzip curl wget git make cmake configure ldconfig useradd groupadd usermod adduser addgroup dpkg gpg
		apt-key add-apt-repository update-ca-certificates locale-gen sleep cat`)...)
})

// findLostAnd reports the commands that became arguments of another one.
func findLostAnd(p *rules.Pass, c *image.Command) {
	var lost []int
	for n := 1; n+1 < len(c.Words); n++ {
		if beginsLine(c, n) && isCommand(c.Words[n:], len(lost) == 0 && installs(c)) {
			lost = append(lost, n)
		}
	}
	if len(lost) == 0 {
		return
	}
	first, next := c.Words[lost[0]], c.Words[lost[0]+1]
	f := rules.Finding{
		File: c.File, Span: source.Span{Start: first.Span.Start, End: next.Span.End},
		Message: fmt.Sprintf("%q is an argument of %q and does not run; \"&&\" seems to be missing before it",
			first.Text+" "+next.Text, c.Name),
	}
	redirected := slices.ContainsFunc(c.Redirs, func(r shell.Redir) bool { return r.Span.Start < first.Span.Start })
	if c.Quoting == source.Plain && c.Name != "export" && !redirected {
		fix := fixers.Fix{Safety: fixers.Unsafe, Changes: fixers.Changes{fixdocker.Separated{}}}
		var names []string
		for _, n := range lost {
			w := c.Words[n]
			names = append(names, w.Text)
			fix.Edits = append(fix.Edits, fixers.Edit{
				File: c.File, Span: source.Span{Start: w.Span.Start, End: w.Span.Start}, Text: "&& ",
			})
		}
		fix.Title = "Put && before " + fixers.Enumerate(names)
		f.Fixes = []fixers.Fix{fix}
	}
	p.Report(f)
}

// runsArguments reports whether a command may run its arguments, as `poetry run` does, or only keeps them.
func runsArguments(c *image.Command) bool {
	if u := c.Package(); u != nil && (u.Action == packages.Other || u.Action == packages.Run) {
		return true
	}
	return strings.HasPrefix(c.Name, "python") || c.Name == "set" && c.HasWord("--")
}

// installs reports whether a command installs packages that it names.
func installs(c *image.Command) bool {
	u := c.Package()
	return u != nil && u.Action == packages.Install
}

// beginsLine reports whether a word is the first of a line, without quotes, and the next one is on the same line.
func beginsLine(c *image.Command, n int) bool {
	w, before, next := c.Words[n], c.Words[n-1].Span, c.Words[n+1].Span
	f := c.File
	return before.End < w.Span.Start && w.Span.End < next.Start && f.Text(w.Span) == w.Text &&
		strings.Contains(f.Text(source.Span{Start: before.End, End: w.Span.Start}), "\n") &&
		!strings.Contains(f.Text(source.Span{Start: w.Span.End, End: next.Start}), "\n")
}

// forms are what follows a program where it is called, as the beginning of the next word. Lists of packages, with
// options of the package manager among them, do not look so.
var forms = map[string][]string{
	"rm": {"-r", "-f", "-R"}, "mkdir": {"-p"}, "cd": {"/", "$", ".", "~"}, "ln": {"-s"},
	"cp": {"-r", "-a", "-R", "/"},
	"mv": {"/"}, "chmod": {"0", "2", "4", "6", "7", "+", "-R", "a+", "u+", "g+", "u=", "a="},
	"chown": {"-R", "root:"}, "sed": {"-i", "-e", "-r", "-E"}, "tar": {"-x", "-zx", "xf", "xzf", "xvf", "xvzf", "zxf"},
	"curl": {"-fs", "-sS", "-sL", "-sf", "-L", "-O", "https://", "http://"},
	"wget": {"-O", "-qO", "-nv", "https://", "http://"}, "git": {"clone", "checkout"},
	"make": {"install", "-j", "-C", "all"}, "useradd": {"-"}, "groupadd": {"-"}, "set": {"-e", "-x", "-u", "-o"},
	"dpkg": {"-i"},
}

// isCommand reports whether words are a command line. strict says that they stand among the names of packages.
func isCommand(words []shell.Word, strict bool) bool {
	name := words[0].Text
	if u := packages.Read(&shell.Command{Name: name, Words: words}); u != nil {
		if len(u.Verb) == 0 || u.Action == packages.Other || u.Action == packages.Run {
			return false
		}
		return u.Verb[0].Span == words[1].Span || !strict && strings.HasPrefix(words[1].Text, "-")
	}
	return slices.ContainsFunc(forms[name], func(form string) bool { return strings.HasPrefix(words[1].Text, form) })
}
