package main

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/sandlint/sandlint/cmd/internal/cli"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// hookPattern returns the pattern of the files that the hooks of pre-commit get, which is in Python's verbose syntax.
func hookPattern(t *testing.T) *regexp.Regexp {
	t.Helper()
	manifest := rootFile(t, ".pre-commit-hooks.yaml")
	hooks := strings.Count(manifest, "\n- id: ")
	for _, line := range []string{"files: *files", "types: [text]", "require_serial: true"} {
		want := hooks
		if line == "files: *files" {
			want--
		}
		if n := strings.Count(manifest, "\n  "+line+"\n"); n != want {
			t.Errorf("%d of %d hooks have %q", n, want, line)
		}
	}
	_, verbose, _ := strings.Cut(manifest, "files: &files |\n")
	verbose, _, _ = strings.Cut(verbose, "\n  require_serial")
	plain, ok := strings.CutPrefix(strings.Join(strings.Fields(verbose), ""), "(?x)")
	if !ok {
		t.Fatalf("the pattern is not verbose: %s", verbose)
	}
	return regexp.MustCompile(plain)
}

func rootFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// notFiles are the words of the first column of docs/files.md that are no names of files.
var notFiles = strings.Fields("-f SeccompProfile docker_build")

// TestHookSeesDocumentedFiles checks that the hooks get every file that docs/files.md names.
func TestHookSeesDocumentedFiles(t *testing.T) {
	pattern := hookPattern(t)
	quoted := regexp.MustCompile("`([^`]+)`")
	names := 0
	for line := range strings.Lines(rootFile(t, "docs/files.md")) {
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		column, _, _ := strings.Cut(line[2:], " |")
		for _, m := range quoted.FindAllStringSubmatch(column, -1) {
			name := strings.ReplaceAll(m[1], "*", "x")
			switch ext := path.Ext(name); {
			case slices.Contains(notFiles, name), strings.Contains(name, " "):
				continue
			case strings.HasSuffix(name, "/workflows"):
				name += "/ci.yml"
			case ext == name && ext != ".dockerignore" && ext != ".containerignore" && ext != ".envrc":
				name = "x" + name // an extension
			}
			names++
			if !pattern.MatchString(name) || !pattern.MatchString("some/folder/"+name) {
				t.Errorf("the hooks do not get %s", name)
			}
		}
	}
	if names < 30 {
		t.Errorf("docs/files.md names %d files", names)
	}
}

// TestHookSeesSearchedFiles checks that the hooks get every file that a search finds, of each kind, in the projects,
// scripts and cases of the tests.
func TestHookSeesSearchedFiles(t *testing.T) {
	pattern := hookPattern(t)
	missing := map[files.Kind]bool{}
	for _, f := range workspace.Builtin() {
		missing[f.Kind] = true
	}
	check := func(where string, opts workspace.Options) {
		ws, err := rules.Load(opts)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range ws.Entries {
			delete(missing, e.Kind)
			if !e.Linked && !pattern.MatchString(e.Path) {
				t.Errorf("%s: the hooks do not get %s, a %s", where, e.Path, e.Kind)
			}
		}
	}
	var scripts []string
	for _, folder := range []string{"testdata/script", "rules/sandbox", "rules/order", "rules/nix"} {
		found, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(folder), "*.txtar"))
		if err != nil || len(found) == 0 {
			t.Fatal(folder, err, len(found))
		}
		scripts = append(scripts, found...)
	}
	top, err := filepath.Abs(string(filepath.Separator))
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range scripts {
		archive, err := txtar.ParseFile(script)
		if err != nil {
			t.Fatal(err)
		}
		texts := map[string][]byte{}
		for _, f := range archive.Files {
			if filepath.IsLocal(f.Name) {
				texts[filepath.Join(top, f.Name)] = f.Data
			}
		}
		check(script, workspace.Options{Dir: top, Files: files.Memory(texts)})
	}
	projects := filepath.Join("..", "..", "testdata", "projects")
	check(projects, workspace.Options{Dir: projects})
	for kind := range missing {
		t.Errorf("no case has a file of the kind %q", kind)
	}
}

// TestOneProgram checks that there is one main package: pre-commit builds and installs each.
func TestOneProgram(t *testing.T) {
	format := `{{if eq .Name "main"}}{{.ImportPath}}{{end}}`
	out, err := exec.Command("go", "list", "-f", format, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Fields(string(out)); !slices.Equal(got, []string{module + "cmd/sandlint"}) {
		t.Errorf("the programs are %v", got)
	}
}

// TestVersions checks that the files that cannot ask the program name its version.
func TestVersions(t *testing.T) {
	for name, want := range map[string]string{
		".pre-commit-hooks.yaml":          "\n  entry: sandlint/sandlint:" + cli.Version + " ",
		"pyproject.toml":                  "\"sandlint==" + cli.Version + "\"",
		"CHANGELOG.md":                    "\n## " + cli.Version + " (",
		"cmd/editors/vscode/package.json": "\n  \"version\": \"" + cli.Version + "\",",
		"docs/ci.md":                      "uses: sandlint/sandlint@v" + cli.Version + "\n",
	} {
		if !strings.Contains(rootFile(t, name), want) {
			t.Errorf("%s lacks %q", name, want)
		}
	}
	// Where the guide names a version, it is this one.
	named := regexp.MustCompile(`sandlint(?:==|@v?|:|/v)(\d+\.\d+\.\d+)|rev: v(\d+\.\d+\.\d+)`)
	for _, m := range named.FindAllStringSubmatch(rootFile(t, "docs/ci.md"), -1) {
		if m[1]+m[2] != cli.Version {
			t.Errorf("docs/ci.md has %s", m[0])
		}
	}
}

// TestArchiveNames checks that the two ways to make the archives of a release agree.
func TestArchiveNames(t *testing.T) {
	config, script := rootFile(t, ".goreleaser.yaml"), rootFile(t, "cmd/packages/archives.sh")
	for _, pair := range [][2]string{
		{`name_template: "sandlint_{{ .Version }}_{{ .Os }}_{{ .Arch }}"`, "name=sandlint_${version}_${os}_$arch"},
		{"    flags:\n      - -trimpath\n    ldflags:\n      - -s -w\n", "go build -trimpath -ldflags='-s -w'"},
		{"name_template: checksums.txt", ">checksums.txt"},
		{"CGO_ENABLED=0", "CGO_ENABLED=0"},
	} {
		if !strings.Contains(config, pair[0]) || !strings.Contains(script, pair[1]) {
			t.Errorf(".goreleaser.yaml must have %q, and archives.sh %q", pair[0], pair[1])
		}
	}
}
