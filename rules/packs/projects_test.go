package packs_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
	"github.com/sandlint/sandlint/rules/rulestest"
)

// TestProjects checks and fixes the projects of testdata/projects, each a folder with files of several kinds, and
// compares what comes of it with the file beside the folder: the findings, and what fix and fix --unsafe change.
// -update rewrites the files.
func TestProjects(t *testing.T) {
	const root = "../../testdata/projects"
	scenes, err := filepath.Glob(root + "/*/*")
	if err != nil || len(scenes) == 0 {
		t.Fatalf("no projects: %v", err)
	}
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	for _, scene := range scenes {
		if path.Ext(scene) == ".txt" {
			continue
		}
		name, _ := filepath.Rel(root, scene)
		t.Run(filepath.ToSlash(name), func(t *testing.T) {
			ws, err := rules.Load(workspace.Options{Dir: "/project", Files: files.Memory(readProject(t, scene))})
			if err != nil {
				t.Fatal(err)
			}
			got := outcome(t, ws, set)
			golden := scene + ".txt"
			if strings.HasPrefix(name, "negatives") && strings.Contains(got, " error ") ||
				strings.HasPrefix(name, "negatives") && strings.Contains(got, " warning ") {
				t.Errorf("this project is right:\n%s", got)
			}
			if rulestest.Updating() {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", golden, diff)
			}
		})
	}
}

// readProject returns the files of a folder as a repository in memory.
func readProject(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	texts := map[string][]byte{"/project/.git/HEAD": []byte("ref: refs/heads/main\n")}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		texts[path.Join("/project", name)], err = os.ReadFile(filepath.Join(dir, name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// outcome returns what a run says of a project and what fixes change.
func outcome(t *testing.T, ws *workspace.Workspace, set *rules.Set) string {
	t.Helper()
	result := rules.Check(ws, set, rules.CheckOptions{Fixes: true})
	var b strings.Builder
	for _, f := range result.Findings {
		at := f.File.Position(f.Span.Start)
		fmt.Fprintf(&b, "%s:%d:%d %s %s: %s\n", f.File.Path, at.Line, at.Column, f.Severity, f.Rule.ID, f.Message)
		for _, rel := range f.Related {
			fmt.Fprintf(&b, "\t%s:%d: %s\n", rel.File.Path, rel.File.Position(rel.Span.Start).Line, rel.Message)
		}
		for _, fix := range f.Fixes {
			fmt.Fprintf(&b, "\t%s: %s\n", fix.Safety, fix.Title)
		}
	}
	for _, r := range result.Rejected {
		t.Errorf("fix %q was rejected: %s", r.Title, r.Reason)
	}
	for _, unsafe := range []bool{false, true} {
		title := "fix"
		if unsafe {
			title = "fix --unsafe"
		}
		fixed := rules.Fix(ws, set, rules.FixOptions{Unsafe: unsafe})
		for _, f := range fixed.Files {
			fmt.Fprintf(&b, "\n%s:\n%s", title, fixers.Unified(f.File.Path, f.File.Bytes, f.After))
		}
	}
	return b.String()
}
