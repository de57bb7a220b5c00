package dockerfile

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/source"
)

func apply(t *testing.T, f *dockerfile.File, edits []fixers.Edit) string {
	t.Helper()
	text, err := fixers.Apply(f.Source, edits)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestEdits runs each case with LF and with CRLF.
func TestEdits(t *testing.T) {
	type edit func(f *dockerfile.File) []fixers.Edit
	move := func(i, j int) edit {
		return func(f *dockerfile.File) []fixers.Edit { return MoveBefore(f, f.Instructions[i], f.Instructions[j]) }
	}
	remove := func(i int) edit {
		return func(f *dockerfile.File) []fixers.Edit { return Delete(f, f.Instructions[i]) }
	}
	before := func(i int, text string) edit {
		return func(f *dockerfile.File) []fixers.Edit { return InsertBefore(f, f.Instructions[i], text) }
	}
	after := func(i int, text string) edit {
		return func(f *dockerfile.File) []fixers.Edit { return InsertAfter(f, f.Instructions[i], text) }
	}
	tests := []struct {
		name, before string
		edit         edit
		want         string
	}{
		{"move", "FROM x\nRUN a\nRUN b\nRUN c\n", move(2, 1), "FROM x\nRUN b\nRUN a\nRUN c\n"},
		{"move over several", "FROM x\nRUN a\nRUN b\nRUN c\nRUN d\n", move(3, 1),
			"FROM x\nRUN c\nRUN a\nRUN b\nRUN d\n"},
		{"move the last one", "FROM x\nRUN a\nRUN b\n", move(2, 1), "FROM x\nRUN b\nRUN a\n"},
		{"move the last one, no line end", "FROM x\nRUN a\nRUN b", move(2, 1), "FROM x\nRUN b\nRUN a"},
		{"move the last one, no line end, empty line", "FROM x\n\nRUN a\n\nRUN b", move(2, 1),
			"FROM x\n\nRUN b\n\nRUN a"},
		{"move with empty lines around", "FROM x\n\nRUN a\n\nRUN b\n\nRUN c\n", move(2, 1),
			"FROM x\n\nRUN b\n\nRUN a\n\nRUN c\n"},
		{"move the last one with an empty line above", "FROM x\n\nRUN a\n\nRUN b\n", move(2, 1),
			"FROM x\n\nRUN b\n\nRUN a\n"},
		{"move with an empty line below", "FROM x\nRUN a\nRUN b\n\nRUN c\n", move(2, 1),
			"FROM x\nRUN b\nRUN a\n\nRUN c\n"},
		{"move with an empty line above", "FROM x\nRUN a\n\nRUN b\nRUN c\n", move(2, 1),
			"FROM x\nRUN b\n\nRUN a\n\nRUN c\n"},
		{"move with comments", "FROM x\n# a\nRUN a\n# b 1\n# b 2\nRUN b\n# c\nRUN c\n", move(2, 1),
			"FROM x\n# b 1\n# b 2\nRUN b\n# a\nRUN a\n# c\nRUN c\n"},
		{"move, comment apart stays", "FROM x\nRUN a\n# chapter\n\nRUN b\nRUN c\n", move(2, 1),
			"FROM x\nRUN b\n\nRUN a\n# chapter\n\nRUN c\n"},
		{"move a heredoc", "FROM x\nRUN a\nRUN <<EOF cat\n  b\n\n# no comment\nEOF\nRUN c\n", move(2, 1),
			"FROM x\nRUN <<EOF cat\n  b\n\n# no comment\nEOF\nRUN a\nRUN c\n"},
		{"move a heredoc, no line end", "FROM x\nRUN a\nCOPY <<EOF /b\nb\nEOF", move(2, 1),
			"FROM x\nCOPY <<EOF /b\nb\nEOF\nRUN a"},
		{"move continued lines", "FROM x\nRUN a \\\n  && b\nRUN c \\\n# d\n\n  && e\nRUN f\n", move(2, 1),
			"FROM x\nRUN c \\\n# d\n\n  && e\nRUN a \\\n  && b\nRUN f\n"},
		{"move indented", "FROM x\n  RUN a\n\tRUN b\n", move(2, 1), "FROM x\n\tRUN b\n  RUN a\n"},
		{"move down", "FROM x\nRUN a\nRUN b\nRUN c\n", move(1, 3), "FROM x\nRUN b\nRUN a\nRUN c\n"},
		{"move to where it is", "FROM x\nRUN a\n\nRUN b\n", move(1, 2), "FROM x\nRUN a\n\nRUN b\n"},
		{"move before itself", "FROM x\nRUN a\nRUN b\n", move(1, 1), "FROM x\nRUN a\nRUN b\n"},
		{"move before the first", "# syntax=docker/dockerfile:1\n# header\nFROM x\nARG a\n", move(1, 0),
			"# syntax=docker/dockerfile:1\nARG a\n# header\nFROM x\n"},
		{"move the first, header stays", "# header\nARG a\nARG b\nFROM x\n", move(0, 2),
			"# header\nARG b\nARG a\nFROM x\n"},
		{"byte order mark stays first", "\ufeffARG a\nARG b\nFROM x\n", move(0, 2), "\ufeffARG b\nARG a\nFROM x\n"},
		{"byte order mark stays first, other way", "\ufeffARG a\nARG b\nFROM x\n", move(1, 0),
			"\ufeffARG b\nARG a\nFROM x\n"},

		{"delete", "FROM x\nRUN a\nRUN b\n", remove(1), "FROM x\nRUN b\n"},
		{"delete with empty lines around", "FROM x\n\nRUN a\n\nRUN b\n", remove(1), "FROM x\n\nRUN b\n"},
		{"delete with an empty line below", "FROM x\nRUN a\n\nRUN b\n", remove(1), "FROM x\n\nRUN b\n"},
		{"delete the last one", "FROM x\n\nRUN a\n", remove(1), "FROM x\n"},
		{"delete the last one, no line end", "FROM x\n\nRUN a", remove(1), "FROM x"},
		{"delete the last one, empty lines below", "FROM x\nRUN a\n\n\n", remove(1), "FROM x\n\n\n"},
		{"delete the first one", "ARG a\n\nFROM x\n", remove(0), "FROM x\n"},
		{"delete the first one after the directives", "# escape=\\\n\nARG a\n\nFROM x\n", remove(0),
			"# escape=\\\n\nFROM x\n"},
		{"delete the only one", "FROM x", remove(0), ""},
		{"delete, comment stays", "FROM x\n# a\nRUN a\nRUN b\n", remove(1), "FROM x\n# a\nRUN b\n"},
		{"delete continued lines", "FROM x\nRUN a \\\n\n# c\n && b\nRUN c\n", remove(1), "FROM x\nRUN c\n"},

		{"insert before", "FROM x\n# a\nRUN a\n", before(1, "RUN b"), "FROM x\nRUN b\n# a\nRUN a\n"},
		{"insert two lines before", "FROM x\nRUN a\n", before(1, "# b\nRUN b"), "FROM x\n# b\nRUN b\nRUN a\n"},
		{"insert before the last, no line end", "FROM x\nRUN a", before(1, "RUN b"), "FROM x\nRUN b\nRUN a"},
		{"insert before the first", "# check=skip=all\nFROM x\n", before(0, "ARG b"),
			"# check=skip=all\nARG b\nFROM x\n"},
		{"insert after", "FROM x\nRUN a\nRUN b\n", after(1, "RUN c"), "FROM x\nRUN a\nRUN c\nRUN b\n"},
		{"insert after the last, no line end", "FROM x\nRUN a", after(1, "RUN c"), "FROM x\nRUN a\nRUN c"},
		{"insert after a heredoc", "FROM x\nRUN <<E\na\nE\nRUN b\n", after(1, "RUN c"),
			"FROM x\nRUN <<E\na\nE\nRUN c\nRUN b\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, newline := range []string{"\n", "\r\n"} {
				text, want := strings.ReplaceAll(test.before, "\n", newline),
					strings.ReplaceAll(test.want, "\n", newline)
				f := dockerfile.Parse(source.NewFile("Dockerfile", []byte(text)))
				if got := apply(t, f, test.edit(f)); got != want {
					t.Errorf("%q: got %q, want %q", text, got, want)
				}
			}
		})
	}
}

func TestInsertAfterWord(t *testing.T) {
	f := dockerfile.Parse(source.NewFile("Dockerfile", []byte("FROM x\nRUN opam init -y\n")))
	if got := apply(t, f, InsertAfterWord(f.Source, source.Span{Start: 16, End: 20},
		" --disable-sandboxing")); got != "FROM x\nRUN opam init --disable-sandboxing -y\n" {
		t.Errorf("got %q", got)
	}
}

// FuzzMoveBefore moves instructions about, and lets BuildKit judge that it is the same ones in another order.
func FuzzMoveBefore(f *testing.F) {
	f.Add("# syntax=docker/dockerfile:1\nFROM x\n\n# a\nRUN a \\\n && b\nCOPY <<EOF /a\nx\nEOF\n\nENV A b\nUSER c",
		uint64(1))
	f.Add("\ufeffARG a\r\nFROM x\r\n  RUN a \\\r\n# c\r\n\r\n b\r\nONBUILD RUN <<-E\r\n\tx\r\n\tE\r\nCMD [\"x\"]\r\n"+
		"\r\n", uint64(7))
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		file := dockerfile.Parse(source.NewFile("Dockerfile", []byte(text)))
		if len(file.Problems) > 0 || len(file.Stages) == 0 || Read(file.Source).err != nil {
			return
		}
		r := rand.New(rand.NewPCG(seed, 0))
		stage := file.Stages[r.IntN(len(file.Stages))].Instructions
		if len(stage) < 2 {
			return
		}
		moved, before := stage[r.IntN(len(stage))], stage[r.IntN(len(stage))]
		last := file.Source.Text(moved.Span)
		if strings.HasSuffix(strings.TrimRight(last, " \t"), string(rune(file.Escape))) {
			return // it ends in a continuation, and would swallow what comes to stand below it
		}
		fix := fixers.Fix{Edits: MoveBefore(file, moved, before), Changes: fixers.Changes{Order{}}}
		after, err := fixers.Apply(file.Source, fix.Edits)
		if err != nil {
			t.Fatal(err)
		}
		if d := Compare(file.Source, source.NewFile("Dockerfile", after), []fixers.Fix{fix}); d != "" {
			t.Fatalf("moving %q before %q in %q gives %q: %s", last, file.Source.Text(before.Span), text, after, d)
		}
		if strings.HasSuffix(text, "\n") != strings.HasSuffix(string(after), "\n") {
			t.Fatalf("the last line end of %q came or went: %q", text, after)
		}
	})
}
