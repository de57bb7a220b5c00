package custom

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/sandlint/sandlint/parsers/hcltext"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

// QueryName is the name of the pack that Query returns, and of its rule.
const QueryName = "query"

// Query returns a pack of one rule that finds all nodes of a kind for which an expression is true. Its messages are the
// values of the expression show, as text or JSON; "" stands for the node's text. The problems are what is wrong with
// one of the three, in the file that is returned with them.
func Query(on, when, show string) (*Pack, *source.File, []source.Problem) {
	pack := &Pack{Name: QueryName}
	r := &rule{pack: pack, at: target{attribute: -1}}
	r.rule = &rules.Rule{ID: QueryName + "/" + QueryName, Summary: "matches", Severity: rules.Info}
	var problems []source.Problem
	parse := func(name, text string, use func(*compiler, hclsyntax.Expression)) *source.File {
		f := source.NewFile(name, []byte(text))
		c := &compiler{Reader: hcltext.Reader{File: f, What: "the " + name}, pack: pack, variables: map[string]bool{},
			locals: map[string]*local{}}
		c.ctx = &hcl.EvalContext{Functions: table(), Variables: map[string]cty.Value{
			"var": cty.EmptyObjectVal, "local": cty.EmptyObjectVal}}
		pack.compiler, pack.Source = c, f
		if at, why := hcltext.Refuse(f.Bytes); why != "" {
			problems = []source.Problem{{Span: source.Span{Start: at, End: at + 1}, Message: why}}
			return f
		}
		e, diags := hclsyntax.ParseExpression(f.Bytes, name, hcl.InitialPos)
		c.Diagnostics(diags)
		if !diags.HasErrors() {
			use(c, e)
		}
		problems = c.Problems()
		return f
	}
	f := parse("kind", on, func(c *compiler, e hclsyntax.Expression) {
		c.on(r, &hclsyntax.Attribute{Name: "on", Expr: e})
	})
	if len(problems) > 0 || r.kind == nil {
		return nil, f, problems
	}
	if show = strings.TrimSpace(show); show == "" {
		show = "node.text"
	}
	f = parse("value", show, func(c *compiler, e hclsyntax.Expression) {
		r.message = c.expression(r.kind, asText(e), cty.String, "the value")
	})
	if len(problems) > 0 {
		return nil, f, problems
	}
	f = parse("expression", when, func(c *compiler, e hclsyntax.Expression) {
		r.when = c.expression(r.kind, e, cty.Bool, "the expression")
	})
	if len(problems) > 0 {
		return nil, f, problems
	}
	r.finish()
	pack.rules = []*rule{r}
	return pack, f, nil
}

// asText makes an expression a text: that of a text or number, and JSON for anything else.
func asText(e hclsyntax.Expression) hclsyntax.Expression {
	call := func(name string, args ...hclsyntax.Expression) hclsyntax.Expression {
		return &hclsyntax.FunctionCallExpr{Name: name, Args: args, NameRange: e.Range(), OpenParenRange: e.Range(),
			CloseParenRange: e.Range()}
	}
	return call("try", call("tostring", e), call("jsonencode", e))
}
