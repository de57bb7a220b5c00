package distro

import (
	"regexp"
	"strings"
	"testing"
)

// TestTables checks that each row says something in every column, and that no name stands twice.
func TestTables(t *testing.T) {
	version := regexp.MustCompile(`^(-|\?|<[0-9.]+|[0-9]+\.[0-9.]+[-+~a-z0-9.]*)$`)
	names := map[string]bool{}
	once := func(name string) {
		if names[name] {
			t.Errorf("%q stands twice", name)
		}
		names[name] = true
	}
	for _, r := range releases {
		once(r.Codename)
		once(r.Distribution + ":" + r.Number)
		if r.Distribution != "debian" && r.Distribution != "ubuntu" {
			t.Errorf("%q is no distribution", r.Distribution)
		}
		for _, v := range []string{r.Nix, r.Opam, r.Bubblewrap, r.Dash} {
			if !version.MatchString(v) {
				t.Errorf("%s: %q is no version", r.Codename, v)
			}
		}
		if _, known := r.DashPipefail(); !known {
			t.Errorf("%s: it is not known whether dash has pipefail", r.Codename)
		}
		if of := Of(r.Distribution, r.Number); of == nil || of.Codename != r.Codename {
			t.Errorf("%s:%s is %v", r.Distribution, r.Number, of)
		}
	}
	oneOf := func(what, got string, want ...string) {
		for _, w := range want {
			if got == w {
				return
			}
		}
		t.Errorf("%s: %q is none of %q", what, got, want)
	}
	for _, i := range append(images, universalBase) {
		for _, name := range i.Names {
			once(name)
		}
		oneOf(i.Names[0], i.Shell, "dash", "ash", "bash", "none")
		oneOf(i.Names[0], i.Libc, "glibc", "musl", "none", Unknown)
		oneOf(i.Names[0], i.Manager, "apt-get", "apk", "dnf", "yum", "pacman", "zypper", "none")
		oneOf(i.Names[0], i.Nix, "nix", "lix", "none")
		if i.Nix == "none" && (i.NixConf != "" || i.NixVersioned || i.NixLinked) {
			t.Errorf("%s has no Nix, and facts about it", i.Names[0])
		}
	}
}

func TestLookup(t *testing.T) {
	for reference, want := range map[string]string{
		"registry.access.redhat.com/ubi9/ubi:9.4":           "ubi9/ubi bash dnf",
		"registry.access.redhat.com/ubi9/python-311":        "ubi9/python-311 bash dnf",
		"redhat/ubi8-minimal":                               "redhat/ubi8-minimal bash dnf",
		"quay.io/centos/centos:stream9":                     "centos/centos bash yum",
		"docker.io/library/debian:12":                       "debian dash apt-get bookworm",
		"docker.io/nixos/nix:2.24.0":                        "nixos/nix bash none",
		"ghcr.io/lix-project/lix:2.91.0":                    "lix-project/lix bash none",
		"public.ecr.aws/docker/library/ubuntu:24.04":        "ubuntu dash apt-get noble",
		"mirror.gcr.io/library/alpine:3.20":                 "alpine ash apk",
		"debian:12.5-slim":                                  "debian dash apt-get bookworm",
		"debian:testing-slim":                               "debian dash apt-get forky",
		"python:3.12-slim-bookworm":                         "bookworm",
		"python:3.12":                                       "",
		"example.com/debian:12":                             "bookworm",
		"example.com/app:12":                                "",
		"bitnami/minideb:bullseye":                          "bitnami/minideb dash apt-get bullseye",
		"debian@sha256:" + strings.Repeat("0", 64):          "debian dash apt-get",
		"debian:9-slim@sha256:" + strings.Repeat("0", 64):   "debian dash apt-get stretch",
		"registry.fedoraproject.org/fedora:41":              "fedora bash dnf",
		"registry.opensuse.org/opensuse/leap:15.6":          "opensuse/leap bash zypper",
		"container-registry.oracle.com/os/oraclelinux:9":    "os/oraclelinux bash yum",
		"registry-1.docker.io/library/busybox:1.36-uclibc":  "busybox ash none",
		"index.docker.io/library/archlinux:base-20240101.0": "archlinux bash pacman",
	} {
		name, tag, _ := Split(reference)
		var got []string
		if i := Lookup(name); i != nil {
			got = append(got, name, i.Shell, i.Manager)
		}
		if r := Of(name, tag); r != nil {
			got = append(got, r.Codename)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: got %q, want %q", reference, s, want)
		}
	}
}

func TestRelease(t *testing.T) {
	for codename, want := range map[string][2]bool{ // pipefail, opam's sandbox
		"stretch": {false, false}, "bionic": {false, false}, "focal": {false, true}, "bookworm": {false, true},
		"noble": {false, true}, "trixie": {true, true}, "plucky": {true, true}, "unstable": {true, true},
	} {
		r := ByCodename(codename)
		pipefail, _ := r.DashPipefail()
		opam, _ := r.OpamSandboxes()
		if pipefail != want[0] || opam != want[1] {
			t.Errorf("%s: pipefail %v, opam's sandbox %v", codename, pipefail, opam)
		}
	}
	for version, want := range map[string]string{
		"2.8.0-1.1+b1": "2.8.0", "2.18.1+dfsg-1ubuntu5": "2.18.1", "1:0.12.0-1~deb13u1": "0.12.0", "<2.0": "", "-": "",
		"?": "",
	} {
		if got := Upstream(version); got != want {
			t.Errorf("%s is %q, want %q", version, got, want)
		}
	}
}
