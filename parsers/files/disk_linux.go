package files

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// This file is the short way to a file below a root: the kernel follows the path and its symbolic links in one system
// call, and refuses what leads out of the root (openat2 with RESOLVE_BENEATH, Linux 5.6). os.Root, which opens each
// folder on the way, takes three times as many. It decides whenever this way yields anything but success or that
// nothing is there, and on systems that lack the call or forbid it.

// unavailable says that the system lacks openat2, or forbids it.
var unavailable atomic.Bool

// below opens what lies at a path below a root. The error is fs.ErrNotExist or errUnsure.
func (d Disk) below(root, rel string, flags uint64) (fd int, err error) {
	if unavailable.Load() {
		return -1, errUnsure
	}
	how := unix.OpenHow{
		Flags:   flags | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS,
	}
	err = d.roots.with(root, func(at int) error {
		return again(func() (err error) {
			fd, err = unix.Openat2(at, rel, &how)
			return err
		})
	})
	switch {
	case err == nil:
		return fd, nil
	case errors.Is(err, unix.ENOENT):
		return -1, unix.ENOENT
	case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EPERM):
		unavailable.Store(true)
	}
	return -1, errUnsure
}

const (
	// farStep is after how many bytes of a path a folder is held: the kernel looks at each folder of a path anew.
	farStep = 256
	// maxFar is the length in bytes from which on the kernel takes no path (PATH_MAX).
	maxFar = 4096
)

// far opens what lies at a path with many folders, with all symbolic links followed, from a folder on the way that is
// held: so what is far below costs no more than what is near. The error is fs.ErrNotExist or errUnsure.
func (d Disk) far(name string, flags int) (fd int, err error) {
	if d.roots == nil || len(name) <= 2*farStep || len(name) >= maxFar || !filepath.IsAbs(name) {
		return -1, errUnsure
	}
	cut := strings.LastIndexByte(name[:(len(name)-1)/farStep*farStep], filepath.Separator)
	if cut <= 0 || name[cut+1:] == "" {
		return -1, errUnsure
	}
	err = d.roots.with(name[:cut], func(at int) error {
		return again(func() (err error) {
			fd, err = unix.Openat(at, strings.TrimLeft(name[cut:], "/"), flags|unix.O_CLOEXEC, 0)
			return err
		})
	})
	switch {
	case err == nil:
		return fd, nil
	case errors.Is(err, unix.ENOENT):
		return -1, unix.ENOENT
	}
	return -1, errUnsure
}

// statFar is Stat or Lstat by way of far.
func (d Disk) statFar(name string, follow bool) (fs.FileInfo, error) {
	flags := unix.O_PATH
	if !follow {
		flags |= unix.O_NOFOLLOW
	}
	fd, err := d.far(name, flags)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	return describe(fd, name)
}

// listFar is List by way of far.
func (d Disk) listFar(name string) ([]fs.DirEntry, error) {
	fd, err := d.far(name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	return listOpen(fd, &folder{d, "", name})
}

// again repeats a system call that a signal interrupted.
func again(call func() error) error {
	for {
		if err := call(); err != unix.EINTR { //nolint:errorlint // an errno
			return err
		}
	}
}

// openBelow opens a regular file below a root, or at any path where root is "".
func (d Disk) openBelow(root, rel string) (f fs.File, err error) {
	fd := -1
	const flags = unix.O_RDONLY | unix.O_NONBLOCK
	if root != "" {
		fd, err = d.below(root, rel, flags)
	} else if fd, err = d.far(rel, flags); errors.Is(err, errUnsure) {
		err = again(func() (err error) {
			fd, err = unix.Open(rel, flags|unix.O_CLOEXEC, 0)
			return err
		})
		if err != nil {
			err = errUnsure // os.OpenFile says why
		}
	}
	if err != nil {
		return nil, err
	}
	info, err := describe(fd, rel)
	if err == nil && !info.Mode().IsRegular() {
		err = ErrNotRegular
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return &openFile{fd: fd, info: info}, nil
}

func (d Disk) statBelow(root, rel string, follow bool) (fs.FileInfo, error) {
	flags := uint64(unix.O_PATH)
	if !follow {
		flags |= unix.O_NOFOLLOW
	}
	fd, err := d.below(root, rel, flags)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	return describe(fd, rel)
}

func (d Disk) listBelow(root, rel string) ([]fs.DirEntry, error) {
	fd, err := d.below(root, rel, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	return listOpen(fd, &folder{d, root, rel})
}

// listOpen lists an open folder. The error is errUnsure.
func listOpen(fd int, in *folder) ([]fs.DirEntry, error) {
	buffer := buffers.Get().(*[8192]byte)
	defer buffers.Put(buffer)
	var out []fs.DirEntry
	for {
		n := 0
		if err := again(func() (err error) {
			n, err = unix.Getdents(fd, buffer[:])
			return err
		}); err != nil {
			return nil, errUnsure
		}
		if n == 0 {
			break
		}
		for rest := buffer[:n]; len(rest) > 0; {
			// struct linux_dirent64: d_ino, d_off, d_reclen, d_type, d_name
			size := int(binary.NativeEndian.Uint16(rest[16:]))
			kind, name := rest[18], rest[19:size]
			rest = rest[size:]
			if end := bytes.IndexByte(name, 0); end >= 0 {
				name = name[:end]
			}
			if string(name) == "." || string(name) == ".." {
				continue
			}
			mode, ok := modeOf(uint32(kind) << 12) // DT_… are the bits of S_IF… above the twelfth
			if !ok {
				return nil, errUnsure // the file system does not say, for one
			}
			out = append(out, &entry{in: in, name: string(name), mode: mode})
		}
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return out, nil
}

var buffers = sync.Pool{New: func() any { return new([8192]byte) }}

// modeOf returns the type of a file as package fs has it.
func modeOf(mode uint32) (fs.FileMode, bool) {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return 0, true
	case unix.S_IFDIR:
		return fs.ModeDir, true
	case unix.S_IFLNK:
		return fs.ModeSymlink, true
	case unix.S_IFIFO:
		return fs.ModeNamedPipe, true
	case unix.S_IFSOCK:
		return fs.ModeSocket, true
	case unix.S_IFBLK:
		return fs.ModeDevice, true
	case unix.S_IFCHR:
		return fs.ModeDevice | fs.ModeCharDevice, true
	}
	return 0, false
}

// folder is a folder that was listed.
type folder struct {
	tree      Disk
	root, rel string
}

// entry is what a folder holds.
type entry struct {
	in   *folder
	name string
	mode fs.FileMode
}

func (e *entry) Name() string      { return e.name }
func (e *entry) IsDir() bool       { return e.mode.IsDir() }
func (e *entry) Type() fs.FileMode { return e.mode }
func (e *entry) String() string    { return fs.FormatDirEntry(e) }

func (e *entry) Info() (fs.FileInfo, error) {
	return e.in.tree.Lstat(e.in.root, filepath.Join(e.in.root, e.in.rel, e.name))
}

// info describes a file.
type info struct {
	name string
	mode fs.FileMode
	stat unix.Stat_t
}

func (i *info) Name() string       { return i.name }
func (i *info) Size() int64        { return i.stat.Size }
func (i *info) Mode() fs.FileMode  { return i.mode }
func (i *info) ModTime() time.Time { return time.Unix(i.stat.Mtim.Unix()) }
func (i *info) IsDir() bool        { return i.mode.IsDir() }
func (i *info) Sys() any           { return &i.stat }

// describe describes an open file. The error is errUnsure.
func describe(fd int, rel string) (*info, error) {
	i := &info{name: filepath.Base(rel)}
	if err := again(func() error { return unix.Fstat(fd, &i.stat) }); err != nil {
		return nil, errUnsure
	}
	mode, ok := modeOf(i.stat.Mode)
	if !ok {
		return nil, errUnsure
	}
	i.mode = mode | fs.FileMode(i.stat.Mode&0o777)
	if i.stat.Mode&unix.S_ISUID != 0 {
		i.mode |= fs.ModeSetuid
	}
	if i.stat.Mode&unix.S_ISGID != 0 {
		i.mode |= fs.ModeSetgid
	}
	if i.stat.Mode&unix.S_ISVTX != 0 {
		i.mode |= fs.ModeSticky
	}
	return i, nil
}

// openFile is an open regular file. One goroutine uses it.
type openFile struct {
	fd   int
	info *info
}

func (o *openFile) Stat() (fs.FileInfo, error) { return o.info, nil }

func (o *openFile) Read(b []byte) (n int, err error) {
	if o.fd < 0 {
		return 0, fs.ErrClosed
	}
	if len(b) == 0 {
		return 0, nil
	}
	err = again(func() (err error) {
		n, err = unix.Read(o.fd, b)
		return err
	})
	switch {
	case err != nil:
		return 0, err
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

func (o *openFile) Close() error {
	if o.fd < 0 {
		return fs.ErrClosed
	}
	fd := o.fd
	o.fd = -1
	return unix.Close(fd)
}

// roots are folders that are kept open, the last few that were used.
type roots struct {
	list *openFolders
}

type openFolders struct {
	mu   sync.RWMutex // a folder is in use while it is read-locked
	open [8]openFolder
	next int // to be replaced
}

type openFolder struct {
	name string
	fd   int
}

func newRoots() *roots {
	r := &roots{list: &openFolders{}}
	runtime.AddCleanup(r, func(l *openFolders) {
		for _, f := range l.open {
			if f.name != "" {
				unix.Close(f.fd)
			}
		}
	}, r.list)
	return r
}

// with calls do with a folder.
func (r *roots) with(name string, do func(fd int) error) error {
	if r == nil {
		fd, err := openRoot(name)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return do(fd)
	}
	defer runtime.KeepAlive(r)
	l := r.list
	l.mu.RLock()
	for n := range l.open {
		if l.open[n].name == name {
			defer l.mu.RUnlock()
			return do(l.open[n].fd)
		}
	}
	l.mu.RUnlock()
	l.mu.Lock()
	for n := range l.open {
		if l.open[n].name == name { // in the meantime
			defer l.mu.Unlock()
			return do(l.open[n].fd)
		}
	}
	defer l.mu.Unlock()
	fd, err := openRoot(name)
	if err != nil {
		return err
	}
	slot := &l.open[l.next]
	if slot.name != "" {
		unix.Close(slot.fd)
	}
	*slot = openFolder{name, fd}
	l.next = (l.next + 1) % len(l.open)
	return do(fd)
}

// openRoot opens a folder as a place to start from. Any error is errUnsure, since it is not about what lies below.
func openRoot(name string) (fd int, err error) {
	err = again(func() (err error) {
		fd, err = unix.Open(name, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return -1, errUnsure
	}
	return fd, nil
}
