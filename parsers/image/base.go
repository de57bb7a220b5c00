package image

import (
	"slices"
	"strings"
	"sync"
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

// shells is what /bin/sh is in images, by repository; those of Docker's library without "library/". Source: the
// distributions' official images, and the images of Nix, whose /bin/sh is the bash of nixpkgs.
var shells = map[string][]string{
	"dash": {"debian", "ubuntu", "buildpack-deps", "bitnami/minideb"},
	"ash":  {"alpine", "busybox"},
	"bash": {
		"fedora", "centos", "rockylinux", "rockylinux/rockylinux", "almalinux", "oraclelinux", "amazonlinux",
		"archlinux",
		"archlinux/archlinux", "opensuse/leap", "opensuse/tumbleweed", "opensuse/archive", "fedora/fedora",
		"centos/centos", "amazonlinux/amazonlinux", "os/oraclelinux",
		"nixos/nix", "lix-project/lix", "lnl7/nix", "nixpkgs/nix", "nixpkgs/nix-unstable", "nixpkgs/cachix",
		"nixpkgs/nix-flakes",
	},
	"": {"scratch"},
}

var shellIndex = sync.OnceValue(func() map[string]string {
	index := map[string]string{}
	for shell, names := range shells {
		for _, name := range names {
			index[name] = shell
		}
	}
	return index
})

// isUniversalBase reports whether a name is that of one of Red Hat's universal base images, on Docker Hub or on its
// own registries: all have bash as /bin/sh. Those of languages, such as ubi9/python-311, are built on them.
func isUniversalBase(name string) bool {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(name, "redhat/"), "ubi")
	digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
	return ok && digits > 0 && (digits == len(rest) || rest[digits] == '-' || rest[digits] == '/')
}

// registries are the hosts whose repositories have the names of the tables.
var registries = []string{
	"docker.io/", "index.docker.io/", "registry-1.docker.io/", "ghcr.io/", "quay.io/", "public.ecr.aws/docker/",
	"mirror.gcr.io/", "registry.access.redhat.com/", "registry.redhat.io/", "registry.fedoraproject.org/",
	"public.ecr.aws/", "registry.opensuse.org/", "container-registry.oracle.com/",
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
	name, tag, digest := splitReference(reference)
	shell, known := shellIndex()[name]
	if isUniversalBase(name) {
		shell, known = "bash", true
	}
	if !known {
		return nil
	}
	return &Base{Name: name, Tag: tag, Digest: digest, Shell: shell, TagArch: tagArchitecture(tag),
		Exact: digest != "" || tag != "" && tag != "latest"}
}

// splitReference divides a reference into the name as the tables have it, the tag and the digest.
func splitReference(reference string) (name, tag, digest string) {
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
	switch repository, _, _ := splitReference(root.Image); {
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
