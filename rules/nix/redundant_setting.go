package nix

import (
	"bytes"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var redundantSetting = &rules.Rule{
	ID:          "nix/redundant-setting",
	Summary:     "a Dockerfile gives a setting the value that it has without that",
	Severity:    rules.Info,
	Category:    rules.Formatting,
	Since:       "0.1.0",
	Unnecessary: true,
	Fixes:       []fixers.Safety{fixers.Safe},
	References: []string{
		"NixOS/nix, docker.nix: the image nixos/nix sets sandbox = false and build-users-group = nixbld",
		"Nix manual, nix.conf: the defaults",
	},
	Check: rules.OnTimelines(func(p *rules.Pass, model *nixuse.Model) {
		r := redundancies{}
		for _, img := range model.Images {
			r.check(p, img)
		}
	}),
}

// protections are settings whose default protects, so an author may want to see it.
var protections = []string{"sandbox = true", "filter-syscalls = true", "require-sigs = true",
	"accept-flake-config = false", "allow-new-privileges = false", "sandbox-fallback = true"}

// redundancies are the writes of the stages above that change nothing: what repeats one of them changes nothing either,
// for the same reason.
type redundancies map[redundancy]string

type redundancy struct {
	write   *nixuse.Event
	setting string
}

func (r redundancies) check(p *rules.Pass, img *nixuse.Image) {
	for _, e := range img.Events {
		if e.Kind != nixuse.WriteConfig || e.Maybe || e.ByInstaller || e.Text == nil || !e.Text.Append ||
			e.Text.Host != nixuse.HostWrite {
			continue
		}
		before := img.SettingsBefore(e)
		for _, entry := range e.Text.Entries {
			name := nixuse.Canonical(entry.Name.Text)
			if slices.Contains(protections, fixnix.Line(entry)) || len(e.Text.Setting(name)) > 1 ||
				!nixtext.Assigns(e.Text, entry, e.Text.Targets) || !nixtext.Known(e.Text, entry) {
				continue
			}
			why := r.why(img, e, before, entry)
			if why == "" {
				continue
			}
			r[redundancy{e, name}] = why
			finding := nixtext.Atf(e.Text, entry.Span, "%q changes nothing, since %s", fixnix.Line(entry), why)
			finding.Fixes = deleteSetting(img, e, entry)
			p.Report(finding)
		}
	}
}

// why says why an entry changes nothing, "" where it may change something.
func (r redundancies) why(
	img *nixuse.Image, e *nixuse.Event, before *nixuse.Effective, entry *nixconf.Entry,
) string {
	name := nixuse.Canonical(entry.Name.Text)
	if !before.Known(name) || !before.Same(name, img.SettingsAfter(e, e.User)) {
		return ""
	}
	origins := before.Origins(name)
	if before.Settings.Get(name).Set || len(origins) > 0 {
		written := func(o nixuse.Origin) bool { return o.Event != nil }
		if len(origins) == 1 && written(origins[0]) {
			return r[redundancy{origins[0].Event, name}]
		}
		if name != "sandbox" || len(origins) == 0 || slices.ContainsFunc(origins, written) {
			return ""
		}
		return "the base image " + origins[0].Label + " sets the same"
	}
	for _, t := range e.Text.Targets {
		for _, v := range t.Releases() {
			facts, ok := nixconf.Lookup(t.Distribution, v, entry.Name.Text)
			if !ok || !facts.HasDefault || facts.Extra || facts.HasWords() || name == "build-users-group" {
				return ""
			}
			value, ok := facts.Canonical(entry.Value)
			if !ok || value != facts.Default {
				return ""
			}
		}
	}
	if len(e.Text.Targets) == 0 {
		return ""
	}
	return "that is the default"
}

// deleteSetting returns the fix that deletes an entry: its line, or the command that writes nothing else.
func deleteSetting(img *nixuse.Image, e *nixuse.Event, entry *nixconf.Entry) []fixers.Fix {
	fix := fixers.Fix{Title: "Delete it", Safety: fixers.Safe}
	c := e.Command
	if e.File != img.Dockerfile.Source || e.Instruction.Broken || !bytes.HasSuffix(e.Text.Fragment.Text, []byte("\n")) {
		return nil // without its line end, what comes next is part of the line
	}
	if len(e.Text.Lines) > 1 {
		edits, ok := fixnix.DeleteLine(e.Text.Fragment, e.Text.File, entry)
		if !ok || len(e.Text.Entries) == 1 {
			return nil
		}
		fix.Edits = edits
		fix.Changes = fixers.Changes{fixnix.Settings{nixuse.Canonical(entry.Name.Text)}, fixers.Embedded{}}
		return []fixers.Fix{fix}
	}
	if c == nil || e.Instruction.Exec || c.Quoting != source.Plain || len(e.Text.Entries) != 1 {
		return nil
	}
	if len(e.Script.Commands) == 1 {
		fix.Edits = fixdocker.Delete(img.Dockerfile.File, e.Instruction)
		fix.Changes = fixers.Changes{fixdocker.RemovedInstructions{"RUN"}}
		return []fixers.Fix{fix}
	}
	chain := e.Script.Chain(c.Command)
	n := slices.Index(chain, c.Command)
	span := c.Span
	switch {
	case n > 0:
		span.Start = chain[n-1].Span.End
	case n == 0 && len(chain) > 1:
		span.End = chain[1].Span.Start
	default:
		var ok bool
		if span, ok = inGroup(e); !ok {
			return nil
		}
		fix.Edits = []fixers.Edit{{File: e.File, Span: span}}
		fix.Changes = fixers.Changes{fixdocker.Instructions{}}
		return []fixers.Fix{fix}
	}
	fix.Edits = []fixers.Edit{{File: e.File, Span: span}}
	fix.Changes = fixers.Changes{fixdocker.Commands{Removed: []string{e.File.Text(c.Span)}}}
	return []fixers.Fix{fix}
}

// inGroup returns the span of a command of a group such as { …; …; } >> file, with what joins it to its neighbour.
func inGroup(e *nixuse.Event) (source.Span, bool) {
	group := func(c *shell.Command) source.Span {
		for _, r := range c.Redirs {
			if r.Outer {
				return r.Span
			}
		}
		return source.Span{}
	}
	joined := func(from, to int) bool {
		return from <= to && strings.Trim(e.File.Text(source.Span{Start: from, End: to}), " \t\r\n;\\") == ""
	}
	c, commands := e.Command.Command, e.Script.Commands
	n := slices.Index(commands, c)
	span := c.Span
	switch own := group(c); {
	case own == source.Span{} || n < 0:
	case n > 0 && group(commands[n-1]) == own && joined(commands[n-1].Span.End, span.Start):
		return source.Span{Start: commands[n-1].Span.End, End: span.End}, true
	case n+1 < len(commands) && group(commands[n+1]) == own && joined(span.End, commands[n+1].Span.Start):
		return source.Span{Start: span.Start, End: commands[n+1].Span.Start}, true
	}
	return span, false
}
