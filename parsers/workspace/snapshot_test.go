package workspace

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/nixuse"
)

// cores returns the value of "cores" at the end of the last stage of the first Dockerfile of a workspace, "?" where it
// is not known.
func cores(t *testing.T, w *Workspace) string {
	t.Helper()
	for _, e := range w.Entries {
		if e.Kind != files.KindDockerfile {
			continue
		}
		doc, err := w.Open(e)
		if err != nil {
			t.Fatal(err)
		}
		value, certain := doc.Nix.Images[len(doc.Nix.Images)-1].SettingsBefore(nil).Value("cores")
		if !certain {
			return "?"
		}
		return value
	}
	t.Fatal("there is no Dockerfile")
	return ""
}

func loaded(t *testing.T, dir string) *Workspace {
	t.Helper()
	w, err := Load(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestNeighbourChanges changes a file that a Dockerfile copies: opening the Dockerfile again sees it, a snapshot only
// after Changed.
func TestNeighbourChanges(t *testing.T) {
	dir := makeTree(t, map[string]string{
		".git/":      "",
		"Dockerfile": "FROM nixos/nix\nCOPY nix.conf /etc/nix/nix.conf\n",
		"nix.conf":   "cores = 1\n",
	})
	w := loaded(t, dir)
	snapshot := w.Snapshot()
	if got := cores(t, w) + cores(t, snapshot); got != "11" {
		t.Fatal(got)
	}
	conf := filepath.Join(dir, "nix.conf")
	if err := os.WriteFile(conf, []byte("cores = 7\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := cores(t, w); got != "7" {
		t.Errorf("opened again: cores = %s", got)
	}
	if got := cores(t, snapshot); got != "1" {
		t.Errorf("a snapshot sees the change: cores = %s", got)
	}
	snapshot.Changed(conf)
	if got := cores(t, snapshot); got != "7" {
		t.Errorf("a snapshot after Changed: cores = %s", got)
	}
	if err := os.Remove(conf); err != nil {
		t.Fatal(err)
	}
	if got := cores(t, w); got != "?" {
		t.Errorf("the file is gone: cores = %s", got)
	}
}

// TestOneRun changes files after loading: the snapshots of one run do not see it, before Changed.
func TestOneRun(t *testing.T) {
	dir := makeTree(t, map[string]string{
		".git/":      "",
		"Dockerfile": "FROM nixos/nix\nCOPY nix.conf /etc/nix/nix.conf\n",
		"nix.conf":   "cores = 1\n",
	})
	w, err := Load(Options{Dir: dir, OneRun: true})
	if err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "nix.conf")
	if err := os.WriteFile(conf, []byte("cores = 7\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	fixed := w.With(map[string][]byte{conf: []byte("cores = 3\n")})
	if got := cores(t, w) + cores(t, w.Snapshot()) + cores(t, fixed) + cores(t, fixed.Snapshot()); got != "1133" {
		t.Errorf("before Changed: %s", got)
	}
	w.Changed()
	if got := cores(t, w) + cores(t, w.Snapshot()); got != "77" {
		t.Errorf("after Changed: %s", got)
	}
}

// TestOverlayIsWhole reads, lists and describes files that only an overlay holds like those on disk.
func TestOverlayIsWhole(t *testing.T) {
	dir := makeTree(t,
		map[string]string{".git/": "", "img/Dockerfile": "FROM nixos/nix\nCOPY cfg /etc/nix/\nRUN nix-build\n"})
	at := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	w := loaded(t, dir)
	for _, on := range []*Workspace{w, w.Snapshot()} {
		if got := cores(t, on); got != "0" {
			t.Errorf("without the overlay: cores = %s", got)
		}
		if got := cores(t, on.With(map[string][]byte{at("img/cfg/nix.conf"): []byte("cores = 3\n")})); got != "3" {
			t.Errorf("a folder that the overlay alone has: cores = %s", got)
		}
		// A workflow that only the overlay holds is found by listing its folder.
		doc, err := on.With(map[string][]byte{at(".github/workflows/ci.yml"): []byte(emulatedWorkflow)}).Open(
			on.Entries[0])
		if err != nil {
			t.Fatal(err)
		}
		platforms := doc.Dockerfile.Images[0].Platforms()
		if len(platforms) != 2 || !platforms[1].Emulated {
			t.Errorf("platforms by a workflow of the overlay: %+v", platforms)
		}
	}
}

const emulatedWorkflow = `on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: docker/setup-qemu-action@v3
      - uses: docker/build-push-action@v6
        with: {context: img, platforms: "linux/amd64,linux/arm64"}
`

// TestMemory finds and opens files that no disk has.
func TestMemory(t *testing.T) {
	dir, err := filepath.Abs("nowhere")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string][]byte{}
	for name, text := range map[string]string{
		"Dockerfile":     "FROM nixos/nix\nCOPY conf/nix.conf setup.sh /etc/nix/\nRUN /etc/nix/setup.sh\n",
		"conf/nix.conf":  "include more.conf\n",
		"conf/more.conf": "sandbox = false\n", "setup.sh": "#!/bin/sh\necho cores = 5 >> /etc/nix/nix.conf\n",
		".git/HEAD": "", "ignored/nix.conf": "cores = 9\n",
		".gitignore": "ignored\n", "docker/seccomp.json": profileText,
		"compose.yaml": "services:\n  a:\n    security_opt: [\"seccomp=docker/seccomp.json\"]\n",
	} {
		texts[filepath.Join(dir, filepath.FromSlash(name))] = []byte(text)
	}
	w, err := Load(Options{Dir: dir, Files: files.Memory(texts)})
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]files.Kind{}
	for _, e := range w.Entries {
		kinds[e.Path] = e.Kind
	}
	if len(kinds) != 6 || kinds["compose.yaml"] != files.KindCompose || kinds["conf/more.conf"] != files.KindNixConf ||
		kinds["Dockerfile"] != files.KindDockerfile || kinds["conf/nix.conf"] != files.KindNixConf ||
		kinds["docker/seccomp.json"] != files.KindSeccomp || kinds["setup.sh"] != files.KindScript {
		t.Errorf("found %v", kinds)
	}
	for _, e := range w.Entries {
		doc, err := w.Open(e)
		switch {
		case err != nil:
			t.Error(err)
		case e.Path == "conf/nix.conf" && len(doc.Value.(*nixuse.Text).Includes) != 1:
			t.Error("the included file is not there")
		case e.Kind == files.KindSeccomp && len(doc.Profiles[0].Uses) != 1:
			t.Error("the compose file that uses the profile is not there")
		case e.Kind == files.KindDockerfile:
			if n := len(doc.Nix.Images[0].Events); n != 2 {
				t.Errorf("%d events, want the COPY and the script's write", n)
			}
		}
	}
}
