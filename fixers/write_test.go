package fixers

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/source"
)

// folder makes a folder with one file, f, and returns both.
func folder(t *testing.T, text string) (dir, path string) {
	t.Helper()
	dir = t.TempDir()
	path = filepath.Join(dir, "f")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir, path
}

// expect checks the text of a file and the names in a folder, so a temporary file that is left over is found.
func expect(t *testing.T, dir string, names []string, path, text string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != text {
		t.Errorf("%s holds %q (%v), want %q", path, got, err, text)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		found = append(found, e.Name())
	}
	slices.Sort(names)
	if d := cmp.Diff(names, found); d != "" {
		t.Errorf("folder: %s", d)
	}
}

func TestWriteFile(t *testing.T) {
	dir, path := folder(t, "old\r\n")
	if err := WriteFile(source.NewFile("f", []byte("old\r\n")), path, []byte("new\r\n\xff")); err != nil {
		t.Fatal(err)
	}
	expect(t, dir, []string{"f"}, path, "new\r\n\xff")
}

func TestWriteFileLongName(t *testing.T) {
	dir := t.TempDir()
	name := strings.Repeat("n", 255)
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(source.NewFile("f", nil), path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	expect(t, dir, []string{name}, path, "new")
}

func TestWriteFileChangedMeanwhile(t *testing.T) {
	for _, now := range []string{"other", "Old", ""} {
		dir, path := folder(t, now)
		err := WriteFile(source.NewFile("f", []byte("old")), path, []byte("new"))
		if !errors.Is(err, ErrChanged) {
			t.Errorf("got %v, want ErrChanged", err)
		}
		expect(t, dir, []string{"f"}, path, now)
	}
}

func TestWriteFileRefuses(t *testing.T) {
	dir, path := folder(t, "old")
	f := source.NewFile("f", []byte("old"))
	if err := WriteFile(f, dir, []byte("new")); err == nil {
		t.Error("a folder was replaced")
	}
	if err := WriteFile(f, filepath.Join(dir, "missing"), []byte("new")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v for a file that is not there", err)
	}
	expect(t, dir, []string{"f"}, path, "old")
}
