package fixers

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// accessList is the attribute that holds a POSIX access control list, with the bits of the mode.
const accessList = "system.posix_acl_access"

// ofContent are attributes that belong to the content of a file: the system drops or renews them when a file is
// written, so a file with another content does not have them.
var ofContent = []string{"security.capability", "security.evm", "security.ima"}

// keepAttributes gives temp the extended attributes of old, access control lists among them. The error names one that
// it cannot have.
func keepAttributes(temp, old *os.File) error {
	want, err := attributes(old)
	if err != nil {
		return fmt.Errorf("its extended attributes cannot be read: %w", err)
	}
	has, err := attributes(temp)
	if err != nil {
		return fmt.Errorf("its extended attributes cannot be kept: %w", err)
	}
	if _, ok := want[accessList]; !ok && has[accessList] != nil { // the folder gives new files a list
		if err := unix.Fremovexattr(int(temp.Fd()), accessList); err != nil {
			return fmt.Errorf("the access control list of the folder cannot be removed from the new file: %w", err)
		}
	}
	for name, value := range want {
		if now, ok := has[name]; ok && bytes.Equal(now, value) {
			continue
		}
		if err := unix.Fsetxattr(int(temp.Fd()), name, value, 0); err != nil {
			what := fmt.Sprintf("extended attribute %q", name)
			if name == accessList {
				what = "access control list"
			}
			return fmt.Errorf("its %s cannot be kept: %w", what, err)
		}
	}
	return nil
}

// attributes returns the extended attributes of a file that do not belong to its content.
func attributes(f *os.File) (map[string][]byte, error) {
	names, err := sized(func(b []byte) (int, error) { return unix.Flistxattr(int(f.Fd()), b) })
	if errors.Is(err, unix.ENOTSUP) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for name := range strings.SplitSeq(string(names), "\x00") {
		if name == "" || slices.Contains(ofContent, name) {
			continue
		}
		value, err := sized(func(b []byte) (int, error) { return unix.Fgetxattr(int(f.Fd()), name, b) })
		if errors.Is(err, unix.ENODATA) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out[name] = value
	}
	return out, nil
}

// sized returns what a system call writes that says, without a buffer, how long one it needs.
func sized(call func([]byte) (int, error)) ([]byte, error) {
	for {
		size, err := call(nil)
		if err != nil || size == 0 {
			return []byte{}, err
		}
		b := make([]byte, size)
		n, err := call(b)
		if errors.Is(err, unix.ERANGE) {
			continue // it has grown
		}
		if err != nil {
			return nil, err
		}
		return b[:n], nil
	}
}
