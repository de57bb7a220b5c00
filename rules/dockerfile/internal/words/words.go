// Package words lists the text of an instruction in which BuildKit expands variables, and what it makes of it.
package words

import (
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
)

// Word is a piece of text that BuildKit expands.
type Word struct {
	// Text is what is expanded, and Span its place.
	Text string
	Span source.Span
	// Pair is the pair of ENV, LABEL or ARG whose value it is, nil for anything else.
	Pair *dockerfile.Pair
	dockerfile.Expansion
}

// flags are those in which BuildKit v0.34.2 expands variables (frontend/dockerfile/instructions/commands.go: Expand).
var flags = map[string][]string{
	"ADD": {"chown", "chmod", "checksum"}, "COPY": {"chown", "chmod"}, "FROM": {"platform"}, "RUN": {"mount"},
}

// Of returns the words of a step that are more than plain text. The trigger of an ONBUILD has none, since the build of
// another image expands it.
func Of(s *image.Step) iter.Seq[Word] {
	if s.Onbuild != nil {
		return func(func(Word) bool) {}
	}
	return WithTriggers(s)
}

// WithTriggers is Of with the words of triggers, whose faults alone are known.
func WithTriggers(s *image.Step) iter.Seq[Word] {
	return func(yield func(Word) bool) {
		if s.Onbuild != nil && !s.Deferred || s.Broken {
			return
		}
		d := s.Dockerfile()
		special := func(text string) bool { return strings.ContainsAny(text, "$\"'") }
		word := func(w dockerfile.Word, pair *dockerfile.Pair) bool {
			return !special(w.Text) ||
				yield(Word{Text: w.Text, Span: w.Span, Pair: pair, Expansion: d.Expansion(Place(s), w.Text)})
		}
		for n := range s.Instruction.Flags {
			flag := &s.Instruction.Flags[n]
			if slices.Contains(flags[s.Name], flag.Name) &&
				!word(dockerfile.Word{Text: flag.Unquoted, Span: flag.Value.Span}, nil) {
				return
			}
		}
		switch s.Name {
		case "ENV", "LABEL", "ARG":
			for n := range s.Pairs {
				pair := &s.Pairs[n]
				if s.Name != "ARG" && !word(pair.Key, nil) || pair.HasValue && !word(pair.Value, pair) {
					return
				}
			}
		case "FROM":
			if len(s.Words) > 0 {
				word(s.Words[0], nil)
			}
		case "COPY", "ADD", "WORKDIR", "USER", "VOLUME", "STOPSIGNAL", "EXPOSE":
			for _, w := range s.Words {
				if !strings.HasPrefix(w.Text, "<<") && !word(w, nil) {
					return
				}
			}
			if s.Name != "COPY" && s.Name != "ADD" {
				return
			}
			for n := range s.Heredocs {
				h := &s.Heredocs[n]
				if text := d.Source.Text(h.Body); h.Expand && strings.IndexByte(text, '$') >= 0 &&
					!yield(Word{Text: text, Span: h.Body, Expansion: d.BodyExpansion(Place(s), h)}) {
					return
				}
			}
		}
	}
}

// At returns the place in a file of the first use of a variable in a word, with its dollar and braces, and the word's
// own place where it does not show there.
func (w *Word) At(f *source.File, name string) source.Span {
	text := f.Text(w.Span)
	for from := 0; ; {
		n := strings.IndexByte(text[from:], '$')
		if n < 0 {
			return w.Span
		}
		start := from + n
		from = start + 1
		rest := text[from:]
		braced := strings.HasPrefix(rest, "{")
		rest, ok := strings.CutPrefix(strings.TrimPrefix(rest, "{"), name)
		next, _ := utf8.DecodeRuneInString(rest)
		if !ok || rest != "" && (unicode.IsLetter(next) || unicode.IsDigit(next) || next == '_') ||
			start > 0 && text[start-1] == '\\' {
			continue
		}
		end := len(text) - len(rest)
		if braced && strings.HasPrefix(rest, "}") {
			end++
		}
		return source.Span{Start: w.Span.Start + start, End: w.Span.Start + end}
	}
}

// Empty reports whether a word is empty in every build, since it is written so or neither the file nor the base image
// sets any variable in it. The text is always empty.
func Empty(s *image.Step, w dockerfile.Word) (text string, empty bool) {
	if s.Image == nil || s.Onbuild != nil && strings.Contains(w.Text, "$") { // the parent may set it further below
		return "", false
	}
	e := s.Dockerfile().Expansion(Place(s), w.Text)
	if e.Text != "" || e.Fault != 0 {
		return "", false
	}
	for _, name := range e.Read {
		if v, set := s.Lookup(name); set && v.Known && !v.Overridable {
			continue
		} else if set {
			return "", false
		}
		if sets, known := s.Image.BaseSets(name); sets || !known {
			return "", false
		}
	}
	return "", e.Known || len(e.Read) > 0
}

// Place returns the instruction at whose place the words of a step are expanded.
func Place(s *image.Step) *dockerfile.Instruction {
	if s.Onbuild != nil {
		return s.Onbuild
	}
	return s.Instruction
}
