package nixuse

import (
	"bytes"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// packaged is the release of Nix in the package nix-bin, by what a tag can call a release of Debian or Ubuntu.
// Source: the package indexes of Debian 11 to 13, and of Ubuntu 22.04 and 24.04.
var packaged = map[string]string{
	"bullseye": "2.3.7", "debian:11": "2.3.7",
	"bookworm": "2.8.0", "debian:12": "2.8.0",
	"trixie": "2.26.3", "debian:13": "2.26.3",
	"jammy": "2.6.0", "ubuntu:22.04": "2.6.0",
	"noble": "2.18.1", "ubuntu:24.04": "2.18.1",
}

// packagedRelease returns the release of Nix that apt installs in an image: the one that the command names, or the one
// of the image's distribution, zero where neither is known or the Dockerfile has another source of packages.
func packagedRelease(reference string, dockerfile *source.File, c *shell.Command) nixconf.Version {
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
	for _, other := range []string{"sources.list", "add-apt-repository", "preferences.d", "default-release"} {
		if bytes.Contains(dockerfile.Bytes, []byte(other)) {
			return nixconf.Version{}
		}
	}
	v, _ := nixconf.ParseVersion(packaged[distributionOf(reference)])
	return v
}

// distributionOf returns the key in packaged for the reference of an image: "" where its tag does not say.
func distributionOf(reference string) string {
	name, _, _ := strings.Cut(reference, "@")
	_, tag, ok := strings.Cut(name[strings.LastIndexByte(name, '/')+1:], ":")
	if !ok {
		return ""
	}
	parts := strings.Split(tag, "-")
	for _, part := range parts {
		if _, ok := packaged[part]; ok {
			return part
		}
	}
	base := image.LookupBase(reference)
	if base == nil || base.Name != "debian" && base.Name != "ubuntu" && base.Name != "bitnami/minideb" {
		return ""
	}
	number := parts[0]
	if base.Name != "ubuntu" {
		number, _, _ = strings.Cut(number, ".")
		return "debian:" + number
	}
	return "ubuntu:" + number
}
