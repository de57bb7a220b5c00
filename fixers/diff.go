package fixers

import (
	"bytes"
	"fmt"
	"path"
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
	if bytes.Equal(before, after) {
		return nil
	}
	a, b := splitLines(before), splitLines(after)
	out := make([]byte, 0, 1024)
	out = appendHeader(out, "--- ", "a/", path)
	out = appendHeader(out, "+++ ", "b/", path)
	changes := diffLines(a, b)
	for i := 0; i < len(changes); {
		j := i + 1
		for j < len(changes) && changes[j].a0-changes[j-1].a1 <= 2*contextLines {
			j++
		}
		out = appendHunk(out, a, b, changes[i:j])
		i = j
	}
	return out
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

// appendHunk writes the changes of one hunk, which lie close together, with the context around them.
func appendHunk(out []byte, a, b [][]byte, changes []change) []byte {
	first, last := changes[0], changes[len(changes)-1]
	before := min(contextLines, first.a0)
	after := min(contextLines, len(a)-last.a1)
	out = append(out, "@@ -"...)
	out = appendRange(out, first.a0-before, last.a1+after)
	out = append(out, " +"...)
	out = appendRange(out, first.b0-before, last.b1+after)
	out = append(out, " @@\n"...)
	at := first.a0 - before
	for _, c := range changes {
		out = appendLines(out, ' ', a[at:c.a0])
		out = appendLines(out, '-', a[c.a0:c.a1])
		out = appendLines(out, '+', b[c.b0:c.b1])
		at = c.a1
	}
	return appendLines(out, ' ', a[at:at+after])
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
