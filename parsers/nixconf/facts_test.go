package nixconf

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/nixconf/reach"
)

func v(t testing.TB, s string) Version {
	t.Helper()
	out, err := ParseVersion(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func targets(t testing.TB, specs ...string) Targets {
	t.Helper()
	var out Targets
	for _, s := range specs {
		d, r, _ := strings.Cut(s, " ")
		target, err := ParseTarget(d, r)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, target)
	}
	return out
}

func TestParseVersion(t *testing.T) {
	for in, want := range map[string]string{"2.24": "2.24", "2.24.0": "2.24", "2.24.1": "2.24.1", "v3.1.0": "3.1",
		"HEAD": "HEAD", "head": "HEAD", "2.25.0pre20240930_abc": "2.25", "2.4pre1": "2.4", "2.93.3-1": "2.93.3"} {
		if got, err := ParseVersion(in); err != nil || got.String() != want {
			t.Errorf("%q: %v, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "2", "two", "2.", "2.x", "2.24.", "2.24.1.5", "2.24 ", "-2.4", "2.24x",
		"99999999999999999999.1"} {
		if got, err := ParseVersion(in); err == nil {
			t.Errorf("%q is taken as %v", in, got)
		}
	}
	order := []string{"2.3", "2.4", "2.4.1", "2.18", "2.90", "3.0", "3.22", "HEAD"}
	for i, a := range order {
		for j, b := range order {
			if got, want := v(t, a).Compare(v(t, b)), compareInts(i, j); got != want {
				t.Errorf("%s compared with %s: %d", a, b, got)
			}
		}
	}
}

func compareInts(a, b int) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func TestParseTarget(t *testing.T) {
	for _, c := range []struct{ d, s, want string }{
		{"nix", "2.24", "Nix 2.24"},
		{"nix", "2.24.1", "Nix 2.24.1"},
		{"nix", "2.18..2.34", "Nix 2.18 to 2.34"},
		{"nix", "2.30..", "Nix 2.30 to 2.36"},
		{"nix", "..2.4", "Nix 2.0 to 2.4"},
		{"lix", "latest", "Lix 2.96"},
		{"lix", "2.93..HEAD", "Lix 2.93 to HEAD"},
		{"determinate", "v3.1.0", "Determinate Nix 3.1"},
	} {
		got, err := ParseTarget(c.d, c.s)
		if err != nil || got.String() != c.want {
			t.Errorf("%s %q: %s, %v; want %s", c.d, c.s, got, err, c.want)
		}
	}
	for _, c := range []struct{ d, s, want string }{
		{"guix", "1.4", "possible are nix, lix, determinate"},
		{"nix", "", "possible are releases from 2.0 to 2.36"},
		{"nix", "..", "possible are"},
		{"nix", "2.99", "possible are"},
		{"nix", "1.11", "possible are"},
		{"lix", "2.24", "Lix 2.24 is not known; possible are releases from 2.90 to 2.96, HEAD, or a range such as " +
			"2.93..2.96"},
		{"nix", "2.34..2.18", "ends before it begins"},
		{"nix", "new", "not a version"},
	} {
		if got, err := ParseTarget(c.d, c.s); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %q: %v, %v; want error with %q", c.d, c.s, got, err, c.want)
		}
	}
	r := targets(t, "nix 2.18..2.20")[0]
	if got := r.Releases(); !slices.Equal(got, []Version{{2, 18, 0}, {2, 19, 0}, {2, 20, 0}}) {
		t.Errorf("releases %v", got)
	}
	for s, want := range map[string]bool{"2.17.9": false, "2.18": true, "2.20.9": true, "2.21": false, "HEAD": false} {
		if r.Contains(Nix, v(t, s)) != want {
			t.Errorf("%s in %s: %v", s, r, !want)
		}
	}
	if r.Contains(Lix, v(t, "2.18")) || !DefaultTargets().Contains(Nix, Head()) {
		t.Error("wrong distribution, or HEAD is beyond the newest release")
	}
	if got, want := DefaultTargets().String(),
		"Nix 2.18 to 2.36, Lix 2.90 to 2.96 and Determinate Nix 3.0 to 3.22"; got != want {
		t.Errorf("default targets %q", got)
	}
}

func TestLookup(t *testing.T) {
	for _, c := range []struct {
		d       Distribution
		v, name string
		want    string // canonical name, flags, kind; "" for none
	}{
		{Nix, "2.24", "cores", "cores int"},
		{Nix, "2.24", "build-cores", "cores alias int"},
		{Nix, "2.24", "extra-substituters", "substituters extra list"},
		{Nix, "2.34", "extra-substituters", "substituters extra urls"},
		{Nix, "2.24", "extra-binary-caches", "substituters alias extra list"},
		{Nix, "2.3", "extra-substituters", "extra-substituters list"},
		{Nix, "2.3", "extra-trusted-users", ""},
		{Nix, "2.4", "extra-trusted-users", "trusted-users extra list"},
		{Nix, "2.24", "extra-cores", ""},
		{Nix, "2.24", "extra-builders", ""},
		{Nix, "2.24", "extra-platforms", "extra-platforms set"},
		{Nix, "2.24", "extra-extra-platforms", "extra-platforms extra set"},
		{Nix, "2.32", "extra-plugin-files", "plugin-files extra list"},
		{Nix, "2.33", "extra-plugin-files", ""},
		{Nix, "2.33", "extra-allowed-impure-host-deps", "allowed-impure-host-deps extra set"},
		{Nix, "2.34", "extra-allowed-impure-host-deps", ""},
		{Nix, "2.12", "repeat", "repeat int"},
		{Nix, "2.13", "repeat", ""},
		{Nix, "2.22", "commit-lockfile-summary", "commit-lockfile-summary string"},
		{Nix, "2.23", "commit-lockfile-summary", "commit-lock-file-summary alias string"},
		{Nix, "2.34", "download-attempts", "download-attempts int"},
		{Nix, "2.35", "download-attempts", "filetransfer-retry-attempts alias int"},
		{Nix, "HEAD", "build-hook-kill-timeout", "build-hook-kill-timeout int"},
		{Nix, "2.24", "lazy-trees", ""},
		{Determinate, "3.5", "lazy-trees", "lazy-trees bool"},
		{Determinate, "3.4", "lazy-trees", ""},
		{Lix, "2.93", "filter-syscalls", ""},
		{Lix, "2.95", "log-format", "log-format enum"},
		{Nix, "2.24", "Cores", ""},
		{Nix, "2.24", "", ""},
		{Nix, "2.24", "extra-", ""},
		{Nix, "1.11", "cores", ""},
		{"guix", "2.24", "cores", ""},
	} {
		f, ok := Lookup(c.d, v(t, c.v), c.name)
		got := ""
		if ok {
			got = f.Name
			if f.Alias {
				got += " alias"
			}
			if f.Extra {
				got += " extra"
			}
			got += " " + string(f.Kind)
		}
		if got != c.want {
			t.Errorf("%s %s %s: %q, want %q", c.d, c.v, c.name, got, c.want)
		}
	}
}

func TestFacts(t *testing.T) {
	get := func(d Distribution, version, name string) Facts {
		f, ok := Lookup(d, v(t, version), name)
		if !ok {
			t.Fatalf("no %s", name)
		}
		return f
	}
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"connect-timeout 2.28", get(Nix, "2.28", "connect-timeout").Default, "0"},
		{"connect-timeout 2.29", get(Nix, "2.29", "connect-timeout").Default, "5"},
		{"connect-timeout 2.32", get(Nix, "2.32", "connect-timeout").Default, "15"},
		{"sandbox", get(Nix, "2.24", "sandbox").Default, "true"},
		{"sandbox on macOS", get(Nix, "2.24", "sandbox").DarwinDefault, "false"},
		{"sandbox values", get(Nix, "2.24", "sandbox").Enum, []string{"true", "relaxed", "false"}},
		{"cores 2.30", get(Nix, "2.30", "cores").HasDefault, false},
		{"cores 2.31", get(Nix, "2.31", "cores").HasDefault, true},
		{"users group", get(Nix, "2.31", "build-users-group").HasDefault, false},
		{"suffixes 2.22", get(Nix, "2.22", "min-free").Suffixes, false},
		{"suffixes 2.23", get(Nix, "2.23", "min-free").Suffixes, true},
		{"suffixes of Lix", get(Lix, "2.95", "min-free").Suffixes, false},
		{"gate 2.15", get(Nix, "2.15", "accept-flake-config").Gate, ""},
		{"gate 2.16", get(Nix, "2.16", "accept-flake-config").Gate, "flakes"},
		{"gate of Determinate", get(Determinate, "3.0", "accept-flake-config").Gate, ""},
		{"platforms", get(Nix, "2.24", "filter-syscalls").Platforms, []string{"linux"}},
		{"flake registry", get(Nix, "2.24", "flake-registry").Default,
			"https://channels.nixos.org/flake-registry.json"},
		{"deprecated", get(Nix, "2.34", "warn-short-path-literals").Replacement, "lint-short-path-literals"},
		{"signed", get(Nix, "2.24", "timeout").Signed, true},
		{"bits", get(Nix, "2.24", "tarball-ttl").Bits, 32},
		{"path before 2.34", get(Nix, "2.33", "netrc-file").AllowRelative, true},
		{"path since 2.34", get(Nix, "2.34", "netrc-file").AllowRelative, false},
		{"nar-buffer-size", get(Lix, "2.93", "nar-buffer-size").Default, "33554432"},
		{"trusted-users of Lix", get(Lix, "2.93", "trusted-users").Default, "root"},
	} {
		if d := cmp.Diff(c.want, c.got); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.what, d)
		}
	}
}

func TestKnown(t *testing.T) {
	def := DefaultTargets()
	old := targets(t, "nix 2.8..2.18")
	for _, c := range []struct {
		name string
		ts   Targets
		want Knowledge
	}{
		{"cores", def, Knowledge{Coverage: All}},
		{"build-cores", def, Knowledge{Coverage: All}},
		{"extra-substituters", def, Knowledge{Coverage: All}},
		{"frobnicate", def, Knowledge{Coverage: None}},
		{"extra-cores", def, Knowledge{Coverage: None}},
		{"repeat", def, Knowledge{Coverage: None, Description: "removed in Nix 2.13"}},
		{"repeat", old, Knowledge{Coverage: Some, Description: "Nix before 2.13",
			Unknown: targets(t, "nix 2.13..2.18")}},
		{"max-substitution-jobs", old,
			Knowledge{Coverage: Some, Description: "Nix 2.16 and later", Unknown: targets(t, "nix 2.8..2.15")}},
		{"filter-syscalls", def,
			Knowledge{Coverage: Some, Description: "Nix and Determinate Nix", Unknown: targets(t, "lix 2.90..2.96")}},
		{"pasta-path", old, Knowledge{Coverage: None, Description: "Lix 2.94 and later"}},
		{"enable-core-dumps", old, Knowledge{Coverage: None, Description: "Lix only"}},
		{"nix-219-compat", old, Knowledge{Coverage: None, Description: "Determinate Nix 3.14 and later"}},
		{"connect-timeout", targets(t, "lix 2.93..2.95"), Knowledge{Coverage: All}},
		{"impersonate-linux-26", targets(t, "lix 2.93..2.95"),
			Knowledge{Coverage: Some, Description: "Lix before 2.95", Unknown: targets(t, "lix 2.95")}},
		{"impersonate-linux-26", targets(t, "lix 2.95"), Knowledge{Coverage: None, Description: "removed in Lix 2.95"}},
		{"extra-plugin-files", targets(t, "nix 2.30.."),
			Knowledge{Coverage: Some, Description: "Nix 2.4 to 2.32", Unknown: targets(t, "nix 2.33..2.36")}},
		{"download-attempts", def, Knowledge{Coverage: All}},
		{"filetransfer-retry-attempts", targets(t, "nix 2.34..2.35"),
			Knowledge{Coverage: Some, Description: "Nix 2.35 and later", Unknown: targets(t, "nix 2.34")}},
		{"lint-url-literals", def,
			Knowledge{Coverage: Some, Description: "Nix 2.34 and later, Determinate Nix 3.19 and later",
				Unknown: targets(t, "nix 2.18..2.33", "lix 2.90..2.96", "determinate 3.0..3.18")}},
	} {
		got := Known(c.name, c.ts)
		if c.want.Unknown == nil && c.want.Coverage == None {
			c.want.Unknown = c.ts
		}
		got.Known = nil
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s for %s (-want +got):\n%s", c.name, c.ts, d)
		}
	}
	if k := Known("max-substitution-jobs", old); k.Known.String() != "Nix 2.16 to 2.18" {
		t.Errorf("known to %s", k.Known)
	}
}

func TestNearest(t *testing.T) {
	def := DefaultTargets()
	for _, c := range []struct {
		name string
		ts   Targets
		want string
	}{
		{"experimental-feature", def, "experimental-features"},
		{"Cores", def, "cores"},
		{"max_jobs", def, "max-jobs"},
		{"trusted-user", def, "trusted-users"},
		{"extra-substituter", def, "extra-substituters"},
		{"extra-trusted-public-key", def, "extra-trusted-public-keys"},
		{"extra-platform", def, "extra-platforms"},
		{"extra-builders", def, "builders"},
		{"substitutors", def, "substituters"},
		{"trusted-substituter", def, "trusted-substituters"},
		{"lazy-tree", def, "lazy-trees"},
		{"lazy-tree", targets(t, "nix 2.24"), ""},
		{"enforce-determinisms", def, ""},
		{"extra-plugin-file", targets(t, "nix 2.35"), "plugin-files"},
		{"completely-else-where", def, ""},
		{"", def, ""},
	} {
		if got := Nearest(c.name, c.ts); got != c.want {
			t.Errorf("%q for %s: %q, want %q", c.name, c.ts, got, c.want)
		}
	}
}

func TestFeatureKnown(t *testing.T) {
	def := DefaultTargets()
	for _, c := range []struct {
		name string
		ts   Targets
		want Knowledge
	}{
		{"flakes", def, Knowledge{Coverage: All}},
		{"nix-command", targets(t, "determinate 3.5"), Knowledge{Coverage: All}},
		{"frob", def, Knowledge{}},
		{"repl-flake", targets(t, "nix 2.24"),
			Knowledge{Description: "removed in Nix 2.22", Change: "part of flakes since Nix 2.19", Stable: All}},
		{"discard-references", targets(t, "nix 2.14..2.24"),
			Knowledge{Coverage: Some, Description: "Nix 2.14 to 2.17", Change: "stable since Nix 2.18", Stable: All}},
		{"no-url-literals", targets(t, "nix 2.34"),
			Knowledge{Description: "removed in Nix 2.34",
				Change:    "the setting lint-url-literals = fatal since Nix 2.34",
				RenamedTo: "the setting lint-url-literals = fatal"}},
		{"ca-references", targets(t, "nix 2.24"), Knowledge{Change: "only in pre-releases of Nix 2.4"}},
		{"pipe-operator", targets(t, "nix 2.24"), Knowledge{Description: "Lix 2.91 and later"}},
		{"recursive-nix", targets(t, "lix 2.95"),
			Knowledge{Description: "removed in Lix 2.93", Change: "removed in Lix 2.93"}},
	} {
		got := FeatureKnown(c.name, c.ts)
		got.Known, got.Unknown = nil, nil
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s for %s (-want +got):\n%s", c.name, c.ts, d)
		}
	}
	for name, want := range map[string]string{"flake": "flakes", "nix_command": "nix-command",
		"nix-commands": "nix-command", "Flakes": "flakes", "ca-derivation": "ca-derivations", "x": ""} {
		if got := NearestFeature(name, def); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	if got := NearestFeature("pipe-operator", targets(t, "nix 2.24")); got != "pipe-operators" {
		t.Errorf("pipe-operator for Nix: %q", got)
	}
}

// TestTables checks what the lookups rely on.
func TestTables(t *testing.T) {
	if !sort.SliceIsSorted(settingTable[:],
		func(i, j int) bool { return settingTable[i].name < settingTable[j].name }) ||
		!sort.SliceIsSorted(featureTable[:],
			func(i, j int) bool { return featureTable[i].name < featureTable[j].name }) {
		t.Error("a table is not sorted")
	}
	for _, s := range settingTable {
		for i, d := range Distributions() {
			spans := s.in[i].spans
			for j, sp := range spans {
				if j > 0 && sp.from != spans[j-1].until || sp.until != (Version{}) && !sp.from.Before(sp.until) ||
					j < len(spans)-1 && sp.until == (Version{}) {
					t.Errorf("%s of %s: spans overlap or have gaps", s.name, d)
				}
				f := s.facts(&sp)
				if f.HasDefault && f.Kind != KindPath {
					if err := CheckValue(f, sp.from, d, f.Default, nil); err != nil {
						t.Errorf("%s of %s %s: the default is wrong: %s", s.name, d, sp.from, err.Message)
					}
				}
				if (f.Kind == KindEnum) != (len(f.Enum) > 1) || (f.Kind == KindInt) != (f.Bits > 0) {
					t.Errorf("%s of %s %s: kind %s with enum %v and %d bits", s.name, d, sp.from, f.Kind, f.Enum,
						f.Bits)
				}
			}
		}
	}
}

// settingsData is data/settings.json, as far as TestData reads it.
type settingsData struct {
	Scanned  map[Distribution]struct{ Releases []string }
	Settings []map[string]json.RawMessage
}

// TestData compares the tables with the data that they are made from: each release has the settings whose spans hold
// it, and every setting says what it reaches.
func TestData(t *testing.T) {
	b, err := os.ReadFile("data/settings.json")
	if err != nil {
		t.Fatal(err)
	}
	var data settingsData
	if err := json.Unmarshal(b, &data); err != nil {
		t.Fatal(err)
	}
	read := func(raw json.RawMessage, to any) {
		if raw == nil {
			return
		}
		if err := json.Unmarshal(raw, to); err != nil {
			t.Fatal(err)
		}
	}
	want := map[Target][]string{}
	for _, s := range data.Settings {
		var name, late string
		var reaches []string
		read(s["name"], &name)
		read(s["late"], &late)
		read(s["reaches"], &reaches)
		if explicit := late == "none"; late == "" || explicit != (len(reaches) == 0) {
			t.Errorf("setting %q has neither phases that it reaches nor an explicit none", name)
		}
		if got := reach.Of(name, ^reach.Phase(0)) != reach.NoEffect; got != (late != "none") {
			t.Errorf("setting %q reaches a command: %v, and the data say %q", name, got, late)
		}
		for d, scanned := range data.Scanned {
			var row struct {
				Spans []struct{ From, Until string }
			}
			read(s[string(d)], &row)
			for _, r := range scanned.Releases {
				release := v(t, r)
				for _, sp := range row.Spans {
					if !release.Before(v(t, sp.From)) && (sp.Until == "" || release.Before(v(t, sp.Until))) {
						target := Target{d, release, release}
						want[target] = append(want[target], name)
					}
				}
			}
		}
	}
	for d, scanned := range data.Scanned {
		for _, r := range scanned.Releases {
			target := Target{d, v(t, r), v(t, r)}
			if diff := cmp.Diff(want[target], d.Settings(target.From)); diff != "" {
				t.Errorf("settings of %s (-want +got):\n%s", target, diff)
			}
		}
	}
}

// TestGenerated checks that the tables are those that the data make.
func TestGenerated(t *testing.T) {
	program := heavytest.Program(t, "go")
	dir := t.TempDir()
	for _, name := range []string{"data/settings.json", "data/features.json", "gen/main.go"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "reach"), 0o777); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "run", "gen/main.go")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, name := range []string{"zsettings.go", "zfeatures.go", "reach/zreach.go"} {
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s is not what its data make; run go generate", name)
		}
	}
}
