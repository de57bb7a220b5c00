package nixconf

import (
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
)

// result applies what an edit function returned to the file; "" stands for no edit.
func result(t *testing.T, fr *source.Fragment, edits []fixers.Edit, ok bool) string {
	t.Helper()
	if !ok {
		if len(edits) > 0 {
			t.Errorf("edits that must not be made: %v", edits)
		}
		return ""
	}
	text, err := fixers.Apply(fr.File, edits)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestEdits runs every function on a whole file, with each line end.
func TestEdits(t *testing.T) {
	type edit func(fr *source.Fragment, f *nixconf.File) ([]fixers.Edit, bool)
	set := func(i int, value string) edit {
		return func(fr *source.Fragment, f *nixconf.File) ([]fixers.Edit, bool) {
			return SetValue(fr, f.Entries[i], value)
		}
	}
	rename := func(i int, name string) edit {
		return func(fr *source.Fragment, f *nixconf.File) ([]fixers.Edit, bool) {
			return ReplaceWord(fr, f.Entries[i].Name, name)
		}
	}
	remove := func(i, word int) edit {
		return func(fr *source.Fragment, f *nixconf.File) ([]fixers.Edit, bool) {
			return RemoveWord(fr, f.Entries[i], word)
		}
	}
	add := func(i int, word string) edit {
		return func(fr *source.Fragment, f *nixconf.File) ([]fixers.Edit, bool) {
			return AppendWord(fr, f.Entries[i], word)
		}
	}
	delete := func(i int) edit {
		return func(fr *source.Fragment, f *nixconf.File) ([]fixers.Edit, bool) {
			return DeleteLine(fr, f, f.Entries[i])
		}
	}
	line := func(n int, text string) edit {
		return func(fr *source.Fragment, f *nixconf.File) ([]fixers.Edit, bool) { return ReplaceLine(fr, f, n, text) }
	}
	insert := func(n int, text string) edit {
		return func(fr *source.Fragment, f *nixconf.File) ([]fixers.Edit, bool) { return InsertLine(fr, f, n, text) }
	}
	move := func(i, j int) edit {
		return func(fr *source.Fragment, f *nixconf.File) ([]fixers.Edit, bool) {
			return MoveBelow(fr, f, f.Entries[i], f.Entries[j])
		}
	}
	tests := []struct {
		name, before string
		edit         edit
		want         string // "" for no edit
	}{
		{"value", "a = 1  2 # c\nb = 3\n", set(0, "4 5"), "a = 4 5 # c\nb = 3\n"},
		{"value, blanks around it", "a = 1\n", set(0, " 2\t"), "a = 2\n"},
		{"value where none is", "a =\n", set(0, "1"), "a = 1\n"},
		{"value where none is, blank after the sign", "a = \n", set(0, "1"), "a = 1\n"},
		{"value where none is, comment", "a = # c\n", set(0, "1"), "a = 1 # c\n"},
		{"no value", "a = 1 2 # c\n", set(0, ""), "a = # c\n"},
		{"value with a comment sign", "a = 1\n", set(0, "x#y"), ""},
		{"value of two lines", "a = 1\n", set(0, "x\ny"), ""},
		{"value at the end of the file", "a = 1", set(0, "22"), "a = 22"},
		{"name", "  a = 1\n", rename(0, "extra-a"), "  extra-a = 1\n"},
		{"name with a blank", "a = 1\n", rename(0, "b c"), ""},
		{"first word", "a = 1  2 3\n", remove(0, 0), "a = 2 3\n"},
		{"middle word", "a = 1  2 3\n", remove(0, 1), "a = 1 3\n"},
		{"last word", "a = 1  2 3 # c\n", remove(0, 2), "a = 1  2 # c\n"},
		{"only word", "a = 1\n", remove(0, 0), "a =\n"},
		{"new word", "a = 1 # c\n", add(0, "2"), "a = 1 2 # c\n"},
		{"new word where none is", "a =\n", add(0, "2"), "a = 2\n"},
		{"delete", "a = 1\nb = 2\nc = 3\n", delete(1), "a = 1\nc = 3\n"},
		{"delete an indented line", "a = 1\n\tb = 2  \nc = 3\n", delete(1), "a = 1\nc = 3\n"},
		{"delete, comment on the line", "a = 1 # why\nb = 2\n", delete(0), "# why\nb = 2\n"},
		{"delete the last line", "a = 1\nb = 2", delete(1), "a = 1\n"},
		{"delete the only line", "a = 1", delete(0), ""},
		{"replace a line", "a = 1\n  b=2 # c\n", line(1, "b = 2"), "a = 1\n  b = 2 # c\n"},
		{"replace an empty line", "a = 1\n\nb = 2\n", line(1, "c = 3"), "a = 1\nc = 3\nb = 2\n"},
		{"insert at the top", "a = 1\n", insert(0, "b = 2"), "b = 2\na = 1\n"},
		{"insert in between", "a = 1\nc = 3\n", insert(1, "b = 2"), "a = 1\nb = 2\nc = 3\n"},
		{"insert at the end", "a = 1\nc = 3\n", insert(2, "b = 2"), "a = 1\nc = 3\nb = 2\n"},
		{"insert at the end, no line end", "a = 1\nc = 3", insert(2, "b = 2"), "a = 1\nc = 3\nb = 2"},
		{"move", "a = 1\nb = 2\nc = 3\n", move(0, 1), "b = 2\na = 1\nc = 3\n"},
		{"move to the end", "a = 1\nb = 2\nc = 3\n", move(0, 2), "b = 2\nc = 3\na = 1\n"},
		{"move to the end, no line end", "a = 1\nb = 2\nc = 3", move(0, 2), "b = 2\nc = 3\na = 1"},
		{"move with its comments", "x = 0\n\n# one\n# two\na = 1\nb = 2\n", move(1, 2),
			"x = 0\n\nb = 2\n# one\n# two\na = 1\n"},
		{"move, header stays", "# managed\na = 1\nb = 2\n", move(0, 1), "# managed\nb = 2\na = 1\n"},
		{"move upwards", "a = 1\nb = 2\n", move(1, 0), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, newline := range []string{"\n", "\r\n"} {
				before, want := strings.ReplaceAll(test.before, "\n", newline),
					strings.ReplaceAll(test.want, "\n", newline)
				fr := source.WholeFile(source.NewFile("nix.conf", []byte(before)))
				edits, ok := test.edit(fr, nixconf.Parse(fr))
				if got := result(t, fr, edits, ok); got != want {
					t.Errorf("%q: got %q, want %q", before, got, want)
				}
			}
		})
	}
}

// embedded returns the fragment that is made of the parts of text between the marks ‹ and ›, each with the given
// quoting; a part between « and » is not verbatim.
func embedded(text string, quoting source.Quoting) *source.Fragment {
	var file []byte
	var pieces []source.Piece
	for len(text) > 0 {
		i := strings.IndexAny(text, "‹«")
		if i < 0 {
			file = append(file, text...)
			break
		}
		file = append(file, text[:i]...)
		verbatim := strings.HasPrefix(text[i:], "‹")
		open, end := "«", "»"
		if verbatim {
			open, end = "‹", "›"
		}
		inner, rest, _ := strings.Cut(strings.TrimPrefix(text[i:], open), end)
		text = rest
		p := source.Piece{Text: inner, Verbatim: verbatim, Quoting: quoting,
			Span: source.Span{Start: len(file), End: len(file)}}
		if verbatim {
			file = append(file, inner...)
			p.Span.End = len(file)
		}
		pieces = append(pieces, p)
	}
	return source.NewFragment(source.NewFile("Dockerfile", file), pieces)
}

func TestEditsEmbedded(t *testing.T) {
	tests := []struct {
		name, text string
		quoting    source.Quoting
		edit       func(fr *source.Fragment, f *nixconf.File) ([]fixers.Edit, bool)
		want       string
	}{
		{"value in double quotes", "RUN echo \"‹a = 1›«\n»\" >> x\n", source.DoubleQuoted,
			func(fr *source.Fragment, f *nixconf.File) ([]fixers.Edit, bool) {
				return SetValue(fr, f.Entries[0], "2 3")
			}, "RUN echo \"a = 2 3\" >> x\n"},
		{"value that the quotes would change", "RUN echo \"‹a = 1›«\n»\" >> x\n", source.DoubleQuoted,
			func(fr *source.Fragment, f *nixconf.File) ([]fixers.Edit, bool) {
				return SetValue(fr, f.Entries[0], "$x")
			}, ""},
		{"bare word takes no blank", "RUN nix --option ‹a›« = » ‹1›\n", source.Unquoted,
			func(fr *source.Fragment, f *nixconf.File) ([]fixers.Edit, bool) {
				return SetValue(fr, f.Entries[0], "2 3")
			}, ""},
		{"bare word", "RUN nix --option ‹a›« = » ‹1›\n", source.Unquoted,
			func(fr *source.Fragment, f *nixconf.File) ([]fixers.Edit, bool) {
				return SetValue(fr, f.Entries[0], "2")
			}, "RUN nix --option a 2\n"},
		{"line end made by echo", "RUN echo '‹a = 1›«\n»' >> x\n", source.SingleQuoted,
			func(fr *source.Fragment, f *nixconf.File) ([]fixers.Edit, bool) {
				return DeleteLine(fr, f, f.Entries[0])
			}, ""},
		{"last line without end", "ENV NIX_CONFIG=\"‹a = 1›\"\n", source.DoubleQuoted,
			func(fr *source.Fragment, f *nixconf.File) ([]fixers.Edit, bool) {
				return DeleteLine(fr, f, f.Entries[0])
			}, ""},
		{"heredoc", "COPY <<EOF x\n‹a = 1\nb = 2\n›EOF\n", source.Heredoc,
			func(fr *source.Fragment, f *nixconf.File) ([]fixers.Edit, bool) {
				return DeleteLine(fr, f, f.Entries[1])
			}, "COPY <<EOF x\na = 1\nEOF\n"},
		{"heredoc, move", "COPY <<EOF x\n‹a = 1\nb = 2\n›EOF\n", source.Heredoc,
			func(fr *source.Fragment, f *nixconf.File) ([]fixers.Edit, bool) {
				return MoveBelow(fr, f, f.Entries[0], f.Entries[1])
			}, "COPY <<EOF x\nb = 2\na = 1\nEOF\n"},
		{"heredoc with tabs", "COPY <<-EOF x\n\t‹a = 1\n›\t‹b = 2\n›\tEOF\n", source.Heredoc,
			func(fr *source.Fragment, f *nixconf.File) ([]fixers.Edit, bool) {
				return DeleteLine(fr, f, f.Entries[0])
			}, "COPY <<-EOF x\n\t\tb = 2\n\tEOF\n"},
		{"heredoc with variables in the way", "COPY <<EOF x\n‹a = 1›«$X»‹\nb = 2\n›EOF\n", source.Heredoc,
			func(fr *source.Fragment, f *nixconf.File) ([]fixers.Edit, bool) {
				return SetValue(fr, f.Entries[0], "2")
			}, ""},
		{"new line in a heredoc", "COPY <<EOF x\n‹a = 1\n›EOF\n", source.Heredoc,
			func(fr *source.Fragment, f *nixconf.File) ([]fixers.Edit, bool) {
				return InsertLine(fr, f, 1, "b = 2")
			}, "COPY <<EOF x\na = 1\nb = 2\nEOF\n"},
		{"no new line in quotes", "RUN echo '‹a = 1›«\n»'\n", source.SingleQuoted,
			func(fr *source.Fragment, f *nixconf.File) ([]fixers.Edit, bool) {
				return InsertLine(fr, f, 0, "b = 2")
			}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			fr := embedded(test.text, test.quoting)
			edits, ok := test.edit(fr, nixconf.Parse(fr))
			if got := result(t, fr, edits, ok); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// FuzzEdits makes every edit of every line of a text, and checks that nothing but that line changes.
func FuzzEdits(f *testing.F) {
	f.Add("a = 1 2\r\nb =\nfoo\n  c = x # y\n", "v w")
	f.Add("# h\na = 1\n\n# i\nb = 2", "")
	f.Fuzz(func(t *testing.T, text, value string) {
		if strings.Contains(text+value, "\x00") || strings.Contains(text+value, "\xfe") ||
			strings.Contains(text+value, "\xff") {
			return // it may look like UTF-16 once a line is gone
		}
		fr := source.WholeFile(source.NewFile("nix.conf", []byte(text)))
		file := nixconf.Parse(fr)
		words := func(f *nixconf.File, skip int) []string {
			var out []string
			for i, line := range f.Lines {
				var b strings.Builder
				for _, w := range line.Words {
					b.WriteString(w.Text + " ")
				}
				if i != skip && b.Len() > 0 {
					out = append(out, b.String())
				}
			}
			return out
		}
		for i, e := range file.Entries {
			if edits, ok := SetValue(fr, e, value); ok {
				after := nixconf.Parse(source.WholeFile(source.NewFile("nix.conf", []byte(result(t, fr, edits, ok)))))
				if len(after.Entries) != len(file.Entries) || !slices.Equal(words(after, e.Line), words(file, e.Line)) {
					t.Fatalf("setting %q to %q in %q gives %q", e.Name.Text, value, text, after.Fragment.Text)
				}
				if got := after.Entries[i].Value; got != strings.Join(
					strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == '\t' || r == '\r' }), " ") {
					t.Fatalf("value is %q, want %q", got, value)
				}
			}
			edits, ok := DeleteLine(fr, file, e)
			if !ok {
				t.Fatalf("line %d of %q cannot be deleted", e.Line, text)
			}
			after := nixconf.Parse(source.WholeFile(source.NewFile("nix.conf", []byte(result(t, fr, edits, ok)))))
			if !slices.Equal(words(after, -1), words(file, e.Line)) {
				t.Fatalf("deleting line %d of %q gives %q", e.Line, text, after.Fragment.Text)
			}
			if i > 0 {
				edits, ok := MoveBelow(fr, file, file.Entries[i-1], e)
				if !ok {
					t.Fatalf("line %d of %q cannot be moved", e.Line-1, text)
				}
				after := nixconf.Parse(source.WholeFile(source.NewFile("nix.conf", []byte(result(t, fr, edits, ok)))))
				a, b := words(after, -1), words(file, -1)
				slices.Sort(a)
				slices.Sort(b)
				if !slices.Equal(a, b) || len(after.Entries) != len(file.Entries) {
					t.Fatalf("moving line %d of %q gives %q", file.Entries[i-1].Line, text, after.Fragment.Text)
				}
			}
		}
	})
}
