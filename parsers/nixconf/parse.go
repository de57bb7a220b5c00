package nixconf

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sandlint/sandlint/parsers/source"
)

// maxNear bounds how many problems of one file get a suggestion, so that a file that is not a nix.conf at all costs no
// more than one that is.
const maxNear = 20

// Parse reads fr as Nix does, in every release: only LF ends a line, the first '#' of a line starts a comment wherever
// it is, blanks are SPACE, TAB and CR, and there are no quotes or continuation lines. It never fails; lines that Nix
// refuses are in Problems. Text in UTF-16 or UTF-32 gives one problem at offset 0, and lines without words.
//
// A line whose meaning depends on opaque text is marked Unknown and gives nothing else. Opaque text in a value is part
// of the entry's Value; File.Known distinguishes it from literal text.
func Parse(fr *source.Fragment) *File {
	f := &File{Fragment: fr, opaque: opaqueSpans(fr)}
	text := ""
	switch {
	case len(fr.Pieces) == 1:
		text = fr.Pieces[0].Text
	case len(fr.Text) > 0:
		text = string(fr.Text)
	}
	p := parser{file: f, text: text, opaque: f.opaque}
	wide := isWide(text)
	if wide {
		f.Problems = append(f.Problems, source.Problem{
			Span:    source.Span{Start: 0, End: min(2, len(text))},
			Kind:    KindSyntax,
			Message: "the text is UTF-16 or UTF-32, which Nix does not read" + consequence,
		})
	}
	lines := strings.Count(text, "\n") + 1
	f.Lines = make([]Line, 0, lines)
	if !wide {
		p.words = make([]Word, 0, strings.Count(text, " ")+lines)
		p.entries = make([]Entry, 0, min(strings.Count(text, " = "), lines))
	}
	for start := 0; start < len(text); {
		end, next := len(text), len(text)
		if n := strings.IndexByte(text[start:], '\n'); n >= 0 {
			end = start + n
			next = end + 1
		}
		if wide {
			f.Lines = append(f.Lines,
				Line{Span: source.Span{Start: start, End: end}, Comment: source.Span{Start: end, End: end}})
		} else {
			p.line(start, end)
		}
		start = next
	}
	if len(f.Problems) > 0 {
		p.settleForeign()
	}
	f.Entries = make([]*Entry, len(p.entries))
	for i := range p.entries {
		f.Entries[i] = &p.entries[i]
	}
	return f
}

type parser struct {
	file    *File
	text    string
	opaque  []source.Span // those that do not lie before the current line
	words   []Word
	entries []Entry
	// begun is the last line that assigns, or would without its mistake, and continued the index of the last line that
	// continues its value.
	begun     begun
	continued int
}

type begun struct {
	line  int
	name  string // "" before the first one
	value []Word
}

func opaqueSpans(fr *source.Fragment) []source.Span {
	var out []source.Span
	at := 0
	for i := range fr.Pieces {
		end := at + len(fr.Pieces[i].Text)
		if fr.Pieces[i].Opaque {
			out = append(out, source.Span{Start: at, End: end})
		}
		at = end
	}
	return out
}

// Known reports whether the text at s, in coordinates of the fragment, is all there is: no opaque text lies in it or
// touches it, so that it may make a word longer.
func (f *File) Known(s source.Span) bool {
	i := sort.Search(len(f.opaque), func(i int) bool { return f.opaque[i].End >= s.Start })
	return i == len(f.opaque) || f.opaque[i].Start > s.End
}

// UnknownLines returns the indexes of the lines that are Unknown, in order.
func (f *File) UnknownLines() []int { return f.unknown }

// isWide reports whether text is UTF-16 or UTF-32: it begins with a byte order mark of these, or every other byte of
// its beginning is NUL.
func isWide(text string) bool {
	if strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") ||
		strings.HasPrefix(text, "\x00\x00\xfe\xff") {
		return true
	}
	if len(text) < 4 || text[0] != 0 && text[1] != 0 {
		return false
	}
	nul := [2]int{}
	n := min(len(text), 64) &^ 1
	for i := range n {
		if text[i] == 0 {
			nul[i&1]++
		}
	}
	return nul[0] == 0 && nul[1]*5 >= n/2*4 || nul[1] == 0 && nul[0]*5 >= n/2*4
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }

// line reads the line text[start:end].
func (p *parser) line(start, end int) {
	for len(p.opaque) > 0 && p.opaque[0].End <= start {
		p.opaque = p.opaque[1:]
	}
	// A '#' inside opaque text is part of its notation, as in ${#x}, and says nothing about the value.
	cut := start
	for i := 0; ; i++ {
		limit := end
		if i < len(p.opaque) && p.opaque[i].Start < end {
			limit = max(p.opaque[i].Start, cut)
		}
		if n := strings.IndexByte(p.text[cut:limit], '#'); n >= 0 {
			cut += n
			break
		}
		if limit == end {
			cut = end
			break
		}
		cut = min(p.opaque[i].End, end)
	}
	first := len(p.words)
	for i := start; i < cut; {
		if isBlank(p.text[i]) {
			i++
			continue
		}
		w := i
		for i < cut && !isBlank(p.text[i]) {
			i++
		}
		p.words = append(p.words, Word{Text: p.text[w:i], Span: source.Span{Start: w, End: i}})
	}
	words := p.words[first:len(p.words):len(p.words)]
	p.file.Lines = append(p.file.Lines, Line{
		Span:    source.Span{Start: start, End: end},
		Comment: source.Span{Start: cut, End: end},
		Words:   words,
	})
	if len(words) == 0 {
		return
	}
	certain := len(words)
	if len(p.opaque) > 0 && p.opaque[0].Start < cut {
		certain = 0
		for certain < len(words) && words[certain].Span.End < p.opaque[0].Start {
			certain++
		}
	}
	p.statement(words, certain)
}

// statement reads the words of a line, of which the first certain ones do not depend on opaque text.
func (p *parser) statement(words []Word, certain int) {
	f := p.file
	index := len(f.Lines) - 1
	include := words[0].Text == "include" || words[0].Text == "!include"
	span := source.Span{Start: words[0].Span.Start, End: words[len(words)-1].Span.End}
	switch {
	case certain == 0,
		certain == 1 && len(words) > 1 && !(include && len(words) == 2),
		include && certain == 2 && len(words) > 2:
		f.Lines[index].Unknown = true
		f.unknown = append(f.unknown, index)
	case include && len(words) == 2:
		if f.Includes == nil {
			f.Includes = make([]Include, 0, strings.Count(p.text[span.Start:], "include"))
		}
		f.Includes = append(f.Includes,
			Include{Path: words[1], Optional: words[0].Text == "!include", Before: len(p.entries), Span: span})
	case include:
		p.problem(span, KindIncludeArity, "",
			fmt.Sprintf("%s takes exactly one path, not %d words", words[0].Text, len(words)-1)+consequence)
	case len(words) > 1 && words[1].Text == "=":
		e := Entry{Name: words[0], Equals: words[1].Span, Words: words[2:], Line: index}
		e.ValueSpan = source.Span{Start: words[1].Span.End, End: words[1].Span.End}
		if len(e.Words) > 0 {
			e.ValueSpan = source.Span{Start: e.Words[0].Span.Start, End: span.End}
		}
		e.Span = span
		e.Value = p.join(e.Words)
		p.entries = append(p.entries, e)
		p.begun = begun{index, e.Name.Text, e.Words}
	default:
		p.refuse(words, span)
	}
}

// join returns the words with one blank between them, which is often the text itself.
func (p *parser) join(words []Word) string {
	if len(words) == 0 {
		return ""
	}
	for i := 1; i < len(words); i++ {
		if words[i].Span.Start != words[i-1].Span.End+1 || p.text[words[i-1].Span.End] != ' ' {
			return joinWords(words)
		}
	}
	return p.text[words[0].Span.Start:words[len(words)-1].Span.End]
}

func joinWords(words []Word) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w.Text)
	}
	return b.String()
}

// gluedName returns the setting of a line that only lacks blanks around its '=': name=value, name= value or name
// =value.
func (p *parser) gluedName(words []Word) (string, bool) {
	name, rest, ok := strings.Cut(words[0].Text, "=")
	more := words[1:]
	if !ok {
		if len(words) < 2 || !strings.HasPrefix(words[1].Text, "=") || isOperator(words[1].Text) {
			return "", false
		}
		rest = words[1].Text[1:]
		more = words[2:]
	}
	if strings.HasPrefix(rest, "=") || strings.HasSuffix(name, "-") || !plausibleName(name) {
		return "", false
	}
	// A second = between blanks is a second assignment that was glued to the first.
	for i, w := range more {
		if w.Text == "=" && (i > 0 || rest != "") {
			return "", false
		}
	}
	if rest == "" && len(more) > 0 && strings.HasPrefix(more[0].Text, "=") {
		return "", false
	}
	return name, true
}

// plausibleName reports whether name is or looks like the name of a setting: lower-case words with '-' between them, or
// a setting that is spelled with '_' or upper-case letters.
func plausibleName(name string) bool {
	if name == "" || len(name) > 64 {
		return false
	}
	looks := 'a' <= name[0] && name[0] <= 'z'
	for i := range len(name) {
		c := name[i]
		looks = looks && ('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-')
	}
	return looks || knownAnywhere(strings.ReplaceAll(strings.ToLower(name), "_", "-"))
}

// isOperator reports whether word consists of the characters that other languages assign with.
func isOperator(word string) bool {
	return strings.Trim(word, ":=+-<>~?|&!.") == ""
}

// near returns the setting of any release that is nearest to name, or "".
func near(name string) string {
	if name == "" || len(name) > 64 {
		return ""
	}
	return Nearest(name, everything())
}

// everything returns the targets that hold all releases.
func everything() Targets {
	ts := make(Targets, 0, 3)
	for _, d := range Distributions() {
		ts = append(ts, Target{d, releaseTable[d.index()][0], d.Newest()})
	}
	return ts
}

// problem adds a problem. Problem.Near is the setting nearest to name, unless name is a setting itself.
func (p *parser) problem(span source.Span, kind, name, message string) {
	pr := source.Problem{Span: span, Kind: kind, Message: message}
	if name != "" && len(p.file.Problems) < maxNear && !knownAnywhere(name) {
		pr.Near = near(name)
	}
	p.file.Problems = append(p.file.Problems, pr)
}

// Quote returns text of the user in quotes for a message, cut to a readable length.
func Quote(s string) string {
	const limit = 60
	if len(s) > limit {
		cut := limit
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return strconv.Quote(s)
}
