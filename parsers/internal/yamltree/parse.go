package yamltree

import (
	"bytes"
	"fmt"
	"sort"

	"github.com/sandlint/sandlint/parsers/source"
)

// maxDepth bounds the nesting of collections, and so the stack.
const maxDepth = 256

// Parse reads f. It never fails: what cannot be read becomes a problem of the tree.
func Parse(f *source.File) *Tree {
	p := &parser{src: f.Bytes, unclosed: -1, tree: &Tree{File: f}, anchors: map[string]*Node{}}
	if bytes.HasPrefix(p.src, []byte("\xef\xbb\xbf")) {
		p.pos, p.bol = 3, 3
	}
	p.documents()
	sort.SliceStable(p.tree.Problems, func(i, j int) bool {
		return p.tree.Problems[i].Span.Start < p.tree.Problems[j].Span.Start
	})
	return p.tree
}

type parser struct {
	src      []byte
	pos      int
	bol      int // start of the line of pos
	depth    int
	unclosed int // where unclosed brackets were last found, so those around them are not reported as well
	tree     *Tree
	anchors  map[string]*Node
}

func (p *parser) problem(kind string, span source.Span, format string, args ...any) {
	p.tree.Problems = append(p.tree.Problems,
		source.Problem{Span: span, Kind: kind, Message: fmt.Sprintf(format, args...)})
}

// at returns the byte at i, 0 past the end.
func (p *parser) at(i int) byte {
	if i < len(p.src) {
		return p.src[i]
	}
	return 0
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }
func isBreak(c byte) bool { return c == '\n' || c == '\r' }

// ends reports whether a token ends before i, where there is a blank, a line end or the end of the text.
func (p *parser) ends(i int) bool {
	return i >= len(p.src) || isBlank(p.src[i]) || isBreak(p.src[i])
}

func (p *parser) eol(i int) bool { return i >= len(p.src) || isBreak(p.src[i]) }

func (p *parser) eof() bool { return p.pos >= len(p.src) }

func (p *parser) col() int { return p.column(p.pos) }

// column returns the column of i in the line that starts at bol. A tab that indents the line, which is an error, counts
// as eight.
func (p *parser) column(i int) int {
	n := i - p.bol
	for _, c := range p.src[p.bol:i] {
		if c == '\t' {
			n += 7
		} else if c != ' ' {
			break
		}
	}
	return n
}

// lineEnd returns the end of the line that contains i, without its line break.
func (p *parser) lineEnd(i int) int {
	for i < len(p.src) && !isBreak(p.src[i]) {
		i++
	}
	return i
}

// skipBreak moves past the line break at pos.
func (p *parser) skipBreak() {
	if p.at(p.pos) == '\r' && p.at(p.pos+1) == '\n' {
		p.pos++
	}
	p.pos++
	p.bol = p.pos
}

func (p *parser) skipBlanks() {
	for p.pos < len(p.src) && isBlank(p.src[p.pos]) {
		p.pos++
	}
}

// comment reports whether a comment starts at pos.
func (p *parser) comment() bool {
	return p.at(p.pos) == '#' && (p.pos == p.bol || isBlank(p.src[p.pos-1]))
}

// next moves to the next token, past blanks, comments and line breaks.
func (p *parser) next() {
	for {
		p.skipBlanks()
		if p.comment() {
			p.pos = p.lineEnd(p.pos)
		}
		if p.eof() || !isBreak(p.src[p.pos]) {
			return
		}
		p.skipBreak()
	}
}

// checkTabs reports a tab in the indentation of the token at pos.
func (p *parser) checkTabs() {
	if tab := bytes.IndexByte(p.src[p.bol:p.pos], '\t'); tab >= 0 && p.fresh() {
		p.problem(KindTab, source.Span{Start: p.bol + tab, End: p.bol + tab + 1},
			"this line is indented with a tab; YAML allows only spaces")
	}
}

// marker reports whether the line at i is a document marker, "---" or "...".
func (p *parser) marker(i int) bool {
	if i+3 > len(p.src) || !p.ends(i+3) {
		return false
	}
	s := string(p.src[i : i+3])
	return s == "---" || s == "..."
}

// stop reports whether the document ends at pos.
func (p *parser) stop() bool {
	return p.eof() || p.pos == p.bol && p.marker(p.pos)
}

func (p *parser) dash() bool { return p.at(p.pos) == '-' && p.ends(p.pos+1) }

func (p *parser) documents() {
	for {
		p.next()
		for p.pos == p.bol && p.at(p.pos) == '%' {
			p.pos = p.lineEnd(p.pos)
			p.next()
		}
		if p.eof() {
			return
		}
		explicit := p.pos == p.bol && p.marker(p.pos)
		if explicit {
			p.pos += 3
			if p.src[p.pos-1] == '.' {
				p.rest("the end of a document")
				continue
			}
		}
		clear(p.anchors)
		root := p.block(0, 0, explicit)
		p.rest("the root of a document")
		p.next()
		for reported := false; !p.stop(); p.next() {
			at := p.pos
			if !reported {
				p.problem(KindSyntax, source.Span{Start: at, End: p.lineEnd(at)},
					"this does not belong to the node before it")
				reported = true
			}
			if more := p.block(0, 0, false); more.Kind == Mapping && root.Kind != Mapping {
				root = more
			}
			p.rest("the root of a document")
			if p.pos == at {
				p.pos = p.lineEnd(at)
			}
		}
		p.tree.Documents = append(p.tree.Documents, root)
	}
}

// fresh reports whether pos is at the first token of its line.
func (p *parser) fresh() bool {
	for _, c := range p.src[p.bol:p.pos] {
		if !isBlank(c) {
			return false
		}
	}
	return true
}

// rest ends the line after a node, where only blanks and a comment may follow. It reports whether that is so.
func (p *parser) rest(after string) bool {
	if p.fresh() {
		return true
	}
	p.skipBlanks()
	if p.eol(p.pos) || p.comment() {
		return true
	}
	end := p.lineEnd(p.pos)
	p.problem(KindSyntax, source.Span{Start: p.pos, End: end}, "unexpected %s after %s", quote(p.src[p.pos:end]), after)
	p.pos = end
	return false
}

// quote formats text of the file for a message.
func quote(b []byte) string {
	const most = 40
	if len(b) > most {
		return fmt.Sprintf("%q…", bytes.ToValidUTF8(b[:most], nil))
	}
	return fmt.Sprintf("%q", b)
}

func (p *parser) null(at int) *Node {
	return &Node{Kind: Null, Span: source.Span{Start: at, End: at}, Inner: source.Span{Start: at, End: at}}
}

// properties are the tag and the anchor before a node.
type properties struct {
	tag, anchor string
	start       int // of the first of them
}

func (p *parser) properties(props *properties) {
	for {
		c := p.at(p.pos)
		if c != '&' && c != '!' || p.ends(p.pos+1) && c == '&' {
			return
		}
		start := p.pos
		verbatim := c == '!' && p.at(p.pos+1) == '<'
		for !p.ends(p.pos) && !(p.pos > start && isFlow(p.src[p.pos]) && !verbatim) {
			verbatim = verbatim && p.src[p.pos] != '>'
			p.pos++
		}
		if props.start < 0 {
			props.start = start
		}
		if c == '&' {
			props.anchor = string(p.src[start+1 : p.pos])
		} else {
			props.tag = string(p.src[start:p.pos])
		}
		p.skipBlanks()
	}
}

func (p *parser) apply(props properties, n *Node) {
	n.Tag = props.tag
	if n.Anchor = props.anchor; n.Anchor != "" {
		p.anchors[n.Anchor] = n
	}
}

func isFlow(c byte) bool {
	return c == ',' || c == '[' || c == ']' || c == '{' || c == '}'
}

// deeper limits the recursion; every call that returns true is followed by p.depth--.
func (p *parser) deeper() bool {
	if p.depth == maxDepth {
		p.problem(KindTooDeep, source.Span{Start: p.pos, End: min(p.pos+1, len(p.src))},
			"more than %d collections are nested here, so nothing after this is read", maxDepth)
		p.pos = len(p.src)
		p.unclosed = p.pos
		for p.bol = p.pos; p.bol > 0 && !isBreak(p.src[p.bol-1]); p.bol-- {
		}
		return false
	}
	p.depth++
	return true
}

// block reads the node that starts at or after pos. Lines after the first belong to it when their column is at least
// least, or at least dashes for a sequence. inValue says that it starts in the line of its key, where no other key may
// follow.
func (p *parser) block(least, dashes int, inValue bool) *Node {
	from := p.pos
	props := properties{start: -1}
	for {
		p.skipBlanks()
		if p.eol(p.pos) || p.comment() {
			pos, bol := p.pos, p.bol
			p.next()
			if p.stop() || p.col() < least && !(p.col() >= dashes && p.dash()) {
				p.pos, p.bol = pos, bol
				n := p.null(from)
				p.apply(props, n)
				return n
			}
			p.checkTabs()
			inValue = false
		}
		at := p.pos
		if p.properties(&props); p.pos == at || !p.eol(p.pos) && !p.comment() {
			break
		}
		from = p.pos
	}
	if !p.deeper() {
		return p.null(p.pos)
	}
	defer func() { p.depth-- }()

	start := p.pos
	if props.start >= p.bol && props.start < start {
		start = props.start
	}
	switch {
	case p.dash():
		if inValue {
			p.problem(KindSyntax, source.Span{Start: p.pos, End: p.pos + 1},
				"a list must not start in the line of its key")
		}
		return p.sequence(p.col(), props)
	case p.at(p.pos) == '?' && p.ends(p.pos+1):
		n := &Node{Kind: Mapping, Span: source.Span{Start: p.pos, End: p.pos}}
		p.apply(props, n)
		p.mapping(n, p.col(), nil)
		return n
	case p.at(p.pos) == '|' || p.at(p.pos) == '>':
		n := p.blockScalar(least)
		p.apply(props, n)
		return n
	}
	n := p.atom(least, false)
	end := p.pos
	p.skipBlanks()
	if p.at(p.pos) == ':' && p.ends(p.pos+1) && n.Span.Start >= p.bol {
		if !inValue {
			p.named(n)
			if props.start >= p.bol {
				p.apply(props, n)
				props = properties{}
			}
			m := &Node{Kind: Mapping, Span: source.Span{Start: n.Span.Start, End: n.Span.End}}
			p.apply(props, m)
			p.mapping(m, p.column(start), n)
			return m
		}
		line := p.lineEnd(p.pos)
		p.problem(KindSyntax, source.Span{Start: p.pos, End: p.pos + 1},
			"this line has a second colon, so the value %s needs quotes", quote(p.src[n.Span.Start:line]))
		if n.Style == Plain && n.Kind == Scalar {
			n.Span.End = p.trimmed(n.Span.Start, line)
			n.Inner = n.Span
			n.Text = string(p.src[n.Span.Start:n.Span.End])
		}
		p.pos = line
		p.apply(props, n)
		return n
	}
	p.pos = end
	if n.Kind == Scalar && n.Style == Plain && n.Text == "" {
		p.pos = n.Span.Start
		n = p.plain(least, false)
	}
	p.apply(props, n)
	return n
}

// trimmed returns end moved back over blanks.
func (p *parser) trimmed(start, end int) int {
	for end > start && isBlank(p.src[end-1]) {
		end--
	}
	return end
}

// atom reads a node that may be the key of a mapping. Of a plain scalar it reads only the first line and does not set
// Text.
func (p *parser) atom(least int, inFlow bool) *Node {
	switch p.at(p.pos) {
	case '[', '{':
		return p.flow(least)
	case '\'', '"':
		return p.quoted(least)
	case '*':
		if !p.ends(p.pos + 1) {
			return p.alias()
		}
	}
	start := p.pos
	switch c := p.at(start); c {
	case '@', '`', '%', ',', ']', '}':
		p.problem(KindSyntax, source.Span{Start: start, End: start + 1},
			"a value without quotes cannot start with %q", c)
	}
	end := p.plainEnd(inFlow)
	return &Node{Kind: Scalar, Span: source.Span{Start: start, End: end}, Inner: source.Span{Start: start, End: end},
		min: int32(least), flow: inFlow}
}

// named sets the Text of a plain scalar that is a key.
func (p *parser) named(n *Node) {
	if n.Kind == Scalar && n.Style == Plain {
		n.Text = string(p.src[n.Inner.Start:n.Inner.End])
	}
}

func (p *parser) alias() *Node {
	start := p.pos
	for p.pos++; !p.ends(p.pos) && !isFlow(p.src[p.pos]); p.pos++ {
		if p.src[p.pos] == ':' && p.ends(p.pos+1) {
			break
		}
	}
	n := &Node{Kind: Alias, Span: source.Span{Start: start, End: p.pos}}
	n.Inner = n.Span
	name := string(p.src[start+1 : p.pos])
	if n.Target = p.anchors[name]; n.Target == nil {
		p.problem(KindUndefinedAlias, n.Span, "this alias has no anchor %q before it", name)
	}
	return n
}

// mapping reads the entries of a block mapping whose keys are at column col into m. If key is given, it is the first
// key and pos is at its colon; otherwise pos is at the first entry.
func (p *parser) mapping(m *Node, col int, key *Node) {
	keys := keySet{}
	for {
		inValue := true
		if key == nil && p.at(p.pos) == '?' && p.ends(p.pos+1) {
			p.pos++
			key = p.block(col+1, col+1, false)
			p.rest("a key")
			p.next()
			if p.stop() || p.col() != col || p.at(p.pos) != ':' || !p.ends(p.pos+1) {
				m.add(p, &keys, Pair{key, p.null(key.Span.End)})
				goto following
			}
			inValue = false
		}
		if key == nil {
			if key = p.key(col); key == nil {
				goto following
			}
		}
		p.pos++
		m.add(p, &keys, Pair{key, p.block(col+1, col, inValue)})
		p.rest("a value")
	following:
		key = nil
		for p.next(); !p.stop() && p.col() > col; p.next() {
			p.problem(KindSyntax, source.Span{Start: p.pos, End: p.lineEnd(p.pos)},
				"this line is indented deeper than the keys before it and belongs to none of them")
			p.skipDeeper(col)
		}
		if p.stop() || p.col() < col {
			return
		}
		p.checkTabs()
	}
}

// key reads a key at column col and moves to its colon. If there is no colon, it reports that, skips the entry and
// returns nil.
func (p *parser) key(col int) *Node {
	start, before := p.pos, len(p.tree.Problems)
	if !p.dash() {
		props := properties{start: -1}
		p.properties(&props)
		key := p.atom(col+1, false)
		p.skipBlanks()
		if p.at(p.pos) == ':' && p.ends(p.pos+1) && key.Span.Start >= p.bol {
			p.named(key)
			p.apply(props, key)
			return key
		}
	}
	if len(p.tree.Problems) == before {
		end := p.lineEnd(start)
		p.problem(KindSyntax, source.Span{Start: start, End: end},
			"%s is not a key, which needs a colon and a blank after it", quote(p.src[start:end]))
	}
	p.skipDeeper(col)
	return nil
}

// skipDeeper moves past the line of pos and the lines below it that are indented deeper than col.
func (p *parser) skipDeeper(col int) {
	for {
		p.pos = p.lineEnd(p.pos)
		p.next()
		if p.stop() || p.col() <= col {
			return
		}
	}
}

// sequence reads a block sequence whose dashes are at column col; pos is at the first.
func (p *parser) sequence(col int, props properties) *Node {
	n := &Node{Kind: Sequence, Span: source.Span{Start: p.pos, End: p.pos + 1}}
	p.apply(props, n)
	for {
		p.pos++
		item := p.block(col+1, col+1, false)
		n.Items = append(n.Items, item)
		n.Span.End = max(n.Span.End, item.Span.End)
		p.rest("a list element")
		for p.next(); !p.stop() && p.col() > col; p.next() {
			p.problem(KindSyntax, source.Span{Start: p.pos, End: p.lineEnd(p.pos)},
				"this line is indented deeper than the list before it and belongs to none of its elements")
			p.skipDeeper(col)
		}
		if p.stop() || p.col() < col || !p.dash() {
			return n
		}
		p.checkTabs()
	}
}

// keySet finds repeated keys; it needs no map for small mappings.
type keySet struct{ seen map[string]bool }

func (k *keySet) has(m *Node, key *Node) bool {
	const small = 12
	if len(m.Pairs) < small {
		for _, p := range m.Pairs {
			if p.Key.Kind == Scalar && p.Key.Text == key.Text {
				return true
			}
		}
		return false
	}
	if k.seen == nil {
		k.seen = make(map[string]bool, 2*small)
		for _, p := range m.Pairs {
			if p.Key.Kind == Scalar {
				k.seen[p.Key.Text] = true
			}
		}
	}
	if k.seen[key.Text] {
		return true
	}
	k.seen[key.Text] = true
	return false
}

func (n *Node) add(p *parser, keys *keySet, pair Pair) {
	if pair.Key.Kind == Scalar && !isMerge(pair.Key) && keys.has(n, pair.Key) {
		p.problem(KindDuplicateKey, pair.Key.Span, "key %s is already set in this mapping",
			quote([]byte(pair.Key.Text)))
	}
	n.Pairs = append(n.Pairs, pair)
	n.Span = n.Span.Join(pair.Span())
}

// flow reads a collection in brackets; pos is at the opening one.
func (p *parser) flow(least int) *Node {
	open := p.pos
	n := &Node{Kind: Sequence, Span: source.Span{Start: open, End: open + 1}}
	closing := byte(']')
	if p.src[open] == '{' {
		n.Kind = Mapping
		closing = '}'
	}
	p.pos++
	if !p.deeper() {
		return n
	}
	defer func() { p.depth-- }()
	keys := keySet{}
	for {
		if p.unclosed == p.pos || !p.flowSpace(least) {
			if p.unclosed != p.pos {
				p.problem(KindSyntax, source.Span{Start: open, End: open + 1}, "this %q is not closed", p.src[open])
				p.unclosed = p.pos
			}
			return n
		}
		switch c := p.src[p.pos]; c {
		case ']', '}':
			if c != closing {
				p.problem(KindSyntax, source.Span{Start: p.pos, End: p.pos + 1}, "%q closes what %q opened", c,
					p.src[open])
			}
			p.pos++
			n.Span.End = p.pos
			return n
		case ',':
			p.pos++
			continue
		}
		at := p.pos
		if p.src[at] == '?' && p.ends(at+1) {
			p.pos++
			if !p.flowSpace(least) {
				continue
			}
		}
		item := p.flowNode(least)
		end, bol := p.pos, p.bol
		if p.flowSpace(least) && p.src[p.pos] == ':' &&
			(p.ends(p.pos+1) || isFlow(p.at(p.pos+1)) || item.Style == SingleQuoted || item.Style == DoubleQuoted ||
				item.Kind != Scalar) {
			p.pos++
			end, bol = p.pos, p.bol
			value := p.null(p.pos)
			if p.flowSpace(least) && !isFlow(p.src[p.pos]) || p.at(p.pos) == '[' || p.at(p.pos) == '{' {
				value = p.flowNode(least)
			} else {
				p.pos, p.bol = end, bol
			}
			pair := Pair{item, value}
			if n.Kind == Mapping {
				n.add(p, &keys, pair)
			} else {
				n.Items = append(n.Items, &Node{Kind: Mapping, Span: pair.Span(), Pairs: []Pair{pair}})
			}
		} else {
			p.pos, p.bol = end, bol
			if n.Kind == Mapping {
				n.add(p, &keys, Pair{item, p.null(item.Span.End)})
			} else {
				n.Items = append(n.Items, item)
			}
		}
		n.Span.End = max(n.Span.End, p.pos)
		if p.pos == at {
			p.problem(KindSyntax, source.Span{Start: at, End: at + 1}, "unexpected %s in brackets",
				quote(p.src[at:at+1]))
			p.pos++
		}
	}
}

// flowSpace moves to the next token inside brackets. It reports false where the brackets cannot continue: at the end of
// the document, and at a line that is left of the collection and looks like an entry of a block.
func (p *parser) flowSpace(least int) bool {
	line := p.bol
	p.next()
	if p.stop() {
		return false
	}
	return p.bol == line || p.col() >= least || !p.entry()
}

// entry reports whether the line at pos looks like an entry of a block collection: a dash, or one word and a colon.
func (p *parser) entry() bool {
	if p.dash() {
		return true
	}
	for i := p.pos; !p.ends(i) && !isFlow(p.src[i]); i++ {
		if p.src[i] == ':' && p.ends(i+1) {
			return i > p.pos
		}
	}
	return false
}

func (p *parser) flowNode(least int) *Node {
	props := properties{start: -1}
	at := p.pos
	for p.properties(&props); p.pos != at; p.properties(&props) {
		at = p.pos
		if !p.flowSpace(least) {
			break
		}
	}
	var n *Node
	switch c := p.at(p.pos); {
	case p.eof() || c == ',' || c == ']' || c == '}':
		n = p.null(p.pos)
	case c == '[' || c == '{' || c == '\'' || c == '"' || c == '*' && !p.ends(p.pos+1):
		n = p.atom(least, true)
	default:
		n = p.plain(least, true)
	}
	p.apply(props, n)
	return n
}
