package source

import (
	"math/rand"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPosition(t *testing.T) {
	f := NewFile("f", []byte("ab\n\u00e9\U0001f600x\r\nlast"))
	for offset, want := range map[int]Position{
		0:  {0, 1, 1, 1, 1},
		2:  {2, 1, 3, 3, 3},
		3:  {3, 2, 1, 1, 1},
		5:  {5, 2, 2, 3, 2},
		9:  {9, 2, 3, 7, 4},
		12: {12, 3, 1, 1, 1},
		99: {16, 3, 5, 5, 5},
		-1: {0, 1, 1, 1, 1},
	} {
		if got := f.Position(offset); got != want {
			t.Errorf("Position(%d) = %+v, want %+v", offset, got, want)
		}
	}
}

func TestLines(t *testing.T) {
	for text, want := range map[string]int{"": 1, "a": 1, "a\n": 1, "a\nb": 2, "\n\n": 2, "a\rb": 1} {
		if got := NewFile("f", []byte(text)).Lines(); got != want {
			t.Errorf("%q has %d lines, want %d", text, got, want)
		}
	}
	f := NewFile("f", []byte("ab\r\ncd"))
	if got := f.Text(f.Line(1)); got != "ab" {
		t.Errorf("line 1 is %q", got)
	}
	if got := f.Text(f.FullLine(1)); got != "ab\r\n" {
		t.Errorf("full line 1 is %q", got)
	}
	if f.NewlineAt(5) != "\r\n" || NewFile("f", []byte("a")).NewlineAt(0) != "\n" {
		t.Error("the line end for new text is not that of the file")
	}
}

// TestPositionInLongLines compares what the marks give with plain counting.
func TestPositionInLongLines(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	for range 20 {
		var b strings.Builder
		for b.Len() < 8*markEvery {
			b.WriteString([]string{"a", "\u00e9", "\u20ac", "\U0001f600", "\xff", "\xe2\x82", "abc"}[random.Intn(7)])
			if random.Intn(4000) == 0 {
				b.WriteByte('\n')
			}
		}
		f := NewFile("f", []byte(b.String()))
		for offset := 0; offset <= b.Len(); offset++ {
			if offset < b.Len() && !utf8.RuneStart(b.String()[offset]) {
				continue
			}
			start := f.FullLine(f.LineOf(offset)).Start
			points, units := count(f.Bytes, start, offset)
			if p := f.Position(offset); p.Column != points+1 || p.UTF16 != units+1 {
				t.Fatalf("Position(%d) = %+v, counting gives %d and %d", offset, p, points+1, units+1)
			}
		}
	}
}

func TestFragment(t *testing.T) {
	f := NewFile("f", []byte("echo 'a = b' \"$X\""))
	fr := NewFragment(f, []Piece{
		{Text: "a = b", Span: Span{6, 11}, Verbatim: true, Quoting: SingleQuoted},
		{Text: " ", Span: Span{12, 13}},
		{Text: "$X", Span: Span{14, 16}, Opaque: true},
	})
	if got := fr.Span(Span{4, 5}); got != (Span{10, 11}) {
		t.Errorf("verbatim span: %v", got)
	}
	if got := fr.Span(Span{2, 8}); got != (Span{8, 16}) {
		t.Errorf("span into an opaque piece: %v", got)
	}
	if fr.Known(Span{4, 7}) || !fr.Known(Span{0, 5}) {
		t.Error("Known does not recognise the opaque piece")
	}
	for _, test := range []struct {
		span Span
		text string
		ok   bool
	}{{Span{4, 5}, "c d", true}, {Span{4, 5}, "it's", false}, {Span{4, 7}, "c", false}, {Span{6, 8}, "c", false},
		{Span{5, 5}, " c", true}} {
		if _, _, ok := fr.Edit(test.span, test.text); ok != test.ok {
			t.Errorf("Edit(%v, %q): %v, want %v", test.span, test.text, ok, test.ok)
		}
	}
}

func TestQuotingHolds(t *testing.T) {
	for _, test := range []struct {
		q    Quoting
		text string
		want bool
	}{
		{Plain, "a'\"$\n", true}, {SingleQuoted, "a b$", true}, {SingleQuoted, "a'b", false},
		{DoubleQuoted, "a 'b'", true}, {DoubleQuoted, "$x", false},
		{Unquoted, "a=b", true}, {Unquoted, "a b", false}, {Heredoc, "a 'b'", true}, {Heredoc, "a$", false},
		{JSONString, "a b", true}, {JSONString, `a"`, false},
	} {
		if got := test.q.holds(test.text); got != test.want {
			t.Errorf("quoting %d holds %q: %v", test.q, test.text, got)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"cores", "experimental-features", "max-jobs", "sandbox", "sandbox-paths", "substitute",
		"substituters"}
	for name, want := range map[string]string{"Cores": "cores", "max_jobs": "max-jobs",
		"experimental-feature": "experimental-features", "sandbix": "sandbox", "zzz": "", "ab": "", "cores": "",
		"substituter": "substituters", "croes": "cores", "corse": "cores", "cosre": "", "sandobx": "sandbox"} {
		if got := Nearest(name, names); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
}
