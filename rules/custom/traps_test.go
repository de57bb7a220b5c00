package custom

import (
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// check runs a pack over a Dockerfile.
func check(t *testing.T, pack, dockerfile string) *rules.Result {
	t.Helper()
	set, err := rules.NewSet([]rules.Pack{load(t, pack).Rules()}, rules.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	ws, err := rules.InMemory(workspace.DefaultTargets(), map[string][]byte{"Dockerfile": []byte(dockerfile)})
	if err != nil {
		t.Fatal(err)
	}
	return rules.Check(ws, set, rules.CheckOptions{})
}

// TestTraps checks what people who write packs fall over.
func TestTraps(t *testing.T) {
	for _, tt := range []struct {
		name, when, dockerfile string
		found                  int
		failed                 string
	}{
		{"&& stops at false", `node.image == "a" && tonumber(node.image) > 1`, "FROM b\n", 0, ""},
		{"|| stops at true", `node.image == "b" || tonumber(node.image) > 1`, "FROM b\n", 1, ""},
		{"an error on the left, and false", `tonumber(node.image) > 1 && node.image == "a"`, "FROM b\n", 0, ""},
		{"an error on the left, and true", `tonumber(node.image) > 1 && node.image == "b"`, "FROM b\n", 0,
			"a number is required"},
		{"what is not known is silent", `node.image != "a"`, "ARG X\nFROM $X\n", 0, ""},
		{"and its negation too", `!(node.image != "a")`, "ARG X\nFROM $X\n", 0, ""},
		{"unknown and false", `node.image == "a" && false`, "ARG X\nFROM $X\n", 0, ""},
		{"unknown or true", `node.image == "a" || true`, "ARG X\nFROM $X\n", 1, ""},
		{"an error behind unknown", `node.image == "a" && tonumber("x") > 1`, "ARG X\nFROM $X\n", 0, ""},
		{"known says so", `!known(node.image)`, "ARG X\nFROM $X\n", 1, ""},
		{"an empty list", `[for w in node.words : w if w == "x"][0] == "x"`, "FROM b\n", 0, "invalid index"},
		{"try on an empty list", `try([for w in node.words : w if w == "x"][0], "none") == "none"`, "FROM b\n", 1, ""},
		{"one of an empty list", `one([for w in node.words : w if w == "x"]) == null`, "FROM b\n", 1, ""},
		{"a flag that is not there", `node.flags["platform"] == ""`, "FROM b\n", 0, "invalid index"},
		{"lookup of a flag", `lookup(node.flags, "platform", "") == ""`, "FROM b\n", 1, ""},
		{"lookup beside an unknown one", `lookup(node.flags, "from", "none") == "none"`,
			"FROM --platform=$X b\n", 1, ""},
		{"any true beside an unknown one", `anytrue([for f in file.from : f.image == "b"])`,
			"ARG X\nFROM $X\nFROM b\n", 2, ""},
		{"null", `one([]) == "a"`, "FROM b\n", 0, ""},
		{"null as the condition", `one([for w in node.words : true if w == "x"])`, "FROM b\n", 0,
			"the value is null"},
		{"a text is no truth", `one([for w in node.words : w])`, "FROM b\n", 0,
			"the value is a string, not a bool"},
		{"semver of a pre-release", `semver("22-alpine", ">=", "22")`, "FROM b\n", 0, ""},
		{"too many steps", `length([for a in split("", join("", [for i in split("", node.text) : node.text])) : ` +
			`[for b in split("", join("", [for i in split("", node.text) : node.text])) : b]]) > 0`,
			"FROM " + strings.Repeat("b", 100) + "\n", 0, "the expression is given up, since it takes too many steps"},
		{"can does not hide it", `can([for a in split("", join("", [for i in split("", node.text) : node.text])) : ` +
			`[for b in split("", join("", [for i in split("", node.text) : node.text])) : b]])`,
			"FROM " + strings.Repeat("b", 100) + "\n", 0, "the expression is given up, since it takes too many steps"},
	} {
		pack := "pack \"x\" {}\nrule \"r\" {\n  summary = \"s\"\n  on = dockerfile.from\n  when = " + tt.when +
			"\n  message = \"m\"\n}\n"
		result := check(t, pack, tt.dockerfile)
		if len(result.Findings) != tt.found {
			t.Errorf("%s: %d findings, want %d", tt.name, len(result.Findings), tt.found)
		}
		got := ""
		if len(result.Failed) > 0 {
			got = result.Failed[0].Err.Error()
		}
		if tt.failed == "" && got != "" || !strings.Contains(strings.ToLower(got), tt.failed) {
			t.Errorf("%s: fails with %q, want %q", tt.name, got, tt.failed)
		}
	}
}
