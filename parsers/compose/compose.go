// Package compose reads Compose files (compose.yaml, docker-compose.yml): which Dockerfile a service is built from, for
// which platforms, and with which privileges its container runs.
//
// It resolves anchors, merge keys, several documents, "extends" inside the file and variables with a default as
// compose-go 2 does (loader, override, template). It does not read other files, such as those of "include", "extends"
// or the command line.
package compose

import (
	"path"
	"strings"

	"github.com/sandlint/sandlint/parsers/source"
)

// Value is a string of the file after variables were replaced. A variable without a default makes it unknown, one with
// a default overridable.
type Value = source.Value

// The kinds of problem that Parse reports besides those of YAML, such as "yaml-syntax". Compose refuses a file with any
// of them.
const (
	// KindShape is a value of the wrong type.
	KindShape = "compose-shape"
	// KindTemplate is a "${" that does not start a variable.
	KindTemplate = "compose-template"
)

// File is a Compose file as read. It is immutable after Parse.
type File struct {
	Source *source.File
	// Services are the services, in order of position.
	Services []*Service
	// Includes are the paths of other Compose files under "include".
	Includes []Value
	// Legacy says that the file has the form of Compose 1.0, with the services at its top, which Docker Compose 2
	// refuses.
	Legacy bool
	// Problems are in order of position. Kinds are the Kind… constants.
	Problems []source.Problem

	byName map[string]*Service
}

// Service is one service, merged with those that it extends in the same file.
type Service struct {
	// Name is the service's name; NameSpan is its key.
	Name     string
	NameSpan source.Span
	// Build is nil for a service that only runs an image.
	Build *Build
	Image Value
	// Platform is the platform that the container runs on. The image is built for it, too, when Build.Platforms is
	// empty.
	Platform Value
	// Privileged is "true" or "false".
	Privileged Value
	// SecurityOpt are the security options, such as "seccomp=unconfined", "seccomp:./profile.json" and
	// "no-new-privileges:true".
	SecurityOpt []Value
	// CapAdd and CapDrop are names of capabilities, with or without "CAP_".
	CapAdd, CapDrop []Value
	// Devices, Volumes and Ports are in the short form; an entry in the long form is turned into it, as far as it can
	// be, with the span of the entry.
	Devices, Volumes, Ports []Value
	// Runtime is the runtime of the engine, such as "runsc".
	Runtime Value
	// PID, IPC, Network and Userns are the namespaces that the container shares, such as "host".
	PID, IPC, Network, Userns Value
	// User is the user that the container's command runs as.
	User Value
	// ReadOnly is "true" where the container's root file system cannot be written.
	ReadOnly Value
	// Command and Entrypoint replace those of the image; nil where they are not written.
	Command, Entrypoint *Words
	// Environment are the variables; one without a value takes it from the environment and is not known.
	Environment map[string]Value
	// EnvFiles are the names of files with more variables.
	EnvFiles []Value
	// Profiles are the profiles with one of which the service is started; none means always.
	Profiles []Value
	// Extends names the service that this one extends, ExtendsFile the file that it is in, which is not read. That
	// service may set whatever is not set here.
	Extends, ExtendsFile Value
	// Span runs from the name to the end of the service.
	Span source.Span
	// Keys are the spans of the keys with their values that the service itself has, without those of services that it
	// extends and of merged mappings.
	Keys map[string]source.Span
}

// Words is a command: a list of words or, where Shell is set, one text that Compose divides into words as a shell does.
type Words struct {
	Words []Value
	Shell bool
	Span  source.Span
}

// Build is how a service's image is built.
type Build struct {
	// Context is the build context as written: a folder, or a URL.
	Context Value
	// Dockerfile is the path of the Dockerfile as written; DockerfilePath resolves it.
	Dockerfile Value
	// Inline is the text of dockerfile_inline. Where it is set there is no Dockerfile file.
	Inline Value
	// Stage is the key target: the stage that is built. When it is not set, the last stage is built.
	Stage Value
	// Platforms are the platforms as written; Service.BuildPlatforms adds the service's own.
	Platforms []Value
	// Network is the network of the RUN instructions, such as "host".
	Network Value
	// BakePlatforms are the platforms under x-bake, for which bake builds the image instead.
	BakePlatforms []Value
	// Args are the build arguments. One without a value takes it from the environment and is not known.
	Args map[string]Value
	// Contexts are the additional contexts, which replace images and stages of the same name.
	Contexts map[string]Value
	// Privileged is "true" when the build is granted security.insecure.
	Privileged Value
	// Entitlements are the entitlements of the build, such as "security.insecure".
	Entitlements []Value
	// Span is the value of build.
	Span source.Span
}

// Service returns the service with the given name, or nil.
func (f *File) Service(name string) *Service { return f.byName[name] }

// BuildPlatforms returns the platforms that the service's image is built for: those of its build, or else its own. None
// means the builder's platform.
func (s *Service) BuildPlatforms() []Value {
	switch {
	case s.Build == nil:
		return nil
	case len(s.Build.Platforms) > 0:
		return s.Build.Platforms
	case s.Platform.IsSet():
		return []Value{s.Platform}
	}
	return nil
}

// SeccompProfiles returns the paths of the profiles that the service's security options name, as written: relative to
// the folder of the Compose file, and with "~" for the user's home. Compose itself reads the file and passes on its
// text (pkg/compose, parseSecurityOpts), so an option never contains a profile. Options whose value is not known are
// left out, and so are "unconfined" and "builtin", which are not files.
func (s *Service) SeccompProfiles() []Value {
	var out []Value
	for _, v := range s.SecurityOpt {
		key, file, ok := strings.Cut(v.Text, "=")
		if !ok {
			key, file, ok = strings.Cut(v.Text, ":")
		}
		if !v.Known || !ok || key != "seccomp" || file == "" || file == "unconfined" || file == "builtin" {
			continue
		}
		if !v.Overridable && v.Span.Len() == len(v.Text) {
			v.Span.Start += len(v.Text) - len(file)
		}
		v.Text = file
		out = append(out, v)
	}
	return out
}

// IsPrivileged reports whether the container is known to run privileged.
func (s *Service) IsPrivileged() bool { return isTrue(s.Privileged) }

// Insecure reports whether the build is known to be granted security.insecure, and where.
func (b *Build) Insecure() (source.Span, bool) {
	if isTrue(b.Privileged) {
		return b.Privileged.Span, true
	}
	for _, e := range b.Entitlements {
		if e.Is("security.insecure") {
			return e.Span, true
		}
	}
	return source.Span{}, false
}

// isTrue reports whether v is true for compose-go's interpolation.
func isTrue(v Value) bool {
	switch strings.ToLower(v.Text) {
	case "true", "y", "yes", "on", "1":
		return v.Known
	}
	return false
}

// ContextPath returns the folder of the build context, with slashes and relative to the folder of the Compose file ("."
// by default). It reports false for a context that is not known or not a local folder.
func (b *Build) ContextPath() (string, bool) {
	if !b.Context.IsSet() {
		return ".", true
	}
	if !b.Context.Known || !isLocal(b.Context.Text) {
		return "", false
	}
	return path.Clean(b.Context.Text), true
}

// DockerfilePath returns the path of the Dockerfile, with slashes and relative to the folder of the Compose file. It
// reports false when the path is not known or not local, or the Dockerfile is written inline.
func (b *Build) DockerfilePath() (string, bool) {
	if b.Inline.IsSet() {
		return "", false
	}
	name := "Dockerfile"
	if b.Dockerfile.IsSet() && !b.Dockerfile.Is("") {
		if !b.Dockerfile.Known || !isLocal(b.Dockerfile.Text) {
			return "", false
		}
		name = b.Dockerfile.Text
	}
	if path.IsAbs(name) {
		return path.Clean(name), true
	}
	dir, ok := b.ContextPath()
	if !ok {
		return "", false
	}
	return path.Join(dir, name), true
}

// isLocal reports whether p is the path of a file or folder, not a URL or the image of another service.
func isLocal(p string) bool {
	return p != "-" && !strings.Contains(p, "://") && !strings.HasPrefix(p, "git@") &&
		!strings.HasPrefix(p, "github.com/") &&
		!strings.HasPrefix(p, "service:") && !strings.HasPrefix(p, "docker-image:") && !strings.HasPrefix(p, "~")
}
