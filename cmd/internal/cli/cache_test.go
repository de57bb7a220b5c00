package cli

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/rules/cached"
	"github.com/sandlint/sandlint/rules/packs"
)

// cacheTexts are what the files of TestCacheIsInvisible may hold. Each text is made so that a file says something about
// another one.
var cacheTexts = map[string][]string{
	"Dockerfile": {
		"FROM debian:12\nRUN apt-get install curl\nCOPY nix.conf /etc/nix/nix.conf\n",
		"FROM nixos/nix:2.24.9\nCOPY svc/nix.conf /etc/nix/nix.conf\nRUN nix-env -iA nixpkgs.jq\n" +
			"RUN echo 'cores = x' >> /etc/nix/nix.conf\n",
		"FROM --platform=linux/arm64 nixos/nix AS base\nRUN nix-env -iA nixpkgs.git\n" +
			"# sandlint: ignore[nix, dockerfile] until 2026-11-30 later\nRUN apt-get update\n",
		"# sandlint: ignore-file[dockerfile/untagged-image] fine\nFROM debian\nRUN cd /tmp\n" +
			"ADD a.txt /a\nCOPY --from=base /x /y\n",
		"FROM debian:12\nRUN ./build.sh\nCOPY build.sh /b\nRUN --security=insecure make\n" +
			"LABEL io.containers.seccomp.profile='{\"defaultAction\":\"SCMP_ACT_ALOW\"}'\n",
		"FRM debian\n",
	},
	"nix.conf": {
		"experimental-feature = nix-command\n",
		"include ../nix.conf\ncores = 4\ncores = 5\n",
		"include svc/nix.conf\nfilter-syscalls = fals",
		"!include missing.conf\nsubstituters = http://a\n" +
			"# sandlint: ignore[nix/unknown-setting] until 2026-12-01 x\nfoo = 1\n",
		"",
		"max-jobs = \x1b[31m\n",
	},
	"compose.yaml": {
		"services:\n  a:\n    build: .\n    privileged: true\n",
		"services:\n  a:\n" +
			"    build: {context: ., dockerfile: svc/Dockerfile, platforms: [linux/arm64, linux/amd64]}\n" +
			"    security_opt: [\"seccomp=seccomp.json\"]\n",
		"services:\n  a:\n    image: x\n" +
			"    security_opt: [\"seccomp:../seccomp.json\", \"seccomp=unconfined\"]\n" +
			"    environment: {NIX_CONFIG: \"cores = a\"}\n",
	},
	"seccomp.json": {
		`{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["clone", "opn"], "action": "SCMP_ACT_ALLOW"}]}`,
		`{"defaultAction": "SCMP_ACT_ALLOW"}`, `{"defaultAction": 3`, `{}`,
	},
	".dockerignore": {"nix.conf\n", "svc\n", "*\n!build.sh\n"},
	".gitignore":    {"nix.conf\n", "svc/\n", "*.json\n", "\n"},
	".sandlint.hcl": {
		"select = [\"all\"]\n", "ignore = [\"nix\"]\n", "preset = \"strict\"\n", "target {\n  nix = \"2.18\"\n}\n",
		"exclude = [\"svc/**\"]\n", "override {\n  paths = [\"svc/**\"]\n  ignore = [\"dockerfile\"]\n}\n",
		"packs = [\"./pack.hcl\"]\n",
		"packs = [\"./pack.hcl\"]\nselect = [\"own\"]\n",
		"ignores {\n  policy = \"warn\"\n}\n",
		"ignores {\n  require_reason = true\n  longest = \"1d\"\n}\n", "oops {\n",
	},
	"build.sh": {
		"#!/bin/sh\ndocker build -f svc/Dockerfile .\n",
		"#!/bin/sh\nnix --option cores x build\necho 'foo = 1' > nix.conf\n",
		"#!/bin/sh\ndocker run --privileged --security-opt seccomp=seccomp.json x\n",
	},
	"docker-bake.hcl": {
		"target \"a\" {\n  dockerfile = \"svc/Dockerfile\"\n  platforms = [\"linux/arm64\"]\n}\n",
		"target \"a\" {\n  entitlements = [\"security.insecure\"]\n}\n",
	},
	"ci.yml": {
		"on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n" +
			"      - uses: docker/build-push-action@v6\n" +
			"        with: {platforms: linux/arm64, file: svc/Dockerfile}\n",
		"on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n" +
			"      - run: docker run --privileged x\n",
	},
	"daemon.json": {`{"seccomp-profile": "/etc/x.json", "userns-remap": "default"}`, `{"default-runtime": "runsc"}`},
	"pod.yaml": {
		"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n" +
			"    image: x\n" +
			"    securityContext: {privileged: true, seccompProfile: {type: Localhost, " +
			"localhostProfile: seccomp.json}}\n",
	},
	"a.kube":   {"[Kube]\nYaml=pod.yaml\n", "[Kube]\nYaml=svc/pod.yaml\n"},
	"pack.hcl": nil, // see cachePacks
}

var cachePacks = []string{
	`pack "own" {
  version = "1.0.0"
}
rule "image" {
  summary = "images are counted"
  on      = dockerfile.from
  when    = !node.is_stage
  at      = node.image
  message = "the image ${node.image}"
}
`,
	`pack "own" {
  version = "1.0.1"
}
rule "setting" {
  summary = "settings are counted"
  on      = nix.setting
  when    = node.name == "cores" && tonumber(node.value) > 4
  message = "the setting ${node.name}"
}
`,
	`pack "own" {
`,
}

// cachePaths are the paths of TestCacheIsInvisible, each with the name of its texts.
var cachePaths = [][2]string{
	{"Dockerfile", "Dockerfile"}, {"svc/Dockerfile", "Dockerfile"}, {"nix.conf", "nix.conf"},
	{"svc/nix.conf", "nix.conf"}, {"compose.yaml", "compose.yaml"}, {"svc/compose.yaml", "compose.yaml"},
	{"seccomp.json", "seccomp.json"}, {"svc/seccomp.json", "seccomp.json"}, {".dockerignore", ".dockerignore"},
	{".gitignore", ".gitignore"}, {".sandlint.hcl", ".sandlint.hcl"}, {"svc/.sandlint.hcl", ".sandlint.hcl"},
	{"build.sh", "build.sh"}, {"svc/build.sh", "build.sh"}, {"docker-bake.hcl", "docker-bake.hcl"},
	{".github/workflows/ci.yml", "ci.yml"}, {"etc/docker/daemon.json", "daemon.json"}, {"pod.yaml", "pod.yaml"},
	{"svc/pod.yaml", "pod.yaml"}, {"a.kube", "a.kube"}, {"pack.hcl", "pack.hcl"}, {"svc/.git/HEAD", ".gitignore"},
	{"svc/Dockerfile.dockerignore", ".dockerignore"}, {"missing.conf", "nix.conf"},
}

// cacheEdit changes one thing in a folder, and returns what.
func cacheEdit(t *testing.T, r *rand.Rand, dir string) string {
	t.Helper()
	pick := func() (string, string, string) {
		p := cachePaths[r.IntN(len(cachePaths))]
		if r.IntN(2) == 0 {
			p = cachePaths[r.IntN(8)] // those that matter most
		}
		return p[0], filepath.Join(dir, filepath.FromSlash(p[0])), p[1]
	}
	name, path, kind := pick()
	_ = os.MkdirAll(filepath.Dir(path), 0o755)
	write := func(text string) {
		_ = os.RemoveAll(path)
		_ = os.WriteFile(path, []byte(text), 0o644|os.FileMode(0o111*r.IntN(2))) // its folder may be a file
	}
	switch r.IntN(12) {
	case 0, 1:
		_ = os.RemoveAll(path)
		return "remove " + name
	case 2:
		other, to, _ := pick()
		_ = os.MkdirAll(filepath.Dir(to), 0o755)
		_ = os.Rename(path, to)
		return "rename " + name + " to " + other
	case 3:
		targets := []string{"nix.conf", "../nix.conf", "svc", "Dockerfile", "missing", "../../../../../../etc/passwd"}
		target := targets[r.IntN(len(targets))]
		_ = os.RemoveAll(path)
		_ = os.Symlink(target, path)
		return "link " + name + " to " + target
	case 4:
		_ = os.RemoveAll(path)
		_ = os.Mkdir(path, 0o755)
		return "make the folder " + name
	case 5:
		if r.IntN(4) == 0 {
			_ = os.RemoveAll(filepath.Join(dir, "svc"))
			return "remove svc"
		}
	case 6:
		b, _ := os.ReadFile(path)
		if len(b) > 0 {
			b[r.IntN(len(b))] = byte(r.IntN(256))
		}
		write(string(b))
		return "change a byte of " + name
	}
	texts := cacheTexts[kind]
	if kind == "pack.hcl" {
		texts = cachePacks
	}
	n := r.IntN(len(texts))
	write(texts[n])
	return fmt.Sprintf("write %s %d", name, n)
}

// TestCacheIsInvisible edits a small repository at random, and checks after each edit that a run with a cache, which
// all edits share, prints what a run without prints: the same bytes, in every format, with the same warnings and the
// same exit status. The repository also moves, and stops being one.
func TestCacheIsInvisible(t *testing.T) {
	edits := 80
	if heavytest.On() {
		edits = 3000 // about a minute of CPU time
	}
	if n, err := strconv.Atoi(os.Getenv("SANDLINT_EDITS")); err == nil {
		edits = n
	}
	dir := write(t, map[string]string{"Dockerfile": cacheTexts["Dockerfile"][1], "nix.conf": "cores = 1\n"})
	elsewhere := filepath.Join(t.TempDir(), "deeper", "down")
	if err := os.Mkdir(filepath.Dir(elsewhere), 0o755); err != nil {
		t.Fatal(err)
	}
	store := &memoryStore{keyed: map[string][][]byte{}, values: map[string][]byte{}}
	programs := t.TempDir()
	for _, name := range []string{"a", "b"} {
		if err := os.WriteFile(filepath.Join(programs, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	formats := []string{"text", "json", "compact", "sarif", "github", "gitlab", "markdown", "checkstyle", "junit"}
	choices := [][]string{
		nil, {"-v"}, {"--no-ignores"}, {"--select", "all"}, {"--target", "nix=2.18"}, {"--only", "nix"},
		{"--ignore", "nix"},
		{"--no-config"}, {"--no-gitignore"}, {"svc"}, {"Dockerfile", "nix.conf"}, {"--target", "platform=linux/arm64"},
	}
	r := rand.New(rand.NewPCG(1, 2))
	args, program, format := []string{"-v"}, "a", "text"
	day := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	var history []string
	checked, broken := 0, false
	for range edits {
		switch n := r.IntN(20); {
		case n == 0:
			args = choices[r.IntN(len(choices))]
			history = append(history, fmt.Sprint(args))
		case n == 1:
			program = []string{"a", "b"}[r.IntN(2)]
			history = append(history, "program "+program)
		case n == 2:
			day = time.Date(2026, 11, 29+r.IntN(4), r.IntN(24), 0, 0, 0, time.UTC)
			history = append(history, day.String())
		case n < 6:
			format = formats[r.IntN(len(formats))]
		case n == 6:
			if err := os.Rename(dir, elsewhere); err != nil {
				t.Fatal(err)
			}
			dir, elsewhere = elsewhere, dir
			history = append(history, "move to "+dir)
		case n == 7 && r.IntN(2) == 0:
			if os.Rename(filepath.Join(dir, ".git"), filepath.Join(dir, "no-git")) != nil {
				_ = os.Rename(filepath.Join(dir, "no-git"), filepath.Join(dir, ".git"))
			}
			history = append(history, "make a repository, or none")
		default:
			history = append(history, cacheEdit(t, r, dir))
		}
		if broken && r.IntN(2) == 0 { // else most runs would end there
			for _, name := range []string{".sandlint.hcl", "svc/.sandlint.hcl"} {
				_ = os.RemoveAll(filepath.Join(dir, name))
			}
			args = nil
		}
		run := func(cache ...string) string {
			a, stdout, stderr := testApp(dir, nil)
			a.packs, a.now = packs.All, func() time.Time { return day }
			a.openStore = func(string, string) (resultStore, error) { return store, nil }
			a.executable = func() (string, error) { return filepath.Join(programs, program), nil }
			status := a.run(slices.Concat([]string{"check", "--format", format}, cache, args))
			return fmt.Sprintf("%d\n%s\n%s", status, stdout, stderr)
		}
		want, got := run(), run("--cache", "../memory")
		if broken = want[0] == '2'; !broken {
			checked++
		}
		if got != want {
			last := strings.Join(history[max(0, len(history)-8):], "; ")
			t.Fatalf("after %s, with the format %s and the arguments %q\n%s", last, format, args,
				firstDifference(want, got))
		}
	}
	// A process may run many checks; none of them keeps the files of the one before it.
	runtime.GC()
	runtime.GC()
	if open, err := os.ReadDir("/proc/self/fd"); err == nil && len(open) > 200 {
		t.Errorf("%d open files after %d edits", len(open), edits)
	}
	// The test is worth something where most runs check files, and results are used again.
	if t.Logf("%d edits, %d runs that checked something; of %d files %d were checked", edits, checked, store.asked,
		store.kept); checked < edits/2 || store.kept > store.asked*2/3 {
		t.Error("too few results were used again")
	}
}

// TestCacheMoves checks that a repository in another folder has the results of the first.
func TestCacheMoves(t *testing.T) {
	texts := map[string]string{
		"Dockerfile": cacheTexts["Dockerfile"][0], "svc/Dockerfile": cacheTexts["Dockerfile"][1],
		"svc/nix.conf": cacheTexts["nix.conf"][1], "nix.conf": "cores = x\n",
		"compose.yaml": cacheTexts["compose.yaml"][1], "seccomp.json": cacheTexts["seccomp.json"][0],
		".sandlint.hcl": "override {\n  paths = [\"svc/**\"]\n  ignore = [\"dockerfile\"]\n}\n",
		"a.kube":        "[Kube]\nYaml=pod.yaml\n", "pod.yaml": cacheTexts["pod.yaml"][0],
	}
	store := &memoryStore{keyed: map[string][][]byte{}, values: map[string][]byte{}}
	run := func(dir string, args ...string) string {
		a, stdout, stderr := testApp(dir, nil)
		a.packs = packs.All
		a.openStore = func(string, string) (resultStore, error) { return store, nil }
		status := a.run(append([]string{"check", "--format", "json"}, args...))
		return fmt.Sprintf("%d\n%s\n%s", status, stdout, stderr)
	}
	first := run(write(t, texts), "--cache", "../memory")
	kept := store.kept
	dir := write(t, texts)
	second := run(dir, "--cache", "../memory")
	if first != second || second != run(dir) || !strings.HasPrefix(second, "1\n") {
		t.Errorf("another output:\n%s\n%s", first, second)
	}
	if kept < 5 || store.kept != kept {
		t.Errorf("%d results were stored, and %d in another folder", kept, store.kept-kept)
	}
}

// memoryStore is a cached.Store in memory that counts what is asked of it.
type memoryStore struct {
	keyed       map[string][][]byte
	values      map[string][]byte
	asked, kept int
}

func (s *memoryStore) Get(keys []string) [][][]byte {
	s.asked += len(keys)
	out := make([][][]byte, len(keys))
	for n, key := range keys {
		out[n] = s.keyed[key]
	}
	return out
}

func (s *memoryStore) Value(hash string) []byte { return s.values[hash] }

func (s *memoryStore) Put(list []cached.Value) {
	for _, v := range list {
		if v.Key == "" {
			s.values[cached.Hash(v.Bytes)] = v.Bytes
			continue
		}
		s.kept++
		all := append([][]byte{v.Bytes}, s.keyed[v.Key]...)
		s.keyed[v.Key] = all[:min(len(all), 8)]
	}
}

func (s *memoryStore) Close() error { return nil }

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for n := range w {
		if n >= len(g) || w[n] != g[n] {
			return fmt.Sprintf("line %d\nwithout: %s\nwith:    %s", n+1, strings.Join(w[n:min(n+3, len(w))], "\n"),
				strings.Join(g[min(n, len(g)):min(n+3, len(g))], "\n"))
		}
	}
	return "with the cache there is more:\n" + strings.Join(g[len(w):], "\n")
}
