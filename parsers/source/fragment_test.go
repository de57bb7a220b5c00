package source

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
)

// plainKnown is Fragment.Known that looks at every piece.
func plainKnown(fr *Fragment, s Span) bool {
	at := 0
	for _, p := range fr.Pieces {
		t := Span{at, at + len(p.Text)}
		at = t.End
		if p.Opaque && (t.Overlaps(s) || s.IsEmpty() && t.Contains(s)) {
			return false
		}
	}
	return true
}

// plainNewline returns how the lines end in the file of a fragment that EditBlock accepts.
func plainNewline(fr *Fragment) (newline string, ok bool) {
	newline = "\n"
	for _, p := range fr.Pieces {
		broken := p.Text == "\n" && fr.File.Text(p.Span) == "\r\n"
		if !p.Indented || p.Quoting != Plain || p.Opaque || !p.Verbatim && !broken {
			return "", false
		}
		if !p.Verbatim {
			newline = "\r\n"
		}
	}
	return newline, true
}

// TestPieces compares what is found in the pieces of random fragments with a look at every piece.
func TestPieces(t *testing.T) {
	unknown, blocks, lines := 0, 0, 0
	for seed := range uint64(heavytest.Times(2000)) {
		r := rand.New(rand.NewPCG(seed, 17))
		rare := []int{2, 10, 100, 1 << 30}[r.IntN(4)] // one piece in as many is no part of a block
		var file strings.Builder
		file.WriteString("k: |\n  ")
		var pieces []Piece
		for range r.IntN(12) {
			p := Piece{Verbatim: true, Indented: true, Text: strings.Repeat("x", r.IntN(4))}
			written := p.Text
			switch {
			case r.IntN(rare) == 0:
				p.Opaque = true
			case r.IntN(rare) == 0:
				p.Quoting = DoubleQuoted
			case r.IntN(rare) == 0:
				p.Indented = false
			case r.IntN(rare) == 0:
				p.Text, written, p.Verbatim = "\n", "y\n", false
			case r.IntN(4) == 0:
				p.Text, written, p.Verbatim = "\n", "\r\n", false
			case r.IntN(4) == 0:
				p.Text, written = "\n", "\n"
			}
			p.Span = Span{file.Len(), file.Len() + len(written)}
			file.WriteString(written)
			if strings.HasSuffix(written, "\n") {
				file.WriteString("  ")
			}
			pieces = append(pieces, p)
		}
		fr := NewFragment(NewFile("f", []byte(file.String())), pieces)
		for start := -2; start <= len(fr.Text)+2; start++ {
			for end := start; end <= len(fr.Text)+2; end++ {
				s := Span{start, end}
				known := plainKnown(fr, s)
				if fr.Known(s) != known {
					t.Fatalf("seed %d: Known(%v) of %+v is %v", seed, s, fr.Pieces, !known)
				}
				if !known {
					unknown++
				}
				if start > len(fr.Text) {
					continue
				}
				var got, want []Span
				for _, at := range fr.Around(s) {
					got = append(got, at)
				}
				at := 0
				for _, p := range fr.Pieces {
					if at <= s.End && s.Start <= at+len(p.Text) {
						want = append(want, Span{at, at + len(p.Text)})
					}
					at += len(p.Text)
				}
				if !slices.Equal(got, want) {
					t.Fatalf("seed %d: around %v of %+v are %v, want %v", seed, s, fr.Pieces, got, want)
				}
			}
		}
		newline, block := plainNewline(fr)
		block = block && len(fr.Pieces) > 0
		_, text, ok := fr.EditBlock(Span{len(fr.Text), len(fr.Text)}, "z\n")
		if ok != block || ok && text != "z"+newline {
			t.Fatalf("seed %d: EditBlock of %+v: %q %v, want %q %v", seed, fr.Pieces, text, ok, "z"+newline, block)
		}
		if block {
			blocks++
			if newline == "\r\n" {
				lines++
			}
		}
	}
	if unknown < 100 || blocks < 20 || lines < 20 {
		t.Errorf("only %d unknown spans, %d blocks and %d with CRLF", unknown, blocks, lines)
	}
}
