package dockerfile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var useraddWithoutNoLogInit = &rules.Rule{
	ID:       "dockerfile/useradd-without-no-log-init",
	Aliases:  []string{"DL3046"},
	Summary:  "useradd with a high user id makes sparse log files that layers store in full",
	Severity: rules.Warning,
	Category: rules.Performance,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"Docker documentation, Building best practices: USER",
		"golang/go#13548: archive/tar stores sparse files in full",
		"useradd(8): --no-log-init",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		var step *image.Step
		var cleaned int // where the step last touches the log files
		for _, c := range d.Commands("useradd") {
			if !managers.Judged(c) || c.Uncalled {
				continue
			}
			id, word, ok := userID(c.Words[1:])
			if !ok || id < highID {
				continue
			}
			if step != c.Step {
				step, cleaned = c.Step, lastCleaning(c.Step)
			}
			if cleaned > c.Span.Start {
				continue
			}
			finding := rules.Finding{
				File: c.File, Span: word.Span,
				Message: fmt.Sprintf("without --no-log-init, the user id %d makes a /var/log/lastlog of %d MB, "+
					"which a layer stores in full", id, id*lastlogRecord/1_000_000),
			}
			if edits, ok := managers.AddWords(c, c.Words[0], "-l"); ok {
				finding.Fixes = []fixers.Fix{{
					Title: "Add -l", Safety: fixers.Safe, Edits: edits,
					Changes: fixers.Changes{fixdocker.Words{Added: []string{"-l"}}},
				}}
			}
			p.Report(finding)
		}
	}),
}

const (
	// highID is the user id from which the files are worth a finding.
	highID = 100_000
	// lastlogRecord is the size of a record of /var/log/lastlog, in bytes; the user id is the index.
	lastlogRecord = 292
)

// userID returns the user id that the arguments of useradd give, with its word. It is false where there is none or it
// is not known, and with --no-log-init.
func userID(args []shell.Word) (id int, word shell.Word, ok bool) {
	const valued = "bcdefgGkKpRPsuZ"
	longValued := []string{
		"--base-dir", "--comment", "--home-dir", "--expiredate", "--inactive", "--gid", "--groups", "--skel",
		"--key", "--password", "--root", "--prefix", "--shell", "--uid", "--selinux-user",
	}
	take := func(w shell.Word, text string) {
		n, err := strconv.Atoi(text)
		id, word, ok = n, w, err == nil && w.Known
	}
	for n := 0; n < len(args); n++ {
		w := args[n]
		text := w.Text
		switch {
		case !w.Known && !strings.HasPrefix(text, "-"):
			if len(w.Parts) == 0 || w.Parts[0].Opaque {
				return 0, shell.Word{}, false // it may hold options
			}
		case text == "--no-log-init":
			return 0, shell.Word{}, false
		case strings.HasPrefix(text, "--"):
			name, value, has := strings.Cut(text, "=")
			if !has && slices.Contains(longValued, name) && n+1 < len(args) {
				n++
				value = args[n].Text
				w = args[n]
			}
			if name == "--uid" {
				take(w, value)
			}
		case strings.HasPrefix(text, "-"):
			for i := 1; i < len(text); i++ {
				if text[i] == 'l' {
					return 0, shell.Word{}, false
				}
				if !strings.ContainsRune(valued, rune(text[i])) {
					continue
				}
				value := text[i+1:]
				if value == "" && n+1 < len(args) {
					n++
					value, w = args[n].Text, args[n]
				}
				if text[i] == 'u' {
					take(w, value)
				}
				break
			}
		}
	}
	return id, word, ok
}

// lastCleaning returns where the last command of a step begins that empties the log files, -1 without one.
func lastCleaning(s *image.Step) int {
	out := -1
	for _, c := range s.Commands() {
		switch c.Name {
		case "rm", "truncate", "ln", ":", "":
			if c.InDockerfile() && strings.Contains(c.File.Text(c.Span), "lastlog") {
				out = max(out, c.Span.Start)
			}
		}
	}
	return out
}
