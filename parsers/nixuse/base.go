package nixuse

import (
	"strings"

	"github.com/sandlint/sandlint/parsers/distro"
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

// debianNixConf is what Debian's packages of Nix, 2.8.0 and 2.26.3, write.
const debianNixConf = "sandbox = false\n"

// nixInstallerConf is the part of what nix-installer writes on Linux by default that means the same to Nix in every
// release from 0.15 to 3.9. Source: src/action/common/place_nix_configuration.rs at the tags.
const nixInstallerConf = "build-users-group = nixbld\nextra-experimental-features = nix-command flakes\n" +
	"auto-optimise-store = true\nmax-jobs = auto\n"

var tagVersion = lazyRegexp(`^v?(\d+\.\d+(?:\.\d+)?)(?:[-_.+].*)?$`)

// baseOf adds what is known of the Nix in an image.
func baseOf(of *image.Base) *Base {
	b := &Base{Base: of}
	row := distro.Lookup(of.Name)
	if row == nil || row.Nix == "none" {
		return b
	}
	b.Nix, b.Distribution, b.StoreLink = true, nixconf.Nix, row.NixLinked
	if row.Nix == "lix" {
		b.Distribution = nixconf.Lix
	}
	if row.NixVersioned {
		if m := tagVersion.FindStringSubmatch(of.Tag); m != nil {
			if v, err := nixconf.ParseVersion(m[1]); err == nil {
				b.Version = v
			}
		}
	}
	if row.NixConf != "" {
		b.Conf = builtin("base image "+of.Name, row.NixConf)
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
