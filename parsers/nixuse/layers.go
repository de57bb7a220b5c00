package nixuse

import (
	"slices"

	"github.com/sandlint/sandlint/parsers/nixconf"
)

// Layer is what becomes of a layer of a sandbox.
type Layer int

const (
	// LayerUnknown says that it is not known.
	LayerUnknown Layer = iota
	// LayerOff says that it is switched off, or that the Nix in the image has none.
	LayerOff
	// LayerOn says that it is switched on, and nothing is known to prevent it.
	LayerOn
	// LayerGivenUp says that Nix asks for it, does not get it from the container, and goes on without it.
	LayerGivenUp
	// LayerRefused says that Nix asks for it, does not get it, and fails.
	LayerRefused
)

// String returns "unknown", "off", "on", "given up" or "refused".
func (l Layer) String() string { return [...]string{"unknown", "off", "on", "given up", "refused"}[l] }

// StopsWithoutFilter reports whether the Nix in the image stops where the kernel, or an emulator, refuses its syscall
// filter: not Lix, which has no such filter, and not Debian's package, which continues without it.
func (img *Image) StopsWithoutFilter() bool {
	if base := img.Root().Base; base != nil && base.Nix && base.Distribution == nixconf.Lix {
		return false
	}
	return !slices.ContainsFunc(img.Timeline(), func(e *Event) bool {
		return e.Nix != nil && e.Nix.Installer != nil &&
			(e.Nix.Installer.Kind == DistroPackage || e.Nix.Installer.Kind == LixInstaller)
	})
}

// sandboxLayer returns what becomes of Nix's sandbox in a command that builds something. The build container of Docker
// forbids namespaces, unless RUN --security=insecure runs without its profile; a container that is started may have any
// profile.
func (img *Image) sandboxLayer(at *Event, eff *Effective) Layer {
	value, known := eff.Value("sandbox")
	switch {
	case !known:
		return LayerUnknown
	case value == "false":
		return LayerOff
	case at.Kind == StartCommand:
		return LayerUnknown
	}
	if flag, ok := at.Command.Step.Flag("security"); ok && flag.Value == "insecure" {
		return LayerOn
	}
	fallback, known := eff.Value("sandbox-fallback")
	switch {
	case !known:
		return LayerUnknown
	case fallback == "false":
		return LayerRefused
	}
	return LayerGivenUp
}

// filterLayer returns what becomes of Nix's syscall filter in a command that builds something, on the platforms of the
// stage.
func (img *Image) filterLayer(eff *Effective) Layer {
	value, known := eff.Value("filter-syscalls")
	switch {
	case eff.Distribution == nixconf.Lix:
		return LayerOff
	case !known:
		return LayerUnknown
	case value == "false":
		return LayerOff
	}
	for _, p := range img.Platforms() {
		if p.Emulated && img.StopsWithoutFilter() {
			return LayerRefused
		} else if p.Emulated {
			return LayerGivenUp
		}
	}
	return LayerOn
}
