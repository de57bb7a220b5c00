package workspace

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/files"
)

// makeTree writes files below a new folder and returns its path. A name that ends in a slash is a folder; a text "-> x"
// makes a symbolic link to x.
func makeTree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	addTree(t, dir, files)
	return dir
}

func addTree(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		full := filepath.Join(dir, filepath.FromSlash(name))
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(full, 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			err = os.Symlink(target, full)
		} else {
			err = os.WriteFile(full, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// found lists what a workspace took and what it did not, one line each.
func found(w *Workspace) []string {
	out := []string{}
	for _, e := range w.Entries {
		out = append(out, fmt.Sprintf("%s: %s", e.Path, e.Kind))
	}
	for _, s := range w.Skipped {
		out = append(out, fmt.Sprintf("%s: skipped, %s", s.Path, s.Reason))
	}
	for _, e := range w.Errors {
		out = append(out, fmt.Sprintf("%s: error, %v", e.Path, e.Err))
	}
	return out
}

const (
	dockerText  = "FROM scratch\n"
	confText    = "cores = 4\n"
	profileText = `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": []}` + "\n"
)

func TestLoad(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		opts  Options
		dir   string // the working directory below the tree
		want  []string
	}{
		{
			name: "nothing",
			want: []string{},
		},
		{
			name: "folders are walked, in order of path",
			files: map[string]string{
				"b/Dockerfile": dockerText, "a/c/nix.conf": confText, "Dockerfile": dockerText,
				"a/profile.json": profileText, "README.md": "# text\n",
			},
			want: []string{
				"Dockerfile: dockerfile",
				"a/c/nix.conf: nix.conf",
				"a/profile.json: seccomp profile",
				"b/Dockerfile: dockerfile",
			},
		},
		{
			name: "folders whose names begin with a dot are walked, and .git is not",
			files: map[string]string{
				".devcontainer/Dockerfile": dockerText, ".config/nix/nix.conf": confText, ".git/Dockerfile": dockerText,
				"sub/.git/Dockerfile": dockerText,
			},
			want: []string{".config/nix/nix.conf: nix.conf", ".devcontainer/Dockerfile: dockerfile"},
		},
		{
			name: "what git ignores is left out",
			files: map[string]string{
				".git/":              "",
				".gitignore":         "/vendor\n*.conf\n!keep.nix.conf\n# comment\n\nout/\n",
				".git/info/exclude":  "Dockerfile.private\n",
				"vendor/Dockerfile":  dockerText,
				"x/vendor/nix.conf":  confText,
				"keep.nix.conf":      confText,
				"out/Dockerfile":     dockerText,
				"a/out":              "a file, and not a folder\n",
				"Dockerfile.private": dockerText,
				"a/Dockerfile":       dockerText,
			},
			want: []string{
				"a/Dockerfile: dockerfile", "keep.nix.conf: nix.conf",
				"Dockerfile.private: skipped, git ignores it",
				"out/: skipped, git ignores it",
				"vendor/: skipped, git ignores it",
				"x/vendor/nix.conf: skipped, git ignores it",
			},
		},
		{
			name: "a .gitignore further down wins, and holds for its own folder",
			files: map[string]string{
				".git/":                  "",
				".gitignore":             "Dockerfile.*\n",
				"a/.gitignore":           "!Dockerfile.dev\n/Dockerfile\r\n",
				"Dockerfile.dev":         dockerText,
				"a/Dockerfile":           dockerText,
				"a/Dockerfile.dev":       dockerText,
				"a/b/Dockerfile":         dockerText,
				"a/b/Dockerfile.dev":     dockerText,
				"a/b/Dockerfile.release": dockerText,
				"b/Dockerfile":           dockerText,
				"b/Dockerfile.dev":       dockerText,
			},
			want: []string{
				"a/Dockerfile.dev: dockerfile",
				"a/b/Dockerfile: dockerfile",
				"a/b/Dockerfile.dev: dockerfile",
				"b/Dockerfile: dockerfile",
				"Dockerfile.dev: skipped, git ignores it",
				"a/Dockerfile: skipped, git ignores it",
				"a/b/Dockerfile.release: skipped, git ignores it",
				"b/Dockerfile.dev: skipped, git ignores it",
			},
		},
		{
			name: "a file below an ignored folder cannot be taken back",
			files: map[string]string{
				".git/": "", ".gitignore": "gen/\n!gen/Dockerfile\n", "gen/Dockerfile": dockerText,
			},
			want: []string{
				"gen/: skipped, git ignores it",
			},
		},
		{
			name: "the .gitignore files above the working directory count",
			dir:  "a",
			files: map[string]string{
				".git/":              "",
				".gitignore":         "/a/x\nDockerfile.old\n",
				"a/x/Dockerfile":     dockerText,
				"a/Dockerfile":       dockerText,
				"a/y/Dockerfile.old": dockerText,
			},
			want: []string{
				"Dockerfile: dockerfile",
				"x/: skipped, git ignores it",
				"y/Dockerfile.old: skipped, git ignores it",
			},
		},
		{
			name: "a path that is named is taken although git ignores it",
			opts: Options{Paths: []string{"gen/Dockerfile", "nix.conf"}},
			files: map[string]string{
				".git/":          "",
				".gitignore":     "gen\nnix.conf\n",
				"gen/Dockerfile": dockerText,
				"nix.conf":       confText,
			},
			want: []string{"gen/Dockerfile: dockerfile", "nix.conf: nix.conf"},
		},
		{
			name: "so is a folder, with what its own .gitignore leaves",
			opts: Options{Paths: []string{"gen/sub"}},
			files: map[string]string{
				".git/":                  "",
				".gitignore":             "gen\n",
				"gen/sub/Dockerfile":     dockerText,
				"gen/sub/.gitignore":     "old\n",
				"gen/sub/old/Dockerfile": dockerText,
				"gen/Dockerfile":         dockerText,
			},
			want: []string{
				"gen/sub/Dockerfile: dockerfile",
				"gen/sub/old/: skipped, git ignores it",
			},
		},
		{
			name:  "a file is taken once",
			opts:  Options{Paths: []string{"Dockerfile", ".", "./Dockerfile", "a/../Dockerfile"}},
			files: map[string]string{"Dockerfile": dockerText, "a/": ""},
			want:  []string{"Dockerfile: dockerfile"},
		},
		{
			name: "exclude patterns",
			opts: Options{Exclude: []string{"vendor/**", "old", "**/*.test.Dockerfile", "docs/"}},
			files: map[string]string{
				"vendor/a/Dockerfile": dockerText, "old/b/nix.conf": confText, "x/old/Dockerfile": dockerText,
				"x/y.test.Dockerfile": dockerText, "docs/Dockerfile": dockerText, "Dockerfile": dockerText,
			},
			want: []string{
				"Dockerfile: dockerfile", "x/old/Dockerfile: dockerfile",
				"docs/: skipped, excluded by the configuration", "old/: skipped, excluded by the configuration",
				"vendor/: skipped, excluded by the configuration",
				"x/y.test.Dockerfile: skipped, excluded by the configuration",
			},
		},
		{
			name:  "exclude patterns do not hold for files that are named",
			opts:  Options{Paths: []string{"vendor/Dockerfile", "vendor"}, Exclude: []string{"vendor/**"}},
			files: map[string]string{"vendor/Dockerfile": dockerText, "vendor/nix.conf": confText},
			want: []string{
				"vendor/Dockerfile: dockerfile", "vendor/nix.conf: skipped, excluded by the configuration",
			},
		},
		{
			name: "unless ForceExclude is set",
			opts: Options{
				Paths:        []string{"vendor/Dockerfile", "Dockerfile"},
				Exclude:      []string{"vendor/**"},
				ForceExclude: true,
			},
			files: map[string]string{"vendor/Dockerfile": dockerText, "Dockerfile": dockerText},
			want:  []string{"Dockerfile: dockerfile", "vendor/Dockerfile: skipped, excluded by the configuration"},
		},
		{
			name:  "a file that is missing, and one of no kind",
			opts:  Options{Paths: []string{"nowhere/Dockerfile", "README.md", "data.json", "Dockerfile.go"}},
			files: map[string]string{"README.md": "# text\n", "data.json": "{}\n", "Dockerfile.go": "package main\n"},
			want: []string{
				"Dockerfile.go: dockerfile", // whoever names it means it
				"README.md: skipped, neither its name nor its content is that of a " +
					"Dockerfile, nix.conf or seccomp profile",
				"data.json: skipped, it holds no seccomp profile",
				"nowhere/Dockerfile: error, no such file or directory",
			},
		},
		{
			name: "JSON is recognised by its content",
			files: map[string]string{
				"a.json":                 profileText,
				"package.json":           `{"name": "x"}`,
				"seccomp.json":           profileText,
				"my-seccomp-config.json": `{"endpoint": "x"}`,
				"broken-seccomp.json":    `{"defaultAction": "SCMP_ACT_`,
			},
			want: []string{
				"a.json: seccomp profile",
				"broken-seccomp.json: seccomp profile",
				"seccomp.json: seccomp profile",
			},
		},
		{
			name:  "a folder named like a file",
			files: map[string]string{"Dockerfile/Dockerfile": dockerText, "nix.conf/": "", "x.json/": ""},
			want:  []string{"Dockerfile/Dockerfile: dockerfile"},
		},
		{
			name: "symbolic links",
			dir:  "repo",
			files: map[string]string{
				"outside/nix.conf":          confText,
				"outside/Dockerfile":        dockerText,
				"repo/.git/":                "",
				"repo/real/Dockerfile.base": dockerText,
				"repo/Dockerfile":           "-> real/Dockerfile.base",
				"repo/linked":               "-> real",       // a folder is not followed
				"repo/a/Dockerfile":         "-> ../real",    // nor under the name of a file
				"repo/b/Dockerfile":         "-> Dockerfile", // a loop
				"repo/c/Dockerfile":         "-> nowhere",    // dangling
				"repo/d/nix.conf":           "-> ../../outside/nix.conf",
				"repo/e":                    "-> ../outside",
				"repo/f/Dockerfile":         "-> ../e/Dockerfile",
			},
			want: []string{
				"real/Dockerfile.base: dockerfile",
				"d/nix.conf: skipped, a symbolic link out of the workspace",
				"f/Dockerfile: skipped, a symbolic link out of the workspace",
				"b/Dockerfile: error, too many levels of symbolic links",
				"c/Dockerfile: error, no such file or directory",
			},
		},
		{
			name:  "stdin, recognised by its content",
			opts:  Options{Paths: []string{"-"}, Stdin: []byte("# base\nfrom debian\n")},
			files: map[string]string{"Dockerfile": dockerText},
			want:  []string{"<stdin>: dockerfile"},
		},
		{
			name: "stdin with an ARG first",
			opts: Options{Paths: []string{"-"}, Stdin: []byte("\ufeffARG X=1\r\nFROM debian:$X\r\n")},
			want: []string{"<stdin>: dockerfile"},
		},
		{
			name: "stdin that is a nix.conf",
			opts: Options{Paths: []string{"-"}, Stdin: []byte("# mine\nexperimental-features = nix-command\n")},
			want: []string{"<stdin>: nix.conf"},
		},
		{
			name: "stdin that is a profile",
			opts: Options{Paths: []string{"-"}, Stdin: []byte(profileText)},
			want: []string{"<stdin>: seccomp profile"},
		},
		{
			name: "stdin that is nothing of it",
			opts: Options{Paths: []string{"-"}, Stdin: []byte("hello\n")},
			want: []string{
				"<stdin>: skipped, neither a Dockerfile, nor a nix.conf, nor a seccomp profile; " +
					"--stdin-filename says which it is",
			},
		},
		{
			name: "stdin without a byte",
			opts: Options{Paths: []string{"-"}},
			want: []string{
				"<stdin>: skipped, neither a Dockerfile, nor a nix.conf, nor a seccomp profile; " +
					"--stdin-filename says which it is",
			},
		},
		{
			name: "stdin with a name",
			opts: Options{Paths: []string{"-"}, Stdin: []byte("hello\n"), StdinName: "images/app.dockerfile"},
			want: []string{"images/app.dockerfile: dockerfile"},
		},
		{
			name: "stdin with a name that says nothing",
			opts: Options{Paths: []string{"-"}, Stdin: []byte("FROM scratch\n"), StdinName: "buffer-1"},
			want: []string{"buffer-1: dockerfile"},
		},
		{
			name: "stdin with the name of a JSON file",
			opts: Options{Paths: []string{"-"}, Stdin: []byte(profileText), StdinName: "x/profile.json"},
			want: []string{"x/profile.json: seccomp profile"},
		},
		{
			name: "stdin with the name of a file that is excluded",
			opts: Options{
				Paths:     []string{"-"},
				Stdin:     []byte("FROM scratch\n"),
				StdinName: "vendor/Dockerfile",
				Exclude:   []string{"vendor"},
			},
			want: []string{"vendor/Dockerfile: skipped, excluded by the configuration"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			opts := tt.opts
			opts.Dir = filepath.Join(makeTree(t, tt.files), tt.dir)
			w, err := Load(opts)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, found(w)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoadOptions(t *testing.T) {
	if _, err := Load(Options{Dir: t.TempDir(), Exclude: []string{"a/[b"}}); err == nil ||
		err.Error() != `exclude pattern "a/[b" is malformed` {
		t.Errorf("error = %v", err)
	}
	w, err := Load(Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(w.Targets, DefaultTargets()) {
		t.Errorf("targets %v, want the default ones", w.Targets)
	}
}

// TestLoadAbsolute shows paths below the working directory relative to it, and others absolute.
func TestLoadAbsolute(t *testing.T) {
	dir := makeTree(t,
		map[string]string{"in/Dockerfile": dockerText, "out/Dockerfile": dockerText, "out/a/nix.conf": confText})
	w, err := Load(Options{
		Dir: filepath.Join(dir, "in"),
		Paths: []string{
			filepath.Join(dir, "in") + "/./Dockerfile", "../out", filepath.Join(dir, "out", "Dockerfile"),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{dir + "/out/Dockerfile: dockerfile", dir + "/out/a/nix.conf: nix.conf", "Dockerfile: dockerfile"}
	if diff := cmp.Diff(want, found(w)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := w.Entries[2].Abs; got != filepath.Join(dir, "in", "Dockerfile") {
		t.Errorf("Abs = %q", got)
	}
}

// TestLoadLarge finds files that are too large: a Dockerfile is an error when it is opened, and a JSON file of unknown
// content is none of ours.
func TestLoadLarge(t *testing.T) {
	dir := makeTree(t, map[string]string{"Dockerfile": "", "data.json": "", "nix.conf": "", "exact/Dockerfile": ""})
	for name, size := range map[string]int64{"Dockerfile": files.MaxSize + 1, "data.json": files.MaxSize + 1,
		"nix.conf": files.MaxSize << 10, "exact/Dockerfile": files.MaxSize} {
		if err := os.Truncate(filepath.Join(dir, name), size); err != nil {
			t.Fatal(err)
		}
	}
	w, err := Load(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Dockerfile: dockerfile", "exact/Dockerfile: dockerfile", "nix.conf: nix.conf",
	}
	if diff := cmp.Diff(want, found(w)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := w.Open(w.Entries[0]); err == nil ||
		!strings.Contains(err.Error(), "sandlint reads no file above 16 MiB") {
		t.Errorf("opening the large file: %v", err)
	}
	f, err := w.read(w.Entries[1].Abs)
	if err != nil || len(f.Bytes) != files.MaxSize {
		t.Errorf("the file of exactly the largest size: %v", err)
	}
}

func TestLoadUnreadable(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads everything")
	}
	dir := makeTree(t, map[string]string{"a/nix.conf": confText, "b/Dockerfile": dockerText, "Dockerfile": dockerText})
	for _, name := range []string{"a/nix.conf", "b"} {
		if err := os.Chmod(filepath.Join(dir, name), 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(filepath.Join(dir, name), 0o755) })
	}
	w, err := Load(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Dockerfile: dockerfile", "a/nix.conf: nix.conf", "b: error, permission denied"}
	if diff := cmp.Diff(want, found(w)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, e := range w.Entries {
		if _, err := w.Open(e); (err == nil) != (e.Path == "Dockerfile") {
			t.Errorf("opening %s: error %v", e.Path, err)
		}
	}
}

// TestOverlay gives files other text, in the workspace that is derived alone.
func TestOverlay(t *testing.T) {
	dir := makeTree(t, map[string]string{
		"Dockerfile": "FROM nixos/nix\nCOPY nix.conf /etc/nix/nix.conf\nRUN nix-build\n",
		"nix.conf":   "cores = 1\n",
	})
	w, err := Load(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	cores := func(w *Workspace) string {
		doc, err := w.Open(w.Entries[0])
		if err != nil {
			t.Fatal(err)
		}
		v, _ := doc.Nix.Images[0].SettingsBefore(nil).Value("cores")
		return v
	}
	changed := w.With(map[string][]byte{filepath.Join(dir, "nix.conf"): []byte("cores = 2\n")})
	again := changed.With(map[string][]byte{
		filepath.Join(dir, "Dockerfile"): []byte("FROM nixos/nix\nRUN echo cores = 3 > /etc/nix/nix.conf\n"),
	})
	got, want := []string{cores(w), cores(changed), cores(again), cores(w)}, []string{"1", "2", "3", "1"}
	if !cmp.Equal(got, want) {
		t.Errorf("cores = %q, want %q", got, want)
	}
}

// TestOpenStdin parses what came from standard input, although a file of that name exists.
func TestOpenStdin(t *testing.T) {
	dir := makeTree(t, map[string]string{"nix.conf": "cores = 1\n"})
	w, err := Load(Options{Dir: dir, Paths: []string{"-"}, Stdin: []byte("cores = 2\n"), StdinName: "nix.conf"})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := w.Open(w.Entries[0])
	if err != nil {
		t.Fatal(err)
	}
	if got := string(doc.Source.Bytes); got != "cores = 2\n" {
		t.Errorf("text = %q", got)
	}
	if len(doc.Texts) != 1 || doc.Dockerfile != nil || doc.Profiles != nil {
		t.Errorf("document = %+v", doc)
	}
}

// TestOpenForeign opens files named like a nix.conf: that of another program is recognised, and nothing else is.
func TestOpenForeign(t *testing.T) {
	texts := map[string]string{
		"nginx/nix.conf": "server {\n  listen 80;\n}\n", "packages/nix.conf": "packages = [\"gdb\"]\n",
		"empty/nix.conf": "", "comment/nix.conf": "# nothing yet\n",
		"typo/nix.conf": "substitutors = x\n", "utf16/nix.conf": "\xff\xfec\x00",
		"late/nix.conf": "what is this\ncores = 4\n",
	}
	w, err := Load(Options{Dir: makeTree(t, texts)})
	if err != nil {
		t.Fatal(err)
	}
	if len(w.Entries) != len(texts) {
		t.Fatalf("%d files were found, want %d", len(w.Entries), len(texts))
	}
	for _, e := range w.Entries {
		_, err := w.Open(e)
		if foreign := errors.As(err, new(ForeignError)); foreign != (e.Path == "nginx/nix.conf" ||
			e.Path == "packages/nix.conf") {
			t.Errorf("opening %s: %v", e.Path, err)
		}
	}
}
