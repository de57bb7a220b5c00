package image

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/distro"
)

// Base is what is known of an image that FROM names.
type Base struct {
	// Name is the image as the tables of known images have it, without registry and tag: "debian", "nixos/nix".
	Name string
	// Tag and Digest are those of the reference, "" without one.
	Tag, Digest string
	// Shell is what /bin/sh is: "bash", "dash", "ash", or "" where it is not known.
	Shell string
	// TagArch is the architecture in the tag, as in "2.31.1-amd64"; "" without one.
	TagArch string
	// Exact says that the name has a tag or digest that pins the version.
	Exact bool
}

// architectures are the names of architectures that tags end in, and what Docker calls them.
var architectures = []struct{ suffix, name string }{
	{"-amd64", "amd64"}, {"-arm64", "arm64"}, {"-aarch64", "arm64"}, {"-x86_64", "amd64"},
}

// hubArchitectures are the namespaces of Docker Hub that hold images of one architecture, and what Docker calls it.
var hubArchitectures = map[string]string{
	"amd64": "amd64", "arm32v5": "arm", "arm32v6": "arm", "arm32v7": "arm", "arm64v8": "arm64", "i386": "386",
	"mips64le": "mips64le", "ppc64le": "ppc64le", "riscv64": "riscv64", "s390x": "s390x",
}

// ArchitectureOf returns the architecture that the reference of an image names, at the end of its tag or by a namespace
// of Docker Hub: "amd64" for "nixos/nix:2.31.1-amd64"; "" where it names none.
func ArchitectureOf(reference string) string {
	ref, _, _ := strings.Cut(reference, "@")
	name, tag := ref, ""
	if i := strings.LastIndexByte(ref, ':'); i > strings.LastIndexByte(ref, '/') {
		name, tag = ref[:i], ref[i+1:]
	}
	if arch := tagArchitecture(tag); arch != "" {
		return arch
	}
	namespace, _, _ := strings.Cut(strings.TrimPrefix(name, "docker.io/"), "/")
	return hubArchitectures[namespace]
}

// ForEveryPlatform returns the reference of the image that has the one with the given reference as its part for one
// architecture: "nixos/nix:2.31.1" for "nixos/nix:2.31.1-amd64", "debian:12" for "arm64v8/debian:12". It is "" where no
// such image is known, and for a reference with a digest or a variable.
func ForEveryPlatform(reference string) string {
	if strings.ContainsAny(reference, "@$") || ArchitectureOf(reference) == "" {
		return ""
	}
	name := strings.TrimPrefix(reference, "docker.io/")
	if namespace, rest, ok := strings.Cut(name, "/"); ok && hubArchitectures[namespace] != "" {
		if tagArchitecture(rest[strings.LastIndexByte(rest, ':')+1:]) != "" || strings.Contains(rest, "/") {
			return ""
		}
		return rest
	}
	if strings.HasPrefix(name, "nixos/nix:") {
		for _, a := range architectures {
			if short, ok := strings.CutSuffix(reference, a.suffix); ok && !strings.HasSuffix(short, ":") {
				return short
			}
		}
	}
	return ""
}

// tagArchitecture returns the architecture at the end of a tag, "" without one.
func tagArchitecture(tag string) string {
	for _, a := range architectures {
		if strings.HasSuffix(tag, a.suffix) || tag == a.suffix[1:] {
			return a.name
		}
	}
	return ""
}

// LookupBase returns what is known of an image by its reference, such as "nixos/nix:2.31.1-amd64"; nil when nothing is.
func LookupBase(reference string) *Base {
	name, tag, digest := distro.Split(reference)
	known := distro.Lookup(name)
	if known == nil {
		return nil
	}
	shell := known.Shell
	if shell == "none" {
		shell = ""
	}
	return &Base{Name: name, Tag: tag, Digest: digest, Shell: shell, TagArch: tagArchitecture(tag),
		Exact: digest != "" || tag != "" && tag != "latest"}
}

// anyBase are variables that images of distributions set in some releases.
var anyBase = []string{"LANG", "LANGUAGE", "LC_ALL", "TERM", "TZ", "container", "DISTTAG", "FGC", "FBR"}

// baseVariables are the variables that official images of languages set beside PATH, by repository. Source: their
// Dockerfiles at docker-library and nodejs/docker-node, 2026-11.
var baseVariables = map[string][]string{
	"golang": {"GOLANG_VERSION", "GOPATH", "GOTOOLCHAIN"},
	"node":   {"NODE_VERSION", "YARN_VERSION", "NPM_CONFIG_LOGLEVEL"},
	"python": {
		"GPG_KEY", "PYTHON_VERSION", "PYTHON_SHA256", "PYTHON_PIP_VERSION", "PYTHON_SETUPTOOLS_VERSION",
		"PYTHON_GET_PIP_URL", "PYTHON_GET_PIP_SHA256", "PYTHONIOENCODING",
	},
	"rust": {"CARGO_HOME", "RUSTUP_HOME", "RUST_VERSION"},
}

// managers are package managers that only one family of distributions has, and what /bin/sh is in it. Source: dash is
// /bin/sh in Debian since 6.0 and in Ubuntu since 6.10, BusyBox in Alpine and Wolfi, bash in all others.
var managers = map[string]string{
	"apt-get": "dash", "apt": "dash", "apk": "ash", "yum": "bash", "dnf": "bash", "microdnf": "bash", "tdnf": "bash",
	"zypper": "bash", "pacman": "bash",
}

// PackagesShell returns what /bin/sh is in the distribution whose package manager the stages run that are based on the
// same image as this one: "dash" where they run apt-get. It is "" where they run none, or several.
func (img *Image) PackagesShell() string {
	d := img.Dockerfile
	if d.distributions == nil {
		d.distributions = map[*Image]string{}
		for _, c := range d.Commands() {
			shell := managers[c.Name]
			if shell == "" || !c.InDockerfile() || c.Step.Image == nil {
				continue
			}
			root := c.Step.Image.Root()
			if other, is := d.distributions[root]; is && other != shell {
				shell = ""
			}
			d.distributions[root] = shell
		}
	}
	return d.distributions[img.Root()]
}

// BaseSets reports whether the image at the start of the chain of parents sets a variable, and false for known where
// that is not certain. The images of distributions set PATH alone.
func (img *Image) BaseSets(name string) (sets, known bool) {
	root := img.Root().Stage
	switch repository, _, _ := distro.Split(root.Image); {
	case name == "PATH":
		return true, true
	case root.Image == "scratch":
		return false, true
	case slices.Contains(anyBase, name):
		return false, false
	case baseVariables[repository] != nil:
		return slices.Contains(baseVariables[repository], name), true
	case img.Root().Base == nil || strings.Contains(repository, "nix"):
		return false, false
	}
	return false, true
}
