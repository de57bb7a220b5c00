package hidden

import "testing"

func TestKindOf(t *testing.T) {
	for r, want := range map[rune]Kind{
		'a': None, ' ': None, '\t': None, 'é': None, '\v': Blank, '\f': Blank, 0xa0: Blank, 0x2028: Blank,
		0xfeff: Nothing, 0xad: Nothing, 0x200b: Nothing, 0x2013: Dash, 0x2212: Dash, 0xff1d: Equals, 0x201c: Quote,
		0xbb: Quote,
	} {
		if got := KindOf(r); got != want {
			t.Errorf("%U: %d, want %d", r, got, want)
		}
	}
}

func TestName(t *testing.T) {
	for r, want := range map[rune]string{
		0xa0: "U+00A0 (no-break space)", 0xfeff: "U+FEFF (byte order mark)", 0x201c: "U+201C (typographic quote)",
		0x2003: "U+2003 (space)", '\f': "U+000C (form feed)",
	} {
		if got := Name(r); got != want {
			t.Errorf("%U: %q, want %q", r, got, want)
		}
	}
}

func TestFirst(t *testing.T) {
	for s, want := range map[string]int{"": -1, "cores = 4": -1, "é": -1, "a\u00a0b": 1, "\ufeffx": 0, "a\xff\vb": 2} {
		at, _, ok := First(s)
		if !ok {
			at = -1
		}
		if at != want {
			t.Errorf("%q: %d, want %d", s, at, want)
		}
	}
}
