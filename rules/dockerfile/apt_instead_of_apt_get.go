package dockerfile

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var aptInsteadOfAptGet = &rules.Rule{
	ID:       "dockerfile/apt-instead-of-apt-get",
	Aliases:  []string{"DL3027"},
	Summary:  "apt is made for people at a terminal, and its behaviour may change between releases",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"apt(8): Script usage and differences from other apt tools",
	},
	Check: rules.OnCommand(func(p *rules.Pass, c *image.Command) {
		u := c.Package()
		if !managers.Judged(c) || c.Uncalled || u == nil {
			return
		}
		finding := rules.Finding{
			File: c.File, Span: c.Words[0].Span,
			Message: "apt is made for people at a terminal; its options and output may change with a release",
		}
		if written := c.File.Text(c.Words[0].Span); aptGetDoesTheSame(c) && (written == "apt" || written == `"apt"`) {
			finding.Fixes = []fixers.Fix{{
				Title: "Use apt-get", Safety: fixers.Safe,
				Edits: []fixers.Edit{{
					File: c.File, Span: c.Words[0].Span, Text: strings.Replace(written, "apt", "apt-get", 1),
				}},
				Changes: fixers.Changes{fixdocker.Words{Removed: []string{"apt"}, Added: []string{"apt-get"}}},
			}}
		}
		p.Report(finding)
	}, "apt"),
}

// aptGetCommands are the commands that apt-get has under the same name and that do the same there. "upgrade" is none:
// that of apt also installs new packages. Source: apt 2.6 and 3.0, cmdline/apt.cc and apt-get.cc.
var aptGetCommands = []string{
	"install", "reinstall", "remove", "purge", "autoremove", "autopurge", "update", "build-dep", "source", "download",
	"clean", "autoclean", "changelog",
}

// aptGetOptions are the options that both have.
var aptGetOptions = []string{
	"-y", "--yes", "--assume-yes", "--assume-no", "-q", "--quiet", "-f", "--fix-broken", "-m", "--fix-missing",
	"-t", "--target-release", "--default-release", "-o", "--option", "-c", "--config-file", "-V",
	"--verbose-versions", "--no-install-recommends", "--install-recommends", "--no-install-suggests",
	"--install-suggests", "--reinstall", "--purge", "--auto-remove", "--autoremove", "--allow-downgrades",
	"--allow-unauthenticated", "--allow-remove-essential", "--allow-change-held-packages",
	"--allow-releaseinfo-change", "--force-yes", "--no-upgrade", "--only-upgrade", "-d", "--download-only", "-s",
	"--simulate", "--dry-run", "-u", "--show-upgraded", "-b", "--build", "--compile", "--ignore-missing",
	"--ignore-hold", "--no-remove", "--no-download",
}

// aptGetDoesTheSame reports whether apt-get with the same words does what a command line of apt does.
func aptGetDoesTheSame(c *image.Command) bool {
	u := c.Package()
	if u.Opaque || len(u.Verb) != 1 || !slices.Contains(aptGetCommands, u.Verb[0].Text) || c.Quoting != source.Plain {
		return false
	}
	for _, o := range u.Options {
		if !slices.Contains(aptGetOptions, o.Name) {
			return false
		}
	}
	// apt-get takes some characters for a regular expression where no package has the name.
	return !slices.ContainsFunc(c.Words[1:], func(w shell.Word) bool { return strings.ContainsAny(w.Text, "*?[]^$|~") })
}
