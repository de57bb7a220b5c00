package workspace

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/nixconf"
)

// TestTrace traces an image that serves as a builder for other machines.
func TestTrace(t *testing.T) {
	dir := makeTree(t, map[string]string{
		"Dockerfile": `FROM nixos/nix:2.31.1-amd64 AS base
RUN set -eux; \
    { \
      echo "filter-syscalls = false"; \
      echo "max-jobs = auto"; \
    } >> /etc/nix/nix.conf

FROM base AS tools
RUN nix-env -f '<nixpkgs>' -iA \
      gnused \
      openssh \
    && nix-store --gc

FROM alpine:3.20 AS unrelated
RUN apk add --no-cache git

FROM tools
ARG EXTRA_FEATURES=flakes
ENV NIX_CONFIG="cores = 2"
COPY setup.sh /
RUN echo "extra-experimental-features = nix-command $EXTRA_FEATURES" >> /etc/nix/nix.conf
RUN /setup.sh
RUN nix build --option cores 4 --no-sandbox .#x
RUN /unknown.sh && nix-build
`,
		"setup.sh": "#!/bin/sh\nNIX_CONFIG='substitute = false' nix-build\n",
	})
	d := openDockerfile(t, dir, "Dockerfile")
	var b strings.Builder
	for _, s := range d.Trace() {
		fmt.Fprintf(&b, "stage %d: %s %s, assumed %v\n", s.Image.Stage.Index, s.Distribution, s.Version, s.Assumed)
		for _, c := range s.Commands {
			fmt.Fprintf(&b, "  %s:%d %s, uncertain %v\n", c.Event.File.Path, c.Event.File.LineOf(c.Event.Span.Start),
				c.Event.Nix.Label, c.Uncertain)
			for _, setting := range c.Settings {
				value := setting.Value
				if setting.Name == "trusted-public-keys" {
					value = "…"
				}
				fmt.Fprintf(&b, "    %s = %s", setting.Name, value)
				if !setting.Certain {
					b.WriteString(" ?")
				}
				for _, from := range setting.From {
					fmt.Fprintf(&b, ", %s", from.Label)
					if from.File != nil {
						fmt.Fprintf(&b, " at %s:%d %q", from.File.Path, from.File.LineOf(from.Span.Start),
							from.File.Text(from.Span))
					}
				}
				b.WriteString("\n")
			}
		}
	}
	want := `stage 0: nix 2.31.1, assumed false
stage 1: nix 2.31.1, assumed false
  Dockerfile:9 nix-env -iA, uncertain false
    build-users-group = nixbld, the base image nixos/nix
    filter-syscalls = false, /etc/nix/nix.conf at Dockerfile:4 "filter-syscalls = false"
    max-jobs = auto, /etc/nix/nix.conf at Dockerfile:5 "max-jobs = auto"
    sandbox = false, the base image nixos/nix
    trusted-public-keys = …, the base image nixos/nix
  Dockerfile:12 nix-store --gc, uncertain false
    build-users-group = nixbld, the base image nixos/nix
    filter-syscalls = false, /etc/nix/nix.conf at Dockerfile:4 "filter-syscalls = false"
    max-jobs = auto, /etc/nix/nix.conf at Dockerfile:5 "max-jobs = auto"
    sandbox = false, the base image nixos/nix
    trusted-public-keys = …, the base image nixos/nix
stage 3: nix 2.31.1, assumed false
  setup.sh:2 nix-build, uncertain false
    build-users-group = nixbld, the base image nixos/nix
    experimental-features = nix-command ?, /etc/nix/nix.conf at Dockerfile:21 "extra-experimental-features = nix-command $EXTRA_FEATURES"
    filter-syscalls = false, /etc/nix/nix.conf at Dockerfile:4 "filter-syscalls = false"
    max-jobs = auto, /etc/nix/nix.conf at Dockerfile:5 "max-jobs = auto"
    sandbox = false, the base image nixos/nix
    substitute = false, NIX_CONFIG of the command at setup.sh:2 "substitute = false"
    trusted-public-keys = …, the base image nixos/nix
  Dockerfile:23 nix build, uncertain false
    build-users-group = nixbld, the base image nixos/nix
    cores = 4, command line at Dockerfile:23 "cores 4"
    experimental-features = nix-command ?, /etc/nix/nix.conf at Dockerfile:21 "extra-experimental-features = nix-command $EXTRA_FEATURES"
    filter-syscalls = false, /etc/nix/nix.conf at Dockerfile:4 "filter-syscalls = false"
    max-jobs = auto, /etc/nix/nix.conf at Dockerfile:5 "max-jobs = auto"
    sandbox = false, command line at Dockerfile:23 "--no-sandbox"
    trusted-public-keys = …, the base image nixos/nix
  Dockerfile:24 nix-build, uncertain true
    build-users-group = nixbld ?, the base image nixos/nix
    cores = 2 ?, ENV NIX_CONFIG at Dockerfile:19 "cores = 2"
    experimental-features = nix-command ?, /etc/nix/nix.conf at Dockerfile:21 "extra-experimental-features = nix-command $EXTRA_FEATURES"
    filter-syscalls = false ?, /etc/nix/nix.conf at Dockerfile:4 "filter-syscalls = false"
    max-jobs = auto ?, /etc/nix/nix.conf at Dockerfile:5 "max-jobs = auto"
    sandbox = false ?, the base image nixos/nix
    trusted-public-keys = … ?, the base image nixos/nix
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestTraceAssumed checks whether the release of Nix is known.
func TestTraceAssumed(t *testing.T) {
	for base, want := range map[string]string{
		"nixos/nix:2.24.10":              "nix 2.24.10 false",
		"nixos/nix":                      "nix newest true",
		"ghcr.io/lix-project/lix:2.91.1": "lix 2.91.1 false",
		"example.org/nix":                "nix newest true",
	} {
		d := openDockerfile(t, makeTree(t, map[string]string{"Dockerfile": "FROM " + base + "\nRUN nix-build\n"}),
			"Dockerfile")
		s := d.Trace()[0]
		version := s.Version.String()
		if s.Version == nixconf.DefaultTargets()[0].To && s.Assumed {
			version = "newest"
		}
		if got := fmt.Sprintf("%s %s %v", s.Distribution, version, s.Assumed); got != want {
			t.Errorf("%s: %s, want %s", base, got, want)
		}
	}
}

func TestTargetsSet(t *testing.T) {
	targets := DefaultTargets()
	for _, s := range []string{"nix=2.24", "lix=2.91", "platform=linux/amd64, linux/arm/v7", "platform=windows/amd64",
		"libseccomp=2.5.4", "libseccomp=2.5.5", "kernel=6.1"} {
		consumer, version, _ := strings.Cut(s, "=")
		if err := targets.Set(consumer, version); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	got := fmt.Sprint(targets.Platforms, targets.Seccomp.Libseccomps(), targets.Seccomp.Range("kernel"),
		len(targets.Nix), targets.NixGiven)
	if got != "[linux/amd64 linux/arm/v7 windows/amd64] [2.5.4 2.5.5] 6.1 2 true" {
		t.Error(got)
	}
	for s, want := range map[string]string{
		"libsecomp=2.5": `there is no consumer "libsecomp"; did you mean "libseccomp"?`,
		"x=1": `there is no consumer "x"; it is one of builder, containerd, cri-o, crun, determinate, docker, ` +
			`kernel, kubernetes, libseccomp, lix, nix, platform, podman, runc`,
		"kernel=six":            `version "six" of kernel is not a number such as 4.19.0`,
		"kernel=":               `range "" of kernel holds no release`,
		"platform=amd64":        `platform "amd64" is not of the form os/architecture, such as linux/arm64`,
		"builder=arm64":         `builder "arm64" is not of the form os/architecture, such as linux/arm64`,
		"platform=linux/amd64,": `platform "" is not of the form os/architecture, such as linux/arm64`,
		"platform=linux/foo": `platform "linux/foo" is unknown; the architecture of linux is one of 386, amd64, arm, ` +
			`arm64, loong64, mips, mips64, mips64le, mipsle, ppc64, ppc64le, riscv64, s390x`,
		"platform=linux/aarch64":  `platform "linux/aarch64" is unknown; did you mean "linux/arm64"?`,
		"platform=linus/amd64":    `platform "linus/amd64" is unknown; did you mean "linux/amd64"?`,
		"platform=linux/s390x/v2": `platform "linux/s390x/v2" is unknown; did you mean "linux/s390x"?`,
	} {
		consumer, version, _ := strings.Cut(s, "=")
		if err := targets.Set(consumer, version); err == nil || err.Error() != want {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, name := range Consumers() {
		version := map[string]string{
			"platform": "linux/amd64", "builder": "linux/arm64", "determinate": "3.5", "lix": "2.91",
			"docker": "28", "kernel": "6.1",
			"kubernetes": "1.30", "cri-o": "1.30", "runc": "1.1.5", "crun": "1.8.1", "libseccomp": "2.5.4",
			"podman": "5.8", "containerd": "2.1",
		}[name]
		if version == "" {
			version = "2.24"
		}
		if err := new(Targets).Set(name, version); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTraceCertainty shows which values are certain: what a command line assigns, whatever came before, and not what
// is written under a condition.
func TestTraceCertainty(t *testing.T) {
	for _, test := range []struct{ name, dockerfile, want string }{
		{"written under if and ||", `FROM lnl7/nix
RUN if [ -f x ]; then echo "cores = 4" >> /etc/nix/nix.conf; fi
RUN grep -q x /y || echo "max-jobs = 4" >> /etc/nix/nix.conf
RUN nix-build --option sandbox true
`, "build-users-group = nixbld; cores = 4?; max-jobs = 4?; sandbox = true"},
		{"words added under if", `FROM lnl7/nix
ENV NIX_CONFIG="system-features = kvm"
RUN test -e /x && echo "extra-sandbox-paths = /x" >> /etc/nix/nix.conf; true
RUN nix-build
`, "build-users-group = nixbld; sandbox = false; sandbox-paths = /x?; system-features = kvm"},
		{"command line after an unknown image", `FROM example.org/unknown
RUN nix-build --cores 3 --option extra-substituters https://a.example.org
`, "cores = 3; substituters = https://cache.nixos.org/ https://a.example.org?"},
		{"command line after an unknown script", `FROM lnl7/nix
RUN curl https://example.org/x | sh
RUN nix-build --option sandbox true
`, "build-users-group = nixbld?; sandbox = true"},
		{"environment after an unknown image", `FROM example.org/unknown
ENV NIX_CONFIG="cores = 3"
RUN nix-build
RUN curl https://example.org/x | sh
RUN NIX_CONFIG="cores = 4" nix-build
`, "cores = 3\ncores = 4"},
		{"unknown options", `FROM lnl7/nix
ARG NIX_OPTIONS
RUN nix-build --cores 3 $NIX_OPTIONS
`, "build-users-group = nixbld?; cores = 3?; sandbox = false?"},
		{"an unknown script that may set the variable", `FROM lnl7/nix
ENV NIX_CONFIG="cores = 3"
RUN . ./unknown && nix-build --cores 4
RUN . ./unknown && nix-build
`, "build-users-group = nixbld?; cores = 4; sandbox = false?\n" +
			"build-users-group = nixbld?; cores = 3?; sandbox = false?"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := openDockerfile(t, makeTree(t, map[string]string{"Dockerfile": test.dockerfile}), "Dockerfile")
			var lines []string
			for _, s := range d.Trace() {
				for _, c := range s.Commands {
					var settings []string
					for _, setting := range c.Settings {
						mark := "?"
						if setting.Certain {
							mark = ""
						}
						settings = append(settings, setting.Name+" = "+setting.Value+mark)
					}
					lines = append(lines, strings.Join(settings, "; "))
				}
			}
			if diff := cmp.Diff(test.want, strings.Join(lines, "\n")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
