package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/hcltext"
	"github.com/sandlint/sandlint/rules"
)

// This file reads the files that a configuration extends, and says what holds for a file in the end: what a file says
// wins over what it extends, the later of two files that it extends over the earlier, and an override block over what
// stands outside of it in the same file. Values replace each other; lists of rules, rule blocks, excluded paths, packs
// and override blocks add up.

// The bounds of what one configuration may extend.
const (
	maxDepth   = 20
	maxFiles   = 100
	maxExtends = 4 << 20 // bytes of all files
)

// loading is a configuration and all that it extends while they are read.
type loading struct {
	dir     string // the working directory
	shown   func(path string) string
	release Known              // what a configuration may rest on
	root    string             // the folder that holds all files, "" where nothing bounds
	files   map[string]*Config // what was read, by absolute path
	open    []string           // the paths of the files that are read at the moment, the outermost first
	bytes   int

	patterns int // of all files, with each alternative counted
}

// extend reads the files that the configuration extends.
func (r *reader) extend(list []hcltext.Text) []*Error {
	var wrong []*Error
	seen := map[string]bool{}
	for _, ref := range list {
		path := filepath.FromSlash(ref.Text)
		if !filepath.IsAbs(path) {
			path = filepath.Join(r.config.Base, path)
		}
		path = filepath.Clean(path)
		if seen[path] {
			r.Problem(ref.At, "%q is extended twice", ref.Text)
			continue
		}
		seen[path] = true
		c, err := r.extended(path)
		var text *Error
		switch {
		case errors.As(err, &text):
			wrong = append(append(wrong, text), text.More...)
		case err != nil:
			r.Problem(ref.At, "the configuration %q %v", ref.Text, err)
		default:
			r.config.Extends = append(r.config.Extends, c)
			if c.Baseline != "" && r.layer.Lines["baseline"] == 0 {
				r.config.Baseline = c.Baseline
			}
		}
	}
	r.packs = append(slices.Clip(r.packs), r.config.RulePacks()...)
	return wrong
}

// extended reads a file that is extended. The error is an *Error, or completes a sentence that begins with its name.
func (r *reader) extended(path string) (*Config, error) {
	l := r.loading
	if l.root != "" && !files.Inside(l.root, path) {
		return nil, errors.New("lies outside of " + l.shown(l.root) + ", which holds the file that extends it")
	}
	if slices.Contains(l.open, path) {
		return nil, errors.New("extends itself, directly or by way of others")
	}
	if c := l.files[path]; c != nil {
		return c, nil
	}
	switch {
	case len(l.open) > maxDepth:
		return nil, fmt.Errorf("is not read: more than %d files extend each other up to here", maxDepth)
	case len(l.files) >= maxFiles:
		return nil, fmt.Errorf("is not read: more than %d files are extended up to here", maxFiles)
	}
	pack, err := packFile(l.release.tree(), l.dir, path, l.shown(path))
	if err != nil {
		return nil, err
	}
	f := pack[0].File
	if l.bytes += len(f.Bytes); l.bytes > maxExtends {
		return nil, errors.New("is not read: the files that are extended have more than 4 MiB up to here")
	}
	var c *Config
	if isHadolint(path) {
		c, err = parseHadolint(f, filepath.Dir(path), l.release.Packs)
	} else {
		l.open = append(l.open, path)
		c, err = (&reader{loading: l}).parse(f, filepath.Dir(path), l.release.Packs)
		l.open = l.open[:len(l.open)-1]
	}
	if err == nil {
		l.files[path] = c
	}
	return c, err
}

// All returns the configuration and all that it extends, each once, in the order in which the later wins.
func (c *Config) All() []*Config {
	var out []*Config
	seen := map[*Config]bool{}
	var add func(*Config)
	add = func(c *Config) {
		if seen[c] {
			return
		}
		seen[c] = true
		for _, e := range c.Extends {
			add(e)
		}
		out = append(out, c)
	}
	add(c)
	return out
}

// Part is what one file or override block says about a file.
type Part struct {
	*Layer
	// Config is the file that it stands in.
	Config *Config
}

// Name returns the name of the file that the part stands in, for people; "" without a file.
func (p *Part) Name() string { return NameOf(p.Config) }

// NameOf returns the name of the file of a configuration, for people; "" without a file.
func NameOf(c *Config) string {
	if c.Source == nil {
		return ""
	}
	return c.Source.Path
}

// Parts returns what the configuration and all that it extends say about the file at an absolute path, in the order in
// which the later wins.
func (c *Config) Parts(abs string) []Part {
	var out []Part
	for _, one := range c.All() {
		out = append(out, Part{&one.Layer, one})
		for n := range one.Overrides {
			if o := &one.Overrides[n]; o.matches.Match(abs) {
				out = append(out, Part{o, one})
			}
		}
	}
	return out
}

// Excludes reports whether the configuration, or one that it extends, excludes the file or folder at an absolute path,
// and which does.
func (c *Config) Excludes(abs string) (*Config, bool) {
	for _, one := range c.All() {
		if one.excluded.Match(abs) {
			return one, true
		}
	}
	return nil, false
}

// Effective is what parts say together.
type Effective struct {
	// Targets are the versions of the consumers: of each, those that the last part names.
	Targets []Target
	// FailOn is "" where no part sets it.
	FailOn string
	// Unheeded is nil where no part sets it.
	Unheeded []string
	// Preset is "" where no part sets it.
	Preset string
	// From are the files and lines that say so, by the names of keys; those of consumers are "target." and the name.
	From map[string]string
	// Layers are what the parts say about rules.
	Layers [][]rules.Settings
}

// Join returns what parts say together, of which the later wins.
func Join(parts []Part) Effective {
	out := Effective{From: map[string]string{}}
	for _, p := range parts {
		from := func(key string) { out.From[key] = Place(p.Name(), p.Lines[key]) }
		replaced := map[string]bool{}
		for _, t := range p.Targets {
			if !replaced[t.Consumer] {
				replaced[t.Consumer] = true
				out.Targets = slices.DeleteFunc(out.Targets, func(o Target) bool { return o.Consumer == t.Consumer })
				from("target." + t.Consumer)
			}
			out.Targets = append(out.Targets, t)
		}
		if p.FailOn != "" {
			out.FailOn = p.FailOn
			from("fail_on")
		}
		if p.Unheeded != nil {
			out.Unheeded = p.Unheeded
			from("suppressions")
		}
		if p.Preset != "" {
			out.Preset = p.Preset
			from("preset")
		}
		out.Layers = append(out.Layers, p.settings())
	}
	return out
}

// settings returns what the part says about rules, in the order in which the later wins where names are as narrow.
func (p *Part) settings() (out []rules.Settings) {
	switched := func(list []Listed, on bool) {
		for _, n := range list {
			out = append(out, rules.Settings{
				Name: n.Name, Enabled: &on, From: map[string]string{"enabled": Place(p.Name(), n.Line)},
			})
		}
	}
	switched(p.Select, true)
	for _, r := range p.Rules {
		s := rules.Settings{
			Name: r.Name, Severity: r.Severity, Enabled: r.Enabled, Fix: r.Fix, Options: r.Options,
			From: map[string]string{},
		}
		for _, key := range []string{"severity", "enabled", "fix"} {
			s.From[key] = Place(p.Name(), r.Lines[key])
		}
		for name := range r.Options {
			s.From["option "+name] = Place(p.Name(), r.Lines["option "+name])
		}
		out = append(out, s)
	}
	switched(p.Ignore, false)
	return out
}

// Place returns a file and a line as people read them; the line 0 is none.
func Place(file string, line int) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}
