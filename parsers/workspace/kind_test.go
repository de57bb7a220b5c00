package workspace

import (
	"testing"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/source"
)

func TestKindByContent(t *testing.T) {
	tests := []struct {
		path   string
		byName files.Kind
		text   string
		want   files.Kind
	}{
		{"x", files.KindUnknown, "FROM debian\n", files.KindDockerfile},
		{"x", files.KindUnknown, "\n# syntax=docker/dockerfile:1\n\n  from debian\n", files.KindDockerfile},
		{"x", files.KindUnknown, "ARG\tX\nFROM debian\n", files.KindDockerfile},
		{"x", files.KindUnknown, "RUN true\n", files.KindUnknown},
		{"x", files.KindUnknown, "FROMAGE\n", files.KindUnknown},
		{"x", files.KindUnknown, "substituters = https://x\n", files.KindNixConf},
		{"x", files.KindUnknown, "include a.conf\ncores = 2\n", files.KindNixConf},
		{"x", files.KindUnknown, "a = b\n", files.KindUnknown},
		{"x", files.KindUnknown, "\xff\xfe\x00", files.KindUnknown},
		{"x", files.KindUnknown, "", files.KindUnknown},
		{"x", files.KindUnknown, "\ufeff" + profileText, files.KindSeccomp},
		{"x", files.KindUnknown, `{"a": 1}`, files.KindUnknown},
		{"x", files.KindDockerfile, "nothing", files.KindDockerfile},
		{"x", files.KindNixConf, "nothing", files.KindNixConf},
		{"other.json", files.KindUnknown, profileText, files.KindSeccomp},
		{"other.json", files.KindUnknown, "FROM debian\n", files.KindUnknown},
		{"other.json", files.KindUnknown, `[{"names": ["read"]}]`, files.KindUnknown},
		{"seccomp.json", files.KindSeccomp, profileText, files.KindSeccomp},
		{"seccomp.json", files.KindSeccomp, `{"seccomp": "none"}`, files.KindUnknown},
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
