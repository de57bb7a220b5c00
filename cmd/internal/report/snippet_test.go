package report

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/source"
)

func TestSnippet(t *testing.T) {
	long := strings.Repeat("abcdefghij", 40)
	for _, tt := range []struct {
		name, text string
		span       source.Span
		want       []snippetLine
	}{
		{"a word", "RUN foo bar\n", source.Span{Start: 4, End: 7}, []snippetLine{{1, "RUN foo bar", "    ^^^"}}},
		{"tabs before it", "\tRUN\tfoo\n", source.Span{Start: 5, End: 8},
			[]snippetLine{{1, "\tRUN\tfoo", "\t   \t^^^"}}},
		{"a tab inside", "ab\tcd\n", source.Span{Start: 1, End: 4}, []snippetLine{{1, "ab\tcd", " ^\t^"}}},
		{"only a tab", "ab\tcd\n", source.Span{Start: 2, End: 3}, []snippetLine{{1, "ab\tcd", "  ^"}}},
		{"empty span", "ab\n", source.Span{Start: 1, End: 1}, []snippetLine{{1, "ab", " ^"}}},
		{"empty span at the end of a line", "ab\n", source.Span{Start: 2, End: 2}, []snippetLine{{1, "ab", "  ^"}}},
		{"empty file", "", source.Span{}, []snippetLine{{1, "", "^"}}},
		{"end of file", "ab\n", source.Span{Start: 3, End: 3}, []snippetLine{{2, "", "^"}}},
		{"outside the file", "ab", source.Span{Start: 9, End: 12}, []snippetLine{{1, "ab", "  ^"}}},
		{"an impossible span", "ab", source.Span{Start: -3, End: -1}, []snippetLine{{1, "ab", "^"}}},
		{"the line end is no other line", "ab\r\ncd\n", source.Span{Start: 0, End: 4}, []snippetLine{{1, "ab", "^^"}}},
		{"wide and combining characters", "界e\u0301x y", source.Span{Start: 3, End: 7},
			[]snippetLine{{1, "界e\u0301x y", "  ^^"}}},
		{"wide characters marked", "a界界b", source.Span{Start: 1, End: 7}, []snippetLine{{1, "a界界b", " ^^^^"}}},
		{"byte order mark", "\ufeffFROM x", source.Span{Start: 3, End: 7}, []snippetLine{{1, "FROM x", "^^^^"}}},
		{"byte order mark marked", "\ufeffFROM x", source.Span{Start: 0, End: 7},
			[]snippetLine{{1, "<U+FEFF>FROM x", "^^^^^^^^^^^^"}}},
		{"control characters", "a\x1b[31mb\x00\x7f\u202ec\xff\rd", source.Span{Start: 6, End: 7},
			[]snippetLine{{1, "a␛[31mb␀␡<U+202E>c<FF>␍d", "      ^"}}},
		{"after a sign for a character", "\u202ec\xffd", source.Span{Start: 3, End: 5},
			[]snippetLine{{1, "<U+202E>c<FF>d", "        ^^^^^"}}},
		{"two lines", "RUN a \\\n  b\n", source.Span{Start: 4, End: 11},
			[]snippetLine{{1, `RUN a \`, "    ^^^"}, {2, "  b", "  ^"}}},
		{"a blank line inside", "a\n\n \nb\n", source.Span{Start: 0, End: 6},
			[]snippetLine{{1, "a", "^"}, {2, "", ""}, {3, " ", ""}, {4, "b", "^"}}},
		{"many lines", "a1\na2\na3\na4\na5\na6\n", source.Span{Start: 1, End: 17},
			[]snippetLine{{1, "a1", " ^"}, {2, "a2", "^^"}, {}, {6, "a6", "^^"}}},
		{"long line, near its start", long, source.Span{Start: 10, End: 12},
			[]snippetLine{{1, long[:120] + "…", strings.Repeat(" ", 10) + "^^"}}},
		{"long line, far inside", long, source.Span{Start: 200, End: 203},
			[]snippetLine{{1, "…" + long[160:280] + "…", strings.Repeat(" ", 41) + "^^^"}}},
		{"long line, at its end", long, source.Span{Start: 398, End: 400},
			[]snippetLine{{1, "…" + long[358:], strings.Repeat(" ", 41) + "^^"}}},
		{"long line, all of it", long, source.Span{Start: 0, End: 400},
			[]snippetLine{{1, long[:120] + "…", strings.Repeat("^", 120)}}},
		{"line that just fits", long[:120], source.Span{Start: 118, End: 120},
			[]snippetLine{{1, long[:120], strings.Repeat(" ", 118) + "^^"}}},
	} {
		unknown := newSnippets(0)
		got := unknown.of(source.NewFile("x", []byte(tt.text)), tt.span, "^")
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(snippetLine{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain":           "plain",
		"grün 界":          "grün 界",
		"a\tb\nc":         "a␉b␊c",
		"\x1b]0;x\x07":    "␛]0;x␇",
		"\u0085\u200b":    "<U+0085><U+200B>",
		"\u2028\xc3(\xff": "<U+2028><C3>(<FF>",
	} {
		if got := Visible(in); got != want {
			t.Errorf("Visible(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestStripANSI(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                             "plain",
		"\x1b[1;31mred\x1b[0m":              "red",
		"\x1b]8;;http://x\x1b\\l\x1b]8;;\a": "l",
		"\x1bM up":                          " up",
		"end\x1b":                           "end",
		"end\x1b[":                          "end",
		"a\x1b[3\nb":                        "a\nb",
		"a\x1b]0;t\nb":                      "a\nb",
		"\x1bä":                             "ä",
	} {
		if got := stripANSI(in); got != want {
			t.Errorf("stripANSI(%q) = %q, want %q", in, got, want)
		}
	}
}

// FuzzSnippet checks that, for any text and span, what is shown is valid, of bounded length, and holds no character
// that moves the cursor.
func FuzzSnippet(f *testing.F) {
	f.Add("RUN a \\\n\tb\n", 4, 8)
	f.Add("\ufeff\x00\x1b[1m\xff界\u0301\u202e\r", 0, 9)
	f.Add(strings.Repeat("x\t", 300), 90, 400)
	f.Fuzz(func(t *testing.T, text string, start, end int) {
		unknown := newSnippets(0)
		lines := unknown.of(source.NewFile("x", []byte(text)), source.Span{Start: start, End: end}, "^")
		if len(lines) == 0 || len(lines) > snippetLines {
			t.Fatalf("%d lines", len(lines))
		}
		for _, l := range lines {
			if !utf8.ValidString(l.text) || utf8.RuneCountInString(l.marks) > snippetColumns+10 {
				t.Fatalf("%q, %q", l.text, l.marks)
			}
			if strings.ContainsFunc(l.text, func(r rune) bool {
				return r < ' ' && r != '\t' || r == 0x7f || r == '\u202e'
			}) {
				t.Fatalf("%q holds a control character", l.text)
			}
			if strings.Trim(l.marks, " \t^") != "" {
				t.Fatalf("marks %q", l.marks)
			}
		}
	})
}
