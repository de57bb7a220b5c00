package custom

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"golang.org/x/tools/txtar"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/hcltext"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// Test is one test of a rule.
type Test struct {
	// Name is its label, and Rule the id of the rule.
	Name, Rule string
	// Good says that the rule must find nothing in it.
	Good bool
	// At is the place of the test in the pack's file.
	At source.Span

	path    string // the main file
	files   map[string][]byte
	fixed   map[string][]byte // by path; empty where the test does not say
	expect  []expectation
	targets workspace.Targets
	flags   []string // the targets as written
	vars    map[string]cty.Value
	block   *hclsyntax.Block // nil for a case of a txtar
}

// expectation is an expect block: what it does not give is 0 or "".
type expectation struct {
	line, column int
	message      string
	block        *hclsyntax.Block
}

// test reads a test block.
func (c *compiler) test(r *rule, b *hclsyntax.Block) {
	t := Test{Rule: r.rule.ID, At: hcltext.SpanOf(b.DefRange()), path: r.kind.File, block: b,
		files: map[string][]byte{}, fixed: map[string][]byte{}, targets: workspace.DefaultTargets()}
	if len(b.Labels) != 1 || strings.TrimSpace(b.Labels[0]) == "" {
		c.Problem(b.TypeRange, "a test block needs one label, what it shows, as in test \"a tag is needed\" { … }")
		return
	}
	t.Name = b.Labels[0]
	if slices.ContainsFunc(r.tests, func(other Test) bool { return other.Name == t.Name }) {
		c.Problem(b.LabelRanges[0], "the rule has two tests called %q", t.Name)
	}
	var main []byte
	kinds := 0
	sample := func(good bool) func(*hclsyntax.Attribute) {
		return func(a *hclsyntax.Attribute) {
			if kinds++; kinds > 1 {
				c.Problem(a.NameRange, "a test has one of \"bad\" and \"good\"")
			}
			text, _ := c.sampleText(a)
			main, t.Good = []byte(text), good
		}
	}
	var fixed *string
	c.Body(b.Body, "a test block", hcltext.Body{
		Attributes: map[string]func(*hclsyntax.Attribute){
			"bad": sample(false), "good": sample(true),
			"fixed": func(a *hclsyntax.Attribute) {
				if text, ok := c.sampleText(a); ok {
					fixed = &text
				}
			},
			"path": func(a *hclsyntax.Attribute) {
				v, _ := c.Text(a.Expr, a.Name)
				if !isLocal(v.Text) {
					c.Problem(a.Expr.Range(), "%q is not a path below the project", v.Text)
				}
				t.path = v.Text
			},
			"files": func(a *hclsyntax.Attribute) {
				for name, text := range c.texts(a) {
					t.files[name] = []byte(text)
				}
			},
			"targets": func(a *hclsyntax.Attribute) {
				for consumer, version := range c.texts(a) {
					if err := t.targets.Set(consumer, version); err != nil {
						c.Problem(a.Expr.Range(), "%v", err)
					}
					t.flags = append(t.flags, consumer+"="+version)
				}
				slices.Sort(t.flags)
			},
			"vars": func(a *hclsyntax.Attribute) { t.vars = c.testVars(a) },
		},
		Blocks: map[string]func(*hclsyntax.Block){
			"expect": func(b *hclsyntax.Block) { t.expect = append(t.expect, c.expect(b)) },
		},
	})
	if kinds == 0 {
		c.Problem(b.DefRange(), "test %q needs \"bad\" or \"good\", a file as text", t.Name)
		return
	}
	if _, taken := t.files[t.path]; taken {
		c.Problem(b.DefRange(), "\"files\" has %q, which is the file under test", t.path)
	}
	t.files[t.path] = main
	if fixed != nil {
		t.fixed[t.path] = []byte(*fixed)
	}
	if t.Good && (fixed != nil || len(t.expect) > 0) {
		c.Problem(b.DefRange(), "a good test has no findings, so nothing to fix or to expect")
	}
	r.tests = append(r.tests, t)
}

func isLocal(name string) bool {
	clean := path.Clean(name)
	return name != "" && !path.IsAbs(name) && clean != ".." && !strings.HasPrefix(clean, "../") &&
		!strings.ContainsAny(name, "\\\x00")
}

// sampleText reads a text of a test. Dockerfiles are full of ${…}, which HCL takes for its own.
func (c *compiler) sampleText(a *hclsyntax.Attribute) (string, bool) {
	for _, t := range a.Expr.Variables() {
		c.Problem(t.SourceRange(), "HCL reads ${…} itself: write $${%s} for what the file has, or put the test in a "+
			"txtar file (\"tests\")", t.RootName())
		return "", false
	}
	v, ok := c.constant(a.Expr)
	if !ok {
		return "", false
	}
	if v.Type() != cty.String || v.IsNull() || !v.IsKnown() {
		c.Problem(a.Expr.Range(), "%q must be a text", a.Name)
		return "", false
	}
	return v.AsString(), true
}

// texts reads an object of texts.
func (c *compiler) texts(a *hclsyntax.Attribute) map[string]string {
	v, ok := c.constant(a.Expr)
	if !ok {
		return nil
	}
	if !v.Type().IsObjectType() || v.IsNull() {
		c.Problem(a.Expr.Range(), "%q must be an object of texts, as in { \"nix.conf\" = \"cores = 2\\n\" }", a.Name)
		return nil
	}
	out := map[string]string{}
	for name, text := range v.AsValueMap() {
		if text.Type() != cty.String || text.IsNull() {
			c.Problem(a.Expr.Range(), "%q of %q must be a text", name, a.Name)
			continue
		}
		if a.Name == "files" && !isLocal(name) {
			c.Problem(a.Expr.Range(), "%q is not a path below the project", name)
			continue
		}
		out[name] = text.AsString()
	}
	return out
}

func (c *compiler) testVars(a *hclsyntax.Attribute) map[string]cty.Value {
	v, ok := c.constant(a.Expr)
	if !ok {
		return nil
	}
	if !v.Type().IsObjectType() || v.IsNull() {
		c.Problem(a.Expr.Range(), "\"vars\" must be an object, as in { allowed_registries = [\"a.example\"] }")
		return nil
	}
	out := v.AsValueMap()
	for name := range out {
		if !c.variables[name] {
			c.Problem(a.Expr.Range(), "the pack has no variable %q", name)
		}
	}
	return out
}

func (c *compiler) expect(b *hclsyntax.Block) expectation {
	e := expectation{block: b}
	whole := func(into *int) func(*hclsyntax.Attribute) {
		return func(a *hclsyntax.Attribute) {
			v, ok := c.Value(a.Expr)
			if !ok {
				return
			}
			if v.Type() == cty.Number && !v.IsNull() {
				if n, accuracy := v.AsBigFloat().Int64(); accuracy == 0 && n > 0 && n < 1<<30 {
					*into = int(n)
					return
				}
			}
			c.Problem(a.Expr.Range(), "%q must be a whole number from 1", a.Name)
		}
	}
	c.Body(b.Body, "an expect block", hcltext.Body{Attributes: map[string]func(*hclsyntax.Attribute){
		"line": whole(&e.line), "column": whole(&e.column),
		"message": func(a *hclsyntax.Attribute) {
			v, _ := c.Text(a.Expr, a.Name)
			e.message = v.Text
		},
	}})
	return e
}

// testFile reads the tests of a txtar beside the pack.
func (c *compiler) testFile(r *rule, a *hclsyntax.Attribute) {
	v, ok := c.Text(a.Expr, a.Name)
	if !ok {
		return
	}
	if c.options.Read == nil {
		return
	}
	b, err := c.options.Read(v.Text)
	if err != nil {
		c.Problem(v.At, "%q cannot be read: %v", v.Text, err)
		return
	}
	page, err := rules.ParsePage(b)
	if err != nil {
		c.Problem(v.At, "%q: %v", v.Text, err)
		return
	}
	for i := range page.Cases {
		t := Test{Name: page.Cases[i].Name, Rule: r.rule.ID, Good: page.Cases[i].Good(), At: hcltext.SpanOf(v.At),
			files: map[string][]byte{}, fixed: map[string][]byte{}, targets: workspace.DefaultTargets()}
		for _, f := range page.Cases[i].Files {
			if t.path == "" {
				t.path = f.Name
			}
			t.files[f.Name] = f.Data
		}
		for _, list := range [][]txtar.File{page.Cases[i].Fixed, page.Cases[i].Unsafe} {
			for _, f := range list {
				t.fixed[f.Name] = f.Data
			}
		}
		for _, flag := range page.Cases[i].Flags {
			consumer, version, _ := strings.Cut(flag, "=")
			if err := t.targets.Set(consumer, version); err != nil {
				c.Problem(v.At, "%q: case %q: %v", v.Text, t.Name, err)
			}
			t.flags = append(t.flags, flag)
		}
		r.tests = append(r.tests, t)
	}
}

// TestResult is what became of one test, or what a rule lacks.
type TestResult struct {
	// Rule is the id of the rule, and Test the name of the test, "" where the rule itself is at fault.
	Rule, Test string
	// At is the place in the pack's file.
	At source.Span
	// Problems are what is wrong, each perhaps with a diff below it; none for a test that passed.
	Problems []string

	test  *Test
	found []rules.Finding
	after map[string][]byte
}

// Test runs the tests of a pack. All are the other packs, whose rules judge the fixes as well: a fix that breaks a file
// is refused. Only, where it is not empty, are the ids of the rules whose tests run.
func (p *Pack) Test(all []rules.Pack, only []string) []TestResult {
	var out []TestResult
	for _, r := range p.rules {
		if len(only) > 0 && !slices.Contains(only, r.rule.ID) {
			continue
		}
		good, bad := 0, 0
		for n := range r.tests {
			if r.tests[n].Good {
				good++
			} else {
				bad++
			}
			out = append(out, p.run(r, &r.tests[n], all))
		}
		for _, missing := range []struct {
			n    int
			name string
		}{{bad, "bad"}, {good, "good"}} {
			if missing.n == 0 {
				out = append(out, TestResult{Rule: r.rule.ID, At: hcltext.SpanOf(r.block.DefRange()),
					Problems: []string{fmt.Sprintf("the rule has no %s test", missing.name)}})
			}
		}
	}
	return out
}

// with returns the pack with other values of variables, for a test.
func (p *Pack) with(values map[string]cty.Value) (*Pack, error) {
	s, problems := Read(p.Source)
	if len(problems) > 0 {
		return nil, fmt.Errorf("%s", problems[0].Message)
	}
	opts := p.compiler.options
	opts.Values = maps.Clone(opts.Values)
	if opts.Values == nil {
		opts.Values = map[string]cty.Value{}
	}
	for n := range s.Variables {
		v := &s.Variables[n]
		if value, ok := values[v.Name]; ok {
			converted, err := v.Convert(value)
			if err != nil {
				return nil, fmt.Errorf("variable %q %w", v.Name, err)
			}
			opts.Values[v.Name] = converted
		}
	}
	out, problems := s.Pack(opts)
	if len(problems) > 0 {
		return nil, fmt.Errorf("%s", problems[0].Message)
	}
	return out, nil
}

func (p *Pack) run(r *rule, t *Test, all []rules.Pack) TestResult {
	out := TestResult{Rule: r.rule.ID, Test: t.Name, At: t.At, test: t, after: map[string][]byte{}}
	problem := func(format string, args ...any) { out.Problems = append(out.Problems, fmt.Sprintf(format, args...)) }
	pack := p
	if len(t.vars) > 0 {
		var err error
		if pack, err = p.with(t.vars); err != nil {
			problem("%v", err)
			return out
		}
	}
	set, err := rules.NewSet(append([]rules.Pack{pack.Rules()}, all...), rules.Selection{Only: []string{r.rule.ID}})
	if err != nil {
		problem("%v", err)
		return out
	}
	ws, err := rules.InMemory(t.targets, t.files)
	if err != nil {
		problem("%v", err)
		return out
	}
	if !slices.ContainsFunc(ws.Entries, func(e *workspace.Entry) bool { return e.Path == t.path }) {
		problem("%s is of no kind that sandlint reads; \"path\" sets its name", t.path)
		return out
	}
	result := rules.Check(ws, set, rules.CheckOptions{Fixes: true})
	out.found = result.Findings
	for _, e := range result.Failed {
		problem("the rule fails: %v", e.Err)
	}
	for _, e := range result.Errors {
		problem("%v", e)
	}
	for _, s := range result.Skipped {
		problem("%s is not read: %s", s.Path, s.Reason)
	}
	for _, x := range result.Rejected {
		problem("the fix %q is refused: %s", x.Title, x.Reason)
	}
	if len(out.Problems) > 0 {
		return out
	}
	switch {
	case t.Good:
		if len(out.found) > 0 {
			problem("the rule finds something in a good file\n%s", rules.Listing(out.found, len(t.files) > 1))
		}
		return out
	case len(out.found) == 0:
		problem("the rule finds nothing in a bad file")
		return out
	}
	out.expected(t)
	out.fix(ws, set, t)
	return out
}

// expected compares the findings with what the test expects.
func (out *TestResult) expected(t *Test) {
	if len(t.expect) == 0 {
		return
	}
	same := len(t.expect) == len(out.found)
	for n := 0; same && n < len(t.expect); n++ {
		e, f := &t.expect[n], &out.found[n]
		at := f.File.Position(f.Span.Start)
		same = (e.line == 0 || e.line == at.Line) && (e.column == 0 || e.column == at.Column) &&
			(e.message == "" || e.message == f.Message)
	}
	if same {
		return
	}
	var want strings.Builder
	for _, e := range t.expect {
		column := "?"
		if e.column > 0 {
			column = fmt.Sprint(e.column)
		}
		line := "?"
		if e.line > 0 {
			line = fmt.Sprint(e.line)
		}
		fmt.Fprintf(&want, "%s:%s %s\n", line, column, e.message)
	}
	out.Problems = append(out.Problems, fmt.Sprintf("the findings are not as expected\nexpected:\n%sfound:\n%s",
		indent(want.String()), indent(rules.Listing(out.found, len(t.files) > 1))))
}

func indent(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString("  " + line)
	}
	return b.String()
}

// fix applies all fixes, and compares the result with what the test has as fixed.
func (out *TestResult) fix(ws *workspace.Workspace, set *rules.Set, t *Test) {
	result := rules.Fix(ws, set, rules.FixOptions{Unsafe: true})
	for _, x := range result.Rejected {
		out.Problems = append(out.Problems, fmt.Sprintf("the fix %q is refused: %s", x.Title, x.Reason))
	}
	for _, f := range result.Files {
		out.after[f.File.Path] = f.After
	}
	for _, name := range slices.Sorted(maps.Keys(t.fixed)) {
		got, changed := out.after[name]
		if !changed {
			got = t.files[name]
		}
		if diff := fixers.Unified(name, t.fixed[name], got); len(diff) > 0 {
			out.Problems = append(out.Problems, "the fixed file is another one (- expected, + found)\n"+string(diff))
		}
	}
	if len(t.fixed) == 0 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(out.after)) {
		if _, expected := t.fixed[name]; !expected {
			out.Problems = append(out.Problems, fmt.Sprintf("the fix changes %s, of which the test says nothing", name))
		}
	}
}
