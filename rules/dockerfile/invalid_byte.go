package dockerfile

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var invalidByte = &rules.Rule{
	ID:       "dockerfile/invalid-byte",
	Summary:  "a RUN has a byte that its build cannot carry",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"docker/buildx#2850: `string field contains invalid UTF-8`",
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb: the script of a RUN is a string of a protocol buffer",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		text := d.Source.Bytes
		if utf8.Valid(text) && bytes.IndexByte(text, 0) < 0 || d.Foreign() {
			return
		}
		var needed map[*dockerfile.Stage]bool
		for _, s := range d.Steps("RUN") {
			if s.Image == nil || s.Onbuild != nil || s.Exec {
				continue // a trigger and an array reach the image with U+FFFD for each such byte
			}
			finding, ok := checkBytes(s)
			if !ok {
				continue
			}
			if needed == nil {
				needed = d.Needs(d.StageNamed(""))
			}
			if !needed[s.Image.Stage] {
				finding.Severity = rules.Warning // only a build of another target runs it
			}
			p.Report(finding)
		}
	}),
}

// checkBytes finds the first byte of the script of a RUN that is not carried.
func checkBytes(s *image.Step) (rules.Finding, bool) {
	f := s.Dockerfile().Source
	var edits []fixers.Edit
	first := -1
	for _, part := range scripts(s) {
		view, base := part.view, part.base
		for at := 0; at < len(view); {
			r, n := utf8.DecodeRune(view[at:])
			span := source.Span{Start: base + at, End: base + at + n}
			switch {
			case f.Bytes[span.Start] == 0:
				return rules.Finding{File: f, Span: span,
					Message: "RUN has a NUL byte, which no argument of a program can contain, so the build fails"}, true
			case r == utf8.RuneError && n == 1:
				if first < 0 {
					first = span.Start
				}
				edits = append(edits, fixers.Edit{File: f, Span: span, Text: string(rune(view[at]))})
			}
			at += n
		}
	}
	if first < 0 {
		return rules.Finding{}, false
	}
	c := f.Bytes[first]
	finding := rules.Finding{
		File: f, Span: source.Span{Start: first, End: first + 1},
		Message: fmt.Sprintf(
			"byte 0x%02X is not UTF-8, so the build fails with \"string field contains invalid UTF-8\"", c),
	}
	if isLatin(f.Bytes, edits) {
		finding.Message += fmt.Sprintf("; in Latin-1 it is %q", rune(c))
		finding.Fixes = []fixers.Fix{{
			Title: "Write the character in UTF-8", Safety: fixers.Unsafe, Edits: edits,
			Changes: fixers.Changes{fixdocker.Instructions{}, fixers.Repair{}},
		}}
	}
	return finding, true
}

// isLatin reports whether the bytes at all edits are printable characters in Latin-1.
func isLatin(text []byte, edits []fixers.Edit) bool {
	for _, e := range edits {
		if text[e.Span.Start] <= 0xA0 {
			return false
		}
	}
	return true
}

// script is text that a RUN passes on, at an offset of the file.
type script struct {
	view []byte
	base int
}

// scripts returns the text that a RUN passes on as a string. A here-document that begins with "#!" is none: it becomes
// a file, which can hold any byte.
func scripts(s *image.Step) []script {
	if _, view, base, ok := s.HeredocScript(); ok {
		if len(view) > 2 && view[0] == '#' && view[1] == '!' {
			return nil
		}
		return []script{{view, base}}
	}
	if view, base, ok := s.ShellView(); ok {
		return []script{{view, base}}
	}
	return nil
}
