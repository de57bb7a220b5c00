package custom

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/hcltext"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// rule is a rule block.
type rule struct {
	rule        *rules.Rule
	kind        *Kind
	index       string
	description string
	url         string
	when        expression
	message     expression
	note        string
	at          target
	fix         *fix
	tests       []Test
	block       *hclsyntax.Block
	pack        *Pack
}

// expression is a wrapped expression with what it asks for.
type expression struct {
	hclsyntax.Expression
	node  []int    // the attributes of the node
	lists []string // the lists of "file"
	path  bool     // whether it asks for file.path
}

// fix is a fix block.
type fix struct {
	title  expression
	safety fixers.Safety
	edits  []edit
}

// edit is a replace, delete or insert block.
type edit struct {
	kind   string // "replace", "delete", "before", "after"
	target target
	text   *expression
}

// target is a part of a node: all of it, an attribute, or an element of one.
type target struct {
	attribute int // -1 for the whole node
	index     *expression
	at        hcl.Range
}

// rule reads a rule block, nil where it is so wrong that it cannot go on.
func (c *compiler) rule(b *hclsyntax.Block) *rule {
	before := c.Count()
	name := c.label(b, "the name of the rule", `rule "base-image-registry" { … }`)
	r := &rule{block: b, pack: c.pack, at: target{attribute: -1}}
	def := &rules.Rule{ID: c.pack.Name + "/" + name, Severity: rules.Warning, Category: rules.Correctness,
		Since: "pack " + c.pack.Name}
	if c.pack.Version != "" {
		def.Since += " " + c.pack.Version
	}
	r.rule = def
	if on, ok := b.Body.Attributes["on"]; ok { // all else depends on it
		c.on(r, on)
	} else {
		c.Problem(b.DefRange(), "rule %q needs \"on\", the kind of node that it is about", name)
	}
	if r.kind == nil {
		return nil
	}
	var whole, fixes []*hclsyntax.Block
	c.Body(b.Body, "a rule block", hcltext.Body{
		Attributes: map[string]func(*hclsyntax.Attribute){
			"on":       func(*hclsyntax.Attribute) {},
			"summary":  func(a *hclsyntax.Attribute) { def.Summary = strings.TrimSuffix(c.line(a), ".") },
			"severity": func(a *hclsyntax.Attribute) { def.Severity = c.severity(a) },
			"category": func(a *hclsyntax.Attribute) { def.Category = c.category(a) },
			"enabled": func(a *hclsyntax.Attribute) {
				on, ok := c.Bool(a.Expr, a.Name)
				def.Optional = ok && !on
			},
			"when": func(a *hclsyntax.Attribute) { r.when = c.expression(r.kind, a.Expr, cty.Bool, a.Name) },
			"message": func(a *hclsyntax.Attribute) {
				r.message = c.expression(r.kind, a.Expr, cty.String, a.Name)
			},
			"at":          func(a *hclsyntax.Attribute) { r.at = c.target(r.kind, a.Expr) },
			"note":        func(a *hclsyntax.Attribute) { r.note = c.line(a) },
			"description": func(a *hclsyntax.Attribute) { r.description = c.text(a) },
			"url": func(a *hclsyntax.Attribute) {
				if r.url = c.line(a); r.url != "" {
					def.References = append(def.References, r.url)
				}
			},
			"tags": func(a *hclsyntax.Attribute) { c.Strings(a.Expr, a.Name) },
			"aliases": func(a *hclsyntax.Attribute) {
				for _, alias := range c.Strings(a.Expr, a.Name) {
					c.alias(def, alias)
				}
			},
			"tests": func(a *hclsyntax.Attribute) { c.testFile(r, a) },
		},
		Blocks: map[string]func(*hclsyntax.Block){
			"fix":  func(b *hclsyntax.Block) { fixes = append(fixes, b) },
			"test": func(b *hclsyntax.Block) { whole = append(whole, b) },
		},
	})
	if len(fixes) > 1 {
		c.Problem(fixes[1].TypeRange, "a rule has one fix, which may hold several edits")
	} else if len(fixes) == 1 {
		r.fix = c.fix(r.kind, fixes[0])
		if r.fix != nil {
			def.Fixes = []fixers.Safety{r.fix.safety}
		}
	}
	for _, b := range whole {
		c.test(r, b)
	}
	for _, missing := range []struct {
		name string
		is   bool
	}{{"summary", def.Summary == ""}, {"when", r.when.Expression == nil}, {"message", r.message.Expression == nil}} {
		if _, written := b.Body.Attributes[missing.name]; missing.is && !written {
			c.Problem(b.DefRange(), "rule %q needs %q", name, missing.name)
		}
	}
	if c.Count() > before {
		return nil
	}
	r.finish()
	return r
}

// finish makes the rule one that runs.
func (r *rule) finish() {
	r.rule.Check = rules.OnFile(func(p *rules.Pass, doc *workspace.Document) { r.check(p, doc) })
	r.rule.Check.Subject = r.kind.Doc
}

// on reads the kind of node.
func (c *compiler) on(r *rule, a *hclsyntax.Attribute) {
	t, diags := hcl.AbsTraversalForExpr(a.Expr)
	if diags.HasErrors() {
		c.Problem(a.Expr.Range(), "\"on\" must be the name of a kind of node, such as dockerfile.from, without quotes")
		return
	}
	name := t.RootName()
	rest := t[1:]
	if len(rest) > 0 {
		if step, ok := rest[0].(hcl.TraverseAttr); ok {
			name, rest = name+"."+step.Name, rest[1:]
		}
	}
	var all []string
	for _, k := range Kinds() {
		all = append(all, k.Name)
	}
	slices.Sort(all)
	k := FindKind(name)
	if k == nil {
		if near := source.Nearest(name, all); near != "" {
			c.Problem(a.Expr.Range(), "there is no kind of node %q; did you mean %s?", name, near)
		} else {
			c.Problem(a.Expr.Range(), "there is no kind of node %q; the kinds are %s", name, strings.Join(all, ", "))
		}
		return
	}
	index := ""
	if len(rest) == 1 {
		if step, ok := rest[0].(hcl.TraverseIndex); ok && step.Key.Type() == cty.String {
			index, rest = step.Key.AsString(), nil
		}
	}
	switch {
	case len(rest) > 0:
		c.Problem(a.Expr.Range(), "\"on\" must be a kind of node, such as %s", name)
		return
	case k.Index == "" && index != "":
		c.Problem(a.Expr.Range(), "%s is not selected with []", name)
		return
	case k.Index != "" && index == "":
		c.Problem(a.Expr.Range(), "%s needs %s in [], as in %s[%q]", name, k.Index, name, "…")
		return
	}
	if k.checkIndex != nil {
		if err := k.checkIndex(index); err != nil {
			c.Problem(a.Expr.Range(), "%v", err)
			return
		}
	}
	r.kind, r.index = k, index
}

// line reads a text of one line that is written out, text one of several.
func (c *compiler) line(a *hclsyntax.Attribute) string {
	s := c.text(a)
	if strings.ContainsAny(s, "\r\n") {
		c.Problem(a.Expr.Range(), "%q must be one line", a.Name)
	}
	return s
}

func (c *compiler) text(a *hclsyntax.Attribute) string {
	v, ok := c.Text(a.Expr, a.Name)
	if ok && strings.TrimSpace(v.Text) == "" {
		c.Problem(v.At, "%q is empty", a.Name)
	}
	return v.Text
}

func (c *compiler) severity(a *hclsyntax.Attribute) rules.Severity {
	v, ok := c.Text(a.Expr, a.Name)
	if !ok {
		return rules.Warning
	}
	severity, err := rules.ParseSeverity(v.Text)
	if err != nil || severity == rules.Off {
		c.Problem(v.At, "%q is %q, which is not one of error, warning, info, style", a.Name, v.Text)
	}
	return severity
}

func (c *compiler) category(a *hclsyntax.Attribute) rules.Category {
	v, ok := c.Text(a.Expr, a.Name)
	if category := rules.Category(v.Text); !ok || slices.Contains(rules.Categories(), category) {
		return category
	}
	var all []string
	for _, category := range rules.Categories() {
		all = append(all, string(category))
	}
	c.Problem(v.At, "%q is %q, which is not one of %s", a.Name, v.Text, strings.Join(all, ", "))
	return rules.Correctness
}

// alias adds another id of a rule, which nothing else may have.
func (c *compiler) alias(def *rules.Rule, v hcltext.Text) {
	if v.Text == "" || strings.ContainsAny(v.Text, " \t\r\n,/*=") {
		c.Problem(v.At, "%q cannot be an alias: it has no space, comma or slash", v.Text)
		return
	}
	if _, _, err := rules.Find(c.options.Known, v.Text); err == nil || rules.KnownElsewhere(v.Text) {
		c.Problem(v.At, "the alias %q is taken by another rule", v.Text)
		return
	}
	for _, r := range c.pack.rules {
		if slices.ContainsFunc(r.rule.Aliases, func(a string) bool { return strings.EqualFold(a, v.Text) }) {
			c.Problem(v.At, "the alias %q is that of %s, too", v.Text, r.rule.ID)
			return
		}
	}
	def.Aliases = append(def.Aliases, v.Text)
}

// target reads what "at" or the target of an edit names: node, node.words, node.words[0], node.flags.from, or
// node.words[expression].
func (c *compiler) target(k *Kind, e hclsyntax.Expression) target {
	out := target{attribute: -1, at: e.Range()}
	if index, ok := e.(*hclsyntax.IndexExpr); ok {
		t, diags := hcl.AbsTraversalForExpr(index.Collection)
		if !diags.HasErrors() && len(t) == 2 && c.targetAttribute(k, t, &out) {
			x := c.expression(k, index.Key, cty.DynamicPseudoType, "index")
			out.index = &x
			c.targetElement(k, e, &out)
			return out
		}
	}
	t, diags := hcl.AbsTraversalForExpr(e)
	switch {
	case diags.HasErrors() || t.RootName() != "node" || len(t) > 3:
		c.Problem(e.Range(), "a place is named as node, node.words or node.words[0], without quotes")
		return out
	case len(t) == 1:
		return out
	case !c.targetAttribute(k, t, &out):
		return out
	}
	if len(t) == 3 {
		var key cty.Value
		switch step := t[2].(type) {
		case hcl.TraverseAttr:
			key = cty.StringVal(step.Name)
		case hcl.TraverseIndex:
			key = step.Key
		}
		out.index = &expression{Expression: &hclsyntax.LiteralValueExpr{Val: key, SrcRange: e.Range()}}
		c.targetElement(k, e, &out)
		return out
	}
	if whole, _ := k.Attributes[out.attribute].HasPlace(); !whole {
		c.Problem(e.Range(), "%s of a %s has no place of its own; those with one are %s",
			k.Attributes[out.attribute].Name, k.Name, strings.Join(k.places(), ", "))
	}
	return out
}

// places are the attributes that have a place, as "at" names them.
func (k *Kind) places() []string {
	out := []string{"node"}
	for n := range k.Attributes {
		a := &k.Attributes[n]
		whole, _ := a.HasPlace()
		if whole {
			out = append(out, "node."+a.Name)
		}
		if a.item != nil {
			out = append(out, "node."+a.Name+"[0]")
		}
		if a.key != nil {
			out = append(out, "node."+a.Name+`["…"]`)
		}
	}
	return out
}

func (c *compiler) targetAttribute(k *Kind, t hcl.Traversal, out *target) bool {
	if t.RootName() != "node" {
		return false
	}
	step, ok := t[1].(hcl.TraverseAttr)
	if !ok || !c.nodeAttribute(k, t) {
		return false
	}
	out.attribute = k.attribute(step.Name)
	return true
}

func (c *compiler) targetElement(k *Kind, e hclsyntax.Expression, out *target) {
	a := &k.Attributes[out.attribute]
	if _, element := a.HasPlace(); !element {
		c.Problem(e.Range(), "the elements of %s have no places; those with one are %s", a.Name,
			strings.Join(k.places(), ", "))
	}
	if literal, ok := out.index.Expression.(*hclsyntax.LiteralValueExpr); ok {
		if wrong := (a.item != nil) != (literal.Val.Type() == cty.Number); wrong {
			c.Problem(e.Range(), "an element of %s is named by %s", a.Name,
				map[bool]string{true: "its number, from 0", false: "its key"}[a.item != nil])
		}
	}
}

// fix reads a fix block.
func (c *compiler) fix(k *Kind, b *hclsyntax.Block) *fix {
	if len(b.Labels) > 0 {
		c.Problem(b.LabelRanges[0], "a fix block takes no label")
	}
	f := &fix{}
	text := func(a *hclsyntax.Attribute) *expression {
		x := c.expression(k, a.Expr, cty.String, a.Name)
		return &x
	}
	add := func(b *hclsyntax.Block, kind, name string) {
		e := edit{kind: kind, target: target{attribute: -1}}
		place := func(as string) func(*hclsyntax.Attribute) {
			return func(a *hclsyntax.Attribute) {
				if e.target.at != (hcl.Range{}) {
					c.Problem(a.NameRange, "an insert block has one of \"before\" and \"after\"")
				}
				e.target, e.kind = c.target(k, a.Expr), as
			}
		}
		known := map[string]func(*hclsyntax.Attribute){}
		switch b.Type {
		case "insert":
			known["before"], known["after"] = place("before"), place("after")
			known["text"] = func(a *hclsyntax.Attribute) { e.text = text(a) }
		case "replace":
			known["target"] = place("replace")
			known["with"] = func(a *hclsyntax.Attribute) { e.text = text(a) }
		case "delete":
			known["target"] = place("delete")
		}
		c.Body(b.Body, "a "+b.Type+" block", hcltext.Body{Attributes: known})
		if e.target.at == (hcl.Range{}) {
			c.Problem(b.DefRange(), "%s", map[string]string{"insert": "an insert block needs \"before\" or \"after\"",
				"replace": "a replace block needs \"target\"", "delete": "a delete block needs \"target\""}[b.Type])
		}
		if name != "" && e.text == nil {
			c.Problem(b.DefRange(), "the %s block needs %q", b.Type, name)
		}
		f.edits = append(f.edits, e)
	}
	applicability := false
	c.Body(b.Body, "a fix block", hcltext.Body{
		Attributes: map[string]func(*hclsyntax.Attribute){
			"title": func(a *hclsyntax.Attribute) { f.title = c.expression(k, a.Expr, cty.String, a.Name) },
			"applicability": func(a *hclsyntax.Attribute) {
				applicability = true
				switch v, ok := c.Text(a.Expr, a.Name); {
				case v.Text == "safe":
					f.safety = fixers.Safe
				case v.Text == "unsafe":
					f.safety = fixers.Unsafe
				case ok:
					c.Problem(v.At, "%q is %q, which is not one of safe, unsafe", a.Name, v.Text)
				}
			},
		},
		Blocks: map[string]func(*hclsyntax.Block){
			"replace": func(b *hclsyntax.Block) { add(b, "replace", "with") },
			"delete":  func(b *hclsyntax.Block) { add(b, "delete", "") },
			"insert":  func(b *hclsyntax.Block) { add(b, "insert", "text") },
		},
	})
	if _, written := b.Body.Attributes["title"]; !written {
		c.Problem(b.DefRange(), "a fix block needs \"title\", what the fix does: \"use npm ci\"")
	}
	if !applicability {
		c.Problem(b.DefRange(), "a fix block needs \"applicability\": \"safe\" where the meaning stays, or \"unsafe\"")
	}
	if len(f.edits) == 0 {
		c.Problem(b.DefRange(), "a fix block needs a replace, delete or insert block")
	}
	return f
}

// expression checks an expression about a node, whose value must be of a type, and wraps it.
func (c *compiler) expression(k *Kind, e hclsyntax.Expression, want cty.Type, name string) expression {
	before := c.Count()
	out := expression{}
	uses, lists := map[int]bool{}, map[string]bool{}
	for _, t := range e.Variables() {
		switch root := t.RootName(); root {
		case "node":
			if attribute := attributeOf(t); attribute == "" {
				for n := range k.Attributes {
					uses[n] = true
				}
			} else if c.nodeAttribute(k, t) {
				uses[k.attribute(attribute)] = true
			}
		case "file":
			c.fileAttribute(k, t, lists, &out)
		case "var":
			c.checkMember(t, root, sorted(c.variables))
		case "local":
			c.checkMember(t, root, c.localNames())
		default:
			c.unknownName(t, roots)
		}
	}
	out.node = slices.Sorted(maps.Keys(uses))
	out.lists = slices.Sorted(maps.Keys(lists))
	out.Expression = c.wrap(e)
	if c.Count() > before {
		return out
	}
	m := &meter{steps: loadSteps}
	v, diags := out.Value(c.sample(k, false, m))
	if diags.HasErrors() {
		c.Diagnostics(diags)
		return out
	}
	if m.reason != "" {
		c.Diagnostics(stopped(m, out))
		return out
	}
	if _, diags := out.Value(c.sample(k, true, &meter{steps: loadSteps})); diags.HasErrors() {
		for _, d := range diags {
			if slices.Contains(certain, d.Summary) {
				c.Diagnostics(hcl.Diagnostics{d})
				return out
			}
		}
	}
	is := v.Type().FriendlyName()
	if v.IsKnown() && v.IsNull() {
		is = "null"
	} else if v.Type() == cty.DynamicPseudoType || fits(v.Type(), want) {
		return out
	}
	c.Problem(e.Range(), "%q must be %s, and this is %s", name, map[cty.Type]string{cty.Bool: "true or false",
		cty.String: "a text", cty.DynamicPseudoType: "a number or a text"}[want], is)
	return out
}

// fits reports whether a value of a type can stand where another one is wanted. A text stands for no truth value, as
// HCL would have it, since "yes" then fails only when the rule runs.
func fits(t, want cty.Type) bool {
	return t == want || want == cty.DynamicPseudoType || want == cty.String && t.IsPrimitiveType()
}

// certain are the errors of an evaluation with sample values that hold for all values.
var certain = []string{"Unsupported attribute", "Unknown variable", "Call to unknown function",
	"Not enough function arguments", "Too many function arguments"}

// nodeAttribute checks that a kind has what a traversal asks of the node.
func (c *compiler) nodeAttribute(k *Kind, t hcl.Traversal) bool {
	name := attributeOf(t)
	if k.attribute(name) >= 0 {
		return true
	}
	at := t.SourceRange()
	if near := source.Nearest(name, k.names()); near != "" {
		c.Problem(at, "a %s has no attribute %q; did you mean %q?", k.Name, name, near)
	} else {
		c.Problem(at, "a %s has no attribute %q; it has %s", k.Name, name, strings.Join(k.names(), ", "))
	}
	return false
}

func (c *compiler) fileAttribute(k *Kind, t hcl.Traversal, lists map[string]bool, out *expression) {
	all := []string{"path"}
	for _, sibling := range k.siblings() {
		all = append(all, sibling.List)
	}
	switch name := attributeOf(t); {
	case name == "":
		out.path = true
		for _, list := range all[1:] {
			lists[list] = true
		}
	case name == "path":
		out.path = true
	case slices.Contains(all, name):
		lists[name] = true
	default:
		slices.Sort(all)
		if near := source.Nearest(name, all); near != "" {
			c.Problem(t.SourceRange(), "file has no attribute %q; did you mean %q?", name, near)
		} else {
			c.Problem(t.SourceRange(), "file has no attribute %q; for a %s it has %s", name, k.Name,
				strings.Join(all, ", "))
		}
	}
}

// sample returns a context in which nothing of the node is known, but the types: an evaluation in it finds what is
// wrong whatever the file holds. With one, lists have one element, so loops over them are evaluated, too.
func (c *compiler) sample(k *Kind, one bool, m *meter) *hcl.EvalContext {
	var unknown func(cty.Type) cty.Value
	unknown = func(t cty.Type) cty.Value {
		switch {
		case one && t.IsListType():
			return cty.ListVal([]cty.Value{unknown(t.ElementType())})
		case t.IsObjectType():
			out := map[string]cty.Value{}
			for name, t := range t.AttributeTypes() {
				out[name] = unknown(t)
			}
			return cty.ObjectVal(out)
		}
		return cty.UnknownVal(t)
	}
	file := map[string]cty.Value{"path": cty.UnknownVal(cty.String)}
	for _, sibling := range k.siblings() {
		file[sibling.List] = unknown(cty.List(sibling.objectType(sibling.listed())))
	}
	ctx := c.ctx.NewChild()
	ctx.Variables = map[string]cty.Value{
		"node": unknown(k.objectType(k.all())), "file": cty.ObjectVal(file), meterName: m.value(),
	}
	return ctx
}
