package nixuse

import (
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
)

// Base is what is known of a base image.
type Base struct {
	*image.Base
	// Nix says that the image holds Nix. Without it, the image is known to hold none.
	Nix bool
	// Distribution and Version are the Nix that it holds; Version is zero where the tag does not say.
	Distribution nixconf.Distribution
	Version      nixconf.Version
	// Conf is the text of its /etc/nix/nix.conf, nil where it has none.
	Conf *nixconf.File
	// StoreLink says that its /etc/nix/nix.conf is a symbolic link into the Nix store.
	StoreLink bool
}

// nixImage is a row of the table of images that hold Nix.
type nixImage struct {
	names        []string // as image.Base.Name has them
	distribution nixconf.Distribution
	versioned    bool // the tag begins with the version of Nix
	conf         string
	storeLink    bool
}

// dockerConf is the nix.conf of the images that docker.nix of NixOS/nix and of Lix makes.
const dockerConf = "build-users-group = nixbld\nsandbox = false\n" +
	"trusted-public-keys = cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=\n"

// nixImages are facts about images that hold Nix. Sources: docker.nix of NixOS/nix from 2.5.0 on (the image since
// 2021-10-31), NixOS/docker up to
// 2.3.15, LnL7/nix-docker and nix-community/docker-nixpkgs.
var nixImages = []nixImage{
	{names: []string{"nixos/nix"}, distribution: nixconf.Nix, versioned: true, storeLink: true, conf: dockerConf},
	{names: []string{"lix-project/lix"}, distribution: nixconf.Lix, versioned: true, storeLink: true, conf: dockerConf},
	{names: []string{"lnl7/nix"}, distribution: nixconf.Nix, conf: "build-users-group = nixbld\nsandbox = false\n"},
	{names: []string{"nixpkgs/nix", "nixpkgs/nix-unstable", "nixpkgs/cachix"}, distribution: nixconf.Nix},
	{
		names: []string{"nixpkgs/nix-flakes"}, distribution: nixconf.Nix,
		conf: "accept-flake-config = true\nexperimental-features = nix-command flakes\n",
	},
}

// debianNixConf is what Debian's packages of Nix, 2.8.0 and 2.26.3, write.
const debianNixConf = "sandbox = false\n"

// nixInstallerConf is the part of what nix-installer writes on Linux by default that means the same to Nix in every
// release from 0.15 to 3.9. Source: src/action/common/place_nix_configuration.rs at the tags.
const nixInstallerConf = "build-users-group = nixbld\nextra-experimental-features = nix-command flakes\n" +
	"auto-optimise-store = true\nmax-jobs = auto\n"

var nixImageIndex = sync.OnceValue(func() map[string]*nixImage {
	index := map[string]*nixImage{}
	for i := range nixImages {
		for _, name := range nixImages[i].names {
			index[name] = &nixImages[i]
		}
	}
	return index
})

var tagVersion = lazyRegexp(`^v?(\d+\.\d+(?:\.\d+)?)(?:[-_.+].*)?$`)

// baseOf adds what is known of the Nix in an image.
func baseOf(of *image.Base) *Base {
	b := &Base{Base: of}
	row := nixImageIndex()[of.Name]
	if row == nil {
		return b
	}
	b.Nix, b.Distribution, b.StoreLink = true, row.distribution, row.storeLink
	if row.versioned {
		if m := tagVersion.FindStringSubmatch(of.Tag); m != nil {
			if v, err := nixconf.ParseVersion(m[1]); err == nil {
				b.Version = v
			}
		}
	}
	if row.conf != "" {
		b.Conf = builtin("base image "+of.Name, row.conf)
	}
	return b
}

// builtinPrefix marks the names of configuration that no file of the workspace holds.
const builtinPrefix = "the "

// builtin parses configuration that no file of the workspace holds.
func builtin(name, text string) *nixconf.File {
	return nixconf.Parse(source.WholeFile(source.NewFile(builtinPrefix+name, []byte(text))))
}

// IsBuiltin reports whether a file stands for configuration that no file of the workspace holds: of a base image, or of
// what an installer writes.
func IsBuiltin(f *source.File) bool { return strings.HasPrefix(f.Path, builtinPrefix) }
