package bake

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	hcljson "github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/sandlint/sandlint/parsers/hcltext"
	"github.com/sandlint/sandlint/parsers/source"
)

const (
	// maxDepth bounds how deep values refer to each other.
	maxDepth = 128

	maxProblems = 100
	// maxMatrix bounds the targets that one block expands to.
	maxMatrix = 512
	// maxMerges bounds the number of entries that inheritance copies.
	maxMerges = 1 << 20
)

var fileSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "variable", LabelNames: []string{"name"}},
	{Type: "function", LabelNames: []string{"name"}},
	{Type: "group", LabelNames: []string{"name"}},
	{Type: "target", LabelNames: []string{"name"}},
}}

var variableSchema = &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "default"}}}

var functionSchema = &hcl.BodySchema{Attributes: []hcl.AttributeSchema{
	{Name: "params"}, {Name: "variadic_params"}, {Name: "result"},
}}

var groupSchema = &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "targets"}}}

var targetSchema = &hcl.BodySchema{Attributes: []hcl.AttributeSchema{
	{Name: "name"}, {Name: "matrix"}, {Name: "inherits"}, {Name: "dockerfile"}, {Name: "dockerfile-inline"},
	{Name: "context"}, {Name: "contexts"}, {Name: "target"}, {Name: "platforms"}, {Name: "args"},
	{Name: "entitlements"}, {Name: "network"}, {Name: "call"}, {Name: "tags"},
}}

// Parse reads a definition: as JSON when a path ends in ".json", otherwise as HCL. Of several files, later ones
// override earlier ones, as bake merges docker-bake.hcl and docker-bake.override.hcl. It never fails: what cannot be
// read becomes a problem of the file.
func Parse(files ...*source.File) *File { return ParseIn(nil, files...) }

// ParseIn is like Parse. environment returns the values that bake finds for variables in its environment, and false for
// one that is not set.
func ParseIn(environment func(name string) (v Value, ok bool), files ...*source.File) *File {
	text := files[0]
	if len(files) > 1 {
		var all [][]byte
		for _, f := range files {
			all = append(all, f.Bytes)
		}
		text = source.NewFile(text.Path, bytes.Join(all, []byte("\n")))
	}
	p := &parser{
		file: &File{Source: text, files: files}, eval: newEvaluator(text.Bytes), braces: map[int]int{},
		blocks: map[string]*Target{}, resolved: map[*Target]*Target{},
	}
	p.eval.environment = environment
	var blocks hcl.Blocks
	at := 0
	for _, f := range files {
		blocks = append(blocks, p.parse(f, at)...)
		at += len(f.Bytes) + 1
	}
	p.read(blocks)
	slices.SortStableFunc(p.file.Problems, func(a, b source.Problem) int {
		return cmp.Compare(a.Span.Start, b.Span.Start)
	})
	return p.file
}

type parser struct {
	file   *File
	eval   *evaluator
	braces map[int]int // ends of the blocks of an HCL file by their starts
	// blocks are the targets as written, before inheritance, by name; resolved are the same after inheritance, nil
	// while one is being resolved.
	blocks   map[string]*Target
	resolved map[*Target]*Target
	merges   int // entries copied by inheritance
}

func (p *parser) problem(kind string, span source.Span, format string, args ...any) {
	if len(p.file.Problems) < maxProblems {
		p.file.Problems = append(p.file.Problems,
			source.Problem{Span: p.clamp(span), Kind: kind, Message: fmt.Sprintf(format, args...)})
	}
}

func (p *parser) clamp(s source.Span) source.Span {
	n := len(p.file.Source.Bytes)
	s.Start = min(max(s.Start, 0), n)
	s.End = min(max(s.End, s.Start), n)
	return s
}

// parse returns the blocks of a file that begins at an offset of the whole text.
func (p *parser) parse(f *source.File, base int) hcl.Blocks {
	src := f.Bytes
	isJSON := strings.HasSuffix(f.Path, ".json")
	if at, why := hcltext.Refuse(src); why != "" {
		p.problem(KindSize, source.Span{Start: base + at, End: base + min(at+1, len(src))}, "%s", why)
		return nil
	}
	pos := hcl.InitialPos
	skip := 0
	if bytes.HasPrefix(src, []byte("\xef\xbb\xbf")) {
		skip = 3
	}
	pos.Byte = base + skip
	var parsed *hcl.File
	var diags hcl.Diagnostics
	if isJSON {
		parsed, diags = hcljson.ParseWithStartPos(src[skip:], f.Path, pos)
	} else {
		parsed, diags = hclsyntax.ParseConfig(src[skip:], f.Path, pos)
	}
	p.report(KindSyntax, diags)
	if parsed == nil || parsed.Body == nil {
		return nil
	}
	if body, ok := parsed.Body.(*hclsyntax.Body); ok {
		for _, b := range body.Blocks {
			p.braces[b.TypeRange.Start.Byte] = b.CloseBraceRange.End.Byte
		}
	}
	broken := diags.HasErrors()
	content, rest, diags := parsed.Body.PartialContent(fileSchema)
	if !isJSON || !broken { // after a syntax error, a truncated value looks like a wrong type
		p.report(KindShape, diags)
	}
	attrs, _ := rest.JustAttributes()
	maps.Copy(p.eval.attrs, attrs)
	for _, b := range content.Blocks {
		if b.Type == "function" {
			if f := newFunction(b.Body); f != nil {
				p.eval.own[b.Labels[0]] = f
			}
		}
		if b.Type == "variable" {
			c, _, _ := b.Body.PartialContent(variableSchema)
			if def := c.Attributes["default"]; def != nil || p.eval.variables[b.Labels[0]] == nil {
				p.eval.variables[b.Labels[0]] = def
			}
		}
	}
	return content.Blocks
}

// read makes targets and groups of the blocks.
func (p *parser) read(blocks hcl.Blocks) {
	var order []*Target
	for _, b := range blocks {
		switch b.Type {
		case "group":
			p.group(b)
		case "target":
			for _, t := range p.target(b) {
				if t.Name.Known {
					if first := p.blocks[t.Name.Text]; first != nil {
						first.merge(t)
						first.Inherits = append(first.Inherits, t.Inherits...)
						continue
					}
					p.blocks[t.Name.Text] = t
				}
				order = append(order, t)
			}
		}
	}
	for _, t := range order {
		p.file.Targets = append(p.file.Targets, p.inherited(t))
	}
}

// report turns hcl's errors into problems.
func (p *parser) report(kind string, diags hcl.Diagnostics) {
	for _, d := range diags {
		if d.Severity != hcl.DiagError {
			continue
		}
		var span source.Span
		if d.Subject != nil {
			span = spanOf(*d.Subject)
		}
		p.problem(kind, span, "%s", sentence(d))
	}
}

// sentence turns hcl's summary and detail into one sentence in our form.
func sentence(d *hcl.Diagnostic) string {
	text := lowerFirst(d.Summary)
	detail, _, _ := strings.Cut(d.Detail, ". ")
	detail = strings.TrimSuffix(strings.Join(strings.Fields(detail), " "), ".")
	if detail != "" {
		text += ": " + lowerFirst(detail)
	}
	return text
}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if next, _ := utf8.DecodeRuneInString(s[n:]); n == 0 || unicode.IsUpper(next) {
		return s // an abbreviation, such as JSON
	}
	return string(unicode.ToLower(r)) + s[n:]
}

func spanOf(r hcl.Range) source.Span { return source.Span{Start: r.Start.Byte, End: r.End.Byte} }

// inner is the span of an expression or label without quotes around it.
func (p *parser) inner(r hcl.Range) source.Span {
	s := p.clamp(spanOf(r))
	if src := p.file.Source.Bytes; s.Len() >= 2 && src[s.Start] == '"' && src[s.End-1] == '"' {
		return source.Span{Start: s.Start + 1, End: s.End - 1}
	}
	return s
}

// blockSpan runs from the type of a block to its closing brace; in JSON from its name to the end of its object.
func (p *parser) blockSpan(b *hcl.Block) source.Span {
	s := spanOf(b.DefRange)
	if end, ok := p.braces[s.Start]; ok {
		return p.clamp(s.Join(source.Span{Start: s.Start, End: end}))
	}
	for _, l := range b.LabelRanges {
		s = spanOf(l)
	}
	return p.clamp(s.Join(spanOf(b.Body.MissingItemRange())))
}

func (p *parser) group(b *hcl.Block) {
	g := &Group{Name: b.Labels[0], Span: p.blockSpan(b)}
	content, _, _ := b.Body.PartialContent(groupSchema)
	if a := content.Attributes["targets"]; a != nil {
		g.Targets = p.list(a, nil)
	}
	p.file.Groups = append(p.file.Groups, g)
}

// target reads a target's block: one target, or those of its matrix.
func (p *parser) target(b *hcl.Block) []*Target {
	content, _, _ := b.Body.PartialContent(targetSchema)
	attrs := content.Attributes
	label := Value{Text: b.Labels[0], Known: true, Span: p.inner(b.LabelRanges[0])}
	matrix := attrs["matrix"]
	if matrix == nil {
		return []*Target{p.instance(b, attrs, label, nil)}
	}
	var out []*Target
	for _, scope := range p.eval.matrix(matrix.Expr) {
		name := label
		if a := attrs["name"]; a != nil {
			name = p.value(a.Expr, scope)
		}
		if scope.opaque {
			name = Value{Span: name.Span}
		}
		out = append(out, p.instance(b, attrs, name, scope))
	}
	g := &Group{Name: label.Text, Span: p.blockSpan(b)}
	for _, t := range out {
		g.Targets = append(g.Targets, t.Name)
	}
	if len(out) != 1 || !out[0].Name.Is(label.Text) {
		p.file.Groups = append(p.file.Groups, g)
	}
	return out
}

// instance reads the attributes of a target for one combination of its matrix.
func (p *parser) instance(b *hcl.Block, attrs hcl.Attributes, name Value, scope *scope) *Target {
	t := &Target{Name: name, Span: p.blockSpan(b), Label: b.Labels[0]}
	for _, f := range []struct {
		attr  string
		field *Value
	}{
		{"dockerfile", &t.Dockerfile}, {"dockerfile-inline", &t.Inline}, {"context", &t.Context}, {"target", &t.Stage},
		{"call", &t.Call},
	} {
		if a := attrs[f.attr]; a != nil {
			*f.field = p.value(a.Expr, scope)
		}
	}
	for _, f := range []struct {
		attr  string
		field *[]Value
	}{
		{"inherits", &t.Inherits}, {"platforms", &t.Platforms}, {"entitlements", &t.Entitlements},
		{"tags", &t.Tags},
	} {
		if a := attrs[f.attr]; a != nil {
			*f.field = p.list(a, scope)
		}
	}
	if a := attrs["network"]; a != nil {
		if v := p.value(a.Expr, scope); v.Is("host") {
			v.Text = "network.host"
			t.Entitlements = append(t.Entitlements, v)
		}
	}
	for _, f := range []struct {
		attr  string
		field *map[string]Value
	}{
		{"args", &t.Args}, {"contexts", &t.Contexts},
	} {
		if a := attrs[f.attr]; a != nil {
			m, complete := p.table(a, scope)
			*f.field = m
			t.OpenArgs = t.OpenArgs || !complete
		}
	}
	return t
}

// merge overrides t with what u sets, as bake merges blocks and parents. It does not change Inherits.
func (t *Target) merge(u *Target) {
	for _, f := range []struct{ dst, src *Value }{
		{&t.Dockerfile, &u.Dockerfile}, {&t.Inline, &u.Inline}, {&t.Context, &u.Context}, {&t.Stage, &u.Stage},
		{&t.Call, &u.Call},
	} {
		if f.src.IsSet() {
			*f.dst = *f.src
		}
	}
	if u.Platforms != nil {
		t.Platforms = u.Platforms
	}
	if u.Tags != nil {
		t.Tags = u.Tags
	}
	t.Entitlements = append(t.Entitlements, u.Entitlements...)
	if len(u.Args) > 0 && t.Args == nil {
		t.Args = map[string]Value{}
	}
	maps.Copy(t.Args, u.Args)
	if len(u.Contexts) > 0 && t.Contexts == nil {
		t.Contexts = map[string]Value{}
	}
	maps.Copy(t.Contexts, u.Contexts)
	t.OpenArgs = t.OpenArgs || u.OpenArgs
}

// inherited returns t with what it inherits: its parents in order, each with its own parents, and then t itself. A
// target in a cycle is left out.
func (p *parser) inherited(t *Target) *Target {
	if done, ok := p.resolved[t]; ok {
		return done
	}
	p.resolved[t] = nil
	out := &Target{}
	for _, name := range t.Inherits {
		parent := p.blocks[name.Text]
		if !name.Known || parent == nil || p.merges == maxMerges {
			out.Unresolved = append(out.Unresolved, name)
			continue
		}
		if parent = p.inherited(parent); parent != nil {
			copied := len(parent.Args) + len(parent.Contexts) + len(parent.Entitlements) + len(parent.Unresolved)
			p.merges = min(p.merges+1+copied, maxMerges)
			out.merge(parent)
			out.Unresolved = append(out.Unresolved, parent.Unresolved...)
		}
	}
	out.merge(t)
	out.Name, out.Inherits, out.Span, out.Label = t.Name, t.Inherits, t.Span, t.Label
	out.Platforms = distinct(out.Platforms)
	out.Entitlements = distinct(out.Entitlements)
	out.Unresolved = distinct(out.Unresolved)
	p.resolved[t] = out
	return out
}

// distinct returns vs without those whose text came before.
func distinct(vs []Value) []Value {
	if len(vs) < 2 {
		return vs
	}
	out := make([]Value, 0, len(vs))
	seen := make(map[string]bool, len(vs))
	for _, v := range vs {
		if v.Known && seen[v.Text] {
			continue
		}
		seen[v.Text] = v.Known
		out = append(out, v)
	}
	return out
}

// value evaluates an expression whose result is a string. For null it returns the zero Value, as if the attribute were
// not written.
func (p *parser) value(expr hcl.Expression, scope *scope) Value {
	expr, chosen := p.eval.chosen(expr, scope)
	v, overridable := p.eval.value(expr, scope)
	out := Value{Overridable: overridable || chosen, Span: p.inner(expr.Range())}
	if v.IsKnown() && v.IsNull() {
		return Value{}
	}
	if s, ok := text(v); ok {
		out.Text, out.Known = s, true
		return out
	}
	out.Overridable = false
	if t := v.Type(); v.IsKnown() && t != cty.DynamicPseudoType && !t.IsPrimitiveType() {
		p.problem(KindShape, out.Span, "expected a string, not %s", t.FriendlyName())
	}
	return out
}

// list evaluates an attribute whose value is a list of strings. A list that is not known is a single Value that is not
// known.
func (p *parser) list(a *hcl.Attribute, scope *scope) []Value {
	expr, chosen := p.eval.chosen(a.Expr, scope)
	if elems, diags := hcl.ExprList(expr); !diags.HasErrors() {
		out := make([]Value, 0, len(elems))
		for _, e := range elems {
			if v := p.value(e, scope); v.IsSet() {
				v.Overridable = v.Overridable || chosen && v.Known
				out = append(out, v)
			}
		}
		return out
	}
	v, overridable := p.eval.value(expr, scope)
	span := p.inner(expr.Range())
	unknown := []Value{{Span: span}}
	switch {
	case !v.IsKnown():
		return unknown
	case v.IsNull():
		return nil
	case !v.CanIterateElements() || v.Type().IsMapType() || v.Type().IsObjectType():
		p.problem(KindShape, span, "%s must be a list, not %s", a.Name, v.Type().FriendlyName())
		return unknown
	}
	out := make([]Value, 0, v.LengthInt())
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		s, ok := text(e)
		out = append(out, Value{Text: s, Known: ok, Overridable: ok && (overridable || chosen), Span: span})
	}
	return out
}

// table evaluates an attribute whose value is a map of strings, without entries that are null; complete is false when
// some are not known.
func (p *parser) table(a *hcl.Attribute, scope *scope) (m map[string]Value, complete bool) {
	m = map[string]Value{}
	expr, chosen := p.eval.chosen(a.Expr, scope)
	if pairs, diags := hcl.ExprMap(expr); !diags.HasErrors() {
		complete = true
		for _, kv := range pairs {
			k, _ := p.eval.value(kv.Key, scope)
			key, ok := text(k)
			if !ok {
				complete = false
				continue
			}
			if v := p.value(kv.Value, scope); v.IsSet() {
				v.Overridable = v.Overridable || chosen && v.Known
				m[key] = v
			}
		}
		return m, complete
	}
	v, overridable := p.eval.value(expr, scope)
	span := p.inner(expr.Range())
	switch {
	case !v.IsKnown():
		return m, false
	case v.IsNull():
		return m, true
	case !v.Type().IsMapType() && !v.Type().IsObjectType():
		p.problem(KindShape, span, "%s must be a map, not %s", a.Name, v.Type().FriendlyName())
		return m, false
	}
	for it := v.ElementIterator(); it.Next(); {
		k, e := it.Element()
		if e.IsKnown() && e.IsNull() {
			continue
		}
		s, ok := text(e)
		m[k.AsString()] = Value{Text: s, Known: ok, Overridable: ok && (overridable || chosen), Span: span}
	}
	return m, true
}

// text returns a primitive value as bake passes it on.
func text(v cty.Value) (string, bool) {
	if !v.IsKnown() || v.IsNull() || !v.Type().IsPrimitiveType() {
		return "", false
	}
	s, err := convert.Convert(v, cty.String)
	if err != nil {
		return "", false
	}
	return s.AsString(), true
}
