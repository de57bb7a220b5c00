// Package earlier finds, for a Nix setting that a Dockerfile writes, the first earlier command that ran without it and
// needed it.
//
// Each command and each write of a Dockerfile is looked at once, whatever their number: for each setting that is
// written somewhere, the commands that it affects are kept by what they share, and of each such group only the first
// command, and the first that saw another value than that one.
package earlier

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/reach"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
)

// Commands are the commands of Nix that ran before a point of a Dockerfile.
type Commands struct {
	model    *nixuse.Model
	children map[*nixuse.Image][]*nixuse.Image
	settings []string // those that are written somewhere and affect some command

	groups map[string]map[group]*sights // by setting
	// unfiltered is the number of installers of a Nix that ignores filter-syscalls.
	unfiltered int
	order      int
	undo       []func()

	readLast map[*nixuse.Image]map[string]*nixuse.Event
	computed map[*dockerfile.Instruction]bool
}

// group is what the commands share that a later write treats alike.
type group struct {
	user    string // Nix reads the user's own file
	missing string // the experimental features that they lack, with a blank after each
}

// sights are the first command of a group whose value of a setting is known, and the first with another value.
type sights struct {
	first, second sight
}

type sight struct {
	command  *nixuse.Event
	settings *nixuse.Effective
	order    int
}

// New returns the commands before the first event of a Dockerfile; nil where no command is affected by what it writes.
func New(m *nixuse.Model) *Commands {
	written, runs := map[string]bool{}, false
	for _, img := range m.Images {
		for _, e := range img.Events {
			runs = runs || e.Kind == nixuse.RunCommand
			if !isWrite(e) {
				continue
			}
			for n := range e.Text.Entries {
				if name := nixuse.Canonical(e.Text.Entries[n].Name.Text); EffectOf(name) != reach.NoEffect {
					written[name] = true
				}
			}
		}
	}
	if len(written) == 0 || !runs {
		return nil
	}
	c := &Commands{
		model: m, children: map[*nixuse.Image][]*nixuse.Image{}, groups: map[string]map[group]*sights{},
		readLast: map[*nixuse.Image]map[string]*nixuse.Event{}, computed: map[*dockerfile.Instruction]bool{},
	}
	for name := range written {
		c.settings = append(c.settings, name)
		c.groups[name] = map[group]*sights{}
	}
	slices.Sort(c.settings)
	for _, img := range m.Images {
		c.children[img.Parent] = append(c.children[img.Parent], img)
	}
	return c
}

func isWrite(e *nixuse.Event) bool {
	return e.Text != nil && !e.Maybe && e.Kind != nixuse.RunCommand
}

// EffectOf returns what happens where a setting is not yet in force when a command that it affects runs.
func EffectOf(name string) reach.Effect { return reach.Of(name, ^reach.Phase(0)) }

// Walk calls visit for each write of a nix.conf text that surely happens, with c at that point. A stage is walked after
// the one that it is based on.
func (c *Commands) Walk(visit func(img *nixuse.Image, write *nixuse.Event)) {
	type step struct {
		img   *nixuse.Image
		leave int // what to undo down to, where img is nil
	}
	var open []step
	enter := func(images []*nixuse.Image) {
		for _, img := range slices.Backward(images) {
			open = append(open, step{img: img})
		}
	}
	enter(c.children[nil])
	for len(open) > 0 {
		top := open[len(open)-1]
		open = open[:len(open)-1]
		if top.img == nil {
			for len(c.undo) > top.leave {
				c.undo[len(c.undo)-1]()
				c.undo = c.undo[:len(c.undo)-1]
			}
			continue
		}
		open = append(open, step{leave: len(c.undo)})
		for _, e := range top.img.Events {
			if isWrite(e) {
				visit(top.img, e)
			}
			c.add(e)
		}
		enter(c.children[top.img])
	}
}

// add records an event as one that has happened.
func (c *Commands) add(e *nixuse.Event) {
	if e.Nix == nil {
		return
	}
	installer := e.Nix.Installer
	if installer != nil && (installer.Kind == nixuse.DistroPackage || installer.Kind == nixuse.LixInstaller) {
		// Debian's Nix continues without the filter, and Lix has no such setting.
		c.unfiltered++
		c.undo = append(c.undo, func() { c.unfiltered-- })
	}
	if e.Kind != nixuse.RunCommand || e.Maybe {
		return
	}
	c.order++
	for _, name := range c.settings {
		effect := reach.Of(name, e.Nix.Phases)
		if effect == reach.NoEffect || installer != nil && effect != reach.Fails {
			continue // before Nix is installed, only what the installer's own builds need can be configured
		}
		settings := e.Image.SettingsBefore(e)
		if !settings.Known(name) {
			continue
		}
		g := group{user: e.User}
		if name == "experimental-features" {
			for _, need := range settings.Missing(e.Nix) {
				g.missing += need.Feature + " "
			}
		}
		groups := c.groups[name]
		seen := groups[g]
		now := sight{e, settings, c.order}
		switch {
		case seen == nil:
			groups[g] = &sights{first: now}
			c.undo = append(c.undo, func() { delete(groups, g) })
		case seen.second.command == nil && !settings.Same(name, seen.first.settings):
			seen.second = now
			c.undo = append(c.undo, func() { seen.second = sight{} })
		}
	}
}

// First returns the first command before a write that ran with another value of a setting than a command would after
// the write, with that value, as far as both are known; nil if there is none.
func (c *Commands) First(img *nixuse.Image, write *nixuse.Event, name string) (*nixuse.Event, string) {
	if name == "filter-syscalls" {
		base := img.Root().Base
		if c.unfiltered > 0 || base != nil && base.Nix && base.Distribution == nixconf.Lix {
			return nil, ""
		}
	}
	var found sight
	for g, seen := range c.groups[name] {
		settings := img.SettingsAfter(write, g.user)
		if !settings.Known(name) || !settings.ComesFrom(name, write) {
			continue
		}
		if name == "experimental-features" {
			value, _ := settings.Value(name) // of a few words: Nix drops features that it does not know
			if !slices.ContainsFunc(strings.Fields(g.missing),
				func(feature string) bool { return slices.Contains(strings.Fields(value), feature) }) {
				continue // it enables nothing that the command lacks
			}
		}
		at := seen.first
		if settings.Same(name, at.settings) {
			at = seen.second
		}
		if at.command != nil && (found.command == nil || at.order < found.order) {
			found = at
		}
	}
	if found.command == nil {
		return nil, ""
	}
	value, _ := found.settings.Value(name)
	return found.command, value
}

// ReadLater reports whether a command that a setting affects comes after a write in the same stage.
func (c *Commands) ReadLater(write *nixuse.Event, name string) bool {
	img := write.Image
	last := c.readLast[img]
	if last == nil {
		last = map[string]*nixuse.Event{}
		c.readLast[img] = last
		for _, e := range slices.Backward(img.Events) {
			if e.Kind != nixuse.RunCommand {
				continue
			}
			for _, name := range c.settings {
				if last[name] == nil && reach.Of(name, e.Nix.Phases) != reach.NoEffect {
					last[name] = e
				}
			}
		}
	}
	return last[name] != nil && last[name].ComesAfter(write)
}

// Computed reports whether the instruction of a write also writes the output of a command.
func (c *Commands) Computed(write *nixuse.Event) bool {
	computed, ok := c.computed[write.Instruction]
	if !ok {
		computed = slices.ContainsFunc(write.Image.EventsBeside(write), func(e *nixuse.Event) bool {
			return e.Kind == nixuse.WriteConfig && e.Text != nil &&
				slices.ContainsFunc(e.Text.Fragment.Pieces, func(p source.Piece) bool {
					return p.Opaque && (strings.HasPrefix(p.Text, "$(") || strings.HasPrefix(p.Text, "`"))
				})
		})
		c.computed[write.Instruction] = computed
	}
	return computed
}
