package report

import (
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/source"
)

// places are the paths of files below a root: that of the repository or of a project.
type places struct {
	dir   string // the working directory
	root  string // where given, that of all files
	roots map[string]string
	known map[string]string
}

// newPlaces returns places below root, an absolute path; with "", below the root of the repository that holds the file,
// or else the working directory.
func newPlaces(dir, root string) *places {
	return &places{dir: dir, root: root, roots: map[string]string{}, known: map[string]string{}}
}

// of returns the path of a file below the root, with forward slashes and without symbolic links. It reports false, and
// returns the path as it is, for a file elsewhere, and for standard input without a name.
func (p *places) of(path string) (string, bool) {
	if p.dir == "" || path == "<stdin>" {
		return path, p.dir == ""
	}
	if out, ok := p.known[path]; ok {
		return out, out != path || !filepath.IsAbs(filepath.FromSlash(path))
	}
	out, ok := p.find(path)
	p.known[path] = out
	return out, ok
}

func (p *places) find(path string) (string, bool) {
	abs := filepath.FromSlash(path)
	if !filepath.IsAbs(abs) {
		abs = filepath.Join(p.dir, abs)
	}
	root := p.root
	if root == "" {
		root = p.repository(filepath.Dir(abs))
	}
	realRoot, err := files.Disk{}.Real(root)
	if err != nil {
		realRoot = root
	}
	if real, err := (files.Disk{}).Real(abs); err == nil {
		if rel, err := filepath.Rel(realRoot, real); err == nil && filepath.IsLocal(rel) {
			return filepath.ToSlash(rel), true
		}
	}
	for _, root := range []string{root, realRoot} { // a link leads out of the root, or the file is not there
		if rel, err := filepath.Rel(root, abs); err == nil && filepath.IsLocal(rel) {
			return filepath.ToSlash(rel), true
		}
	}
	return filepath.ToSlash(abs), false
}

// repository returns the root of the repository that holds a folder, or the working directory.
func (p *places) repository(folder string) string {
	root, known := p.roots[folder]
	if !known {
		if root = files.Root(files.Disk{}, p.dir, folder); root == "" {
			root = p.dir
		}
		p.roots[folder] = root
	}
	return root
}

// escapedPath returns a path as the path of a URI: all bytes but letters, digits and a few signs are percent-encoded,
// also a colon, so that nothing before it looks like a scheme.
func escapedPath(path string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(path) {
		switch c := path[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~/", c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}

// textPosition is a position as formats have it whose readers take a byte order mark for no part of the text, and that
// know no line after the last line end.
func textPosition(f *source.File, offset int) source.Position {
	if n := len(f.Bytes); offset >= n && n > 0 && f.Bytes[n-1] == '\n' {
		p := f.Position(n - 1)
		p.Offset, p.Column, p.UTF16, p.Byte = n, p.Column+1, p.UTF16+1, p.Byte+1
		return withoutMark(f, p)
	}
	return withoutMark(f, f.Position(offset))
}

func withoutMark(f *source.File, p source.Position) source.Position {
	if p.Line == 1 && strings.HasPrefix(f.Text(source.Span{End: utf8.UTFMax}), byteOrderMark) {
		p.Column, p.UTF16, p.Byte = max(1, p.Column-1), max(1, p.UTF16-1), max(1, p.Byte-len(byteOrderMark))
	}
	return p
}
