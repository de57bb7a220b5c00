package files_test

import (
	"path/filepath"
	"testing"

	"github.com/sandlint/sandlint/parsers/files"
)

func TestPortable(t *testing.T) {
	for _, tt := range []struct{ root, name, want string }{
		{"/a/b", "/a/b", ":"},
		{"/a/b", "/a/b/c/d", ":c/d"},
		{"/a/b", "/a/b/:c", "::c"},
		{"/a/b", "/a/bc", "/a/bc"},
		{"/a/b", "/a", "/a"},
		{"/a/b", "/a/b/../c", "/a/b/../c"},
		{"/a/b", "/a/b//c", "/a/b//c"},
		{"/a/b", "c", "c"},
		{"/a/b", "", ""},
		{"/", "/a", ":a"},
		{"", "/a", "/a"},
	} {
		root, name, want := filepath.FromSlash(tt.root), filepath.FromSlash(tt.name), filepath.FromSlash(tt.want)
		got := files.Portable(root, name)
		if got != want && got != tt.want {
			t.Errorf("Portable(%q, %q) = %q instead of %q", tt.root, tt.name, got, tt.want)
		}
		if got != name && files.FromPortable(root, got) != name {
			t.Errorf("FromPortable(%q, %q) = %q", tt.root, got, files.FromPortable(root, got))
		}
	}
}
