// Package reached answers which Nix commands of a Dockerfile a setting reaches, before and after a point of it.
//
// Commands that do the same kinds of things are alike to every setting, so they are kept by kind: a question costs as
// much as there are kinds, whatever the number of commands.
package reached

import (
	"cmp"
	"slices"

	"github.com/sandlint/sandlint/parsers/nixconf/reach"
	"github.com/sandlint/sandlint/parsers/nixuse"
)

// Index are the Nix commands of a Dockerfile.
type Index struct {
	stages map[*nixuse.Image]*stage
}

type stage struct {
	own   map[reach.Phase][]*nixuse.Event
	later map[reach.Phase]*nixuse.Event // one each of the stages that are based on it, and of what its container runs
}

// New returns the Nix commands of a Dockerfile that surely run. Installers are not among them.
func New(m *nixuse.Model) *Index {
	x := &Index{stages: make(map[*nixuse.Image]*stage, len(m.Images))}
	for _, img := range m.Images {
		s := &stage{own: map[reach.Phase][]*nixuse.Event{}, later: map[reach.Phase]*nixuse.Event{}}
		for _, e := range img.Events {
			if e.Kind == nixuse.RunCommand && !e.Maybe && e.Nix.Installer == nil {
				s.own[e.Nix.Phases] = append(s.own[e.Nix.Phases], e)
			}
		}
		for _, e := range img.Starts {
			s.later[e.Nix.Phases] = e
		}
		x.stages[img] = s
	}
	for _, img := range slices.Backward(m.Images) {
		if img.Parent == nil {
			continue
		}
		above := x.stages[img.Parent].later
		for phases, e := range x.stages[img].later {
			above[phases] = e
		}
		for phases, events := range x.stages[img].own {
			above[phases] = events[0]
		}
	}
	return x
}

// Between returns the first command of a stage, after one event and before another one, on which a setting has the
// greatest effect, with that effect; nil where none is affected.
func (x *Index) Between(img *nixuse.Image, from, to *nixuse.Event, setting string) (*nixuse.Event, reach.Effect) {
	var found *nixuse.Event
	var effect reach.Effect
	for phases, events := range x.stages[img].own {
		n, _ := slices.BinarySearchFunc(events, from, func(e, from *nixuse.Event) int {
			if e.ComesAfter(from) {
				return 1
			}
			return -1
		})
		if n == len(events) || to != nil && !to.ComesAfter(events[n]) {
			continue
		}
		now := reach.Of(setting, phases)
		if now > effect || now == effect && found != nil && found.ComesAfter(events[n]) {
			found, effect = events[n], now
		}
	}
	return found, effect
}

// After returns the first command of a stage after an event on which a setting has the greatest effect, else such a
// command of a stage that is based on it or of a container that is started from it.
func (x *Index) After(img *nixuse.Image, from *nixuse.Event, setting string) (*nixuse.Event, reach.Effect) {
	found, effect := x.Between(img, from, nil, setting)
	own := found
	for phases, e := range x.stages[img].later {
		now := reach.Of(setting, phases)
		if now > effect || now == effect && found != nil && found != own && before(e, found) {
			found, effect = e, now
		}
	}
	return found, effect
}

// before reports whether a command stands before another one in the Dockerfile.
func before(a, b *nixuse.Event) bool {
	return cmp.Or(a.Span.Start-b.Span.Start, a.Nix.Span.Start-b.Nix.Span.Start) < 0
}
