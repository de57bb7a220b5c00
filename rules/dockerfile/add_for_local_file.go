package dockerfile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/copies"
)

var addForLocalFile = &rules.Rule{
	ID:       "dockerfile/add-for-local-file",
	Aliases:  []string{"DL3020"},
	Summary:  "ADD copies plain files of the build context, for which there is COPY",
	Severity: rules.Info,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"Docker documentation, Building best practices: ADD or COPY",
		"BuildKit v0.34.2, solver/llbsolver/file/unpack.go: the content of a file decides whether ADD unpacks it",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Broken || s.Image == nil || s.Dockerfile().Foreign() {
			return
		}
		for _, flag := range s.Instruction.Flags {
			switch flag.Name {
			case "checksum", "keep-git-dir", "unpack":
				return
			}
		}
		sources := copies.Sources(s)
		if len(sources) == 0 {
			return
		}
		certain := true
		for _, source := range sources {
			plain, sure := isPlain(s, source)
			if !plain {
				return
			}
			certain = certain && sure
		}
		f := s.Dockerfile().Source
		keyword := f.Text(s.Keyword)
		copyWord := "COPY"
		if keyword == strings.ToLower(keyword) {
			copyWord = "copy"
		}
		fix := fixers.Fix{
			Title: "Write " + copyWord, Safety: fixers.Safe,
			Edits:   []fixers.Edit{{File: f, Span: s.Keyword, Text: copyWord}},
			Changes: fixers.Changes{fixdocker.CopyForAdd{}},
		}
		if !certain {
			fix.Safety = fixers.Unsafe
			fix.Title += "; where a source is an archive, it is no longer unpacked"
		}
		what := fmt.Sprintf("%q is", sources[0].Text)
		if len(sources) > 1 {
			what = "these are"
		}
		finding := rules.Finding{
			File: f, Span: s.Keyword,
			Message: what + " part of the build context, and ADD also downloads and unpacks, so it does something " +
				"else as soon as a file becomes an archive",
		}
		if !slices.ContainsFunc(sources, func(c copies.Source) bool {
			return strings.Contains(c.Word.Text, "$") || fixdocker.MayBeArchive(c.Text)
		}) {
			finding.Fixes = []fixers.Fix{fix}
		}
		p.Report(finding)
	}, "ADD"),
}

// isPlain reports whether COPY probably does the same for a source as ADD, and whether that is certain.
func isPlain(s *image.Step, source copies.Source) (plain, certain bool) {
	text := source.Text
	switch {
	case !source.Known, text == "", strings.Contains(source.Word.Text, "$") && !isFixed(s, source.Word.Text):
		return false, false
	case copies.IsURL(text), copies.IsGit(text), strings.Contains(text, ":"), strings.HasPrefix(text, "github.com/"):
		return false, false
	case copies.NamesArchive(text):
		return false, false
	case copies.IsPattern(text):
		return copies.PlainName(text), copies.PlainName(text) && !strings.HasSuffix(text, "/")
	case copies.PlainName(text):
		return true, true
	}
	d := s.Dockerfile()
	if d.IsContextDir(text) {
		return true, true
	}
	file, err := d.ReadContext(text)
	if err != nil {
		return true, false
	}
	return !copies.IsArchive(file.Bytes), true
}

var variableName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$\{?(\w+)`) })

// isFixed reports whether the value of a word with variables is the same in every build: no build argument is in it.
func isFixed(s *image.Step, word string) bool {
	for _, match := range variableName().FindAllStringSubmatch(word, -1) {
		if v, ok := s.Lookup(match[1]); !ok || !v.Known || v.Overridable {
			return false
		}
	}
	return true
}
