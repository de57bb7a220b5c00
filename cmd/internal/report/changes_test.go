package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/source"
)

func TestChanged(t *testing.T) {
	ten := ""
	for n := range 10 {
		ten += fmt.Sprintf("line %d\n", n+1)
	}
	token := "ghp_" + "9fK2mQ7xW4vB8nL1cR5tY3hJ6gD0sPzAeUoI"
	type edit struct {
		old, text string // old is the first occurrence
	}
	for _, tt := range []struct {
		name, text string
		edits      []edit
		want       string
	}{
		{"a word", "a b\nc d\n", []edit{{"d", "e"}}, "2- c d|2+ c e"},
		{"two words of a line", "a b c d\n", []edit{{"d", "e"}, {"a", "z"}}, "1- a b c d|1+ z b c e"},
		{"two lines, with the second number after a line that is added", "a\nb\nc\nd\n",
			[]edit{{"a\n", "a\nx\n"}, {"d", "e"}}, "2+ x|4- d|5+ e"},
		{"a line goes", "a\nb\nc\n", []edit{{"b\n", ""}}, "2- b"},
		{"the last line goes, without its line end", "a\nb", []edit{{"\nb", ""}}, "2- b"},
		{"a line end at the end", "a", []edit{{"a", "a\n"}}, "1- a|1+ a␊"},
		{"a carriage return before the end", "a\r\nb", []edit{{"\r\nb", ""}}, "1- a␍␊|2- b|1+ a"},
		{"a line comes at the end", "a\n", []edit{{"", ""}}, ""},
		{"lines that are joined", "a \\\n b\nc\n", []edit{{" \\\n ", " "}}, "1- a \\|2-  b|1+ a b"},
		{"blanks at the end", "a \t\nb\n", []edit{{" \t", ""}}, "1- a·→|1+ a"},
		{"a carriage return", "a\r\n", []edit{{"\r\n", "\n"}}, "1- a␍|1+ a"},
		{"a byte order mark", "\ufeffa\n", []edit{{"\ufeff", ""}}, "1- <U+FEFF>a|1+ a"},
		{"a byte order mark that stays", "\ufeffa\n", []edit{{"a", "b"}}, "1- a|1+ b"},
		{"a control character", "a\x1b[1m\n", []edit{{"a", "b"}}, "1- a␛[1m|1+ b␛[1m"},
		{"many lines", ten, []edit{{ten, strings.ToUpper(ten)}},
			"1- line 1|2- line 2|3- line 3|0- … 7 more lines|1+ LINE 1|2+ LINE 2|3+ LINE 3|0+ … 7 more lines"},
		{"a password", "a " + token + "\n", []edit{{"a", "b"}},
			"(the change is not shown, because it holds a password or a token)"},
		{"a password that comes", "a\n", []edit{{"a", token}},
			"(the change is not shown, because it holds a password or a token)"},
		{"a long line", strings.Repeat("x", 9000) + " y\n", []edit{{"y", "z"}}, "(the change is too long to be shown)"},
		{"edits that overlap", "abc\n", []edit{{"ab", "x"}, {"bc", "y"}}, "(the change is too long to be shown)"},
		{"a line that is cut around the change", strings.Repeat("0123456789", 20) + "X" + strings.Repeat("-", 200),
			[]edit{{"X", "Y"}}, "1- …" + strings.Repeat("0123456789", 4) + "X" + strings.Repeat("-", 79) + "…" +
				"|1+ …" + strings.Repeat("0123456789", 4) + "Y" + strings.Repeat("-", 79) + "…"},
	} {
		f := source.NewFile("x", []byte(tt.text))
		fix := fixers.Fix{Safety: fixers.Safe}
		for _, e := range tt.edits {
			fix.Edits = append(fix.Edits, fixers.Edit{File: f, Span: spanOf(t, f, e.old, 0), Text: e.text})
		}
		s := newSnippets(0)
		lines, note := s.changed(fix)
		var got []string
		for _, l := range lines {
			got = append(got, fmt.Sprintf("%d%c %s", l.number, l.sign, l.text))
		}
		if note != "" {
			got = append(got, note)
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, "|")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// A fix with many changes is shown in part, whatever it costs to show it all.
func TestChangedIsBounded(t *testing.T) {
	text := strings.Repeat("a\nb\n", 1000)
	f := source.NewFile("x", []byte(text))
	fix := fixers.Fix{Safety: fixers.Safe}
	for n := range 1000 {
		fix.Edits = append(fix.Edits, fixers.Edit{File: f, Span: source.Span{Start: 4 * n, End: 4*n + 1}, Text: "c"})
	}
	s := newSnippets(0)
	lines, note := s.changed(fix)
	if len(lines) > 2*changedLines || note != "… and 1992 more changed lines" {
		t.Errorf("%d lines, %q", len(lines), note)
	}
}
