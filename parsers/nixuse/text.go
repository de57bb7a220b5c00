package nixuse

import (
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
	"slices"
)

// Host is what a nix.conf text stands in.
type Host string

const (
	HostFile    Host = "file"   // a nix.conf file
	HostWrite   Host = "write"  // text that a command or COPY <<EOF writes to a nix.conf
	HostEnv     Host = "env"    // NIX_CONFIG
	HostOption  Host = "option" // a command line: --option name value, --extra-conf
	HostExtra   Host = "extra"  // an installer's extra configuration, which it appends to the nix.conf
	HostUnknown Host = "unknown"

	// HostInstallAction is extra_nix_config of the GitHub action cachix/install-nix-action.
	HostInstallAction Host = "install-nix-action"
	// HostExtraAction is extra-conf of the GitHub actions of Determinate Systems: HostExtra, with each line trimmed.
	HostExtraAction Host = "nix-installer-action"
	// HostFeature is extraNixConfig of the devcontainer feature nix.
	HostFeature Host = "devcontainer feature"
	// HostFlake is nixConfig of a flake.nix, sorted by name as Nix applies it.
	HostFlake Host = "flake"
	// HostModule is nix.settings of a module of NixOS, nix-darwin or home-manager. Other modules may define the same
	// settings, and the lists are joined with the system's defaults.
	HostModule Host = "module"
)

// Text is one nix.conf text: a whole file or a fragment.
type Text struct {
	*nixconf.File
	// Host says where it stands.
	Host Host
	// Path is where Nix reads it in the image, or the path of the file itself; "" for the environment and options.
	Path string
	// Append says that the text is added to what the file held before.
	Append bool
	// Targets are the releases that it is for: those of the workspace, narrowed by the base image or the installer.
	Targets nixconf.Targets
	// Event is the event of an image that the text belongs to, nil for a file.
	Event *Event
	// Image is the stage it stands in, nil for a file.
	Image *Image
	// Installer is the installer that a HostExtra is for, nil where it is not known.
	Installer *Installer
	// Hosted is the file of another language that the text stands in, nil for a nix.conf file and for a Dockerfile.
	Hosted *Hosted
	// Where is the part of a Hosted file that the text belongs to: the command, or the key with its value.
	Where source.Span
	// Use is the command of a Hosted file that a HostOption is given to.
	Use *Use
	// System is what the runner of a workflow's step runs: "linux" or "darwin", and "" where that is not known.
	System string
	// Option is the whole value of a HostFeature's option, of which the text is what arrives.
	Option *source.Fragment

	run      *run                        // what Nix reads together with it; nil before the first call of reads
	settings map[string][]*nixconf.Entry // what Setting returns, by name; nil before its first call
	errors   map[*nixconf.Entry][]nixconf.TargetError
}

// ValueErrors returns what the targeted releases find wrong with the value of an entry, as nixconf.CheckValueFor does.
// It belongs to the goroutine of the document that holds the text.
func (t *Text) ValueErrors(entry *nixconf.Entry) []nixconf.TargetError {
	if found, ok := t.errors[entry]; ok {
		return found
	}
	found := nixconf.CheckValueFor(t.Targets, entry.Name.Text, entry.Value, entry.Words)
	if t.errors == nil {
		t.errors = make(map[*nixconf.Entry][]nixconf.TargetError, len(t.Entries))
	}
	t.errors[entry] = found
	return found
}

// Setting returns the entries of the text itself, in order, that set or append to a setting, given by its canonical
// name. It belongs to the goroutine of the document that holds the text.
func (t *Text) Setting(name string) []*nixconf.Entry {
	if t.settings == nil {
		t.settings = make(map[string][]*nixconf.Entry, len(t.Entries))
		for _, entry := range t.Entries {
			c := canonical(entry.Name.Text)
			t.settings[c] = append(t.settings[c], entry)
		}
	}
	return t.settings[name]
}

// Gated returns the settings of a text that targeted releases ignore unless an experimental feature is enabled, where
// holds accepts the feature: by canonical name and as written, since old releases may have another canonical name. It
// belongs to the goroutine of the document that holds the text.
func (t *Text) Gated(holds func(feature string) bool) []string {
	gate := func(name string) bool {
		for _, target := range t.Targets {
			for _, v := range target.Releases() {
				if f, ok := nixconf.Lookup(target.Distribution, v, name); ok && f.Gate != "" && holds(f.Gate) {
					return true
				}
			}
		}
		return false
	}
	var out []string
	seen := map[string]bool{}
	for _, gated := range nixconf.GatedNames() {
		setting := canonical(gated)
		if seen[setting] {
			continue
		}
		seen[setting] = true
		asked := map[string]bool{}
		for _, entry := range t.Setting(setting) {
			name := entry.Name.Text
			if asked[name] {
				continue
			}
			asked[name] = true
			if gate(name) {
				out = append(out, setting, name)
			}
		}
	}
	return out
}

// Gated returns the settings of all texts in the Dockerfile as Text.Gated does, for any feature.
func (m *Model) Gated() []string {
	if m.gated == nil {
		m.gated = []string{}
		for _, t := range m.Texts {
			m.gated = append(m.gated, t.Gated(func(string) bool { return true })...)
		}
		slices.Sort(m.gated)
		m.gated = slices.Compact(m.gated)
	}
	return m.gated
}

// Last returns the last assignment to a setting in the text, given by its canonical name, or nil if there is none or
// its value is not known.
func (t *Text) Last(name string) *nixconf.Entry {
	all := t.Setting(name)
	if len(all) == 0 || !t.Fragment.Known(all[len(all)-1].Span) {
		return nil
	}
	return all[len(all)-1]
}

// Hosted is a file of another language with the nix.conf texts in it: a GitHub workflow or composite action, a
// devcontainer.json, a flake.nix or a shell script.
type Hosted struct {
	Source *source.File
	// Texts are in order of position; there may be none.
	Texts []*Text
	// Broken says that the host's own language has a syntax error, so texts may be missing.
	Broken bool
}
