package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/sandlint/sandlint/"

// layer is a part of the tree, given by a prefix of its packages' paths, and the parts that it may import.
type layer struct {
	prefix string
	may    []string
}

// layers are in order: the first one that matches a package applies.
var layers = []layer{
	{"parsers/source", nil},
	{"parsers/workspace", []string{"parsers/"}},
	{"parsers/nixuse", []string{
		"parsers/source", "parsers/internal/", "parsers/distro", "parsers/dockerfile", "parsers/image",
		"parsers/nixconf", "parsers/packages", "parsers/shell",
	}},
	{"parsers/image", []string{
		"parsers/source", "parsers/distro", "parsers/dockerfile", "parsers/packages", "parsers/shell",
	}},
	{"parsers/packages", []string{"parsers/source", "parsers/shell"}},
	{"parsers/nixconf", []string{"parsers/source", "parsers/nixconf", "parsers/internal/"}},
	{"parsers/seccomp/builtin", []string{"parsers/source", "parsers/seccomp"}},
	{"parsers/seccomp/nested", []string{"parsers/seccomp"}},
	{"parsers/seccomp/decide", []string{"parsers/source", "parsers/seccomp"}},
	{"parsers/runs", []string{
		"parsers/source", "parsers/internal/", "parsers/shell", "parsers/compose", "parsers/devcontainer",
		"parsers/engineconf",
	}},
	{"parsers/bake", []string{"parsers/source", "parsers/hcltext", "parsers/outline"}},
	{"parsers/", []string{"parsers/source", "parsers/internal/"}},
	{"fixers", []string{"parsers/", "fixers"}},
	{"rules", []string{"parsers/", "fixers", "rules"}},
	{"cmd/", []string{"parsers/", "fixers", "rules", "cmd/internal/"}},
}

// homes lists for each foreign module the packages that may import it.
var homes = map[string][]string{
	"github.com/agext/levenshtein":          {"parsers/source", "parsers/seccomp"},
	"github.com/bmatcuk/doublestar":         {"parsers/workspace", "rules/custom"},
	"github.com/fsnotify/fsnotify":          {"cmd/internal/watch"},
	"github.com/hashicorp/hcl":              {"cmd/internal/config", "parsers/bake", "parsers/hcltext", "rules/custom"},
	"github.com/moby/buildkit":              {"parsers/dockerfile", "fixers/dockerfile"},
	"github.com/pelletier/go-toml":          {"parsers/engineconf"},
	"github.com/sergi/go-diff":              {"fixers"},
	"github.com/spf13/cobra":                {"cmd/internal/cli"},
	"github.com/tailscale/hujson":           {"parsers/seccomp", "parsers/devcontainer", "parsers/engineconf"},
	"github.com/santhosh-tekuri/jsonschema": {}, // for tests alone, since it makes a start slow
	"github.com/zclconf/go-cty":             {"cmd/internal/config", "parsers/bake", "parsers/hcltext", "rules/custom"},
	"golang.org/x/tools/txtar": {
		"rules", "rules/custom", "rules/rulestest", "cmd/internal/stream/streamtest",
	},
	"mvdan.cc/sh": {"parsers/shell", "parsers/workflow", "fixers/dockerfile"},
}

// TestImportsPointOneWay checks that imports go cmd → rules → fixers → parsers, inside parsers as the layers say, and
// that each foreign module is imported only in its place.
func TestImportsPointOneWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := 0
	for d := json.NewDecoder(strings.NewReader(string(out))); ; packages++ {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		checkImports(t, strings.TrimPrefix(p.ImportPath, module), p.Imports)
	}
	if packages < 10 {
		t.Errorf("go list found %d packages", packages)
	}
}

func checkImports(t *testing.T, name string, imports []string) {
	at := slices.IndexFunc(layers, func(l layer) bool { return strings.HasPrefix(name, l.prefix) })
	if at < 0 {
		t.Errorf("package %s has no place in the layout", name)
		return
	}
	for _, path := range imports {
		if own, ok := strings.CutPrefix(path, module); ok {
			if !slices.ContainsFunc(layers[at].may, func(prefix string) bool {
				return strings.HasPrefix(own, prefix)
			}) {
				t.Errorf("%s imports %s, which is against the direction of imports", name, own)
			}
			continue
		}
		for foreign, places := range homes {
			if strings.HasPrefix(path, foreign) && !slices.Contains(places, name) {
				t.Errorf("%s imports %s, whose place is %s", name, path, strings.Join(places, " and "))
			}
		}
	}
}
