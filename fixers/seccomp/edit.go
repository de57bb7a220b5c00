package seccomp

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
)

// RemoveString removes element i of an array of strings, with its comma, and keeps the layout, whether the array is
// on one line or has one element a line. It returns nil where that cannot be done without touching something else,
// such as a comment.
func RemoveString(p *seccomp.Profile, list []seccomp.String, i int) []fixers.Edit {
	first, last := around(len(list), i, i)
	return RemoveStrings(p, list[first:last], i-first)
}

// around returns the part of an array of some length that matters when the elements from one to another are removed:
// these with their neighbours.
func around(length, from, to int) (first, last int) { return max(from-1, 0), min(to+2, length) }

// RemoveStrings removes several elements of one array of strings; see RemoveString. To remove all of them leaves an
// empty array.
func RemoveStrings(p *seccomp.Profile, list []seccomp.String, drop ...int) []fixers.Edit {
	spans := make([]source.Span, len(list))
	for i, s := range list {
		spans[i] = s.Span
	}
	return remove(p, spans, drop)
}

// remove removes elements of an array, in JSON or YAML.
func remove(p *seccomp.Profile, spans []source.Span, drop []int) []fixers.Edit {
	if drop = slices.Compact(slices.Sorted(slices.Values(drop))); p.Dialect == seccomp.SPO && len(drop) > 0 {
		if edits, ok := removeItems(p.Source, spans, drop); ok {
			return edits
		}
	}
	return removeElements(p.Source, spans, drop)
}

// RemoveRules removes elements of the syscalls array, by their indexes in p.Rules; see RemoveString.
func RemoveRules(p *seccomp.Profile, drop ...int) []fixers.Edit {
	if len(drop) == 0 {
		return nil
	}
	first, last := around(len(p.Rules), slices.Min(drop), slices.Max(drop))
	spans := make([]source.Span, 0, last-first)
	for _, r := range p.Rules[first:last] {
		spans = append(spans, r.Span)
	}
	inPart := make([]int, len(drop))
	for n, i := range drop {
		inPart[n] = i - first
	}
	return remove(p, spans, inPart)
}

// RemoveElement removes the element of an array at a span, whatever it is, with its comma; see
// RemoveString.
func RemoveElement(p *seccomp.Profile, element source.Span) []fixers.Edit {
	text := p.Source.Bytes
	before, after := skipBack(text, element.Start), skip(text, element.End)
	if before == 0 || after == len(text) {
		return nil
	}
	remove := func(start, end int) []fixers.Edit {
		return []fixers.Edit{{File: p.Source, Span: source.Span{Start: start, End: end}}}
	}
	next := element.End
	if text[after] == ',' {
		next = skip(text, after+1)
	}
	_, begins := indentation(p.Source, element.Start)
	switch first, last := text[before-1] == '[', text[after] == ']'; {
	case first && last:
		return remove(before, after)
	case !first && text[before-1] != ',' || !last && text[after] != ',':
		return nil
	case first, !last && begins && p.Source.LineOf(element.End) == p.Source.LineOf(next):
		return remove(element.Start, next)
	}
	return remove(skipBack(text, before-1), element.End)
}

// OnlyElement reports whether nothing but blanks stands beside an element in its array.
func OnlyElement(p *seccomp.Profile, element source.Span) bool {
	text := p.Source.Bytes
	before, after := skipBack(text, element.Start), skip(text, element.End)
	return before > 0 && text[before-1] == '[' && after < len(text) && text[after] == ']'
}

// RemoveArchMap removes elements of the archMap array, by their indexes in p.ArchMap; see RemoveString.
func RemoveArchMap(p *seccomp.Profile, drop ...int) []fixers.Edit {
	spans := make([]source.Span, len(p.ArchMap))
	for i, m := range p.ArchMap {
		spans[i] = m.Span
	}
	return removeElements(p.Source, spans, drop)
}

// ReplaceString writes another string in place of s.
func ReplaceString(p *seccomp.Profile, s seccomp.String, text string) []fixers.Edit {
	return Replace(p, s.Span, quote(text))
}

// Replace writes JSON over a span: a value, several strings with commas between them in place of an element of an
// array, or nothing. In a SeccompProfile a string gets quotes where the one before it had some or it needs them, and
// several strings become as many elements of the list. It returns nil where that cannot be done.
func Replace(p *seccomp.Profile, span source.Span, text string) []fixers.Edit {
	var list []string
	if old := p.Source.Text(span); p.Dialect == seccomp.SPO && old != "" && old[0] != '"' &&
		json.Unmarshal([]byte("["+text+"]"), &list) == nil {
		for i, s := range list {
			if list[i] = item(s); old[0] == '\'' && !strings.ContainsAny(s, "'\r\n") {
				list[i] = "'" + s + "'"
			}
		}
		switch dash, ok := dashBefore(p.Source, span.Start); {
		case len(list) == 1:
			text = list[0]
		case len(list) > 1 && ok:
			text = strings.Join(list, p.Source.NewlineAt(span.Start)+dash)
		case len(list) > 1:
			text = strings.Join(list, ", ")
		}
	}
	return []fixers.Edit{{File: p.Source, Span: span, Text: text}}
}

// InsertString inserts a string before element i of an array of strings, or after the last for their number, in the
// layout of the others. It returns nil for an empty array.
func InsertString(p *seccomp.Profile, list []seccomp.String, i int, text string) []fixers.Edit {
	if len(list) == 0 {
		return nil
	}
	if p.Dialect == seccomp.SPO {
		if edits, ok := insertItem(p, list, i, text); ok {
			return edits
		}
	}
	gap := ", "
	if len(list) > 1 {
		// That before the last element, since the first line may be fuller than the others.
		n := min(max(i, 1), len(list)-1)
		between := source.Span{Start: list[n-1].Span.End, End: list[n].Span.Start}
		if onlyComma(p.Source, between) {
			gap = p.Source.Text(between)
		}
	} else if indent, ok := indentation(p.Source, list[0].Span.Start); ok {
		gap = "," + p.Source.NewlineAt(list[0].Span.Start) + indent
	}
	if i >= len(list) {
		end := list[len(list)-1].Span.End
		return []fixers.Edit{{File: p.Source, Span: source.Span{Start: end, End: end}, Text: gap + quote(text)}}
	}
	start := list[i].Span.Start
	return []fixers.Edit{{File: p.Source, Span: source.Span{Start: start, End: start}, Text: quote(text) + gap}}
}

// FieldKey returns the place of a member's key, with its quotes where it has any, given that of its value. It reports
// false where more than a colon and blanks stands between them.
func FieldKey(p *seccomp.Profile, value source.Span) (source.Span, bool) {
	text := p.Source.Bytes
	at := skipBack(text, value.Start)
	if at == 0 || text[at-1] != ':' {
		return source.Span{}, false
	}
	at = skipBack(text, at-1)
	if p.Dialect == seccomp.SPO { // whose keys are words without quotes in YAML
		start := at
		for start > 0 && isLetter(text[start-1]) {
			start--
		}
		if start < at {
			return source.Span{Start: start, End: at}, true
		}
	}
	if at < 2 || text[at-1] != '"' {
		return source.Span{}, false
	}
	start := bytes.LastIndexByte(text[:at-1], '"')
	if start < 0 || start > 0 && text[start-1] == '\\' {
		return source.Span{}, false
	}
	return source.Span{Start: start, End: at}, true
}

// InsertField inserts a member after another one in JSON, given the span of that one's value, in its layout. Value is
// JSON too. It returns nil where that cannot be done without touching something else.
func InsertField(p *seccomp.Profile, after source.Span, name, value string) []fixers.Edit {
	key, ok := FieldKey(p, after)
	if !ok || p.Source.Bytes[key.Start] != '"' {
		return nil
	}
	gap := ", "
	if indent, ok := indentation(p.Source, key.Start); ok {
		gap = "," + p.Source.NewlineAt(key.Start) + indent
	}
	colon := p.Source.Text(source.Span{Start: key.End, End: after.Start})
	return []fixers.Edit{
		{File: p.Source, Span: source.Span{Start: after.End, End: after.End}, Text: gap + quote(name) + colon + value},
	}
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// NameToNames turns the single name of a rule into a list of names. It returns nil where the rule has a list already.
func NameToNames(p *seccomp.Profile, rule *seccomp.Rule) []fixers.Edit {
	key, ok := FieldKey(p, rule.Name.Span)
	if !ok {
		return nil
	}
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(p.Source.Text(rule.Span)), &members) != nil {
		return nil
	}
	for name := range members {
		if strings.EqualFold(name, "names") {
			return nil
		}
	}
	return []fixers.Edit{
		{File: p.Source, Span: key, Text: `"names"`},
		{File: p.Source, Span: rule.Name.Span, Text: "[" + p.Source.Text(rule.Name.Span) + "]"},
	}
}

// RemoveField removes a member of an object, given the span of its value, with its key and comma. It returns nil
// where that cannot be done without touching something else.
func RemoveField(p *seccomp.Profile, value source.Span) []fixers.Edit {
	if p.Dialect == seccomp.SPO {
		if edits := removeLine(p.Source, value); edits != nil {
			return edits
		}
	}
	text := p.Source.Bytes
	key, ok := FieldKey(p, value)
	if !ok {
		return nil
	}
	start := key.Start
	if next := skip(text, value.End); next < len(text) && text[next] == ',' {
		next = skip(text, next+1)
		if next < len(text) && text[next] == '"' {
			return []fixers.Edit{{File: p.Source, Span: source.Span{Start: start, End: next}}}
		}
		return nil // a comment, or nothing that is JSON
	}
	before := skipBack(text, start)
	switch {
	case before > 0 && text[before-1] == ',':
		return []fixers.Edit{{File: p.Source, Span: source.Span{Start: before - 1, End: value.End}}}
	case before > 0 && text[before-1] == '{':
		if next := skip(text, value.End); next < len(text) && text[next] == '}' {
			return []fixers.Edit{{File: p.Source, Span: source.Span{Start: before, End: next}}}
		}
	}
	return nil
}

// removeElements removes elements of an array, of which spans are all that are of interest, in order.
func removeElements(f *source.File, spans []source.Span, drop []int) []fixers.Edit {
	drop = slices.Compact(slices.Sorted(slices.Values(drop)))
	if len(drop) == 0 {
		return nil
	}
	var edits []fixers.Edit
	for n := 0; n < len(drop); {
		m := n + 1
		for m < len(drop) && drop[m] == drop[m-1]+1 {
			m++
		}
		s, ok := run(f, spans, drop[n], drop[m-1])
		if !ok {
			return nil
		}
		edits = append(edits, fixers.Edit{File: f, Span: s})
		n = m
	}
	return edits
}

// run returns what to delete so that the elements first to last are gone.
func run(f *source.File, spans []source.Span, first, last int) (source.Span, bool) {
	text := f.Bytes
	elements := source.Span{Start: spans[first].Start, End: spans[last].End}
	for i := first; i < last; i++ {
		if !onlyComma(f, source.Span{Start: spans[i].End, End: spans[i+1].Start}) {
			return source.Span{}, false
		}
	}
	before, after := skipBack(text, elements.Start), skip(text, elements.End)
	if before == 0 || after == len(text) {
		return source.Span{}, false
	}
	forward := source.Span{Start: elements.Start}
	if text[after] == ',' {
		forward.End = skip(text, after+1)
	}
	backward := source.Span{Start: before, End: elements.End}
	if text[before-1] == ',' {
		backward.Start = skipBack(text, before-1)
	}
	hasNext := forward.End > 0 && last+1 < len(spans) && forward.End == spans[last+1].Start
	hasPrevious := first > 0 && backward.Start == spans[first-1].End
	switch {
	case hasNext && hasPrevious:
		// Where the elements begin a line that others end, those move up to its beginning.
		_, begins := indentation(f, elements.Start)
		if begins && f.LineOf(elements.End) == f.LineOf(forward.End) {
			return forward, true
		}
		return backward, true
	case hasPrevious && (text[after] == ']' || text[after] == ','):
		return backward, true
	case hasNext && (text[before-1] == '[' || text[before-1] == ','):
		return forward, true
	case text[before-1] == '[' && text[after] == ']':
		return source.Span{Start: before, End: after}, true
	}
	return source.Span{}, false
}

// onlyComma reports whether a span holds one comma and blanks.
func onlyComma(f *source.File, s source.Span) bool {
	return s.Start <= s.End && strings.Trim(f.Text(s), " \t\r\n") == ","
}

// indentation returns the blanks before an offset, and whether the line begins with them.
func indentation(f *source.File, at int) (string, bool) {
	start := f.FullLine(f.LineOf(at)).Start
	blanks := at
	for blanks > start && (f.Bytes[blanks-1] == ' ' || f.Bytes[blanks-1] == '\t') {
		blanks--
	}
	if blanks > start {
		return "", false
	}
	return f.Text(source.Span{Start: start, End: at}), start > 0
}

// skip returns the offset of the first byte from at on that is no JSON white space.
func skip(text []byte, at int) int {
	for at < len(text) && isSpace(text[at]) {
		at++
	}
	return at
}

// skipBack returns the offset behind the last byte before at that is no JSON white space.
func skipBack(text []byte, at int) int {
	for at > 0 && isSpace(text[at-1]) {
		at--
	}
	return at
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// quote returns text as a JSON string.
func quote(text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(text) != nil { // a string can always be encoded
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}
