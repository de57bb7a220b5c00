package ignores

import (
	"bytes"

	"github.com/sandlint/sandlint/parsers/source"
)

// Layout says how the lines of a language belong together, so a comment above the first covers them all.
type Layout int

const (
	// Lines is a language in which each line stands for itself.
	Lines Layout = 0
	// Indented: a line and the deeper ones below it, as in YAML.
	Indented Layout = 1 << iota
	// Bracketed: as Indented, with the line that closes a bracket below, as in HCL.
	Bracketed
	// Continued: a line that ends in a backslash and the next.
	Continued
)

// Found is a comment in a file with the part of the file that it covers. Target is empty where nothing follows.
type Found struct {
	Comment, Target source.Span
}

// Find returns the comments of sandlint in a file whose comments begin with one of the marks, in order: those that
// Parse reads. A comment at the end of a line covers that line, one that is alone on its line the next that holds
// something else, empty lines between them or not; and with that line, what belongs to it by the layout, and the parts
// that begin in it.
func Find(f *source.File, marks []string, layout Layout, parts []source.Span) []Found {
	if !bytes.Contains(bytes.ToLower(f.Bytes), []byte(tool)) {
		return nil
	}
	s := finder{f: f, marks: marks, layout: layout}
	s.scan()
	if len(s.found) == 0 {
		return nil
	}
	byLine := map[int]source.Span{}
	for _, part := range parts {
		line := f.LineOf(part.Start)
		if known, ok := byLine[line]; ok {
			part = part.Join(known)
		}
		byLine[line] = part
	}
	for n := range s.found {
		line := s.lines[n]
		if line == 0 {
			continue
		}
		target := f.Line(line).Join(f.Line(s.ends[line]))
		if part, ok := byLine[line]; ok {
			target = target.Join(part)
		}
		s.found[n].Target = target
	}
	return s.found
}

// finder scans a file line by line.
type finder struct {
	f      *source.File
	marks  []string
	layout Layout

	found []Found
	lines []int // of each comment, the line that it covers; 0 for none
	above []int // the comments above the next line
	open  []openLine
	ends  []int // of each line, the last line that belongs to it
}

// openLine is a line to which the next may belong.
type openLine struct {
	number, indent int
	item           bool // of a list in YAML
}

func (s *finder) scan() {
	count := s.f.Lines()
	s.ends = make([]int, count+1)
	continued, last := 0, 0 // the first line of what is continued, the last line that holds something
	for n := 1; n <= count; n++ {
		line := s.f.Line(n)
		s.ends[n] = n
		text := s.f.Bytes[line.Start:line.End]
		trimmed := bytes.TrimLeft(text, " \t")
		indent := len(text) - len(trimmed)
		if len(bytes.TrimSpace(trimmed)) == 0 || s.layout&Indented != 0 && string(text) == "---" {
			continued = 0
			continue
		}
		if mark := s.markOf(trimmed); mark != "" {
			comment := source.Span{Start: line.Start + indent, End: line.End}
			if _, ok := Parse(s.f.Text(comment)); ok {
				s.above = append(s.above, len(s.found))
				s.found, s.lines = append(s.found, Found{Comment: comment}), append(s.lines, 0)
			}
			continue
		}
		s.trailing(line, text, n)
		for _, c := range s.above {
			s.lines[c] = n
		}
		s.above = s.above[:0]
		s.nest(n, indent, trimmed, last)
		last = n
		if continued > 0 {
			s.ends[continued] = n
		}
		if s.layout&Continued == 0 || !bytes.HasSuffix(text, []byte(`\`)) {
			continued = 0
		} else if continued == 0 {
			continued = n
		}
	}
	for len(s.open) > 0 {
		s.close(last)
	}
}

// close ends the innermost open line.
func (s *finder) close(last int) {
	top := s.open[len(s.open)-1]
	s.open = s.open[:len(s.open)-1]
	s.ends[top.number] = max(s.ends[top.number], last)
}

// nest ends the open lines to which a line does not belong, and opens it.
func (s *finder) nest(n, indent int, text []byte, last int) {
	if s.layout&(Indented|Bracketed) == 0 {
		return
	}
	item := s.layout&Indented != 0 && (bytes.HasPrefix(text, []byte("- ")) || string(bytes.TrimSpace(text)) == "-")
	closes := s.layout&Bracketed != 0 && (bytes.IndexByte([]byte("}])"), text[0]) >= 0 ||
		bytes.HasPrefix(text, []byte("''")))
	for len(s.open) > 0 {
		top := s.open[len(s.open)-1]
		if indent > top.indent || indent == top.indent && item && !top.item {
			break
		}
		if indent == top.indent && closes {
			s.close(n)
			return // it belongs to what it closes
		}
		s.close(last)
	}
	s.open = append(s.open, openLine{n, indent, item})
}

// markOf returns the mark that begins a text, "" for none.
func (s *finder) markOf(text []byte) string {
	for _, mark := range s.marks {
		closed := mark != "/*" || bytes.HasSuffix(bytes.TrimSpace(text), []byte("*/"))
		if closed && bytes.HasPrefix(text, []byte(mark)) {
			return mark
		}
	}
	return ""
}

// trailing finds a comment of sandlint at the end of a line. What stands inside quotes is none.
func (s *finder) trailing(line source.Span, text []byte, n int) {
	for at := 0; ; at += len(tool) {
		next := bytes.Index(text[at:], []byte(tool))
		if next < 0 {
			return
		}
		at += next
		before := bytes.TrimRight(text[:at], " \t")
		for _, mark := range s.marks {
			head, ok := bytes.CutSuffix(before, []byte(mark))
			if !ok || mark == ";" || mark == "/*" && !bytes.HasSuffix(text, []byte("*/")) {
				continue
			}
			head = bytes.TrimRight(head, mark)
			if len(head) > 0 && head[len(head)-1] != ' ' && head[len(head)-1] != '\t' ||
				bytes.Count(head, []byte(`"`))%2 > 0 || bytes.Count(head, []byte("'"))%2 > 0 {
				continue
			}
			comment := source.Span{Start: line.Start + len(head), End: line.End}
			if _, ok := Parse(s.f.Text(comment)); ok {
				s.found, s.lines = append(s.found, Found{Comment: comment}), append(s.lines, n)
			}
			return
		}
	}
}
