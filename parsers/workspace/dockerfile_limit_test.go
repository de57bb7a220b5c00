package workspace

import (
	"strings"
	"testing"
)

// TestLargeDockerfile checks that a Dockerfile above the limit is refused with a clear error, and one below is read.
func TestLargeDockerfile(t *testing.T) {
	const line = "RUN true\n"
	for n, want := range map[int]string{
		maxDockerfile/len(line) - 1: "",
		maxDockerfile/len(line) + 2: "the file has 2048 KiB; sandlint reads no Dockerfile above 2 MiB",
	} {
		dir := makeTree(t, map[string]string{"Dockerfile": "FROM a\n" + strings.Repeat(line, n)})
		w, err := Load(Options{Dir: dir})
		if err != nil || len(w.Entries) != 1 {
			t.Fatal(w, err)
		}
		got := ""
		if _, err := w.Open(w.Entries[0]); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%d lines: %q, want %q", n, got, want)
		}
	}
}
