package custom

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/sandlint/sandlint/parsers/source"
)

// What evaluations may cost, in steps: a step is one operation, and one more for each 64 bytes of text and for each
// element of a list that it makes.
const (
	// loadSteps is for the values of a pack, when it is loaded.
	loadSteps = 200_000
	// fileSteps is for one rule in one file, with one more for each byteSteps bytes of the file.
	fileSteps = 500_000
	byteSteps = 64
	// projectSteps is how many steps of a source.Meter one step is.
	projectSteps = 5
)

const (
	// maxText is the length in bytes of a text that an expression may make.
	maxText = 1 << 20
	// maxExponent is the size in bits of a number: a longer one takes as much text as its value says.
	maxExponent = 4096
)

// meter counts what an evaluation costs.
type meter struct {
	steps  int    // that are left
	reason string // why it stopped, "" while it has not
}

func (m *meter) charge(n int) bool {
	if m.reason != "" {
		return false
	}
	if m.steps -= n; m.steps < 0 {
		m.reason = "it takes too many steps"
	}
	return m.reason == ""
}

// take charges for a value, and reports whether the evaluation may go on.
func (m *meter) take(v cty.Value) bool {
	n := 1
	if v.IsKnown() && !v.IsNull() {
		switch t := v.Type(); {
		case t == cty.String:
			size := len(v.AsString())
			if size > maxText {
				m.reason = fmt.Sprintf("it makes a text of more than %d KiB", maxText>>10)
				return false
			}
			n += size / 64
		case t == cty.Number:
			if f := v.AsBigFloat(); f.IsInf() || f.MantExp(nil) > maxExponent || f.MantExp(nil) < -maxExponent {
				m.reason = "it makes a number that is too large"
				return false
			}
		case t.IsCollectionType() || t.IsTupleType() || t.IsObjectType():
			n += v.LengthInt()
		}
	}
	return m.charge(n)
}

// meterName is the name, which no expression can write, under which a meter travels in an evaluation context.
const meterName = "\x00meter"

var meterType = cty.Capsule("meter", reflect.TypeFor[meter]())

func (m *meter) value() cty.Value { return cty.CapsuleVal(meterType, m) }

// meterOf returns the meter of an evaluation.
func meterOf(ctx *hcl.EvalContext) *meter {
	for ; ctx != nil; ctx = ctx.Parent() {
		if v, ok := ctx.Variables[meterName]; ok {
			m, _ := v.EncapsulatedValue().(*meter)
			return m
		}
	}
	return &meter{reason: "nothing counts what it costs"}
}

// metered is an expression whose evaluation is charged for.
type metered struct{ hclsyntax.Expression }

func (e metered) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	m := meterOf(ctx)
	if !m.charge(1) {
		return cty.DynamicVal, stopped(m, e)
	}
	v, diags := e.Expression.Value(ctx)
	if !m.take(v) && !diags.HasErrors() {
		return cty.DynamicVal, stopped(m, e)
	}
	if len(diags) > 1 { // loops have those of each turn
		diags = diags[:1]
	}
	return v, diags
}

func stopped(m *meter, e hclsyntax.Expression) hcl.Diagnostics {
	at := e.Range()
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "The expression is given up, since " + m.reason,
		Subject: &at}}
}

// call is the call of a function of the pack.
type call struct {
	*hclsyntax.FunctionCallExpr
	function *userFunction
}

// userFunction is a function block.
type userFunction struct {
	name   string
	params []string
	result hclsyntax.Expression
	pack   *compiler
	at     hcl.Range
	calls  []*userFunction
	state  int // while a cycle is looked for
}

func (e *call) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	f := e.function
	params := make(map[string]cty.Value, len(f.params)+1)
	for n, arg := range e.Args {
		v, diags := arg.Value(ctx)
		if diags.HasErrors() {
			return cty.DynamicVal, diags
		}
		params[f.params[n]] = v
	}
	params[meterName] = meterOf(ctx).value()
	inner := f.pack.values().NewChild()
	inner.Variables = params
	return f.result.Value(inner)
}

// wrap returns an expression whose parts are metered, and in which calls of the pack's functions are resolved. It
// changes the expression that it is given.
func (c *compiler) wrap(e hclsyntax.Expression) hclsyntax.Expression {
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		if !(&meter{steps: 2 + maxText/64}).take(e.Val) {
			c.Problem(e.Range(), "the number is too large")
			e.Val = cty.Zero
		}
		return e
	case *hclsyntax.ScopeTraversalExpr, *hclsyntax.AnonSymbolExpr:
		return e
	case *hclsyntax.ParenthesesExpr:
		e.Expression = c.wrap(e.Expression)
	case *hclsyntax.RelativeTraversalExpr:
		e.Source = c.wrap(e.Source)
	case *hclsyntax.FunctionCallExpr:
		return c.wrapCall(e)
	case *hclsyntax.ConditionalExpr:
		e.Condition, e.TrueResult, e.FalseResult = c.wrap(e.Condition), c.wrap(e.TrueResult), c.wrap(e.FalseResult)
	case *hclsyntax.IndexExpr:
		e.Collection, e.Key = c.wrap(e.Collection), c.wrap(e.Key)
	case *hclsyntax.TupleConsExpr:
		c.wrapAll(e.Exprs)
	case *hclsyntax.ObjectConsExpr:
		for n := range e.Items {
			item := &e.Items[n]
			if key, ok := item.KeyExpr.(*hclsyntax.ObjectConsKeyExpr); ok && !key.ForceNonLiteral {
				// A bare name is a key, unless it is in parentheses.
				if _, bare := key.Wrapped.(*hclsyntax.ScopeTraversalExpr); !bare {
					key.Wrapped = c.wrap(key.Wrapped)
				}
			} else if ok {
				key.Wrapped = c.wrap(key.Wrapped)
			}
			item.ValueExpr = c.wrap(item.ValueExpr)
		}
	case *hclsyntax.ForExpr:
		e.CollExpr, e.ValExpr = c.wrap(e.CollExpr), c.wrap(e.ValExpr)
		if e.KeyExpr != nil {
			e.KeyExpr = c.wrap(e.KeyExpr)
		}
		if e.CondExpr != nil {
			e.CondExpr = c.wrap(e.CondExpr)
		}
	case *hclsyntax.SplatExpr:
		e.Source, e.Each = c.wrap(e.Source), c.wrap(e.Each)
	case *hclsyntax.BinaryOpExpr:
		e.LHS, e.RHS = c.wrap(e.LHS), c.wrap(e.RHS)
		switch e.Op {
		case hclsyntax.OpLogicalAnd, hclsyntax.OpLogicalOr:
			return metered{logical{e, e.Op == hclsyntax.OpLogicalOr}}
		case hclsyntax.OpEqual, hclsyntax.OpNotEqual:
			c.comparesLists(e)
			return metered{equality{e, e.Op == hclsyntax.OpNotEqual}}
		}
	case *hclsyntax.UnaryOpExpr:
		e.Val = c.wrap(e.Val)
		if e.Op == hclsyntax.OpLogicalNot {
			return metered{negation{e}}
		}
	case *hclsyntax.TemplateExpr:
		if s, ok := literal(e); ok { // a text without anything to fill in
			return &hclsyntax.LiteralValueExpr{Val: cty.StringVal(s), SrcRange: e.SrcRange}
		}
		c.wrapAll(e.Parts)
		for n, part := range e.Parts {
			if literal, ok := part.(*hclsyntax.LiteralValueExpr); ok && len(e.Parts) > 1 {
				e.Parts[n] = metered{literal}
			}
		}
	case *hclsyntax.TemplateJoinExpr:
		e.Tuple = c.wrap(e.Tuple)
	case *hclsyntax.TemplateWrapExpr:
		e.Wrapped = c.wrap(e.Wrapped)
	}
	return metered{e}
}

func (c *compiler) wrapAll(list []hclsyntax.Expression) {
	for n := range list {
		list[n] = c.wrap(list[n])
	}
}

func (c *compiler) wrapCall(e *hclsyntax.FunctionCallExpr) hclsyntax.Expression {
	var list []string
	isList := false
	if len(e.Args) > 0 {
		list, isList = texts(e.Args[0])
	}
	c.wrapAll(e.Args)
	f := c.functions[e.Name]
	if f == nil {
		if _, builtIn := table()[e.Name]; !builtIn {
			c.unknownFunction(e)
		}
		return metered{quickened(e, list, isList)}
	}
	switch {
	case e.ExpandFinal:
		c.Problem(e.Range(), "the function %q of this pack takes no list of arguments with \"...\"", e.Name)
	case len(e.Args) != len(f.params):
		c.Problem(e.Range(), "the function %q takes %d arguments, not %d", e.Name, len(f.params), len(e.Args))
	default:
		if c.inside != nil {
			c.inside.calls = append(c.inside.calls, f)
		}
		return metered{&call{FunctionCallExpr: e, function: f}}
	}
	return metered{e}
}

// unknownFunction reports the call of a function that is not there.
func (c *compiler) unknownFunction(e *hclsyntax.FunctionCallExpr) {
	all := append(sorted(table()), sorted(c.functions)...)
	slices.Sort(all)
	if near := source.Nearest(e.Name, all); near != "" {
		c.Problem(e.NameRange, "there is no function %q; did you mean %q?", e.Name, near)
		return
	}
	c.Problem(e.NameRange, "there is no function %q; the functions are %s", e.Name, strings.Join(all, ", "))
}

// comparesLists reports a comparison with a list that is written out: HCL says that the list of a node never equals it,
// whatever it holds, since their types differ.
func (c *compiler) comparesLists(e *hclsyntax.BinaryOpExpr) {
	written := func(e hclsyntax.Expression) *hclsyntax.TupleConsExpr {
		if m, ok := e.(metered); ok {
			e = m.Expression
		}
		tuple, _ := e.(*hclsyntax.TupleConsExpr)
		return tuple
	}
	left, right := written(e.LHS), written(e.RHS)
	if (left == nil) == (right == nil) {
		return
	}
	tuple := left
	if tuple == nil {
		tuple = right
	}
	if len(tuple.Exprs) == 0 {
		c.Problem(e.SrcRange, "a list never equals [] for HCL: compare length(…) with 0")
		return
	}
	c.Problem(e.SrcRange, "a list never equals one that is written out for HCL: compare join(\" \", …) with a text, "+
		"or use contains")
}
