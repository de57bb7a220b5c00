package fixers

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/source"
)

var (
	// ErrChanged is matched by the error of WriteFile when the file on disk is not what was read.
	ErrChanged = errors.New("file changed since it was read")
	// ErrLocked is matched by the error of WriteFile when another run of sandlint is writing the file.
	ErrLocked = errors.New("another run of sandlint is writing the file")
)

// WriteFile replaces the content of the file at path, which is f's on disk, by after. The new content takes the place
// of the old one in one step: WriteFile writes, synchronises and renames a temporary file in the same folder, so no
// other program sees a part of it. Mode, access control lists, extended attributes and, as far as the user is
// permitted, owner stay. A symbolic link stays, and the file it leads to is replaced; other names of the file (hard
// links) keep the old content. Nothing is written when the file no longer holds f's bytes, is not a regular file, may
// not be written by the user, is being written by another run, or has a list or an attribute that the new file cannot
// have. The error does not hold the path.
func WriteFile(f *source.File, path string, after []byte) error {
	err := writeFile(f, path, after)
	var renaming *os.LinkError
	if errors.As(err, &renaming) {
		return renaming.Err
	}
	return files.Cause(err)
}

func writeFile(f *source.File, path string, after []byte) (err error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	old, info, err := openUnchanged(f, target)
	if err != nil {
		return err
	}
	defer old.Close() // and gives back the lock
	temp, err := createTemporary(filepath.Dir(target))
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(temp.Name())
		}
		temp.Close()
	}()
	if _, err = temp.Write(after); err != nil {
		return err
	}
	if err = keepMetadata(temp, old, info); err != nil {
		return err
	}
	if err = temp.Sync(); err != nil {
		return err
	}
	if err = sameFileAt(target, info); err != nil {
		return err
	}
	if err = os.Rename(temp.Name(), target); err != nil {
		return err
	}
	syncFolder(filepath.Dir(target))
	return nil
}

// keepMetadata gives temp what old has beside its content.
func keepMetadata(temp, old *os.File, info fs.FileInfo) error {
	mode := info.Mode() & (fs.ModePerm | fs.ModeSticky)
	if keepOwner(temp, info) {
		mode |= info.Mode() & (fs.ModeSetuid | fs.ModeSetgid) // for another owner they would mean something else
	}
	if err := temp.Chmod(mode); err != nil { // after the owner, since changing that one clears bits
		return err
	}
	if err := keepAttributes(temp, old); err != nil { // after the mode, since a list holds its bits too
		return err
	}
	now, err := temp.Stat()
	if err != nil {
		return err
	}
	if now.Mode().Perm() != mode.Perm() {
		return fmt.Errorf("the new file would have the mode %v and not %v", now.Mode().Perm(), mode.Perm())
	}
	return nil
}

// openUnchanged opens and locks the file at path if it is a regular file, holds the bytes of f and may be written. The
// lock lasts until the file is closed; where the file system has none, there is none.
func openUnchanged(f *source.File, path string) (old *os.File, info fs.FileInfo, err error) {
	// Check before opening: opening a named pipe waits for its other end.
	info, err = os.Lstat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, files.ErrNotRegular
	}
	// Renaming needs no permission to write the file itself, but a user who removed that permission does not want the
	// file changed.
	old, err = os.OpenFile(path, os.O_RDWR|nonblock, 0)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			old.Close()
		}
	}()
	if info, err = old.Stat(); err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, files.ErrNotRegular
	}
	if busy := lock(old); busy {
		return nil, nil, ErrLocked
	}
	if info.Size() != int64(len(f.Bytes)) {
		return nil, nil, ErrChanged
	}
	now, err := io.ReadAll(io.LimitReader(old, info.Size()+1))
	if err != nil {
		return nil, nil, err
	}
	if !bytes.Equal(now, f.Bytes) {
		return nil, nil, ErrChanged
	}
	return old, info, sameFileAt(path, info) // another run may have replaced it before the lock
}

// sameFileAt returns ErrChanged where another file than that of info, or one that was written since, lies at a path.
func sameFileAt(path string, info fs.FileInfo) error {
	now, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !os.SameFile(now, info) || now.Size() != info.Size() || !now.ModTime().Equal(info.ModTime()) {
		return ErrChanged
	}
	return nil
}

// temporaryName is what the names of temporary files look like. A name made from the file's could be too long for the
// file system.
var temporaryName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\.sandlint-[0-9a-f]{16}$`)
})

// createTemporary creates and locks a file in a folder. The lock says that the file is in use.
func createTemporary(dir string) (*os.File, error) {
	for {
		var random [8]byte
		rand.Read(random[:])
		name := filepath.Join(dir, ".sandlint-"+hex.EncodeToString(random[:]))
		temp, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		// Between the two steps another run may have taken it for one that was left over.
		if info, err := temp.Stat(); !lock(temp) && err == nil && sameFileAt(name, info) == nil {
			return temp, nil
		}
		temp.Close()
	}
}

// RemoveLeftovers removes the temporary files of runs that were killed from a folder, and returns how many there were.
// A file is removed only if its name is that of a temporary file, it is a regular one that belongs to the user, and no
// run has it locked; where the system has no locks, none is.
func RemoveLeftovers(dir string) int {
	removed := 0
	for _, name := range files.Names(files.Disk{}, "", dir) {
		if temporaryName().MatchString(name) && removeLeftover(filepath.Join(dir, name)) {
			removed++
		}
	}
	return removed
}

func removeLeftover(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || !isOwn(info) {
		return false
	}
	f, err := os.OpenFile(path, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	opened, err := f.Stat()
	if err != nil || !os.SameFile(opened, info) || !lockSurely(f) {
		return false
	}
	return os.Remove(path) == nil
}

// syncFolder makes the rename itself durable where the system can do that; the content is safe without.
func syncFolder(path string) {
	if folder, err := os.Open(path); err == nil {
		_ = folder.Sync()
		folder.Close()
	}
}
