package files

import (
	"io/fs"
	"os"
	"path/filepath"
)

// Disk is the file system of the operating system.
type Disk struct{}

// Open implements Tree.
func (Disk) Open(root, name string) (fs.File, error) {
	var f *os.File
	var err error
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
func (Disk) Stat(root, name string) (info fs.FileInfo, err error) {
	if root == "" {
		info, err = os.Stat(name)
		return info, Cause(err)
	}
	err = confined(root, name, func(r *os.Root, rel string) (err error) {
		info, err = r.Stat(rel)
		return err
	})
	return info, err
}

// Lstat implements Tree.
func (Disk) Lstat(root, name string) (info fs.FileInfo, err error) {
	if root == "" {
		info, err = os.Lstat(name)
		return info, Cause(err)
	}
	err = confined(root, name, func(r *os.Root, rel string) (err error) {
		info, err = r.Lstat(rel)
		return err
	})
	return info, err
}

// List implements Tree.
func (Disk) List(root, name string) (entries []fs.DirEntry, err error) {
	if root == "" {
		entries, err = os.ReadDir(name)
		return entries, Cause(err)
	}
	err = confined(root, name, func(r *os.Root, rel string) (err error) {
		entries, err = fs.ReadDir(r.FS(), filepath.ToSlash(rel))
		return err
	})
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
