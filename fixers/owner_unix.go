//go:build unix

package fixers

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// nonblock keeps the system from waiting for the other end of a pipe.
const nonblock = unix.O_NONBLOCK

// keepOwner gives temp the owner and group of the file that it will replace, and reports whether it has both now. A
// user who is not root may at most choose another group of their own.
func keepOwner(temp *os.File, info fs.FileInfo) bool {
	want, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	own, err := temp.Stat()
	if err != nil {
		return false
	}
	if has, ok := own.Sys().(*syscall.Stat_t); ok && has.Uid == want.Uid && has.Gid == want.Gid {
		return true
	}
	if temp.Chown(int(want.Uid), int(want.Gid)) == nil {
		return true
	}
	_ = temp.Chown(-1, int(want.Gid))
	return false
}

// isOwn reports whether a file belongs to the user. What root leaves over may belong to the owner of the file that it
// was for.
func isOwn(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && (int(stat.Uid) == os.Geteuid() || os.Geteuid() == 0)
}

// lock locks a file, and reports whether somebody else has it locked. A file system without locks has nobody.
func lock(f *os.File) (busy bool) {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	return errors.Is(err, unix.EWOULDBLOCK)
}

// lockSurely reports whether it locked a file.
func lockSurely(f *os.File) bool { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil }
