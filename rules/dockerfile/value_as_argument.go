package dockerfile

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var valueAsArgument = &rules.Rule{
	ID:       "dockerfile/value-as-argument",
	Summary:  "an ARG has a space where an equals sign is meant, so it declares the value as a second argument",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"castai/cluster-controller#49",
		"BuildKit v0.34.2, frontend/dockerfile/instructions/parse.go, parseArg: several names in one ARG",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		referred := sync.OnceValue(func() *references { return referencesIn(string(d.Source.Bytes)) })
		for _, s := range d.Steps("ARG") {
			valueInArgument(p, s, referred)
		}
	}),
}

// valueInArgument reports the second word of an ARG where it is meant as the value of the first.
func valueInArgument(p *rules.Pass, s *image.Step, referred func() *references) {
	f := s.Dockerfile().Source
	if len(s.Pairs) < 2 || s.Pairs[0].HasValue {
		return
	}
	name, value := s.Pairs[0].Key, s.Pairs[1].Key
	if s.Pairs[1].HasValue || !isValue(name.Text, value.Text) || referred().to(value.Text) {
		return
	}
	finding := rules.Finding{
		File: f, Span: value.Span,
		Message: fmt.Sprintf("ARG takes several names, so this declares a second argument called %s, and %s gets "+
			"no value", value.Text, name.Text),
	}
	between := source.Span{Start: name.Span.End, End: value.Span.Start}
	if len(s.Pairs) == 2 && !strings.ContainsAny(f.Text(between), "\n#") {
		fix := fixers.Fix{
			Title: fmt.Sprintf("Write %s=%s", name.Text, value.Text), Safety: fixers.Unsafe,
			Edits:   []fixers.Edit{{File: f, Span: between, Text: "="}},
			Changes: fixers.Changes{fixdocker.Variables{name.Text, value.Text}},
		}
		if platformArguments[name.Text] { // a default would hide the value that BuildKit sets
			fix.Title = "Remove " + value.Text
			fix.Edits = []fixers.Edit{{File: f, Span: source.Span{Start: name.Span.End, End: value.Span.End}}}
		}
		finding.Fixes = []fixers.Fix{fix}
	}
	p.Report(finding)
}

// references are the places of a text at which it refers to variables.
type references struct {
	text   string
	behind []string // the beginnings of what follows each '$', and each "${", sorted
}

// maxReference bounds these beginnings.
const maxReference = 128

func referencesIn(text string) *references {
	r := &references{text: text}
	for at := 0; ; {
		n := strings.IndexByte(text[at:], '$')
		if n < 0 {
			break
		}
		at += n + 1
		rest := text[at:min(at+maxReference, len(text))]
		r.behind = append(r.behind, rest)
		if inner, ok := strings.CutPrefix(rest, "{"); ok {
			r.behind = append(r.behind, inner)
		}
	}
	slices.Sort(r.behind)
	return r
}

// to returns what refersTo returns for the text and a name.
func (r *references) to(name string) bool {
	if len(name) >= maxReference {
		return refersTo(r.text, name)
	}
	n, _ := slices.BinarySearch(r.behind, name)
	return n < len(r.behind) && strings.HasPrefix(r.behind[n], name)
}

// isValue reports whether the second word of an ARG can only be meant as the value of the first: it is no name that a
// shell knows, or the first is in upper case and it is not.
func isValue(name, word string) bool {
	letters := strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789")
	if letters != "" || word == "" || word[0] >= '0' && word[0] <= '9' {
		return true
	}
	return name == strings.ToUpper(name) && word != strings.ToUpper(word)
}
