package report

import (
	"fmt"
	"unicode/utf8"
)

const (
	// hashedUnits is how many UTF-16 units after the start of a line its hash covers.
	hashedUnits = 100
	// hashFactor is the base of the polynomial.
	hashFactor = 37
	// hashEnd is the unit that stands for the end of the file.
	hashEnd = 0xffff
)

// lineHashes returns the hash by which GitHub's code scanning recognises a line after the file has changed, for each
// line of a file: its primaryLocationLineHash. It is that of github/codeql-action (src/fingerprints.ts, 2026-06): a
// polynomial over the next hundred UTF-16 units, blanks and tabs left out, modulo 2^64, and the number of lines with
// the same hash up to this one. CR, LF and CRLF each end a line and count as LF; zeros follow the end of the file.
func lineHashes(b []byte) []string {
	var top uint64 = 1 // the factor of the unit that leaves the window
	for range hashedUnits {
		top *= hashFactor
	}
	var window [hashedUnits]uint64
	var sum uint64
	var starts []int // of lines, in units, whose hash is not known yet
	var out []string
	seen := map[uint64]int{}
	units := 0
	lineStart := true
	add := func(unit uint64) {
		sum = hashFactor*sum + unit - top*window[units%hashedUnits]
		window[units%hashedUnits] = unit
		units++
		if len(starts) > 0 && starts[0] == units-hashedUnits {
			seen[sum]++
			out = append(out, fmt.Sprintf("%x:%d", sum, seen[sum]))
			starts = starts[1:]
		}
	}
	text := func(unit uint64) {
		if lineStart {
			starts = append(starts, units)
		}
		lineStart = unit == '\n'
		add(unit)
	}
	afterCR := false
	for i := 0; i < len(b); {
		r, size := decode(b[i:])
		i += size
		switch {
		case r == ' ', r == '\t', r == '\n' && afterCR:
		case r == '\r':
			text('\n')
		case r > 0xffff:
			r -= 0x10000
			text(0xd800 + uint64(r>>10))
			text(0xdc00 + uint64(r&0x3ff))
		default:
			text(uint64(r))
		}
		afterCR = r == '\r'
	}
	text(hashEnd)
	for range hashedUnits - 1 {
		add(0)
	}
	return out
}

// decode returns the first character of b as the programs of the web decode UTF-8: the longest beginning of a
// character that does not end is one U+FFFD.
func decode(b []byte) (rune, int) {
	r, size := utf8.DecodeRune(b)
	if r != utf8.RuneError || size != 1 {
		return r, size
	}
	for size < len(b) && !utf8.FullRune(b[:size]) && !utf8.FullRune(b[:size+1]) {
		size++
	}
	return r, size
}
