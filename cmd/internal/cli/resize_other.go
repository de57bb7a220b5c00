//go:build !unix

package cli

import "os"

// resizes are the signals that say that the terminal has another size.
func resizes() []os.Signal { return nil }
