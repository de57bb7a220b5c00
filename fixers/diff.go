package fixers

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"
)

const (
	// contextLines is the number of unchanged lines shown around a change, as diff -u and git do.
	contextLines = 3
	// maxDiffLines is the number of lines, between the common head and tail of both texts, above which no minimal
	// difference is looked for: its cost grows with the square of the changed lines.
	maxDiffLines = 20_000
)

// Unified returns the unified diff that turns before into after, or nil when they are equal. Path is the file's name
// with forward slashes, relative to where the patch will be applied; it stands after a/ and b/ in the header, quoted as
// git quotes it. The patch is bytes for bytes: carriage returns, invalid UTF-8 and a missing final newline survive "git
// apply" and "patch -p1".
func Unified(path string, before, after []byte) []byte {
	patch, _ := UnifiedWithout(path, before, after, nil)
	return patch
}

// UnifiedWithout is like Unified, without the lines that hide reports: context ends before such a line, and a change of
// one, or one that cannot be applied without it, is left out. It returns how many changes are left out.
func UnifiedWithout(path string, before, after []byte, hide func(line []byte) bool) (patch []byte, hidden int) {
	if bytes.Equal(before, after) {
		return nil, 0
	}
	if hide == nil {
		hide = func([]byte) bool { return false }
	}
	a, b := splitLines(before), splitLines(after)
	var changes []change
	for _, c := range diffLines(a, b) {
		if slices.ContainsFunc(a[c.a0:c.a1], hide) || slices.ContainsFunc(b[c.b0:c.b1], hide) {
			hidden++
			continue
		}
		changes = append(changes, c)
	}
	h := hunks{a: a, b: b, hide: hide}
	for i := 0; i < len(changes); {
		j := i + 1
		for j < len(changes) && h.near(changes[j-1], changes[j]) {
			j++
		}
		shown := j
		// Without a line after it, git takes the last change for one at the end of the file.
		for shown > i && changes[shown-1].a1 < len(a) && hide(a[changes[shown-1].a1]) {
			shown--
		}
		hidden += j - shown
		if shown > i {
			h.append(changes[i:shown])
		}
		i = j
	}
	if len(h.out) == 0 {
		return nil, hidden
	}
	patch = appendHeader(nil, "--- ", "a/", path)
	patch = appendHeader(patch, "+++ ", "b/", path)
	return append(patch, h.out...), hidden
}

// splitLines splits text after each LF. The last line may have none.
func splitLines(text []byte) [][]byte {
	lines := bytes.SplitAfter(text, []byte{'\n'})
	if n := len(lines) - 1; len(lines[n]) == 0 {
		lines = lines[:n]
	}
	return lines
}

// change says that lines [a0, a1) of the old text became lines [b0, b1) of the new one.
type change struct{ a0, a1, b0, b1 int }

// diffLines returns the changes between two texts, in order, with at least one common line between two of them.
func diffLines(a, b [][]byte) []change {
	head := 0
	for head < len(a) && head < len(b) && bytes.Equal(a[head], b[head]) {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && bytes.Equal(a[len(a)-1-tail], b[len(b)-1-tail]) {
		tail++
	}
	midA, midB := a[head:len(a)-tail], b[head:len(b)-tail]
	if len(midA) == 0 || len(midB) == 0 || len(midA)+len(midB) > maxDiffLines {
		return []change{{head, len(a) - tail, head, len(b) - tail}}
	}
	d := diffmatchpatch.New()
	d.DiffTimeout = 0 // the result must not depend on the clock
	runesA, runesB, table := d.DiffLinesToRunes(string(bytes.Join(midA, nil)), string(bytes.Join(midB, nil)))
	var changes []change
	c := change{head, head, head, head}
	for _, chunk := range d.DiffCharsToLines(d.DiffMainRunes(runesA, runesB, false), table) {
		n := strings.Count(chunk.Text, "\n")
		if !strings.HasSuffix(chunk.Text, "\n") && chunk.Text != "" {
			n++
		}
		switch chunk.Type {
		case diffmatchpatch.DiffDelete:
			c.a1 += n
		case diffmatchpatch.DiffInsert:
			c.b1 += n
		case diffmatchpatch.DiffEqual:
			if n == 0 {
				continue
			}
			if c.a0 < c.a1 || c.b0 < c.b1 {
				changes = append(changes, c)
			}
			c = change{c.a1 + n, c.a1 + n, c.b1 + n, c.b1 + n}
		}
	}
	if c.a0 < c.a1 || c.b0 < c.b1 {
		changes = append(changes, c)
	}
	return changes
}

// hunks writes the hunks of a patch.
type hunks struct {
	a, b  [][]byte
	hide  func(line []byte) bool
	out   []byte
	added int // lines, less those removed, by the hunks so far
}

// near reports whether two changes belong to one hunk.
func (h *hunks) near(c, next change) bool {
	return next.a0-c.a1 <= 2*contextLines && !slices.ContainsFunc(h.a[c.a1:next.a0], h.hide)
}

// append writes the changes of one hunk, which lie close together, with the context around them.
func (h *hunks) append(changes []change) {
	first, last := changes[0], changes[len(changes)-1]
	before, after := 0, 0
	for before < contextLines && before < first.a0 && !h.hide(h.a[first.a0-before-1]) {
		before++
	}
	for after < contextLines && last.a1+after < len(h.a) && !h.hide(h.a[last.a1+after]) {
		after++
	}
	start, end := first.a0-before, last.a1+after
	added := 0
	for _, c := range changes {
		added += (c.b1 - c.b0) - (c.a1 - c.a0)
	}
	h.out = append(h.out, "@@ -"...)
	h.out = appendRange(h.out, start, end)
	h.out = append(h.out, " +"...)
	h.out = appendRange(h.out, start+h.added, end+h.added+added)
	h.out = append(h.out, " @@\n"...)
	h.added += added
	at := start
	for _, c := range changes {
		h.out = appendLines(h.out, ' ', h.a[at:c.a0])
		h.out = appendLines(h.out, '-', h.a[c.a0:c.a1])
		h.out = appendLines(h.out, '+', h.b[c.b0:c.b1])
		at = c.a1
	}
	h.out = appendLines(h.out, ' ', h.a[at:end])
}

// appendRange writes the lines [start, end), counted from 0, as a hunk header counts them: from 1, and for an empty
// range the number of lines before the place.
func appendRange(out []byte, start, end int) []byte {
	n := end - start
	if n > 0 {
		start++
	}
	out = strconv.AppendInt(out, int64(start), 10)
	if n != 1 {
		out = append(out, ',')
		out = strconv.AppendInt(out, int64(n), 10)
	}
	return out
}

func appendLines(out []byte, mark byte, lines [][]byte) []byte {
	for _, line := range lines {
		out = append(out, mark)
		out = append(out, line...)
		if !bytes.HasSuffix(line, []byte{'\n'}) {
			out = append(out, "\n\\ No newline at end of file\n"...)
		}
	}
	return out
}

// appendHeader writes one line of the header. A name is quoted as git's core.quotePath does; a TAB ends a name with a
// blank in it, which GNU patch would else cut there.
func appendHeader(out []byte, mark, side, name string) []byte {
	name = side + strings.TrimPrefix(path.Clean(name), "/")
	out = append(out, mark...)
	if quoted, ok := quotePath(name); ok {
		out = append(out, quoted...)
	} else {
		out = append(out, name...)
	}
	if strings.Contains(name, " ") {
		out = append(out, '\t')
	}
	return append(out, '\n')
}

// quotePath returns name in git's C-style quotes, and whether it needs them.
func quotePath(name string) (string, bool) {
	quoted := []byte{'"'}
	needed := false
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c >= ' ' && c < 0x7f && c != '"' && c != '\\' {
			quoted = append(quoted, c)
			continue
		}
		needed = true
		if at := strings.IndexByte("\a\b\t\n\v\f\r\"\\", c); at >= 0 {
			quoted = append(quoted, '\\', `abtnvfr"\`[at])
		} else {
			quoted = fmt.Appendf(quoted, `\%03o`, c)
		}
	}
	return string(append(quoted, '"')), needed
}
