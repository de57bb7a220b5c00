package workspace

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
)

// Targets are the versions of the consumers that the files are for.
type Targets struct {
	// Nix are the releases of Nix, Lix and Determinate Nix.
	Nix nixconf.Targets
	// NixGiven says that the user named them, so a base image's tag does not narrow them.
	NixGiven bool
	// Platforms are the platforms that images are built for, such as "linux/arm64"; nil when not given.
	Platforms []string
	// Builder is the platform of the machine that builds images, which runs others under an emulator; "" when not
	// given.
	Builder string
	// Seccomp are the consumers of seccomp profiles: Docker, runc, libseccomp and so on.
	Seccomp decide.Targets
}

// DefaultTargets returns the releases in wide use: Nix from 2.18 on, and all of Lix and Determinate Nix.
func DefaultTargets() Targets { return Targets{Nix: nixconf.DefaultTargets()} }

// Consumers returns the names that Set accepts, sorted.
func Consumers() []string {
	names := append([]string{"builder", "determinate", "lix", "nix", "platform"}, decide.Consumers()...)
	slices.Sort(names)
	return names
}

// Newest returns the newest release of a consumer that is known, "" for what has no releases.
func Newest(consumer string) string {
	if releases := nixconf.Distribution(consumer).Releases(); len(releases) > 0 {
		return releases[len(releases)-1].String()
	}
	return decide.Targets{}.NewestKnown(consumer)
}

// Warning returns what to say of a version that Set accepts: that it is newer than what is known; else "".
func (t Targets) Warning(consumer, version string) string {
	if !t.Seccomp.NewerThanKnown(consumer, version) {
		return ""
	}
	return fmt.Sprintf("%s %s is newer than the newest known release, %s; it is taken to do what that one does",
		consumer, version, Newest(consumer))
}

// Set adds a target: a consumer's version or range of versions, or for "platform" a list of platforms, for
// "builder" one. The first
// version of Nix, Lix or Determinate Nix that is given replaces the defaults. The error says what is possible.
func (t *Targets) Set(consumer, version string) error {
	switch consumer {
	case "nix", "lix", "determinate":
		if other := strings.ToLower(version); slices.Contains(Consumers(), other) {
			return fmt.Errorf("%q is not a version of %s but a consumer of its own, as in %s = %q", version, consumer,
				other, Newest(other))
		}
		target, err := nixconf.ParseTarget(consumer, version)
		if err != nil {
			return err
		}
		if !t.NixGiven {
			t.Nix, t.NixGiven = nil, true
		}
		t.Nix = append(slices.Clip(t.Nix), target)
		return nil
	case "builder":
		if !platformName().MatchString(version) {
			return fmt.Errorf("builder %q is not of the form os/architecture, such as linux/arm64", version)
		}
		t.Builder = version
		return nil
	case "platform":
		for name := range strings.SplitSeq(version, ",") {
			if name = strings.TrimSpace(name); !platformName().MatchString(name) {
				return fmt.Errorf("platform %q is not of the form os/architecture, such as linux/arm64", name)
			}
			if err := knownPlatform(name); err != nil {
				return err
			}
			t.Platforms = append(slices.Clip(t.Platforms), name)
		}
		return nil
	}
	if !slices.Contains(Consumers(), consumer) {
		if near := source.Nearest(consumer, Consumers()); near != "" {
			return fmt.Errorf("there is no consumer %q; did you mean %q?", consumer, near)
		}
		return fmt.Errorf("there is no consumer %q; it is one of %s", consumer, strings.Join(Consumers(), ", "))
	}
	return t.Seccomp.Set(consumer, version)
}

var platformName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z]+/[a-z0-9_]+(/[a-z0-9.]+)?$`)
})

// platformArchitectures are the architectures of images by operating system, as GOOS and GOARCH name them.
var platformArchitectures = map[string][]string{
	"linux": {
		"386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le",
		"riscv64", "s390x",
	},
	"windows": {"386", "amd64", "arm", "arm64"}, "darwin": {"amd64", "arm64"}, "freebsd": {"amd64", "arm64"},
	"wasi": {"wasm"}, "wasip1": {"wasm"},
}

// platformSpellings are other names of architectures.
var platformSpellings = map[string]string{
	"x86_64": "amd64", "x64": "amd64", "x86": "386", "i386": "386", "i686": "386", "aarch64": "arm64", "armhf": "arm",
	"armv7": "arm/v7", "armv7l": "arm/v7", "armv6": "arm/v6", "armel": "arm", "ppc64el": "ppc64le",
	"loongarch64": "loong64", "mips64el": "mips64le",
}

// knownPlatform returns an error for a platform that no image can be built for.
func knownPlatform(name string) error {
	system, arch, _ := strings.Cut(name, "/")
	arch, variant, _ := strings.Cut(arch, "/")
	archs, ok := platformArchitectures[system]
	if !ok {
		systems := slices.Sorted(maps.Keys(platformArchitectures))
		if near := source.Nearest(system, systems); near != "" {
			return fmt.Errorf("platform %q is unknown; did you mean \"%s/%s\"?", name, near, arch)
		}
		return fmt.Errorf("platform %q is unknown; its operating system is one of %s", name,
			strings.Join(systems, ", "))
	}
	if slices.Contains(archs, arch) {
		if variant != "" && (arch != "arm" && arch != "arm64" && arch != "amd64" || variant[0] != 'v') {
			return fmt.Errorf("platform %q is unknown; did you mean \"%s/%s\"?", name, system, arch)
		}
		return nil
	}
	near, ok := platformSpellings[arch]
	if !ok {
		near = source.Nearest(arch, archs)
	}
	if near != "" {
		return fmt.Errorf("platform %q is unknown; did you mean \"%s/%s\"?", name, system, near)
	}
	return fmt.Errorf("platform %q is unknown; the architecture of %s is one of %s", name, system,
		strings.Join(archs, ", "))
}

// nix returns the targets of what Nix reads.
func (t Targets) nix() nixuse.Targets {
	return nixuse.Targets{Nix: t.Nix, NixGiven: t.NixGiven, System: t.System()}
}

// System returns the system of the machines whose nix.conf files are looked at: "darwin" where all platforms are of
// macOS, else "", since the platforms of images say nothing about it.
func (t Targets) System() string {
	for _, p := range t.Platforms {
		if !strings.HasPrefix(p, "darwin/") {
			return ""
		}
	}
	if len(t.Platforms) == 0 {
		return ""
	}
	return "darwin"
}

// TraceNix returns the settings in force with the given nix.conf files, in the order in which Nix reads them: see
// nixuse.TraceNix.
func (w *Workspace) TraceNix(texts []*nixuse.Text) *nixuse.NixTrace {
	return nixuse.TraceNix(texts, w.Targets.nix())
}
