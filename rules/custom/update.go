package custom

import (
	"bytes"
	"fmt"

	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/sandlint/sandlint/rules"
)

// Update returns the file of a pack with what its tests expect rewritten from what the rules find: "fixed", and the
// expect blocks of tests that have some. Nothing else changes. The tests of txtar files stay as they are. See Test.
func (p *Pack) Update(all []rules.Pack, only []string) ([]byte, error) {
	f, diags := hclwrite.ParseConfig(p.Source.Bytes, p.Source.Path, hcl.InitialPos)
	if diags.HasErrors() {
		return nil, fmt.Errorf("%s", diags[0].Summary)
	}
	for _, r := range p.Test(all, only) {
		if r.test == nil || r.test.block == nil || r.test.Good || len(r.found) == 0 {
			continue
		}
		_, name, _ := strings.Cut(r.Rule, "/")
		block := testBlock(f.Body(), name, r.Test)
		if block == nil {
			continue
		}
		r.update(block.Body())
	}
	// Only what is written can be formatted, so the file is not.
	return f.Bytes(), nil
}

// testBlock finds the block of a test.
func testBlock(body *hclwrite.Body, rule, test string) *hclwrite.Block {
	for _, b := range body.Blocks() {
		if b.Type() != "rule" || !slices.Equal(b.Labels(), []string{rule}) {
			continue
		}
		for _, t := range b.Body().Blocks() {
			if t.Type() == "test" && slices.Equal(t.Labels(), []string{test}) {
				return t
			}
		}
	}
	return nil
}

func (r *TestResult) update(body *hclwrite.Body) {
	t := r.test
	after, changed := r.after[t.path]
	switch {
	case changed && len(r.after) == 1 && !bytes.Equal(after, t.fixed[t.path]):
		body.SetAttributeRaw("fixed", textTokens(string(after)))
	case !changed && len(t.fixed) > 0:
		body.RemoveAttribute("fixed")
	}
	if len(t.expect) == 0 || len(r.Problems) == 0 {
		return
	}
	gives := map[string]bool{}
	for _, b := range body.Blocks() {
		if b.Type() == "expect" {
			for name := range b.Body().Attributes() {
				gives[name] = true
			}
			body.RemoveBlock(b)
		}
	}
	for n := range r.found {
		at := r.found[n].File.Position(r.found[n].Span.Start)
		e := body.AppendNewBlock("expect", nil).Body()
		values := map[string]cty.Value{"line": number(at.Line), "column": number(at.Column),
			"message": cty.StringVal(r.found[n].Message)}
		for _, name := range []string{"line", "column", "message"} {
			if gives[name] {
				e.SetAttributeValue(name, values[name])
			}
		}
	}
}

// textTokens writes a text as HCL: of several lines as a here-document, else in quotes.
func textTokens(s string) hclwrite.Tokens {
	quoted := hclwrite.TokensForValue(cty.StringVal(s))
	if !strings.HasSuffix(s, "\n") || strings.Count(s, "\n") < 2 || strings.ContainsAny(s, "\r\x00") {
		return quoted
	}
	end := "EOT"
	for strings.Contains(s, end) {
		end += "T"
	}
	var b strings.Builder
	b.WriteString("<<-" + end + "\n")
	for line := range strings.Lines(strings.NewReplacer("${", "$${", "%{", "%%{").Replace(s)) {
		if line != "\n" {
			b.WriteString("      ")
		}
		b.WriteString(line)
	}
	b.WriteString("    " + end)
	// What HCL would read otherwise, such as a text whose lines are all indented, is written in quotes.
	e, diags := hclsyntax.ParseExpression([]byte(b.String()+"\n"), "", hcl.InitialPos)
	if diags.HasErrors() {
		return quoted
	}
	if v, diags := e.Value(nil); diags.HasErrors() || v.Type() != cty.String || v.AsString() != s {
		return quoted
	}
	return hclwrite.Tokens{{Type: hclsyntax.TokenIdent, Bytes: []byte(b.String())}}
}
