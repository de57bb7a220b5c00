package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWritePage(t *testing.T) {
	const markdown = "# nix/x\n\nA `long code` and *more* of\nit, which is wrapped.\n\n" +
		"| severity | fix |\n|---|---|\n| error | safe, and more of it |\n\n" +
		"- one item that is\n  wrapped as well\n- two\n\n  1. deep\n\n```nix\na = b\n\n# not a heading\n```\n## Found\n"
	for _, tt := range []struct {
		color bool
		width int
		want  string
	}{
		{false, 24, "nix/x\n\nA `long code` and *more*\nof it, which is wrapped.\n\n" +
			"severity  fix\nerror     safe, and more\n          of it\n\n" +
			"- one item that is\n  wrapped as well\n- two\n\n  1. deep\n\n    a = b\n\n    # not a heading\nFound\n"},
		{true, 24, "<b>nix/x</>\n\nA <c>long code</> and *more*\nof it, which is wrapped.\n\n" +
			"<b>severity  fix</>\nerror     safe, and more\n          of it\n\n" +
			"- one item that is\n  wrapped as well\n- two\n\n  1. deep\n\n    a = b\n\n    # not a heading\n" +
			"<b>Found</>\n"},
	} {
		var out strings.Builder
		if err := WritePage(&out, markdown, tt.color, tt.width); err != nil {
			t.Fatal(err)
		}
		got := strings.NewReplacer(string(bold), "<b>", string(boldCyan), "<c>", "\x1b[0m", "</>").Replace(out.String())
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("color %v (-want +got):\n%s", tt.color, diff)
		}
	}
}

// TestWritePageNarrow: no width breaks or loses a word, and code that continues on the next line keeps its colour.
func TestWritePageNarrow(t *testing.T) {
	const text = "words `with some code that is long enough` in them and unbreakable-words-of-some-length too"
	for width := 0; width < 120; width++ {
		var plain strings.Builder
		if err := WritePage(&plain, text, false, width); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(strings.Fields(plain.String()), " "); got != text {
			t.Errorf("width %d: %q", width, got)
		}
		var colored strings.Builder
		if err := WritePage(&colored, text, true, width); err != nil {
			t.Fatal(err)
		}
		if strings.Count(colored.String(), "\x1b[0m") != strings.Count(colored.String(), string(boldCyan)) {
			t.Errorf("width %d: %q", width, colored.String())
		}
	}
}
