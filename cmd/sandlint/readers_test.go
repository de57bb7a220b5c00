package main

import (
	"go/ast"
	"go/token"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// readers are the functions that read or describe what lies at a path.
var readers = map[string][]string{
	"os": {"Open", "OpenFile", "OpenInRoot", "OpenRoot", "ReadFile", "ReadDir", "ReadLink", "Readlink", "Stat", "Lstat",
		"DirFS", "CopyFS", "Create"},
	"path/filepath": {"EvalSymlinks", "Walk", "WalkDir", "Glob"},
	"io/fs":         {"ReadFile", "ReadDir", "Stat", "Lstat", "ReadLink", "WalkDir", "Glob", "Sub"},
	"io/ioutil":     {"ReadFile", "ReadDir"},
	"os/exec":       {"Command", "CommandContext"},
	"syscall":       {"Open", "Openat", "Readlink", "Stat", "Lstat"},
	"golang.org/x/sys/unix": {"Open", "Openat", "Openat2", "Readlink", "Readlinkat", "Stat", "Lstat", "Fstatat",
		"Statx"},
}

// mayRead says which files read without the guard of parsers/files, and why.
var mayRead = map[string]string{
	"parsers/files/disk.go":                      "the guard itself",
	"parsers/files/disk_linux.go":                "the guard itself",
	"parsers/files/fs.go":                        "a tree of another kind, which has no disk",
	"cmd/internal/cache/folder.go":               "writes below the folder of the cache, which no link leaves",
	"cmd/internal/cache/remote.go":               "runs curl, over files that it has written itself",
	"fixers/write.go":                            "writes over a regular file whose bytes are known",
	"cmd/internal/cli/seccomp.go":                "a stream that the shell has opened",
	"cmd/internal/git/git.go":                    "runs git, which lists and reads what a repository holds",
	"cmd/internal/shellcheck/shellcheck.go":      "runs the program, over scripts that it has written itself",
	"cmd/internal/stream/worker.go":              "runs this program anew",
	"cmd/internal/cli/run.go":                    "creates the files that --format names",
	"cmd/internal/report/github.go":              "appends to the summary of the job",
	"rules/page.go":                              "reads the pages that are part of the program",
	"rules/rulestest/rulestest.go":               "a harness of tests",
	"parsers/seccomp/seccomptest/records.go":     "a harness of tests",
	"parsers/seccomp/seccomptest/container.go":   "a harness of tests",
	"parsers/seccomp/seccomptest/calls.go":       "a harness of tests",
	"parsers/seccomp/decide/gen.go":              "a generator",
	"parsers/heavytest/heavytest.go":             "a harness of tests",
	"cmd/internal/stream/streamtest/generate.go": "a harness of tests",
}

// TestReaders checks that whatever sandlint reads goes through parsers/files, which reads regular files of a bounded
// size and follows no link out of the workspace.
func TestReaders(t *testing.T) {
	used := map[string]bool{}
	goFiles(t, func(name string, set *token.FileSet, f *ast.File) {
		if strings.HasSuffix(name, "_test.go") || path.Base(path.Dir(name)) == "gen" ||
			strings.HasPrefix(name, "testdata/") { // programs of tests, not part of sandlint
			return
		}
		imported := map[string]string{} // by the name in this file
		for _, spec := range f.Imports {
			full := strings.Trim(spec.Path.Value, `"`)
			local := path.Base(full)
			if spec.Name != nil {
				local = spec.Name.Name
			}
			if readers[full] != nil {
				imported[local] = full
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := sel.X.(*ast.Ident)
			if !ok || !slices.Contains(readers[imported[pkg.Name]], sel.Sel.Name) {
				return true
			}
			used[name] = true
			if mayRead[name] == "" {
				t.Errorf("%s: %s.%s goes around the guard; use parsers/files", set.Position(sel.Pos()), pkg.Name,
					sel.Sel.Name)
			}
			return true
		})
	})
	for _, name := range slices.Sorted(maps.Keys(mayRead)) {
		if !used[name] {
			t.Errorf("%s is in the list of readers and reads nothing", name)
		}
	}
}
