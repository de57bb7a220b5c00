package lsp

import "testing"

// TestWholeLines extends ranges to lines.
func TestWholeLines(t *testing.T) {
	b := newText([]byte("one\r\ntwo\n\nfour"))
	at := func(line, character uint32) Position { return Position{line, character} }
	for _, c := range []struct {
		from, to Position
		want     string
	}{
		{at(0, 0), at(0, 0), "one\r\n"},
		{at(0, 1), at(0, 3), "one\r\n"},
		{at(0, 0), at(1, 0), "one\r\n"},
		{at(0, 3), at(1, 1), "one\r\ntwo\n"},
		{at(1, 0), at(1, 0), "two\n"},
		{at(1, 2), at(0, 2), "one\r\ntwo\n"}, // from its end to its beginning
		{at(2, 0), at(2, 0), "\n"},
		{at(2, 0), at(3, 0), "\n"},
		{at(3, 4), at(3, 4), "four"},
		{at(3, 0), at(9, 0), "four"},
		{at(0, 0), at(9, 9), "one\r\ntwo\n\nfour"},
	} {
		span := b.wholeLines(Range{c.from, c.to}, UTF16)
		if got := string(b.bytes[span.Start:span.End]); got != c.want {
			t.Errorf("%v to %v is in the lines %q, not %q", c.from, c.to, got, c.want)
		}
	}
	empty := newText(nil)
	if span := empty.wholeLines(Range{}, UTF8); span.Start != 0 || span.End != 0 {
		t.Error(span)
	}
}
