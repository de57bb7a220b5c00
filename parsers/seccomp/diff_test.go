package seccomp

import (
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/source"
)

func BenchmarkDiff(b *testing.B) {
	docker, podman := readProfile(b, "docker"), readProfile(b, "podman")
	text := string(docker.Source.Bytes)
	edited := func(old, new string) *Profile {
		if !strings.Contains(text, old) {
			b.Fatalf("no %s", old)
		}
		return Parse(source.NewFile("p.json", []byte(strings.Replace(text, old, new, 1))))
	}
	for _, bb := range []struct {
		name     string
		old, new *Profile
	}{
		{"itself", docker, docker},
		{"small", docker, edited(`"accept",`, ``)},
		{"border", docker, edited(`"accept",`, `"accept", "rseq_slice_yield",`)},
		{"default", docker, edited(`"defaultErrnoRet": 1,`, `"defaultErrnoRet": 38,`)},
		{"podman", docker, podman},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Diff(bb.old, bb.new, Targets{})
			}
		})
	}
}
