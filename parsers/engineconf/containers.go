package engineconf

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/sandlint/sandlint/parsers/source"
)

// parseContainers reads a containers.conf. Source of what the options mean: containers/common, pkg/config at f437c58a.
func parseContainers(f *source.File) *File {
	text := bytes.TrimPrefix(f.Bytes, []byte("\ufeff"))
	c := containers{&File{Source: f, Engine: Podman}, &unstable.Parser{}, len(f.Bytes) - len(text)}
	c.toml.Reset(text)
	table := ""
	for c.toml.NextExpression() {
		e := c.toml.Expression()
		switch e.Kind {
		case unstable.Table:
			table = dotted(e.Key())
		case unstable.ArrayTable:
			table = "" // of no interest
		case unstable.KeyValue:
			name := dotted(e.Key())
			if table != "" {
				name = table + "." + name
			}
			c.option(name, e.Value(), c.span(e.Raw))
		}
	}
	var failed *unstable.ParserError
	if errors.As(c.toml.Error(), &failed) {
		span := f.Span()
		if len(failed.Highlight) > 0 {
			span = c.span(c.toml.Range(failed.Highlight))
		} else {
			span.Start = span.End
		}
		c.problem(KindSyntax, span, failed.Message)
	}
	return c.File
}

type containers struct {
	*File
	toml  *unstable.Parser
	shift int
}

// dotted returns a key as it is written without quotes.
func dotted(key unstable.Iterator) string {
	out := ""
	for key.Next() {
		if out != "" {
			out += "."
		}
		out += string(key.Node().Data)
	}
	return out
}

func (c containers) span(r unstable.Range) source.Span {
	start := int(r.Offset) + c.shift
	return source.Span{Start: start, End: start + int(r.Length)}
}

// option reads a key, with its table before it. whole is the key with its value.
func (c containers) option(name string, v *unstable.Node, whole source.Span) {
	fields := map[string]struct {
		to   *source.Value
		kind unstable.Kind
	}{
		"containers.seccomp_profile": {&c.Seccomp, unstable.String},
		"containers.userns":          {&c.Userns, unstable.String},
		"containers.privileged":      {&c.Privileged, unstable.Bool},
		"engine.runtime":             {&c.Runtime, unstable.String},
	}
	if field, ok := fields[name]; ok {
		if v.Kind != field.kind {
			want := "a string"
			if field.kind == unstable.Bool {
				want = "true or false"
			}
			c.problem(KindShape, whole, strconv.Quote(name)+" takes "+want)
			return
		}
		*field.to = c.value(v)
		return
	}
	if name != "containers.default_capabilities" {
		return
	}
	if v.Kind != unstable.Array {
		c.problem(KindShape, whole, strconv.Quote(name)+" takes a list of strings")
		return
	}
	c.Capabilities = []source.Value{}
	for items := v.Children(); items.Next(); {
		if item := items.Node(); item.Kind == unstable.String {
			c.Capabilities = append(c.Capabilities, c.value(item))
		}
	}
}

// value returns a string or a boolean.
func (c containers) value(v *unstable.Node) source.Value {
	return source.Value{Text: string(v.Data), Known: true, Span: c.place(v)}
}

// place returns the place of a value, without the quotes of a string.
func (c containers) place(v *unstable.Node) source.Span {
	span := c.span(v.Raw)
	if v.Kind == unstable.String && span.Len() == len(v.Data)+2 {
		span.Start++
		span.End--
	}
	return span
}
