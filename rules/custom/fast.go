package custom

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// This file makes the evaluation of what most conditions are made of cheap. HCL always evaluates both sides of &&
// and ||, and calls functions through checks that cost more than they do. What is here gives the same values; where it
// cannot be sure it leaves the evaluation to HCL.

// logical is a && or ||, whose right side is evaluated only where the left one does not decide.
type logical struct {
	*hclsyntax.BinaryOpExpr
	decides bool // the value of one side that decides: true for ||
}

func (e logical) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	left, diags := e.LHS.Value(ctx)
	if diags.HasErrors() || left.Type() != cty.Bool || left.IsKnown() && left.IsNull() {
		if diags.HasErrors() || left.Type() != cty.DynamicPseudoType {
			return e.BinaryOpExpr.Value(ctx)
		}
	}
	if left.IsKnown() && left.True() == e.decides {
		return left, nil
	}
	right, diags := e.RHS.Value(ctx)
	switch {
	case diags.HasErrors() && !left.IsKnown():
		return cty.UnknownVal(cty.Bool), nil // what is wrong may never be asked
	case diags.HasErrors():
		return cty.UnknownVal(cty.Bool), diags
	case right.Type() != cty.Bool || right.IsKnown() && right.IsNull():
		if right.Type() == cty.DynamicPseudoType && !right.IsKnown() {
			return cty.UnknownVal(cty.Bool), nil
		}
		return e.BinaryOpExpr.Value(ctx)
	case right.IsKnown() && right.True() == e.decides, left.IsKnown():
		return right, nil
	}
	return cty.UnknownVal(cty.Bool), nil
}

// equality is == or != .
type equality struct {
	*hclsyntax.BinaryOpExpr
	not bool
}

func (e equality) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	left, diags := e.LHS.Value(ctx)
	if !diags.HasErrors() && isText(left) {
		if right, diags := e.RHS.Value(ctx); !diags.HasErrors() && isText(right) {
			if !left.IsKnown() || !right.IsKnown() {
				return cty.UnknownVal(cty.Bool), nil
			}
			return cty.BoolVal((left.AsString() == right.AsString()) != e.not), nil
		}
	}
	return e.BinaryOpExpr.Value(ctx)
}

// isText reports whether a value is a text that is not null.
func isText(v cty.Value) bool { return v.Type() == cty.String && (!v.IsKnown() || !v.IsNull()) }

// negation is a !.
type negation struct{ *hclsyntax.UnaryOpExpr }

func (e negation) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	v, diags := e.Val.Value(ctx)
	if diags.HasErrors() || v.Type() != cty.Bool || !v.IsKnown() || v.IsNull() {
		return e.UnaryOpExpr.Value(ctx)
	}
	return cty.BoolVal(v.False()), nil
}

// quickCall is the call of a function about texts.
type quickCall struct {
	*hclsyntax.FunctionCallExpr
	quick func(args []string) (cty.Value, bool)
}

func (e quickCall) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	var buffer [3]string
	args := buffer[:0]
	known := true
	for _, arg := range e.Args {
		v, diags := arg.Value(ctx)
		if diags.HasErrors() || !isText(v) {
			return e.FunctionCallExpr.Value(ctx)
		}
		if !v.IsKnown() {
			known = false
			continue
		}
		args = append(args, v.AsString())
	}
	if known {
		if v, ok := e.quick(args); ok {
			return v, nil
		}
	}
	return e.FunctionCallExpr.Value(ctx)
}

// quick are the functions that a quickCall knows, with the number of their arguments.
var quick = map[string]struct {
	arguments int
	call      func(args []string) (cty.Value, bool)
}{
	"startswith":  {2, func(a []string) (cty.Value, bool) { return cty.BoolVal(strings.HasPrefix(a[0], a[1])), true }},
	"endswith":    {2, func(a []string) (cty.Value, bool) { return cty.BoolVal(strings.HasSuffix(a[0], a[1])), true }},
	"strcontains": {2, func(a []string) (cty.Value, bool) { return cty.BoolVal(strings.Contains(a[0], a[1])), true }},
	"matches": {2, func(a []string) (cty.Value, bool) {
		re, err := compiled(a[1])
		if err != nil {
			return cty.NilVal, false
		}
		return cty.BoolVal(re.MatchString(a[0])), true
	}},
	"lower": {1, func(a []string) (cty.Value, bool) { return cty.StringVal(strings.ToLower(a[0])), true }},
}

// member is contains(list, text) with a list of texts that is written out.
type member struct {
	*hclsyntax.FunctionCallExpr
	texts []string
}

func (e member) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	v, diags := e.Args[1].Value(ctx)
	if diags.HasErrors() || !isText(v) || !v.IsKnown() {
		return e.FunctionCallExpr.Value(ctx)
	}
	return cty.BoolVal(slices.Contains(e.texts, v.AsString())), nil
}

// texts returns the texts of a list that is written out, false where it is something else.
func texts(e hclsyntax.Expression) ([]string, bool) {
	tuple, ok := e.(*hclsyntax.TupleConsExpr)
	if !ok {
		return nil, false
	}
	var out []string
	for _, part := range tuple.Exprs {
		s, ok := literal(part)
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

// literal returns a text that is written out.
func literal(e hclsyntax.Expression) (string, bool) {
	switch e := e.(type) {
	case *hclsyntax.TemplateExpr:
		if len(e.Parts) == 1 {
			return literal(e.Parts[0])
		}
	case *hclsyntax.LiteralValueExpr:
		if e.Val.Type() == cty.String && !e.Val.IsNull() {
			return e.Val.AsString(), true
		}
	}
	return "", false
}

// quickened returns a call of one of sandlint's functions in its cheapest form. Args are those before they are wrapped.
func quickened(e *hclsyntax.FunctionCallExpr, list []string, isList bool) hclsyntax.Expression {
	if e.ExpandFinal {
		return e
	}
	if e.Name == "contains" && isList && len(e.Args) == 2 {
		return member{e, list}
	}
	if q, ok := quick[e.Name]; ok && len(e.Args) == q.arguments {
		return quickCall{e, q.call}
	}
	return e
}
