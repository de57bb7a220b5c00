package rules

import (
	"bytes"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// ignore is a comment "# sandlint: ignore[rule, rule] reason", which covers the instruction or setting below it, or the
// one it stands in; or a comment of another linter, which covers what it covers there.
type ignore struct {
	rules   []string
	reason  string
	comment source.Span
	target  source.Span
	other   *dockerfile.Suppression // the comment of another linter, nil for one of sandlint
}

// Suppressors are the linters whose comments suppress findings.
func Suppressors() []string {
	return []string{"sandlint", dockerfile.ByHadolint, dockerfile.ByCheck, dockerfile.ByUtils}
}

// unheeded says which suppressions have no effect.
type unheeded struct {
	all bool
	by  []string
}

func (u unheeded) has(ig ignore) bool {
	if ig.other == nil {
		return u.all || slices.Contains(u.by, "sandlint")
	}
	return u.all || slices.Contains(u.by, ig.other.By)
}

func (ig ignore) covers(f *Finding) bool {
	within := func(at int) bool { return ig.target.Start <= at && at <= ig.target.End }
	if !within(f.Span.Start) {
		// Another linter may report what is wrong between two places at the other one.
		return ig.other != nil && !ig.other.All && slices.ContainsFunc(ig.rules, f.named) &&
			slices.ContainsFunc(f.Related, func(r Related) bool { return r.File == f.File && within(r.Span.Start) })
	}
	if ig.other != nil && ig.other.All && (ig.other.By == dockerfile.ByUtils || f.Rule.buildKit()) {
		return true
	}
	return slices.ContainsFunc(ig.rules, func(name string) bool {
		if f.named(name) || ig.other != nil {
			return f.named(name)
		}
		return name == f.Rule.Pack() || name == f.Rule.Pack()+"/*" || name == "all"
	})
}

// parseIgnore reads a comment from its '#' on.
func parseIgnore(comment string) (rules []string, reason string, ok bool) {
	rest := strings.TrimSpace(strings.TrimLeft(strings.TrimPrefix(comment, "//"), "#"))
	if rest, ok = strings.CutPrefix(rest, "sandlint:"); !ok {
		return nil, "", false
	}
	if rest, ok = strings.CutPrefix(strings.TrimSpace(rest), "ignore["); !ok {
		return nil, "", false
	}
	list, reason, ok := strings.Cut(rest, "]")
	if !ok {
		return nil, "", false
	}
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			rules = append(rules, name)
		}
	}
	return rules, strings.TrimSpace(reason), len(rules) > 0
}

// ignoresOf returns the suppressions that a document holds.
func ignoresOf(doc *workspace.Document) []ignore {
	out := otherIgnores(doc)
	if !bytes.Contains(doc.Source.Bytes, []byte("sandlint:")) {
		return out
	}
	add := func(comment, target source.Span) {
		if rules, reason, ok := parseIgnore(doc.Source.Text(comment)); ok {
			out = append(out, ignore{rules: rules, reason: reason, comment: comment, target: target})
		}
	}
	if f := formatOf(doc.Entry.Kind); f != nil && f.Suppressions != nil {
		f.Suppressions(doc, add)
	}
	for _, text := range doc.Texts {
		for _, ig := range nixIgnores(text.File) {
			ig.comment, ig.target = text.Fragment.Span(ig.comment), text.Fragment.Span(ig.target)
			out = append(out, ig)
		}
	}
	return out
}

// ignoresIn returns the suppressions of sandlint in a file that is no document of its own, such as a bake file or a
// script that builds a Dockerfile in which a rule found something about that file.
func ignoresIn(f *source.File) []ignore {
	if !bytes.Contains(f.Bytes, []byte("sandlint:")) {
		return nil
	}
	var out []ignore
	LineComments(f, nil, func(comment, target source.Span) {
		if rules, reason, ok := parseIgnore(f.Text(comment)); ok {
			out = append(out, ignore{rules: rules, reason: reason, comment: comment, target: target})
		}
	})
	return out
}

// otherIgnores returns the suppressions of other linters that a document holds.
func otherIgnores(doc *workspace.Document) []ignore {
	if doc.Dockerfile == nil {
		return nil
	}
	var out []ignore
	for _, s := range doc.Dockerfile.Suppressions() {
		out = append(out, ignore{rules: s.Rules, reason: s.Reason, comment: s.Comment, target: s.Target, other: &s})
	}
	return out
}

// checksOf returns what BuildKit's check directive in a document asks for.
func checksOf(doc *workspace.Document) dockerfile.Checks {
	if doc.Dockerfile == nil {
		return dockerfile.Checks{}
	}
	return doc.Dockerfile.Checks()
}

// nixIgnores returns the suppressions in a nix.conf text, in its own coordinates. A comment that ends a line covers
// that line; one that is alone on its line covers the next line that is not a comment.
func nixIgnores(f *nixconf.File) []ignore {
	var out, above []ignore
	for _, line := range f.Lines {
		rules, reason, ok := parseIgnore(string(f.Fragment.Text[line.Comment.Start:line.Comment.End]))
		ig := ignore{rules: rules, reason: reason, comment: line.Comment, target: line.Span}
		switch {
		case len(line.Words) > 0:
			for _, a := range above {
				a.target = line.Span
				out = append(out, a)
			}
			above = nil
			if ok {
				out = append(out, ig)
			}
		case ok:
			above = append(above, ig)
		case line.Comment.IsEmpty():
			above = nil
		}
	}
	return out
}
