//go:build unix

package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func fifo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: fifo FILE")
	}
	ts.Check(syscall.Mkfifo(ts.MkAbs(args[0]), 0o777))
}

// exceeded says what this process used too much of, "" for nothing.
func exceeded() string {
	times, err := strconv.Atoi(os.Getenv("BOUNDED"))
	if err != nil {
		return ""
	}
	times *= slowness
	cpu, memory := time.Duration(times)*2*time.Second, int64(times)*200<<20
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return err.Error()
	}
	size := int64(used.Maxrss)
	if runtime.GOOS != "darwin" {
		size <<= 10 // it is in KiB
	}
	took := time.Duration(used.Utime.Nano() + used.Stime.Nano())
	if took > cpu || size > memory {
		return fmt.Sprintf("used %v of the processor and %d MiB", took, size>>20)
	}
	return ""
}
