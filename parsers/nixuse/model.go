// Package nixuse models what commands, installers and images do with Nix: which nix.conf texts they write and read,
// which settings reach which command, the timeline of an image as far as Nix is concerned, and the settings in force at
// each point of it.
//
// The timeline builds on package image: it goes through the commands of each step once, in order of execution, and
// keeps those that matter as events. What cannot be known makes the settings uncertain (Effective.Uncertain), and then
// rules say nothing.
//
// To add a command of Nix, extend the tables in use.go; an installer, those in installer.go; an image that holds Nix,
// the table in base.go. The order of events (timeline.go) is an invariant.
package nixuse

import (
	"bytes"
	"slices"
	"sync"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
)

// Targets are the releases of Nix that files are for.
type Targets struct {
	// Nix are the releases.
	Nix nixconf.Targets
	// NixGiven says that the user named them, so a base image's tag does not narrow them.
	NixGiven bool
	// System is what the machines of nix.conf files run, "linux" or "darwin"; "" when not known.
	System string
}

// Model is what a Dockerfile does with Nix. It belongs to one goroutine.
type Model struct {
	// Images are the stages with their timelines, in order.
	Images []*Image
	// Texts are the nix.conf texts in the Dockerfile itself, in order of position.
	Texts []*Text

	dockerfile *image.Dockerfile
	targets    Targets
	children   map[*image.Image]int // how many stages are based on one
	empty      map[release]*merged
	merges     int      // how many sources were merged
	gated      []string // nil until it is asked for
	addresses  map[*source.File]*addresses
	installers *addresses // in the Dockerfile, see builder.downloaded

	otherSource func() bool // see hasOtherSource
}

// Image is a build stage with what happens in it that matters for Nix.
type Image struct {
	*image.Image
	// Parent is the image of the stage that it is based on, nil for another image.
	Parent *Image
	// Base is what is known of the image named by FROM, nil when nothing is or when Parent is set.
	Base *Base
	// Events are what happens in this stage, in order; those of Parent come before them.
	Events []*Event
	// Starts are the commands of Nix that a container runs when it is started from the image, by CMD or ENTRYPOINT, as
	// far as they are known. They run with the settings at the end of the timeline, and are not part of it.
	Starts []*Event

	Model     *Model // the model that the image belongs to
	replays   map[replayKey]*Effective
	end       *state          // nil until it is asked for
	built     nixconf.Targets // what targets returns, nil while the events are made
	installed *Installer      // the last one that ran in this stage
	hasRuns   bool            // makeRuns was called
}

// New returns what a Dockerfile does with Nix.
func New(d *image.Dockerfile, targets Targets) *Model {
	m := &Model{dockerfile: d, targets: targets, Images: make([]*Image, 0, len(d.Images)),
		otherSource: sync.OnceValue(func() bool { return hasOtherSource(d.Source) })}
	m.children = make(map[*image.Image]int, len(d.Images))
	for _, img := range d.Images {
		if img.Parent != nil {
			m.children[img.Parent]++
		}
	}
	relevant := Concerns(d.Source)
	for n, plain := range d.Images {
		img := &Image{Image: plain, Model: m}
		if p := plain.Parent; p != nil {
			img.Parent = m.Images[p.Stage.Index]
		} else if plain.Base != nil {
			img.Base = baseOf(plain.Base)
		}
		m.Images = append(m.Images, img)
		if relevant {
			b := builder{m: m, d: d, img: m.Images[n]}
			b.build()
			for n, e := range img.Events {
				e.index = n
			}
			img.built = img.targets()
		}
	}
	slices.SortStableFunc(m.Texts, func(a, b *Text) int {
		return a.Fragment.Span(source.Span{}).Start - b.Fragment.Span(source.Span{}).Start
	})
	return m
}

// Concerns reports whether a Dockerfile may have anything to do with Nix: the word is in it.
func Concerns(f *source.File) bool { return Mentions(f.Bytes) }

// Mentions reports whether a text contains "nix", in whatever case.
func Mentions(text []byte) bool {
	for _, x := range []byte{'x', 'X'} { // the rarest of its letters
		for from := 0; ; {
			n := bytes.IndexByte(text[from:], x)
			if n < 0 {
				break
			}
			if from += n; from >= 2 && bytes.EqualFold(text[from-2:from], []byte("ni")) {
				return true
			}
			from++
		}
	}
	return false
}

// Timeline returns the events of the image's parents and its own, in order.
func (img *Image) Timeline() []*Event {
	if img.Parent == nil {
		return img.Events
	}
	n := 0
	for i := img; i != nil; i = i.Parent {
		n += len(i.Events)
	}
	all := make([]*Event, n)
	for i := img; i != nil; i = i.Parent {
		n -= len(i.Events)
		copy(all[n:], i.Events)
	}
	return all
}

// EventsFrom returns an event and those that come after it in the same stage; nothing for an event of another stage.
func (img *Image) EventsFrom(e *Event) []*Event {
	if e.index >= len(img.Events) || img.Events[e.index] != e {
		return nil
	}
	return img.Events[e.index:]
}

// EventsAfter returns the events that come after one in the same stage; nothing for an event of another stage.
func (img *Image) EventsAfter(e *Event) []*Event {
	if from := img.EventsFrom(e); len(from) > 0 {
		return from[1:]
	}
	return nil
}

// EventsBeside returns the events of the same instruction as one, with that one; nothing for an event of another stage.
func (img *Image) EventsBeside(e *Event) []*Event {
	if img.EventsFrom(e) == nil {
		return nil
	}
	from, to := e.index, e.index+1
	for from > 0 && img.Events[from-1].Instruction == e.Instruction {
		from--
	}
	for to < len(img.Events) && img.Events[to].Instruction == e.Instruction {
		to++
	}
	return img.Events[from:to]
}

// Root returns the image at the start of the chain of parents.
func (img *Image) Root() *Image {
	return img.Model.Images[img.Image.Root().Stage.Index]
}
