package nixconf

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/source"
)

// sample is a nix.conf of 40 lines.
const sample = `# Nix of the build machines

build-users-group = nixbld
max-jobs = auto
cores = 0
sandbox = true
sandbox-fallback = false
extra-sandbox-paths = /opt/toolchain /var/cache/ccache

experimental-features = nix-command flakes
accept-flake-config = false
use-xdg-base-directories = true

# caches
substituters = https://cache.nixos.org/ https://nix-community.cachix.org https://cache.example.org
trusted-substituters = https://staging.example.org
trusted-public-keys = cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY= nix-community.cachix.org-1:mB9FSh9qf2dCimDSUo8Zy7bkq5CX+/rkCWyvRCYg3Fs=
connect-timeout = 5
stalled-download-timeout = 60
download-attempts = 3
fallback = true
narinfo-cache-negative-ttl = 60

trusted-users = root @wheel
allowed-users = *

# disk
keep-outputs = false
keep-derivations = true
min-free = 5368709120
max-free = 10737418240
auto-optimise-store = true
fsync-metadata = true

log-lines = 50
show-trace = true
warn-dirty = false
builders-use-substitutes = true
system-features = kvm big-parallel benchmark
access-tokens = github.com=abc gitlab.example.org=PAT:def

!include nix.custom.conf
`

func sampleFragment() *source.Fragment {
	return source.WholeFile(source.NewFile("nix.conf", []byte(sample)))
}

func BenchmarkParse(b *testing.B) {
	fr := sampleFragment()
	b.SetBytes(int64(len(sample)))
	b.ReportAllocs()
	for b.Loop() {
		Parse(fr)
	}
}

func BenchmarkParseLarge(b *testing.B) {
	text := strings.Repeat(sample, 5000)
	fr := source.WholeFile(source.NewFile("nix.conf", []byte(text)))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		Parse(fr)
	}
}

func BenchmarkParseForeign(b *testing.B) {
	var text strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&text, "[section%d]\nName_%d=value with words\nexport X%d=y\n", i, i, i)
	}
	fr := source.WholeFile(source.NewFile("nix.conf", []byte(text.String())))
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		Parse(fr)
	}
}

func BenchmarkKnown(b *testing.B) {
	f := Parse(sampleFragment())
	ts := DefaultTargets()
	b.ReportAllocs()
	for b.Loop() {
		for _, e := range f.Entries {
			Known(e.Name.Text, ts)
		}
	}
}

func BenchmarkNearest(b *testing.B) {
	ts := DefaultTargets()
	b.ReportAllocs()
	for b.Loop() {
		Nearest("extra-substituter", ts)
	}
}

func BenchmarkCheckValue(b *testing.B) {
	f := Parse(sampleFragment())
	v := Version{2, 34, 0}
	b.ReportAllocs()
	for b.Loop() {
		for _, e := range f.Entries {
			if facts, ok := Lookup(Nix, v, e.Name.Text); ok {
				CheckValue(facts, v, Nix, e.Value, e.Words)
			}
		}
	}
}

func BenchmarkCheckValueFor(b *testing.B) {
	f := Parse(sampleFragment())
	ts := DefaultTargets()
	b.ReportAllocs()
	for b.Loop() {
		for _, e := range f.Entries {
			CheckValueFor(ts, e.Name.Text, e.Value, e.Words)
		}
	}
}

func BenchmarkMerge(b *testing.B) {
	f := Parse(sampleFragment())
	v := Version{2, 34, 0}
	b.ReportAllocs()
	for b.Loop() {
		Merge([]Source{{File: f}}, Nix, v)
	}
}
