package rules

import (
	"bytes"
	"cmp"
	"slices"
	"sort"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/compose"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/outline"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// This file removes fixes in text that its reader does not understand: the rest of it may be something else than it
// looks, and no proof can show what it means. They come back once that text is mended.

// withdrawFixes removes the fixes of findings inside the instructions that BuildKit refuses and the scripts that no
// shell can parse, but for those of what is wrong with these, in files and profiles that are refused as a whole, and
// inside the nix.conf texts that are in another language.
func withdrawFixes(all []Finding, doc *workspace.Document) {
	if !offered(all) {
		return
	}
	isSyntax := func(r *Rule) bool { return r.Syntax }
	aboutDockerfile := func(r *Rule) bool { return r.Syntax && strings.HasPrefix(r.ID, "dockerfile/") }
	if d := doc.Dockerfile; d != nil {
		withdraw(all, doc.Source, refusedInstructions(d), aboutDockerfile)
		withdraw(all, doc.Source, unreadableScripts(d), aboutDockerfile)
	}
	if broken(doc) {
		withdraw(all, doc.Source, []source.Span{doc.Source.Span()}, isSyntax)
	}
	for _, p := range doc.Profiles {
		switch {
		case p.Fragment == nil:
			withdraw(all, doc.Source, unreadRules(p), isSyntax)
		case undecoded(p):
			withdraw(all, doc.Source, []source.Span{p.Fragment.Span(p.Source.Span())}, isSyntax)
		}
	}
	var foreign []source.Span
	for _, text := range doc.Texts {
		if text.Fragment.File == doc.Source && inOtherLanguage(text) {
			foreign = append(foreign, text.Fragment.Span(source.Span{End: len(text.Fragment.Text)}))
		}
	}
	withdraw(all, doc.Source, foreign, func(*Rule) bool { return false })
}

// broken reports whether a file is refused as a whole: a Dockerfile for its directives, another file for its language.
func broken(doc *workspace.Document) bool {
	switch v := doc.Value.(type) {
	case *nixuse.Hosted:
		return v.Broken
	case []*workspace.Profile:
		return slices.ContainsFunc(v, func(p *workspace.Profile) bool {
			return p.Fragment == nil && undecoded(p)
		})
	case *compose.File:
		return len(v.Problems) > 0 || slices.ContainsFunc(v.Services, func(s *compose.Service) bool {
			return withoutValue(v, s)
		})
	}
	d := doc.Dockerfile
	return d != nil && len(d.Problems) > 0 && len(d.Instructions) > 0 &&
		d.Problems[0].Span.Start < d.Instructions[0].Span.Start && !d.Problems[0].Span.IsEmpty()
}

// undecoded reports whether a profile is refused as a whole, since it is no JSON or has values of other types than its
// readers expect.
func undecoded(p *workspace.Profile) bool {
	return slices.ContainsFunc(p.Problems, func(problem source.Problem) bool {
		return problem.Kind == seccomp.KindJSON || problem.Kind == seccomp.KindShape
	})
}

// unreadRules returns where the rules of a profile are that only some of its readers can decode.
func unreadRules(p *workspace.Profile) (spans []source.Span) {
	for _, problem := range p.Problems {
		if problem.Kind != seccomp.KindSuperset {
			continue
		}
		n, _ := slices.BinarySearchFunc(p.Rules, problem.Span.Start,
			func(r *seccomp.Rule, at int) int { return cmp.Compare(r.Span.End, at) })
		if n < len(p.Rules) && p.Rules[n].Span.Contains(problem.Span) {
			spans = append(spans, p.Rules[n].Span)
		}
	}
	return spans
}

// withdraw removes the fixes that edit one of some spans of a file, but for those of the rules that may.
func withdraw(all []Finding, file *source.File, spans []source.Span, may func(*Rule) bool) {
	if len(spans) == 0 {
		return
	}
	slices.SortFunc(spans, func(a, b source.Span) int { return cmp.Compare(a.Start, b.Start) })
	inside := func(e fixers.Edit) bool {
		n := sort.Search(len(spans), func(n int) bool { return spans[n].End >= e.Span.Start })
		return e.File == file && n < len(spans) && (spans[n].Start <= e.Span.Start || spans[n].Start < e.Span.End)
	}
	for n := range all {
		if len(all[n].Fixes) > 0 && !may(all[n].Rule) {
			all[n].Fixes = slices.DeleteFunc(all[n].Fixes, func(f fixers.Fix) bool {
				return slices.ContainsFunc(f.Edits, inside)
			})
		}
	}
}

// refusedInstructions returns where the instructions are that BuildKit refuses.
func refusedInstructions(d *image.Dockerfile) (spans []source.Span) {
	if len(d.Problems) == 0 {
		return nil
	}
	next := 0
	for _, i := range d.Instructions {
		for next < len(d.Problems) && d.Problems[next].Span.Start < i.Span.Start {
			next++
		}
		if next < len(d.Problems) && d.Problems[next].Span.Start <= i.Span.End {
			spans = append(spans, i.Span)
		}
	}
	return spans
}

// unreadableScripts returns where the scripts of RUN instructions are that no shell can parse, or whose first line ends
// with a carriage return, which is then part of the interpreter.
func unreadableScripts(d *image.Dockerfile) (spans []source.Span) {
	interpreter := func(h dockerfile.Heredoc) bool {
		line, _, _ := bytes.Cut(d.Source.Bytes[h.Body.Start:h.Body.End], []byte("\n"))
		return bytes.HasPrefix(line, []byte("#!")) && bytes.HasSuffix(line, []byte("\r"))
	}
	for _, s := range d.Steps("RUN") {
		script := s.Script()
		if script != nil && script.Problem != nil || slices.ContainsFunc(s.Heredocs, interpreter) {
			spans = append(spans, source.Span{Start: s.Args.Start, End: s.Span.End})
		}
	}
	return spans
}

// withdrawInValues removes the fixes of what is found about comments inside a value of YAML that holds no text that
// sandlint reads, or in a file whose structure is unknown: there they are no comments.
func withdrawInValues(all []Finding, doc *workspace.Document) {
	if !offered(all) || !files.IsYAML(doc.Source.Path) {
		return
	}
	o := outline.YAML(doc.Source)
	var read, values []source.Span
	for _, t := range doc.Texts {
		if t.Fragment.File == doc.Source {
			read = append(read, t.Fragment.Span(source.Span{End: len(t.Fragment.Text)}))
		}
	}
	for n, v := range o.Values {
		if at := o.Spans[n].Value; v.Quoted && !slices.ContainsFunc(read, at.Overlaps) {
			values = append(values, at)
		}
	}
	if o.Broken {
		values = []source.Span{doc.Source.Span()}
	}
	withdraw(all, doc.Source, values, func(*Rule) bool { return false })
}

// inOtherLanguage reports whether lines of a text are in another format and none assigns a setting of Nix, unless as an
// attribute of the Nix language. A fix of one line could make it the only one that Nix reads.
func inOtherLanguage(text *nixuse.Text) bool {
	isForeign := func(p source.Problem) bool { return p.Kind == nixconf.KindForeignSyntax }
	assigns := func(e *nixconf.Entry) bool {
		if strings.HasSuffix(e.Value, ";") {
			return false
		}
		known := nixconf.Known(e.Name.Text, text.Targets)
		return known.Coverage != nixconf.None || known.Description != ""
	}
	return slices.ContainsFunc(text.Problems, isForeign) && !slices.ContainsFunc(text.Entries, assigns)
}
