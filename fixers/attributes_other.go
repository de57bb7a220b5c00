//go:build !linux

package fixers

import "os"

// keepAttributes does nothing: extended attributes are kept on Linux.
func keepAttributes(*os.File, *os.File) error { return nil }
