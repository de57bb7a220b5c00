package workspace

import (
	"testing"

	"github.com/sandlint/sandlint/parsers/source"
)

func TestKindByName(t *testing.T) {
	for name, want := range map[string]Kind{
		"Dockerfile": KindDockerfile, "dockerfile": KindDockerfile, "DOCKERFILE": KindDockerfile, "Containerfile": KindDockerfile,
		"Dockerfile.prod": KindDockerfile, "Dockerfile-alpine": KindDockerfile, "Dockerfile_arm": KindDockerfile, "Dockerfile.nix": KindDockerfile,
		"Dockerfile.3.12": KindDockerfile, "Containerfile.dev": KindDockerfile, "foo.dockerfile": KindDockerfile, "foo.Dockerfile": KindDockerfile,
		"app-Containerfile": KindDockerfile, "a.b.containerfile": KindDockerfile,

		"Dockerfile.go": KindUnknown, "Dockerfile.md": KindUnknown, "Dockerfile.j2": KindUnknown, "Dockerfile.tmpl": KindUnknown, "Dockerfile.template": KindUnknown,
		"Dockerfile.dockerignore": KindUnknown, "Dockerfile.test.ts": KindUnknown, "dockerfile.lua": KindUnknown, "dockerfile.vim": KindUnknown,
		"Dockerfiles": KindUnknown, "mydockerfile": KindUnknown, "Dockerfileold": KindUnknown, "docker-compose.yml": KindUnknown, "file": KindUnknown, "": KindUnknown,

		"nix.conf": KindNixConf, "NIX.CONF": KindNixConf, "nix.custom.conf": KindNixConf, "nix.local.conf": KindNixConf, "builder.nix.conf": KindNixConf,
		"nix.conf.in": KindUnknown, "nix.conf.erb": KindUnknown, "nginx.conf": KindUnknown, "phoenix.conf": KindUnknown, "nixconf": KindUnknown, "nix.config": KindUnknown,

		"seccomp.json": KindSeccomp, "default-seccomp.json": KindSeccomp, "Seccomp_Profile.JSON": KindSeccomp,
		"other.json": KindUnknown, "chrome.json": KindUnknown, "seccomp.yaml": KindUnknown, "seccomp.go": KindUnknown, "Dockerfile.json": KindUnknown,
	} {
		if got := kindByName(name); got != want {
			t.Errorf("kindByName(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestKindByContent(t *testing.T) {
	tests := []struct {
		path   string
		byName Kind
		text   string
		want   Kind
	}{
		{"x", KindUnknown, "FROM debian\n", KindDockerfile},
		{"x", KindUnknown, "\n# syntax=docker/dockerfile:1\n\n  from debian\n", KindDockerfile},
		{"x", KindUnknown, "ARG\tX\nFROM debian\n", KindDockerfile},
		{"x", KindUnknown, "RUN true\n", KindUnknown},
		{"x", KindUnknown, "FROMAGE\n", KindUnknown},
		{"x", KindUnknown, "substituters = https://x\n", KindNixConf},
		{"x", KindUnknown, "include a.conf\ncores = 2\n", KindNixConf},
		{"x", KindUnknown, "a = b\n", KindUnknown},
		{"x", KindUnknown, "\xff\xfe\x00", KindUnknown},
		{"x", KindUnknown, "", KindUnknown},
		{"x", KindUnknown, "\ufeff" + profileText, KindSeccomp},
		{"x", KindUnknown, `{"a": 1}`, KindUnknown},
		{"x", KindDockerfile, "nothing", KindDockerfile},
		{"x", KindNixConf, "nothing", KindNixConf},
		{"other.json", KindUnknown, profileText, KindSeccomp},
		{"other.json", KindUnknown, "FROM debian\n", KindUnknown},
		{"other.json", KindUnknown, `[{"names": ["read"]}]`, KindUnknown},
		{"seccomp.json", KindSeccomp, profileText, KindSeccomp},
		{"seccomp.json", KindSeccomp, `{"seccomp": "none"}`, KindUnknown},
	}
	for _, tt := range tests {
		if got := kindByContent(source.NewFile(tt.path, []byte(tt.text)), tt.byName); got != tt.want {
			t.Errorf("kindByContent(%q, %q, %q) = %q, want %q", tt.path, tt.byName, tt.text, got, tt.want)
		}
	}
}

func TestLooksLikeNixConf(t *testing.T) {
	for text, want := range map[string]bool{
		"":                                   true,
		"# only a comment\n":                 true,
		"\ufeffsandbox = true\n":             true,
		"sandbox=true\n":                     true,
		"sandbox: true\n":                    true,
		"  max-jobs = 4":                     true,
		"something = else\ncores = 2\n":      true,
		"expermental-features = flakes\n":    true,
		"extra-substituters = https://x\n":   true,
		"\xff\xfes\x00a\x00":                 true,
		"worker_processes 4;\nevents {}\n":   false,
		"set -g default-terminal \"tmux\"\n": false,
		"[section]\nkey = value\n":           false,
		"!include other.conf\n":              true,
	} {
		if got := LooksLikeNixConf(source.NewFile("nix.conf", []byte(text))); got != want {
			t.Errorf("LooksLikeNixConf(%q) = %v, want %v", text, got, want)
		}
	}
}
