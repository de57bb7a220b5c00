package files

import (
	"path"
	"path/filepath"
	"strings"
)

// Kind is what a file is for.
type Kind string

const (
	KindUnknown    Kind = ""
	KindDockerfile Kind = "dockerfile"
	KindNixConf    Kind = "nix.conf"
	KindSeccomp    Kind = "seccomp profile"
	// The kinds below are read only for the nix.conf text in them.
	KindWorkflow     Kind = "GitHub workflow" // composite actions as well
	KindDevcontainer Kind = "devcontainer"
	KindFlake        Kind = "flake"
	KindModule       Kind = "Nix module"
	KindGitLab       Kind = "GitLab pipeline"
	KindScript       Kind = "shell script"
	// The kinds below say who runs which image. Workflows, devcontainers and scripts do so as well.
	KindCompose Kind = "Compose file"
	KindRecipe  Kind = "Makefile or justfile"
	KindPackage Kind = "package.json"
	KindPods    Kind = "Kubernetes manifest"
	KindQuadlet Kind = "Quadlet unit"
	KindValues  Kind = "values of a Helm chart"
	// KindEngine is the configuration of a container engine, which counts for all containers.
	KindEngine Kind = "container engine configuration"
	// KindBake says which images are built, and how.
	KindBake Kind = "bake file"
)

// Hosts reports whether files of the kind are read only for what stands in them: nix.conf text, commands.
func (k Kind) Hosts() bool {
	switch k {
	case KindWorkflow, KindDevcontainer, KindFlake, KindModule, KindGitLab, KindScript:
		return true
	}
	return false
}

// neverDockerfile are the extensions of files that are no Dockerfile although their names begin with the word:
// templates before they are filled in, lists of patterns, YAML, pictures and archives. Of all other files the content
// says whether they are one.
var neverDockerfile = map[string]bool{
	".dockerignore": true, ".ejs": true, ".erb": true, ".gitignore": true, ".gotmpl": true, ".gotpl": true,
	".hbs": true, ".in": true, ".j2": true, ".jinja": true, ".jinja2": true, ".liquid": true,
	".m4": true, ".mako": true, ".mustache": true, ".njk": true, ".snap": true, ".template": true,
	".tmpl": true, ".tpl": true, ".twig": true, ".yaml": true, ".yml": true, ".gif": true,
	".gz": true, ".jpeg": true, ".jpg": true, ".mp4": true, ".pdf": true, ".png": true,
	".svg": true, ".tar": true, ".tgz": true, ".webm": true, ".webp": true, ".xz": true,
	".zip": true, ".zst": true,
}

// kindByBase returns the kind of a file by its base name. JSON and YAML files need their content as well.
func kindByBase(base string) Kind {
	lower := strings.ToLower(base)
	if neverDockerfile[path.Ext(lower)] {
		return KindUnknown
	}
	switch {
	case lower == "nix.conf", strings.HasPrefix(lower, "nix.") && strings.HasSuffix(lower, ".conf"),
		strings.HasSuffix(lower, ".nix.conf"):
		return KindNixConf
	case IsJSON(lower):
		if strings.Contains(lower, "seccomp") {
			return KindSeccomp
		}
		return KindUnknown
	}
	return DockerfileByName(base)
}

// KindByPath returns the kind of a file by its path, absolute or not. That of JSON, YAML, Nix modules and
// scripts needs a look at the content as well.
func KindByPath(name string) Kind {
	name = filepath.ToSlash(name)
	base := path.Base(name)
	if kind := kindByBase(base); kind != KindUnknown {
		return kind
	}
	lower := strings.ToLower(base)
	switch path.Ext(lower) {
	case ".yml", ".yaml":
		if stem := lower[:strings.LastIndexByte(lower, '.')]; stem == "action" {
			return KindWorkflow
		}
		if strings.HasSuffix(lower, ".gitlab-ci.yml") {
			return KindGitLab
		}
		if IsCompose(base) {
			return KindCompose
		}
		dir := path.Dir(name)
		switch path.Base(path.Dir(dir)) {
		case ".github", ".gitea", ".forgejo":
			if path.Base(dir) == "workflows" {
				return KindWorkflow
			}
		}
	case ".json":
		if lower == "devcontainer.json" || lower == ".devcontainer.json" {
			return KindDevcontainer
		}
	case ".nix":
		if lower == "flake.nix" {
			return KindFlake
		}
		return KindModule
	case ".sh", ".bash", ".envrc":
		return KindScript
	}
	return KindUnknown
}

// IsCompose reports whether a base name is one that Compose files have: compose.yaml, docker-compose.yml,
// docker-compose.prod.yml, compose.override.yaml, app.compose.yaml.
func IsCompose(base string) bool {
	if !IsYAML(base) {
		return false
	}
	stem := strings.ToLower(strings.TrimSuffix(base, path.Ext(base)))
	for _, name := range []string{"docker-compose", "compose"} {
		if before, after, ok := strings.Cut(stem, name); ok &&
			(before == "" || strings.ContainsAny(before[len(before)-1:], ".-_")) &&
			(after == "" || strings.ContainsAny(after[:1], ".-_")) {
			return true
		}
	}
	return false
}

// MayBeScript reports whether a base name may be that of an executable script: it has no extension.
func MayBeScript(base string) bool { return !strings.Contains(base, ".") }

// DockerfileByName returns KindDockerfile for the base name of a Dockerfile, whatever its extension is, else
// KindUnknown.
func DockerfileByName(base string) Kind {
	lower := strings.ToLower(base)
	for _, word := range []string{"dockerfile", "containerfile"} {
		if lower == word {
			return KindDockerfile
		}
		if rest, ok := strings.CutPrefix(lower, word); ok && strings.IndexByte("._-", rest[0]) >= 0 {
			return KindDockerfile
		}
		if rest, ok := strings.CutSuffix(lower, word); ok && strings.IndexByte("._-", rest[len(rest)-1]) >= 0 {
			return KindDockerfile
		}
	}
	return KindUnknown
}

// IsJSON reports whether a name has the extension of JSON files.
func IsJSON(name string) bool { return strings.EqualFold(path.Ext(name), ".json") }

// IsYAML reports whether a name has an extension of YAML files.
func IsYAML(name string) bool {
	ext := path.Ext(name)
	return strings.EqualFold(ext, ".yaml") || strings.EqualFold(ext, ".yml")
}
