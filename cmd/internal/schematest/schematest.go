// Package schematest holds JSON against the JSON schemas of docs/schema, for tests.
//
// It knows the keywords of draft 7 that these schemas use, and no others. The library that knows all of them takes
// longer to initialise than sandlint takes to start, and the scripts of cmd/sandlint start the test binary some hundred
// times. The package's own test compares the two.
package schematest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// schema is a schema: either an object or, in place of one, true or false.
type schema struct {
	never bool // it is false

	keywords
}

type keywords struct {
	Draft       string             `json:"$schema"`
	ID          string             `json:"$id"`
	Title       string             `json:"title"`
	Description string             `json:"description"`
	Definitions map[string]*schema `json:"definitions"`

	Ref                  string              `json:"$ref"`
	Type                 any                 `json:"type"` // a name, or a list of names
	Enum                 []any               `json:"enum"`
	Const                any                 `json:"const"`
	OneOf                []*schema           `json:"oneOf"`
	Required             []string            `json:"required"`
	Properties           map[string]*schema  `json:"properties"`
	AdditionalProperties *schema             `json:"additionalProperties"`
	Dependencies         map[string][]string `json:"dependencies"`
	Items                *schema             `json:"items"`
	MinItems             int                 `json:"minItems"`
	MaxItems             *int                `json:"maxItems"`
	MinLength            int                 `json:"minLength"`
	Pattern              string              `json:"pattern"`
	Minimum              json.Number         `json:"minimum"`
	Maximum              json.Number         `json:"maximum"`
}

func (s *schema) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case "true":
		return nil
	case "false":
		s.never = true
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	d.DisallowUnknownFields()
	return d.Decode(&s.keywords)
}

// Definition returns the schema that a schema has under a name in its definitions.
func Definition(text []byte, name string) ([]byte, error) {
	var root map[string]json.RawMessage
	if err := json.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("the schema: %w", err)
	}
	ref, err := json.Marshal("#/definitions/" + name)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]json.RawMessage{"$ref": ref, "definitions": root["definitions"]})
}

// Check returns why a document does not conform to a schema, or why one of the two cannot be read; nil where it
// conforms.
func Check(text, doc []byte) error {
	root := &schema{}
	if err := json.Unmarshal(text, root); err != nil {
		return fmt.Errorf("the schema: %w", err)
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text follows the document")
	}
	return (&checker{root}).check(root, v, "")
}

type checker struct{ root *schema }

// check returns the first way in which the value at a path breaks a schema.
func (c *checker) check(s *schema, v any, at string) error {
	broken := func(format string, args ...any) error {
		return fmt.Errorf("%s: %s", at, fmt.Sprintf(format, args...))
	}
	if s.never {
		return broken("nothing may be here")
	}
	if s.Ref != "" {
		target := c.root
		if s.Ref != "#" {
			target = c.root.Definitions[strings.TrimPrefix(s.Ref, "#/definitions/")]
		}
		if target == nil {
			return broken("the schema has no %s", s.Ref)
		}
		return c.check(target, v, at)
	}
	if s.Type != nil && !hasType(v, s.Type) {
		return broken("%v is not of type %v", v, s.Type)
	}
	if s.Const != nil && !reflect.DeepEqual(v, s.Const) {
		return broken("%v is not %v", v, s.Const)
	}
	if s.Enum != nil && !slices.ContainsFunc(s.Enum, func(o any) bool { return reflect.DeepEqual(v, o) }) {
		return broken("%v is not one of %v", v, s.Enum)
	}
	if s.OneOf != nil {
		var all []error
		for _, o := range s.OneOf {
			if err := c.check(o, v, at); err != nil {
				all = append(all, err)
			}
		}
		if len(all) != len(s.OneOf)-1 {
			return broken("it conforms to %d of %d schemas: %v", len(s.OneOf)-len(all), len(s.OneOf),
				errors.Join(all...))
		}
	}
	switch v := v.(type) {
	case map[string]any:
		return c.object(s, v, at)
	case []any:
		if len(v) < s.MinItems || s.MaxItems != nil && len(v) > *s.MaxItems {
			return broken("%d elements", len(v))
		}
		for n, item := range v {
			if s.Items == nil {
				break
			}
			if err := c.check(s.Items, item, fmt.Sprintf("%s/%d", at, n)); err != nil {
				return err
			}
		}
	case string:
		if utf8.RuneCountInString(v) < s.MinLength || !regexp.MustCompile(s.Pattern).MatchString(v) {
			return broken("%q is too short or does not match %s", v, s.Pattern)
		}
	case json.Number:
		if s.Minimum != "" && number(v).Cmp(number(s.Minimum)) < 0 ||
			s.Maximum != "" && number(v).Cmp(number(s.Maximum)) > 0 {
			return broken("%s is too small or too large", v)
		}
	}
	return nil
}

func (c *checker) object(s *schema, v map[string]any, at string) error {
	needed := slices.Clone(s.Required)
	for name, others := range s.Dependencies {
		if _, ok := v[name]; ok {
			needed = append(needed, others...)
		}
	}
	for _, name := range needed {
		if _, ok := v[name]; !ok {
			return fmt.Errorf("%s: %q is missing", at, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		below := s.Properties[name]
		if below == nil {
			below = s.AdditionalProperties
		}
		if below == nil {
			continue
		}
		if err := c.check(below, v[name], at+"/"+name); err != nil {
			return err
		}
	}
	return nil
}

// hasType reports whether a value has a type of JSON Schema, or one of a list.
func hasType(v, want any) bool {
	if list, ok := want.([]any); ok {
		return slices.ContainsFunc(list, func(one any) bool { return hasType(v, one) })
	}
	switch v := v.(type) {
	case map[string]any:
		return want == "object"
	case []any:
		return want == "array"
	case string:
		return want == "string"
	case bool:
		return want == "boolean"
	case json.Number:
		return want == "number" || want == "integer" && number(v).IsInt()
	}
	return want == "null"
}

func number(n json.Number) *big.Rat {
	r, _ := new(big.Rat).SetString(string(n))
	return r
}
