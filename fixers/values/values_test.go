package values_test

import (
	"testing"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/fixers/values"
	"github.com/sandlint/sandlint/parsers/bake"
	"github.com/sandlint/sandlint/parsers/outline"
	"github.com/sandlint/sandlint/parsers/source"
)

// TestCompare compares two versions of a file, of which the fix declares the changes.
func TestCompare(t *testing.T) {
	item := values.Items{Path: "services.web.security_opt", Added: []string{"systempaths=unconfined"}}
	gone := values.Items{Path: "services.web.security_opt", Removed: []string{"seccomp=unconfined"}}
	const before = "services:\n  web:\n    # why\n    security_opt:\n      - seccomp=unconfined\n    image: x # it\n"
	for name, c := range map[string]struct {
		before, after string
		change        fixers.Change
		want          string
	}{
		"an item comes": {before, "services:\n  web:\n    # why\n    security_opt:\n      - seccomp=unconfined\n" +
			"      - systempaths=unconfined\n    image: x # it\n", item, ""},
		"another item comes": {before, "services:\n  web:\n    # why\n    security_opt:\n      - seccomp=unconfined\n" +
			"      - systempaths=x\n    image: x # it\n", item,
			"the list services.web.security_opt did not get the item systempaths=unconfined"},
		"the list goes":  {before, "services:\n  web:\n    # why\n    image: x # it\n", gone, ""},
		"a comment goes": {before, "services:\n  web:\n    image: x # it\n", gone, "a comment changed"},
		"a comment at the end of a line changes": {before,
			"services:\n  web:\n    # why\n    image: x # that\n", gone, "a comment changed"},
		"a value changes": {before, "services:\n  web:\n    # why\n    image: y # it\n", gone,
			"the value of services.web.image changed"},
		"a value goes": {before, "services:\n  web:\n    # why\n  other: # it\n",
			gone, "the value of services.web changed"},
		"quotes come": {"a: '1'\nb: 1\n", "a: '1'\nb: '1'\n", gone, "the list services.web.security_opt has no item " +
			"seccomp=unconfined"},
		"an anchor goes": {"a: &x 1\nb: [2]\n", "a: 1\nb: [2, 3]\n", values.Items{Path: "b", Added: []string{"3"}},
			"the value of a changed"},
		"a scalar comes": {"with:\n  push: true\n", "with:\n  allow: security.insecure\n  push: true\n",
			values.Scalar{Path: "with.allow", Is: "security.insecure"}, ""},
		"a word comes": {"run: |\n  docker build .\n", "run: |\n  docker build --allow x .\n",
			values.Inserted{Text: "--allow x "}, ""},
		"two words come": {"run: |\n  docker build .\n", "run: |\n  docker build --allow x -q .\n",
			values.Inserted{Text: "--allow x "}, "the value of run changed"},
		"the result is broken": {"a: [1]\n", "a: [1\n", values.Items{Path: "a"}, "the result has a syntax error"},
	} {
		t.Run(name, func(t *testing.T) {
			yaml := func(text string) *outline.Outline {
				return outline.YAML(source.NewFile("f.yaml", []byte(text)))
			}
			fix := fixers.Fix{Changes: fixers.Changes{c.change}}
			if got := values.Compare(yaml(c.before), yaml(c.after), []fixers.Fix{fix}); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestCompareHCL compares bake files.
func TestCompareHCL(t *testing.T) {
	const (
		args   = "  tags = [\"a\", \"b\"] // two\n  args = { A = \"${B}\" }\n}\n"
		others = "  tags = [\"a\", \"b\"] // two\n  args = { A = \"${C}\" }\n}\n"
		list   = "  entitlements = [\"security.insecure\"]\n"
		head   = "target \"app\" {\n"
		before = "# all\n" + head + args
	)
	change := values.Items{Path: "target.app.entitlements", Added: []string{"security.insecure"}}
	for name, c := range map[string]struct{ after, want string }{
		"a list comes":        {"# all\n" + head + list + args, ""},
		"an argument changes": {"# all\n" + head + list + others, "the value of target.app.args changed"},
		"a comment goes":      {head + list + args, "a comment changed"},
		"another target gets it": {"# all\n" + head + args + "target \"x\" {\n" + list + "}\n",
			"the list target.app.entitlements did not get the item security.insecure"},
	} {
		t.Run(name, func(t *testing.T) {
			hcl := func(text string) *outline.Outline {
				return bake.Outline(source.NewFile("docker-bake.hcl", []byte(text)))
			}
			fix := fixers.Fix{Changes: fixers.Changes{change}}
			if got := values.Compare(hcl(before), hcl(c.after), []fixers.Fix{fix}); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
