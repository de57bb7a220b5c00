package workspace

import (
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
)

// KnownImage is what is known of a base image.
type KnownImage struct {
	// Name is the image as the table has it, without registry and tag.
	Name string
	// Nix says that the image holds Nix. Without it, the image is known to hold none.
	Nix bool
	// Distribution and Version are the Nix that it holds; Version is zero where the tag does not tell.
	Distribution nixconf.Distribution
	Version      nixconf.Version
	// Conf is the text of its /etc/nix/nix.conf, nil where it has none.
	Conf *nixconf.File
	// StoreLink says that its /etc/nix/nix.conf is a symbolic link into the Nix store.
	StoreLink bool
	// Shell is what /bin/sh is: "bash", "dash", "ash", or "" where it is not known.
	Shell string
	// TagArch is the architecture in the tag, as in "2.31.1-amd64"; "" without one.
	TagArch string
	// Exact says that the name has a tag or digest that pins the version.
	Exact bool
}

// knownImage is a row of the table of base images.
type knownImage struct {
	names        []string // repositories without registry; those of Docker's library without "library/"
	nix          bool
	distribution nixconf.Distribution
	versioned    bool // the tag begins with the version of Nix
	conf         string
	storeLink    bool
	shell        string
}

// knownImages are facts about base images. Sources: docker.nix of NixOS/nix from 2.5.0 on (the image since 2021-10-31), NixOS/docker up to
// 2.3.15, LnL7/nix-docker, nix-community/docker-nixpkgs, and Debian's nix-bin 2.8.0 and 2.26.3 as installed. Shells are those of the
// distributions' official images.
var knownImages = []knownImage{
	{
		names: []string{"nixos/nix"}, nix: true, distribution: nixconf.Nix, versioned: true, storeLink: true, shell: "bash",
		conf: "build-users-group = nixbld\nsandbox = false\ntrusted-public-keys = cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=\n",
	},
	{
		names: []string{"lix-project/lix"}, nix: true, distribution: nixconf.Lix, versioned: true, storeLink: true, shell: "bash",
		conf: "build-users-group = nixbld\nsandbox = false\ntrusted-public-keys = cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=\n",
	},
	{
		names: []string{"lnl7/nix"}, nix: true, distribution: nixconf.Nix, shell: "bash",
		conf: "build-users-group = nixbld\nsandbox = false\n",
	},
	{names: []string{"nixpkgs/nix", "nixpkgs/nix-unstable", "nixpkgs/cachix"}, nix: true, distribution: nixconf.Nix, shell: "bash"},
	{
		names: []string{"nixpkgs/nix-flakes"}, nix: true, distribution: nixconf.Nix, shell: "bash",
		conf: "accept-flake-config = true\nexperimental-features = nix-command flakes\n",
	},
	{names: []string{"debian", "ubuntu", "buildpack-deps", "bitnami/minideb"}, shell: "dash"},
	{names: []string{"alpine", "busybox"}, shell: "ash"},
	{names: []string{"fedora", "centos", "rockylinux", "rockylinux/rockylinux", "almalinux", "oraclelinux", "amazonlinux", "archlinux", "archlinux/archlinux", "opensuse/leap", "opensuse/tumbleweed", "opensuse/archive", "redhat/ubi8", "redhat/ubi9", "ubi8", "ubi9"}, shell: "bash"},
	{names: []string{"scratch"}},
}

// Debian's packages of Nix write this file.
const debianNixConf = "sandbox = false\n"

// nixInstallerConf is what nix-installer writes on Linux, of itself, in every release from 0.15 to 3.9 that Nix reads alike. Source:
// src/action/common/place_nix_configuration.rs at the tags.
const nixInstallerConf = "build-users-group = nixbld\nextra-experimental-features = nix-command flakes\nauto-optimise-store = true\nmax-jobs = auto\n"

var imageIndex = sync.OnceValue(func() map[string]*knownImage {
	index := map[string]*knownImage{}
	for i := range knownImages {
		for _, name := range knownImages[i].names {
			index[name] = &knownImages[i]
		}
	}
	return index
})

var tagVersion = lazyRegexp(`^v?(\d+\.\d+(?:\.\d+)?)(?:[-_.+].*)?$`)

// registries are the hosts whose repositories have the names of the table.
var registries = []string{"docker.io/", "index.docker.io/", "registry-1.docker.io/", "ghcr.io/", "quay.io/", "public.ecr.aws/docker/", "mirror.gcr.io/"}

// LookupImage returns what is known of an image by its reference, such as "nixos/nix:2.31.1-amd64"; nil when nothing is.
func LookupImage(reference string) *KnownImage {
	ref, digest, _ := strings.Cut(reference, "@")
	name, tag := ref, ""
	if i := strings.LastIndexByte(ref, ':'); i > strings.LastIndexByte(ref, '/') {
		name, tag = ref[:i], ref[i+1:]
	}
	for _, r := range registries {
		name = strings.TrimPrefix(name, r)
	}
	name = strings.TrimPrefix(name, "library/")
	row := imageIndex()[name]
	if row == nil {
		return nil
	}
	img := &KnownImage{Name: name, Nix: row.nix, Distribution: row.distribution, StoreLink: row.storeLink, Shell: row.shell, Exact: digest != "" || tag != "" && tag != "latest"}
	if row.versioned {
		if m := tagVersion.FindStringSubmatch(tag); m != nil {
			if v, err := nixconf.ParseVersion(m[1]); err == nil {
				img.Version = v
			}
		}
	}
	for _, arch := range []string{"amd64", "arm64", "aarch64", "x86_64"} {
		if strings.HasSuffix(tag, "-"+arch) {
			img.TagArch = map[string]string{"aarch64": "arm64", "x86_64": "amd64"}[arch]
			if img.TagArch == "" {
				img.TagArch = arch
			}
		}
	}
	if row.conf != "" {
		img.Conf = builtin("base image "+name, row.conf)
	}
	return img
}

// builtinPrefix marks the names of configuration that no file of the workspace holds.
const builtinPrefix = "the "

// builtin parses configuration that no file of the workspace holds.
func builtin(name, text string) *nixconf.File {
	return nixconf.Parse(source.WholeFile(source.NewFile(builtinPrefix+name, []byte(text))))
}

func isBuiltin(f *source.File) bool { return strings.HasPrefix(f.Path, builtinPrefix) }
