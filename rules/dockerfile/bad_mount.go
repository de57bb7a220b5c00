package dockerfile

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/grammar"
)

var badMount = &rules.Rule{
	ID:       "dockerfile/bad-mount",
	Summary:  "a RUN --mount has a key or a value that BuildKit refuses, so the build fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/instructions/commands_runmount.go: parseMount",
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/convert_runmount.go: dispatchRunMounts",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Image == nil || s.Broken || grammar.Again(s) || s.Dockerfile().Foreign() {
			return
		}
		for n := range s.Instruction.Flags {
			flag := &s.Instruction.Flags[n]
			if flag.Name != "mount" {
				continue
			}
			if s.Onbuild != nil && strings.Contains(flag.Unquoted, "$") {
				continue // what holds then is not known
			}
			fields, err := s.MountFields(flag)
			if err != nil {
				continue // the parser reports it
			}
			m := mountCheck{step: s, whole: flag.Value.Span, kind: "bind", kindKnown: true}
			if finding, bad := m.check(fields); bad {
				finding.File = s.Dockerfile().Source
				p.Report(grammar.Weaken(s.Dockerfile(), grammar.Trigger(s, finding)))
			}
		}
	}, "RUN"),
}

// mountKeys are the keys of --mount.
var mountKeys = []string{
	"destination", "dst", "env", "from", "gid", "id", "mode", "readonly", "readwrite", "required", "ro", "rw",
	"sharing", "size", "source", "src", "target", "type", "uid",
}

// mountCheck reads the fields of a mount in order, as BuildKit does.
type mountCheck struct {
	step      *image.Step
	whole     source.Span
	kind      string
	kindKnown bool
	// seen are the fields with each key, by its main name.
	seen map[string]image.MountField
	// fields are all of them, and at is the one that is read.
	fields []image.MountField
	at     int
	trying bool // a fix
}

// fault returns a finding at a field.
func fault(f image.MountField, format string, args ...any) (rules.Finding, bool) {
	return rules.Finding{Span: f.Span, Message: fmt.Sprintf(format, args...) + ", so the build fails"}, true
}

func (m *mountCheck) check(fields []image.MountField) (rules.Finding, bool) {
	m.seen = map[string]image.MountField{}
	m.fields = fields
	for n, f := range fields {
		m.at = n
		if finding, bad := m.field(f); bad {
			return finding, true
		}
	}
	return m.together()
}

// field checks one field.
func (m *mountCheck) field(f image.MountField) (rules.Finding, bool) {
	if !f.HasValue {
		switch f.Key {
		case "readonly", "ro", "readwrite", "rw":
			return rules.Finding{}, false
		case "required":
			return m.onlyFor(f, "secret", "ssh")
		case "":
			return fault(f, "the mount has an empty field; there can be no space after a comma")
		}
		if slices.Contains(mountKeys, f.Key) {
			return fault(f, "%q has no value", f.Text)
		}
		return m.unknown(f)
	}
	main := f.Key
	switch f.Key {
	case "src":
		main = "source"
	case "dst", "destination":
		main = "target"
	}
	m.seen[main] = f
	if !f.Known {
		m.kindKnown = m.kindKnown && main != "type"
		if !slices.Contains(mountKeys, f.Key) {
			return m.unknown(f)
		}
		return rules.Finding{}, false
	}
	value := f.Value
	switch main {
	case "type":
		m.kind = strings.ToLower(value)
		if !slices.Contains(image.MountKinds(), m.kind) {
			return m.nearest(f, fmt.Sprintf("%q is not a type of mount", value), m.kind, image.MountKinds())
		}
	case "readonly", "ro", "readwrite", "rw":
		return m.boolean(f)
	case "required":
		if finding, bad := m.onlyFor(f, "secret", "ssh"); bad {
			return finding, true
		}
		return m.boolean(f)
	case "size":
		if finding, bad := m.onlyFor(f, "tmpfs"); bad {
			return finding, true
		}
		if !isSize(value) {
			return fault(f, "%q is not a size such as 64m", value)
		}
	case "sharing":
		kinds := image.MountSharing()
		if lower := strings.ToLower(value); !slices.Contains(kinds, lower) {
			return m.nearest(f, fmt.Sprintf("%q is not a kind of sharing", value), lower, kinds)
		}
	case "mode":
		if _, err := strconv.ParseUint(value, 8, 32); err != nil {
			return fault(f, "mode %q is not an octal number", value)
		}
	case "uid", "gid":
		if _, err := strconv.ParseUint(value, 10, 32); err != nil {
			return fault(f, "%s %q is not a number", f.Key, value)
		}
	case "from", "source", "target", "id", "env":
	default:
		return m.unknown(f)
	}
	return rules.Finding{}, false
}

func (m *mountCheck) unknown(f image.MountField) (rules.Finding, bool) {
	return m.nearest(f, fmt.Sprintf("%q is not a key of --mount", f.Key), f.Key, mountKeys)
}

// accepted reports whether nothing else is wrong with the mount once its present field has another key, or another
// value.
func (m *mountCheck) accepted(key, value string) bool {
	if m.trying {
		return false
	}
	fields := slices.Clone(m.fields)
	fields[m.at].Key, fields[m.at].Value = key, value
	again := mountCheck{step: m.step, whole: m.whole, kind: "bind", kindKnown: true, trying: true}
	_, bad := again.check(fields)
	return !bad
}

// nearest reports a word that is none of some, with the nearest one.
func (m *mountCheck) nearest(f image.MountField, message, word string, all []string) (rules.Finding, bool) {
	finding, _ := fault(f, "%s", message)
	file := m.step.Dockerfile().Source
	near := source.Nearest(word, all)
	if f.Key == "tgt" {
		near = "target"
	}
	if near == "" {
		finding.Message += "; it is one of " + strings.Join(all, ", ")
		return finding, true
	}
	finding.Message += fmt.Sprintf("; did you mean %q?", near)
	key, value := near, f.Value
	if word != f.Key {
		key, value = f.Key, near
	}
	if text := file.Text(f.Span); text == f.Text && m.accepted(key, value) {
		if at := strings.Index(strings.ToLower(text), word); at >= 0 {
			span := source.Span{Start: f.Span.Start + at, End: f.Span.Start + at + len(word)}
			finding.Fixes = []fixers.Fix{{
				Title: "Write " + near, Safety: fixers.Unsafe,
				Edits:   []fixers.Edit{{File: file, Span: span, Text: near}},
				Changes: fixers.Changes{fixdocker.Flags{"mount"}},
			}}
		}
	}
	return finding, true
}

func (m *mountCheck) boolean(f image.MountField) (rules.Finding, bool) {
	if _, err := strconv.ParseBool(f.Value); err != nil {
		return fault(f, "%s is %q; it can be true or false", f.Key, f.Value)
	}
	return rules.Finding{}, false
}

// onlyFor reports a key that mounts of the type that was read so far do not have.
func (m *mountCheck) onlyFor(f image.MountField, kinds ...string) (rules.Finding, bool) {
	if !m.kindKnown || slices.Contains(kinds, m.kind) {
		return rules.Finding{}, false
	}
	if _, ok := m.seen["type"]; !ok {
		return fault(f, "%q is only for mounts of type %s, and no type stands before it", f.Key,
			strings.Join(kinds, " and "))
	}
	return fault(f, "%q is only for mounts of type %s, not %s", f.Key, strings.Join(kinds, " and "), m.kind)
}

// together checks what the fields mean together.
func (m *mountCheck) together() (rules.Finding, bool) {
	if !m.kindKnown {
		return rules.Finding{}, false
	}
	if m.kind == "bind" || m.kind == "tmpfs" {
		for _, key := range []string{"mode", "uid", "gid"} {
			if f, ok := m.seen[key]; ok {
				return fault(f, "a mount of type %s has no %s", m.kind, key)
			}
		}
	}
	if f, ok := m.seen["sharing"]; ok && m.kind != "cache" {
		return fault(f, "only a mount of type cache has sharing, not one of type %s", m.kind)
	}
	whole := image.MountField{Span: m.whole}
	if m.kind == "secret" {
		if f, ok := m.seen["from"]; ok {
			return fault(f, "a secret has no \"from\"")
		}
		set := func(key string) bool { f, ok := m.seen[key]; return ok && (!f.Known || f.Value != "") }
		switch {
		case !set("source") && !set("target") && !set("id"):
			return fault(whole, "the mount says neither by \"id\" nor by \"target\" which secret it is")
		case set("source") && set("id"):
			return fault(m.seen["source"], "a secret has \"id\" or \"source\", not both")
		}
		return rules.Finding{}, false
	}
	if m.kind == "ssh" {
		return rules.Finding{}, false
	}
	target, ok := m.seen["target"]
	dir := m.step.Workdir()
	if m.step.Onbuild != nil {
		dir.Known = false // it is that of the end of the stage
	}
	switch {
	case (!ok || target.Known && target.Value == "") && dir.Known && dir.Text == "/":
		return fault(whole, "the mount has no target, and cannot be at \"/\"")
	case !ok || !target.Known:
	case path.Clean(target.Value) == "/", dir.Known && path.Join(dir.Text, target.Value) == "/":
		return fault(target, "nothing can be mounted at \"/\"")
	}
	return rules.Finding{}, false
}

var sizePattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^\d*\.?\d+ ?(b|[kmgtp](i?b)?)?$`)
})

// isSize reports whether a text is an amount of memory to github.com/docker/go-units.
func isSize(text string) bool { return sizePattern().MatchString(text) }
