package seccomp

import (
	"bytes"
	_ "embed"
	"fmt"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

var (
	//go:embed schema/oci.json
	ociText []byte
	//go:embed schema/docker.json
	dockerText []byte
	//go:embed schema/spo.json
	spoText []byte

	ociSchema    = sync.OnceValue(func() *jsonschema.Schema { return mustCompile(ociText) })
	dockerSchema = sync.OnceValue(func() *jsonschema.Schema { return mustCompile(dockerText) })
	spoSchema    = sync.OnceValue(func() *jsonschema.Schema { return mustCompile(spoText) })
)

func mustCompile(text []byte) *jsonschema.Schema {
	schema, err := compile(text)
	if err != nil {
		panic(fmt.Sprintf("embedded JSON schema: %v", err))
	}
	return schema
}

func compile(text []byte) (*jsonschema.Schema, error) {
	const name = "schema.json"
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(name, doc); err != nil {
		return nil, err
	}
	return c.Compile(name)
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
func violations(schema *jsonschema.Schema, v any) []violation {
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
		case *kind.MinItems:
			at.keyword = tooFew
		case *kind.MaxItems:
			at.keyword = tooMany
		case *kind.MinLength:
			at.keyword = tooShort
		case *kind.Maximum:
			at.keyword = tooBig
		case *kind.Minimum:
			at.keyword = tooSmall
		case *kind.Pattern:
			at.keyword = unmatched
		case *kind.UniqueItems:
			at.keyword, at.element = repeated, max(k.Duplicates[0], k.Duplicates[1])
		case *kind.Enum:
			at.keyword = unlisted
		default:
			continue // groups of others
		}
		out = append(out, at)
	}
	return out
}
