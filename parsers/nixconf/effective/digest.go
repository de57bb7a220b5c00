package effective

import (
	"hash/maphash"
	"strings"

	"github.com/sandlint/sandlint/parsers/internal/persistent"
	"github.com/sandlint/sandlint/parsers/nixconf"
)

// Digest stands for the value of a setting, so values of thousands of words can be compared at each point of a timeline
// without being made. Two digests that are comparable are equal where the values are, as Setting.Value has them.
type Digest struct {
	form form
	hash uint64
	n    int    // words
	text string // the value, where form is whole
}

// form is how a digest is made.
type form int

const (
	whole form = iota
	ordered
	set
)

// Comparable reports whether the equality of two digests says whether their values are equal. It is not where two
// releases disagree on the kind of the setting.
func (d Digest) Comparable(other Digest) bool { return d.form == other.form }

// digest is built with the words that are appended to a value: a polynomial of their hashes for a list, and for a set
// the sum over those that differ.
type digest struct {
	hash, power uint64 // power is that of factor, less one
	n           int
	seen        persistent.Map[bool] // of a set
}

// seed and factor differ from run to run, so no input can choose words with equal digests.
var (
	seed   = maphash.MakeSeed()
	factor = maphash.String(seed, "factor") | 1
)

// key returns what two words of a set cannot share: the first one counts.
func key(facts *nixconf.Facts, text string) string {
	if facts.Kind == nixconf.KindMap {
		text, _, _ = strings.Cut(text, "=")
	}
	return text
}

func (d *digest) add(facts *nixconf.Facts, text string) {
	hash := maphash.String(seed, text)
	if facts.Unordered {
		if key := key(facts, text); !d.seen.Has(key) {
			d.seen = d.seen.With(key, true)
			d.hash += hash
			d.n++
		}
		return
	}
	d.hash = d.hash*factor + hash
	d.power = (d.power+1)*factor - 1
	d.n++
}

// Digest returns the digest of the value that Get returns, and whether that is known.
func (s *Settings) Digest(name string) (Digest, bool) {
	facts, ok := nixconf.Lookup(s.Distribution, s.Version, name)
	if !ok {
		return Digest{}, false
	}
	st := s.state(facts)
	facts = st.facts
	value, known := st.base(s)
	// The words of a default come first, and so keep later ones of the same keys out of a map.
	if !facts.HasWords() || facts.Kind == nixconf.KindMap && (!facts.Unordered || st.onDefault && value != "") {
		return Digest{text: st.finish(s).Value}, known
	}
	d := st.digest
	if st.onDefault {
		var all digest
		for _, w := range defaultWords(st.facts, value) {
			if facts.Unordered {
				d.add(&facts, w.Text)
			} else {
				all.add(&facts, w.Text)
			}
		}
		if !facts.Unordered {
			d.hash, d.n = all.hash*(d.power+1)+d.hash, all.n+d.n
		}
	}
	form := ordered
	if facts.Unordered {
		form = set
	}
	return Digest{form: form, hash: d.hash, n: d.n}, known
}
