package dockerfile

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/sandlint/sandlint/parsers/source"
)

// This file reads a text that edits made of one that BuildKit has read.
//
// BuildKit's parser reads one instruction after the other. When it begins one, all that it knows of the lines before is
// the escape character, which only directives above the first instruction can set. So where an instruction begins in
// the text before, and the line that begins there is in the text after as well, the parser goes on in the same way in
// both, provided that the instruction before has ended there in the text after, too. The text is divided at these
// places: parts without an edit are taken over, and the others are read alone, in one run of the parser. Where one
// of them does not end where the next part begins (an edit that adds a continuation or a heredoc), or cannot be read,
// the whole text is read anew. TestReread compares the two ways.

// reading is what BuildKit makes of the text of an instruction, wherever it stands.
type reading struct {
	// name is the keyword in upper case, or that of the directive.
	name string
	// raw is the logical line and the heredocs: two elements with equal raw are the same.
	raw  string
	node *parser.Node // nil for a directive and for refused lines

	parsed     any // by BuildKit, from node, on first use
	refusal    error
	parsedOnce bool
	forms      map[formKey]form
}

// parse returns what BuildKit makes of the instruction, or why it refuses it.
func (r *reading) parse() (any, error) {
	if !r.parsedOnce {
		r.node.PrevComment = nil // without a linter, BuildKit v0.34.2 panics at a comment "check=…"
		r.parsed, r.refusal = instructions.ParseInstruction(r.node)
		r.parsedOnce = true
	}
	return r.parsed, r.refusal
}

// formKey is all that the form of an instruction depends on besides the instruction.
type formKey struct {
	shell  bool
	escape rune
	mask   string
}

// form is the canonical form of an instruction without what a mask leaves out.
type form struct {
	text    string
	dropped []string
}

// form returns the form of an instruction that BuildKit accepts.
func (e *element) form(m *mask) form {
	key := formKey{e.shell, e.escape, m.key()}
	if f, ok := e.forms[key]; ok {
		return f
	}
	parsed, _ := e.parse()
	c := canonicalizer{escape: e.escape, shell: e.shell, mask: m}
	c.instruction(e.node, parsed)
	f := form{c.out.String(), c.dropped}
	if e.forms == nil {
		e.forms = map[formKey]form{}
	}
	e.forms[key] = f
	return f
}

// readings are those of the instructions of some texts with one escape character. They are kept as long as the text
// before is, and there are as many as instructions in it and in what edits made of them.
type readings struct {
	byText map[string]*reading // by raw
	parts  map[part][]place
}

func newReadings() *readings { return &readings{map[string]*reading{}, map[part][]place{}} }

// of returns the reading of a node. Two nodes whose line and heredocs are the same differ in their line numbers alone.
func (k *readings) of(node *parser.Node) *reading {
	raw := node.Original
	for _, h := range node.Heredocs {
		raw += fmt.Sprintf("\x00%d %q %v %v\x00%s", h.FileDescriptor, h.Name, h.Expand, h.Chomp, h.Content)
	}
	r := k.byText[raw]
	if r == nil {
		r = &reading{name: strings.ToUpper(node.Value), raw: raw, node: node}
		k.byText[raw] = r
	}
	return r
}

// part is some lines of a text, at whose beginning an instruction may begin. Last says that the text ends behind it,
// where a continuation or a heredoc ends as well.
type part struct {
	text string
	last bool
}

// place is an instruction in a part: its first and last line, from 0.
type place struct {
	reading     *reading
	first, last int
}

// piece is a part of the text after, and where it comes from.
type piece struct {
	start, end int      // in the text after
	old        *element // what it was before, where no edit touches it
}

// reread returns what Read returns for a text that edits made of that of m.
func (m *Meaning) reread(after *source.File, edits []edit) *Meaning {
	pieces, ok := m.pieces(after, edits)
	if !ok || !m.readParts(after, pieces) {
		return Read(after)
	}
	out := &Meaning{file: after, escape: m.escape, known: m.known}
	for _, e := range m.elements {
		if e.node == nil { // the directives, which stand above all edits
			out.elements = append(out.elements, &element{reading: e.reading, span: e.span, line: e.line})
		}
	}
	directives := len(out.elements)
	for _, p := range pieces {
		line := after.LineOf(p.start)
		if p.old != nil {
			out.elements = append(out.elements, &element{
				reading: p.old.reading, line: line, span: p.old.span.Shift(p.start - p.old.span.Start),
			})
			continue
		}
		for _, at := range m.known.parts[partOf(after, p)] {
			out.elements = append(out.elements, &element{
				reading: at.reading, line: line + at.first,
				span: source.Span{Start: after.FullLine(line + at.first).Start, End: after.Line(line + at.last).End},
			})
		}
	}
	if len(out.elements) == directives {
		return Read(after) // what BuildKit says of a text without instructions
	}
	out.resolve()
	return out
}

func partOf(f *source.File, p piece) part {
	return part{string(f.Bytes[p.start:p.end]), p.end == len(f.Bytes)}
}

// pieces divides the text after edits where instructions begin in the text before. It reports false where that is not
// known, or where the edits touch what stands above the first instruction.
func (m *Meaning) pieces(after *source.File, edits []edit) ([]piece, bool) {
	begin := slices.IndexFunc(m.elements, func(e *element) bool { return e.node != nil })
	if m.err != nil || begin < 0 || slices.ContainsFunc(m.elements, func(e *element) bool { return e.broken }) {
		return nil, false
	}
	mark := []byte("\ufeff")
	olds := m.elements[begin:]
	if len(edits) == 0 || bytes.HasPrefix(after.Bytes, mark) != bytes.HasPrefix(m.file.Bytes, mark) ||
		bytes.HasPrefix(m.file.Bytes, mark) && edits[0].Span.Start < len(mark) || // only there it is left out
		edits[0].Span.Start < olds[0].span.Start ||
		edits[0].Span.IsEmpty() && edits[0].Span.Start == olds[0].span.Start {
		return nil, false
	}
	var out []piece
	next, shift := 0, 0 // the first edit that is not before the place, and how far those before it move it
	for n, e := range olds {
		end := len(m.file.Bytes)
		if n+1 < len(olds) {
			end = olds[n+1].span.Start
		}
		begin, touched := e.span.Start+shift, false
		open := next > 0 && edits[next-1].Span.End > e.span.Start // an edit reaches over the place
		for next < len(edits) && (edits[next].Span.Start < end || edits[next].Span.End <= end) {
			shift += len(edits[next].Text) - edits[next].Span.Len()
			touched = true
			next++
		}
		if next > 0 && edits[next-1].Span.End > e.span.Start {
			touched = true
		}
		p := piece{start: begin, end: end + shift, old: e}
		if touched {
			p.old = nil
		}
		if len(out) > 0 && (open || begin > 0 && after.Bytes[begin-1] != '\n') {
			last := &out[len(out)-1]
			last.end, last.old = p.end, nil
			continue
		}
		out = append(out, p)
	}
	first := out[0]
	if first.old == nil {
		// Above the first instruction, a comment may be a directive, and a byte order mark is left out.
		text := after.Bytes[first.start:first.end]
		if text = bytes.TrimSpace(text); first.start == 0 && bytes.HasPrefix(text, mark) ||
			bytes.HasPrefix(text, []byte("#")) {
			return nil, false
		}
	}
	return out, true
}

// readParts has BuildKit read those pieces that edits touch. It reports false where one of them cannot be read alone.
func (m *Meaning) readParts(after *source.File, pieces []piece) bool {
	var parts []part // that were not read before, in order
	wanted := map[part]bool{}
	for _, p := range pieces {
		if p.old != nil || p.start == p.end {
			continue
		}
		one := partOf(after, p)
		if _, ok := m.known.parts[one]; !ok && !wanted[one] {
			wanted[one] = true
			parts = append(parts, one)
		}
	}
	if len(parts) == 0 {
		return true
	}
	// An instruction before them ends the directives, and one behind them shows that the last one has ended.
	const mark = "USER mark\n"
	var text bytes.Buffer
	if m.escape != parser.DefaultEscapeToken {
		fmt.Fprintf(&text, "# escape=%c\n", m.escape)
	}
	text.WriteString(mark)
	begins := make([]int, len(parts)+1) // their first lines
	line := 1 + bytes.Count(text.Bytes(), []byte("\n"))
	for n, p := range parts {
		begins[n] = line
		text.WriteString(p.text)
		line += strings.Count(p.text, "\n")
	}
	begins[len(parts)] = line
	last := parts[len(parts)-1].last
	if !last {
		text.WriteString(mark)
	} else if !strings.HasSuffix(parts[len(parts)-1].text, "\n") {
		begins[len(parts)]++
	}
	result, err := parser.Parse(bytes.NewReader(readable(text.Bytes())))
	if err != nil || result.EscapeToken != m.escape {
		return false
	}
	nodes := result.AST.Children[1:]
	if !last {
		if len(nodes) == 0 || nodes[len(nodes)-1].StartLine != line {
			return false
		}
		nodes = nodes[:len(nodes)-1]
	}
	found := make([][]place, len(parts))
	n := 0
	for _, node := range nodes {
		for node.StartLine >= begins[n+1] {
			n++
		}
		if node.StartLine < begins[n] || node.EndLine >= begins[n+1] {
			return false
		}
		found[n] = append(found[n], place{m.known.of(node), node.StartLine - begins[n], node.EndLine - begins[n]})
	}
	for n, p := range parts {
		m.known.parts[p] = found[n]
	}
	return true
}
