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

// This file reads a text that edits made of one that BuildKit has read, and one that has lines again and again.
//
// BuildKit's parser reads one instruction after the other. When it begins one, all that it knows of the lines before is
// the escape character, which only directives above the first instruction can set. So where an instruction begins in
// the text before, and the line that begins there is in the text after as well, the parser goes on in the same way in
// both, provided that the instruction before has ended there in the text after, too. The text is divided at these
// places: parts without an edit are taken over, and the others are read alone, in one run of the parser. Where one
// of them does not end where the next part begins (an edit that adds a continuation or a heredoc), or cannot be read,
// the whole text is read anew. TestReread compares the two ways.
//
// For the same reason, lines that occur several times need not be read again. readOnce divides a text behind lines
// that seem to end an instruction, and has BuildKit read it without the parts that it has read before. Where it finds
// each instruction to begin and end inside of one part, it does so in the text as it is as well.

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
		out.place(m.known.parts[partOf(after, p)], line)
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
	// An instruction before them ends the directives.
	var text bytes.Buffer
	if m.escape != parser.DefaultEscapeToken {
		fmt.Fprintf(&text, "# escape=%c\n", m.escape)
	}
	text.WriteString(mark)
	begins := make([]int, len(parts)+1)
	line := 1 + bytes.Count(text.Bytes(), []byte("\n"))
	for n, p := range parts {
		begins[n] = line
		text.WriteString(p.text)
		line += strings.Count(p.text, "\n")
	}
	begins[len(parts)] = line
	found, escape, ok := m.known.read(&text, parts, begins)
	if !ok || escape != m.escape {
		return false
	}
	for n, p := range parts {
		m.known.parts[p] = found[n]
	}
	return true
}

// mark is an instruction that has nothing to do with those around it.
const mark = "USER mark\n"

// read has BuildKit read a text that ends with some parts, and returns the instructions of each, and the escape
// character. Begins are the first lines of the parts, and that behind them. It reports false where BuildKit refuses the
// text, and where an instruction goes on in another part.
func (k *readings) read(text *bytes.Buffer, parts []part, begins []int) (found [][]place, escape rune, ok bool) {
	line, last := begins[len(parts)], parts[len(parts)-1]
	if !last.last {
		text.WriteString(mark) // shows that the last instruction has ended
	} else if !strings.HasSuffix(last.text, "\n") {
		begins[len(parts)]++
	}
	result, err := parser.Parse(bytes.NewReader(readable(text.Bytes())))
	if err != nil {
		return nil, 0, false
	}
	nodes := result.AST.Children
	if len(nodes) > 0 && nodes[0].StartLine < begins[0] {
		nodes = nodes[1:]
	}
	if !last.last {
		if len(nodes) == 0 || nodes[len(nodes)-1].StartLine != line {
			return nil, 0, false
		}
		nodes = nodes[:len(nodes)-1]
	}
	found = make([][]place, len(parts))
	n := 0
	for _, node := range nodes {
		for node.StartLine >= begins[n+1] {
			n++
		}
		if node.StartLine < begins[n] || node.EndLine >= begins[n+1] {
			return nil, 0, false
		}
		found[n] = append(found[n], place{k.of(node), node.StartLine - begins[n], node.EndLine - begins[n]})
	}
	return found, result.EscapeToken, true
}

// readOnce returns what readWhole returns, and reads of equal parts only the first one. It returns nil where it cannot
// divide the text, or where no part occurs twice.
func readOnce(f *source.File) *Meaning {
	if bytes.Contains(f.Bytes, []byte("<<")) { // there may be heredocs
		return nil
	}
	m := &Meaning{file: f, known: newReadings()}
	pieces := piecesOf(f)
	var text bytes.Buffer
	var parts []part
	var begins []int // their first lines
	seen := map[part]bool{}
	line := 1
	for n, p := range pieces {
		one := partOf(f, p)
		if n > 0 && seen[one] {
			continue
		}
		seen[one] = n > 0 // the first one may have directives and a byte order mark
		parts, begins = append(parts, one), append(begins, line)
		text.WriteString(one.text)
		line += strings.Count(one.text, "\n")
	}
	if len(parts) == len(pieces) {
		return nil
	}
	found, escape, ok := m.known.read(&text, parts, append(begins, line))
	if !ok {
		return nil
	}
	m.escape = escape
	for n, p := range parts[1:] {
		m.known.parts[p] = found[1+n]
	}
	m.readDirectives()
	directives := len(m.elements)
	for n, p := range pieces {
		places := found[0]
		if n > 0 {
			places = m.known.parts[partOf(f, p)]
		}
		m.place(places, f.LineOf(p.start))
	}
	if len(m.elements) == directives {
		return nil
	}
	m.resolve()
	return m
}

// piecesOf divides a text behind each line with text that is no comment and does not seem to go on in the next one.
func piecesOf(f *source.File) []piece {
	var out []piece
	start := 0
	for at := 0; at < len(f.Bytes); {
		end := len(f.Bytes)
		if n := bytes.IndexByte(f.Bytes[at:], '\n'); n >= 0 {
			end = at + n + 1
		}
		line := bytes.TrimSpace(f.Bytes[at:end])
		if last := len(line) - 1; last >= 0 && line[0] != '#' && line[last] != '\\' && line[last] != '`' {
			out = append(out, piece{start: start, end: end})
			start = end
		}
		at = end
	}
	if start < len(f.Bytes) {
		out = append(out, piece{start: start, end: len(f.Bytes)})
	}
	return out
}

// place adds the instructions of a part that begins at a line.
func (m *Meaning) place(places []place, line int) {
	for _, at := range places {
		m.elements = append(m.elements, &element{
			reading: at.reading, line: line + at.first,
			span: source.Span{Start: m.file.FullLine(line + at.first).Start, End: m.file.Line(line + at.last).End},
		})
	}
}
