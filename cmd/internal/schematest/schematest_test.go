package schematest

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestCheck compares Check with a complete implementation of JSON Schema, over documents that each schema of
// docs/schema allows, and such with one change. The library also holds the schemas against that of their draft.
func TestCheck(t *testing.T) {
	all, err := filepath.Glob(filepath.Join("..", "..", "..", "docs", "schema", "*.schema.json"))
	if err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	conform, broken := 0, 0
	for _, name := range all {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		theirs := library(t, name, text)
		root := &schema{}
		if err := json.Unmarshal(text, root); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		m := &maker{rand.New(rand.NewPCG(1, uint64(len(text)))), root}
		for range 60 {
			doc, err := json.Marshal(m.value(root, 0))
			if err != nil {
				t.Fatal(err)
			}
			v, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
			if err != nil {
				t.Fatal(err)
			}
			got, want := Check(text, doc), theirs.Validate(v)
			if (got == nil) != (want == nil) {
				t.Fatalf("%s: %s\ngot  %v\nwant %v", name, doc, got, want)
			}
			if conform++; got != nil {
				broken++
			}
		}
	}
	if conform -= broken; conform < 60 || broken < 60 {
		t.Errorf("%d documents conform, %d do not", conform, broken)
	}
	for schema, doc := range map[string]string{
		`{"unknown": 1}`: `1`, `{"type": "string"}`: `"a" "b"`, `{"$ref": "#/definitions/none"}`: `1`,
	} {
		if Check([]byte(schema), []byte(doc)) == nil {
			t.Errorf("%s allows %s", schema, doc)
		}
	}
}

func library(t *testing.T, name string, text []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return s
}

// maker makes values that a schema allows, now and then with something wrong in them.
type maker struct {
	*rand.Rand
	root *schema
}

func (m *maker) value(s *schema, depth int) any {
	if m.IntN(120) == 0 {
		return []any{nil, true, "", "x", json.Number("-1"), json.Number("1.5"), []any{}, map[string]any{}}[m.IntN(8)]
	}
	switch {
	case s.Ref != "":
		target := m.root
		if s.Ref != "#" {
			target = m.root.Definitions[filepath.Base(s.Ref)]
		}
		return m.value(target, depth)
	case s.Const != nil:
		return s.Const
	case s.Enum != nil:
		return s.Enum[m.IntN(len(s.Enum))]
	case s.OneOf != nil:
		return m.value(s.OneOf[m.IntN(len(s.OneOf))], depth)
	}
	of := s.Type
	if list, ok := of.([]any); ok {
		of = list[m.IntN(len(list))]
	}
	switch of {
	case "object":
		out := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			if m.IntN(60) != 0 && (slices.Contains(s.Required, name) || depth < 5 && m.IntN(2) == 0) {
				out[name] = m.value(s.Properties[name], depth+1)
			}
		}
		if m.IntN(60) == 0 {
			out["other"] = 1
		}
		return out
	case "array":
		out := []any{}
		for range s.MinItems + m.IntN(3)*min(1, max(0, 6-depth)) {
			if s.Items != nil {
				out = append(out, m.value(s.Items, depth+1))
			}
		}
		return out
	case "integer", "number":
		if s.Minimum != "" {
			return s.Minimum
		}
		return json.Number("1")
	case "boolean":
		return m.IntN(2) == 0
	case "null":
		return nil
	}
	return []string{"abc", "0x1f", "sha256:0", "a/b", "nix/unknown-setting"}[m.IntN(5)]
}
