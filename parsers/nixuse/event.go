package nixuse

import (
	"slices"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// EventKind is the kind of an Event.
type EventKind int

const (
	// WriteConfig is a change of a Nix configuration file.
	WriteConfig EventKind = iota
	// SetEnv sets an environment variable that Nix reads.
	SetEnv
	// RunCommand runs a command.
	RunCommand
	// StartCommand is a command that a container runs when it is started: Image.Starts.
	StartCommand
	// Opaque is something that may do anything to the configuration: a script that cannot be read.
	Opaque
)

// Event is something in the timeline of an image that matters to Nix and to sandboxes.
type Event struct {
	Kind  EventKind
	Image *Image
	// Instruction is the instruction that it is part of.
	Instruction *dockerfile.Instruction
	// Command is the shell command, nil for COPY, ADD and ENV.
	Command *image.Command
	// Script is the script that Command is part of.
	Script *shell.Script
	// File and Span are its place. File is a script of the workspace where a RUN runs one.
	File *source.File
	Span source.Span
	// Maybe says that it may not happen, because it stands under a condition.
	Maybe bool

	// User is the user that it runs as, as USER names it; "" where no USER was given.
	User string

	// Path is the file that WriteConfig changes; Text the text written, nil where it is not known; Truncate says that
	// what the file held before is lost. Removed says that the file is gone afterwards. For a SetEnv of NIX_CONFIG,
	// Text is its value.
	Path     string
	Text     *Text
	Truncate bool
	Removed  bool
	// Unlinks says that a symbolic link at Path becomes a file with the same text.
	Unlinks bool
	// ByInstaller says that an installer of Nix writes it, by default or because its command line says so.
	ByInstaller bool

	// Name and Value are those of SetEnv. Known says that Value is.
	Name, Value string
	Known       bool

	// Nix says what a RunCommand or StartCommand does with Nix.
	Nix *Use
	// Env is the NIX_CONFIG that the command itself is given by its script, nil without one; it replaces that of the
	// image.
	Env *Text

	// doubts say which of the sources of the settings that a RunCommand sees cannot be known: its options, its
	// environment, or, where that names them, the files that it reads. otherUser says that it does not run as User, or
	// not with that user's home.
	doubts    doubts
	otherUser bool

	// includes says that the text which an installer writes includes nix.custom.conf.
	includes bool

	index int // in Image.Events
	// states are what is there just before and after it, nil until they are asked for.
	states [2]*state
}

// ReadsSystemConf reports whether an event runs as root, and nothing makes Nix read another file than SystemConf there,
// so what a RUN beside it writes to that file holds.
func (e *Event) ReadsSystemConf() bool {
	if !image.IsRoot(e.User) {
		return false
	}
	return !slices.ContainsFunc(e.Image.Timeline(), func(at *Event) bool {
		return at.Kind == SetEnv && at.Name == "NIX_CONF_DIR"
	})
}

// ComesAfter reports whether an event comes after another one of the same stage.
func (e *Event) ComesAfter(other *Event) bool { return e.index > other.index }
