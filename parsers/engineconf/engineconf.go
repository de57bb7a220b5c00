// Package engineconf reads the configuration files of container engines, daemon.json of Docker and containers.conf of
// Podman and Buildah: what they give to every container that the engine starts, and what they allow to builds.
package engineconf

import (
	"bytes"
	"path"
	"strings"

	"github.com/sandlint/sandlint/parsers/source"
)

// Engine is the engine that reads a file.
type Engine string

// The engines.
const (
	Docker Engine = "docker"
	Podman Engine = "podman"
)

// The kinds of problem that Parse reports.
const (
	// KindSyntax is text that is not JSON or TOML, and KindShape a value of the wrong type: the engine does not start.
	KindSyntax = "engine-syntax"
	KindShape  = "engine-shape"
	// KindUnknown is an option that Docker does not know and that resembles one: the daemon does not start.
	KindUnknown = "engine-unknown"
	// KindFlag is the name of a flag of dockerd where the file has another name for it: the daemon ignores it.
	KindFlag = "engine-flag"
)

// File is a configuration file as read. It is immutable.
type File struct {
	Source *source.File
	Engine Engine
	// Seccomp is the path of the default seccomp profile, "builtin" or "unconfined".
	Seccomp source.Value
	// Userns is userns-remap of Docker and userns of Podman, Runtime the default runtime.
	Userns, Runtime source.Value
	// Privileged says whether containers are privileged, as Podman can be configured.
	Privileged source.Value
	// Capabilities are the default capabilities of Podman; nil where the file does not name them.
	Capabilities []source.Value
	// SecurityInsecure and NetworkHost are "true" or "false": whether Docker's own builder allows these entitlements.
	SecurityInsecure, NetworkHost source.Value
	// Problems are in order of position.
	Problems []source.Problem
}

// Named reports whether a path is one of a configuration file of an engine, and whose it is. The content must agree:
// see Claims.
func Named(name string) (Engine, bool) {
	base := strings.ToLower(path.Base(name))
	switch {
	case base == "daemon.json":
		return Docker, true
	case base == "containers.conf", strings.HasSuffix(base, "-containers.conf"),
		strings.HasSuffix(base, ".conf") && path.Base(path.Dir(name)) == "containers.conf.d":
		return Podman, true
	}
	return "", false
}

// Claims reports whether a file is the configuration of an engine, by its path and its text.
func Claims(name string, text func() []byte) bool {
	engine, ok := Named(name)
	if !ok {
		return false
	}
	b := text()
	if engine == Podman {
		for _, table := range []string{"[containers]", "[engine]", "[network]", "[machine]", "[secrets]"} {
			if bytes.Contains(b, []byte(table)) {
				return true
			}
		}
		return false
	}
	if path.Base(path.Dir(name)) == "docker" {
		return true
	}
	has := func(option string) bool { return bytes.Contains(b, []byte(`"`+option+`"`)) }
	for option := range daemonOptions {
		if has(option) {
			return true
		}
	}
	for flag := range flagNames {
		if has(flag) {
			return true
		}
	}
	return false
}

// Parse reads a configuration file. It never fails: what cannot be read becomes a problem of the file.
func Parse(f *source.File) *File {
	if engine, _ := Named(f.Path); engine == Podman {
		return parseContainers(f)
	}
	return parseDaemon(f)
}

func (out *File) problem(kind string, span source.Span, message string) {
	out.Problems = append(out.Problems, source.Problem{Span: span, Kind: kind, Message: message})
}
