package seccomp

import (
	"cmp"
	"strconv"
	"strings"
)

// Version is a release of libseccomp, runc, crun or the runtime specification, such as 2.5.4. The zero Version is
// older than every release.
type Version struct {
	Major, Minor, Patch int
}

// ParseVersion reads "2.5.4", "v2.5.4", "2.5" or "2". What follows the numbers, such as a package's "-1+deb12u1", is
// not read; ok is false where s does not begin with a number or where a number is out of any reason.
func ParseVersion(s string) (v Version, ok bool) {
	s = strings.TrimPrefix(s, "v")
	for i, part := range []*int{&v.Major, &v.Minor, &v.Patch} {
		n := 0
		for n < len(s) && '0' <= s[n] && s[n] <= '9' {
			n++
		}
		number, err := strconv.Atoi(s[:n])
		if err != nil || n > 6 {
			return Version{}, false
		}
		*part = number
		if s = s[n:]; i == 2 || !strings.HasPrefix(s, ".") {
			break
		}
		s = s[1:]
	}
	return v, true
}

// Compare returns -1, 0 or +1 as v is older than, equal to or newer than w.
func (v Version) Compare(w Version) int {
	return cmp.Or(cmp.Compare(v.Major, w.Major), cmp.Compare(v.Minor, w.Minor), cmp.Compare(v.Patch, w.Patch))
}

// Less reports whether v is older than w.
func (v Version) Less(w Version) bool { return v.Compare(w) < 0 }

// IsZero reports whether v is the zero Version.
func (v Version) IsZero() bool { return v == Version{} }

// String returns the version as its project writes it, in three numbers.
func (v Version) String() string {
	return strconv.Itoa(v.Major) + "." + strconv.Itoa(v.Minor) + "." + strconv.Itoa(v.Patch)
}
