package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/hcltext"
	all "github.com/sandlint/sandlint/rules/packs"
)

// TestSuggest has texts with | at the place, and some of what is suggested; "!" before a name says that it is not.
func TestSuggest(t *testing.T) {
	dir := t.TempDir()
	pack := "pack \"acme\" {}\nrule \"one\" {\n  on = dockerfile.from\n  when = true\n  summary = \"x\"\n" +
		"  message = \"x\"\n" +
		"  test \"t\" {\n    bad = \"FROM a\\n\"\n  }\n}\n"
	if err := os.WriteFile(filepath.Join(dir, "acme.hcl"), []byte(pack), 0o644); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"|":                                        "preset rule override target extends packs !severity !paths",
		"fail|":                                    "fail_on",
		"fail_on = \"|\"":                          "error never !off",
		"preset = |":                               "recommended",
		"packs = [\"|\"]":                          "builtin:cis-docker",
		"select = [\"nix/\", \"|":                  "nix/unknown-setting DL3006 dockerfile all",
		"suppressions = [\"|\"]":                   "hadolint",
		"rule \"|\" {\n}":                          "nix/unknown-setting all",
		"rule \"a\" {\n  |\n}":                     "severity enabled fix options !select",
		"rule \"a\" {\n  severity = \"|\"\n}":      "off error",
		"rule \"a\" {\n  enabled = |\n}":           "true false",
		"rule \"a\" {\n  fix = \"|\"\n}":           "none safe unsafe",
		"target {\n  |\n}":                         "nix platform docker",
		"target {\n  platform = \"|\"\n}":          "linux/arm64 !$BUILDPLATFORM",
		"override {\n  |\n}":                       "paths rule select !extends",
		"override {\n  rule \"a\" {\n    |\n":      "severity",
		"override {\n  target {\n    |\n":          "nix",
		"ignores {\n  policy = \"|\"\n}":           "allow warn deny",
		"accept \"00\" {\n  rule = \"|\"\n}":       "nix/unknown-setting",
		"# |":                                      "!preset",
		"packs = [\"acme.hcl\"]\nselect = [\"|\"]": "acme/one acme",
		"rule \"dockerfile/too-many-layers\" {\n  options {\n    |\n  }\n}": "most",
	} {
		before, after, _ := strings.Cut(text, "|")
		_, list := Suggest(filepath.Join(dir, Name), []byte(before+after), len(before), Known{Packs: all.All()})
		for word := range strings.FieldsSeq(want) {
			name, no := strings.CutPrefix(word, "!")
			if slices.ContainsFunc(list, func(s hcltext.Suggestion) bool { return s.Name == name }) == no {
				t.Errorf("%q: %q is suggested: %v, want %v", text, name, no, !no)
			}
		}
	}
}

// TestCheck checks where problems of a configuration and of what it names stand.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"base.hcl": "fail_on = \"no\"\n", "acme.hcl": "pack \"acme\" {}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string]string{
		"fail_on = \"error\"\n":        "",
		"fail_on = \"err\"\n":          `"err"`,
		"fail = \"error\"\n":           "fail",
		"extends = [\"base.hcl\"]\n":   `"base.hcl"`,
		"packs = [\"acme.hcl\"]\n":     `"acme.hcl"`,
		"packs = [\"nowhere.hcl\"]\n":  `"nowhere.hcl"`,
		"target {\n  nix = \"9.9\"\n}": `"9.9"`,
	} {
		wrong, warnings := Check(filepath.Join(dir, Name), []byte(text), filepath.ToSlash, Known{Packs: all.All()})
		var got []string
		for _, p := range append(wrong, warnings...) {
			got = append(got, text[p.Span.Start:p.Span.End])
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%q: at %q, want %q", text, got, want)
		}
	}
	if p := CheckPack(filepath.Join(dir, "acme.hcl"), "acme.hcl", []byte("pack \"acme\" {\n  color = 1\n}\n"),
		Known{Packs: all.All()}); len(p) != 2 {
		t.Error(p)
	}
}
