package packs_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// inMemory returns the workspace of files by their path below its root.
func inMemory(t testing.TB, texts map[string]string) *workspace.Workspace {
	t.Helper()
	all := map[string][]byte{"/project/.git/HEAD": []byte("ref: refs/heads/main\n")}
	for name, text := range texts {
		all["/project/"+name] = []byte(text)
	}
	ws, err := rules.Load(workspace.Options{Dir: "/project", Files: files.Memory(all)})
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

// fixAll returns files with all fixes of a run.
func fixAll(t *testing.T, set *rules.Set, texts map[string]string, unsafe bool) (map[string]string, *rules.FixResult) {
	t.Helper()
	result := rules.Fix(inMemory(t, texts), set, rules.FixOptions{Unsafe: unsafe})
	after := maps.Clone(texts)
	for _, f := range result.Files {
		after[f.File.Path] = string(f.After)
	}
	return after, result
}

// TestFixLinkedOnce fixes files of which one fix makes another one necessary: in one run.
func TestFixLinkedOnce(t *testing.T) {
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name         string
		unsafe       bool
		before, want map[string]string
	}{
		{
			"what is appended to a copy becomes readable", false,
			map[string]string{
				"Dockerfile": "FROM nixos/nix\nCOPY nix.conf /etc/nix/nix.conf\n" +
					"RUN echo 'cores=4' >> /etc/nix/nix.conf\n",
				"nix.conf": "max-jobs = 3",
			},
			map[string]string{
				"Dockerfile": "FROM nixos/nix\nCOPY nix.conf /etc/nix/nix.conf\n" +
					"RUN echo 'cores = 4' >> /etc/nix/nix.conf\n",
				"nix.conf": "max-jobs = 3\n",
			},
		},
		{
			"an instruction becomes one that copies", true,
			map[string]string{
				"Dockerfile": "FROM nixos/nix\nCOPPY nix.conf /etc/nix/nix.conf\n" +
					"RUN echo 'cores = 4' >> /etc/nix/nix.conf\n",
				"nix.conf": "max-jobs = 3",
			},
			map[string]string{
				"Dockerfile": "FROM nixos/nix\nCOPY nix.conf /etc/nix/nix.conf\n" +
					"RUN echo 'cores = 4' >> /etc/nix/nix.conf\n",
				"nix.conf": "max-jobs = 3\n",
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, result := fixAll(t, set, tt.before, tt.unsafe)
			for name, want := range tt.want {
				if got[name] != want {
					t.Errorf("%s is %q, want %q", name, got[name], want)
				}
			}
			for _, r := range result.Rejected {
				t.Errorf("%s: %s was rejected: %s", r.File.Path, r.Title, r.Reason)
			}
		})
	}
}

// linkedParts are the lines of which TestFixLinkedTwice makes files that influence each other.
var linkedParts = map[string][]string{
	"Dockerfile": {
		"COPY nix.conf /etc/nix/nix.conf", "COPPY nix.conf /etc/nix/nix.conf", "COPY extra.conf /etc/nix/extra.conf",
		"COPY --chown=0:0 nix.conf extra.conf /etc/nix/", "COPY setup.sh /setup.sh", "RUN /setup.sh", "RUN sh setup.sh",
		"RUN echo 'cores=4' >> /etc/nix/nix.conf", "RUN echo 'experimental-feature = flakes' >> /etc/nix/nix.conf",
		"RUN printf 'max-jobs = 4' >> /etc/nix/nix.conf", "RUN echo '!include extra.conf' >> /etc/nix/nix.conf",
		"RUN nix-env -iA nixpkgs.hello", "RUN nix build nixpkgs#hello", "RNU nix-build", "ENV NIX_CONFIG='cores=x'",
		"ENV NIX_CONFIG='sandbox = flase'", "RUN echo 'filter-syscalls = false' >> /etc/nix/nix.conf",
		"FROM debian:12 AS other", "RUN --network=host nix-build",
	},
	"nix.conf": {
		"cores=4\n", "cores = 4\n", "cores = 4", "max-jobs = 3", "!include extra.conf\n", "include extra.conf\n",
		"experimental-feature = nix-command flakes\n", "experimental-features = nix-command\n", "sandbox = flase\n",
		"substituters = https://a.example.org https://a.example.org\n", "filter-syscalls = false\n", "cores 3\n",
		"extra-substituters = http://b.example.org\n", "substituters = https://cache.nixos.org\n",
	},
	"extra.conf": {
		"cores=5\n", "max-jobs = 2", "sandbox = false\n", "experimental-features = flakes\n", "keep-output = true\n",
		"!include nix.conf\n",
	},
	"setup.sh": {
		"echo 'cores=6' >> /etc/nix/nix.conf", "nix-env -iA nixpkgs.git",
		"cat > /etc/nix/nix.conf <<EOF\nmax-job = 3\nEOF", "printf 'sandbox = flase' >> /etc/nix/nix.conf",
	},
}

// linkedFiles returns random files that influence each other.
func linkedFiles(r *rand.Rand) map[string]string {
	texts := map[string]string{}
	pick := func(name string, most int) string {
		var b strings.Builder
		for range 1 + r.IntN(most) {
			line := linkedParts[name][r.IntN(len(linkedParts[name]))]
			b.WriteString(line)
			if name == "Dockerfile" || name == "setup.sh" {
				b.WriteString("\n")
			}
		}
		return b.String()
	}
	texts["Dockerfile"] = "FROM nixos/nix:2.24.0\n" + pick("Dockerfile", 6)
	texts["nix.conf"] = pick("nix.conf", 4)
	if r.IntN(2) == 0 {
		texts["extra.conf"] = pick("extra.conf", 3)
	}
	if r.IntN(2) == 0 {
		texts["setup.sh"] = "#!/bin/sh\n" + pick("setup.sh", 3)
	}
	if r.IntN(3) == 0 {
		texts["other/Dockerfile"] = "FROM nixos/nix:2.24.0\nCOPY nix.conf /etc/nix/nix.conf\n" + pick("Dockerfile", 3)
	}
	return texts
}

// TestFixLinkedTwice fixes random files that influence each other: a second run changes nothing, and what the first one
// says of the files afterwards is what is found in them.
func TestFixLinkedTwice(t *testing.T) {
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	times := 40
	if heavytest.On() {
		times = 2000
	}
	for seed := range uint64(times) {
		texts := linkedFiles(rand.New(rand.NewPCG(seed, 26)))
		for _, unsafe := range []bool{false, true} {
			after, result := fixAll(t, set, texts, unsafe)
			again, second := fixAll(t, set, after, unsafe)
			if !maps.Equal(after, again) {
				t.Errorf("seed %d: a second run changes more:\n%s\n==>\n%s\n==>\n%s", seed, show(texts), show(after),
					show(again))
			}
			if want, got := messages(second.After), messages(result.After); want != got {
				t.Errorf("seed %d: the first run says that these findings are left:\n%sbut it is\n%s", seed, got, want)
			}
			for _, r := range result.Rejected {
				if r.Rule == nil {
					t.Errorf("seed %d: %s: %s", seed, r.Title, r.Reason)
				}
			}
		}
	}
}

func show(texts map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		fmt.Fprintf(&b, "-- %s --\n%s\n", name, texts[name])
	}
	return b.String()
}

func messages(result *rules.Result) string {
	var b strings.Builder
	for _, f := range result.Findings {
		p := f.File.Position(f.Span.Start)
		fmt.Fprintf(&b, "%s:%d:%d %s %s: %s\n", f.File.Path, p.Line, p.Column, f.Severity, f.Rule.ID, f.Message)
	}
	return b.String()
}
