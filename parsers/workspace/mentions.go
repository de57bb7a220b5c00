package workspace

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"sync"
)

// mentions counts how often a text has others in it. Many questions cost the text once, and each what it finds. It is
// safe for concurrent use.
type mentions struct {
	text string

	mu     sync.Mutex
	counts map[string]int
	index  []uint64 // see indexed; nil for few questions, and for a long text
}

const (
	// manyMentions is the number of questions that cost more than an index.
	manyMentions = 16
	// maxIndexed bounds the text of an index, which needs eight times as much memory.
	maxIndexed = 4 << 20
)

func newMentions(text []byte) *mentions {
	return &mentions{text: string(text), counts: map[string]int{}}
}

// count returns what strings.Count returns for the text and a part of it, which must not be empty.
func (m *mentions) count(part string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n, known := m.counts[part]; known {
		return n
	}
	if m.index == nil && len(m.counts) >= manyMentions && len(m.text) <= maxIndexed {
		m.index = indexed(m.text)
	}
	n := 0
	if m.index == nil || len(part) < gram {
		n = strings.Count(m.text, part)
	} else {
		end := 0
		for _, at := range m.places(part) {
			if at >= end {
				n++
				end = at + len(part)
			}
		}
	}
	m.counts[part] = n
	return n
}

// gram is the number of bytes by which a text is indexed.
const gram = 4

// indexed returns what each place of a text begins with, above the place, sorted.
func indexed(text string) []uint64 {
	out := make([]uint64, max(0, len(text)-gram+1))
	for at := range out {
		out[at] = key(text[at:]) | uint64(at)
	}
	slices.Sort(out)
	return out
}

func key(text string) uint64 { return uint64(binary.BigEndian.Uint32([]byte(text[:gram]))) << 32 }

// places returns where a part begins in the text, in order. It looks where the rarest of its four bytes in a row are.
func (m *mentions) places(part string) []int {
	var rarest []uint64
	behind := 0 // the beginning of the part
	for n := range len(part) - gram + 1 {
		from, _ := slices.BinarySearch(m.index, key(part[n:]))
		to, _ := slices.BinarySearch(m.index, key(part[n:])|math.MaxUint32)
		if some := m.index[from:to]; n == 0 || len(some) < len(rarest) {
			rarest, behind = some, n
		}
		if len(rarest) == 0 {
			return nil
		}
	}
	var out []int
	for _, at := range rarest {
		if start := int(uint32(at)) - behind; start >= 0 && strings.HasPrefix(m.text[start:], part) {
			out = append(out, start)
		}
	}
	return out
}
