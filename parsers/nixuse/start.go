package nixuse

import (
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/shell"
)

// This file finds what a container runs when it is started: the ENTRYPOINT in force with the CMD as its arguments, or
// the CMD alone.

// starts makes the events of the commands that a container runs. What it writes to a nix.conf, or runs unread, before a
// command makes the settings of that command unknown, so only the commands before that are there.
//
// An image that another stage is based on is not one that containers are started from, as far as the file says.
func (b *builder) starts() {
	if b.m.children[b.img.Image] > 0 {
		return
	}
	entry, cmd := b.inForce()
	s := cmd
	if entry != nil {
		s = entry
	}
	if s == nil || s.Image != b.img.Image && b.m.children[s.Image] > 1 {
		return
	}
	events := b.img.Events
	b.img.Events = nil
	b.step = s
	switch {
	case entry == nil || !entry.Exec || cmd == nil:
		b.runScript(s)
	case cmd.Exec:
		b.joined(entry, cmd)
	}
	made := b.img.Events
	b.img.Events = events
	for _, e := range made {
		if e.Kind != RunCommand || e.Nix.Installer != nil {
			return
		}
		e.Kind, e.User = StartCommand, b.img.EndUser().Text
		b.img.Starts = append(b.img.Starts, e)
	}
}

// inForce returns the ENTRYPOINT and the CMD of the image, nil where there is none. An ENTRYPOINT resets the CMD of the
// image below.
func (b *builder) inForce() (entry, cmd *image.Step) {
	for img := b.img.Image; img != nil; img = img.Parent {
		var ownEntry, ownCmd *image.Step
		for _, s := range img.Steps() {
			switch {
			case s.Deferred || s.From != s.Image:
			case s.Name == "ENTRYPOINT":
				ownEntry = s
			case s.Name == "CMD":
				ownCmd = s
			}
		}
		if cmd == nil && entry == nil {
			cmd = ownCmd
		}
		if entry == nil {
			entry = ownEntry
		}
	}
	return entry, cmd
}

// joined emits what an ENTRYPOINT does that is a command of Nix and takes the words of CMD as further arguments. With
// another program, nothing is known of what it does with them.
func (b *builder) joined(entry, cmd *image.Step) {
	all, more := entry.Commands(), b.d.Script(cmd.Instruction)
	if len(all) != 1 || more == nil || len(more.Commands) != 1 {
		return
	}
	c, rest := *all[0], more.Commands[0]
	if len(rest.Wrappers) > 0 || len(rest.Assigns) > 0 || len(c.Words) == 0 {
		return
	}
	words := *c.Command
	words.Words = append(append([]shell.Word{}, c.Words...), rest.Words...)
	c.Command = &words
	if use := UseOf(c.File, c.Command); use != nil {
		b.nix(&c, use)
	}
}
