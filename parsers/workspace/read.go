package workspace

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"unicode"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
)

// errAmbiguous says that a path in a Dockerfile may mean several files, since the build context is not known.
var errAmbiguous = errors.New("several files may be meant")

// root returns the directory that bounds what may be read for files in dir: the nearest one upwards that holds .git,
// else the working directory where dir lies below it, else dir itself.
func (w *Workspace) root(dir string) string {
	if root := w.repository(filepath.Clean(dir)); root != "" {
		return root
	}
	if files.Inside(w.dir, dir) {
		return w.dir
	}
	return dir
}

// repository returns the nearest directory from dir upwards that holds .git, "" for none.
func (w *Workspace) repository(dir string) string {
	type key string
	return cached(w, key(dir), func(w *Workspace) string {
		if _, err := w.tree.Lstat("", filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		if up := filepath.Dir(dir); up != dir {
			return w.repository(up)
		}
		return ""
	})
}

// inContext returns the workspace file that a path of a build context means, for a Dockerfile at abs. Known contexts,
// absolute, come first. Where the context is not known, it is assumed to be the Dockerfile's own directory or the root;
// a path that exists in both with different content is ambiguous. The error is fs.ErrNotExist where there is no such
// file.
func (w *Workspace) inContext(abs string, contexts []string, name string) (*source.File, error) {
	if strings.ContainsAny(name, "*?[$") || strings.Contains(name, "://") || strings.HasPrefix(name, "git@") {
		return nil, fs.ErrNotExist
	}
	dir := filepath.Dir(abs)
	root := w.root(dir)
	if len(contexts) == 0 {
		contexts = []string{dir, root}
	}
	var found *source.File
	for _, context := range contexts {
		// A build context cannot be left: Docker reads "../x" and "/x" as "x".
		clean := strings.TrimPrefix(path.Clean("/"+filepath.ToSlash(name)), "/")
		full := filepath.Join(context, filepath.FromSlash(clean))
		if !files.Inside(root, full) {
			continue
		}
		f, err := w.neighbour(root, full)
		if err != nil {
			continue
		}
		if found != nil && found.Path != f.Path && !bytes.Equal(found.Bytes, f.Bytes) {
			return nil, errAmbiguous
		}
		if found == nil {
			found = f
		}
	}
	if found == nil {
		return nil, fs.ErrNotExist
	}
	return found, nil
}

// Above returns a file by its path relative to the folder of a Dockerfile or, where there is none, to the nearest
// folder above it that has one, up to the root of the repository. The error is fs.ErrNotExist where there is none.
func (w *Workspace) Above(d *image.Dockerfile, name string) (*source.File, error) {
	c, ok := d.Context().(*buildContext)
	if !ok || !filepath.IsLocal(filepath.FromSlash(name)) {
		return nil, fs.ErrNotExist
	}
	dir := filepath.Dir(c.abs)
	root := w.root(dir)
	for {
		f, err := c.w.neighbour(root, filepath.Join(dir, filepath.FromSlash(name)))
		if err == nil {
			return f, nil
		}
		if parent := filepath.Dir(dir); dir != root && parent != dir {
			dir = parent
			continue
		}
		return nil, err
	}
}

// neighbour reads a regular file below root; no symbolic link leads out of root. The error is nixconf.ErrUnreadable for
// a directory.
func (w *Workspace) neighbour(root, full string) (*source.File, error) {
	type key struct{ root, full string } // a link may lead out of the inner of two repositories
	type neighbour struct {
		file *source.File
		err  error
	}
	n := cached(w, key{root, full}, func(w *Workspace) neighbour {
		if w.cache != nil && !w.mayExist(root, full) {
			return neighbour{err: fs.ErrNotExist}
		}
		info, err := w.tree.Stat(root, full)
		switch {
		case err == nil && info.IsDir():
			return neighbour{err: nixconf.ErrUnreadable}
		case err != nil || !info.Mode().IsRegular():
			return neighbour{err: fs.ErrNotExist}
		}
		b, err := files.ReadDescribed(w.tree, root, full, info)
		if err != nil {
			return neighbour{err: err}
		}
		path, _ := w.canonical(full)
		w.Spend(readCost * len(b))
		return neighbour{file: source.NewFile(w.show(path), b).WithMeter(w.opts.Meter)}
	})
	return n.file, n.err
}

// readCost is how many steps a byte costs that is read to be parsed for what it says about other files.
const readCost = 3

// listing is what is in a folder.
type listing struct {
	entries []fs.DirEntry
	lower   map[string]bool // the names in lower case; nil where the folder cannot be read
}

// list returns what is in a folder.
func (w *Workspace) list(root, dir string) listing {
	type key struct{ root, dir string }
	return cached(w, key{root, filepath.Clean(dir)}, func(w *Workspace) listing {
		entries, err := w.tree.List(root, filepath.Clean(dir))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return listing{}
		}
		out := listing{entries, make(map[string]bool, len(entries))}
		for _, e := range entries {
			out.lower[strings.ToLower(e.Name())] = true
		}
		return out
	})
}

// mayExist reports whether a folder has a name, or what differs from it by case alone. The folder is listed once, which
// costs less than to ask for each of the dozen files that may lie beside a Dockerfile.
func (w *Workspace) mayExist(root, full string) bool {
	dir, base := filepath.Split(full)
	l := w.list(root, dir)
	ascii := !strings.ContainsFunc(base, func(r rune) bool { return r > unicode.MaxASCII })
	return l.lower == nil || !ascii || l.lower[strings.ToLower(base)]
}

// canonical returns the one path under which a file is an entry, and its path with all symbolic links followed. Links
// below the root are followed; the path of the root stays as the user spells it, and so does that of a link out of it.
func (w *Workspace) canonical(abs string) (path, real string) {
	real, err := w.real(abs)
	if err != nil || real == abs {
		return abs, abs
	}
	root := w.root(filepath.Dir(abs))
	if realRoot, err := w.tree.Real(root); err == nil && files.Inside(realRoot, real) {
		if rel, err := filepath.Rel(realRoot, real); err == nil {
			return filepath.Join(root, rel), real
		}
	}
	return abs, real
}

// real returns a path with all symbolic links followed. A snapshot follows those of a folder once.
func (w *Workspace) real(abs string) (string, error) {
	if w.surveyed == nil || files.Observed(w.tree) || runtime.GOOS == "windows" || w.overlay.has(abs) {
		return w.tree.Real(abs) // on Windows it spells the path as the disk does
	}
	dir := filepath.Dir(abs)
	if dir == abs {
		return abs, nil
	}
	realDir, known := w.surveyed.folders.Load(dir)
	if !known {
		real, err := w.real(dir)
		if err != nil {
			return w.tree.Real(abs)
		}
		w.surveyed.folders.Store(dir, real)
		realDir = real
	}
	full := filepath.Join(realDir.(string), filepath.Base(abs))
	if info, err := w.under.Lstat("", full); err != nil || info.Mode()&fs.ModeSymlink != 0 {
		return w.tree.Real(abs)
	}
	return full, nil
}

// text reads a file of the workspace; in the snapshot of one run it is the text that Load has read.
func (w *Workspace) text(abs string) (*source.File, error) {
	if w.oneRun {
		if f, err := w.neighbour(w.root(filepath.Dir(abs)), abs); err == nil {
			return f, nil
		}
	}
	return w.read(abs) // a link out of what bounds its folder, which the user named; or it says why not
}

// read reads a file of the workspace.
func (w *Workspace) read(abs string) (*source.File, error) {
	b, err := files.Read(w.tree, "", abs)
	if err != nil {
		return nil, err
	}
	w.Spend(readCost * len(b))
	return source.NewFile(w.show(abs), b).WithMeter(w.opts.Meter), nil
}
