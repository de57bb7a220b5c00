package source

import (
	"cmp"
	"math/bits"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

// Names are candidates for Nearest, made ready for many questions. All candidates that begin alike are compared with a
// name once as far as that beginning goes, and left out together where it differs too much. Names do not change, and
// are safe for concurrent use.
type Names struct {
	candidates []string
	plain      []foldedName // those of ASCII letters, sorted by their text
	others     []foldedName
}

// foldedName is a candidate as it is compared.
type foldedName struct {
	text  string
	index int // in the candidates
	kinds nameKinds
}

// nameKinds are the letters of an ASCII name, and its pairs of neighbouring letters, as bits, several sharing one. An
// edit adds at most one letter and two pairs to those of a name; two letters that change places add no letter and three
// pairs.
type nameKinds struct{ letters, pairs uint64 }

func kindsOf(folded string) nameKinds {
	var k nameKinds
	for i := range len(folded) {
		c := uint32(folded[i])
		k.letters |= 1 << (c % 64)
		if i > 0 {
			k.pairs |= 1 << ((uint32(folded[i-1])*31 + c) * 0x9e3779b1 >> 26)
		}
	}
	return k
}

// within reports whether names with these letters may be at most a number of edits from each other.
func (k nameKinds) within(other nameKinds, edits int) bool {
	pairs := 2 * edits
	if edits == 1 {
		pairs = 3
	}
	return bits.OnesCount64(k.letters&^other.letters) <= edits && bits.OnesCount64(other.letters&^k.letters) <= edits &&
		bits.OnesCount64(k.pairs&^other.pairs) <= pairs && bits.OnesCount64(other.pairs&^k.pairs) <= pairs
}

// NewNames returns the candidates for questions.
func NewNames(candidates []string) *Names {
	n := &Names{candidates: candidates}
	for i, c := range candidates {
		if text := fold(c); isASCII(text) {
			n.plain = append(n.plain, foldedName{text, i, kindsOf(text)})
		} else {
			n.others = append(n.others, foldedName{text: text, index: i})
		}
	}
	slices.SortFunc(n.plain, func(a, b foldedName) int {
		return cmp.Or(cmp.Compare(a.text, b.text), cmp.Compare(a.index, b.index))
	})
	return n
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Nearest returns what the function Nearest returns for the same candidates.
func (n *Names) Nearest(name string) string {
	var best *foldedName
	least, folded := 0, fold(name)
	n.near(name, folded, func(f *foldedName, distance int) int {
		switch {
		case best == nil || distance < least:
			best, least = f, distance
		case distance > least:
		case strings.HasPrefix(f.text, folded) != strings.HasPrefix(best.text, folded):
			if strings.HasPrefix(f.text, folded) {
				best = f
			}
		case f.index < best.index:
			best = f
		}
		return least
	})
	if best == nil {
		return ""
	}
	return n.candidates[best.index]
}

// Only returns the candidate that is near a name as Nearest understands it, where that is one alone; "" where there is
// none or another one.
func (n *Names) Only(name string) string {
	only, several := "", false
	n.near(name, fold(name), func(f *foldedName, _ int) int {
		if c := n.candidates[f.index]; only == "" || only == c {
			only = c
			return maxNear
		}
		several = true
		return -1
	})
	if several {
		return ""
	}
	return only
}

// near calls found with each candidate that is near a name, but the name itself, and its distance. Found returns the
// distance beyond which candidates do not matter any more, less than 0 if none does.
func (n *Names) near(name, folded string, found func(f *foldedName, distance int) int) {
	if len(name) > maxNear {
		return
	}
	s := search{n: n, name: name, folded: folded, most: len(name) / 3, found: found}
	compare := func(list []foldedName) {
		letters := utf8.RuneCountInString(folded)
		for i := range list {
			f := &list[i]
			if d := utf8.RuneCountInString(f.text) - letters; d <= s.most && -d <= s.most {
				s.look(f, Distance(folded, f.text))
			}
		}
	}
	compare(n.others)
	if !isASCII(folded) {
		compare(n.plain)
		return
	}
	s.kinds = kindsOf(folded)
	begin := sort.Search(len(n.plain), func(i int) bool { return n.plain[i].text >= folded })
	s.walk(begin, 1)
	s.walk(begin-1, -1)
}

// search is one question.
type search struct {
	n            *Names
	name, folded string
	kinds        nameKinds
	most         int // the distance beyond which candidates do not matter
	found        func(f *foldedName, distance int) int
}

// look calls found for a candidate where its distance matters.
func (s *search) look(f *foldedName, distance int) {
	if distance <= s.most && s.n.candidates[f.index] != s.name {
		s.most = min(s.most, s.found(f, distance))
	}
}

// limit is the number of edits beyond which a candidate does not matter, where letters that change places are two.
func (s *search) limit() int {
	if s.most == 1 {
		return 2
	}
	return s.most
}

// walk looks at the ASCII candidates from one on, in one direction. rows[i] holds how many edits lead from each
// beginning of the name to the first i letters of the candidate before, so those that two candidates share are made
// once.
func (s *search) walk(at, step int) {
	rows := [][]int{make([]int, len(s.folded)+1)}
	for i := range rows[0] {
		rows[0][i] = i
	}
	before, ready := "", 0 // for how many of its letters there are rows
	for at >= 0 && at < len(s.n.plain) && s.most >= 0 {
		f := &s.n.plain[at]
		at += step
		if d := len(f.text) - len(s.folded); d > s.most || -d > s.most || !s.kinds.within(f.kinds, s.most) {
			continue
		}
		shared := 0
		for shared < ready && shared < len(f.text) && f.text[shared] == before[shared] {
			shared++
		}
		before, ready = f.text, shared
		for ready < len(f.text) {
			if len(rows) == ready+1 {
				rows = append(rows, make([]int, len(s.folded)+1))
			}
			least := nextRow(rows[ready], rows[ready+1], s.folded, f.text[ready])
			if ready++; least > s.limit() {
				break
			}
		}
		row := rows[ready]
		if least := slices.Min(row); least > s.limit() {
			at = s.past(f.text[:ready], step)
			continue
		}
		distance := row[len(s.folded)]
		if swapped(s.folded, f.text) {
			distance = 1
		}
		s.look(f, distance)
	}
}

// nextRow makes the row of one letter more, and returns its least number.
func nextRow(row, next []int, folded string, letter byte) int {
	next[0] = row[0] + 1
	least := next[0]
	for i := range len(folded) {
		edits := row[i]
		if folded[i] != letter {
			edits++
		}
		next[i+1] = min(edits, row[i+1]+1, next[i]+1)
		least = min(least, next[i+1])
	}
	return least
}

// past returns the place of the next ASCII candidate in a direction that does not begin with a text.
func (s *search) past(begin string, step int) int {
	if step < 0 {
		return sort.Search(len(s.n.plain), func(i int) bool { return s.n.plain[i].text >= begin }) - 1
	}
	return sort.Search(len(s.n.plain), func(i int) bool {
		text := s.n.plain[i].text
		return text > begin && !strings.HasPrefix(text, begin)
	})
}
