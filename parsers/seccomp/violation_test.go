package seccomp

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// library compiles a schema with a complete implementation of JSON Schema, which also holds it against the schema of
// its draft.
func library(t *testing.T, text []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ofLibrary returns what the library finds, as violations.
func ofLibrary(schema *jsonschema.Schema, v any) []violation {
	err, ok := schema.Validate(v).(*jsonschema.ValidationError)
	if !ok {
		return nil
	}
	var out []violation
	for open := []*jsonschema.ValidationError{err}; len(open) > 0; {
		e := open[len(open)-1]
		open = append(open[:len(open)-1], e.Causes...)
		at := violation{steps: e.InstanceLocation}
		switch k := e.ErrorKind.(type) {
		case *kind.Required:
			at.keyword = missing
			for _, at.property = range k.Missing {
				out = append(out, at)
			}
			continue
		case *kind.Type:
			at.keyword, at.given, at.expected = wrongType, k.Got, k.Want[0]
		case *kind.UniqueItems:
			at.keyword, at.element = repeated, max(k.Duplicates[0], k.Duplicates[1])
		case *kind.Schema, *kind.Group, *kind.Reference, *kind.AnyOf:
			continue // groups of others
		default:
			path := k.KeywordPath()
			at.keyword = keyword(path[len(path)-1])
		}
		out = append(out, at)
	}
	return out
}

// values makes random values with the names that the schemas know.
type values struct {
	*rand.Rand
	names []string
}

func (r values) value(depth int) any {
	n := r.IntN(12)
	switch {
	case depth > 0 && n < 5:
		out := map[string]any{}
		for range r.IntN(5) {
			out[r.names[r.IntN(len(r.names))]] = r.value(depth - 1)
		}
		return out
	case depth > 0 && n < 8:
		out := []any{}
		for range r.IntN(9) {
			out = append(out, r.value(depth-1))
		}
		return out
	case n < 6:
		return []string{
			"", "read", "Enabled", "SCMP_ARCH_X86", "SCMP_ARCH_NONE", "/var/run/security-profiles-operator/a.sock",
		}[r.IntN(6)]
	case n < 10:
		return json.Number([]string{
			"0", "5", "6", "0.5", "2147483648", "9223372036854775807", "9223372036854775808", "18446744073709551615",
		}[r.IntN(8)])
	}
	return []any{true, false, nil}[r.IntN(3)]
}

// TestViolations compares what breaks a schema with what a library finds: in random values, and in values that are
// nearly right.
func TestViolations(t *testing.T) {
	const near = `{"defaultAction": "a", "defaultErrnoRet": 1, "architectures": ["SCMP_ARCH_X86"], "flags": ["f"],
		"listenerPath": "/var/run/security-profiles-operator/a.sock", "state": "Enabled", "archMap": [{"architecture":
		"x", "subArchitectures": ["y"]}], "syscalls": [{"names": ["read"], "action": "a", "errnoRet": 5, "args":
		[{"index": 0, "value": 1, "valueTwo": 2, "op": "o"}], "includes": {"caps": ["c"], "minKernel": "4.8"}}]}`
	found := map[keyword]bool{}
	for name, text := range map[string][]byte{"OCI": ociText, "Docker": dockerText, "SPO": spoText} {
		theirs, ours := library(t, text), mustCompile(text)
		r := values{rand.New(rand.NewPCG(1, uint64(len(text)))), nil}
		for word := range strings.FieldsSeq(strings.NewReplacer("{", " ", ":", " ").Replace(string(text))) {
			if word, ok := strings.CutPrefix(word, `"`); ok && strings.HasSuffix(word, `"`) {
				r.names = append(r.names, strings.TrimSuffix(word, `"`))
			}
		}
		for n := range 2000 {
			v := r.value(4)
			if n%2 == 0 {
				d := json.NewDecoder(strings.NewReader(near))
				d.UseNumber()
				if err := d.Decode(&v); err != nil {
					t.Fatal(err)
				}
				v = r.changed(v)
			}
			show := func(list []violation) string {
				slices.SortFunc(list, func(a, b violation) int {
					return cmp.Or(slices.Compare(a.steps, b.steps), cmp.Compare(a.keyword, b.keyword),
						cmp.Compare(a.property, b.property))
				})
				return fmt.Sprintf("%+v", list)
			}
			list := violations(ours, v)
			if got, want := show(list), show(ofLibrary(theirs, v)); got != want {
				b, _ := json.Marshal(v)
				t.Fatalf("%s: %s\ngot  %s\nwant %s", name, b, got, want)
			}
			for _, v := range list {
				found[v.keyword] = true
			}
		}
	}
	if len(found) != 9 { // all but tooSmall: a negative number is none of the right type
		t.Errorf("only these keywords were broken: %v", found)
	}
}

// changed returns the value with some parts of it replaced, repeated or left out.
func (r values) changed(v any) any {
	if r.IntN(25) == 0 {
		return r.value(2)
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if v[name] = r.changed(v[name]); r.IntN(20) == 0 {
				delete(v, name)
			}
		}
	case []any:
		for n := range v {
			v[n] = r.changed(v[n])
		}
		if len(v) > 0 && r.IntN(4) == 0 {
			v = append(v, slices.Repeat(v[:1], r.IntN(8))...)
		}
		return v
	case string, json.Number:
		if r.IntN(8) == 0 {
			return r.value(0)
		}
	}
	return v
}
