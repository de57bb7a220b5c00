package workspace

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
)

// errAmbiguous says that a path in a Dockerfile may mean several files, since the build context is not known.
var errAmbiguous = errors.New("several files may be meant")

type neighbour struct {
	once sync.Once
	file *source.File
	err  error
}

// root returns the directory that bounds what may be read for files in dir: the nearest one upwards that holds .git, else the working
// directory where dir lies below it, else dir itself.
func (w *Workspace) root(dir string) string {
	if root := w.repository(dir); root != "" {
		return root
	}
	if inside(w.dir, dir) {
		return w.dir
	}
	return dir
}

// repository returns the nearest directory from dir upwards that holds .git, "" without one.
func (w *Workspace) repository(dir string) string {
	if r, ok := w.shared.repositories.Load(dir); ok {
		return r.(string)
	}
	root := ""
	if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
		root = dir
	} else if up := filepath.Dir(dir); up != dir {
		root = w.repository(up)
	}
	w.shared.repositories.Store(dir, root)
	return root
}

// inContext returns the workspace file that a path of a build context means, for a Dockerfile at abs. Where the context is not known it
// is taken to be the Dockerfile's own directory or the root; a path that exists in both with other content is ambiguous. Known contexts,
// absolute, come first. The error is fs.ErrNotExist where there is no such file.
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
		if !inside(root, full) {
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

// neighbour reads a regular file below root, once; no symbolic link leads out of root.
func (w *Workspace) neighbour(root, full string) (*source.File, error) {
	if b, ok := w.overlay[full]; ok {
		return source.NewFile(w.show(full), b), nil
	}
	v, _ := w.shared.neighbours.LoadOrStore(full, &neighbour{})
	n := v.(*neighbour)
	n.once.Do(func() {
		rel, err := filepath.Rel(root, full)
		if err != nil || !filepath.IsLocal(rel) {
			n.err = fs.ErrNotExist
			return
		}
		r, err := os.OpenRoot(root)
		if err != nil {
			n.err = unwrapPath(err)
			return
		}
		defer r.Close()
		info, err := r.Stat(rel)
		switch {
		case err == nil && info.IsDir():
			n.err = nixconf.ErrUnreadable
			return
		case err != nil || !info.Mode().IsRegular():
			n.err = fs.ErrNotExist
			return
		}
		f, err := r.Open(rel)
		if err != nil {
			n.err = unwrapPath(err)
			return
		}
		defer f.Close()
		n.file, n.err = readOpen(f, w.show(full))
	})
	return n.file, n.err
}

// list returns the names in a folder below root, sorted; none where it cannot be read.
func (w *Workspace) list(root, dir string) []string {
	r, err := os.OpenRoot(root)
	if err != nil {
		return nil
	}
	defer r.Close()
	rel, err := filepath.Rel(root, dir)
	if err != nil || !filepath.IsLocal(rel) {
		return nil
	}
	entries, err := fs.ReadDir(r.FS(), filepath.ToSlash(rel))
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// isDir reports whether a path below root is a directory there.
func (w *Workspace) isDir(root, full string) bool {
	r, err := os.OpenRoot(root)
	if err != nil {
		return false
	}
	defer r.Close()
	rel, err := filepath.Rel(root, full)
	if err != nil || !filepath.IsLocal(rel) {
		return false
	}
	info, err := r.Stat(rel)
	return err == nil && info.IsDir()
}
