package bake

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// evalBudget bounds the bytes that the expressions of a file may process: variables that repeat each other grow
// exponentially. Once it is used up, values are not known.
const evalBudget = 8 << 20

// maxExpression bounds the length of an expression that is computed.
const maxExpression = 64 << 10

// evaluator computes expressions from the file alone.
type evaluator struct {
	src []byte
	// variables are the variable blocks with their default, nil if there is none; attrs are the attributes at the top
	// of the file, which are constants.
	variables map[string]*hcl.Attribute
	attrs     hcl.Attributes
	// environment returns the values that the caller's environment gives to variables, nil where nothing is known.
	environment func(name string) (v Value, ok bool)
	// own are the functions of the file.
	own map[string]*userFunction

	// values computed so far; DynamicVal for one that is being computed, and for cycles
	known       map[string]cty.Value
	overridable map[string]bool
	functions   map[string]function.Function
	budget      int
	depth       int
}

// scope holds the variables of one combination of a matrix.
type scope struct {
	vars        map[string]cty.Value
	overridable bool
	opaque      bool // the matrix could not be expanded
}

func newEvaluator(src []byte) *evaluator {
	e := &evaluator{
		src:       src,
		variables: map[string]*hcl.Attribute{},
		attrs:     hcl.Attributes{},
		own:       map[string]*userFunction{},
		known: map[string]cty.Value{
			// The variables that bake itself defines. The context has this value unless the definition is read from a
			// URL.
			"BAKE_CMD_CONTEXT":    cty.StringVal("cwd://"),
			"BAKE_LOCAL_PLATFORM": cty.UnknownVal(cty.String),
			// References to other blocks are not followed.
			"target": cty.DynamicVal, "group": cty.DynamicVal, "variable": cty.DynamicVal, "function": cty.DynamicVal,
		},
		overridable: map[string]bool{},
		budget:      evalBudget,
	}
	return e
}

// resolve computes the variable name, once.
func (e *evaluator) resolve(name string) {
	if _, ok := e.known[name]; ok {
		return
	}
	def, isVariable := e.variables[name]
	if a, ok := e.attrs[name]; ok && !isVariable {
		def = a
	} else if !isVariable {
		return
	}
	e.known[name] = cty.DynamicVal
	e.overridable[name] = isVariable
	given, set := Value{}, false
	if isVariable && e.environment != nil {
		given, set = e.environment(name)
	}
	if set && !given.Known {
		return
	}
	if def == nil {
		if set {
			e.known[name] = cty.StringVal(given.Text)
		}
		return // bake uses "", but nobody declares a variable for that
	}
	v, overridable := e.value(def.Expr, nil)
	if set {
		v = likeDefault(given.Text, v)
	}
	e.known[name] = v
	e.overridable[name] = isVariable || overridable
}

// value evaluates expr. The result is unknown where the file does not determine it, and overridable where it depends on
// a variable.
func (e *evaluator) value(expr hcl.Expression, scope *scope) (v cty.Value, overridable bool) {
	defer func() {
		if recover() != nil { // a function of cty panicked on arguments that it does not expect
			v = cty.DynamicVal
		}
	}()
	if r := spanOf(expr.Range()); e.depth == maxDepth || r.Len() > maxExpression {
		return cty.DynamicVal, false
	}
	e.depth++
	defer func() { e.depth-- }()

	cost, most := 1, 1
	ctx := &hcl.EvalContext{Variables: map[string]cty.Value{}}
	for _, traversal := range expr.Variables() {
		name := traversal.RootName()
		var val cty.Value
		if scope != nil && scope.vars[name] != cty.NilVal {
			val = scope.vars[name]
			overridable = overridable || scope.overridable
		} else {
			if scope != nil && scope.opaque && !e.declared(name) {
				return cty.DynamicVal, false // a variable of the matrix
			}
			e.resolve(name)
			var ok bool
			if val, ok = e.known[name]; !ok {
				continue
			}
			overridable = overridable || e.overridable[name]
		}
		ctx.Variables[name] = val
		w, n := weigh(val)
		cost += w
		most = max(most, n)
	}
	r := spanOf(expr.Range())
	written := e.src[min(r.Start, len(e.src)):min(max(r.Start, r.End), len(e.src))]
	if loops := bytes.Count(written, []byte("for ")); loops > 0 {
		if loops > 2 {
			return cty.DynamicVal, overridable
		}
		cost *= most * loops
	}
	if !e.spend(cost) {
		return cty.DynamicVal, overridable
	}
	if e.functions == nil {
		e.functions = make(map[string]function.Function, len(functions()))
		for name, f := range functions() {
			e.functions[name] = e.charged(f)
		}
		for name, f := range e.own {
			e.functions[name] = e.user(f)
		}
	}
	ctx.Functions = e.functions
	v, diags := expr.Value(ctx)
	if diags.HasErrors() {
		return cty.DynamicVal, overridable
	}
	v, _ = v.UnmarkDeep()
	return v, overridable
}

func (e *evaluator) declared(name string) bool {
	if _, ok := e.variables[name]; ok {
		return true
	}
	_, ok := e.attrs[name]
	return ok
}

func (e *evaluator) spend(cost int) bool {
	e.budget -= cost
	if e.budget < 0 {
		e.budget = 0
		return false
	}
	return true
}

// weigh returns the approximate number of bytes of a value, and the number of elements of its largest collection.
func weigh(v cty.Value) (bytes, elements int) {
	if !v.IsKnown() || v.IsNull() {
		return 1, 1
	}
	if v.Type() == cty.String {
		return len(v.AsString()) + 1, 1
	}
	if !v.CanIterateElements() {
		return 8, 1
	}
	elements = v.LengthInt()
	bytes = 8
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		b, n := weigh(e)
		bytes += b
		elements = max(elements, n)
	}
	return bytes, elements
}

// chosen replaces a conditional whose condition is known by the branch that it takes, whose position is then that of
// the result, and strips parentheses. It reports whether the choice depends on a variable.
func (e *evaluator) chosen(expr hcl.Expression, scope *scope) (hcl.Expression, bool) {
	overridable := false
	for range maxDepth {
		switch x := expr.(type) {
		case *hclsyntax.ParenthesesExpr:
			expr = x.Expression
		case *hclsyntax.ConditionalExpr:
			v, o := e.value(x.Condition, scope)
			if !v.IsKnown() || v.IsNull() || v.Type() != cty.Bool {
				return expr, overridable
			}
			overridable = overridable || o
			if expr = x.FalseResult; v.True() {
				expr = x.TrueResult
			}
		default:
			return expr, overridable
		}
	}
	return expr, overridable
}

// matrix returns the combinations of a matrix, with its keys in alphabetical order. A matrix that is not known gives a
// single opaque combination.
func (e *evaluator) matrix(expr hcl.Expression) []*scope {
	opaque := []*scope{{opaque: true}}
	v, overridable := e.value(expr, nil)
	if !v.IsKnown() || v.IsNull() || !v.Type().IsMapType() && !v.Type().IsObjectType() {
		return opaque
	}
	out := []*scope{{overridable: overridable}}
	table := v.AsValueMap()
	for _, key := range slices.Sorted(maps.Keys(table)) {
		values := table[key]
		if !values.IsKnown() || values.IsNull() || !values.CanIterateElements() ||
			values.LengthInt()*len(out) > maxMatrix {
			return opaque
		}
		next := make([]*scope, 0, len(out)*values.LengthInt())
		for _, s := range out {
			for it := values.ElementIterator(); it.Next(); {
				_, val := it.Element()
				vars := maps.Clone(s.vars)
				if vars == nil {
					vars = map[string]cty.Value{}
				}
				vars[key] = val
				next = append(next, &scope{vars: vars, overridable: overridable})
			}
		}
		out = next
	}
	return out
}

// likeDefault returns the value of a variable that the environment sets, with the type of its default.
func likeDefault(text string, standard cty.Value) cty.Value {
	if !standard.IsKnown() {
		return cty.DynamicVal
	}
	if standard.IsNull() || standard.Type() == cty.String {
		return cty.StringVal(text)
	}
	if !standard.Type().IsPrimitiveType() {
		return cty.DynamicVal
	}
	v, err := convert.Convert(cty.StringVal(text), standard.Type())
	if err != nil {
		return cty.DynamicVal
	}
	return v
}

// userFunction is a function that the file defines.
type userFunction struct {
	params   []string
	variadic string
	result   hcl.Expression
}

// newFunction reads the block of a function; nil where it is none.
func newFunction(body hcl.Body) *userFunction {
	c, _, _ := body.PartialContent(functionSchema)
	result := c.Attributes["result"]
	if result == nil {
		return nil
	}
	f := &userFunction{result: result.Expr}
	if a := c.Attributes["params"]; a != nil {
		names, diags := hcl.ExprList(a.Expr)
		if diags.HasErrors() {
			return nil
		}
		for _, n := range names {
			f.params = append(f.params, hcl.ExprAsKeyword(n))
		}
	}
	if a := c.Attributes["variadic_params"]; a != nil {
		f.variadic = hcl.ExprAsKeyword(a.Expr)
	}
	return f
}

// user returns a function of the file for cty.
func (e *evaluator) user(f *userFunction) function.Function {
	param := func(name string) function.Parameter {
		return function.Parameter{
			Name: name, Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true,
		}
	}
	spec := &function.Spec{Type: function.StaticReturnType(cty.DynamicPseudoType)}
	for _, name := range f.params {
		spec.Params = append(spec.Params, param(name))
	}
	if f.variadic != "" {
		p := param(f.variadic)
		spec.VarParam = &p
	}
	spec.Impl = func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		vars := map[string]cty.Value{}
		for n, name := range f.params {
			vars[name] = args[n]
		}
		if f.variadic != "" {
			vars[f.variadic] = cty.TupleVal(args[len(f.params):])
		}
		v, _ := e.value(f.result, &scope{vars: vars})
		return v, nil
	}
	return function.New(spec)
}

// charged returns f with the bytes that it processes charged to the budget.
func (e *evaluator) charged(f costed) function.Function {
	return function.New(&function.Spec{
		Params:   f.fn.Params(),
		VarParam: f.fn.VarParam(),
		Type:     f.fn.ReturnTypeForValues,
		Impl: func(args []cty.Value, ret cty.Type) (cty.Value, error) {
			sum, product := 1, 1
			for _, a := range args {
				w, _ := weigh(a)
				sum += w
				if product < evalBudget {
					product *= w
				}
			}
			if f.multiplies {
				sum = max(sum, product)
			}
			if !e.spend(sum) {
				return cty.UnknownVal(ret), nil
			}
			return f.fn.Call(args)
		},
	})
}

// costed is a function; multiplies says that its result may be as long as the product of its arguments' lengths.
type costed struct {
	fn         function.Function
	multiplies bool
}

// functions are the functions of bake (bake/hclparser/stdlib.go) that compute strings and lists and have bounded cost.
// The result of any other is not known.
var functions = sync.OnceValue(func() map[string]costed {
	out := map[string]costed{"join": {stdlib.JoinFunc, true}, "replace": {stdlib.ReplaceFunc, true}}
	for name, f := range map[string]function.Function{
		"and": stdlib.AndFunc, "or": stdlib.OrFunc, "not": stdlib.NotFunc, "equal": stdlib.EqualFunc,
		"notequal": stdlib.NotEqualFunc, "greaterthan": stdlib.GreaterThanFunc,
		"greaterthanorequalto": stdlib.GreaterThanOrEqualToFunc, "lessthan": stdlib.LessThanFunc,
		"lessthanorequalto": stdlib.LessThanOrEqualToFunc, "add": stdlib.AddFunc, "subtract": stdlib.SubtractFunc,
		"length": stdlib.LengthFunc, "strlen": stdlib.StrlenFunc, "chomp": stdlib.ChompFunc, "lower": stdlib.LowerFunc,
		"upper": stdlib.UpperFunc, "title": stdlib.TitleFunc, "substr": stdlib.SubstrFunc, "trim": stdlib.TrimFunc,
		"trimprefix": stdlib.TrimPrefixFunc, "trimspace": stdlib.TrimSpaceFunc, "trimsuffix": stdlib.TrimSuffixFunc,
		"split": stdlib.SplitFunc, "coalesce": stdlib.CoalesceFunc, "coalescelist": stdlib.CoalesceListFunc,
		"compact": stdlib.CompactFunc, "concat": stdlib.ConcatFunc, "contains": stdlib.ContainsFunc,
		"distinct": stdlib.DistinctFunc, "element": stdlib.ElementFunc, "flatten": stdlib.FlattenFunc,
		"keys": stdlib.KeysFunc, "values": stdlib.ValuesFunc, "lookup": stdlib.LookupFunc, "merge": stdlib.MergeFunc,
		"reverse": stdlib.ReverseFunc, "reverselist": stdlib.ReverseListFunc, "slice": stdlib.SliceFunc,
		"sort": stdlib.SortFunc, "zipmap": stdlib.ZipmapFunc, "setunion": stdlib.SetUnionFunc,
		"setintersection": stdlib.SetIntersectionFunc, "setsubtract": stdlib.SetSubtractFunc,
		"basename": textFunc(path.Base), "dirname": textFunc(path.Dir), "sanitize": textFunc(sanitize),
		"md5":    textFunc(func(s string) string { h := md5.Sum([]byte(s)); return hex.EncodeToString(h[:]) }),
		"sha1":   textFunc(func(s string) string { h := sha1.Sum([]byte(s)); return hex.EncodeToString(h[:]) }),
		"sha256": textFunc(func(s string) string { h := sha256.Sum256([]byte(s)); return hex.EncodeToString(h[:]) }),
	} {
		out[name] = costed{fn: f}
	}
	return out
})

func textFunc(f func(string) string) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "text", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.StringVal(f(args[0].AsString())), nil
		},
	})
}

// sanitize turns any string into the name of a target.
func sanitize(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '_'
	}, s)
}
