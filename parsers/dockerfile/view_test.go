package dockerfile

import (
	"strings"
	"testing"
)

func TestShellView(t *testing.T) {
	for _, c := range []struct {
		in   string // the instruction of interest is the last
		want string // "" for none
		copy bool   // the view is a copy
	}{
		{"RUN a b", "a b", false},
		{"RUN a b  ", "a b", false},
		{"RUN --mount=type=ssh \\\n  a \\\n  && b\n", "a \\\n  && b", false},
		{"CMD a \\\n b", "a \\\n b", false},
		{"ENTRYPOINT a", "a", false},
		{"HEALTHCHECK --interval=5s CMD a \\\n b", "a \\\n b", false},
		{"ONBUILD RUN a", "a", false},
		{"ONBUILD HEALTHCHECK CMD a", "a", false},
		{"RUN [\"a\"", "[\"a\"", false},

		{"RUN a \\\n# c\n\n  b", "a \\\n" + "    " + " " + "  b", true},
		{"RUN a \\\n  # c \\\n\tb", "a \\\n" + strings.Repeat(" ", 8) + "\tb", true},
		{"RUN # a \\\n b", "# a \\\n b", false},
		{"RUN a \\ \t\n  b", "a   \\\n  b", true},
		{"RUN a \\\r\n  b\r\n", "a  \\\n  b", true},
		{"RUN a \\\r\n# c\r\n  b", "a  \\\n       b", true},
		{"RUN a \\\r\r\n  b", "a   \\\n  b", true},
		{"RUN a \\", "a", false},
		{"RUN a \\\n# c\n", "a", false},

		// a word that goes on in the next line
		{"RUN a\\\nb", "a\\\nb", false},
		{"RUN a\\\n# cd\n\nb", "a\\\n\\\n\\\n\\\nb", true},
		{"RUN a\\ \t\nb", "a\\\n\\\nb", true},
		{"RUN a\\\r\nb", "a\\\r\nb", false},
		{"RUN a\\\n# c\n\nb", "a\\\r\n\\\n\\\nb", true},

		// heredocs
		{"RUN a <<E \\\n  b\n# c\n\\\nE\n", "a <<E \\\n  b\n# c\n\\\nE", false},
		{"RUN a <<E  \r\nb\r\nE\r\n", "a <<E   \nb\r\nE", true},
		{"RUN <<A <<B\na\nA\nb\nB\n", "<<A <<B\na\nA\nb\nB", false},
		{"ONBUILD RUN a <<E\nb\nE", "a <<E\nb\nE", false},
		{"RUN a <<E\nb\n", "a <<E\nb\n", false},

		{"RUN <<E\nb\nE", "", false},
		{"RUN", "", false},
		{"RUN [\"a\"]", "", false},
		{"CMD []", "", false},
		{"HEALTHCHECK NONE", "", false},
		{"COPY <<E /a\nE", "", false},
		{"ENV A=b", "", false},
	} {
		f := parse("FROM a\n" + c.in)
		checkView(t, c.in, f, f.Instructions[1], c.want, c.copy)
	}
	f := parse("# escape=`\nFROM a\nRUN a `\n  b c\\`\nd `\n  # x\n  e")
	checkView(t, "escape", f, f.Instructions[1], "a \\\n  b c\\\\\nd \\\n        e", true)
}

func checkView(t *testing.T, in string, f *File, i *Instruction, want string, copied bool) {
	t.Helper()
	view, base, ok := i.ShellView()
	if ok != (want != "") || string(view) != want {
		t.Errorf("%q: view %q, want %q", in, view, want)
		return
	}
	if !ok {
		return
	}
	if same := &view[0] == &f.Source.Bytes[base]; same == copied {
		t.Errorf("%q: view shares memory: %v", in, same)
	}
	if cap(view) != len(view) && !copied {
		t.Errorf("%q: an append to the view would write to the file", in)
	}
}

func TestHeredocScript(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"RUN <<E\nb\nE", "b\n"},
		{"RUN << 'E'\n\n b\r\nE", "\n b\r\n"},
		{"RUN --network=none 3<<E\nb\nE", "b\n"},
		{"RUN <<\\\nE\nb\nE", "b\n"},
		{"ONBUILD RUN <<E\nb\nE", "b\n"},
		{"RUN <<-E\n\tb\n\tE", "\tb\n"},
		{"RUN <<-E\n\tcat <<X\n\t\ty\\\n\tz\n\tX\n\tE", "\ncat <<X\n\n\ny\\\n z\n\nX\n"},
		{"RUN <<E\n#!/bin/sh\nE\n", "#!/bin/sh\n"},
		{"RUN <<E b\nE", "-"},
		{"RUN cat <<E\nE", "-"},
		{"RUN <<A <<B\nA\nB", "-"},
		{"COPY <<E /a\nE", "-"},
		{"RUN a", "-"},
	} {
		i := parse("FROM a\n" + c.in).Instructions[1]
		h, view, base, ok := i.HeredocScript()
		got := string(view)
		if !ok {
			got = "-"
		}
		if got != c.want {
			t.Errorf("%q: script %q, want %q", c.in, got, c.want)
		}
		if ok && (h != &i.Heredocs[0] && i.Trigger == nil || base != h.Body.Start) {
			t.Errorf("%q: script begins at %d", c.in, base)
		}
		if _, _, shell := i.ShellView(); shell && ok {
			t.Errorf("%q: both a script and a command line", c.in)
		}
	}
}
