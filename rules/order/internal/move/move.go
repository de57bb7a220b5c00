// Package move makes the fix for a nix.conf write that comes too late: it moves the write above the command that needed
// it, where nothing in between makes it mean something else there.
package move

import (
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// weakening are settings that loosen a check. A move that keeps one in force for longer changes the meaning.
var weakening = []string{
	"require-sigs", "accept-flake-config", "sandbox", "sandbox-fallback", "sandbox-paths", "trusted-users",
	"allowed-users",
	"trusted-public-keys", "trusted-substituters", "ssl-cert-file",
}

// Fix moves a write above the first command that needs it: the whole instruction if it does nothing else, otherwise
// the command within its `&&` chain.
func Fix(img *nixuse.Image, write, command *nixuse.Event) (fixers.Fix, bool) {
	if !movable(img, write, command) {
		return fixers.Fix{}, false
	}
	safety := fixers.Safe
	settings, lost := written(img, write)
	if lost || weakens(img, write, command, settings) {
		safety = fixers.Unsafe
	}
	if write.Instruction == command.Instruction {
		return moveInChain(img, write, command, safety, settings)
	}
	if !standsAlone(img, write) {
		return fixers.Fix{}, false
	}
	return fixers.Fix{
		Title:  "Move the " + write.Instruction.Name + " above the first Nix command that needs it",
		Safety: safety,
		Edits:  fixdocker.MoveBefore(img.Dockerfile.File, write.Instruction, command.Instruction),
		Changes: fixers.Changes{fixdocker.Order{}, fixnix.Settings(settings)}.When(safety != fixers.Safe,
			fixnix.Rights{}),
	}, true
}

// written returns the settings that the instruction of a write changes, and whether it also resets settings that it
// does not write, because it replaces the file.
func written(img *nixuse.Image, write *nixuse.Event) (settings []string, lost bool) {
	for _, e := range img.EventsBeside(write) {
		if e.Kind != nixuse.WriteConfig || e.Text == nil {
			continue
		}
		var own []string
		for _, entry := range e.Text.Entries {
			own = append(own, nixuse.Canonical(entry.Name.Text))
		}
		settings = append(settings, own...)
		if !e.Truncate {
			continue
		}
		before, after := img.SettingsBefore(e), img.SettingsAfter(e, e.User)
		for _, name := range before.Names() {
			if slices.Contains(own, name) {
				continue
			}
			// Another source may decide by now what the file decides further up.
			was, known := before.Value(name)
			if is, _ := after.Value(name); !known || was != is || len(after.Origins(name)) > 0 {
				settings, lost = append(settings, name), true
			}
		}
	}
	return settings, lost
}

// weakens reports whether one of the commands that a write moves over runs with another value of a setting that loosens
// a check.
func weakens(img *nixuse.Image, write, command *nixuse.Event, settings []string) bool {
	loose := slices.DeleteFunc(slices.Clone(settings), func(name string) bool {
		return !slices.Contains(weakening, name)
	})
	if len(loose) == 0 {
		return false
	}
	last := write
	if write.Instruction != command.Instruction {
		beside := img.EventsBeside(write)
		last = beside[len(beside)-1]
	}
	after := img.SettingsAfter(last, command.User)
	if slices.ContainsFunc(loose, func(name string) bool {
		return slices.ContainsFunc(after.Origins(name), func(o nixuse.Origin) bool {
			return o.Event == nil || o.Event.Path != write.Path
		})
	}) {
		return true // another source decides here, which may not do so above
	}
	return slices.ContainsFunc(movedOver(img, write, command), func(e *nixuse.Event) bool {
		if e.Kind != nixuse.RunCommand {
			return false
		}
		before := img.SettingsBefore(e)
		return slices.ContainsFunc(loose, func(name string) bool {
			was, _ := before.Value(name)
			is, _ := after.Value(name)
			return was != is
		})
	})
}

// movedOver returns the events that a write moves over: a whole instruction moves above the whole instruction of the
// command.
func movedOver(img *nixuse.Image, write, command *nixuse.Event) []*nixuse.Event {
	first := command
	if write.Instruction != command.Instruction {
		first = img.EventsBeside(command)[0]
	}
	events := img.EventsFrom(first)
	if n := slices.Index(events, write); n >= 0 {
		return events[:n]
	}
	return events
}

// movable reports whether a write means the same before a command as after it: nothing between the two, which are in
// the same stage, affects it.
func movable(img *nixuse.Image, write, command *nixuse.Event) bool {
	if write.Kind != nixuse.WriteConfig || write.ByInstaller || write.User != command.User {
		return false
	}
	for _, e := range movedOver(img, write, command) {
		switch {
		case e.Kind == nixuse.WriteConfig && e.Path == write.Path &&
			(e.Instruction != write.Instruction || write.Instruction == command.Instruction):
			return false // the order of the two writes matters
		case e.Kind == nixuse.Opaque, e.Nix != nil && e.Nix.Installer != nil:
			return false
		}
	}
	from, to := command.Instruction.Index, write.Instruction.Index
	text := img.Dockerfile.Source.Text(write.Instruction.Span)
	for _, i := range img.Stage.Instructions {
		if i.Index < from {
			continue
		}
		if i.Index >= to {
			break
		}
		switch i.Name {
		case "SHELL", "USER", "ONBUILD":
			return false
		case "ARG", "ENV":
			if strings.Contains(text, "$") {
				return false
			}
		case "WORKDIR":
			if write.Instruction.Name == "RUN" && !absolutePaths(img, write) || write.Instruction.Name != "RUN" &&
				!strings.Contains(text, write.Path[:strings.LastIndexByte(write.Path, '/')]) {
				return false
			}
		case "COPY", "ADD":
			// It may create the folder, or copy a file that the write reads.
			if write.Instruction.Name == "RUN" && len(i.Words) > 0 && !strings.HasPrefix(write.Path, "/etc/nix/") {
				return false
			}
		}
	}
	return write.Instruction.Name != "RUN" || folderExists(img, write)
}

// folderExists reports whether the folder of the file exists from the start of the stage, or the instruction itself
// creates it.
func folderExists(img *nixuse.Image, write *nixuse.Event) bool {
	dir := path.Dir(write.Path)
	if base := img.Root().Base; base != nil && base.Conf != nil && dir == "/etc/nix" {
		return true
	}
	script := img.Dockerfile.Script(write.Instruction)
	if script == nil {
		return false
	}
	return slices.ContainsFunc(script.Commands, func(c *shell.Command) bool {
		return c.Name == "mkdir" &&
			slices.ContainsFunc(c.Words, func(w shell.Word) bool { return strings.TrimSuffix(w.Text, "/") == dir })
	})
}

func absolutePaths(img *nixuse.Image, write *nixuse.Event) bool {
	return write.Command != nil && slices.ContainsFunc(
		write.Command.Redirs,
		func(r shell.Redir) bool { return strings.HasPrefix(r.Target.Text, "/") },
	)
}

// writers are the programs of a RUN that does nothing but write a configuration file.
var writers = []string{"echo", "printf", "cat", "tee", "mkdir", "set", "true", ":"}

// standsAlone reports whether the instruction of a write does nothing but write Nix configuration files.
func standsAlone(img *nixuse.Image, write *nixuse.Event) bool {
	i := write.Instruction
	if i.Broken {
		return false
	}
	switch i.Name {
	case "COPY", "ADD":
		return i.Flag("from") == nil && sources(i) == 1
	case "RUN":
	default:
		return false
	}
	script := img.Dockerfile.Script(i)
	if script == nil || script.Problem != nil || len(i.Flags) > 0 {
		return false
	}
	for _, c := range script.Commands {
		if !slices.Contains(writers, c.Name) || c.Parent != nil || c.Background {
			return false
		}
		for _, w := range c.Words {
			if strings.ContainsAny(w.Text, "$`") && !w.Known {
				return false
			}
		}
		for _, r := range c.Redirs {
			if r.Op == "<" || (r.Op == ">" || r.Op == ">>") && path.Base(r.Target.Text) != path.Base(write.Path) &&
				r.Target.Text != "/dev/null" {
				return false
			}
		}
		if c.Name == "tee" && !slices.ContainsFunc(
			c.Words,
			func(w shell.Word) bool { return path.Base(w.Text) == path.Base(write.Path) },
		) {
			return false
		}
	}
	return true
}

// sources returns how many files or heredocs a COPY copies.
func sources(i *dockerfile.Instruction) int { return len(i.Words) - 1 }

// moveInChain moves `… && write` before the command in the same chain.
func moveInChain(img *nixuse.Image, write, command *nixuse.Event, safety fixers.Safety,
	settings []string) (fixers.Fix, bool) {
	if write.Script != command.Script || write.Command == nil || write.Command.Quoting != source.Plain {
		return fixers.Fix{}, false
	}
	chain := write.Script.Chain(write.Command.Command)
	from, to := slices.Index(chain, write.Command.Command), slices.Index(chain, command.Command.Command)
	if from < 1 || to < 0 || to >= from || !slices.Contains(writers, write.Command.Name) {
		return fixers.Fix{}, false
	}
	for _, c := range chain[to:from] {
		if c.Name == "cd" || c.Name == "export" || len(c.Words) == 0 || c.Name == "mkdir" {
			return fixers.Fix{}, false // the write may depend on it
		}
	}
	f := img.Dockerfile.Source
	at := chain[to].Span.Start
	return fixers.Fix{
		Title:  "Move the write before " + command.Nix.Label,
		Safety: safety,
		Edits: []fixers.Edit{
			{File: f, Span: source.Span{Start: at, End: at}, Text: f.Text(write.Command.Span) + " && "},
			{File: f, Span: source.Span{Start: chain[from-1].Span.End, End: write.Command.Span.End}},
		},
		Changes: fixers.Changes{fixdocker.CommandOrder{}, fixnix.Settings(settings)}.When(safety != fixers.Safe,
			fixnix.Rights{}),
	}, true
}
