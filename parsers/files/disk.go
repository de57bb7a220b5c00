package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Disk is the file system of the operating system.
type Disk struct {
	roots *roots // what Held holds
}

// Held returns a tree that holds on to the folders that bound its calls, so that they are opened once and not for each
// call, and on folders far below the root of the disk. A folder that takes the place of such a one later is not seen.
// The tree holds few folders, and releases them when nobody uses it any more.
func (Disk) Held() Disk { return Disk{roots: newRoots()} }

// errUnsure says that the short way did not decide a call, so os.Root must.
var errUnsure = errors.New("not decided")

// Open implements Tree.
func (d Disk) Open(root, name string) (fs.File, error) {
	rel := name
	var err error
	if root != "" {
		if rel, err = below(root, name); err != nil {
			return nil, err
		}
	}
	if f, err := d.openBelow(root, rel); err == nil || !errors.Is(err, errUnsure) {
		return f, err
	}
	var f *os.File
	if root == "" {
		f, err = os.OpenFile(name, os.O_RDONLY|nonblock, 0)
		err = Cause(err)
	} else {
		err = confined(root, name, func(r *os.Root, rel string) (err error) {
			f, err = r.OpenFile(rel, os.O_RDONLY|nonblock, 0)
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = ErrNotRegular
	}
	if err != nil {
		f.Close()
		return nil, Cause(err)
	}
	return f, nil
}

// Stat implements Tree.
func (d Disk) Stat(root, name string) (fs.FileInfo, error) {
	if root == "" {
		if info, err := d.statFar(name, true); err == nil || !errors.Is(err, errUnsure) {
			return info, err
		}
		info, err := os.Stat(name)
		return info, Cause(err)
	}
	return d.describe(root, name, true, (*os.Root).Stat)
}

// Lstat implements Tree.
func (d Disk) Lstat(root, name string) (fs.FileInfo, error) {
	if root == "" {
		if info, err := d.statFar(name, false); err == nil || !errors.Is(err, errUnsure) {
			return info, err
		}
		info, err := os.Lstat(name)
		return info, Cause(err)
	}
	return d.describe(root, name, false, (*os.Root).Lstat)
}

func (d Disk) describe(
	root, name string, follow bool, slowly func(*os.Root, string) (fs.FileInfo, error),
) (info fs.FileInfo, err error) {
	rel, err := below(root, name)
	if err != nil {
		return nil, err
	}
	if info, err = d.statBelow(root, rel, follow); err == nil || !errors.Is(err, errUnsure) {
		return info, err
	}
	err = confined(root, name, func(r *os.Root, rel string) (err error) {
		info, err = slowly(r, rel)
		return err
	})
	return info, err
}

// List implements Tree.
func (d Disk) List(root, name string) (entries []fs.DirEntry, err error) {
	if root == "" {
		if entries, err = d.listFar(name); err == nil || !errors.Is(err, errUnsure) {
			return entries, err
		}
		entries, err = os.ReadDir(name)
		return entries, Cause(err)
	}
	rel, err := below(root, name)
	if err != nil {
		return nil, err
	}
	if entries, err = d.listBelow(root, rel); err == nil || !errors.Is(err, errUnsure) {
		return entries, err
	}
	err = confined(root, name, func(r *os.Root, rel string) error {
		f, err := r.OpenFile(rel, os.O_RDONLY|nonblock|directory, 0) // what is no folder may be a pipe
		if err != nil {
			return err
		}
		defer f.Close()
		entries, err = f.ReadDir(-1)
		return err
	})
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}

// Real implements Tree.
func (Disk) Real(name string) (string, error) {
	real, err := filepath.EvalSymlinks(name)
	return real, Cause(err)
}

// confined calls do with a root that no symbolic link leads out of.
func confined(root, name string, do func(r *os.Root, rel string) error) error {
	rel, err := below(root, name)
	if err != nil {
		return err
	}
	r, err := os.OpenRoot(root)
	if err != nil {
		return Cause(err)
	}
	defer r.Close()
	return Cause(do(r, rel))
}
