package custom

import (
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/hcltext"
)

// TestVocabulary checks that the exemplar has each block that the loader knows.
func TestVocabulary(t *testing.T) {
	known := vocabulary()
	for path, list := range known {
		if len(list) == 0 {
			t.Errorf("nothing is known of %q", path)
		}
		for _, s := range list {
			nested := strings.TrimPrefix(path+"."+s.Name, ".")
			if s.Kind == hcltext.SubBlock && known[nested] == nil && nested != "locals" {
				t.Errorf("the exemplar has no block %q", nested)
			}
		}
	}
	for _, path := range []string{"", "pack", "rule", "rule.fix.insert", "rule.test.expect"} {
		if len(known[path]) < 2 {
			t.Errorf("%q: %v", path, known[path])
		}
	}
	for _, name := range append(places, expressions...) {
		if !slices.ContainsFunc([]string{"rule", "rule.fix", "rule.fix.insert", "rule.fix.replace", "function"},
			func(path string) bool {
				return slices.ContainsFunc(known[path], func(s hcltext.Suggestion) bool { return s.Name == name })
			}) {
			t.Errorf("no block has the attribute %q", name)
		}
	}
}

// TestSuggest has texts with | at the place, and some of what is suggested; "!" before a name says that it is not.
func TestSuggest(t *testing.T) {
	const pack = "pack \"x\" {}\nvariable \"most\" {}\nlocals {\n  a = 1\n}\nfunction \"f\" {\n  result = 1\n}\n"
	for text, want := range map[string]string{
		"|":                                   "pack variable locals function rule",
		"rule \"a\" {\n  |\n}":                "on when fix test severity !version",
		"rule \"a\" {\n  on = |":              "dockerfile.from nix.setting",
		"rule \"a\" {\n  severity":            "severity",
		"rule \"a\" {\n  severity = \"|\"\n}": "error style !off",
		"rule \"a\" {\n  category = \"|\"\n}": "security",
		"rule \"a\" {\n  on = dockerfile.from\n  when = |\n}":                    "startswith node file var f !image.",
		"rule \"a\" {\n  when = node.|\n  on = dockerfile.from\n}":               "image is_stage !startswith",
		"rule \"a\" {\n  on = dockerfile.from\n  when = node.im|\n}":             "image",
		"rule \"a\" {\n  on = dockerfile.from\n  message = \"x ${node.|\"\n}":    "image",
		"rule \"a\" {\n  on = dockerfile.from\n  message = \"x ${var.|}\"\n}":    "most",
		"rule \"a\" {\n  on = dockerfile.from\n  message = \"x ${local.|}\"\n}":  "a",
		"rule \"a\" {\n  on = dockerfile.from\n  when = file.|\n}":               "path instructions !image",
		"rule \"a\" {\n  on = dockerfile.from\n  at = |\n}":                      "node !startswith",
		"rule \"a\" {\n  on = dockerfile.from\n  at = node.|\n}":                 "image !is_stage",
		"rule \"a\" {\n  on = dockerfile.from\n  fix {\n    insert {\n      |\n": "before after text !with",
		"function \"g\" {\n  result = |\n}":                                      "startswith var !node",
	} {
		before, after, _ := strings.Cut(pack+text, "|")
		_, list := Suggest([]byte(before+after), len(before))
		for word := range strings.FieldsSeq(want) {
			name, no := strings.CutPrefix(word, "!")
			if slices.ContainsFunc(list, func(s hcltext.Suggestion) bool { return s.Name == name }) == no {
				t.Errorf("%q: %q is suggested: %v, want %v", text, name, no, !no)
			}
		}
	}
}
