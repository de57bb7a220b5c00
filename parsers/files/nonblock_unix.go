//go:build unix

package files

import "syscall"

const (
	// nonblock keeps the system from waiting for the other end of a pipe.
	nonblock = syscall.O_NONBLOCK
	// directory makes it refuse to open what is no folder.
	directory = syscall.O_DIRECTORY
)
