//go:build unix

package fixers

import (
	"io/fs"
	"os"
	"syscall"
)

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
