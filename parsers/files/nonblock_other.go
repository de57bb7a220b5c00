//go:build !unix

package files

// nonblock is nothing where no pipe can take the place of a file.
const nonblock = 0
