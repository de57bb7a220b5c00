package workspace

import (
	"index/suffixarray"
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
	index  *suffixarray.Index // nil for few questions, and for a long text
}

const (
	// manyMentions is the number of questions that cost more than an index.
	manyMentions = 16
	// maxIndexed bounds the text of an index, which needs four times as much memory.
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
		m.index = suffixarray.New([]byte(m.text))
	}
	n := 0
	if m.index == nil {
		n = strings.Count(m.text, part)
	} else {
		places := m.index.Lookup([]byte(part), -1)
		slices.Sort(places)
		end := 0
		for _, at := range places {
			if at >= end {
				n++
				end = at + len(part)
			}
		}
	}
	m.counts[part] = n
	return n
}
