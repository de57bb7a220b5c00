// Package engine answers what the program that builds an image allows its steps to do.
package engine

import (
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

// ForbidsNamespaces reports whether the steps of an image are built under Docker's default seccomp profile, which
// refuses new namespaces. Podman's and Buildah's profile allows them; these build the image where a target says so, or
// where all builds that the workspace describes are theirs.
func ForbidsNamespaces(p *rules.Pass, img *image.Image) bool {
	t := p.Targets().Seccomp
	if t.Given("docker") || t.Given("podman") {
		return t.Given("docker")
	}
	return !p.Workspace.PodmanBuilds(img)
}

// Insecure reports whether a step runs with all privileges and without a profile: RUN --security=insecure.
func Insecure(s *image.Step) bool {
	security, ok := s.Flag("security")
	return ok && security.Value == "insecure"
}
