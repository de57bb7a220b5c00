package fixers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sandlint/sandlint/parsers/source"
)

// ErrChanged is matched by the error of WriteFile when the file on disk is not what was read.
var ErrChanged = errors.New("file changed since it was read")

// WriteFile replaces the content of the file at path, which is f's on disk, by after. The new content takes the place
// of the old one in one step: WriteFile writes, synchronises and renames a temporary file in the same folder, so no
// other program sees a part of it. Mode and, as far as the user is permitted, owner stay. A symbolic link stays, and
// the file it leads to is replaced; other names of the file (hard links) keep the old content. Nothing is written when
// the file no longer holds f's bytes, is not a regular file, or may not be written by the user.
func WriteFile(f *source.File, path string, after []byte) error {
	if err := writeFile(f, path, after); err != nil {
		return fmt.Errorf("writing %q: %w", path, err)
	}
	return nil
}

func writeFile(f *source.File, path string, after []byte) (err error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := unchanged(f, target)
	if err != nil {
		return err
	}
	// A short name of its own: one made from the file's could be too long for the file system.
	temp, err := os.CreateTemp(filepath.Dir(target), ".sandlint-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			temp.Close()
			os.Remove(temp.Name())
		}
	}()
	if _, err = temp.Write(after); err != nil {
		return err
	}
	mode := info.Mode() & (fs.ModePerm | fs.ModeSticky)
	if keepOwner(temp, info) {
		mode |= info.Mode() & (fs.ModeSetuid | fs.ModeSetgid) // for another owner they would mean something else
	}
	if err = temp.Chmod(mode); err != nil { // after the owner, since changing that one clears bits
		return err
	}
	if err = temp.Sync(); err != nil {
		return err
	}
	if err = temp.Close(); err != nil {
		return err
	}
	if _, err = unchanged(f, target); err != nil {
		return err
	}
	if err = os.Rename(temp.Name(), target); err != nil {
		return err
	}
	syncFolder(filepath.Dir(target))
	return nil
}

// unchanged returns the state of the file at path if it is a regular file, holds the bytes of f and may be written.
func unchanged(f *source.File, path string) (fs.FileInfo, error) {
	// Check before opening: opening a named pipe waits for its other end.
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	// Renaming needs no permission to write the file itself, but a user who removed that permission does not want the
	// file changed.
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err = file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	if info.Size() != int64(len(f.Bytes)) {
		return nil, ErrChanged
	}
	now, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(now, f.Bytes) {
		return nil, ErrChanged
	}
	return info, nil
}

// syncFolder makes the rename itself durable where the system can do that; the content is safe without.
func syncFolder(path string) {
	if folder, err := os.Open(path); err == nil {
		_ = folder.Sync()
		folder.Close()
	}
}
