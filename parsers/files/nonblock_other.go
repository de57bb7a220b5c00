//go:build !unix

package files

// Both are nothing where no pipe can take the place of a file.
const nonblock, directory = 0, 0
