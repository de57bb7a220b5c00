package hcltext

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/sandlint/sandlint/parsers/source"
)

// The bounds of what a Reader reports.
const (
	// MaxProblems is how many problems are reported of one file.
	MaxProblems = 100
	// maxMessage is the length in bytes of a message, which may quote the file.
	maxMessage = 1000
)

// Reader reads a file in HCL, the configuration or a rule pack, and collects all that is wrong with it.
type Reader struct {
	// File is the text.
	File *source.File
	// What is what the file is, for messages: "the configuration".
	What string
	// Seen is called with each body that Body reads, and what that may contain; nil calls nothing.
	Seen func(b *hclsyntax.Body, known Body)

	problems []source.Problem
}

// Parse returns the content of the file. It never fails: what is wrong with the file becomes a problem, and the rest is
// read.
func (r *Reader) Parse() *hclsyntax.Body {
	start := hcl.InitialPos
	text, hasMark := bytes.CutPrefix(r.File.Bytes, []byte("\ufeff"))
	if hasMark {
		start.Byte = len(r.File.Bytes) - len(text)
	}
	if at, why := Refuse(r.File.Bytes); why != "" {
		r.add(source.Span{Start: at, End: at + 1}, why)
		return &hclsyntax.Body{}
	}
	parsed, diags := hclsyntax.ParseConfig(text, r.File.Path, start)
	r.Diagnostics(diags)
	if body, ok := parsed.Body.(*hclsyntax.Body); ok {
		return body
	}
	return &hclsyntax.Body{}
}

// Problems returns what is wrong, in order of position.
func (r *Reader) Problems() []source.Problem {
	slices.SortStableFunc(r.problems, func(a, b source.Problem) int { return a.Span.Start - b.Span.Start })
	return r.problems
}

// Problem records a problem.
func (r *Reader) Problem(at hcl.Range, format string, args ...any) {
	r.add(SpanOf(at), fmt.Sprintf(format, args...))
}

func (r *Reader) add(at source.Span, message string) {
	switch n := len(r.problems); {
	case n == MaxProblems:
		message = fmt.Sprintf("there are more than %d problems; the others are not shown", MaxProblems)
	case n > MaxProblems:
		return
	}
	r.problems = append(r.problems, source.Problem{Span: at, Message: Clip(message)})
}

// Full reports whether there are so many problems that no more are looked for.
func (r *Reader) Full() bool { return len(r.problems) > MaxProblems }

// Count returns how many problems there are so far.
func (r *Reader) Count() int { return len(r.problems) }

// SpanOf returns the bytes of a range.
func SpanOf(at hcl.Range) source.Span {
	// The HCL parser leaves the end of what it gave up on at 0.
	return source.Span{Start: at.Start.Byte, End: max(at.Start.Byte, at.End.Byte)}
}

// Clip bounds the length of a message.
func Clip(message string) string {
	if len(message) > maxMessage {
		return strings.ToValidUTF8(message[:maxMessage], "") + "…"
	}
	return message
}

// Diagnostics adds the errors of the HCL parser, or of an evaluation.
func (r *Reader) Diagnostics(diags hcl.Diagnostics) {
	for _, d := range diags {
		if d.Severity != hcl.DiagError {
			continue
		}
		var at hcl.Range
		if d.Subject != nil {
			at = *d.Subject
		}
		r.Problem(at, "%s", Sentence(d))
	}
}

// Sentence returns what a diagnostic says as one sentence without a full stop.
func Sentence(d *hcl.Diagnostic) string {
	message := d.Summary
	if message != "" {
		message = strings.ToLower(message[:1]) + message[1:]
	}
	if detail := strings.TrimSuffix(strings.TrimSpace(d.Detail), "."); detail != "" {
		message += ": " + detail
	}
	return message
}

// Body is what a block may contain: a function for each attribute and one for each type of block. There are no other
// names.
type Body struct {
	Attributes map[string]func(*hclsyntax.Attribute)
	Blocks     map[string]func(*hclsyntax.Block)
}

// Body calls the functions of known for what a body contains: first for its attributes and then for its blocks, each in
// the order of the file. Everything else is a problem; what names the body for messages: "a rule block".
func (r *Reader) Body(b *hclsyntax.Body, what string, known Body) {
	if r.Seen != nil {
		r.Seen(b, known)
	}
	names := func() []string {
		var out []string
		for n := range known.Attributes {
			out = append(out, n)
		}
		for n := range known.Blocks {
			out = append(out, n)
		}
		slices.Sort(out)
		return out
	}
	unknown := func(kind, name string, at hcl.Range) {
		if near := source.Nearest(name, names()); near != "" {
			r.Problem(at, "unknown %s %q in %s; did you mean %q?", kind, name, what, near)
		} else {
			r.Problem(at, "unknown %s %q in %s, which may contain %s", kind, name, what, strings.Join(names(), ", "))
		}
	}
	attributes := make([]*hclsyntax.Attribute, 0, len(b.Attributes))
	for _, a := range b.Attributes {
		attributes = append(attributes, a)
	}
	slices.SortFunc(attributes, func(a, b *hclsyntax.Attribute) int {
		return a.SrcRange.Start.Byte - b.SrcRange.Start.Byte
	})
	for _, a := range attributes {
		if r.Full() {
			return
		}
		switch read := known.Attributes[a.Name]; {
		case read != nil:
			read(a)
		case known.Blocks[a.Name] != nil:
			r.Problem(a.NameRange, "%q must be a block, without an equals sign", a.Name)
		default:
			unknown("attribute", a.Name, a.NameRange)
		}
	}
	for _, blk := range b.Blocks {
		if r.Full() {
			return
		}
		switch read := known.Blocks[blk.Type]; {
		case read != nil:
			read(blk)
		case known.Attributes[blk.Type] != nil:
			r.Problem(blk.TypeRange, "%q must be an attribute, with an equals sign", blk.Type)
		default:
			unknown("block", blk.Type, blk.TypeRange)
		}
	}
}

// Text is a string of the file and its position.
type Text struct {
	Text string
	At   hcl.Range
}

// Value evaluates an expression, which may not contain variables or functions.
func (r *Reader) Value(e hclsyntax.Expression) (cty.Value, bool) {
	if !plain(e) {
		r.Problem(e.Range(), "%s has no expressions here, only values that are written out", r.What)
		return cty.NilVal, false
	}
	v, diags := e.Value(nil)
	r.Diagnostics(diags)
	// After a syntax error, a value that was read only in part is unknown.
	return v, !diags.HasErrors() && v.IsWhollyKnown()
}

// plain reports whether an expression is a value that is written out, or one with variables, which are refused when it
// is evaluated. Others, such as loops, may take any time.
func plain(e hclsyntax.Expression) bool {
	all := func(list []hclsyntax.Expression) bool {
		return !slices.ContainsFunc(list, func(e hclsyntax.Expression) bool { return !plain(e) })
	}
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr, *hclsyntax.ScopeTraversalExpr, *hclsyntax.ExprSyntaxError:
		return true
	case *hclsyntax.ParenthesesExpr:
		return plain(e.Expression)
	case *hclsyntax.UnaryOpExpr:
		return plain(e.Val)
	case *hclsyntax.TemplateWrapExpr:
		return plain(e.Wrapped)
	case *hclsyntax.TemplateExpr:
		return all(e.Parts)
	case *hclsyntax.TupleConsExpr:
		return all(e.Exprs)
	case *hclsyntax.ObjectConsExpr:
		return !slices.ContainsFunc(e.Items, func(item hclsyntax.ObjectConsItem) bool {
			key, ok := item.KeyExpr.(*hclsyntax.ObjectConsKeyExpr)
			return !ok || key.ForceNonLiteral || !plain(key.Wrapped) || !plain(item.ValueExpr)
		})
	}
	return false
}

// Text reads a string; name is that of its attribute.
func (r *Reader) Text(e hclsyntax.Expression, name string) (Text, bool) {
	v, ok := r.Value(e)
	if !ok {
		return Text{}, false
	}
	if v.Type() == cty.String && !v.IsNull() {
		return Text{v.AsString(), e.Range()}, true
	}
	at := e.Range()
	if v.Type() == cty.Number {
		r.Problem(at, "%q must be a string, in quotes: %q", name, r.File.Text(SpanOf(at)))
	} else {
		r.Problem(at, "%q must be a string", name)
	}
	return Text{}, false
}

// Bool reads true or false.
func (r *Reader) Bool(e hclsyntax.Expression, name string) (value, ok bool) {
	v, ok := r.Value(e)
	if !ok {
		return false, false
	}
	if v.Type() != cty.Bool || v.IsNull() {
		r.Problem(e.Range(), "%q must be true or false", name)
		return false, false
	}
	return v.True(), true
}

// Strings reads a list of strings; a single string counts as a list of one.
func (r *Reader) Strings(e hclsyntax.Expression, name string) []Text {
	tuple, ok := e.(*hclsyntax.TupleConsExpr)
	if !ok {
		if s, ok := r.Text(e, name); ok {
			return []Text{s}
		}
		return nil
	}
	var out []Text
	for _, item := range tuple.Exprs {
		if s, ok := r.Text(item, name); ok {
			out = append(out, s)
		}
	}
	return out
}
