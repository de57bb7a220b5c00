package distro

import "strings"

// Option is an option of a package manager that old releases lack, together with what it is for.
type Option string

const (
	// ApkNoCache is the option --no-cache of apk.
	ApkNoCache Option = "apk --no-cache"
	// PipNoCacheDir is the option --no-cache-dir of pip, and the cache that it switches off.
	PipNoCacheDir Option = "pip --no-cache-dir"
)

// lacking are the releases that lack an option, by image and by the beginning of the tag. Source: the release notes of
// Alpine 3.3 and of pip 6.0; Debian 8 has pip 1.5.6 and Ubuntu 14.04 has 1.5.4. Alpine's images begin with 2.6.
var lacking = []struct {
	option   Option
	image    string
	releases []string
}{
	{ApkNoCache, "alpine", []string{"2.6", "2.7", "3.1", "3.2"}},
	{PipNoCacheDir, "debian", []string{"6", "7", "8", "squeeze", "wheezy", "jessie"}},
	{PipNoCacheDir, "ubuntu", []string{"10.04", "12.04", "14.04", "lucid", "precise", "trusty"}},
}

// Lacks reports whether the image with a name, as Split returns it, and a tag is known to lack an option.
func Lacks(name, tag string, option Option) bool {
	for _, l := range lacking {
		if l.option != option || l.image != name {
			continue
		}
		for _, release := range l.releases {
			if rest, ok := strings.CutPrefix(tag, release); ok && (rest == "" || rest[0] == '.' || rest[0] == '-') {
				return true
			}
		}
	}
	return false
}
