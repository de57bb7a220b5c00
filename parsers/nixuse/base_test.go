package nixuse

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/distro"
	"github.com/sandlint/sandlint/parsers/image"
)

func TestLookupBase(t *testing.T) {
	const cacheKey = "trusted-public-keys = cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY="
	nixosConf := "build-users-group = nixbld; sandbox = false; " + cacheKey
	tests := []struct{ reference, want string }{
		{"nixos/nix", "nixos/nix: Nix 0.0, sh bash, conf in the store, " + nixosConf},
		{"nixos/nix:latest", "nixos/nix: Nix 0.0, sh bash, conf in the store, " + nixosConf},
		{"nixos/nix:2.31.1", "nixos/nix: exactly, Nix 2.31.1, sh bash, conf in the store, " + nixosConf},
		{
			"nixos/nix:2.31.1-amd64",
			"nixos/nix: exactly, Nix 2.31.1, for amd64, sh bash, conf in the store, " + nixosConf,
		},
		{
			"nixos/nix:2.31.1-arm64",
			"nixos/nix: exactly, Nix 2.31.1, for arm64, sh bash, conf in the store, " + nixosConf,
		},
		{
			"nixos/nix:2.31.1-aarch64",
			"nixos/nix: exactly, Nix 2.31.1, for arm64, sh bash, conf in the store, " + nixosConf,
		},
		{"nixos/nix:2.8.0-x86_64", "nixos/nix: exactly, Nix 2.8, for amd64, sh bash, conf in the store, " + nixosConf},
		{
			"nixos/nix:2.18@sha256:" + strings.Repeat("0", 64),
			"nixos/nix: exactly, Nix 2.18, sh bash, conf in the store, " + nixosConf,
		},
		{
			"nixos/nix@sha256:" + strings.Repeat("0", 64),
			"nixos/nix: exactly, Nix 0.0, sh bash, conf in the store, " + nixosConf,
		},
		{"nixos/nix:v2.19.2", "nixos/nix: exactly, Nix 2.19.2, sh bash, conf in the store, " + nixosConf},
		{"nixos/nix:master", "nixos/nix: exactly, Nix 0.0, sh bash, conf in the store, " + nixosConf},
		{"docker.io/nixos/nix:2.20.0", "nixos/nix: exactly, Nix 2.20, sh bash, conf in the store, " + nixosConf},
		{"index.docker.io/nixos/nix", "nixos/nix: Nix 0.0, sh bash, conf in the store, " + nixosConf},
		{"ghcr.io/nixos/nix", "nixos/nix: Nix 0.0, sh bash, conf in the store, " + nixosConf},
		{
			"ghcr.io/lix-project/lix:2.91.1",
			"lix-project/lix: exactly, Lix 2.91.1, sh bash, conf in the store, " + nixosConf,
		},
		{"lnl7/nix:2020-09-11", "lnl7/nix: exactly, Nix 0.0, sh bash, build-users-group = nixbld; sandbox = false"},
		{"nixpkgs/nix:nixos-23.05", "nixpkgs/nix: exactly, Nix 0.0, sh bash, no conf"},
		{"nixpkgs/cachix", "nixpkgs/cachix: Nix 0.0, sh bash, no conf"},
		{
			"nixpkgs/nix-flakes",
			"nixpkgs/nix-flakes: Nix 0.0, sh bash, accept-flake-config = true; " +
				"experimental-features = nix-command flakes",
		},
		{"debian:12", "debian: exactly, no Nix, sh dash, no conf"},
		{"library/debian", "debian: no Nix, sh dash, no conf"},
		{"docker.io/library/ubuntu:24.04", "ubuntu: exactly, no Nix, sh dash, no conf"},
		{"public.ecr.aws/docker/library/alpine:3.20", "alpine: exactly, no Nix, sh ash, no conf"},
		{"mirror.gcr.io/library/busybox", "busybox: no Nix, sh ash, no conf"},
		{"fedora:40", "fedora: exactly, no Nix, sh bash, no conf"},
		{"scratch", "scratch: no Nix, sh , no conf"},

		{"", "nothing"},
		{"nixos", "nothing"},
		{"nix", "nothing"},
		{"nixos/nixos", "nothing"},
		{"someone/nix:2.31.1", "nothing"},
		{"localhost:5000/nixos/nix:2.18", "nothing"},
		{"registry.example.org/nixos/nix", "nothing"},
		{"python:3.12", "nothing"},
		{"debian-slim", "nothing"},
		{"NixOS/nix", "nothing"}, // BuildKit refuses capitals
		{":", "nothing"},
		{"@", "nothing"},
		{"docker.io/", "nothing"},
	}
	for _, tt := range tests {
		if got := describe(lookupBase(tt.reference)); got != tt.want {
			t.Errorf("lookupBase(%q)\n got %s\nwant %s", tt.reference, got, tt.want)
		}
	}
}

func describe(img *Base) string {
	if img == nil {
		return "nothing"
	}
	out := img.Name + ":"
	if img.Exact {
		out += " exactly,"
	}
	if img.Nix {
		out += fmt.Sprintf(" %s %s,", strings.ToUpper(string(img.Distribution[:1]))+string(img.Distribution[1:]),
			img.Version)
	} else {
		out += " no Nix,"
	}
	if img.TagArch != "" {
		out += " for " + img.TagArch + ","
	}
	out += " sh " + img.Shell + ","
	if img.StoreLink {
		out += " conf in the store,"
	}
	if img.Conf == nil {
		return out + " no conf"
	}
	var settings []string
	for _, entry := range img.Conf.Entries {
		settings = append(settings, entry.Name.Text+" = "+entry.Value)
	}
	return out + " " + strings.Join(settings, "; ")
}

// TestKnownImages checks that the table of images has no setting that Nix does not know.
func TestKnownImages(t *testing.T) {
	for name, row := range distro.All() {
		img := lookupBase(name)
		if img == nil || img.Nix != (row.Nix != "none") {
			t.Fatalf("%s: %+v", name, img)
		}
		if img.Conf == nil {
			continue
		}
		for _, p := range img.Conf.Problems {
			t.Errorf("the nix.conf of %s: %s", name, p.Message)
		}
		for _, entry := range img.Conf.Entries {
			if _, ok := lookupAny(entry.Name.Text); !ok {
				t.Errorf("the nix.conf of %s has the setting %s", name, entry.Name.Text)
			}
		}
	}
}

// lookupBase returns what is known of an image by its reference, such as "nixos/nix:2.31.1-amd64"; nil when nothing is.
func lookupBase(reference string) *Base {
	if b := image.LookupBase(reference); b != nil {
		return baseOf(b)
	}
	return nil
}
