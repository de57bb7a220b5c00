package fixers

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/sandlint/sandlint/parsers/source"
)

// Apply returns the bytes of f with edits made, which may come in any order. Edits that are equal in every part count
// once. It is an error when an edit is for another file or lies outside it, when two edits overlap, and when two
// different texts are inserted at one place, since their order would be undefined.
func Apply(f *source.File, edits []Edit) ([]byte, error) {
	sorted, err := sortEdits(f, edits)
	if err != nil {
		return nil, err
	}
	size := len(f.Bytes)
	for _, e := range sorted {
		size += len(e.Text) - e.Span.Len()
	}
	out := make([]byte, 0, max(size, 0))
	at := 0
	for _, e := range sorted {
		out = append(out, f.Bytes[at:e.Span.Start]...)
		out = append(out, e.Text...)
		at = e.Span.End
	}
	return append(out, f.Bytes[at:]...), nil
}

// sortEdits returns edits in order of position, each once, or says why they cannot be applied together.
func sortEdits(f *source.File, edits []Edit) ([]Edit, error) {
	sorted := slices.Clone(edits)
	if !slices.IsSortedFunc(sorted, compareEdits) {
		slices.SortStableFunc(sorted, compareEdits)
	}
	kept := sorted[:0]
	for _, e := range sorted {
		if !sameFile(e.File, f) {
			return nil, fmt.Errorf("edit of another text than that of %q", f.Path)
		}
		if e.Span.Start < 0 || e.Span.End < e.Span.Start || e.Span.End > len(f.Bytes) {
			return nil, fmt.Errorf("edit of bytes %d to %d of %q, which has %d", e.Span.Start, e.Span.End, f.Path,
				len(f.Bytes))
		}
		if n := len(kept); n > 0 {
			last := kept[n-1]
			if last.Span == e.Span && last.Text == e.Text {
				continue
			}
			if e.Span.Start < last.Span.End || last.Span == e.Span {
				return nil, fmt.Errorf("edits of bytes %d to %d and %d to %d of %q overlap", last.Span.Start,
					last.Span.End, e.Span.Start, e.Span.End, f.Path)
			}
		}
		kept = append(kept, e)
	}
	return kept, nil
}

// sameFile reports whether a and b are the same text of the same file.
func sameFile(a, b *source.File) bool {
	return a == b || a != nil && b != nil && a.Path == b.Path && bytes.Equal(a.Bytes, b.Bytes)
}

func compareEdits(a, b Edit) int {
	if a.File != b.File {
		if c := strings.Compare(editPath(a), editPath(b)); c != 0 {
			return c
		}
	}
	if c := cmp.Compare(a.Span.Start, b.Span.Start); c != 0 {
		return c
	}
	if c := cmp.Compare(a.Span.End, b.Span.End); c != 0 {
		return c
	}
	return strings.Compare(a.Text, b.Text)
}

func equalEdits(a, b Edit) bool { return compareEdits(a, b) == 0 }

func editPath(e Edit) string {
	if e.File == nil {
		return ""
	}
	return e.File.Path
}

// candidate is a fix and the finding that it is for. Twin numbers findings with the same identity.
type candidate struct {
	finding *Finding
	fix     *Fix
	twin    int
	// of and verdict are where ProveAll puts the results for the finding and for the fix; nil in Run.
	of      *[]error
	verdict *error
}

// combine chooses which fixes are applied together. A fix is taken whole or not at all. Fixes are considered in order
// of the path and place of their first edit, safe ones first where two begin at the same place, then by title; one is
// deferred when an edit of it overlaps an edit of a fix already taken, or when one of the two inserts where the other
// begins or ends, or when it is for the same finding. With share, fixes of different findings that make the same edits
// are taken together, and those that insert the same text at the same place, once for all. The result does not depend
// on the order of fixes. Fixes without edits are advice and come in neither list.
func combine(candidates []candidate, share bool) (taken, deferred []candidate) {
	sorted := make([]candidate, 0, len(candidates))
	for _, c := range candidates {
		if len(c.fix.Edits) == 0 {
			continue
		}
		if !slices.IsSortedFunc(c.fix.Edits, compareEdits) {
			fix := *c.fix
			fix.Edits = slices.Clone(fix.Edits) // the caller's stay as they are
			slices.SortStableFunc(fix.Edits, compareEdits)
			c.fix = &fix
		}
		sorted = append(sorted, c)
	}
	slices.SortStableFunc(sorted, compareCandidates)
	taken = make([]candidate, 0, len(sorted))
	claimed := map[string]*claims{}
	fixed := make(map[*[]error]bool, len(sorted)) // the findings that have a fix among those taken
	inserted := map[Edit]bool{}                   // those that others may share
	first := 0                                    // of the fixes taken, that whose edits the last ones share
next:
	for _, c := range sorted {
		if c.of != nil && fixed[c.of] {
			deferred = append(deferred, c)
			continue
		}
		if share && len(taken) > 0 && slices.EqualFunc(taken[first].fix.Edits, c.fix.Edits, equalEdits) {
			taken, fixed[c.of] = append(taken, c), true
			continue
		}
		for _, e := range c.fix.Edits {
			if !inserted[e] && claimed[editPath(e)].conflict(e.Span) {
				deferred = append(deferred, c)
				continue next
			}
		}
		for _, e := range c.fix.Edits {
			path := editPath(e)
			if claimed[path] == nil {
				claimed[path] = &claims{}
			}
			if inserted[e] {
				continue
			}
			claimed[path].add(e.Span)
			if share && e.Span.IsEmpty() {
				inserted[e] = true
			}
		}
		first = len(taken)
		taken, fixed[c.of] = append(taken, c), true
	}
	return taken, deferred
}

func compareCandidates(a, b candidate) int {
	first, other := a.fix.Edits[0], b.fix.Edits[0]
	if c := strings.Compare(editPath(first), editPath(other)); c != 0 {
		return c
	}
	if c := cmp.Compare(first.Span.Start, other.Span.Start); c != 0 {
		return c
	}
	return cmp.Or(
		cmp.Compare(b.fix.Safety, a.fix.Safety),
		strings.Compare(a.fix.Title, b.fix.Title),
		slices.CompareFunc(a.fix.Edits, b.fix.Edits, compareEdits),
		strings.Compare(a.finding.Rule, b.finding.Rule),
		strings.Compare(a.finding.Key, b.finding.Key),
	)
}

// claims are the spans of one file that fixes already taken edit, in order of position.
type claims struct {
	spans []source.Span
}

// conflict reports whether an edit of s could meet one of the edits in c.
func (c *claims) conflict(s source.Span) bool {
	if c == nil {
		return false
	}
	i := sort.Search(len(c.spans), func(i int) bool { return c.spans[i].End >= s.Start })
	for ; i < len(c.spans) && c.spans[i].Start <= s.End; i++ {
		// Two edits that only touch keep apart, unless one of them is an insertion.
		if t := c.spans[i]; s.IsEmpty() || t.IsEmpty() || s.Overlaps(t) {
			return true
		}
	}
	return false
}

func (c *claims) add(s source.Span) {
	i := sort.Search(len(c.spans), func(i int) bool { return c.spans[i].Start > s.Start })
	c.spans = slices.Insert(c.spans, i, s)
}
