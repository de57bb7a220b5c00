package seccomp

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// Version is a release of libseccomp, runc, crun or the runtime specification, such as 2.5.4. The zero Version is
// older than every release.
type Version struct {
	Major, Minor, Patch int
	// Pre is 0 for a release, and below it for what precedes it: see ParseRelease.
	Pre int
	// Debian says that it is Debian's package of the release, or Ubuntu's copy of it, which is built with Debian's
	// libraries instead of those that the release was published with. Compare does not look at it.
	Debian bool
}

// prereleases are the kinds of versions that precede a release, oldest first; their Pre lies between that of the kind
// and that of the next.
var prereleases = [...]struct {
	name string
	pre  int
}{{"alpha", -3000}, {"beta", -2000}, {"rc", -1000}}

// packageSuffix is what packages have after the number of a release: "+ds1-1+b1", "-0ubuntu2~22.04.1".
var packageSuffix = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([+~-][0-9A-Za-z][0-9A-Za-z.]*)+$`)
})

// ParseRelease reads a version as users and distributions write it: what ParseVersion reads, a candidate
// ("1.0.0-rc93", "28.0.0-beta.1", Debian's "1.0.0~rc93"), and after it what a distribution adds ("1.3.6+ds1-2",
// "5:28.0.1-1~debian.12"), of which only Version.Debian is kept. Numbers is how many numbers are given; ok is false for
// anything else.
func ParseRelease(s string) (v Version, numbers int, ok bool) {
	if epoch, rest, found := strings.Cut(s, ":"); found && strings.Trim(epoch, "0123456789") == "" {
		s = rest
	}
	s = strings.TrimPrefix(s, "v")
	rest := strings.TrimLeft(s, "0123456789.")
	number := strings.TrimSuffix(s[:len(s)-len(rest)], ".")
	numbers = 1 + strings.Count(number, ".")
	if v, ok = ParseVersion(number); !ok || numbers > 3 || strings.Contains(number, "..") {
		return Version{}, 0, false
	}
	for _, p := range prereleases {
		n, found := strings.CutPrefix(strings.TrimLeft(rest, "-~"), p.name)
		if !found || rest[0] != '-' && rest[0] != '~' {
			continue
		}
		n = strings.TrimPrefix(n, ".")
		tail := strings.TrimLeft(n, "0123456789")
		count, err := strconv.Atoi(n[:len(n)-len(tail)])
		if err != nil || count > 999 {
			return Version{}, 0, false
		}
		v.Pre, rest = p.pre+count, tail
		break
	}
	// Debian marks a source without the libraries that came with it so.
	v.Debian = strings.HasPrefix(rest, "+ds") || strings.HasPrefix(rest, "+dfsg")
	return v, numbers, rest == "" || packageSuffix().MatchString(rest)
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
	return cmp.Or(cmp.Compare(v.Major, w.Major), cmp.Compare(v.Minor, w.Minor), cmp.Compare(v.Patch, w.Patch),
		cmp.Compare(v.Pre, w.Pre))
}

// Less reports whether v is older than w.
func (v Version) Less(w Version) bool { return v.Compare(w) < 0 }

// IsZero reports whether v is the zero Version.
func (v Version) IsZero() bool { return v == Version{} }

// String returns the version in three numbers, and "-rc93" and the like for what precedes a release.
func (v Version) String() string {
	s := strconv.Itoa(v.Major) + "." + strconv.Itoa(v.Minor) + "." + strconv.Itoa(v.Patch)
	if v.Pre == 0 {
		return s
	}
	kind := prereleases[0]
	for _, p := range prereleases {
		if p.pre <= v.Pre {
			kind = p
		}
	}
	return s + "-" + kind.name + strconv.Itoa(v.Pre-kind.pre)
}
