package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/nixuse"
)

// openDockerfile loads the tree and returns the model of one of its Dockerfiles.
func openDockerfile(t *testing.T, dir, name string) *nixuse.Model {
	t.Helper()
	w, err := Load(Options{Dir: dir, Paths: []string{name}})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := w.Open(namedEntry(t, w))
	if err != nil {
		t.Fatal(err)
	}
	return doc.Nix
}

// namedEntry returns the one file that was named; others were found by what it uses.
func namedEntry(t *testing.T, w *Workspace) *Entry {
	t.Helper()
	var out *Entry
	for _, e := range w.Entries {
		switch {
		case e.Named && out == nil:
			out = e
		case e.Named == e.Linked:
			t.Fatalf("found %q", found(w))
		}
	}
	if out == nil {
		t.Fatalf("found %q", found(w))
	}
	return out
}

// TestCopiedFile checks which file of the workspace a COPY takes. "?" is one that cannot be known, or that must not be
// read.
func TestCopiedFile(t *testing.T) {
	files := map[string]string{
		"secret/nix.conf":           "# secret\ncores = 9\n",
		"repo/.git/":                "",
		"repo/nix.conf":             "# root\ncores = 1\n",
		"repo/only-root.conf":       "# only root\ncores = 2\n",
		"repo/same.conf":            "# same\ncores = 3\n",
		"repo/img/same.conf":        "# same\ncores = 3\n",
		"repo/img/nix.conf":         "# img\ncores = 4\n",
		"repo/img/conf/nix.conf":    "# img/conf\ncores = 5\n",
		"repo/img/leak.conf":        "-> ../../secret/nix.conf",
		"repo/img/absolute.conf":    "-> /etc/hostname",
		"repo/img/inner.conf":       "-> conf/nix.conf",
		"repo/img/loop.conf":        "-> loop.conf",
		"repo/img/leaking":          "-> ../../secret",
		"repo/img/dir.conf/x":       "",
		"repo/img/etc/nix/nix.conf": "# tree\ncores = 6\n",
		"repo/img/etc/nix/machines": "",
		"repo/ctx/compose.yaml":     "services:\n  a:\n    build: {context: ., dockerfile: sub/Dockerfile}\n",
		"repo/ctx/nix.conf":         "# ctx\ncores = 7\n",
		"repo/ctx/sub/nix.conf":     "# ctx/sub\ncores = 8\n",
		"repo/up/compose.yaml":      "services:\n  a:\n    build: {context: ../.., dockerfile: repo/up/Dockerfile}\n",
		"repo/up/nix.conf":          "# up\ncores = 7\n",
		"repo/two/docker-compose.yml": "services:\n  a:\n    build: {context: a, dockerfile: ../Dockerfile}\n  b:\n" +
			"    build: {context: b, dockerfile: ../Dockerfile}\n",
		"repo/two/a/nix.conf":         "# two/a\ncores = 1\n",
		"repo/two/b/nix.conf":         "# two/b\ncores = 2\n",
		"repo/two/a/one.conf":         "# two/a/one\ncores = 2\n",
		"repo/folders/etc/nix.conf/x": "",
		"repo/folders/etc/nix/a.conf": "",
		"repo/folders/plain/nix.conf": "# plain\ncores = 3\n",
		"repo/folders/a b/nix.conf":   "# blank\ncores = 3\n",
	}
	dir := makeTree(t, files)
	tests := []struct {
		at, copy, want string
	}{
		{"img", "COPY only-root.conf /etc/nix/nix.conf", "# only root"},
		{"img", "COPY same.conf /etc/nix/nix.conf", "# same"},
		{"img", "COPY nix.conf /etc/nix/nix.conf", "?"}, // of the folder, or of the root
		{"img", "COPY conf/nix.conf /etc/nix/", "# img/conf"},
		{"img", "COPY conf/nix.conf /etc/nix", "# img/conf"},
		{"img", "ADD conf/nix.conf /etc/nix/nix.conf", "# img/conf"},
		{"img", "COPY --chmod=644 --chown=0:0 conf/nix.conf /etc/nix/nix.conf", "# img/conf"},
		{"img", `COPY ["conf/nix.conf", "/etc/nix/nix.conf"]`, "# img/conf"},
		{"img", "COPY conf/ /etc/nix/", "# img/conf"},
		{"img", "COPY ./conf /etc/nix", "# img/conf"},
		{"img", "COPY etc /etc", "# tree"},
		{"img", "COPY ./etc/nix /etc/nix", "# tree"},
		{"img", "COPY etc/nix/nix.conf etc/nix/machines /etc/nix/", "# tree"},
		{"img", "WORKDIR /etc\nCOPY conf/nix.conf nix/nix.conf", "# img/conf"},
		{"img", "WORKDIR /etc/nix\nCOPY conf/nix.conf .", "# img/conf"},
		{"img", "ARG D=conf\nCOPY $D/nix.conf /etc/nix/nix.conf", "# img/conf"},
		{"img", "ENV D=/etc/nix\nCOPY conf/nix.conf ${D}/nix.conf", "# img/conf"},

		// A build context cannot be left, and what lies outside the repository is never read.
		{"img", "COPY ../conf/nix.conf /etc/nix/nix.conf", "# img/conf"},
		{"img", "COPY ../../only-root.conf /etc/nix/nix.conf", "# only root"},
		{"img", "COPY /conf/nix.conf /etc/nix/nix.conf", "# img/conf"},
		{"img", "COPY ../../secret/nix.conf /etc/nix/nix.conf", "?"},
		{"img", "COPY /etc/hostname /etc/nix/nix.conf", "?"},
		{"img", "COPY leak.conf /etc/nix/nix.conf", "?"},
		{"img", "COPY absolute.conf /etc/nix/nix.conf", "?"},
		{"img", "COPY leaking/nix.conf /etc/nix/nix.conf", "?"},
		{"img", "COPY inner.conf /etc/nix/nix.conf", "# img/conf"},
		{"img", "COPY loop.conf /etc/nix/nix.conf", "?"},
		{"img", "COPY dir.conf /etc/nix/nix.conf", "?"},
		{"img", "COPY missing.conf /etc/nix/nix.conf", "?"},
		{"img", "COPY conf/*.conf /etc/nix/nix.conf", "?"},
		{"img", "COPY $WHERE/nix.conf /etc/nix/nix.conf", "?"},
		{"img", "COPY --from=other conf/nix.conf /etc/nix/nix.conf", "?"},
		{"img", "COPY --from=0 /etc/nix /etc/nix", "?"},
		{"img", "ADD https://example.org/nix.conf /etc/nix/nix.conf", "?"},
		{"img", "ADD git@example.org:a/b.git#main:conf/nix.conf /etc/nix/nix.conf", "?"},
		{"img", "ADD conf.tar.gz /etc/nix/", "?"}, // what is in it is unpacked there
		{"img", "COPY etc/nix/machines /etc/nix/", ""},
		{"img", "COPY conf/nix.conf $WHERE/", ""},

		// Where a neighbour names the context, only that one counts.
		{"ctx/sub", "COPY nix.conf /etc/nix/nix.conf", "# ctx"},
		{"ctx/sub", "COPY sub/nix.conf /etc/nix/nix.conf", "# ctx/sub"},
		{"ctx/sub", "COPY only-root.conf /etc/nix/nix.conf", "?"},
		{"up", "COPY secret/nix.conf /etc/nix/nix.conf", "?"}, // the context lies above the root
		{"up", "COPY repo/up/nix.conf /etc/nix/nix.conf", "# up"},
		{"two", "COPY nix.conf /etc/nix/nix.conf", "?"},
		{"two", "COPY one.conf /etc/nix/nix.conf", "# two/a/one"},

		{"folders", "COPY etc/nix.conf /etc/nix/nix.conf", "?"},
		{"folders", "COPY plain /etc/nix", "# plain"},
		{"folders", `COPY ["a b/nix.conf", "/etc/nix/"]`, "# blank"},
		{"folders", `COPY "a b/nix.conf" /etc/nix/`, "??"}, // BuildKit knows no quotes here
	}
	for _, tt := range tests {
		t.Run(tt.at+" "+tt.copy, func(t *testing.T) {
			name := filepath.Join("repo", tt.at, "Dockerfile")
			addTree(t, dir,
				map[string]string{name: "FROM debian AS other\nFROM nixos/nix\n" + tt.copy + "\nRUN nix-build\n"})
			d := openDockerfile(t, dir, name)
			got := ""
			for _, e := range d.Images[1].Events {
				if e.Kind != nixuse.WriteConfig {
					continue
				}
				if e.Path != "/etc/nix/nix.conf" {
					t.Errorf("path %q", e.Path)
				}
				if e.Text == nil {
					got += "?"
					continue
				}
				line, _, _ := strings.Cut(string(e.Text.Fragment.Text), "\n")
				got += line
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			for path := range d.Images[0].Dockerfile.Reads() {
				if !strings.HasPrefix(path, "repo/") {
					t.Errorf("%s was read", path)
				}
			}
		})
	}
}

// TestNeighbour reads below a root alone.
func TestNeighbour(t *testing.T) {
	dir := makeTree(t, map[string]string{
		"out/x":      "out",
		"root/.git/": "",
		"root/x":     "in",
		"root/d/x":   "below",
		"root/link":  "-> ../out/x",
		"root/fine":  "-> d/x",
	})
	w := &Workspace{dir: dir, tree: files.Disk{}}
	root := filepath.Join(dir, "root")
	for _, tt := range []struct{ path, want string }{
		{"root/x", "in"}, {"root/d/x", "below"}, {"root/d/../x", "in"}, {"root/fine", "below"}, {"root/link", ""},
		{"out/x", ""}, {"root/../out/x", ""}, {"root", ""}, {"root/d", ""}, {"root/no", ""},
	} {
		f, err := w.neighbour(root, filepath.Join(dir, filepath.FromSlash(tt.path)))
		switch {
		case tt.want == "" && err == nil:
			t.Errorf("%s was read: %q", tt.path, f.Bytes)
		case tt.want != "" && (err != nil || string(f.Bytes) != tt.want):
			t.Errorf("%s: %v", tt.path, err)
		}
	}
	if _, err := w.inContext(filepath.Join(root, "d", "Dockerfile"), nil, "x"); !errors.Is(err, errAmbiguous) {
		t.Errorf("a file of the folder or of the root: %v", err)
	}
	if _, err := w.inContext(filepath.Join(root, "d", "Dockerfile"), nil, "nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is missing: %v", err)
	}
}

func TestRoot(t *testing.T) {
	dir := makeTree(t, map[string]string{
		"repo/.git":      "gitdir: elsewhere\n",
		"repo/a/b/":      "",
		"repo/sub/.git/": "",
		"repo/sub/c/":    "",
		"work/x/y/":      "",
		"other/z/":       "",
	})
	w := &Workspace{dir: filepath.Join(dir, "work"), tree: files.Disk{}}
	for from, want := range map[string]string{
		"repo": "repo", "repo/a/b": "repo", "repo/sub/c": "repo/sub", // a worktree's .git is a file
		"work": "work", "work/x/y": "work", // without a repository, the working directory
		"other/z": "other/z", ".": ".",
	} {
		if got := w.root(filepath.Join(dir, from)); got != filepath.Join(dir, want) {
			t.Errorf("root(%q) = %q, want %q", from, got, filepath.Join(dir, want))
		}
	}
}

// TestIncludes follows what a nix.conf includes, inside the workspace.
func TestIncludes(t *testing.T) {
	dir := makeTree(t, map[string]string{
		"secret.conf": "cores = 9\n",
		"repo/.git/":  "",
		"repo/c/nix.conf": "include more.conf\n!include ../up.conf\n!include ../../secret.conf\n!include link.conf\n" +
			"!include /etc/hostname\n!include missing.conf\n",
		"repo/c/more.conf": "max-jobs = 3\n",
		"repo/up.conf":     "keep-outputs = true\n",
		"repo/c/link.conf": "-> ../../secret.conf",
	})
	w, err := Load(Options{Dir: filepath.Join(dir, "repo"), Paths: []string{"c/nix.conf"}})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := w.Open(namedEntry(t, w))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range doc.Texts[0].Includes {
		got = append(got, fmt.Sprintf("%s %v", i.Path.Text, i.File != nil))
	}
	want := []string{
		"more.conf true", "../up.conf true", "../../secret.conf false", "link.conf false", "/etc/hostname false",
		"missing.conf false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("includes %q, want %q", got, want)
	}
}

// TestInImage checks which files of the workspace an image gets.
func TestInImage(t *testing.T) {
	dir := makeTree(t, map[string]string{
		".git/":      "",
		"Dockerfile": "FROM nixos/nix\nCOPY a.nix.conf /etc/nix/nix.conf\nCOPY --from=x b.nix.conf /etc/nix/nix.conf\n",
		"a.nix.conf": confText, "b.nix.conf": confText, "c/nix.conf": confText,
	})
	w, err := Load(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, e := range w.Entries {
		doc, err := w.Open(e)
		if err != nil {
			t.Fatal(err)
		}
		got[e.Path] = w.InImage(doc.Source)
		if e.Kind == files.KindDockerfile {
			if reads := doc.Reads(); !slices.Equal(reads, []string{"a.nix.conf"}) {
				t.Errorf("reads %q", reads)
			}
		}
	}
	if want := "map[Dockerfile:false a.nix.conf:true b.nix.conf:false c/nix.conf:false]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
