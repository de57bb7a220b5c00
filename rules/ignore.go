package rules

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// ignore is a comment "# sandlint: ignore[rule, rule] reason". It covers the instruction or setting below it, or the one it stands in.
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
	if d := doc.Dockerfile; d != nil {
		for _, i := range d.Instructions {
			for _, comment := range i.Comments {
				add(comment, i.Span)
			}
		}
		n := 0
		for _, comment := range d.Comments {
			for n < len(d.Instructions) && d.Instructions[n].Span.End <= comment.Start {
				n++
			}
			if n < len(d.Instructions) && d.Instructions[n].Span.Contains(comment) {
				add(comment, d.Instructions[n].Span)
			}
		}
	}
	if doc.Hosted != nil {
		var texts []source.Span
		for _, t := range doc.Hosted.NixTexts {
			texts = append(texts, t.Where)
		}
		hostIgnores(doc.Source, texts, add)
	}
	if doc.Profile != nil && doc.Profile.Dialect == seccomp.SPO {
		var rules []source.Span
		for _, p := range doc.Profiles {
			for _, r := range p.Profile.Rules {
				rules = append(rules, r.Span)
			}
		}
		hostIgnores(doc.Source, rules, add)
	}
	for _, text := range nixTexts(doc) {
		for _, ig := range nixIgnores(text.File) {
			ig.comment, ig.target = text.Fragment.Span(ig.comment), text.Fragment.Span(ig.target)
			out = append(out, ig)
		}
	}
	return out
}

// hostIgnores calls add for the comments of a host's own language, with what they cover. One that ends a line covers that line; one that is alone on its line
// covers the next line that is no comment, and the whole of those parts that begin there: a nix.conf text with its command or key, a rule of a profile.
func hostIgnores(f *source.File, parts []source.Span, add func(comment, target source.Span)) {
	var above []source.Span
	for n := 1; n <= f.Lines(); n++ {
		line := f.Line(n)
		text := f.Text(line)
		trimmed := strings.TrimLeft(text, " \t")
		start := line.Start + len(text) - len(trimmed)
		if strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, "//") {
			above = append(above, source.Span{Start: start, End: line.End})
			continue
		}
		if i := strings.Index(text, "# sandlint:"); i >= 0 {
			add(source.Span{Start: line.Start + i, End: line.End}, line)
		}
		if len(above) == 0 {
			continue
		}
		target := line
		for _, part := range parts {
			if line.Start <= part.Start && part.Start <= line.End {
				target = target.Join(part)
			}
		}
		for _, comment := range above {
			add(comment, target)
		}
		above = nil
	}
}

// nixIgnores returns the suppressions in a nix.conf text, in its own coordinates. A comment that ends a line covers that line; one that is
// alone on its line covers the next line that is not a comment.
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
