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
	"fmt"
	"math/big"
	"path/filepath"
	"slices"
	"strings"

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
	// Baseline is the path of the baseline, absolute; "" when the file names none.
	Baseline string
	// Packs are the rule packs that it names, in order.
	Packs []Pack
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
	// More are other files with problems: those of rule packs.
	More []*Error
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
		if path := inFolder(tree, dir, names); path != "" {
			return path
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

// inFolder returns the path of the first file of a folder that has one of some names, "" for none.
func inFolder(tree files.Tree, dir string, names []string) string {
	for _, name := range names {
		path := filepath.Join(dir, name)
		if info, err := tree.Lstat("", path); err == nil && !info.IsDir() {
			return path
		}
	}
	return ""
}

// Known is what a configuration may rest on.
type Known struct {
	// Packs are the packs that come with sandlint.
	Packs []rules.Pack
	// Version is the release of sandlint, which rule packs may require.
	Version string
}

// Load reads the file at path, which is absolute; dir is the working directory. Messages call a file what shown returns
// for its path. A file whose name ends in .yaml or .yml is one of hadolint. When the text of it, or of a rule pack that
// it names, is wrong, the error is of type *Error.
func Load(dir, path string, shown func(path string) string, known Known) (*Config, error) {
	b, err := files.ReadNamed(files.Disk{}, dir, path)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration %s: %w", shown(path), err)
	}
	f := source.NewFile(shown(path), b)
	if isHadolint(path) {
		return parseHadolint(f, filepath.Dir(path), known.Packs)
	}
	return (&reader{dir: dir, shown: shown, release: known.Version}).parse(f, filepath.Dir(path), known.Packs)
}

func parse(f *source.File, base string, packs []rules.Pack) (*Config, error) {
	return (&reader{shown: filepath.ToSlash}).parse(f, base, packs)
}

func (r *reader) parse(f *source.File, base string, packs []rules.Pack) (*Config, error) {
	r.Reader = hcltext.Reader{File: f, What: "the configuration"}
	r.packs, r.config, r.rules = packs, &Config{Base: base}, map[string]bool{}
	wrong := r.top(r.Parse())
	if problems := r.Problems(); len(problems) > 0 {
		return nil, &Error{Source: f, Problems: problems, More: wrong}
	}
	if len(wrong) > 0 {
		wrong[0].More = wrong[1:]
		return nil, wrong[0]
	}
	return r.config, nil
}

// maxVersions is how many versions of one consumer there may be.
const maxVersions = 100

// reader turns the syntax tree into a Config.
type reader struct {
	hcltext.Reader
	dir      string // the working directory
	shown    func(path string) string
	release  string // the release of sandlint
	packs    []rules.Pack
	config   *Config
	rules    map[string]bool // the names of rule blocks
	patterns int             // of exclude, with each alternative counted
}

func (r *reader) top(b *hclsyntax.Body) []*Error {
	seenTarget := false
	var packs packReader
	var ruleBlocks []*hclsyntax.Block
	r.Body(b, "the configuration", hcltext.Body{
		Attributes: map[string]func(*hclsyntax.Attribute){
			"baseline":     func(a *hclsyntax.Attribute) { r.baseline(a) },
			"exclude":      func(a *hclsyntax.Attribute) { r.exclude(a) },
			"fail_on":      func(a *hclsyntax.Attribute) { r.failOn(a) },
			"suppressions": func(a *hclsyntax.Attribute) { r.suppressions(a) },
			"packs":        func(a *hclsyntax.Attribute) { packs.refs = r.Strings(a.Expr, a.Name) },
		},
		Blocks: map[string]func(*hclsyntax.Block){
			"rule": func(blk *hclsyntax.Block) { ruleBlocks = append(ruleBlocks, blk) },
			"pack": func(blk *hclsyntax.Block) { packs.blocks = append(packs.blocks, blk) },
			"target": func(blk *hclsyntax.Block) {
				if seenTarget {
					r.Problem(blk.TypeRange, "only one target block is allowed")
				}
				seenTarget = true
				r.target(blk)
			},
		},
	})
	r.loadPacks(&packs)
	if len(packs.errors) > 0 {
		return packs.errors // rules of these packs would be unknown
	}
	for _, blk := range ruleBlocks {
		if r.Full() {
			break
		}
		r.rule(blk)
	}
	return nil
}

// never is the value of fail_on with which findings do not make a run fail.
const never = "never"

func (r *reader) failOn(a *hclsyntax.Attribute) {
	s, ok := r.Text(a.Expr, a.Name)
	if !ok {
		return
	}
	if severity, err := rules.ParseSeverity(s.Text); s.Text != never && (err != nil || severity == rules.Off) {
		r.Problem(s.At, "%q is %q, which is not one of error, warning, info, style, never", a.Name, s.Text)
		return
	}
	r.config.FailOn = s.Text
}

// suppressions reads the list of linters whose comments suppress findings.
func (r *reader) suppressions(a *hclsyntax.Attribute) {
	known := rules.Suppressors()
	heeded := map[string]bool{}
	for _, s := range r.Strings(a.Expr, a.Name) {
		if !slices.Contains(known, s.Text) {
			r.Problem(s.At, "%q holds %q, which is not one of %s", a.Name, s.Text, strings.Join(known, ", "))
		}
		heeded[s.Text] = true
	}
	r.config.Unheeded = slices.DeleteFunc(known, func(name string) bool { return heeded[name] })
}

func (r *reader) exclude(a *hclsyntax.Attribute) {
	for _, s := range r.Strings(a.Expr, a.Name) {
		expanded, err := workspace.ExpandExclude(s.Text)
		before := r.patterns
		r.patterns += len(expanded)
		switch {
		case err != nil:
			r.Problem(s.At, "exclude pattern %q %v", s.Text, err)
		case r.patterns > workspace.MaxExclude:
			if before <= workspace.MaxExclude {
				r.Problem(s.At, "there are more than %d exclude patterns up to here", workspace.MaxExclude)
			}
		case filepath.IsAbs(s.Text) || strings.HasPrefix(s.Text, "./") || strings.HasPrefix(s.Text, "../"):
			r.Problem(s.At,
				"exclude pattern %q matches nothing; patterns are relative to the folder of the configuration, "+
					"without a leading \"./\"", s.Text)
		default:
			r.config.Exclude = append(r.config.Exclude, s.Text)
		}
	}
}

func (r *reader) target(blk *hclsyntax.Block) {
	if len(blk.Labels) > 0 {
		r.Problem(blk.LabelRanges[0], "a target block takes no label")
	}
	attributes := map[string]func(*hclsyntax.Attribute){}
	for _, consumer := range workspace.Consumers() {
		attributes[consumer] = func(a *hclsyntax.Attribute) {
			for i, s := range r.Strings(a.Expr, a.Name) {
				if i == maxVersions {
					r.Problem(s.At, "%q has more than %d versions", consumer, maxVersions)
					return
				}
				r.version(consumer, s)
			}
		}
	}
	r.Body(blk.Body, "a target block", hcltext.Body{Attributes: attributes})
}

// version adds a target if the workspace accepts it.
func (r *reader) version(consumer string, s hcltext.Text) {
	targets := workspace.DefaultTargets()
	if err := targets.Set(consumer, s.Text); err != nil {
		r.Problem(s.At, "%v", err)
		return
	}
	r.config.Targets = append(r.config.Targets, Target{Consumer: consumer, Version: s.Text})
}

func (r *reader) rule(blk *hclsyntax.Block) {
	if len(blk.Labels) != 1 {
		r.Problem(blk.TypeRange, "a rule block needs one label, the rule, as in rule \"nix/unknown-setting\" { … }")
		return
	}
	rule := Rule{Name: blk.Labels[0]}
	if _, err := rules.NewSet(r.packs, rules.Selection{Only: []string{rule.Name}}); err != nil {
		r.Problem(blk.LabelRanges[0], "%v", err)
	}
	if r.rules[rule.Name] {
		r.Problem(blk.LabelRanges[0], "rule %q is configured twice", rule.Name)
	}
	r.rules[rule.Name] = true
	r.Body(blk.Body, "a rule block", hcltext.Body{Attributes: map[string]func(*hclsyntax.Attribute){
		"severity": func(a *hclsyntax.Attribute) {
			s, ok := r.Text(a.Expr, a.Name)
			if !ok {
				return
			}
			severity, err := rules.ParseSeverity(s.Text)
			if err != nil {
				r.Problem(s.At, "%v", err)
			}
			if err == nil && severity == rules.Off {
				rule.Enabled = new(bool)
			}
			rule.Severity = severity
		},
		"enabled": func(a *hclsyntax.Attribute) {
			v, ok := r.Value(a.Expr)
			if !ok {
				return
			}
			if v.Type() != cty.Bool || v.IsNull() {
				r.Problem(a.Expr.Range(), "%q must be true or false", a.Name)
				return
			}
			enabled := v.True()
			if rule.Enabled == nil {
				rule.Enabled = &enabled
			}
		},
	}, Blocks: map[string]func(*hclsyntax.Block){
		"options": func(b *hclsyntax.Block) { r.options(&rule, b) },
	}})
	r.config.Rules = append(r.config.Rules, rule)
}

// options reads the options of a rule.
func (r *reader) options(rule *Rule, blk *hclsyntax.Block) {
	if len(blk.Labels) > 0 {
		r.Problem(blk.LabelRanges[0], "an options block takes no label")
	}
	of, _, err := rules.Find(r.packs, rule.Name)
	if err != nil {
		r.Problem(blk.TypeRange, "options belong to one rule, and %q is not the name of one", rule.Name)
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
		r.Problem(blk.TypeRange, "rule %q has no options", rule.Name)
		return
	}
	r.Body(blk.Body, fmt.Sprintf("the options of %q", rule.Name), hcltext.Body{Attributes: known})
}

// option reads the value of an option.
func (r *reader) option(a *hclsyntax.Attribute, o rules.Option) (any, bool) {
	switch o.Default.(type) {
	case string:
		s, ok := r.Text(a.Expr, a.Name)
		return s.Text, ok
	case []string:
		before := r.Count()
		list := []string{}
		for _, s := range r.Strings(a.Expr, a.Name) {
			list = append(list, s.Text)
		}
		return list, r.Count() == before
	}
	v, ok := r.Value(a.Expr)
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
	r.Problem(a.Expr.Range(), "%q must be a %s", a.Name, o.Type)
	return nil, false
}
