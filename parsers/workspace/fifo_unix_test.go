//go:build unix

package workspace

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLoadSpecialFiles finds a FIFO under the name of a Dockerfile, which must not be opened: that would wait for a
// writer.
func TestLoadSpecialFiles(t *testing.T) {
	dir := makeTree(t, map[string]string{"a/": ""})
	for _, name := range []string{"Dockerfile", "a/seccomp.json"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, paths := range [][]string{nil, {"Dockerfile", "a/seccomp.json"}} {
		w, err := Load(Options{Dir: dir, Paths: paths})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"Dockerfile: error, not a regular file", "a/seccomp.json: error, not a regular file"}
		if diff := cmp.Diff(want, found(w)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", paths, diff)
		}
	}
}
