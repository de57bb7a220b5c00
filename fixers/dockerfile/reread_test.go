package dockerfile

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/source"
)

// someLines are what random Dockerfiles of TestReread are made of: with what continues, hides or ends an instruction.
var someLines = []string{
	"FROM alpine AS a\n", "FROM a\n", "from windows/nanoserver\n", "RUN make\n",
	"RUN make \\\n", "  && make install\n",
	"RUN <<EOF\n", "EOF\n", "RUN <<-'END' cat\n", "\tEND\n", "COPY <<a <<b /x\n", "a\n", "b\n",
	"# comment\n",
	"# escape=`\n", "# syntax=docker/dockerfile:1\n", "\n", "\\\n", "  \\\n",
	"SHELL [\"cmd\", \"/S\"]\n", "ENV A=b\\\n",
	"ENV A b c\n", "ONBUILD RUN a\n", "FOO bar\n", "USER x`\n", "USER mark\n",
	"CMD [\"a\", \"b\"]\n", "CMD [\"a\",\n",
	"\ufeff", "RUN a\x00b\n", "RUN \xff\n", "RUN echo # \\\n", "  # in between\n", "EXPOSE\n",
	"HEALTHCHECK \n",
	"LABEL a=\"\n",
}

// TestReread compares what is read again after random edits with what is read anew.
func TestReread(t *testing.T) {
	taken, times := 0, heavytest.Times(1500)
	for seed := range times {
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		var text strings.Builder
		if r.IntN(3) == 0 {
			text.WriteString([]string{"# escape=`\n", "# syntax=x\n", "\ufeff"}[r.IntN(3)])
		}
		for range 1 + r.IntN(12) {
			text.WriteString(someLines[r.IntN(len(someLines))])
		}
		before := source.NewFile("Dockerfile", []byte(text.String()))
		m := Read(before)
		for range 4 { // with what the rounds before have left
			edits := randomEdits(r, before)
			after, err := fixers.Apply(before, edits)
			if err != nil || bytes.Equal(after, before.Bytes) {
				continue
			}
			result := source.NewFile("Dockerfile", after)
			list, err := editsOf(before, result, []fixers.Fix{{Edits: edits}})
			if err != nil {
				t.Fatal(err)
			}
			if pieces, ok := m.pieces(result, list); ok && m.readParts(result, pieces) {
				taken++
			}
			again, fresh := m.reread(result, list), readWhole(result)
			if a, b := written(again), written(fresh); a != b {
				t.Fatalf("seed %d: %q\nbecomes %q\nread again: %s\nread anew: %s", seed, before.Bytes, after, a, b)
			}
		}
	}
	if taken < times*2/3 {
		t.Errorf("only %d texts were read again", taken)
	}
}

// TestReadOnce compares what is read of texts with lines that occur several times with what is read of them as a whole.
func TestReadOnce(t *testing.T) {
	var lines []string
	for _, line := range someLines {
		if !strings.Contains(line, "<<") {
			lines = append(lines, line)
		}
	}
	taken, times := 0, heavytest.Times(5000)
	for seed := range times {
		r := rand.New(rand.NewPCG(uint64(seed), 2))
		var text strings.Builder
		if r.IntN(3) == 0 {
			text.WriteString([]string{"# escape=`\n", "# syntax=x\n", "\ufeff"}[r.IntN(3)])
		}
		some := make([]string, 1+r.IntN(4))
		for n := range some {
			for range 1 + r.IntN(3) {
				some[n] += lines[r.IntN(len(lines))]
			}
		}
		for range 1 + r.IntN(8) {
			if r.IntN(3) == 0 {
				text.WriteString(lines[r.IntN(len(lines))])
			}
			text.WriteString(some[r.IntN(len(some))])
		}
		f := source.NewFile("Dockerfile", []byte(text.String()))
		if r.IntN(4) == 0 {
			f = source.NewFile("Dockerfile", bytes.TrimSuffix(f.Bytes, []byte("\n")))
		}
		m := readOnce(f)
		if m == nil {
			continue
		}
		taken++
		if a, b := written(m), written(readWhole(f)); a != b {
			t.Fatalf("seed %d: %q\nread once: %s\nread as a whole: %s", seed, f.Bytes, a, b)
		}
	}
	if taken < times/10 {
		t.Errorf("only %d texts had parts that were not read again", taken)
	}
}

func randomEdits(r *rand.Rand, f *source.File) []fixers.Edit {
	var edits []fixers.Edit
	at := 0
	for range 1 + r.IntN(3) {
		start := min(len(f.Bytes), at+r.IntN(len(f.Bytes)+1))
		end := min(len(f.Bytes), start+r.IntN(8))
		if r.IntN(2) == 0 { // at the ends of lines
			start = bytes.LastIndexByte(f.Bytes[:start], '\n') + 1
			if n := bytes.IndexByte(f.Bytes[end:], '\n'); n >= 0 {
				end += n + 1
			}
		}
		if start < at || len(edits) > 0 && start == at {
			continue
		}
		text := ""
		for range r.IntN(3) {
			text += someLines[r.IntN(len(someLines))]
		}
		if r.IntN(3) == 0 {
			text = strings.TrimSuffix(text, "\n")
		}
		edits = append(edits, fixers.Edit{File: f, Span: source.Span{Start: start, End: end}, Text: text})
		at = end
	}
	return edits
}

// written returns all that is compared of a text.
func written(m *Meaning) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%c %v\n", m.escape, m.err)
	for _, e := range m.elements {
		fmt.Fprintf(&b, "%s %q %v line %d stage %d %v %v %c", e.name, e.raw, e.span, e.line, e.stage, e.shell, e.broken,
			e.escape)
		if e.node != nil {
			text, refused := e.text()
			fmt.Fprintf(&b, " %q %v", text, refused)
			for _, mask := range []*mask{{shape: true}, {removed: []string{"make"}, flags: []string{"from"}}} {
				if !refused {
					fmt.Fprintf(&b, " %q", e.form(mask))
				}
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestMaskKey checks that each field of a mask that is compared is in its key.
func TestMaskKey(t *testing.T) {
	all := []*mask{
		{}, {removed: []string{"a"}}, {added: []string{"a"}}, {packages: []string{"a"}}, {flags: []string{"a"}},
		{variables: []string{"a"}}, {labels: []string{"a"}}, {come: []string{"a"}}, {gone: []string{"a"}},
		{removedCommands: []string{"a"}}, {addedCommands: []string{"a"}}, {spellings: map[string]string{"a": "b"}},
		{user: true}, {rooted: true}, {digests: true}, {exec: true}, {reordered: true}, {separated: true},
		{quoted: true}, {chained: true}, {rootedDest: true}, {folderDest: true}, {copies: true}, {shape: true},
	}
	var keys []string
	for _, m := range all {
		keys = append(keys, m.key())
	}
	slices.Sort(keys)
	if n := len(slices.Compact(keys)); n != len(all) {
		t.Errorf("%d masks have %d keys", len(all), n)
	}
	if fields := reflect.TypeFor[mask]().NumField() - 1; len(all) != 1+fields { // without the key itself
		t.Errorf("a mask has %d fields, and %d are tried", fields, len(all)-1)
	}
}
