package rules

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// ignore is a comment "# sandlint: ignore[rule, rule] reason". It covers the instruction or setting below it, or the
// one it stands in.
type ignore struct {
	rules   []string
	reason  string
	comment source.Span
	target  source.Span
}

func (ig ignore) covers(f Finding) bool {
	at := f.Span.Start
	if at < ig.target.Start || at > ig.target.End {
		return false
	}
	return slices.ContainsFunc(ig.rules, func(name string) bool {
		return f.Rule.named(name) || name == f.Rule.Pack() || name == f.Rule.Pack()+"/*" || name == "all"
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
	if !strings.Contains(string(doc.Source.Bytes), "sandlint:") {
		return nil
	}
	var out []ignore
	add := func(comment, target source.Span) {
		if rules, reason, ok := parseIgnore(doc.Source.Text(comment)); ok {
			out = append(out, ignore{rules, reason, comment, target})
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

// nixIgnores returns the suppressions in a nix.conf text, in its own coordinates. A comment that ends a line covers
// that line; one that is alone on its line covers the next line that is not a comment.
func nixIgnores(f *nixconf.File) []ignore {
	var out, above []ignore
	for _, line := range f.Lines {
		rules, reason, ok := parseIgnore(string(f.Fragment.Text[line.Comment.Start:line.Comment.End]))
		ig := ignore{rules, reason, line.Comment, line.Span}
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
