// Package outline reads a file of nested values, in YAML or JSON, as the flat list of its values, each with its path,
// and of its comments. Two versions of a file can be compared by it whatever the values mean: what an edit did not
// touch is equal, wherever it moved to. Package bake makes the outline of a file in HCL.
package outline

import (
	"fmt"
	"sort"
	"strings"

	"github.com/sandlint/sandlint/parsers/internal/yamltree"
	"github.com/sandlint/sandlint/parsers/source"
)

// Outline is a file as a list. It is immutable.
type Outline struct {
	// Values are all values, in order: collections before what is in them.
	Values []Value
	// Spans are the places of the values in the file, each with its key where it has one.
	Spans []Place
	// Comments are the comments, in order, with the mark that begins them.
	Comments []string
	// Broken says that the file has a syntax error, so something may be left out.
	Broken bool

	first, count map[string]int // by path
	anchored     []source.Span  // the values with an anchor that are not inside of another, in order
}

// Value is one value of a file.
type Value struct {
	// Path leads to it: keys with dots between them, and "[]" for a scalar in a list or "[3]" for another item of one:
	// "services.web.cap_add[]". A file of several documents has their number before it: "1:kind".
	Path string
	// Text is the text of a scalar without quotes, "{}" for a mapping, "[]" for a list, "*name" for an alias. Tag and
	// anchor stand before it.
	Text string
	// Quoted says that a scalar has quotes, or is a block.
	Quoted bool
}

// Place is where a value stands: with its key, and alone.
type Place struct{ Whole, Value source.Span }

// Add appends a value.
func (o *Outline) Add(v Value, at Place) {
	if o.first == nil {
		o.first, o.count = map[string]int{}, map[string]int{}
	}
	if o.count[v.Path]++; o.count[v.Path] == 1 {
		o.first[v.Path] = len(o.Values)
	}
	if last := len(o.anchored) - 1; hasAnchor(v.Text) && (last < 0 || !o.anchored[last].Contains(at.Value)) {
		o.anchored = append(o.anchored, at.Value)
	}
	o.Values = append(o.Values, v)
	o.Spans = append(o.Spans, at)
}

// hasAnchor reports whether an anchor stands before a value, behind its tag or alone.
func hasAnchor(text string) bool {
	return strings.Contains(text, "&") &&
		strings.HasPrefix(strings.TrimLeft(strings.TrimPrefix(text, "!"), " "), "&")
}

// Shared reports whether a place lies in a value that other places may use by its anchor.
func (o *Outline) Shared(place source.Span) bool {
	n := sort.Search(len(o.anchored), func(i int) bool { return o.anchored[i].Start > place.Start })
	return n > 0 && o.anchored[n-1].Contains(place)
}

// At returns the index of the smallest value that contains a span, -1 where none does.
func (o *Outline) At(span source.Span) int {
	n := sort.Search(len(o.Spans), func(i int) bool { return o.Spans[i].Value.Start > span.Start })
	for n--; n >= 0; n-- {
		if o.Spans[n].Value.Contains(span) {
			break
		}
	}
	return n
}

// Find returns the index of the first value with a path, -1 where there is none.
func (o *Outline) Find(path string) int {
	if n, ok := o.first[path]; ok {
		return n
	}
	return -1
}

// Count returns how many values have a path.
func (o *Outline) Count(path string) int { return o.count[path] }

// YAML returns the outline of a file in YAML or JSON.
func YAML(f *source.File) *Outline {
	tree := yamltree.Parse(f)
	r := &reader{file: f, out: &Outline{Broken: len(tree.Problems) > 0}}
	for n, d := range tree.Documents {
		prefix := ""
		if n > 0 {
			prefix = fmt.Sprintf("%d:", n)
		}
		r.node(prefix, d, source.Span{})
	}
	r.comments(f)
	return r.out
}

type reader struct {
	file    *source.File
	out     *Outline
	scalars []source.Span // in order
}

func (r *reader) node(path string, n *yamltree.Node, key source.Span) {
	if n == nil {
		return
	}
	whole := n.Span
	if key.Len() > 0 {
		whole = whole.Join(key)
	}
	v := Value{Path: path}
	if n.Tag != "" {
		v.Text = n.Tag + " "
	}
	if n.Anchor != "" {
		v.Text += "&" + n.Anchor + " "
	}
	switch n.Kind {
	case yamltree.Scalar:
		v.Text += n.Text
		v.Quoted = n.Style != yamltree.Plain
		r.scalars = append(r.scalars, n.Span)
	case yamltree.Mapping:
		v.Text += "{}"
	case yamltree.Sequence:
		v.Text += "[]"
	case yamltree.Alias:
		v.Text += r.file.Text(n.Span)
	}
	r.out.Add(v, Place{Whole: whole, Value: n.Span})
	for _, pair := range n.Pairs {
		r.scalars = append(r.scalars, pair.Key.Span)
		below := pair.Key.Text
		if path != "" && !strings.HasSuffix(path, ":") {
			below = "." + below
		}
		r.node(path+below, pair.Value, pair.Key.Span)
	}
	for i, item := range n.Items {
		below := "[]"
		if item.Kind == yamltree.Mapping || item.Kind == yamltree.Sequence {
			below = fmt.Sprintf("[%d]", i)
		}
		r.node(path+below, item, source.Span{})
	}
}

// comments finds the comments, which begin at the front of a line or behind white space, and in no scalar.
func (r *reader) comments(f *source.File) {
	next := 0
	for n := 1; n <= f.Lines(); n++ {
		line := f.Line(n)
		for at := line.Start; at < line.End; at++ {
			for next < len(r.scalars) && r.scalars[next].End <= at {
				next++
			}
			if next < len(r.scalars) && r.scalars[next].Contains(source.Span{Start: at, End: at + 1}) {
				at = min(r.scalars[next].End, line.End) - 1
				continue
			}
			if f.Bytes[at] == '#' && (at == line.Start || f.Bytes[at-1] == ' ' || f.Bytes[at-1] == '\t') {
				text := f.Text(source.Span{Start: at, End: line.End})
				r.out.Comments = append(r.out.Comments, strings.TrimRight(text, "\r"))
				break
			}
		}
	}
}
