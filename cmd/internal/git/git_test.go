package git

import (
	"strings"
	"testing"
)

func TestNoGit(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "git is not installed") {
		t.Errorf("the error is %v", err)
	}
}

// A tree takes files and links of a work tree, and no path that leads out of it or into .git.
func TestAdd(t *testing.T) {
	tree := Tree{}
	for _, name := range []string{
		"a", "a b/c", "é", "../a", "/a", "a/../../b", ".git/config", ".GIT/config", "a//b", "",
	} {
		tree.add(name, "100644", "1")
	}
	tree.add("submodule", "160000", "1")
	tree.add("run", "100755", "1")
	tree.add("link", "120000", "1")
	if len(tree) != 5 || !tree["run"].Executable || !tree["link"].Link || tree["a b/c"].ID != "1" {
		t.Errorf("%v", tree)
	}
	before := Tree{"a": tree["a"], "é": tree["é"], "run": tree["link"], "gone": tree["a"]}
	if got := tree.Changed(before); len(got) != 3 {
		t.Errorf("changed: %q", got)
	}
}
