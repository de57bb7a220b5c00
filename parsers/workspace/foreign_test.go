package workspace

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/source"
)

// TestForeignDockerfile distinguishes Dockerfiles, broken ones included, from files that only have the name of one.
func TestForeignDockerfile(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       bool
	}{
		{"Dockerfile", "FROM debian\n", false},
		{"Dockerfile", "", false},
		{"Dockerfile", "# only a comment\n", false},
		{"Dockerfile", "RUN true\n", false},
		{"Dockerfile", "FORM debian\nRNU true\n", false},
		{"Dockerfile", "<<<<<<< HEAD\nFROM a\n=======\nFROM b\n>>>>>>> x\n", false},
		{"Dockerfile", "FROM debian\n[[ -f x ]] && true\n{ echo; }\n", false},
		{"Dockerfile", "#!/usr/bin/env -S docker build\nFROM debian\n", false},
		{"Dockerfile", "# syntax=edrevo/dockerfile-plus\nINCLUDE+ Dockerfile.common\n", false},
		{"Dockerfile.common", "# syntax=edrevo/dockerfile-plus\nINCLUDE+ x\nFROM a\n", false},
		{"Dockerfile.dev", "ARG A\nFROM debian:$A\n", false},
		{"Dockerfile.dev", "FORM debian\nRUN true\nCMD true\n", false},
		{"Dockerfile.dev", "FROM debian AS\n", false},
		{"Dockerfile.dev", "FROM\n", false},
		{"Dockerfile.dev", "FROM debian # the base\nRUN true\n", false},
		{"Dockerfile.dev", "LABEL a=b\nFROM debian\n", false},
		{"a.dockerfile", "FROM --platform=$BUILDPLATFORM golang:1 AS build\nRUN true\n", false},
		{"Dockerfile.go", "FROM golang:1.24\n", false},
		{"Dockerfile", "FROM a\nRUN docker inspect -f '{{.Id}}' x\nRUN go list -f {{.Dir}}\n", false},
		{"Dockerfile", "FROM a\nLABEL x=\"{{ y }}\"\n", false},
		{"Dockerfile", "FROM a\nRUN awk '{% x %}' f; date +%Y%m%d\n", false},
		{"Dockerfile", "FROM a\nRUN <<EOF\n{% if x %}\nEOF\n", false},
		{"Dockerfile", "FROM a@sha256:" + strings.Repeat("0", 64) + "\n", false},
		{"Dockerfile", "FROM ${A:-x}\nFROM $A\n", false},

		{"Dockerfile", "#!/bin/sh\ncat <<EOF\nFROM debian\nEOF\n", true},
		{"python_dockerfile", "#!/usr/bin/env python3\nfrom pathlib import Path\n", true},
		{"dockerfile.py", "from pathlib import Path\n", true},
		{"Dockerfile.patch", "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n", true},
		{"Dockerfile", "--- a/Dockerfile\n+++ b/Dockerfile\n@@ -1 +1 @@\n-FROM a\n+FROM b\n", true},
		{"Dockerfile", "diff --git a/x b/x\n", true},
		{"Dockerfile.bak", "FROM debian\n", true},
		{"Dockerfile", "../other/Dockerfile\n", true},
		{"Dockerfile", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", true},
		{"Dockerfile.part", "RUN true\n", true},
		{"dockerfile-mode.el", ";;; dockerfile-mode.el\n(provide 'dockerfile-mode)\n", true},
		{"Dockerfile.md", "# Dockerfile\n\nFrom here on, words.\n", true},
		{"Dockerfile", "FROM a\n{%- if x %}\nRUN true\n{%- endif %}\n", true},
		{"Dockerfile", "FROM a\nRUN apt-get install \\\n{%- if x %}\n  b \\\n{%- endif %}\n  c\n", true},
		{"Dockerfile", "FROM {{ .Image }}\n", true},
		{"Dockerfile", "FROM a\nFRM {{ .Image }}\n", true},
		{"Dockerfile", "FROM debian:{{suite}}\n", true},
		{"Dockerfile", "FROM <%= image %>\n", true},
		{"Dockerfile", "FROM ${{ values.image }}\n", true},
		{"Dockerfile", "FROM @base.image@\n", true},
		{"Dockerfile", "FROM %%BASE%%\n", true},
		{"Dockerfile", "FROM %BASE%\n", true},
		{"Dockerfile", "FROM ${1:debian}\n", true},
		{"Dockerfile", "FROM <image>\n", true},
		{"Dockerfile", "FROM <+image+>\n", true},
		{"Dockerfile", "FROM a\nENV V {{ version }}\n", true},
		{"Dockerfile", "FROM a\nCOPY target/{{project-name}} /\n", true},
		{"Dockerfile", "FROM a\nRUN pip install x=={{ version }}\n", true},
		{"Dockerfile", "FROM a\nENV N=\"{{cookiecutter.name}}\"\n", true},
		{"Dockerfile", "FROM a\n<% if (x) { %>\nRUN true\n<% } %>\n", true},
		{"Dockerfile", "FROM a\n{{#if x}}\nRUN true\n{{/if}}\n", true},
		{"Dockerfile", "FROM a\n% if x:\nRUN true\n% endif\n", true},
		{"Dockerfile", "FROM a\n[% IF x %]\nRUN true\n[% END %]\n", true},
		{"Dockerfile", "FROM a\nm4_include(`x')\ninclude(x)\n", true},
		{"Dockerfile", "# -*- mode: snippet -*-\n# name: docker\n# --\nFROM $0\n", true},
	} {
		d := dockerfile.Parse(source.NewFile(tt.name, []byte(tt.text)))
		if got := foreignDockerfile(tt.name, false, d); (got != "") != tt.want {
			t.Errorf("%s %q: %q, want %v", tt.name, tt.text, got, tt.want)
		}
	}
	d := dockerfile.Parse(source.NewFile("Dockerfile.bak", []byte("FROM debian\n")))
	if got := foreignDockerfile("Dockerfile.bak", true, d); got != "" {
		t.Errorf("a copy that something builds: %s", got)
	}
}

// TestForeignNixConf distinguishes another program's files from those of Nix, broken ones included.
func TestForeignNixConf(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "# nothing\n": false, "bogus = 1\n": false, "nix-command flakes\n": false,
		"nix.settings.cores = 3;\n": false, "{ nix.settings.max-jobs = 3; }\n": false, "= = 3\n": false,
		"<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> b\n": false, "\rcores = 3\n": false, "$ cores = 3\n": false,
		"include a b\n": false, "! include a\n": false, "\xff\xfec\x00": false, "[nix]\nsandbox = true\n": false,
		"[nix]\nsubstituters = https://a.example\nfoo = x\nbar = y\n": false, `{"max-jobs": 3}`: false,
		"cores: 3\nmax-jobs: 4\n": false,

		"server {\n  listen 80;\n}\n": true, "[Service]\nEnvironment=A=b\n": true, "<VirtualHost *:80>\n": true,
		"set -g mouse on\n": true, "packages = [\"a\"]\n": true, "fs.file-max = 3\nvm.swappiness = 1\n": true,
		"d /nix/var 0755 root root -\n": true, "options kvm nested=1\n": true, "* soft nofile 1024\n": true,
		"/nix/lib\n/usr/lib\n": true, "#!/bin/sh\necho\n": true, "[main]\nsandbox = 1\nport = 3\nname = x\n": true,
		"name = {{ x }}\n": true, "u nixbld 30001 - -\n": true, "{\"a\": 1}\n": true,
	} {
		if got := foreignNixConf(source.NewFile("nix.conf", []byte(text))); (got != "") != want {
			t.Errorf("%q: %q, want %v", text, got, want)
		}
	}
	for name, want := range map[string]bool{
		"etc/nix/nix.conf": true, "/a/etc/nix/nix.custom.conf": true, ".config/nix/nix.conf": true,
		"home/dot_config/nix/nix.conf": true, "nix.conf": false, "petc/nix/nix.conf": false, "nix/nix.conf": false,
	} {
		if got := inNixPlace(name); got != want {
			t.Errorf("inNixPlace(%q) = %v", name, got)
		}
	}
}

// BenchmarkFollow finds files by chains of includes, and by Dockerfiles that copy them, at several sizes.
func BenchmarkFollow(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		texts := map[string]string{".git/HEAD": "", "etc/nix/nix.conf": "include 0.txt\n"}
		for i := range n {
			texts[fmt.Sprintf("etc/nix/%d.txt", i)] = fmt.Sprintf("include %d.txt\n", i+1)
			texts[fmt.Sprintf("d%d/Dockerfile", i)] = "FROM nixos/nix\nCOPY c /etc/nix/nix.conf\n"
			texts[fmt.Sprintf("d%d/c", i)] = "cores = 1\n"
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			root := filepath.FromSlash("/r")
			memory := map[string][]byte{}
			for name, text := range texts {
				memory[filepath.Join(root, filepath.FromSlash(name))] = []byte(text)
			}
			for b.Loop() {
				ws, err := Load(Options{Dir: root, Files: files.Memory(memory)})
				if err != nil || len(ws.Entries) != 3*n+1 {
					b.Fatal(len(ws.Entries), err)
				}
			}
		})
	}
}
