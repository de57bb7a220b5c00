package custom

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"golang.org/x/mod/semver"

	"github.com/sandlint/sandlint/parsers/hcltext"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

// Source is the file of a pack as read, before its variables have values.
type Source struct {
	// File is the file.
	File *source.File
	// Name is the name of the pack, "" where it has none.
	Name string
	// Variables are what the configuration may set, in the order of the file.
	Variables []Variable

	compiler *compiler
	body     *hclsyntax.Body
}

// Variable is a variable of a pack.
type Variable struct {
	Name string
	// Doc is its description, "" without one.
	Doc string
	// Default is its value without configuration, cty.NilVal where the configuration has to set it.
	Default cty.Value

	at hcl.Range
}

// Convert returns a value of the configuration as one of the variable. The error completes a sentence that begins with
// the name of the variable.
func (v *Variable) Convert(value cty.Value) (cty.Value, error) {
	value = listed(value)
	if v.Default == cty.NilVal {
		return value, nil
	}
	out, err := convert.Convert(value, v.Default.Type())
	if err != nil || out.IsNull() {
		return cty.NilVal, fmt.Errorf("must be a %s", v.Default.Type().FriendlyName())
	}
	return out, nil
}

// listed turns a list that is written out into one whose elements have one type, where they have.
func listed(v cty.Value) cty.Value {
	if !v.Type().IsTupleType() || !v.IsWhollyKnown() {
		return v
	}
	if v.LengthInt() == 0 {
		return cty.ListValEmpty(cty.String)
	}
	if out, err := convert.Convert(v, cty.List(v.Type().TupleElementType(0))); err == nil {
		return out
	}
	return v
}

// Pack is a pack that is ready to run.
type Pack struct {
	// Name is the part of the ids before the slash, and Version what the pack says of itself, "" without one.
	Name, Version string
	// Docs is the address of its documentation, "" for none.
	Docs string
	// Source is its file, and Digest the SHA-256 of that in hexadecimal.
	Source *source.File
	Digest string

	rules    []*rule
	compiler *compiler
}

// Options are what a pack is loaded with.
type Options struct {
	// Version is the release of sandlint, for required_version; "" accepts all.
	Version string
	// Values are the values of variables.
	Values map[string]cty.Value
	// Read reads a file beside the pack that its tests name, by its path relative to the pack's file.
	Read func(name string) ([]byte, error)
	// Unset accepts variables without a value; what depends on them is not known. It is for tests, which set them.
	Unset bool
	// Known are the packs that there are already, whose names and aliases are taken.
	Known []rules.Pack
}

// compiler turns the blocks of a pack into rules.
type compiler struct {
	hcltext.Reader
	pack      *Pack
	options   Options
	functions map[string]*userFunction
	locals    map[string]*local
	variables map[string]bool
	// inside is the function whose result is being wrapped.
	inside *userFunction
	ctx    *hcl.EvalContext
}

// values is the context of all expressions: functions, variables and locals.
func (c *compiler) values() *hcl.EvalContext { return c.ctx }

// names are how packs and rules may be called.
var names = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`) })

// Read reads the file of a pack. Problems are what is wrong so far; with any, Source.Pack must not be called.
func Read(f *source.File) (*Source, []source.Problem) { return read(f, nil) }

// read is Read that calls seen as hcltext.Reader does.
func read(f *source.File, seen func(*hclsyntax.Body, hcltext.Body)) (*Source, []source.Problem) {
	c := &compiler{Reader: hcltext.Reader{File: f, What: "a rule pack", Seen: seen}, variables: map[string]bool{}}
	sum := sha256.Sum256(f.Bytes)
	c.pack = &Pack{Source: f, Digest: hex.EncodeToString(sum[:]), compiler: c}
	s := &Source{File: f, compiler: c, body: c.Parse()}
	c.ctx = &hcl.EvalContext{Functions: table(), Variables: map[string]cty.Value{}}
	later := func(*hclsyntax.Block) {}
	packs := 0
	c.Body(s.body, "a rule pack", hcltext.Body{Blocks: map[string]func(*hclsyntax.Block){
		"pack": func(b *hclsyntax.Block) {
			if packs++; packs > 1 {
				c.Problem(b.TypeRange, "a file holds one pack")
				return
			}
			s.Name = c.label(b, "the name of the pack", `pack "acme" { … }`)
			c.pack.Name = s.Name
		},
		"variable": func(b *hclsyntax.Block) { s.variable(b) },
		"locals":   later, "function": later, "rule": later,
	}})
	if packs == 0 && c.Count() == 0 {
		c.Problem(s.body.SrcRange,
			`the file needs a block that names the pack, as in pack "acme" { version = "1.0.0" }`)
	}
	return s, c.Problems()
}

// label returns the only label of a block.
func (c *compiler) label(b *hclsyntax.Block, what, example string) string {
	if len(b.Labels) != 1 {
		c.Problem(b.TypeRange, "a %s block needs one label, %s, as in %s", b.Type, what, example)
		return ""
	}
	if !names().MatchString(b.Labels[0]) && b.Type != "variable" && b.Type != "function" {
		c.Problem(b.LabelRanges[0], "%q must consist of small letters, digits and single dashes", b.Labels[0])
	}
	return b.Labels[0]
}

func (s *Source) variable(b *hclsyntax.Block) {
	c := s.compiler
	name := c.label(b, "the name of the variable", `variable "registries" { default = [] }`)
	if name == "" {
		return
	}
	if !hclsyntax.ValidIdentifier(name) {
		c.Problem(b.LabelRanges[0], "%q cannot be the name of a variable", name)
	}
	if c.variables[name] {
		c.Problem(b.LabelRanges[0], "variable %q is declared twice", name)
	}
	c.variables[name] = true
	v := Variable{Name: name, at: b.DefRange()}
	c.Body(b.Body, "a variable block", hcltext.Body{Attributes: map[string]func(*hclsyntax.Attribute){
		"description": func(a *hclsyntax.Attribute) {
			doc, _ := c.Text(a.Expr, a.Name)
			v.Doc = doc.Text
		},
		"default": func(a *hclsyntax.Attribute) {
			if value, ok := c.constant(a.Expr); ok {
				if value.IsNull() {
					c.Problem(a.Expr.Range(), "the default is null; leave it out where the configuration has to set "+
						"the variable")
					return
				}
				v.Default = listed(value)
			}
		},
	}})
	s.Variables = append(s.Variables, v)
}

// constant evaluates an expression without variables.
func (c *compiler) constant(e hclsyntax.Expression) (cty.Value, bool) {
	for _, t := range e.Variables() {
		c.Problem(t.SourceRange(), "no variable may be used here")
		return cty.NilVal, false
	}
	return c.evaluate(c.wrap(e), &meter{steps: loadSteps})
}

// evaluate evaluates a wrapped expression when the pack is loaded.
func (c *compiler) evaluate(e hclsyntax.Expression, m *meter) (cty.Value, bool) {
	ctx := c.ctx.NewChild()
	ctx.Variables = map[string]cty.Value{meterName: m.value()}
	v, diags := e.Value(ctx)
	if m.reason != "" { // also where can() hides it
		c.Diagnostics(stopped(m, e))
		return cty.NilVal, false
	}
	c.Diagnostics(diags)
	return v, !diags.HasErrors()
}

// Pack returns the pack with values for its variables. Problems are all that is wrong with it; with any, the pack is
// nil. It is called once.
func (s *Source) Pack(opts Options) (*Pack, []source.Problem) {
	c := s.compiler
	c.options = opts
	values := map[string]cty.Value{}
	for n := range s.Variables {
		v := &s.Variables[n]
		if value, ok := opts.Values[v.Name]; ok {
			values[v.Name] = value
		} else if v.Default != cty.NilVal {
			values[v.Name] = v.Default
		} else {
			if !opts.Unset {
				c.Problem(v.at, "variable %q has no value: set it in the configuration, as in pack %q { %s = … }",
					v.Name, s.Name, v.Name)
			}
			values[v.Name] = cty.DynamicVal
		}
	}
	c.ctx.Variables["var"] = cty.ObjectVal(values)
	c.checkName()
	blocks := map[string][]*hclsyntax.Block{}
	for _, b := range s.body.Blocks {
		blocks[b.Type] = append(blocks[b.Type], b)
	}
	for _, b := range blocks["pack"] {
		c.about(b)
	}
	c.readFunctions(blocks["function"])
	c.readLocals(blocks["locals"])
	if len(blocks["rule"]) == 0 {
		c.Problem(s.body.EndRange, "the pack has no rule")
	}
	seen := map[string]bool{}
	for _, b := range blocks["rule"] {
		if c.Full() {
			break
		}
		if r := c.rule(b); r != nil {
			if seen[r.rule.ID] {
				c.Problem(b.LabelRanges[0], "the pack has two rules called %q", b.Labels[0])
			}
			seen[r.rule.ID] = true
			c.pack.rules = append(c.pack.rules, r)
		}
	}
	if problems := c.Problems(); len(problems) > 0 {
		return nil, problems
	}
	slices.SortFunc(c.pack.rules, func(a, b *rule) int { return strings.Compare(a.rule.ID, b.rule.ID) })
	return c.pack, nil
}

// checkName refuses the name of a pack that another one has.
func (c *compiler) checkName() {
	for _, p := range c.options.Known {
		if p.Name == c.pack.Name || c.pack.Name == "all" || c.pack.Name == "sandlint" {
			c.Problem(hcl.Range{Filename: c.File.Path}, "the name %q is that of another pack", c.pack.Name)
			return
		}
	}
}

// about reads the pack block.
func (c *compiler) about(b *hclsyntax.Block) {
	c.Body(b.Body, "a pack block", hcltext.Body{Attributes: map[string]func(*hclsyntax.Attribute){
		"version": func(a *hclsyntax.Attribute) {
			v, ok := c.Text(a.Expr, a.Name)
			if _, err := version(v.Text); ok && err != nil {
				c.Problem(v.At, "%v", err)
			}
			c.pack.Version = v.Text
		},
		"docs_url": func(a *hclsyntax.Attribute) {
			v, _ := c.Text(a.Expr, a.Name)
			c.pack.Docs = v.Text
		},
		"description": func(a *hclsyntax.Attribute) { c.Text(a.Expr, a.Name) },
		"required_version": func(a *hclsyntax.Attribute) {
			if v, ok := c.Text(a.Expr, a.Name); ok {
				c.require(v)
			}
		},
	}})
}

// require checks a list of conditions on the release of sandlint: ">= 0.1, < 2".
func (c *compiler) require(v hcltext.Text) {
	if ok, err := Accepts(v.Text, c.options.Version); err != nil {
		c.Problem(v.At, "%v", err)
	} else if !ok {
		c.Problem(v.At, "the pack is for sandlint %s, and this is %s", v.Text, c.options.Version)
	}
}

// Accepts reports whether a release fulfils a list of conditions such as ">= 0.1, < 2". The release "" fulfils all.
func Accepts(conditions, release string) (bool, error) {
	for condition := range strings.SplitSeq(conditions, ",") {
		condition = strings.TrimSpace(condition)
		n := strings.IndexFunc(condition, func(r rune) bool { return !strings.ContainsRune("<>=!~", r) })
		if n < 0 {
			n = len(condition)
		}
		operator, wanted := condition[:n], strings.TrimSpace(condition[n:])
		if operator == "" || operator == "=" {
			operator = "=="
		}
		want, err := version(wanted)
		if err != nil || !slices.Contains(comparisons, operator) {
			return false, fmt.Errorf("%q is not of the form \">= 0.1, < 2\"", conditions)
		}
		have, err := version(release)
		if release == "" || err != nil {
			continue
		}
		if !compares(semver.Compare(have, want), operator) {
			return false, nil
		}
	}
	return true, nil
}

// local is one value of a locals block.
type local struct {
	name  string
	expr  hclsyntax.Expression
	needs map[string]bool // the locals that it needs, by way of functions too
	at    hcl.Range
}

func (c *compiler) readFunctions(blocks []*hclsyntax.Block) {
	c.functions = map[string]*userFunction{}
	for _, b := range blocks {
		name := c.label(b, "the name of the function", `function "own_image" { params = [ref]  result = … }`)
		f := &userFunction{name: name, pack: c, at: b.DefRange()}
		c.Body(b.Body, "a function block", hcltext.Body{Attributes: map[string]func(*hclsyntax.Attribute){
			"params":      func(a *hclsyntax.Attribute) { f.params = c.params(a) },
			"result":      func(a *hclsyntax.Attribute) { f.result = a.Expr },
			"description": func(a *hclsyntax.Attribute) { c.Text(a.Expr, a.Name) },
		}})
		switch {
		case name == "":
		case f.result == nil:
			c.Problem(b.DefRange(), "function %q has no result", name)
		case c.functions[name] != nil:
			c.Problem(b.LabelRanges[0], "function %q is declared twice", name)
		case !hclsyntax.ValidIdentifier(name):
			c.Problem(b.LabelRanges[0], "%q cannot be the name of a function", name)
		default:
			if _, taken := table()[name]; taken {
				c.Problem(b.LabelRanges[0], "there is a function %q already", name)
			}
			c.functions[name] = f
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.functions)) {
		f := c.functions[name]
		c.names(f.result, f.params...)
		c.inside = f
		f.result = c.wrap(f.result)
		c.inside = nil
	}
	for _, name := range slices.Sorted(maps.Keys(c.functions)) {
		if c.functions[name].cyclic() {
			c.Problem(c.functions[name].at, "function %q calls itself", name)
			return
		}
	}
}

// cyclic reports whether a function calls itself, by way of others too.
func (f *userFunction) cyclic() bool {
	switch f.state {
	case 1:
		return true
	case 2:
		return false
	}
	f.state = 1
	for _, other := range f.calls {
		if other.cyclic() {
			return true
		}
	}
	f.state = 2
	return false
}

// params reads the names of a function's parameters.
func (c *compiler) params(a *hclsyntax.Attribute) []string {
	tuple, ok := a.Expr.(*hclsyntax.TupleConsExpr)
	if !ok {
		c.Problem(a.Expr.Range(), "\"params\" must be a list of names, as in [a, b]")
		return nil
	}
	var out []string
	for _, e := range tuple.Exprs {
		name := hcl.ExprAsKeyword(e)
		switch {
		case name == "":
			c.Problem(e.Range(), "a parameter must be a name, without quotes")
		case slices.Contains(out, name) || slices.Contains(roots, name):
			c.Problem(e.Range(), "the name %q is taken", name)
		}
		out = append(out, name)
	}
	return out
}

// roots are what expressions of rules can begin with.
var roots = []string{"node", "file", "var", "local"}

// names checks the variables that an expression without a node reads, and returns the locals among them.
func (c *compiler) names(e hclsyntax.Expression, params ...string) map[string]bool {
	locals := map[string]bool{}
	for _, t := range e.Variables() {
		root := t.RootName()
		switch {
		case slices.Contains(params, root):
		case root == "local":
			if name := attributeOf(t); name != "" {
				locals[name] = true
			}
			c.checkMember(t, "local", c.localNames())
		case root == "var":
			c.checkMember(t, "var", sorted(c.variables))
		case root == "node" || root == "file":
			c.Problem(t.SourceRange(), "there is no %s here: pass what is needed as a parameter", root)
		default:
			c.unknownName(t, append([]string{"var", "local"}, params...))
		}
	}
	return locals
}

func (c *compiler) localNames() []string {
	if c.locals == nil { // functions are read before
		return nil
	}
	return sorted(c.locals)
}

// sorted returns the keys of a map, sorted; an empty list, not nil, for an empty map.
func sorted[V any](m map[string]V) []string {
	out := slices.AppendSeq([]string{}, maps.Keys(m))
	slices.Sort(out)
	return out
}

func (c *compiler) unknownName(t hcl.Traversal, known []string) {
	at := t[0].SourceRange()
	if near := source.Nearest(t.RootName(), known); near != "" {
		c.Problem(at, "there is no %q here; did you mean %q?", t.RootName(), near)
		return
	}
	c.Problem(at, "there is no %q here; expressions can use %s", t.RootName(), strings.Join(known, ", "))
}

// attributeOf returns the name of the attribute that a traversal asks of its root, "" for the root alone.
func attributeOf(t hcl.Traversal) string {
	if len(t) > 1 {
		switch step := t[1].(type) {
		case hcl.TraverseAttr:
			return step.Name
		case hcl.TraverseIndex:
			if step.Key.Type() == cty.String {
				return step.Key.AsString()
			}
		}
	}
	return ""
}

// checkMember checks that var or local has what is asked of it. A nil list stands for one that is not known yet.
func (c *compiler) checkMember(t hcl.Traversal, root string, list []string) bool {
	name := attributeOf(t)
	if name == "" || list == nil || slices.Contains(list, name) {
		return true
	}
	what := map[string]string{"var": "variable", "local": "local value"}[root]
	if near := source.Nearest(name, list); near != "" {
		c.Problem(t.SourceRange(), "the pack has no %s %q; did you mean %q?", what, name, near)
	} else {
		c.Problem(t.SourceRange(), "the pack has no %s %q", what, name)
	}
	return false
}

// readLocals evaluates the locals in the order in which they need each other.
func (c *compiler) readLocals(blocks []*hclsyntax.Block) {
	c.locals = map[string]*local{}
	var order []*local
	for _, b := range blocks {
		if len(b.Labels) > 0 {
			c.Problem(b.LabelRanges[0], "a locals block takes no label")
		}
		for _, nested := range b.Body.Blocks {
			c.Problem(nested.TypeRange, "a locals block holds attributes alone")
		}
		for _, a := range b.Body.Attributes {
			if c.locals[a.Name] != nil {
				c.Problem(a.NameRange, "the local value %q is declared twice", a.Name)
				continue
			}
			l := &local{name: a.Name, expr: a.Expr, at: a.NameRange}
			c.locals[a.Name] = l
			order = append(order, l)
		}
	}
	slices.SortFunc(order, func(a, b *local) int { return a.at.Start.Byte - b.at.Start.Byte })
	values := map[string]cty.Value{}
	c.ctx.Variables["local"] = cty.EmptyObjectVal
	for _, f := range c.functions { // now that the locals are known
		c.names(f.result, f.params...)
	}
	for _, l := range order {
		l.needs = c.names(l.expr)
		c.needed(l.expr, l.needs, map[string]bool{})
		l.expr = c.wrap(l.expr)
	}
	if c.Count() > 0 {
		return
	}
	m := &meter{steps: loadSteps}
	for len(order) > 0 {
		n := slices.IndexFunc(order, func(l *local) bool {
			for name := range l.needs {
				if _, ok := values[name]; !ok {
					return false
				}
			}
			return true
		})
		if n < 0 {
			c.Problem(order[0].at, "the local value %q needs itself", order[0].name)
			return
		}
		l := order[n]
		order = slices.Delete(order, n, n+1)
		v, ok := c.evaluate(l.expr, m)
		if !ok {
			return
		}
		values[l.name] = listed(v)
		c.ctx.Variables["local"] = cty.ObjectVal(values)
	}
}

// needed adds the locals that the functions called in an expression need.
func (c *compiler) needed(e hclsyntax.Expression, needs, seen map[string]bool) {
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		var name string
		switch e := n.(type) {
		case *hclsyntax.FunctionCallExpr:
			name = e.Name
		case metered:
			if inner, ok := e.Expression.(*call); ok {
				name = inner.function.name
			}
		}
		if f := c.functions[name]; f != nil && !seen[name] {
			seen[name] = true
			maps.Copy(needs, c.names(f.result, f.params...))
			c.needed(f.result, needs, seen)
		}
		return nil
	})
}

// HasRule reports whether the pack has a rule of a name.
func (s *Source) HasRule(name string) bool {
	return slices.ContainsFunc(s.body.Blocks, func(b *hclsyntax.Block) bool {
		return b.Type == "rule" && slices.Equal(b.Labels, []string{name})
	})
}
