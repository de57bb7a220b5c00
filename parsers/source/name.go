package source

import (
	"strings"
	"unicode/utf8"

	"github.com/agext/levenshtein"
)

// maxNear is the length of the longest name to which another is near, in bytes. A comparison takes time in proportion
// to the square of it.
const maxNear = 256

// Nearest returns the candidate that a person most likely meant by name, for a "did you mean" in a message, or "" when
// none is near. Near means an edit distance of at most one for every three letters, where two letters that have changed
// places are one edit; upper and lower case, and '_' and '-', count as equal. Of several equally near candidates one
// that begins with name wins, since the last letter is easily lost, otherwise the first one, so callers pass them
// sorted. To a name of more than 256 bytes none is near. Names answers many questions about the same candidates.
func Nearest(name string, candidates []string) string {
	if len(name) > maxNear {
		return ""
	}
	best, bestDistance := "", len(name)/3+1
	folded := fold(name)
	letters := utf8.RuneCountInString(folded)
	for _, c := range candidates {
		if c == name {
			continue
		}
		f := fold(c)
		if d := utf8.RuneCountInString(f) - letters; d > bestDistance || -d > bestDistance {
			continue
		}
		d := Distance(folded, f)
		if d < bestDistance || d == bestDistance && best != "" && strings.HasPrefix(f, folded) &&
			!strings.HasPrefix(fold(best), folded) {
			best, bestDistance = c, d
		}
	}
	return best
}

// Distance returns how many edits lead from one name to another, for Nearest and its like. An edit adds, removes or
// replaces a letter; two neighbouring letters that have changed places, where nothing else differs, are one edit too.
func Distance(a, b string) int {
	if swapped(a, b) {
		return 1
	}
	return levenshtein.Distance(a, b, nil)
}

// swapped reports whether two texts differ in two neighbouring bytes that have changed places.
func swapped(a, b string) bool {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return len(a) == len(b) && i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

func fold(s string) string { return strings.ReplaceAll(strings.ToLower(s), "_", "-") }

// Problem is an error in the text itself, found while parsing it. Parsers return problems together with what they could
// read; the rules of the packs turn each into a finding.
type Problem struct {
	// Span is the text at fault, in the coordinates of what was parsed.
	Span Span
	// Kind names the class of the problem, such as "missing-equals"; each parser documents its own.
	Kind string
	// Message says what is wrong, in one sentence without a full stop.
	Message string
	// Near is the known name that was most likely meant, or "".
	Near string
}
