package workflow

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/internal/yamltree"
	"github.com/sandlint/sandlint/parsers/source"
)

// maxText bounds a string that expressions produce.
const maxText = 64 << 10

// placeholder replaces an expression that is not known: one word, harmless in a script and in a list.
const placeholder = "x"

func sortedKeys[V any, K cmp.Ordered](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// opaque returns the text of a scalar in which all expressions are opaque.
func opaque(n *yamltree.Node, f *source.File) *source.Fragment {
	return (&scope{file: f}).fragment(n)
}

// fragment returns the text of a scalar with its expressions replaced by their values, or by an opaque word. For a
// single expression that refers to another scalar it returns that scalar, with its position.
func (sc *scope) fragment(n *yamltree.Node) *source.Fragment {
	n = n.Resolve()
	base := n.Fragment(sc.file)
	s := string(base.Text)
	if !strings.Contains(s, "${{") {
		return base
	}
	parts := split(s)
	pieces := make([]source.Piece, 0, len(parts))
	size := 0
	for _, p := range parts {
		if !p.isExpr {
			pieces = append(pieces, cut(base, p.start, p.end)...)
			continue
		}
		v := sc.eval(p.expr(s))
		if o := v.node; len(parts) == 1 && v.kind == text && o != nil && o != n && o.Span.End > 0 &&
			sc.depth < maxExprDepth {
			sc.depth++
			defer func() { sc.depth-- }()
			return sc.fragment(o)
		}
		piece := source.Piece{Span: base.Span(source.Span{Start: p.start, End: p.end})}
		var ok bool
		if piece.Text, ok = v.string(); !ok || size+len(piece.Text) > maxText {
			piece.Text, piece.Opaque = placeholder, true
		}
		size += len(piece.Text)
		pieces = append(pieces, piece)
	}
	return source.NewFragment(sc.file, pieces)
}

// cut returns the pieces of a part of a fragment.
func cut(fr *source.Fragment, start, end int) []source.Piece {
	var out []source.Piece
	at := 0
	for _, p := range fr.Pieces {
		from, to := max(start-at, 0), min(end-at, len(p.Text))
		if from < to {
			q := p
			q.Text = p.Text[from:to]
			if p.Verbatim {
				q.Span = source.Span{Start: p.Span.Start + from, End: p.Span.Start + to}
			}
			out = append(out, q)
		}
		at += len(p.Text)
	}
	return out
}

// value returns a scalar as a Value, or the zero Value when it is absent or not a scalar.
func (sc *scope) value(n *yamltree.Node) Value {
	n = n.Resolve()
	if n == nil || n.Kind != yamltree.Scalar {
		return Value{}
	}
	if !strings.Contains(n.Text, "${{") {
		return Value{Text: n.Text, Known: true, Span: n.Inner}
	}
	fr := sc.fragment(n)
	v := excerpt(fr, 0, len(fr.Text))
	if len(fr.Text) == 0 {
		v.Span = n.Inner
	}
	return v
}

// excerpt returns a part of a fragment as a Value.
func excerpt(fr *source.Fragment, start, end int) Value {
	s := source.Span{Start: start, End: end}
	v := Value{Known: fr.Known(s), Span: fr.Span(s)}
	if v.Known {
		v.Text = string(fr.Text[start:end])
	}
	return v
}

// list splits the text of an input into lines, and these at commas, as the actions of Docker do. It drops blanks around
// an element, empty elements and anything after a "#".
func list(fr *source.Fragment, commas bool) []Value {
	if fr == nil {
		return nil
	}
	var out []Value
	add := func(start, end int) {
		t := fr.Text
		for start < end && (t[start] == ' ' || t[start] == '\t' || t[start] == '\r') {
			start++
		}
		for end > start && (t[end-1] == ' ' || t[end-1] == '\t' || t[end-1] == '\r') {
			end--
		}
		if end-start >= 2 && t[start] == '"' && t[end-1] == '"' {
			start, end = start+1, end-1
		}
		if start < end {
			out = append(out, excerpt(fr, start, end))
		}
	}
	start, comment := 0, false
	for i, c := range fr.Text {
		switch {
		case c == '\n':
			if !comment {
				add(start, i)
			}
			start, comment = i+1, false
		case comment:
		case c == '#':
			add(start, i)
			comment = true
		case c == ',' && commas:
			add(start, i)
			start = i + 1
		}
	}
	if !comment {
		add(start, len(fr.Text))
	}
	return out
}

// assignments turns a list of NAME=VALUE into a table. A name alone takes its value from the environment. complete is
// false when a name is not known.
func assignments(vs []Value, f *source.File) (table map[string]Value, complete bool) {
	complete = true
	for _, v := range vs {
		name, value, found := strings.Cut(v.Text, "=")
		if !v.Known {
			// The name is often literal even if the value is not.
			raw := f.Text(v.Span)
			if name, _, found = strings.Cut(raw, "="); !found || strings.Contains(name, "${{") ||
				strings.ContainsAny(name, "$`\"'\n") {
				complete = false
				continue
			}
			value = ""
		}
		if table == nil {
			table = map[string]Value{}
		}
		out := Value{Text: value, Known: v.Known && found, Span: v.Span}
		if raw := f.Text(v.Span); found && strings.HasPrefix(raw, name+"=") {
			out.Span.Start += len(name) + 1
		}
		if !out.Known {
			out.Text = ""
		}
		table[strings.TrimSpace(name)] = out
	}
	return table, complete
}
