package workspace

import "testing"

// TestReleases shows for which releases of Nix a text of a Dockerfile is read, as the installer or the package says.
func TestReleases(t *testing.T) {
	const write = "RUN mkdir /etc/nix && echo 'cores = 1' >> /etc/nix/nix.conf\n"
	const all = "Nix 2.18 to 2.36, Lix 2.90 to 2.96 and Determinate Nix 3.0 to 3.22"
	for _, test := range []struct{ name, dockerfile, want string }{
		{"written before the installer", "FROM debian\n" + write +
			"RUN curl -L https://releases.nixos.org/nix/nix-2.13.3/install | sh\n", "Nix 2.13.3"},
		{"written after it", "FROM debian\nRUN sh <(curl -L https://nixos.org/releases/nix/nix-2.16/install)\n" + write,
			"Nix 2.16"},
		{"ENV", "FROM debian\nENV V=2.20.1\nRUN curl https://releases.nixos.org/nix/nix-${V}/install | sh\n" + write,
			"Nix 2.20.1"},
		{"default of ARG", "FROM debian\nARG V=2.20.1\n" +
			"RUN curl https://releases.nixos.org/nix/nix-$V/install | sh\n" + write, "Nix 2.20.1"},
		{"ARG without a default", "FROM debian\nARG V\n" +
			"RUN curl https://releases.nixos.org/nix/nix-$V/install | sh\n" + write, "Nix 2.18 to 2.36"},
		{"archive", "FROM debian\n" +
			"RUN curl -L https://releases.nixos.org/nix/nix-2.15.0/nix-2.15.0-x86_64-linux.tar.xz | " +
			"tar xJ && ./nix-2.15.0-x86_64-linux/install --no-daemon\n" + write, "Nix 2.15"},
		{"script saved first", "FROM debian\n" +
			"RUN curl -o install-nix https://releases.nixos.org/nix/nix-2.15.0/install\n" +
			"RUN sh ./install-nix --no-daemon\n" + write, "Nix 2.15"},
		{"two releases", "FROM debian\nRUN curl -o install-nix https://releases.nixos.org/nix/nix-2.15.0/install\n" +
			"RUN curl -o other https://releases.nixos.org/nix/nix-2.16.0/install\n" +
			"RUN sh ./install-nix --no-daemon\n" + write, "Nix 2.18 to 2.36"},
		{"package for nix-installer", "FROM debian\n" +
			"RUN curl https://install.determinate.systems/nix | sh -s -- install " +
			"--nix-package-url https://releases.nixos.org/nix/nix-2.24.9/nix-2.24.9-x86_64-linux.tar.xz\n" + write,
			"Nix 2.24.9"},
		{"Debian 12", "FROM debian:12.11-slim\nRUN apt-get install -y nix-bin\n" + write, "Nix 2.8"},
		{"Debian 13", "FROM docker.io/library/debian:trixie-20250811\nRUN apt-get install -y nix-bin\n" + write,
			"Nix 2.26.3"},
		{"an image of bookworm", "FROM python:3.12-slim-bookworm\nRUN apt install -y nix-bin\n" + write, "Nix 2.8"},
		{"Ubuntu", "FROM ubuntu:24.04\nRUN apt-get install -y nix-bin\n" + write, "Nix 2.18.1"},
		{"Ubuntu 22.04 by name", "FROM ubuntu:jammy\nRUN apt-get install -y nix-bin\n" + write, "Nix 2.6"},
		{"a moving tag", "FROM debian:stable\nRUN apt-get install -y nix-bin\n" + write, all},
		{"another image's number", "FROM example.org/x:12\nRUN apt-get install -y nix-bin\n" + write, all},
		{"a version", "FROM debian:12\nRUN apt-get install -y nix-bin=2.26.3+dfsg-1\n" + write, "Nix 2.26.3"},
		{"another suite", "FROM debian:12\n" +
			"RUN echo deb http://deb.debian.org/debian sid main >> /etc/apt/sources.list\n" +
			"RUN apt-get install -y -t sid nix-bin\n" + write, all},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := openDockerfile(t, makeTree(t, map[string]string{"Dockerfile": test.dockerfile}), "Dockerfile")
			var got string
			for _, text := range d.Texts {
				if text.Path == "/etc/nix/nix.conf" {
					got = text.Targets.String()
				}
			}
			if got != test.want {
				t.Errorf("targets %q, want %q", got, test.want)
			}
		})
	}
}

// TestReleasesOfScripts shows the same for a script that installs Nix.
func TestReleasesOfScripts(t *testing.T) {
	const write = "export NIX_CONFIG='cores = 1'\n"
	for name, test := range map[string]struct{ script, want string }{
		"one installer": {write + "curl -L https://releases.nixos.org/nix/nix-2.13.3/install | sh\n", "Nix 2.13.3"},
		"no release":    {write + "curl -L https://nixos.org/nix/install | sh\n", DefaultTargets().Nix.String()},
		"two installers": {write + "sh <(curl https://releases.nixos.org/nix/nix-2.13.3/install) || " +
			"sh <(curl https://releases.nixos.org/nix/nix-2.14.0/install)\n", DefaultTargets().Nix.String()},
	} {
		t.Run(name, func(t *testing.T) {
			for _, text := range openHosted(t, "run.sh", "#!/bin/bash\n"+test.script).Texts {
				if got := text.Targets.String(); got != test.want {
					t.Errorf("targets %q, want %q", got, test.want)
				}
			}
		})
	}
}
