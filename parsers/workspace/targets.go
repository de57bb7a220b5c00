package workspace

import "github.com/sandlint/sandlint/parsers/nixconf"

// Targets are the versions of the consumers that the files are for.
type Targets struct {
	// Nix are the releases of Nix, Lix and Determinate Nix. Given says that the user named them, so that a base image's
	// tag does not narrow them.
	Nix      nixconf.Targets
	NixGiven bool
	// Platforms are the platforms that images are built for, such as "linux/arm64"; nil when not given.
	Platforms []string
	// Others are the consumers without a model of their own yet, by name: docker, podman, containerd, runc, crun, libseccomp, kernel. The
	// values are the versions as given.
	Others map[string]string
}
