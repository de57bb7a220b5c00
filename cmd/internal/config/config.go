// Package config finds and reads .sandlint.hcl, the configuration file, and in its place hadolint's .hadolint.yaml.
//
//	exclude = ["third_party/**"]
//	fail_on = "error"
//
//	target {
//	  nix      = "2.24"
//	  platform = ["linux/amd64", "linux/arm64"]
//	}
//
//	rule "nix/unknown-setting" {
//	  severity = "error"
//	}
//
// The whole file is checked: every unknown name and every value of the wrong type is reported where it is written.
package config

import (
	"bytes"
	"fmt"
	"math/big"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/hcltext"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// Name is the name of the configuration file.
const Name = ".sandlint.hcl"

// Config is the content of a configuration file. The zero value is that of an empty file.
type Config struct {
	// Base is the folder of the file, absolute.
	Base string
	// Exclude are doublestar patterns of paths relative to Base.
	Exclude []string
	// Targets are the versions of the consumers, in order. A consumer with several versions has several entries.
	Targets []Target
	// Rules are the rule blocks, in order, each name once.
	Rules []Rule
	// FailOn is the lowest severity that makes a run fail, or "never"; "" when the file does not set it.
	FailOn string
	// Unheeded are the linters whose comments suppress nothing: those that "suppressions" leaves out.
	Unheeded []string

	// Source is hadolint's file, where the configuration is that. Warnings are what hadolint passes over there, and
	// Left the names of hadolint's rules for which sandlint has none.
	Source   *source.File
	Warnings []source.Problem
	Left     []string
}

// Target is one version of a consumer.
type Target struct{ Consumer, Version string }

// Rule is the content of a rule block.
type Rule struct {
	// Name is a rule's id or alias, a pack, or "all".
	Name string
	// Severity is Off when the block does not set it; a block that sets it to off is not enabled.
	Severity rules.Severity
	// Enabled is nil when the block does not set it.
	Enabled *bool
	// Options are the values of the rule's options, by name; nil without any.
	Options map[string]any
	// Note says what in hadolint's file the block stands for.
	Note string
}

// Select adds the rule blocks to a selection.
func (c *Config) Select(sel *rules.Selection) {
	for _, r := range c.Rules {
		enabled := r.Enabled
		if enabled != nil && *enabled && len(sel.Only) == 0 {
			sel.Select = append(sel.Select, r.Name)
		}
		if r.Severity != rules.Off || enabled != nil && !*enabled {
			if sel.Severity == nil {
				sel.Severity = map[string]rules.Severity{}
			}
			sel.Severity[r.Name] = r.Severity
			if enabled != nil && !*enabled {
				sel.Severity[r.Name] = rules.Off
			}
		}
		if r.Options != nil {
			if sel.Options == nil {
				sel.Options = map[string]map[string]any{}
			}
			sel.Options[r.Name] = r.Options
		}
	}
}

// Error is a configuration file that cannot be used, with all of its problems.
type Error struct {
	Source   *source.File
	Problems []source.Problem
}

func (e *Error) Error() string {
	p := e.Problems[0]
	at := e.Source.Position(p.Span.Start)
	return fmt.Sprintf("%s:%d:%d: %s", e.Source.Path, at.Line, at.Column, p.Message)
}

// Find returns the path of the configuration file for dir, which is absolute and need not exist: the nearest one
// upwards, as far as the repository's root, which is the folder that contains .git. It returns "" when there is none.
func Find(dir string) string { return find(dir, []string{Name}) }

// find is Find for files of some names, the first of which wins.
func find(dir string, names []string) string {
	tree := files.Disk{}
	for dir = filepath.Clean(dir); ; {
		for _, name := range names {
			path := filepath.Join(dir, name)
			if info, err := tree.Lstat("", path); err == nil && !info.IsDir() {
				return path
			}
		}
		if _, err := tree.Lstat("", filepath.Join(dir, ".git")); err == nil {
			return ""
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// Load reads the file at path, which is absolute; dir is the working directory. Messages call the file shown. The file
// may name the rules of packs. A file whose name ends in .yaml or .yml is one of hadolint. When the text is wrong, the
// error is of type *Error.
func Load(dir, path, shown string, packs []rules.Pack) (*Config, error) {
	b, err := files.ReadNamed(files.Disk{}, dir, path)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration %s: %w", shown, err)
	}
	if isHadolint(path) {
		return parseHadolint(source.NewFile(shown, b), filepath.Dir(path), packs)
	}
	return parse(source.NewFile(shown, b), filepath.Dir(path), packs)
}

func parse(f *source.File, base string, packs []rules.Pack) (*Config, error) {
	start := hcl.InitialPos
	text, hasMark := bytes.CutPrefix(f.Bytes, []byte("\ufeff"))
	if hasMark {
		start.Byte = len(f.Bytes) - len(text)
	}
	r := reader{file: f, packs: packs, config: &Config{Base: base}, rules: map[string]bool{}}
	if at, why := hcltext.Refuse(f.Bytes); why != "" {
		problem := source.Problem{Span: source.Span{Start: at, End: at + 1}, Message: why}
		return nil, &Error{Source: f, Problems: []source.Problem{problem}}
	}
	parsed, diags := hclsyntax.ParseConfig(text, f.Path, start)
	r.diagnostics(diags)
	if body, ok := parsed.Body.(*hclsyntax.Body); ok {
		r.top(body)
	}
	if len(r.problems) > 0 {
		slices.SortStableFunc(r.problems, func(a, b source.Problem) int { return a.Span.Start - b.Span.Start })
		return nil, &Error{Source: f, Problems: r.problems}
	}
	return r.config, nil
}

const (
	// maxProblems is how many problems are reported.
	maxProblems = 100
	// maxMessage is the length in bytes of a message, which may quote the file.
	maxMessage = 1000
	// maxVersions is how many versions of one consumer there may be.
	maxVersions = 100
)

// reader turns the syntax tree into a Config.
type reader struct {
	file     *source.File
	packs    []rules.Pack
	config   *Config
	problems []source.Problem
	rules    map[string]bool // the names of rule blocks
	patterns int             // of exclude, with each alternative counted
}

func (r *reader) problem(at hcl.Range, format string, args ...any) {
	// The HCL parser leaves the end of what it gave up on at 0.
	span := source.Span{Start: at.Start.Byte, End: max(at.Start.Byte, at.End.Byte)}
	message := fmt.Sprintf(format, args...)
	switch n := len(r.problems); {
	case n == maxProblems:
		message = fmt.Sprintf("there are more than %d problems; the others are not shown", maxProblems)
	case n > maxProblems:
		return
	}
	message = clip(message)
	r.problems = append(r.problems, source.Problem{Span: span, Message: message})
}

// clip bounds the length of a message.
func clip(message string) string {
	if len(message) > maxMessage {
		return strings.ToValidUTF8(message[:maxMessage], "") + "…"
	}
	return message
}

// full reports whether there are so many problems that no more are looked for.
func (r *reader) full() bool { return len(r.problems) > maxProblems }

// diagnostics adds the errors of the HCL parser.
func (r *reader) diagnostics(diags hcl.Diagnostics) {
	for _, d := range diags {
		if d.Severity != hcl.DiagError {
			continue
		}
		var at hcl.Range
		if d.Subject != nil {
			at = *d.Subject
		}
		message := strings.ToLower(d.Summary[:1]) + d.Summary[1:]
		if detail := strings.TrimSuffix(strings.TrimSpace(d.Detail), "."); detail != "" {
			message += ": " + detail
		}
		r.problem(at, "%s", message)
	}
}

// body is what a block may contain: a function for each attribute and one for each type of block. There are no other
// names.
type body struct {
	attributes map[string]func(*hclsyntax.Attribute)
	blocks     map[string]func(*hclsyntax.Block)
}

func (r *reader) body(b *hclsyntax.Body, what string, known body) {
	names := func() []string {
		var out []string
		for n := range known.attributes {
			out = append(out, n)
		}
		for n := range known.blocks {
			out = append(out, n)
		}
		slices.Sort(out)
		return out
	}
	unknown := func(kind, name string, at hcl.Range) {
		if near := source.Nearest(name, names()); near != "" {
			r.problem(at, "unknown %s %q in %s; did you mean %q?", kind, name, what, near)
		} else {
			r.problem(at, "unknown %s %q in %s, which may contain %s", kind, name, what, strings.Join(names(), ", "))
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
		if r.full() {
			return
		}
		switch read := known.attributes[a.Name]; {
		case read != nil:
			read(a)
		case known.blocks[a.Name] != nil:
			r.problem(a.NameRange, "%q must be a block, without an equals sign", a.Name)
		default:
			unknown("attribute", a.Name, a.NameRange)
		}
	}
	for _, blk := range b.Blocks {
		if r.full() {
			return
		}
		switch read := known.blocks[blk.Type]; {
		case read != nil:
			read(blk)
		case known.attributes[blk.Type] != nil:
			r.problem(blk.TypeRange, "%q must be an attribute, with an equals sign", blk.Type)
		default:
			unknown("block", blk.Type, blk.TypeRange)
		}
	}
}

func (r *reader) top(b *hclsyntax.Body) {
	seenTarget := false
	r.body(b, "the configuration", body{
		attributes: map[string]func(*hclsyntax.Attribute){
			"exclude":      func(a *hclsyntax.Attribute) { r.exclude(a) },
			"fail_on":      func(a *hclsyntax.Attribute) { r.failOn(a) },
			"suppressions": func(a *hclsyntax.Attribute) { r.suppressions(a) },
		},
		blocks: map[string]func(*hclsyntax.Block){
			"rule": r.rule,
			"target": func(blk *hclsyntax.Block) {
				if seenTarget {
					r.problem(blk.TypeRange, "only one target block is allowed")
				}
				seenTarget = true
				r.target(blk)
			},
		},
	})
}

// never is the value of fail_on with which findings do not make a run fail.
const never = "never"

func (r *reader) failOn(a *hclsyntax.Attribute) {
	s, ok := r.text(a.Expr, a.Name)
	if !ok {
		return
	}
	if severity, err := rules.ParseSeverity(s.text); s.text != never && (err != nil || severity == rules.Off) {
		r.problem(s.at, "%q is %q, which is not one of error, warning, info, style, never", a.Name, s.text)
		return
	}
	r.config.FailOn = s.text
}

// suppressions reads the list of linters whose comments suppress findings.
func (r *reader) suppressions(a *hclsyntax.Attribute) {
	known := rules.Suppressors()
	heeded := map[string]bool{}
	for _, s := range r.strings(a.Expr, a.Name) {
		if !slices.Contains(known, s.text) {
			r.problem(s.at, "%q holds %q, which is not one of %s", a.Name, s.text, strings.Join(known, ", "))
		}
		heeded[s.text] = true
	}
	r.config.Unheeded = slices.DeleteFunc(known, func(name string) bool { return heeded[name] })
}

func (r *reader) exclude(a *hclsyntax.Attribute) {
	for _, s := range r.strings(a.Expr, a.Name) {
		expanded, err := workspace.ExpandExclude(s.text)
		before := r.patterns
		r.patterns += len(expanded)
		switch {
		case err != nil:
			r.problem(s.at, "exclude pattern %q %v", s.text, err)
		case r.patterns > workspace.MaxExclude:
			if before <= workspace.MaxExclude {
				r.problem(s.at, "there are more than %d exclude patterns up to here", workspace.MaxExclude)
			}
		case filepath.IsAbs(s.text) || strings.HasPrefix(s.text, "./") || strings.HasPrefix(s.text, "../"):
			r.problem(s.at,
				"exclude pattern %q matches nothing; patterns are relative to the folder of the configuration, "+
					"without a leading \"./\"", s.text)
		default:
			r.config.Exclude = append(r.config.Exclude, s.text)
		}
	}
}

func (r *reader) target(blk *hclsyntax.Block) {
	if len(blk.Labels) > 0 {
		r.problem(blk.LabelRanges[0], "a target block takes no label")
	}
	attributes := map[string]func(*hclsyntax.Attribute){}
	for _, consumer := range workspace.Consumers() {
		attributes[consumer] = func(a *hclsyntax.Attribute) {
			for i, s := range r.strings(a.Expr, a.Name) {
				if i == maxVersions {
					r.problem(s.at, "%q has more than %d versions", consumer, maxVersions)
					return
				}
				r.version(consumer, s)
			}
		}
	}
	r.body(blk.Body, "a target block", body{attributes: attributes})
}

// version adds a target if the workspace accepts it.
func (r *reader) version(consumer string, s text) {
	targets := workspace.DefaultTargets()
	if err := targets.Set(consumer, s.text); err != nil {
		r.problem(s.at, "%v", err)
		return
	}
	r.config.Targets = append(r.config.Targets, Target{Consumer: consumer, Version: s.text})
}

func (r *reader) rule(blk *hclsyntax.Block) {
	if len(blk.Labels) != 1 {
		r.problem(blk.TypeRange, "a rule block needs one label, the rule, as in rule \"nix/unknown-setting\" { … }")
		return
	}
	rule := Rule{Name: blk.Labels[0]}
	if _, err := rules.NewSet(r.packs, rules.Selection{Only: []string{rule.Name}}); err != nil {
		r.problem(blk.LabelRanges[0], "%v", err)
	}
	if r.rules[rule.Name] {
		r.problem(blk.LabelRanges[0], "rule %q is configured twice", rule.Name)
	}
	r.rules[rule.Name] = true
	r.body(blk.Body, "a rule block", body{attributes: map[string]func(*hclsyntax.Attribute){
		"severity": func(a *hclsyntax.Attribute) {
			s, ok := r.text(a.Expr, a.Name)
			if !ok {
				return
			}
			severity, err := rules.ParseSeverity(s.text)
			if err != nil {
				r.problem(s.at, "%v", err)
			}
			if err == nil && severity == rules.Off {
				rule.Enabled = new(bool)
			}
			rule.Severity = severity
		},
		"enabled": func(a *hclsyntax.Attribute) {
			v, ok := r.value(a.Expr)
			if !ok {
				return
			}
			if v.Type() != cty.Bool || v.IsNull() {
				r.problem(a.Expr.Range(), "%q must be true or false", a.Name)
				return
			}
			enabled := v.True()
			if rule.Enabled == nil {
				rule.Enabled = &enabled
			}
		},
	}, blocks: map[string]func(*hclsyntax.Block){
		"options": func(b *hclsyntax.Block) { r.options(&rule, b) },
	}})
	r.config.Rules = append(r.config.Rules, rule)
}

// options reads the options of a rule.
func (r *reader) options(rule *Rule, blk *hclsyntax.Block) {
	if len(blk.Labels) > 0 {
		r.problem(blk.LabelRanges[0], "an options block takes no label")
	}
	of, _, err := rules.Find(r.packs, rule.Name)
	if err != nil {
		r.problem(blk.TypeRange, "options belong to one rule, and %q is not the name of one", rule.Name)
		return
	}
	known := map[string]func(*hclsyntax.Attribute){}
	for _, o := range of.OptionList() {
		known[o.Name] = func(a *hclsyntax.Attribute) {
			if v, ok := r.option(a, o); ok {
				if rule.Options == nil {
					rule.Options = map[string]any{}
				}
				rule.Options[o.Name] = v
			}
		}
	}
	if len(known) == 0 {
		r.problem(blk.TypeRange, "rule %q has no options", rule.Name)
		return
	}
	r.body(blk.Body, fmt.Sprintf("the options of %q", rule.Name), body{attributes: known})
}

// option reads the value of an option.
func (r *reader) option(a *hclsyntax.Attribute, o rules.Option) (any, bool) {
	switch o.Default.(type) {
	case string:
		s, ok := r.text(a.Expr, a.Name)
		return s.text, ok
	case []string:
		before := len(r.problems)
		list := []string{}
		for _, s := range r.strings(a.Expr, a.Name) {
			list = append(list, s.text)
		}
		return list, len(r.problems) == before
	}
	v, ok := r.value(a.Expr)
	if !ok {
		return nil, false
	}
	if _, wanted := o.Default.(bool); wanted && v.Type() == cty.Bool && !v.IsNull() {
		return v.True(), true
	} else if !wanted && v.Type() == cty.Number && !v.IsNull() {
		if n, accuracy := v.AsBigFloat().Int64(); accuracy == big.Exact && int64(int(n)) == n {
			return int(n), true
		}
	}
	r.problem(a.Expr.Range(), "%q must be a %s", a.Name, o.Type)
	return nil, false
}

// text is a string of the file and its position.
type text struct {
	text string
	at   hcl.Range
}

// value evaluates an expression, which may not contain variables or functions.
func (r *reader) value(e hclsyntax.Expression) (cty.Value, bool) {
	if !plain(e) {
		r.problem(e.Range(), "the configuration has no expressions, only values that are written out")
		return cty.NilVal, false
	}
	v, diags := e.Value(nil)
	r.diagnostics(diags)
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
	}
	return false
}

// text reads a string.
func (r *reader) text(e hclsyntax.Expression, name string) (text, bool) {
	v, ok := r.value(e)
	if !ok {
		return text{}, false
	}
	if v.Type() == cty.String && !v.IsNull() {
		return text{v.AsString(), e.Range()}, true
	}
	at := e.Range()
	if v.Type() == cty.Number {
		r.problem(at, "%q must be a string, in quotes: %q", name,
			r.file.Text(source.Span{Start: at.Start.Byte, End: at.End.Byte}))
	} else {
		r.problem(at, "%q must be a string", name)
	}
	return text{}, false
}

// strings reads a list of strings; a single string counts as a list of one.
func (r *reader) strings(e hclsyntax.Expression, name string) []text {
	tuple, ok := e.(*hclsyntax.TupleConsExpr)
	if !ok {
		if s, ok := r.text(e, name); ok {
			return []text{s}
		}
		return nil
	}
	var out []text
	for _, item := range tuple.Exprs {
		if s, ok := r.text(item, name); ok {
			out = append(out, s)
		}
	}
	return out
}
