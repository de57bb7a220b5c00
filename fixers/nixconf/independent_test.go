package nixconf

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/effective"
	"github.com/sandlint/sandlint/parsers/source"
)

// TestIndependent compares random texts group by group and as a whole: what is the same in groups is the same.
func TestIndependent(t *testing.T) {
	targets := nixconf.DefaultTargets()
	for _, text := range []string{"nix:2.0..2.34", "lix:2.90.."} { // with releases that have other names and gates
		name, versions, _ := strings.Cut(text, ":")
		target, err := nixconf.ParseTarget(name, versions)
		if err != nil {
			t.Fatal(err)
		}
		targets = append(slices.Clip(targets), target)
	}
	all := []string{
		"cores", "max-jobs", "build-cores", "build-max-jobs", "sandbox", "build-use-chroot", "substituters",
		"binary-caches", "extra-substituters", "trusted-substituters", "experimental-features",
		"extra-experimental-features", "auto-allocate-uids", "use-cgroups", "impure-env", "accept-flake-config",
		"flake-registry", "lint-url-literals", "warn-short-path-literals", "allow-dirty", "warn-dirty", "nix-path",
		"unknown", "extra-unknown", "platforms", "extra-platforms", "sandbox-paths", "build-sandbox-paths",
		"system-features", "deprecated-features", "repl-overlays", "netrc-file", "narinfo-cache-negative-ttl",
		"pipe-operators", "keep-outputs", "gc-keep-outputs", "no-url-literals",
	}
	bound := [][]string{ // that depend on each other
		{"cores", "build-cores"}, {"max-jobs", "build-max-jobs"},
		{"substituters", "binary-caches", "extra-substituters"},
		{"experimental-features", "use-cgroups"}, {"experimental-features", "auto-allocate-uids"},
		{"experimental-features", "impure-env"}, {"experimental-features", "extra-experimental-features", "cores"},
		{"sandbox-paths", "extra-sandbox-paths"}, {"keep-outputs", "gc-keep-outputs"}, {"sandbox", "build-use-chroot"},
		{"allow-dirty", "warn-dirty"},
	}
	values := []string{
		"", "true", "false", "0", "3", "x", "/a", "a b", "b a", "flakes nix-command", "cgroups auto-allocate-uids",
		"configurable-impure-env no-url-literals", "https://a.example.org", "https://a.example.org/", "auto", "5K",
	}
	same, tried := 0, 0
	for seed := range heavytest.Times(1500) {
		r := rand.New(rand.NewPCG(uint64(seed), 3))
		names := slices.Clone(bound[r.IntN(len(bound))])
		others := make([]string, 1+r.IntN(3))
		for n := range others {
			others[n] = all[r.IntN(len(all))]
		}
		names = append(names, others...)
		line := func() string { return names[r.IntN(len(names))] + " = " + values[r.IntN(len(values))] }
		var before []string
		for range 5 + r.IntN(8) {
			before = append(before, line())
		}
		after := slices.Clone(before)
		for range 1 + r.IntN(2) {
			at := r.IntN(len(after))
			switch r.IntN(4) {
			case 0:
				after = slices.Delete(after, at, at+1)
			case 1:
				after = slices.Insert(after, at, line())
			case 2:
				other := r.IntN(len(after))
				after[at], after[other] = after[other], after[at]
			default:
				after[at] = line()
			}
		}
		parse := func(lines []string) *nixconf.File {
			text := strings.Join(lines, "\n") + "\n"
			return nixconf.Parse(source.WholeFile(source.NewFile("nix.conf", []byte(text))))
		}
		from, to := parse(before), parse(after)
		var changes fixers.Changes
		if r.IntN(2) == 0 {
			changes = append(changes, Settings{names[0]})
		}
		kind := []effective.SourceKind{effective.SystemFile, effective.CommandLine}[r.IntN(2)]
		d := NewMemory().Declare(append(changes, Rights{}))
		tried++
		if !d.sameInGroups(from, to, kind, targets) {
			continue
		}
		same++
		for _, target := range targets {
			for _, v := range target.Releases() {
				one := NewMemory().release(target.Distribution, v, kind)
				if got := one.compare(from, to, d.settings, false, false); got != "" {
					t.Fatalf("%s %s: %s\n%s\n==>\n%s", target.Distribution, v, got, strings.Join(before, "\n"),
						strings.Join(after, "\n"))
				}
			}
		}
	}
	if same < tried/10 {
		t.Errorf("%d of %d are the same in groups", same, tried)
	}
}
