package seccomp

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

var (
	//go:embed schema/oci.json
	ociText []byte
	//go:embed schema/docker.json
	dockerText []byte
	//go:embed schema/spo.json
	spoText []byte

	ociSchema    = sync.OnceValue(func() *schema { return mustCompile(ociText) })
	dockerSchema = sync.OnceValue(func() *schema { return mustCompile(dockerText) })
	spoSchema    = sync.OnceValue(func() *schema { return mustCompile(spoText) })
)

// schema is a JSON schema of draft 7 with the keywords that the three embedded ones use. A library for all of them
// would compile the schemas of the five drafts whenever sandlint starts, which takes longer than the rest of a start.
// The tests compare the two.
type schema struct {
	Draft       string             `json:"$schema"`
	Title       string             `json:"title"`
	Description string             `json:"description"`
	Definitions map[string]*schema `json:"definitions"`

	Ref         string             `json:"$ref"`
	Type        string             `json:"type"`
	Enum        []string           `json:"enum"`
	AnyOf       []*schema          `json:"anyOf"`
	Required    []string           `json:"required"`
	Properties  map[string]*schema `json:"properties"`
	Items       *schema            `json:"items"`
	MinItems    int                `json:"minItems"`
	MaxItems    *int               `json:"maxItems"`
	UniqueItems bool               `json:"uniqueItems"`
	MinLength   int                `json:"minLength"`
	Pattern     string             `json:"pattern"`
	Minimum     uint64             `json:"minimum"`
	Maximum     *uint64            `json:"maximum"` // of integers

	pattern *regexp.Regexp
}

func mustCompile(text []byte) *schema {
	s, err := compile(text)
	if err != nil {
		panic(fmt.Sprintf("embedded JSON schema: %v", err))
	}
	return s
}

// compile reads a schema; the error says that it has a keyword that is not known here, or refers to nothing.
func compile(text []byte) (*schema, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	root := &schema{}
	if err := d.Decode(root); err != nil {
		return nil, err
	}
	return root, root.resolve(root)
}

// resolve puts what a schema refers to in the place of the references below it.
func (s *schema) resolve(root *schema) (err error) {
	if s.Pattern != "" {
		if s.pattern, err = regexp.Compile(s.Pattern); err != nil {
			return err
		}
	}
	target := func(at *schema) (*schema, error) {
		if at == nil || at.Ref == "" {
			return at, nil
		}
		definition := root.Definitions[strings.TrimPrefix(at.Ref, "#/definitions/")]
		if definition == nil || definition.Ref != "" {
			return nil, fmt.Errorf("%q is no definition", at.Ref)
		}
		return definition, nil
	}
	for _, below := range []map[string]*schema{s.Definitions, s.Properties} {
		for name, at := range below {
			if at.Ref == "" {
				if err := at.resolve(root); err != nil {
					return err
				}
			}
			if below[name], err = target(at); err != nil {
				return err
			}
		}
	}
	for _, at := range append(slices.Clone(s.AnyOf), s.Items) {
		if at != nil && at.Ref == "" {
			if err := at.resolve(root); err != nil {
				return err
			}
		}
	}
	for n, at := range s.AnyOf {
		if s.AnyOf[n], err = target(at); err != nil {
			return err
		}
	}
	s.Items, err = target(s.Items)
	return err
}

// keyword is what of a schema a value breaks.
type keyword string

const (
	wrongType keyword = "type"
	missing   keyword = "required"
	tooFew    keyword = "minItems"
	tooMany   keyword = "maxItems"
	tooShort  keyword = "minLength"
	tooBig    keyword = "maximum"
	tooSmall  keyword = "minimum"
	unmatched keyword = "pattern"
	repeated  keyword = "uniqueItems"
	unlisted  keyword = "enum"
)

// violation is one place at which a value breaks its schema.
type violation struct {
	keyword keyword
	// steps is the path of the value: names of fields, and indices.
	steps []string
	// property is the field that is missing.
	property string
	// given and expected are the types, of a value of the wrong one.
	given, expected string
	// element is the second of two equal elements.
	element int
}

// violations returns where a value, as reader makes it, breaks a schema, in no order.
func violations(s *schema, v any) []violation {
	c := checker{}
	c.check(s, v)
	return c.out
}

type checker struct {
	steps []string // to the value that is looked at
	out   []violation
}

func (c *checker) add(v violation) {
	v.steps = slices.Clone(c.steps)
	c.out = append(c.out, v)
}

func (c *checker) below(step string, s *schema, v any) {
	c.steps = append(c.steps, step)
	c.check(s, v)
	c.steps = c.steps[:len(c.steps)-1]
}

func (c *checker) check(s *schema, v any) {
	if given := typeOf(v); s.Type != "" && s.Type != given && (s.Type != "integer" || !isInteger(v)) {
		c.add(violation{keyword: wrongType, given: given, expected: s.Type})
		return
	}
	if s.Enum != nil {
		if text, ok := v.(string); !ok || !slices.Contains(s.Enum, text) {
			c.add(violation{keyword: unlisted})
			return
		}
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range s.Required {
			if _, ok := v[name]; !ok {
				c.add(violation{keyword: missing, property: name})
			}
		}
		for name, value := range v {
			if below := s.Properties[name]; below != nil {
				c.below(name, below, value)
			}
		}
	case []any:
		c.array(s, v)
	case string:
		if s.MinLength > 0 && utf8.RuneCountInString(v) < s.MinLength {
			c.add(violation{keyword: tooShort})
		}
		if s.pattern != nil && !s.pattern.MatchString(v) {
			c.add(violation{keyword: unmatched})
		}
	case json.Number:
		if s.Type != "integer" {
			break
		}
		n, err := strconv.ParseUint(string(v), 10, 64)
		switch {
		case err != nil: // reader makes no others
		case n < s.Minimum:
			c.add(violation{keyword: tooSmall})
		case s.Maximum != nil && n > *s.Maximum:
			c.add(violation{keyword: tooBig})
		}
	}
	c.anyOf(s.AnyOf, v)
}

func (c *checker) array(s *schema, list []any) {
	if len(list) < s.MinItems {
		c.add(violation{keyword: tooFew})
	}
	if s.MaxItems != nil && len(list) > *s.MaxItems {
		c.add(violation{keyword: tooMany})
	}
	if s.UniqueItems {
		if n := duplicate(list); n >= 0 {
			c.add(violation{keyword: repeated, element: n})
		}
	}
	if s.Items != nil {
		for n, item := range list {
			c.below(strconv.Itoa(n), s.Items, item)
		}
	}
}

// anyOf adds what the value breaks of each schema where it conforms to none.
func (c *checker) anyOf(list []*schema, v any) {
	before := len(c.out)
	for _, s := range list {
		own := len(c.out)
		if c.check(s, v); len(c.out) == own {
			c.out = c.out[:before]
			return
		}
	}
}

// duplicate returns the index of the first element that equals an earlier one, -1 for none.
func duplicate(list []any) int {
	texts := make(map[string]bool, len(list))
	for n, item := range list {
		if text, ok := item.(string); ok {
			if texts[text] {
				return n
			}
			texts[text] = true
			continue
		}
		// The elements must be strings, so this is reported as well; only a few are compared.
		for _, earlier := range list[:min(n, 20)] {
			if reflect.DeepEqual(item, earlier) {
				return n
			}
		}
	}
	return -1
}

// typeOf returns what JSON Schema calls the type of a value that reader made.
func typeOf(v any) string {
	switch v.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case bool:
		return "boolean"
	case json.Number:
		return "number"
	}
	return "null"
}

func isInteger(v any) bool {
	n, ok := v.(json.Number)
	return ok && !strings.Contains(string(n), ".")
}
