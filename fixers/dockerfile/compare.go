// Package dockerfile edits Dockerfiles in their own terms, and proves that an edited Dockerfile kept its meaning.
package dockerfile

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/source"
)

// Compare reports in one sentence a change between two texts of a Dockerfile that the fixes, whose edits turned before
// into after, do not declare; it returns "" when there is none. BuildKit's own parser reads both texts.
//
// Without declared changes there must be the same parser directives and instructions in the same order, each with the
// same evaluated arguments, and the same shell syntax tree for RUN. What the fixes declare (see the changes of this
// package) may differ in the instructions that they edit, and nothing else in these; all others must stay as they were.
// What BuildKit refuses is compared as text, and there must not be more of it.
func Compare(before, after *source.File, fixes []fixers.Fix) string {
	return Read(before).Compare(after, fixes)
}

// Compare is like the function Compare, for a text before that was already read. Many texts can be compared with it: of
// each, BuildKit reads only the instructions that the edits touch and that it has not read before.
func (m *Meaning) Compare(result *source.File, fixes []fixers.Fix) string {
	edits, err := editsOf(m.file, result, fixes)
	var after *Meaning
	if err == nil {
		after = m.reread(result, edits)
	} else {
		after = Read(result)
	}
	repair := slices.ContainsFunc(fixes, fixers.Declares[fixers.Repair])
	switch {
	case after.err != nil:
		return fmt.Sprintf("BuildKit cannot read the result: %v", after.err)
	case m.err != nil && !repair:
		return fmt.Sprintf("BuildKit cannot read the text before the fix, so nothing can be compared: %v", m.err)
	case m.err != nil && len(after.elements) == 0:
		return "the result has no instructions"
	case m.err != nil:
		if broken := refused(after.elements); len(broken) > 0 {
			return fmt.Sprintf("BuildKit refuses line %d of the result", broken[0].line)
		}
		return ""
	}
	if err != nil {
		return err.Error()
	}
	old, free := m.split(edits)
	now, freeNow := after.outside(free)
	if broken := refused(freeNow); len(broken) > 0 && len(broken) > len(refused(free.elements)) {
		return fmt.Sprintf("BuildKit refuses line %d of the result", broken[0].line)
	}
	old, now, difference := m.partial(edits, old, now)
	if difference != "" {
		return difference
	}
	moves := slices.ContainsFunc(edits, func(e edit) bool { return e.class == moving })
	if !moves {
		return firstDifference(old, now)
	}
	if d := sameStages(old, now); d != "" {
		return d
	}
	var moved []source.Span
	for _, e := range edits {
		if e.class == moving {
			moved = append(moved, e.image)
		}
	}
	return firstDifference(m.unmoved(old, edits), outsideSpans(now, moved))
}

// edit is one edit of the file with its result.
type edit struct {
	fixers.Edit
	class class
	mask  *mask       // of a partial one
	image source.Span // the new text, in the text after
}

// editsOf returns the edits of fixes to before, in order of position.
func editsOf(before, after *source.File, fixes []fixers.Fix) ([]edit, error) {
	edits := make([]edit, 0, len(fixes))
	masks, trees := map[string]*mask{}, commandTrees{} // most fixes of a rule declare the same
	for _, fix := range fixes {
		kind, mask := classOf(fix, trees)
		if mask != nil {
			if same := masks[mask.key()]; same != nil {
				mask = same
			} else {
				masks[mask.key()] = mask
			}
		}
		for _, e := range fix.Edits {
			if e.File != nil && e.File.Path == before.Path {
				edits = append(edits, edit{Edit: e, class: kind, mask: mask})
			}
		}
	}
	slices.SortStableFunc(edits, func(a, b edit) int {
		return cmp.Or(cmp.Compare(a.Span.Start, b.Span.Start), cmp.Compare(a.Span.End, b.Span.End))
	})
	edits = slices.CompactFunc(edits, func(a, b edit) bool { return a.Span == b.Span && a.Text == b.Text })
	plain := make([]fixers.Edit, len(edits))
	shift := 0
	for i := range edits {
		e := &edits[i]
		plain[i] = e.Edit
		e.image.Start = e.Span.Start + shift
		e.image.End = e.image.Start + len(e.Text)
		shift += len(e.Text) - e.Span.Len()
	}
	text, err := fixers.Apply(before, plain)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(text, after.Bytes) {
		return nil, fmt.Errorf("the edits of %q do not produce the text that was compared", before.Path)
	}
	return edits, nil
}

// partial compares the elements that partial edits touch with their counterparts after the fix, except in what the
// edits declare. It returns the elements that are left on both sides, and the first difference.
func (m *Meaning) partial(edits []edit, old, now []*element) (_, _ []*element, difference string) {
	if !slices.ContainsFunc(edits, func(d edit) bool { return d.class == partial }) {
		return old, now, ""
	}
	left := map[*element]bool{} // of now, those that a partial edit made
	for _, d := range edits {
		if d.class != partial || d.image.IsEmpty() {
			continue
		}
		for _, e := range overlapping(now, d.image) {
			left[e] = true
		}
	}
	found := map[*element]bool{} // of now, those that are an element of old
	var kept []*element
	for _, e := range old {
		near := meeting(edits, e)
		var mask *mask
		for _, d := range near {
			if d.class == partial && touches(d, e, m.file) {
				mask = mask.join(d.mask)
			}
		}
		if mask == nil {
			kept = append(kept, e)
			continue
		}
		var became *element
		for _, other := range overlapping(now, inside(near, e)) {
			if !found[other] {
				became = other
				break
			}
		}
		switch {
		case became == nil:
			if !slices.Contains(mask.gone, e.name) {
				return nil, nil, e.gone()
			}
		case slices.Contains(mask.gone, e.name) && e.name != became.name:
			// another instruction takes its place, which must be one that may come: see below
		case !e.sameBut(became, mask):
			return nil, nil, changed(e, became)
		default:
			found[became] = true
		}
	}
	var rest []*element
	for _, e := range now {
		if found[e] {
			continue
		}
		if !left[e] {
			rest = append(rest, e)
			continue
		}
		allowed := false
		first, _ := slices.BinarySearchFunc(edits, e.span.Start+1, func(d edit, start int) int {
			return cmp.Compare(d.image.End, start)
		})
		for n := first; n < len(edits) && edits[n].image.Start < e.span.End; n++ {
			allowed = allowed || edits[n].class == partial && slices.Contains(edits[n].mask.come, e.name)
		}
		if e.isRefused() {
			return nil, nil, fmt.Sprintf("BuildKit refuses line %d of the result", e.line)
		}
		if !allowed {
			return nil, nil, e.come()
		}
	}
	return kept, rest, ""
}

// overlapping returns the elements, in order of position, that share a byte with a span.
func overlapping(elements []*element, s source.Span) []*element {
	if s.IsEmpty() {
		return nil
	}
	i, _ := slices.BinarySearchFunc(elements, s.Start+1, func(e *element, start int) int {
		return cmp.Compare(e.span.End, start)
	})
	j := i
	for j < len(elements) && elements[j].span.Start < s.End {
		j++
	}
	return elements[i:j]
}

// changed says that an element means something else.
func changed(before, after *element) string {
	if after.isRefused() {
		return fmt.Sprintf("BuildKit refuses line %d of the result", after.line)
	}
	return fmt.Sprintf("the %s of line %d has another meaning after the fix", before.name, before.line)
}

// freedom is what fixes may change freely: elements of the text before, and their places in the text after.
type freedom struct {
	elements []*element
	spans    []source.Span // in the text after, in order
}

// split divides the elements of m into those that must be found again and those that free edits touch.
func (m *Meaning) split(edits []edit) (kept []*element, f freedom) {
	for _, d := range edits {
		if d.class == free && !d.image.IsEmpty() {
			f.spans = append(f.spans, d.image)
		}
	}
	for _, e := range m.elements {
		near := meeting(edits, e)
		if !slices.ContainsFunc(near, func(d edit) bool { return d.class == free && touches(d, e, m.file) }) {
			kept = append(kept, e)
			continue
		}
		f.elements = append(f.elements, e)
		if image := inside(near, e); !image.IsEmpty() {
			f.spans = append(f.spans, image)
		}
	}
	slices.SortFunc(f.spans, func(a, b source.Span) int { return cmp.Compare(a.Start, b.Start) })
	return kept, f
}

// meeting returns the edits that overlap the lines of e, or begin or end at them.
func meeting(edits []edit, e *element) []edit {
	i, _ := slices.BinarySearchFunc(edits, e.span.Start, func(d edit, start int) int {
		return cmp.Compare(d.Span.End, start)
	})
	j := i
	for j < len(edits) && edits[j].Span.Start <= e.span.End {
		j++
	}
	return edits[i:j]
}

// inside returns where the lines of e are in the text after, without text inserted before or after them. There is at
// least one edit near them.
func inside(near []edit, e *element) source.Span {
	shift := near[0].image.Start - near[0].Span.Start
	image := e.span.Shift(shift)
	for _, d := range near {
		shift = d.image.End - d.Span.End
		if d.Span.Start <= e.span.Start {
			image.Start = max(d.image.End, e.span.Start+shift)
		}
		switch {
		case d.Span.End > e.span.End:
			image.End = d.image.Start
		case d.Span.Start < e.span.End:
			image.End = e.span.End + shift
		}
	}
	return image
}

// touches reports whether an edit changes the lines of an element: it overlaps them, or begins or ends at them without
// keeping the line end there. Whole lines inserted before or after the element do not touch it.
func touches(d edit, e *element, f *source.File) bool {
	s := d.Span
	switch {
	case s.Start < e.span.End && s.End > e.span.Start: // an insertion strictly inside, too
		return true
	case s.End == e.span.Start: // then the element still begins a line, or it is touched
		if d.Text == "" {
			return !(s.Start == 0 || f.Bytes[s.Start-1] == '\n')
		}
		return d.Text[len(d.Text)-1] != '\n'
	case s.Start == e.span.End: // then it still ends one
		rest := d.Text
		if rest == "" {
			rest = string(f.Bytes[s.End:min(s.End+2, len(f.Bytes))])
		}
		return rest != "" && rest[0] != '\n' && (len(rest) < 2 || rest[:2] != "\r\n")
	}
	return false
}

// outside divides the elements of the text after into those outside the free spans and those that overlap one.
func (m *Meaning) outside(f freedom) (kept, loose []*element) {
	kept = outsideSpans(m.elements, f.spans)
	i := 0
	for _, e := range m.elements {
		if i < len(kept) && kept[i] == e {
			i++
		} else {
			loose = append(loose, e)
		}
	}
	return kept, loose
}

// outsideSpans returns the elements that share no byte with any of spans, which are ordered by their start.
func outsideSpans(elements []*element, spans []source.Span) []*element {
	var kept []*element
	reach, next := -1, 0 // where the spans that begin before the element's end reach to
	for _, e := range elements {
		for next < len(spans) && spans[next].Start < e.span.End {
			reach = max(reach, spans[next].End)
			next++
		}
		if reach <= e.span.Start {
			kept = append(kept, e)
		}
	}
	return kept
}

// unmoved returns the elements that no moving edit touches.
func (m *Meaning) unmoved(elements []*element, edits []edit) []*element {
	return slices.DeleteFunc(slices.Clone(elements), func(e *element) bool {
		return slices.ContainsFunc(meeting(edits, e), func(d edit) bool {
			return d.class == moving && touches(d, e, m.file)
		})
	})
}

// refused returns the elements that BuildKit refuses.
func refused(elements []*element) []*element {
	return slices.DeleteFunc(slices.Clone(elements), func(e *element) bool { return !e.isRefused() })
}

// firstDifference compares two sequences of elements.
func firstDifference(before, after []*element) string {
	for i := range max(len(before), len(after)) {
		switch {
		case i == len(after):
			return before[i].gone()
		case i == len(before):
			return after[i].come()
		case before[i].same(after[i]):
			continue
		case len(before) > len(after):
			return before[i].gone()
		case len(before) < len(after):
			return after[i].come()
		}
		return changed(before[i], after[i])
	}
	return ""
}

func (e *element) gone() string {
	return fmt.Sprintf("the %s of line %d is gone or changed", e.name, e.line)
}

func (e *element) come() string {
	return fmt.Sprintf("the %s of line %d of the result is new", e.name, e.line)
}

// sameStages checks that each stage has the same elements, in any order, and that the stages have the same order.
func sameStages(before, after []*element) string {
	isFrom := func(e *element) bool { return e.name == "FROM" && e.node != nil }
	only := func(elements []*element, want func(*element) bool) []*element {
		return slices.DeleteFunc(slices.Clone(elements), func(e *element) bool { return !want(e) })
	}
	if d := firstDifference(only(before, isFrom), only(after, isFrom)); d != "" {
		return d
	}
	type place struct {
		stage int
		text  string
	}
	left := map[place][]*element{}
	for _, e := range after {
		text, _ := e.text()
		left[place{e.stage, text}] = append(left[place{e.stage, text}], e)
	}
	for _, e := range before {
		text, _ := e.text()
		p := place{e.stage, text}
		if len(left[p]) == 0 {
			return e.gone()
		}
		left[p] = left[p][1:]
	}
	var extra []*element
	for _, elements := range left {
		extra = append(extra, elements...)
	}
	if len(extra) > 0 {
		return slices.MinFunc(extra, func(a, b *element) int {
			return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.name, b.name))
		}).come()
	}
	return ""
}
