//go:build !js && !wasip1 && !plan9

package cli

import (
	"os"
	"syscall"
)

// endings are the signals that ask the program to end.
func endings() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} }
