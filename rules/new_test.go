package rules_test

import (
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
)

// TestNew begins a rule with new.sh in a copy of a pack: the files are Go and txtar, and the list stays sorted.
func TestNew(t *testing.T) {
	bash := heavytest.Program(t, "bash")
	dir := t.TempDir()
	copyFile := func(from, to string) {
		t.Helper()
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		to = filepath.Join(dir, filepath.FromSlash(to))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, b, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	copyFile("../go.mod", "go.mod")
	copyFile("new.sh", "rules/new.sh")
	pack, err := filepath.Glob("dockerfile/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range pack {
		copyFile(name, "rules/"+filepath.ToSlash(name))
	}
	begin := func(args ...string) (string, error) {
		script := filepath.Join(dir, "rules", "new.sh")
		out, err := exec.Command(bash, append([]string{script}, args...)...).CombinedOutput()
		return string(out), err
	}
	subjects := []string{"text", "step", "command", "image", "timeline", "dockerfile", "profile", "workspace"}
	for _, subject := range subjects {
		if out, err := begin("dockerfile/too-many-"+subject+"s", subject); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "rules", "dockerfile", "*.go"))
	if err != nil || len(files) != len(pack)+len(subjects) {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		if _, err := parser.ParseFile(token.NewFileSet(), name, nil, 0); err != nil {
			t.Error(err)
		}
	}
	list, err := os.ReadFile(filepath.Join(dir, "rules", "dockerfile", "dockerfile.go"))
	if err != nil {
		t.Fatal(err)
	}
	var added []string
	for line := range strings.Lines(string(list)) {
		if name := strings.TrimSpace(line); strings.HasPrefix(name, "tooMany") && name != "tooManyLayers," {
			added = append(added, name)
		}
	}
	if len(added) != len(subjects) || !slices.IsSorted(added) {
		t.Errorf("the list has %d new rules, %q, want %d in order", len(added), added, len(subjects))
	}
	for args, want := range map[string]string{
		"dockerfile/syntax": "exists", "nopack/x": "there is no pack nopack",
		"dockerfile/Bad": "usage:", "dockerfile/x words": "unknown subject words",
	} {
		if out, err := begin(strings.Fields(args)...); err == nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v, %s", args, err, out)
		}
	}
}
