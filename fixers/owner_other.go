//go:build !unix

package fixers

import (
	"io/fs"
	"os"
)

// nonblock is nothing where no pipe can take the place of a file.
const nonblock = 0

// keepOwner does nothing: a new file here gets its owner from the folder and the user.
func keepOwner(*os.File, fs.FileInfo) bool { return false }

// isOwn reports whether a file belongs to the user.
func isOwn(fs.FileInfo) bool { return false }

// lock locks a file, and reports whether somebody else has it locked. Here are no locks.
func lock(*os.File) (busy bool) { return false }

// lockSurely reports whether it locked a file.
func lockSurely(*os.File) bool { return false }
