package workspace

import (
	"strings"
	"testing"
)

// TestLargeDockerfile checks that a Dockerfile above a limit is refused with a clear error, and one below is read.
func TestLargeDockerfile(t *testing.T) {
	const long, short = "RUN true; : a word that makes the line longer than it needs to be\n", "RUN true\n"
	for text, want := range map[string]string{
		strings.Repeat(long, maxDockerfile/len(long)-1): "",
		strings.Repeat(long, maxDockerfile/len(long)+1): "the file has 1024 KiB; sandlint reads no Dockerfile " +
			"above 1 MiB",
		strings.Repeat(short, maxInstructions-1): "",
		strings.Repeat(short, maxInstructions): "the file has 30001 instructions; sandlint reads no Dockerfile " +
			"with more than 30000",
	} {
		dir := makeTree(t, map[string]string{"Dockerfile": "FROM a\n" + text})
		w, err := Load(Options{Dir: dir})
		if err != nil || len(w.Entries) != 1 {
			t.Fatal(w, err)
		}
		got := ""
		if _, err := w.Open(w.Entries[0]); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%d bytes: %q, want %q", len(text), got, want)
		}
	}
}
