package rules

import (
	"bytes"
	"path"
	"strings"

	"github.com/sandlint/sandlint/parsers/engineconf"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/ignores"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// This file finds the comments of each format, with what they cover.

// hashAndSlashes are the marks of comments in files of which the language is not known.
var hashAndSlashes = []string{"#", "//"}

// marksOf returns what begins a comment in a document, the usual mark first; none in JSON.
func marksOf(doc *workspace.Document) []string {
	name := doc.Source.Path
	switch doc.Entry.Kind {
	case files.KindDockerfile, files.KindNixConf, kindMachines:
		return []string{"#"}
	case files.KindDevcontainer:
		return []string{"//", "/*"}
	case files.KindQuadlet:
		return []string{"#", ";"}
	case files.KindFlake, files.KindModule:
		return []string{"#", "/*"}
	case files.KindBake:
		if path.Ext(name) == ".hcl" {
			return []string{"#", "//", "/*"}
		}
	case files.KindEngine:
		if file, ok := doc.Value.(*engineconf.File); ok && file.Engine == engineconf.Podman {
			return []string{"#"}
		}
		return nil
	case files.KindPackage:
		return nil
	}
	if files.IsJSON(name) {
		return nil
	}
	return []string{"#"}
}

// layoutOf returns how the lines of a file belong together.
func layoutOf(name string) ignores.Layout {
	switch {
	case files.IsYAML(name):
		return ignores.Indented | ignores.Bracketed
	case path.Ext(name) == ".hcl", path.Ext(name) == ".nix", path.Ext(name) == ".json":
		return ignores.Bracketed
	}
	return ignores.Continued | ignores.Bracketed
}

// findComments calls add for the comments of sandlint in a file, with what they cover: see ignores.Find. Most formats
// need only this for Format.Suppressions. The target is empty where nothing stands below a comment.
func findComments(
	f *source.File, marks []string, layout ignores.Layout, parts []source.Span, add func(comment, target source.Span),
) {
	for _, c := range ignores.Find(f, marks, layout, parts) {
		add(c.Comment, c.Target)
	}
}

// dockerfileComments finds the comments above an instruction, empty lines between them or not, those between its lines,
// and those in its here-documents, which cover the next line there.
func dockerfileComments(doc *workspace.Document, add func(comment, target source.Span)) {
	d := doc.Dockerfile
	n := 0
	for _, comment := range d.Comments {
		for n < len(d.Instructions) && d.Instructions[n].Span.End <= comment.Start {
			n++
		}
		target := source.Span{}
		if n < len(d.Instructions) {
			target = d.Instructions[n].Span
		}
		add(comment, target)
	}
	for _, i := range d.Instructions {
		for _, h := range i.Heredocs {
			text := d.Source.Bytes[h.Body.Start:h.Body.End]
			if !bytes.Contains(text, []byte("sandlint")) {
				continue
			}
			body := source.NewFile(d.Source.Path, text)
			findComments(body, []string{"#"}, ignores.Continued, nil, func(comment, target source.Span) {
				if !target.IsEmpty() {
					target = target.Shift(h.Body.Start)
				}
				add(comment.Shift(h.Body.Start), target)
			})
		}
	}
}

// headOf returns where the first line of a document begins that is neither empty nor a comment. A comment for the whole
// file stands above it.
func headOf(doc *workspace.Document) int {
	if doc.Dockerfile != nil {
		if list := doc.Dockerfile.Instructions; len(list) > 0 {
			return list[0].Span.Start
		}
		return len(doc.Source.Bytes)
	}
	return firstLine(doc.Source, marksOf(doc))
}

// firstLine is headOf for a file whose comments begin with one of the marks.
func firstLine(f *source.File, marks []string) int {
	for n := 1; n <= f.Lines(); n++ {
		line := f.Line(n)
		text := strings.TrimSpace(strings.TrimPrefix(f.Text(line), "\ufeff"))
		comment := text == "" || text == "---"
		for _, mark := range marks {
			comment = comment || strings.HasPrefix(text, mark)
		}
		if !comment {
			return line.Start
		}
	}
	return len(f.Bytes)
}
