package dockerfile

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var wgetWithoutProgress = &rules.Rule{
	ID:       "dockerfile/wget-without-progress",
	Aliases:  []string{"DL3047"},
	Summary:  "wget fills the build log with its progress",
	Severity: rules.Info,
	Category: rules.Formatting,
	Since:    "0.1.0",
	Optional: true,
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"GNU Wget manual: Logging and Input File Options, Download Options (--progress)",
	},
	Check: rules.OnCommand(func(p *rules.Pass, c *image.Command) {
		if !managers.Judged(c) || c.Uncalled || isQuiet(c) {
			return
		}
		finding := rules.Finding{
			File: c.File, Span: c.Words[0].Span,
			Message: "wget prints a line of progress for every 50 KB, in which the messages of the build log get lost",
		}
		option, safety, title := "-q", fixers.Unsafe, "Add -q, which also hides errors"
		if base := c.Step.Image.Root().Base; base != nil && (base.Shell == "dash" || base.Shell == "bash") {
			option, safety, title = "-nv", fixers.Safe, "Add -nv"
		}
		if edits, ok := managers.AddWords(c, c.Words[0], option); ok {
			finding.Fixes = []fixers.Fix{{
				Title: title, Safety: safety, Edits: edits,
				Changes: fixers.Changes{fixdocker.Words{Added: []string{option}}},
			}}
		}
		p.Report(finding)
	}, "wget"),
}

// isQuiet reports whether a wget prints no progress to the build log, or may not.
func isQuiet(c *image.Command) bool {
	if len(c.Words) < 2 {
		return true
	}
	for _, r := range c.Redirs {
		if r.FD == 2 || strings.HasPrefix(r.Op, "&>") {
			return true
		}
	}
	return slices.ContainsFunc(c.Words[1:], func(w shell.Word) bool {
		text := w.Text
		if !w.Known && (len(w.Parts) == 0 || w.Parts[0].Opaque) && !strings.Contains(text, "://") {
			return !looksLikeAddress(text)
		}
		if strings.HasPrefix(text, "--") {
			name, _, _ := strings.Cut(text, "=")
			return slices.Contains([]string{
				"--quiet", "--no-verbose", "--output-file", "--append-output", "--progress", "--spider", "--version",
				"--help", "--background",
			}, name)
		}
		return strings.HasPrefix(text, "-") && quietLetters(text[1:])
	})
}

// looksLikeAddress reports whether a word that begins with a variable goes on as an address does.
func looksLikeAddress(word string) bool {
	_, rest, _ := strings.Cut(word, "}")
	return strings.Contains(word, "/") || strings.Contains(strings.ToUpper(word), "URL") || strings.HasPrefix(rest, ".")
}

// quietLetters reports whether the letters of short options make wget quiet.
func quietLetters(letters string) bool {
	const valued = "aoeiBtOTwQPUlADIRX"
	for n, l := range letters {
		switch {
		case strings.ContainsRune("qoabVh", l):
			return true
		case l == 'n':
			return strings.HasPrefix(letters[n+1:], "v") || strings.Contains(letters[n+1:], "q")
		case strings.ContainsRune(valued, l):
			return false // the rest is a value
		}
	}
	return false
}
