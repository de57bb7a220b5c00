package workspace

import (
	"strings"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/nixuse"
)

// Place is where the Nix runs that a nix.conf text configures.
type Place int

const (
	// Somewhere: it is not known.
	Somewhere Place = iota
	// InImage is a container image.
	InImage
	// OnHost is a machine.
	OnHost
)

// PlaceOf returns where the Nix runs that a text configures: in an image where a Dockerfile holds or copies the text or
// the path says so, and on a host where the file lies in the folders of a machine's or a user's configuration.
func (w *Workspace) PlaceOf(text *nixuse.Text) Place {
	name := text.Fragment.File.Path
	switch {
	case text.Image != nil, w.InImage(text.Fragment.File), strings.Contains(name, "devcontainer"),
		strings.Contains(name, "docker"):
		return InImage
	case text.Host == nixuse.HostModule, IsUserConf(name), strings.HasSuffix(name, "etc/nix/nix.conf"),
		strings.HasSuffix(name, "etc/nix/nix.custom.conf"):
		return OnHost
	}
	return Somewhere
}

// OnRunner reports whether a text configures the Nix of a job that a workflow or an action describes. On the machines
// that GitHub provides, the job's user may become root anyway, and there is no other user.
func OnRunner(text *nixuse.Text) bool {
	return text.Hosted != nil && files.KindByPath(text.Hosted.Source.Path) == files.KindWorkflow
}

// IsUserConf reports whether a path is that of a user's configuration: in a home folder, or where tools that manage
// such files keep them.
func IsUserConf(name string) bool {
	return strings.HasSuffix(name, ".config/nix/nix.conf") || strings.HasSuffix(name, "dot_config/nix/nix.conf")
}
