package nixuse

import (
	"iter"
	"slices"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
)

// run is what one file of the build writes to one file of the image, each text directly after the one before: no Nix
// command ran in between and nothing replaced the file, so Nix reads the texts as one.
type run struct {
	order    map[*Text]int
	settings map[string][]placed    // by canonical name, in the order of writing
	at       map[*nixconf.Entry]int // the index there
}

type placed struct {
	text  *Text
	entry *nixconf.Entry
}

func newRun() *run {
	return &run{order: map[*Text]int{}, settings: map[string][]placed{}, at: map[*nixconf.Entry]int{}}
}

func (r *run) add(t *Text) {
	r.order[t] = len(r.order)
	t.run = r
	for _, entry := range t.Entries {
		name := canonical(entry.Name.Text)
		r.at[entry] = len(r.settings[name])
		r.settings[name] = append(r.settings[name], placed{t, entry})
	}
}

// Before yields the entries for the setting of an entry of the text, under all its names and with extra-, that Nix
// reads before that entry, the last one first: those of the text and, if it is appended to a file, those that the same
// file of the build wrote there directly before. It belongs to the goroutine of the document that holds the text.
func (t *Text) Before(entry *nixconf.Entry) iter.Seq2[*Text, *nixconf.Entry] {
	r := t.reads()
	return backward(r.settings[canonical(entry.Name.Text)][:r.at[entry]])
}

// UpToEnd yields the entries for a setting, given by its canonical name, that Nix reads up to the end of the text, the
// last one first; see Before.
func (t *Text) UpToEnd(name string) iter.Seq2[*Text, *nixconf.Entry] {
	before, _ := t.around(name)
	return backward(before)
}

// PastEnd yields the entries for a setting, given by its canonical name, that Nix reads after the text, the last one
// first; see Before.
func (t *Text) PastEnd(name string) iter.Seq2[*Text, *nixconf.Entry] {
	_, after := t.around(name)
	return backward(after)
}

// around returns the entries for a setting up to the end of the text, and those after it.
func (t *Text) around(name string) (before, after []placed) {
	r := t.reads()
	all := r.settings[name]
	end, _ := slices.BinarySearchFunc(all, r.order[t]+1, func(p placed, order int) int {
		return r.order[p.text] - order
	})
	return all[:end], all[end:]
}

func backward(all []placed) iter.Seq2[*Text, *nixconf.Entry] {
	return func(yield func(*Text, *nixconf.Entry) bool) {
		for _, p := range slices.Backward(all) {
			if !yield(p.text, p.entry) {
				return
			}
		}
	}
}

// reads returns the run that the text belongs to.
func (t *Text) reads() *run {
	if t.run == nil && t.Event != nil && t.Image != nil && !t.Image.hasRuns {
		t.Image.hasRuns = true
		t.Image.makeRuns()
	}
	if t.run == nil {
		newRun().add(t)
	}
	return t.run
}

func (img *Image) makeRuns() {
	type file struct {
		path string
		in   *source.File
	}
	open := map[file]*run{}
	for _, e := range img.Events {
		if e.Kind != WriteConfig || e.ByInstaller || e.Text == nil {
			clear(open)
			continue
		}
		key := file{e.Path, e.Text.Fragment.File}
		if open[key] == nil || !e.Text.Append || e.Text.Host != HostWrite {
			open[key] = newRun()
		}
		open[key].add(e.Text)
		if e.Maybe {
			clear(open)
		}
	}
}
