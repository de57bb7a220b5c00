package config

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/source"
)

// accepted returns the names that the reader accepts in a block, which it says where a name is unknown.
func accepted(t *testing.T, text string) []string {
	t.Helper()
	_, err := parse(source.NewFile(Name, []byte(text)), "/base", packs)
	var wrong *Error
	if !errors.As(err, &wrong) {
		t.Fatal(text, err)
	}
	for _, p := range wrong.Problems {
		if _, list, ok := strings.Cut(p.Message, "which may contain "); ok {
			return strings.Split(list, ", ")
		}
	}
	t.Fatal(text, err)
	return nil
}

// TestSchema compares the members of each object of the schema with the names that the reader accepts there.
func TestSchema(t *testing.T) {
	b, err := json.Marshal(Schema(packs))
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(b, &schema); err != nil {
		t.Fatal(err)
	}
	at := func(o map[string]any, path ...string) map[string]any {
		for _, name := range path {
			o = o[name].(map[string]any)
		}
		return o
	}
	for text, members := range map[string]map[string]any{
		"zzzz = 1":                    at(schema, "properties"),
		"target { zzzz = 1 }":         at(schema, "properties", "target", "properties"),
		"override { zzzzzzzzzz = 1 }": at(schema, "properties", "override", "items", "properties"),
		`rule "nix" { zzzz = 1 }`:     at(schema, "properties", "rule", "additionalProperties", "properties"),
	} {
		if diff := cmp.Diff(accepted(t, text), slices.Sorted(maps.Keys(members))); diff != "" {
			t.Errorf("%s (-reader +schema):\n%s", text, diff)
		}
	}
	for _, list := range []struct {
		path []string
		text string // with each value
	}{
		{[]string{"properties", "preset"}, "preset = %"},
		{[]string{"properties", "fail_on"}, "fail_on = %"},
		{[]string{"properties", "rule", "additionalProperties", "properties", "severity"},
			`rule "nix" { severity = % }`},
		{[]string{"properties", "rule", "additionalProperties", "properties", "fix"}, `rule "nix" { fix = % }`},
	} {
		for _, v := range at(schema, list.path...)["enum"].([]any) {
			text := strings.Replace(list.text, "%", quote(v.(string)), 1)
			if _, err := parse(source.NewFile(Name, []byte(text)), "/base", packs); err != nil {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
}
