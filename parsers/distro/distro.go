// Package distro has the facts about base images that rules use: what the images of distributions and of Nix hold, and
// which versions of Nix, opam, bubblewrap and dash the releases of Debian and Ubuntu ship, and which options of package
// managers old releases lack. They are data alone, in images.go, releases.go and options.go, each with its source.
package distro

import (
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// registries are the hosts, with folders, whose repositories have the names of the table.
var registries = []string{
	"docker.io/", "index.docker.io/", "registry-1.docker.io/", "ghcr.io/", "quay.io/", "public.ecr.aws/docker/",
	"mirror.gcr.io/", "registry.access.redhat.com/", "registry.redhat.io/", "registry.fedoraproject.org/",
	"public.ecr.aws/", "registry.opensuse.org/", "container-registry.oracle.com/",
}

// Split divides the reference of an image into its name without the registry and "library/", its tag and its digest.
func Split(reference string) (name, tag, digest string) {
	ref, digest, _ := strings.Cut(reference, "@")
	name = ref
	if i := strings.LastIndexByte(ref, ':'); i > strings.LastIndexByte(ref, '/') {
		name, tag = ref[:i], ref[i+1:]
	}
	for _, r := range registries {
		name = strings.TrimPrefix(name, r)
	}
	return strings.TrimPrefix(name, "library/"), tag, digest
}

// Image is what is known of the images of a repository.
type Image struct {
	// Names are the repositories, as Split returns them.
	Names []string
	// Shell is what /bin/sh is: "dash", "ash" or "bash".
	Shell string
	// Libc is the C library, "glibc" or "musl"; Manager is the package manager. "none" says that there is none.
	Libc, Manager string
	// Nix is the distribution of Nix that it holds, "nix" or "lix"; "none" for one without.
	Nix string
	// NixVersioned says that the tag begins with the version of Nix, and NixLinked that /etc/nix/nix.conf is a link
	// into the store. NixConf is the text of that file, "" where there is none.
	NixVersioned, NixLinked bool
	NixConf                 string
}

var index = sync.OnceValue(func() map[string]*Image {
	out := map[string]*Image{}
	for n := range images {
		for _, name := range images[n].Names {
			out[name] = &images[n]
		}
	}
	return out
})

// Lookup returns what is known of an image with a name as Split returns it, nil when nothing is.
func Lookup(name string) *Image {
	if isUniversalBase(name) {
		return &universalBase
	}
	return index()[name]
}

// All yields the images by their names, in the order of the table.
func All() iter.Seq2[string, *Image] {
	return func(yield func(string, *Image) bool) {
		for n := range images {
			for _, name := range images[n].Names {
				if !yield(name, &images[n]) {
					return
				}
			}
		}
	}
}

// isUniversalBase reports whether a name is that of one of Red Hat's universal base images, on Docker Hub or on its
// own registries. Those of languages, such as ubi9/python-311, are built on them.
func isUniversalBase(name string) bool {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(name, "redhat/"), "ubi")
	digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
	return ok && digits > 0 && (digits == len(rest) || rest[digits] == '-' || rest[digits] == '/')
}

// Absent and Unknown stand for the version of a package that a release has not, and of one that is not known.
const (
	Absent  = "-"
	Unknown = "?"
)

// Release is a release of Debian or Ubuntu.
type Release struct {
	// Distribution is "debian" or "ubuntu", Number what its tags begin with, such as "12", and Codename its name.
	Distribution, Number, Codename string
	// Nix, Opam, Bubblewrap and Dash are the versions of the packages nix-bin, opam, bubblewrap and dash, or Absent or
	// Unknown; "<2.0" is one that is older than that.
	Nix, Opam, Bubblewrap, Dash string
}

// ByCodename returns the release with a codename, or another name that tags have for it; nil where there is none.
func ByCodename(name string) *Release {
	switch name {
	case "unstable":
		name = "sid"
	case "testing":
		name = "forky"
	}
	n := slices.IndexFunc(releases, func(r Release) bool { return r.Codename == name })
	if n < 0 {
		return nil
	}
	return &releases[n]
}

// Of returns the release that an image is of, given the name without the registry, and the tag: the tag has its
// codename, also as a part of it, or the image is the distribution's own and the tag begins with the number. It is nil
// where neither is so.
func Of(name, tag string) *Release {
	parts := strings.FieldsFunc(tag, func(r rune) bool { return r == '-' || r == '_' })
	for _, part := range parts {
		if r := ByCodename(part); r != nil {
			return r
		}
	}
	if len(parts) == 0 {
		return nil
	}
	number, distribution := parts[0], name[strings.LastIndexByte(name, '/')+1:]
	switch distribution {
	case "minideb":
		distribution = "debian"
	case "debian", "ubuntu":
	default:
		return nil
	}
	if distribution == "debian" {
		number, _, _ = strings.Cut(number, ".")
	}
	n := slices.IndexFunc(releases, func(r Release) bool {
		return r.Distribution == distribution && r.Number == number
	})
	if n < 0 {
		return nil
	}
	return &releases[n]
}

// Upstream returns the version of a package without what the distribution adds: "2.8.0" of "2.8.0-1.1+b1"; "" for one
// that is not known, or absent.
func Upstream(version string) string {
	if version == Absent || version == Unknown || strings.HasPrefix(version, "<") {
		return ""
	}
	if _, rest, ok := strings.Cut(version, ":"); ok {
		version = rest
	}
	end := strings.IndexAny(version, "-+~")
	if end < 0 {
		return version
	}
	return version[:end]
}

// DashPipefail reports whether the dash of a release has the option pipefail: from 0.5.12-12 on, Debian's patch, and
// false for known where the version is not known.
func (r *Release) DashPipefail() (has, known bool) {
	upstream := Upstream(r.Dash)
	if strings.HasPrefix(r.Dash, "<") {
		return false, true
	}
	if upstream == "" {
		return false, false
	}
	if c := compare(upstream, "0.5.12"); c != 0 {
		return c > 0, true
	}
	_, revision, _ := strings.Cut(r.Dash, "-")
	return compare(revision, "12") >= 0, true
}

// OpamSandboxes reports whether the opam of a release has a sandbox, which came with 2.0, and false for known where the
// version is not known.
func (r *Release) OpamSandboxes() (has, known bool) {
	upstream := Upstream(r.Opam)
	if strings.HasPrefix(r.Opam, "<") {
		return false, true
	}
	return upstream != "" && compare(upstream, "2.0") >= 0, upstream != ""
}

// compare compares two versions by their numbers, up to the first thing that is none.
func compare(a, b string) int {
	x, y := numbers(a), numbers(b)
	for len(x) < len(y) {
		x = append(x, 0)
	}
	for len(y) < len(x) {
		y = append(y, 0)
	}
	return slices.Compare(x, y)
}

func numbers(version string) []int {
	var out []int
	for _, part := range strings.Split(version, ".") {
		digits := len(part) - len(strings.TrimLeft(part, "0123456789"))
		n, err := strconv.Atoi(part[:digits])
		if err != nil {
			return out
		}
		if out = append(out, n); digits < len(part) {
			return out
		}
	}
	return out
}
