package bake

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/sandlint/sandlint/parsers/hcltext"
	"github.com/sandlint/sandlint/parsers/outline"
	"github.com/sandlint/sandlint/parsers/source"
)

// Outline returns the values of one definition file as a list: of JSON as outline.YAML does, of HCL with the types and
// labels of blocks and the names of attributes as the path, "target.app.platforms[]", and expressions as written.
func Outline(f *source.File) *outline.Outline {
	if strings.HasSuffix(f.Path, ".json") {
		return outline.YAML(f)
	}
	out := &outline.Outline{}
	if _, why := hcltext.Refuse(f.Bytes); why != "" {
		out.Broken = true
		return out
	}
	parsed, diags := hclsyntax.ParseConfig(f.Bytes, f.Path, hcl.InitialPos)
	out.Broken = diags.HasErrors()
	if parsed == nil {
		return out
	}
	if body, ok := parsed.Body.(*hclsyntax.Body); ok {
		outlineBody(f, out, "", body)
	}
	tokens, _ := hclsyntax.LexConfig(f.Bytes, f.Path, hcl.InitialPos)
	for _, t := range tokens {
		if t.Type == hclsyntax.TokenComment {
			out.Comments = append(out.Comments, strings.TrimRight(string(t.Bytes), "\r\n"))
		}
	}
	return out
}

// outlineBody adds the attributes and blocks of a body in their order.
func outlineBody(f *source.File, out *outline.Outline, prefix string, body *hclsyntax.Body) {
	type part struct {
		at   int
		attr *hclsyntax.Attribute
		in   *hclsyntax.Block
	}
	var parts []part
	for _, a := range body.Attributes {
		parts = append(parts, part{at: a.SrcRange.Start.Byte, attr: a})
	}
	for _, b := range body.Blocks {
		parts = append(parts, part{at: b.TypeRange.Start.Byte, in: b})
	}
	slices.SortFunc(parts, func(a, b part) int { return a.at - b.at })
	for _, p := range parts {
		if p.in != nil {
			path := prefix + p.in.Type
			for _, label := range p.in.Labels {
				path += "." + label
			}
			whole := source.Span{Start: p.at, End: p.in.CloseBraceRange.End.Byte}
			inner := source.Span{Start: p.in.OpenBraceRange.Start.Byte, End: p.in.CloseBraceRange.End.Byte}
			out.Add(outline.Value{Path: path, Text: "{}"}, outline.Place{Whole: whole, Value: inner})
			outlineBody(f, out, path+".", p.in.Body)
			continue
		}
		outlineAttribute(f, out, prefix+p.attr.Name, p.attr)
	}
}

func outlineAttribute(f *source.File, out *outline.Outline, path string, a *hclsyntax.Attribute) {
	value := rangeOf(a.Expr.Range())
	at := outline.Place{Whole: rangeOf(a.SrcRange), Value: value}
	list, ok := a.Expr.(*hclsyntax.TupleConsExpr)
	if !ok {
		out.Add(outline.Value{Path: path, Text: f.Text(value)}, at)
		return
	}
	out.Add(outline.Value{Path: path, Text: "[]"}, at)
	for _, e := range list.Exprs {
		span := rangeOf(e.Range())
		text := f.Text(span)
		quoted := len(text) > 1 && text[0] == '"' && strings.HasSuffix(text, `"`) && !strings.ContainsAny(text, `\$%`)
		if quoted {
			text = text[1 : len(text)-1]
		}
		out.Add(outline.Value{Path: path + "[]", Text: text, Quoted: quoted}, outline.Place{Whole: span, Value: span})
	}
}

func rangeOf(r hcl.Range) source.Span { return source.Span{Start: r.Start.Byte, End: r.End.Byte} }
