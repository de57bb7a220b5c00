// Package hadolint reads .hadolint.yaml, the configuration file of hadolint 2.15.
//
// What hadolint refuses is a problem of the kind KindError; hadolint then prints an error and goes on with its
// defaults. What it passes over in silence, such as a key that it does not know, is one of the kind KindWarning.
package hadolint

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/internal/yamltree"
	"github.com/sandlint/sandlint/parsers/source"
)

// The kinds of problem that Parse reports.
const (
	KindError   = "hadolint-error"
	KindWarning = "hadolint-warning"
)

// Names are the names of the file, the first of which wins.
func Names() []string { return []string{".hadolint.yaml", ".hadolint.yml"} }

// Config is the content of the file. The zero value is that of an empty file.
type Config struct {
	// Rules are those that the file names, each once, in the order of the file. A name that it gives twice has the
	// level that hadolint takes: ignored before error, warning, info and style.
	Rules []Rule
	// Registries are the trusted ones. There may be any where the list is empty.
	Registries []string
	// Labels is the label schema, in the order of the file.
	Labels []Label
	// StrictLabels says that an image may have no other labels.
	StrictLabels bool
	// Threshold is the lowest level that makes hadolint fail: error, warning, info, style, ignore or none, of which the
	// last two are any; "" where the file does not say.
	Threshold string
	// NoFail says that hadolint never fails.
	NoFail bool
	// DisablePragmas says that comments in Dockerfiles switch nothing off.
	DisablePragmas bool
	// Problems are in order of position.
	Problems []source.Problem
}

// Ignored is the level of a rule that the file switches off.
const Ignored = "ignored"

// levels are the levels of rules, the one that wins first.
var levels = []string{Ignored, "error", "warning", "info", "style"}

// Rule is a rule that the file names.
type Rule struct {
	// Name is as written, such as "DL3006".
	Name string
	// Level is error, warning, info or style, or Ignored.
	Level string
	// At is the place of the name.
	At source.Span
	// Comment is the text of the comments directly above the name and behind it, or "".
	Comment string
}

// Label is a label that an image must have.
type Label struct {
	// Key is the label, and Type the form of its value: text, rfc3339, semver, url, hash, spdx or email.
	Key, Type string
}

var labelTypes = []string{"text", "rfc3339", "semver", "url", "hash", "spdx", "email"}

// Parse reads the file. It never fails: what cannot be read becomes a problem, and the rest is read.
func Parse(f *source.File) *Config {
	r := reader{file: f, config: &Config{}, at: map[string]int{}}
	if len(f.Bytes) > maxSize {
		r.problem(KindError, source.Span{Start: maxSize, End: maxSize + 1}, "",
			"the file is longer than %d KiB and is not read", maxSize>>10)
		return r.config
	}
	tree := yamltree.Parse(f)
	for _, p := range tree.Problems {
		r.problem(KindError, p.Span, "", "%s", p.Message)
	}
	if len(tree.Documents) > 1 {
		r.problem(KindError, tree.Documents[1].Span, "", "hadolint refuses a file of several YAML documents")
	}
	r.top(tree.Root())
	slices.SortStableFunc(r.config.Problems, func(a, b source.Problem) int { return a.Span.Start - b.Span.Start })
	return r.config
}

const (
	// maxProblems is how many problems are reported.
	maxProblems = 100
	// maxSize is how many bytes a file may have.
	maxSize = 128 << 10
	// maxRules is how many rules a file may name.
	maxRules = 1000
)

type reader struct {
	file   *source.File
	config *Config
	at     map[string]int // the index of a name in Config.Rules
}

func (r *reader) problem(kind string, at source.Span, near, format string, args ...any) {
	if len(r.config.Problems) < maxProblems {
		r.config.Problems = append(r.config.Problems,
			source.Problem{Kind: kind, Span: at, Near: near, Message: fmt.Sprintf(format, args...)})
	}
}

// refused reports a value that hadolint does not accept.
func (r *reader) refused(n *yamltree.Node, name, wanted string) {
	r.problem(KindError, n.Span, "", "hadolint refuses this file: %q must be %s", name, wanted)
}

// mapping calls a function for each key of a mapping, and reports those that have none.
func (r *reader) mapping(n *yamltree.Node, what string, known map[string]func(key string, value *yamltree.Node)) {
	var names []string
	for name := range known {
		names = append(names, name)
	}
	slices.Sort(names)
	for p := range n.All() {
		if read := known[p.Key.Text]; read != nil {
			if value := p.Value.Resolve(); !value.IsNull() {
				read(p.Key.Text, value)
			}
			continue
		}
		near := source.Nearest(p.Key.Text, names)
		if near != "" {
			r.problem(KindWarning, p.Key.Span, near, "hadolint does not know %q %s and ignores it; did you mean %q?",
				p.Key.Text, what, near)
		} else {
			r.problem(KindWarning, p.Key.Span, "", "hadolint does not know %q %s and ignores it; it knows %s",
				p.Key.Text, what, strings.Join(names, ", "))
		}
	}
}

func (r *reader) top(root *yamltree.Node) {
	root = root.Resolve()
	if root.IsNull() {
		return
	}
	if root.Kind != yamltree.Mapping {
		r.problem(KindError, root.Span, "", "hadolint refuses this file: it must hold keys, such as \"ignored\"")
		return
	}
	flag := func(to *bool) func(string, *yamltree.Node) {
		return func(key string, n *yamltree.Node) { r.flag(key, n, to) }
	}
	unused := func(string, *yamltree.Node) {}
	r.mapping(root, "here", map[string]func(string, *yamltree.Node){
		"ignored":  func(key string, n *yamltree.Node) { r.rules(key, n, Ignored) },
		"override": r.override,
		"trustedRegistries": func(key string, n *yamltree.Node) {
			for _, item := range r.list(key, n) {
				r.config.Registries = append(r.config.Registries, item.Text)
			}
		},
		"label-schema":          r.labels,
		"strict-labels":         flag(&r.config.StrictLabels),
		"no-fail":               flag(&r.config.NoFail),
		"disable-ignore-pragma": flag(&r.config.DisablePragmas),
		"failure-threshold": func(key string, n *yamltree.Node) {
			known := []string{"error", "warning", "info", "style", "ignore", "none"}
			if !slices.Contains(known, n.Text) || n.Kind != yamltree.Scalar {
				r.refused(n, key, "one of "+strings.Join(known, ", "))
				return
			}
			r.config.Threshold = n.Text
		},
		"format": unused, "no-color": unused, // how hadolint prints
	})
}

func (r *reader) flag(key string, n *yamltree.Node, to *bool) {
	switch n.Text {
	case "true", "True", "TRUE":
		*to = true
	case "false", "False", "FALSE":
		*to = false
	default:
		r.refused(n, key, "true or false")
		return
	}
	if n.Kind != yamltree.Scalar || n.Style != yamltree.Plain {
		r.refused(n, key, "true or false, without quotes")
	}
}

// list returns the items of a list of strings.
func (r *reader) list(key string, n *yamltree.Node) []*yamltree.Node {
	if n.Kind != yamltree.Sequence {
		r.refused(n, key, "a list")
		return nil
	}
	var out []*yamltree.Node
	for _, item := range n.Items {
		value := item.Resolve()
		if value == nil || !value.IsScalar() || value.Text == "" {
			r.refused(item, key, "a list of strings")
			continue
		}
		out = append(out, value)
	}
	return out
}

func (r *reader) override(key string, n *yamltree.Node) {
	if n.Kind != yamltree.Mapping {
		r.refused(n, key, "keys such as \"error\", each with a list")
		return
	}
	known := map[string]func(string, *yamltree.Node){}
	for _, level := range levels[1:] {
		known[level] = func(key string, n *yamltree.Node) { r.rules(key, n, level) }
	}
	r.mapping(n, "in \"override\"", known)
}

// rules adds the rules of a list.
func (r *reader) rules(key string, n *yamltree.Node, level string) {
	for _, item := range r.list(key, n) {
		rule := Rule{Name: item.Text, Level: level, At: item.Span, Comment: r.comment(item)}
		at, known := r.at[rule.Name]
		switch {
		case !known && len(r.config.Rules) == maxRules:
			r.problem(KindError, item.Span, "", "there are more than %d rules up to here", maxRules)
			return
		case !known:
			r.at[rule.Name] = len(r.config.Rules)
			r.config.Rules = append(r.config.Rules, rule)
		case slices.Index(levels, level) < slices.Index(levels, r.config.Rules[at].Level):
			r.config.Rules[at] = rule
		}
	}
}

// comment returns the text of the comments directly above an item that stands on a line of its own, and behind it.
func (r *reader) comment(item *yamltree.Node) string {
	text := r.file.Bytes
	var parts []string
	start := item.Span.Start
	for start > 0 && bytes.IndexByte([]byte(" -"), text[start-1]) >= 0 {
		start--
	}
	if start == 0 || text[start-1] == '\n' {
		for above := r.file.LineOf(item.Span.Start) - 1; above > 0; above-- {
			line, isComment := strings.CutPrefix(strings.TrimSpace(r.file.Text(r.file.Line(above))), "#")
			if !isComment {
				break
			}
			parts = append(parts, strings.TrimSpace(line))
		}
		slices.Reverse(parts)
	}
	end := item.Span.End
	for end < len(text) && (text[end] == ' ' || text[end] == '\t') {
		end++
	}
	if end > item.Span.End && end < len(text) && text[end] == '#' {
		line := source.Span{Start: end + 1, End: r.file.Line(r.file.LineOf(end)).End}
		parts = append(parts, strings.TrimSpace(r.file.Text(line)))
	}
	return strings.TrimSpace(strings.Join(parts, "\n"))
}

func (r *reader) labels(key string, n *yamltree.Node) {
	if n.Kind != yamltree.Mapping {
		r.refused(n, key, "labels, each with a type")
		return
	}
	for p := range n.All() {
		value := p.Value.Resolve()
		label := Label{Key: p.Key.Text, Type: "text"}
		if value != nil && value.IsScalar() && value.Text != "" {
			label.Type = value.Text
		} else if value == nil || value.Kind != yamltree.Scalar {
			r.refused(p.Value, label.Key, "one of "+strings.Join(labelTypes, ", "))
			continue
		}
		if !slices.Contains(labelTypes, label.Type) {
			r.refused(value, label.Key, "one of "+strings.Join(labelTypes, ", "))
			continue
		}
		r.config.Labels = append(r.config.Labels, label)
	}
}
