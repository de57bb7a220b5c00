// Package workspace is the shared model: it finds the files, tells their kind, parses them, and links them, so that a rule can
// see that line 9 of a Dockerfile runs Nix before line 14 writes the nix.conf that Nix needed.
//
// Nothing outside the workspace's root is ever read, no symbolic link out of it is followed, and nothing is run.
package workspace

import (
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// Kind is what a file is for.
type Kind string

const (
	KindUnknown    Kind = ""
	KindDockerfile Kind = "dockerfile"
	KindNixConf    Kind = "nix.conf"
	KindSeccomp    Kind = "seccomp profile"
	// The kinds below are looked at for the nix.conf text in them alone.
	KindWorkflow     Kind = "GitHub workflow" // composite actions as well
	KindDevcontainer Kind = "devcontainer"
	KindFlake        Kind = "flake"
	KindScript       Kind = "shell script"
)

// Hosts reports whether files of the kind are looked at for the nix.conf text in them alone.
func (k Kind) Hosts() bool {
	return k == KindWorkflow || k == KindDevcontainer || k == KindFlake || k == KindScript
}

// Dockerfile is a Dockerfile with what it means: its images and the nix.conf text in it. It belongs to one goroutine.
type Dockerfile struct {
	*dockerfile.File
	// Images are the stages, in order.
	Images []*Image
	// NixTexts are the nix.conf texts embedded in the file, in order of position.
	NixTexts []*NixText
	// Profiles are the seccomp profiles in its labels, in order of position.
	Profiles []*Profile

	w       *Workspace
	abs     string
	builds  []build
	reads   map[string]bool // paths, as shown, of the workspace files that the model was made from
	scripts map[*dockerfile.Instruction]*shell.Script
	files   map[*source.File]*shell.Script // scripts of the build context
}

// Profile is a seccomp profile: a file, one of several resources in a file, or text inside another file. It belongs to one goroutine.
type Profile struct {
	*seccomp.Profile
	// Fragment is where the profile lies in a file of another language, nil for a file of its own. Profile.Source is then a file that holds the
	// fragment's text alone, and rules report places in it; the runner moves them to Fragment.File.
	Fragment *source.Fragment
	// Instruction is the LABEL that a Fragment lies in.
	Instruction *dockerfile.Instruction
	// Uses are the places in the workspace that put the profile in force, in order of path and position, as far as they are known.
	Uses []Use

	usual   []*decide.Filter
	filters []*decide.Filter
}

// Filter returns the filter that a target makes of the profile, as decide.Compile does, and makes it once.
func (p *Profile) Filter(t decide.Target) *decide.Filter {
	for _, made := range [][]*decide.Filter{p.usual, p.filters} {
		for _, f := range made {
			if f.Target.Equal(t) {
				return f
			}
		}
	}
	f := decide.Compile(p.Profile, t)
	p.filters = append(p.filters, f)
	return f
}

// Usual returns the filters that the usual targets make of the profile, and makes them once: see decide.Targets.Usual.
func (p *Profile) Usual(targets decide.Targets) []*decide.Filter {
	if p.usual == nil {
		for _, t := range targets.Usual(p.Profile, p.Loaders(targets)...) {
			p.usual = append(p.usual, decide.Compile(p.Profile, t))
		}
	}
	return p.usual
}

// Host is what a nix.conf text stands in.
type Host string

const (
	HostFile    Host = "file"   // a nix.conf file
	HostWrite   Host = "write"  // text that a command or COPY <<EOF writes to a nix.conf
	HostEnv     Host = "env"    // NIX_CONFIG
	HostOption  Host = "option" // a command line: --option name value, --extra-conf
	HostExtra   Host = "extra"  // an installer's extra configuration, which it appends to the nix.conf
	HostUnknown Host = "unknown"

	HostInstallAction Host = "install-nix-action"   // extra_nix_config of the GitHub action cachix/install-nix-action
	HostExtraAction   Host = "nix-installer-action" // extra-conf of the GitHub actions of Determinate Systems: HostExtra, with each line trimmed
	HostFeature       Host = "devcontainer feature" // extraNixConfig of the devcontainer feature nix
	HostFlake         Host = "flake"                // nixConfig of a flake.nix, sorted by name as Nix applies it
)

// NixText is one nix.conf text: a whole file or a fragment.
type NixText struct {
	*nixconf.File
	// Host tells where it stands.
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
	// Option is the whole value of a HostFeature's option, of which the text is what arrives.
	Option *source.Fragment

	settings map[string][]*nixconf.Entry // what Setting returns, by name; nil before its first call
	errors   map[*nixconf.Entry][]nixconf.TargetError
}

// ValueErrors returns what the targeted releases find wrong with the value of an entry, as nixconf.CheckValueFor does. It belongs to the goroutine of
// the document that holds the text.
func (t *NixText) ValueErrors(entry *nixconf.Entry) []nixconf.TargetError {
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

// Setting returns the entries of the text itself, in order, that set or append to a setting, given by its canonical name. It belongs to the goroutine
// of the document that holds the text.
func (t *NixText) Setting(name string) []*nixconf.Entry {
	if t.settings == nil {
		t.settings = make(map[string][]*nixconf.Entry, len(t.Entries))
		for _, entry := range t.Entries {
			c := canonical(entry.Name.Text)
			t.settings[c] = append(t.settings[c], entry)
		}
	}
	return t.settings[name]
}

// Image is one build stage: what it is based on, for what it is built, and what happens in it.
type Image struct {
	// File is the Dockerfile.
	File *Dockerfile
	// Stage is the stage.
	Stage *dockerfile.Stage
	// Parent is the image of the stage that it is based on, nil for another image.
	Parent *Image
	// Base is what is known of the image named by FROM, nil when nothing is or when Parent is set.
	Base *KnownImage
	// Platforms are the platforms the stage is built for, with where each comes from. Empty when not known.
	Platforms []Platform
	// Events are what happens in this stage, in order; those of Parent come before them.
	Events []*Event

	replays   map[replayKey]*Effective
	installed *Installer // the last one that ran in this stage
	end       *builder   // the state at the end of the stage
}

// Platform is a platform that an image is built for.
type Platform struct {
	// Name is the platform as in "linux/arm64".
	Name string
	// Emulated says that the build runs through an emulator for this platform, and Native that it runs on a builder of
	// the platform itself. Where neither is certain, both are false.
	Emulated, Native bool
	// Why tells where this is known from, for a message.
	Why string
	// File and Span are the place, File nil when it comes from the command line.
	File *source.File
	Span source.Span
}

// EventKind is the kind of an Event.
type EventKind int

const (
	// WriteConfig is a change of a Nix configuration file.
	WriteConfig EventKind = iota
	// SetEnv sets an environment variable that Nix reads.
	SetEnv
	// RunCommand runs a command.
	RunCommand
	// Opaque is something that may do anything to the configuration: a script that cannot be read.
	Opaque
)

// Event is something in the timeline of an image that matters for Nix and for sandboxes.
type Event struct {
	Kind  EventKind
	Image *Image
	// Instruction is the instruction that it is part of.
	Instruction *dockerfile.Instruction
	// Command is the shell command, nil for COPY, ADD and ENV.
	Command *shell.Command
	// Script is the script that Command is part of.
	Script *shell.Script
	// File and Span are its place. File is a script of the workspace where a RUN runs one.
	File *source.File
	Span source.Span
	// Maybe says that it may not happen: it stands under a condition.
	Maybe bool

	// User is the user that it runs as, as USER names it; "" where no USER was given.
	User string

	// Path is the file that WriteConfig changes; Text the text written, nil where it is not known; Truncate says that
	// what the file held before is lost. Removed says that the file is gone afterwards. For a SetEnv of NIX_CONFIG, Text is its value.
	Path     string
	Text     *NixText
	Truncate bool
	Removed  bool
	// ByInstaller says that an installer of Nix writes it, of itself or because it was told to.
	ByInstaller bool

	// Name and Value are those of SetEnv. Known says that Value is.
	Name, Value string
	Known       bool

	// Nix tells what a RunCommand does with Nix.
	Nix *NixUse
	// Env is the NIX_CONFIG that the command itself is given by its script, nil without one; it replaces that of the image.
	Env *NixText

	// unsure says that the settings that a RunCommand sees cannot be known: its options or its environment are not. otherUser
	// says that it does not run as User, or not with that user's home.
	unsure, otherUser bool
}
