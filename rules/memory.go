package rules

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// InMemory returns the workspace of files that lie on no disk, by their paths below its root, with slashes: those of
// the cases of a rule, or of a playground.
func InMemory(targets workspace.Targets, texts map[string][]byte) (*workspace.Workspace, error) {
	dir := filepath.FromSlash("/project")
	all := make(map[string][]byte, len(texts))
	for name, text := range texts {
		all[filepath.Join(dir, filepath.FromSlash(name))] = text
	}
	return Load(workspace.Options{Dir: dir, Targets: targets, Files: files.Memory(all)})
}

// Listing returns findings as the want sections hold them. Paths are shown where a case has several files.
func Listing(findings []Finding, paths bool) string {
	var b strings.Builder
	for _, f := range findings {
		if paths {
			b.WriteString(f.File.Path + ":")
		}
		start, end := f.File.Position(f.Span.Start), f.File.Position(f.Span.End)
		fmt.Fprintf(&b, "%d:%d-", start.Line, start.Column)
		if end.Line != start.Line {
			fmt.Fprintf(&b, "%d:", end.Line)
		}
		fmt.Fprintf(&b, "%d %s %s\n", end.Column, f.Severity, f.Message)
		for _, rel := range f.Related {
			b.WriteString("\t")
			if paths {
				b.WriteString(rel.File.Path + ":")
			}
			p := rel.File.Position(rel.Span.Start)
			fmt.Fprintf(&b, "%d:%d %s\n", p.Line, p.Column, rel.Message)
		}
		for _, fix := range f.Fixes {
			fmt.Fprintf(&b, "\t%s: %s\n", fix.Safety, fix.Title)
		}
	}
	return b.String()
}
