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
	"github.com/sandlint/sandlint/rules/custom"
	"github.com/sandlint/sandlint/rules/presets"
)

// Name is the name of the configuration file.
const Name = ".sandlint.hcl"

// Config is the content of a configuration file. The zero value is that of an empty file.
type Config struct {
	// Layer is what it says about all files that it holds for.
	Layer
	// Overrides are what it says about some of them, in order.
	Overrides []Layer
	// Ignores says which suppressions are accepted, and Accepted are the findings that are.
	Ignores  rules.IgnorePolicy
	Accepted []rules.Accepted
	// Extends are the files that it extends, in order.
	Extends []*Config
	// Base is the folder of the file, absolute.
	Base string
	// Exclude are doublestar patterns of paths relative to Base.
	Exclude []string
	// Packs are the rule packs that it names, in order.
	Packs []Pack
	// Baseline is the path of the baseline, absolute; "" when neither the file nor one that it extends names one.
	Baseline string

	// Source is the file, nil where there is none. Warnings are about what it says, and Left are the names of
	// hadolint's rules for which sandlint has none, where it is hadolint's.
	Source   *source.File
	Warnings []source.Problem
	Left     []string

	excluded workspace.Patterns
}

// Layer is what a configuration file or one of its override blocks says about files.
type Layer struct {
	// Paths are the doublestar patterns of an override block, relative to Base.
	Paths []string
	// Preset is the name of the preset, "" where it is not set.
	Preset string
	// Select and Ignore are the names of rules that are switched on and off.
	Select, Ignore []Listed
	// Targets are the versions of the consumers, in order. A consumer with several versions has several entries.
	Targets []Target
	// Rules are the rule blocks, in order, each name once.
	Rules []Rule
	// FailOn is the lowest severity that makes a run fail, or "never"; "" when the file does not set it.
	FailOn string
	// Unheeded are the linters whose comments suppress nothing: those that "suppressions" leaves out. It is nil where
	// that is not set.
	Unheeded []string
	// Lines are where keys stand, by name; those of consumers are "target." and the name.
	Lines map[string]int

	matches workspace.Patterns
}

// Listed is the name of rules in a list: an id, an alias, a pack, or "all".
type Listed struct {
	Name string
	Line int
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
	// Fix is as in rules.Settings.
	Fix string
	// Options are the values of the rule's options, by name; nil without any.
	Options map[string]any
	// Note says what in hadolint's file the block stands for.
	Note string
	// Lines are where its keys stand, by name.
	Lines map[string]int
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
	// Files is what configurations and packs are read from; nil means the disk.
	Files files.Tree
	// Meter bounds what that costs; nil bounds nothing.
	Meter *source.Meter
}

// tree returns what is read.
func (k Known) tree() files.Tree {
	if k.Files == nil {
		return files.Disk{}
	}
	return k.Files
}

// Load reads the file at path, which is absolute; dir is the working directory. Messages call a file what shown returns
// for its path. A file whose name ends in .yaml or .yml is one of hadolint. When the text of it, or of a rule pack that
// it names, is wrong, the error is of type *Error.
func Load(dir, path string, shown func(path string) string, known Known) (*Config, error) {
	b, err := files.ReadNamed(known.tree(), dir, path)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration %s: %w", shown(path), err)
	}
	return parseAt(dir, path, source.NewFile(shown(path), b), shown, known)
}

// parseAt is Load of a text that was read.
func parseAt(
	dir, path string, f *source.File, shown func(path string) string, known Known,
) (*Config, error) {
	if isHadolint(path) {
		return parseHadolint(f, filepath.Dir(path), known.Packs)
	}
	l := &loading{dir: dir, shown: shown, release: known, root: files.Root(known.tree(), dir, filepath.Dir(path)),
		files: map[string]*Config{}, open: []string{path}}
	return (&reader{loading: l}).parse(f, filepath.Dir(path), known.Packs)
}

// Rebase makes a configuration hold for the files of another folder, base, as if it and what it extends lay there.
func (c *Config) Rebase(base string) {
	from := c.Base
	for _, one := range c.All() {
		to := base
		if rel, err := filepath.Rel(from, one.Base); err == nil && filepath.IsLocal(rel) {
			to = filepath.Join(base, rel)
		}
		if rel, err := filepath.Rel(one.Base, one.Baseline); one.Baseline != "" && err == nil {
			one.Baseline = filepath.Join(to, rel)
		}
		one.Base = to
		one.excluded, _ = workspace.NewPatterns(to, one.Exclude)
		for n := range one.Overrides {
			one.Overrides[n].matches, _ = workspace.NewPatterns(to, one.Overrides[n].Paths)
		}
	}
}

func parse(f *source.File, base string, packs []rules.Pack) (*Config, error) {
	l := &loading{shown: filepath.ToSlash, files: map[string]*Config{}}
	return (&reader{loading: l}).parse(f, base, packs)
}

// What the meter of Known is charged: for each byte of a configuration or a pack, and for each rule of a pack.
const (
	byteCost  = 20
	ruleCost  = 5000
	ruleBytes = 50 << 10
)

func (r *reader) parse(f *source.File, base string, packs []rules.Pack) (*Config, error) {
	r.Reader = hcltext.Reader{File: f, What: "the configuration"}
	r.packs, r.config = packs, &Config{Base: base, Source: f}
	r.release.Meter.Spend(byteCost * len(f.Bytes))
	r.into(&r.config.Layer)
	body := r.Parse()
	var wrong []*Error
	if r.accepted(body) {
		wrong = r.top(body)
	}
	r.config.excluded, _ = workspace.NewPatterns(base, r.config.Exclude)
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
	*loading
	packs  []rules.Pack
	config *Config
	layer  *Layer          // what is read at the moment
	rules  map[string]bool // the names of its rule blocks

	seenIgnores bool
}

// into makes what is read a part of a layer.
func (r *reader) into(l *Layer) {
	l.Lines = map[string]int{}
	r.layer, r.rules = l, map[string]bool{}
}

// at records where a key stands.
func (r *reader) at(a *hclsyntax.Attribute) { r.layer.Lines[a.Name] = a.SrcRange.Start.Line }

// accepted reports whether the file is for this release; nothing else in it is looked at where it is not.
func (r *reader) accepted(b *hclsyntax.Body) bool {
	a := b.Attributes["required_version"]
	if a == nil {
		return true
	}
	v, ok := r.Text(a.Expr, a.Name)
	if !ok {
		return true
	}
	ok, err := custom.Accepts(v.Text, r.release.Version)
	if err != nil {
		r.Problem(v.At, "%v", err)
	} else if !ok {
		r.Problem(v.At, "this configuration is for sandlint %s, and this is %s", v.Text, r.release.Version)
	}
	return ok
}

func (r *reader) top(b *hclsyntax.Body) []*Error {
	var packs packReader
	var extends []hcltext.Text
	var later []func()
	known := r.keys(&later)
	known.Attributes["required_version"] = func(a *hclsyntax.Attribute) { r.at(a) }
	known.Attributes["extends"] = func(a *hclsyntax.Attribute) {
		r.at(a)
		extends = r.Strings(a.Expr, a.Name)
	}
	known.Attributes["baseline"] = func(a *hclsyntax.Attribute) {
		r.at(a)
		r.baseline(a)
	}
	known.Attributes["exclude"] = func(a *hclsyntax.Attribute) {
		r.at(a)
		r.config.Exclude = r.globs("exclude pattern", a)
	}
	known.Attributes["packs"] = func(a *hclsyntax.Attribute) {
		r.at(a)
		packs.refs = r.Strings(a.Expr, a.Name)
	}
	known.Blocks["pack"] = func(blk *hclsyntax.Block) { packs.blocks = append(packs.blocks, blk) }
	known.Blocks["ignores"] = r.ignores
	known.Blocks["accept"] = func(blk *hclsyntax.Block) {
		later = append(later, func() { r.accept(blk) })
	}
	known.Blocks["override"] = func(blk *hclsyntax.Block) {
		later = append(later, func() { r.override(blk) })
	}
	r.Body(b, "the configuration", known)
	if wrong := r.extend(extends); len(wrong) > 0 {
		return wrong // packs of these would be unknown
	}
	r.loadPacks(&packs)
	if len(packs.errors) > 0 {
		return packs.errors // rules of these packs would be unknown
	}
	for _, read := range later {
		if r.Full() {
			break
		}
		read()
	}
	return nil
}

// keys are what a configuration and an override block have in common. What needs the names of rules is read later, once
// the packs are known.
func (r *reader) keys(later *[]func()) hcltext.Body {
	seenTarget := false
	names := func(list func(*Layer) *[]Listed) func(*hclsyntax.Attribute) {
		return func(a *hclsyntax.Attribute) {
			r.at(a)
			*later = append(*later, func() { *list(r.layer) = r.names(a) })
		}
	}
	return hcltext.Body{
		Attributes: map[string]func(*hclsyntax.Attribute){
			"preset":       func(a *hclsyntax.Attribute) { r.preset(a) },
			"select":       names(func(l *Layer) *[]Listed { return &l.Select }),
			"ignore":       names(func(l *Layer) *[]Listed { return &l.Ignore }),
			"fail_on":      func(a *hclsyntax.Attribute) { r.failOn(a) },
			"suppressions": func(a *hclsyntax.Attribute) { r.suppressions(a) },
		},
		Blocks: map[string]func(*hclsyntax.Block){
			"rule": func(blk *hclsyntax.Block) { *later = append(*later, func() { r.rule(blk) }) },
			"target": func(blk *hclsyntax.Block) {
				if seenTarget {
					r.Problem(blk.TypeRange, "only one target block is allowed")
				}
				seenTarget = true
				r.target(blk)
			},
		},
	}
}

// maxOverrides is how many override blocks a file may have.
const maxOverrides = 100

// override reads a block about some files.
func (r *reader) override(blk *hclsyntax.Block) {
	if len(blk.Labels) > 0 {
		r.Problem(blk.LabelRanges[0], "an override block takes no label")
	}
	if len(r.config.Overrides) == maxOverrides {
		r.Problem(blk.TypeRange, "there are more than %d override blocks up to here", maxOverrides)
	}
	if len(r.config.Overrides) >= maxOverrides {
		return
	}
	r.config.Overrides = append(r.config.Overrides, Layer{})
	l := &r.config.Overrides[len(r.config.Overrides)-1]
	outer, named := r.layer, r.rules
	defer func() { r.layer, r.rules = outer, named }()
	r.into(l)
	var later []func()
	known := r.keys(&later)
	found := false
	known.Attributes["paths"] = func(a *hclsyntax.Attribute) {
		r.at(a)
		found = true
		l.Paths = r.globs("pattern", a)
	}
	before := r.Count()
	r.Body(blk.Body, "an override block", known)
	for _, read := range later {
		read()
	}
	if r.Count() > before {
		return
	}
	if len(l.Paths) == 0 {
		what := "needs \"paths\", the patterns of the files that it is about"
		if found {
			what = "has no paths, so it is about no file"
		}
		r.Problem(blk.TypeRange, "an override block %s", what)
		return
	}
	l.matches, _ = workspace.NewPatterns(r.config.Base, l.Paths)
}

// preset reads the name of a preset.
func (r *reader) preset(a *hclsyntax.Attribute) {
	r.at(a)
	s, ok := r.Text(a.Expr, a.Name)
	if !ok {
		return
	}
	var all []string
	for _, p := range presets.All() {
		all = append(all, p.Name)
	}
	switch near := source.Nearest(s.Text, all); {
	case slices.Contains(all, s.Text):
		r.layer.Preset = s.Text
	case near != "":
		r.Problem(s.At, "there is no preset %q; did you mean %q?", s.Text, near)
	default:
		r.Problem(s.At, "there is no preset %q; it is one of %s", s.Text, strings.Join(all, ", "))
	}
}

// maxNames is how many names a list of rules may have.
const maxNames = 2000

// known returns an error where there is no rule, alias or pack with a name.
func (r *reader) known(name string) error {
	_, err := rules.NewSet(r.packs, rules.Selection{Only: []string{name}})
	return err
}

// names reads a list of names of rules.
func (r *reader) names(a *hclsyntax.Attribute) []Listed {
	var out []Listed
	for n, s := range r.Strings(a.Expr, a.Name) {
		if r.Full() {
			break
		}
		if n == maxNames {
			r.Problem(s.At, "%q has more than %d names", a.Name, maxNames)
			break
		}
		if err := r.known(s.Text); err != nil {
			r.Problem(s.At, "%v", err)
			continue
		}
		out = append(out, Listed{Name: s.Text, Line: s.At.Start.Line})
	}
	return out
}

// never is the value of fail_on with which findings do not make a run fail.
const never = "never"

// levels are the values of fail_on.
var levels = []string{"error", "warning", "info", "style", never}

func (r *reader) failOn(a *hclsyntax.Attribute) {
	r.at(a)
	s, ok := r.Text(a.Expr, a.Name)
	if !ok {
		return
	}
	if severity, err := rules.ParseSeverity(s.Text); s.Text != never && (err != nil || severity == rules.Off) {
		if near := source.Nearest(s.Text, levels); near != "" {
			r.Problem(s.At, "%q is %q; did you mean %q?", a.Name, s.Text, near)
		} else {
			r.Problem(s.At, "%q is %q, which is not one of %s", a.Name, s.Text, strings.Join(levels, ", "))
		}
		return
	}
	r.layer.FailOn = s.Text
}

// suppressions reads the list of linters whose comments suppress findings.
func (r *reader) suppressions(a *hclsyntax.Attribute) {
	r.at(a)
	known := rules.Suppressors()
	heeded := map[string]bool{}
	for _, s := range r.Strings(a.Expr, a.Name) {
		if !slices.Contains(known, s.Text) {
			r.Problem(s.At, "%q holds %q, which is not one of %s", a.Name, s.Text, strings.Join(known, ", "))
		}
		heeded[s.Text] = true
	}
	r.layer.Unheeded = slices.DeleteFunc(known, func(name string) bool { return heeded[name] })
}

// globs reads doublestar patterns of paths; what names one for messages.
func (r *reader) globs(what string, a *hclsyntax.Attribute) (out []string) {
	for _, s := range r.Strings(a.Expr, a.Name) {
		expanded, err := workspace.ExpandExclude(s.Text)
		before := r.patterns
		r.patterns += len(expanded)
		switch {
		case err != nil:
			r.Problem(s.At, "%s %q %v", what, s.Text, err)
		case r.patterns > workspace.MaxExclude:
			if before <= workspace.MaxExclude {
				r.Problem(s.At, "there are more than %d patterns up to here", workspace.MaxExclude)
			}
		case filepath.IsAbs(s.Text) || strings.HasPrefix(s.Text, "./") || strings.HasPrefix(s.Text, "../"):
			r.Problem(s.At,
				"%s %q matches nothing; patterns are relative to the folder of the configuration, "+
					"without a leading \"./\"", what, s.Text)
		default:
			out = append(out, s.Text)
		}
	}
	return out
}

func (r *reader) target(blk *hclsyntax.Block) {
	if len(blk.Labels) > 0 {
		r.Problem(blk.LabelRanges[0], "a target block takes no label")
	}
	attributes := map[string]func(*hclsyntax.Attribute){}
	for _, consumer := range workspace.Consumers() {
		attributes[consumer] = func(a *hclsyntax.Attribute) {
			r.layer.Lines["target."+consumer] = a.SrcRange.Start.Line
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
	if warning := targets.Warning(consumer, s.Text); warning != "" && len(r.config.Warnings) < hcltext.MaxProblems {
		r.config.Warnings = append(r.config.Warnings, source.Problem{Span: hcltext.SpanOf(s.At), Message: warning})
	}
	r.layer.Targets = append(r.layer.Targets, Target{Consumer: consumer, Version: s.Text})
}

func (r *reader) rule(blk *hclsyntax.Block) {
	if len(blk.Labels) != 1 {
		r.Problem(blk.TypeRange, "a rule block needs one label, the rule, as in rule \"nix/unknown-setting\" { … }")
		return
	}
	rule := Rule{Name: blk.Labels[0], Lines: map[string]int{}}
	if err := r.known(rule.Name); err != nil {
		r.Problem(blk.LabelRanges[0], "%v", err)
	}
	if r.rules[rule.Name] {
		r.Problem(blk.LabelRanges[0], "rule %q is configured twice", rule.Name)
	}
	r.rules[rule.Name] = true
	r.Body(blk.Body, "a rule block", hcltext.Body{Attributes: map[string]func(*hclsyntax.Attribute){
		"severity": func(a *hclsyntax.Attribute) {
			rule.Lines[a.Name] = a.SrcRange.Start.Line
			s, ok := r.Text(a.Expr, a.Name)
			if !ok {
				return
			}
			severity, err := rules.ParseSeverity(s.Text)
			if err != nil {
				r.Problem(s.At, "%v", err)
			}
			if err == nil && severity == rules.Off {
				rule.Enabled, rule.Lines["enabled"] = new(bool), a.SrcRange.Start.Line
			}
			rule.Severity = severity
		},
		"enabled": func(a *hclsyntax.Attribute) {
			rule.Lines[a.Name] = a.SrcRange.Start.Line
			enabled, ok := r.Bool(a.Expr, a.Name)
			if !ok {
				return
			}
			if rule.Enabled == nil {
				rule.Enabled = &enabled
			}
		},
		"fix": func(a *hclsyntax.Attribute) {
			rule.Lines[a.Name] = a.SrcRange.Start.Line
			s, ok := r.Text(a.Expr, a.Name)
			if !ok {
				return
			}
			if !slices.Contains(fixLevels, s.Text) {
				r.Problem(s.At, "%q is %q, which is not one of %s", a.Name, s.Text, strings.Join(fixLevels, ", "))
			}
			rule.Fix = s.Text
		},
	}, Blocks: map[string]func(*hclsyntax.Block){
		"options": func(b *hclsyntax.Block) { r.options(&rule, b) },
	}})
	r.layer.Rules = append(r.layer.Rules, rule)
}

// fixLevels are the values of fix.
var fixLevels = []string{"none", "safe", "unsafe"}

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
				rule.Options[o.Name], rule.Lines["option "+o.Name] = v, a.SrcRange.Start.Line
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
