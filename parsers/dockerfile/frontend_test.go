package dockerfile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/source"
)

func TestFrontend(t *testing.T) {
	tests := []struct{ head, want string }{
		{"", "none"},
		{"# a comment\n# syntax=docker/dockerfile:1.2\n", "none"},
		{"#syntax = docker/dockerfile\n", "docker/dockerfile known"},
		{"# syntax=docker/dockerfile:1\n", "docker/dockerfile:1 known"},
		{"# syntax=docker/dockerfile:latest\n", "docker/dockerfile:latest known"},
		{"# syntax=docker/dockerfile:1.4\n", "docker/dockerfile:1.4 known 1.4"},
		{"# escape=`\n# syntax=docker.io/docker/dockerfile:1.4.0-rc1\n",
			"docker.io/docker/dockerfile:1.4.0-rc1 known 1.4"},
		{"# syntax=docker/dockerfile:1.4-labs and more\n", "docker/dockerfile:1.4-labs known 1.4 labs"},
		{"# syntax=docker/dockerfile:1.0-experimental\n", "docker/dockerfile:1.0-experimental known 1.0 labs"},
		{"# syntax=docker/dockerfile:1.4@sha256:aa\n", "docker/dockerfile:1.4@sha256:aa known 1.4"},
		{"# syntax=docker/dockerfile@sha256:aa\n", "docker/dockerfile@sha256:aa newer"},
		{"# syntax=docker/dockerfile:1.28\n", "docker/dockerfile:1.28 newer 1.28"},
		{"# syntax=docker/dockerfile:1.27\n", "docker/dockerfile:1.27 known 1.27"},
		{"# syntax=docker/dockerfile:1-labs\n", "docker/dockerfile:1-labs newer"},
		{"# syntax=docker/dockerfile:labs\n", "docker/dockerfile:labs newer"},
		{"# syntax=docker/dockerfile:2\n", "docker/dockerfile:2 newer"},
		{"# syntax=docker/dockerfile-upstream:master\n", "docker/dockerfile-upstream:master newer"},
		{"# syntax=registry.example.org:5000/a/docker/dockerfile:1.2\n",
			"registry.example.org:5000/a/docker/dockerfile:1.2 newer 1.2"},
		{"# syntax=example/docker/dockerfile:1\n", "example/docker/dockerfile:1 foreign"},
		{"# syntax=notdocker/dockerfile\n", "notdocker/dockerfile foreign"},
		{"# syntax=localhost/notdocker/dockerfile\n", "localhost/notdocker/dockerfile foreign"},
		{"// syntax=example/x\n", "example/x foreign"},
		{"#!/usr/bin/env x\n# syntax=example/x\n", "example/x foreign"},
		{"\ufeff// syntax=example/x\n", "example/x foreign"},
		{"# syntax= \n", "none"},
	}
	for _, tt := range tests {
		file := source.NewFile("Dockerfile", []byte(tt.head+"FROM a\n"))
		got := "none"
		if f := Parse(file).Frontend; f != nil {
			kind := "known"
			if f.Newer {
				kind = "newer"
			}
			if f.Foreign {
				kind = "foreign"
			}
			got = f.Image + " " + kind
			if f.version != (release{}) {
				got += " " + f.version.String()
			}
			if f.labs {
				got += " labs"
			}
			if at := file.Text(f.At); at != f.Image {
				t.Errorf("%q: it is at %q", tt.head, at)
			}
		}
		if got != tt.want {
			t.Errorf("%q: %s, want %s", tt.head, got, tt.want)
		}
	}
}

// TestTooNew checks for each flag of the table that it is too new directly before the release that brought it, in both
// channels, and not in that release.
func TestTooNew(t *testing.T) {
	for name, flags := range flagsSince {
		for flag, since := range flags {
			check := func(v release, channel string, want bool) {
				text := fmt.Sprintf("# syntax=docker/dockerfile:%d.%d.%d%s\nFROM a\n%s --%s=true x y\n",
					v[0], v[1], v[2], channel, name, flag)
				found := Parse(source.NewFile("Dockerfile", []byte(text))).TooNew()
				got := slices.ContainsFunc(found, func(f Feature) bool {
					return f.Name == name+" --"+flag && f.Since == since.stable.String()
				})
				if got != want {
					t.Errorf("%q: too new is %v, want %v", text, got, want)
				}
			}
			before := func(v release) release {
				if v[2] > 0 {
					return release{v[0], v[1], v[2] - 1}
				}
				return release{v[0], v[1] - 1, 99}
			}
			check(since.stable, "", false)
			check(before(since.stable), "", true)
			if since.labs != (release{}) {
				check(since.labs, "-labs", false)
				check(before(since.labs), "-labs", true)
			}
			if _, known := flagTable()[name]; !known || !slices.Contains(FlagNames(name), flag) {
				t.Errorf("%s has no flag %s", name, flag)
			}
		}
	}
}

func TestModifiers(t *testing.T) {
	for text, want := range map[string]string{
		`${a}`: "}", `${a:-b}`: ":", `"${a-b}"`: "-", `'${a-b}'`: "", `"'${a%b}'"`: "%", `\${a#b}`: "", `${a`: "",
		`${a/b/c}${d+e}`: "/+", `'a'${b#c}'d'`: "#", `${}`: "", `$a#b`: "",
	} {
		var got strings.Builder
		for m := range modifiers(text, '\\') {
			got.WriteByte(m)
		}
		if got.String() != want {
			t.Errorf("%s: %q, want %q", text, got.String(), want)
		}
	}
}
