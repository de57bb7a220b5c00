package nixuse

import (
	"bytes"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/distro"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// packagedRelease returns the release of Nix that apt installs in an image: the one that the command names, or the one
// of the image's distribution, zero where neither is known or the Dockerfile has another source of packages.
func packagedRelease(reference string, otherSource func() bool, c *shell.Command) nixconf.Version {
	for n, w := range c.Words {
		if version, ok := strings.CutPrefix(w.Text, "nix-bin="); ok {
			number, _, _ := strings.Cut(version, "+")
			v, _ := nixconf.ParseVersion(number)
			return v
		}
		if w.Text == "-t" || strings.HasPrefix(w.Text, "--target-release") || strings.HasPrefix(w.Text, "-t=") ||
			n > 0 && strings.HasPrefix(w.Text, "nix-bin/") {
			return nixconf.Version{}
		}
	}
	if otherSource() {
		return nixconf.Version{}
	}
	name, tag, _ := distro.Split(reference)
	release := distro.Of(name, tag)
	if release == nil {
		return nixconf.Version{}
	}
	v, _ := nixconf.ParseVersion(distro.Upstream(release.Nix))
	return v
}

// hasOtherSource reports whether a Dockerfile has another source of packages than its distribution.
func hasOtherSource(dockerfile *source.File) bool {
	return slices.ContainsFunc([]string{"sources.list", "add-apt-repository", "preferences.d", "default-release"},
		func(other string) bool { return bytes.Contains(dockerfile.Bytes, []byte(other)) })
}
