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
// edit adds at most one letter and two pairs to those of a name.
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
	return bits.OnesCount64(k.letters&^other.letters) <= edits && bits.OnesCount64(other.letters&^k.letters) <= edits &&
		bits.OnesCount64(k.pairs&^other.pairs) <= pairs && bits.OnesCount64(other.pairs&^k.pairs) <= pairs
}

// NewNames returns the candidates for questions.
func NewNames(candidates []string) *Names {
	n := &Names{candidates: candidates}
	folded := make([]string, len(candidates))
	var plain []int // of candidates
	for i, c := range candidates {
		if folded[i] = fold(c); isASCII(folded[i]) {
			plain = append(plain, i)
		} else {
			n.others = append(n.others, foldedName{text: folded[i], index: i})
		}
	}
	slices.SortFunc(plain, func(a, b int) int {
		return cmp.Or(strings.Compare(folded[a], folded[b]), cmp.Compare(a, b))
	})
	n.plain = make([]foldedName, len(plain))
	for k, i := range plain {
		n.plain[k] = foldedName{folded[i], i, kindsOf(folded[i])}
	}
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
	return n.NearestOf(name, func(string) bool { return true })
}

// NearestOf returns what the function Nearest returns for the candidates that are among those that count.
func (n *Names) NearestOf(name string, counts func(candidate string) bool) string {
	folded := fold(name)
	var best *foldedName
	// The candidates that must be compared are a multiple with each edit more, so few edits are tried first.
	for most := 0; most <= len(name)/3 && best == nil; most++ {
		n.near(name, folded, most, func(f *foldedName, distance int) bool {
			switch begins := strings.HasPrefix(f.text, folded); {
			case distance < most || !counts(n.candidates[f.index]):
			case best == nil || begins && !strings.HasPrefix(best.text, folded),
				begins == strings.HasPrefix(best.text, folded) && f.index < best.index:
				best = f
			}
			return true
		})
	}
	if best == nil {
		return ""
	}
	return n.candidates[best.index]
}

// Only returns the candidate that is near a name as Nearest understands it, where that is one alone; "" where there is
// none or another one.
func (n *Names) Only(name string) string {
	only, several := "", false
	n.near(name, fold(name), len(name)/3, func(f *foldedName, _ int) bool {
		if c := n.candidates[f.index]; only == "" || only == c {
			only = c
			return true
		}
		several = true
		return false
	})
	if several {
		return ""
	}
	return only
}

// near calls found with each candidate at a distance of at most a number of edits from a name, but the name itself,
// and with the distance, until found returns false.
func (n *Names) near(name, folded string, most int, found func(f *foldedName, distance int) bool) {
	if len(name) > maxNear {
		return
	}
	s := search{n: n, name: name, folded: folded, most: most, found: found}
	compare := func(list []foldedName) {
		letters := utf8.RuneCountInString(folded)
		for i := range list {
			f := &list[i]
			if d := utf8.RuneCountInString(f.text) - letters; d <= most && -d <= most {
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
	begin := n.begin(folded)
	s.walk(begin, 1)
	s.walk(begin-1, -1)
	if most == 1 { // letters that have changed places are two edits to walk
		s.swap()
	}
}

// begin returns the index of the first ASCII candidate that is not less than a text.
func (n *Names) begin(folded string) int {
	return sort.Search(len(n.plain), func(i int) bool { return n.plain[i].text >= folded })
}

// search is one question.
type search struct {
	n            *Names
	name, folded string
	kinds        nameKinds
	most         int
	found        func(f *foldedName, distance int) bool
	done         bool
}

// look calls found for a candidate where its distance matters.
func (s *search) look(f *foldedName, distance int) {
	if !s.done && distance <= s.most && s.n.candidates[f.index] != s.name {
		s.done = !s.found(f, distance)
	}
}

// swap looks at the candidates that are the name with two letters that have changed places.
func (s *search) swap() {
	for i := 0; i+1 < len(s.folded); i++ {
		a, b := s.folded[i], s.folded[i+1]
		if a == b {
			continue
		}
		text := s.folded[:i] + string([]byte{b, a}) + s.folded[i+2:]
		for at := s.n.begin(text); at < len(s.n.plain) && s.n.plain[at].text == text; at++ {
			s.look(&s.n.plain[at], 1)
		}
	}
}

// walk looks at the ASCII candidates from one on, in one direction. rows[i] holds how many edits lead from each
// beginning of the name to the first i letters of the candidate before, so those that two candidates share are made
// once. Most candidates of other letters are passed over without rows, but not many in a row, since rows may show that
// all with the same beginning differ too much.
func (s *search) walk(at, step int) {
	rows := [][]int{make([]int, len(s.folded)+1)}
	for i := range rows[0] {
		rows[0][i] = i
	}
	before, ready := "", 0 // for how many of its letters there are rows
	passed := 0
	for at >= 0 && at < len(s.n.plain) && !s.done {
		f := &s.n.plain[at]
		at += step
		d := len(f.text) - len(s.folded)
		if passed++; passed < 16 && (d > s.most || -d > s.most || !s.kinds.within(f.kinds, s.most)) {
			continue
		}
		passed = 0
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
			if ready++; least > s.most {
				break
			}
		}
		row := rows[ready]
		if least := slices.Min(row); least > s.most {
			at = s.past(f.text[:ready], at, step)
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

// past returns the place of the next ASCII candidate from one on in a direction that does not begin with a text, which
// the one before it does.
func (s *search) past(begin string, at, step int) int {
	end := func(i int) bool { return i < 0 || i >= len(s.n.plain) || !strings.HasPrefix(s.n.plain[i].text, begin) }
	far := 1 // most of the time, few candidates begin so
	for !end(at + step*(far-1)) {
		far *= 2
	}
	return at + step*sort.Search(far-1, func(n int) bool { return end(at + step*n) })
}
