package image

import (
	"iter"
	"path"
	"strings"

	"github.com/tonistiigi/go-csvvalue"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/packages"
	"github.com/sandlint/sandlint/parsers/source"
)

// Mount is a --mount of a RUN.
type Mount struct {
	// Flag is the flag.
	Flag Flag
	// Type is what is mounted, in lower case: "bind" (the default), "cache", "tmpfs", "secret", "ssh".
	Type string
	// Target is the absolute path in the image, "" where there is none or it is not known.
	Target string
	// From, Source and ID are the values of the keys, "" where there is none or it is not known.
	From, Source, ID string
	// Known says that all of it is known.
	Known bool
}

// MountKinds returns the types that a mount may have, as BuildKit v0.34 reads them
// (frontend/dockerfile/instructions/commands_runmount.go).
func MountKinds() []string { return []string{"bind", "cache", "secret", "ssh", "tmpfs"} }

// MountOptions returns the keys of a mount of a type besides "type", each by its usual name, as docs.docker.com lists
// them under "RUN --mount"; nil for a type that there is not.
func MountOptions(kind string) []string {
	switch kind {
	case "bind":
		return []string{"from", "rw", "source", "target"}
	case "cache":
		return []string{"from", "gid", "id", "mode", "ro", "sharing", "source", "target", "uid"}
	case "secret":
		return []string{"env", "gid", "id", "mode", "required", "target", "uid"}
	case "ssh":
		return []string{"gid", "id", "mode", "required", "target", "uid"}
	case "tmpfs":
		return []string{"size", "target"}
	}
	return nil
}

// MountSharing returns the values of the key "sharing" of a cache.
func MountSharing() []string { return []string{"locked", "private", "shared"} }

// Mounts returns the mounts of a RUN, in order, with variables expanded as BuildKit does. Those that BuildKit cannot
// read are left out.
func (s *Step) Mounts() iter.Seq[Mount] {
	return func(yield func(Mount) bool) {
		if s.Name != "RUN" {
			return
		}
		for f := range s.Flags("mount") {
			if m, ok := s.mount(f); ok && !yield(m) {
				return
			}
		}
	}
}

func (s *Step) mount(f Flag) (Mount, bool) {
	fields, err := csvvalue.Fields(f.Value, nil)
	if err != nil {
		return Mount{}, false
	}
	m := Mount{Flag: f, Type: "bind", Known: true}
	for _, field := range fields {
		key, value, _ := strings.Cut(field, "=")
		if !f.Known && strings.Contains(value, "$") {
			var known bool
			if value, known = s.Expand(value); !known {
				m.Known, value = false, ""
			}
		}
		switch strings.ToLower(key) {
		case "type":
			m.Type = strings.ToLower(value)
		case "from":
			m.From = value
		case "source", "src":
			m.Source = value
		case "id":
			m.ID = value
		case "target", "dst", "destination":
			if m.Target = value; value != "" {
				m.Target = absolute(s.before.workdir.Text, value)
			}
		}
	}
	return m, true
}

// Covered reports whether what a step writes to a folder stays out of the image, since the folder, or one that it lies
// in, is a cache or tmpfs mount. "~" at the front of the folder is the home folder of the step's user. A mount whose
// target is not known counts as covering it.
func (s *Step) Covered(folder string) bool {
	if rest, ok := strings.CutPrefix(folder, "~"); ok {
		folder = path.Join(s.Home(), rest)
	}
	for m := range s.Mounts() {
		switch {
		case !m.Known && m.Target == "":
			return true
		case m.Type != "cache" && m.Type != "tmpfs" || m.Target == "":
		case folder == m.Target, strings.HasPrefix(folder, strings.TrimSuffix(m.Target, "/")+"/"):
			return true
		}
	}
	return false
}

// Package returns what the command does as a package manager, nil for another program.
func (c *Command) Package() *packages.Use {
	if !c.packageRead {
		c.packageRead = true
		c.use = packages.Read(c.Command)
	}
	return c.use
}

// MountField is one key of a --mount as it is written.
type MountField struct {
	// Text is the field, and Span its place; that of the whole value where quotes hide it.
	Text string
	Span source.Span
	// Key is in lower case. Value is expanded as BuildKit does, "" where there is none.
	Key, Value string
	// HasValue says that there is a "=", and Known that Value is known.
	HasValue, Known bool
}

// MountFields returns the fields of a --mount of a RUN, in order. The error is that BuildKit cannot divide it.
func (s *Step) MountFields(f *dockerfile.Flag) ([]MountField, error) {
	fields, err := csvvalue.Fields(f.Unquoted, nil)
	if err != nil {
		return nil, err
	}
	out := make([]MountField, len(fields))
	verbatim := s.file.Source.Text(f.Value.Span) == f.Unquoted && strings.IndexByte(f.Unquoted, '"') < 0
	at := f.Value.Span.Start
	for n, text := range fields {
		key, value, has := strings.Cut(text, "=")
		field := MountField{Text: text, Span: f.Value.Span, Key: strings.ToLower(key), HasValue: has}
		if verbatim {
			field.Span = source.Span{Start: at, End: at + len(text)}
			at = field.Span.End + 1
		}
		field.Value, field.Known = s.Expand(value)
		out[n] = field
	}
	return out, nil
}
