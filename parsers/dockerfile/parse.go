package dockerfile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/sandlint/sandlint/parsers/source"
)

const byteOrderMark = "\xef\xbb\xbf"

// maxLine is the length of the longest line that BuildKit reads, including its line end.
const maxLine = bufio.MaxScanTokenSize

// Parse reads a Dockerfile. It never fails: what BuildKit would refuse becomes a problem, and the rest is read.
func Parse(f *source.File) *File {
	out := &File{Source: f, Escape: '\\', lazy: new(lazy)}
	if p, bad := notText(f.Bytes); bad {
		out.Problems = []source.Problem{p}
		return out
	}
	r := reader{file: out, text: string(f.Bytes)}
	r.read()
	r.stages()
	slices.SortStableFunc(out.Problems, func(a, b source.Problem) int { return a.Span.Start - b.Span.Start })
	if p, bad := out.binary(); bad {
		out.Problems = []source.Problem{p}
	}
	out.Frontend = out.frontend()
	return out
}

// notText returns the problem of a file whose encoding no Dockerfile parser can read.
func notText(b []byte) (source.Problem, bool) {
	const message = "file is encoded as UTF-16; a Dockerfile is UTF-8"
	if bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) {
		return source.Problem{Span: source.Span{Start: 0, End: 2}, Kind: KindSyntax, Message: message}, true
	}
	if bytes.IndexByte(b, 0) < 0 {
		return source.Problem{}, false
	}
	// Without a byte order mark, UTF-16 has the zero bytes of its ASCII letters all at even or all at odd offsets.
	head := b[:min(len(b), 512)]
	var zeros [2]int
	for n, c := range head {
		if c == 0 {
			zeros[n%2]++
		}
	}
	if few, many := min(zeros[0], zeros[1]), max(zeros[0], zeros[1]); few == 0 && 4*many > len(head) {
		return source.Problem{Kind: KindSyntax, Message: message}, true
	}
	return source.Problem{}, false
}

// FromUTF16 returns the text of a file that is encoded as UTF-16 in UTF-8, without the byte order mark. It reports
// false for a file in another encoding, and for one that holds something else than characters.
func FromUTF16(b []byte) (text []byte, ok bool) {
	if _, bad := notText(b); !bad || len(b)%2 != 0 {
		return nil, false
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if b[0] == 0xfe && b[1] == 0xff || b[0] == 0 {
		order = binary.BigEndian
	}
	units := make([]uint16, len(b)/2)
	for n := range units {
		units[n] = order.Uint16(b[2*n:])
	}
	for n, r := range utf16.Decode(units) {
		switch {
		case n == 0 && r == '\ufeff':
		case r == utf8.RuneError, r == 0:
			return nil, false
		default:
			text = utf8.AppendRune(text, r)
		}
	}
	return text, true
}

// binary returns the problem of a file that is no text: its first instruction is none, and it has a NUL. Elsewhere,
// such as in a comment, BuildKit accepts a NUL.
func (f *File) binary() (source.Problem, bool) {
	at := bytes.IndexByte(f.Source.Bytes, 0)
	if at < 0 || len(f.Instructions) == 0 {
		return source.Problem{}, false
	}
	if _, known := keywordSet()[f.Instructions[0].Name]; known {
		return source.Problem{}, false
	}
	return source.Problem{Span: source.Span{Start: at, End: at + 1}, Kind: KindSyntax,
		Message: "file contains a NUL byte, so it is not text; a Dockerfile is UTF-8"}, true
}

// reader splits a file into instructions and reads each.
type reader struct {
	file *File
	text string
	pos  int // where the next line of the file begins

	line     logical
	buf      []byte
	scratch  []Word
	arena    []Word        // backing array of the words of instructions
	slab     []Instruction // backing array of instructions
	above    int           // index in Comments of the first one directly above the next line
	longLine line          // the first line of the instruction that is too long for BuildKit

	directives struct {
		done bool // no further directive can follow
		seen [len(directiveNames)]bool
	}

	faults []source.Problem // of the instruction being read
	doubt  *Flag            // BuildKit must check the instruction even without faults, because of this flag
	asked  int              // how often BuildKit was asked

	noEnd        map[string]bool // delimiters that no remaining line consists of
	searched     int             // bytes searched in vain for a delimiter
	unknown      bool            // an unknown instruction was reported
	afterUnknown bool            // the previous instruction was unknown, without a near match
	brokenFirst  bool            // an instruction before the first FROM was reported
	from         bool            // a FROM was read
	nearFrom     bool            // an unknown instruction was probably meant as FROM
}

// line is a line of the file: [start, end) without its line end, which runs to next.
type line struct{ start, end, next int }

// nextLine returns the next line of the file. As in BuildKit, all carriage returns before a line feed belong to the
// line end.
func (r *reader) nextLine() (line, bool) {
	if r.pos >= len(r.text) {
		return line{}, false
	}
	l := line{start: r.pos, end: len(r.text), next: len(r.text)}
	if n := strings.IndexByte(r.text[r.pos:], '\n'); n >= 0 {
		l.end = r.pos + n
		l.next = l.end + 1
	}
	if n := l.next - l.start; r.longLine.next == 0 && n >= maxLine && (n > maxLine || l.end == l.next) {
		r.longLine = l
	}
	for l.end > l.start && r.text[l.end-1] == '\r' {
		l.end--
	}
	r.pos = l.next
	return l, true
}

func (r *reader) read() {
	f := r.file
	for {
		l, ok := r.nextLine()
		if !ok {
			break
		}
		if l.start == 0 && strings.HasPrefix(r.text, byteOrderMark) {
			l.start = len(byteOrderMark)
		}
		start := skipSpace(r.text, l.start, l.end)
		switch {
		case start == l.end:
			r.directives.done = true
			r.above = len(f.Comments)
		case r.text[start] != '#':
			r.directives.done = true
			r.readInstruction(l, start)
			r.above = len(f.Comments)
		case !r.directive(line{start, l.end, l.next}):
			f.Comments = append(f.Comments, source.Span{Start: start, End: l.end})
		}
		if r.longLine.next != 0 {
			r.problem(r.tooLong())
		}
	}
	switch {
	case len(f.Instructions) == 0:
		r.problem(source.Problem{Kind: KindSyntax, Message: "file has no instructions"})
	case !r.from && !r.unknown && !r.brokenFirst:
		r.problem(source.Problem{Span: f.Instructions[0].Keyword, Kind: KindSyntax,
			Message: "file has no FROM, so there is nothing to build"})
	}
}

func (r *reader) problem(p source.Problem) { r.file.Problems = append(r.file.Problems, p) }

// fault records an error in the instruction being read; it is reported unless BuildKit accepts the instruction.
func (r *reader) fault(at source.Span, format string, args ...any) {
	r.faults = append(r.faults, source.Problem{Span: at, Kind: KindSyntax, Message: fmt.Sprintf(format, args...)})
}

// faultNear is fault for a value that is not one of all, with the one that was probably meant.
func (r *reader) faultNear(at source.Span, value string, all []string, format string, args ...any) {
	r.fault(at, format, args...)
	if near := nearest(value, all); near != "" {
		r.faults[len(r.faults)-1].Message += fmt.Sprintf("; did you mean %q?", near)
	}
}

// tooLong returns the problem of the line that is too long for BuildKit, at the line's first word.
func (r *reader) tooLong() source.Problem {
	l := r.longLine
	r.longLine = line{}
	start := skipSpace(r.text, l.start, l.end)
	if strings.HasPrefix(r.text[start:l.end], byteOrderMark) {
		start += len(byteOrderMark)
	}
	end := min(skipWord(r.text, start, l.end), start+64)
	for end > start && end < l.end && !utf8.RuneStart(r.text[end]) {
		end--
	}
	return source.Problem{
		Span: source.Span{Start: start, End: end}, Kind: KindSyntax,
		Message: fmt.Sprintf("line is %d bytes long; BuildKit reads no line longer than %d", l.next-l.start, maxLine-1),
	}
}

// directiveNames are the parser directives that BuildKit v0.34.2 knows.
var directiveNames = [...]string{"syntax", "escape", "check"}

// directive reads a comment line as a parser directive, and reports whether it is one.
func (r *reader) directive(l line) bool {
	if r.directives.done {
		return false
	}
	s := r.text
	// The grammar is ^([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$ after the '#' and white space.
	name := skipSpace(s, l.start+1, l.end)
	end := name
	for end < l.end && isAlphanumeric(s[end]) && (end > name || !isDigit(s[end])) {
		end++
	}
	equals := skipRegexpSpace(s, end, l.end)
	value := equals + 1
	if end == name || equals == l.end || s[equals] != '=' || value == l.end {
		r.directives.done = true
		return false
	}
	valueEnd := l.end
	if value = skipRegexpSpace(s, value, l.end); value == l.end {
		value-- // the value has at least one character, even if it is a blank
	} else {
		for isRegexpSpace(s[valueEnd-1]) {
			valueEnd--
		}
	}
	kind := slices.Index(directiveNames[:], strings.ToLower(s[name:end]))
	if kind < 0 {
		r.directives.done = true
		return false
	}
	d := Directive{
		Name: directiveNames[kind], Value: s[value:valueEnd],
		Span: source.Span{Start: l.start, End: l.end}, At: source.Span{Start: value, End: valueEnd},
	}
	if r.directives.seen[kind] {
		r.problem(source.Problem{Span: source.Span{Start: name, End: end}, Kind: KindSyntax,
			Message: fmt.Sprintf("parser directive %q is given twice", d.Name)})
		return true
	}
	r.directives.seen[kind] = true
	r.file.Directives = append(r.file.Directives, d)
	if d.Name == "escape" {
		if d.Value == "\\" || d.Value == "`" {
			r.file.Escape = d.Value[0]
		} else {
			r.problem(source.Problem{Span: d.At, Kind: KindSyntax,
				Message: fmt.Sprintf("escape character is %s; it can only be %q or %q", quote(d.Value), "\\", "`")})
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isAlphanumeric(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// isRegexpSpace reports whether c is \s of Go's regular expressions.
func isRegexpSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\n'
}

func skipRegexpSpace(s string, a, b int) int {
	for a < b && isRegexpSpace(s[a]) {
		a++
	}
	return a
}

// quote returns s as a message shows it: quoted, and shortened when it is long.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return fmt.Sprintf("%q", s)
}

// continuation returns the offset of the escape character that joins the next line to [a, b), or false if there is
// none.
func (r *reader) continuation(a, b int) (int, bool) {
	for b > a && (r.text[b-1] == ' ' || r.text[b-1] == '\t') {
		b--
	}
	if b == a || r.text[b-1] != r.file.Escape || b-2 >= a && r.text[b-2] == r.file.Escape {
		return 0, false
	}
	return b - 1, true
}

// readInstruction reads the instruction that begins at start in the line first.
func (r *reader) readInstruction(first line, start int) {
	f := r.file
	comments := f.Comments[r.above:len(f.Comments):len(f.Comments)]
	dangling := r.join(first, start)
	l := &r.line

	i := r.newInstruction()
	i.Index = len(f.Instructions)
	f.Instructions = append(f.Instructions, i)
	if len(comments) > 0 {
		i.Comments = comments
	}
	r.faults, r.doubt = r.faults[:0], nil

	a, b := trimSpace(l.text, 0, len(l.text))
	if a == b {
		i.Keyword = source.Span{Start: dangling, End: dangling + 1}
		i.Span, i.Args, i.Broken = i.Keyword, source.Span{Start: dangling + 1, End: dangling + 1}, true
		i.Lines = source.Span{Start: first.start, End: r.pos}
		r.problem(source.Problem{Span: i.Keyword, Kind: KindSyntax,
			Message: "continuation line has no instruction to continue"})
		return
	}
	r.readWords(i, a, b)
	i.Span = l.span(a, b)
	if dangling >= 0 {
		i.Span.End = dangling + 1
	}
	r.readHeredocs(i)
	i.Lines = source.Span{Start: first.start, End: r.pos}
	for t := i.Trigger; t != nil; t = t.Trigger {
		t.Span.End, t.Lines, t.Heredocs, t.Index = i.Span.End, i.Lines, i.Heredocs, i.Index
	}
	if r.longLine.next != 0 {
		r.problem(r.tooLong())
		i.Broken = true
		return
	}
	r.judge(i)
}

// join builds r.line from a line and those that continue it. It returns the offset of an escape character that no line
// follows, or -1.
func (r *reader) join(first line, start int) (dangling int) {
	l := &r.line
	l.segs = l.segs[:0]
	esc, more := r.continuation(start, first.end)
	if !more {
		l.segs = append(l.segs, segment{0, start})
		l.text = r.text[start:first.end]
		return -1
	}
	r.buf = r.buf[:0]
	r.addSegment(start, esc)
	for more {
		next, ok := r.nextLine()
		if !ok {
			break
		}
		switch c := skipSpace(r.text, next.start, next.end); {
		case c == next.end:
			continue
		case r.text[c] == '#':
			r.file.Comments = append(r.file.Comments, source.Span{Start: c, End: next.end})
			continue
		}
		end := next.end
		if at, again := r.continuation(next.start, next.end); again {
			esc, end = at, at
		} else {
			more = false
		}
		r.addSegment(next.start, end)
	}
	switch len(l.segs) {
	case 0:
		l.segs = append(l.segs, segment{0, esc})
		l.text = ""
	case 1:
		l.text = r.text[l.segs[0].off : l.segs[0].off+len(r.buf)]
	default:
		l.text = string(r.buf)
	}
	if more {
		return esc
	}
	return -1
}

func (r *reader) addSegment(a, b int) {
	if a < b {
		r.line.segs = append(r.line.segs, segment{len(r.buf), a})
		r.buf = append(r.buf, r.text[a:b]...)
	}
}

// newInstruction returns an instruction of the file.
func (r *reader) newInstruction() *Instruction {
	if len(r.slab) == cap(r.slab) {
		// At most 272 of 240 bytes each, which fill 64 KB, the size that Go allocates.
		r.slab = make([]Instruction, 0, min(max(8, 2*cap(r.slab)), 272))
	}
	r.slab = append(r.slab, Instruction{file: r.file})
	return &r.slab[len(r.slab)-1]
}

// keep returns a copy of words that outlives the reader's scratch space.
func (r *reader) keep(words []Word) []Word {
	if len(words) == 0 {
		return nil
	}
	if cap(r.arena)-len(r.arena) < len(words) {
		r.arena = make([]Word, 0, max(min(max(16, 2*cap(r.arena)), 256), len(words)))
	}
	n := len(r.arena)
	r.arena = append(r.arena, words...)
	return r.arena[n:len(r.arena):len(r.arena)]
}
