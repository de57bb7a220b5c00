//go:build unix

package stream

import (
	"syscall"
	"time"
)

// processorTime returns how much time the process took of the processor, less than 0 where that is not known.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return -1
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
