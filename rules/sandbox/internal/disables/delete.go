package disables

import (
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
)

// Delete returns the unsafe fix that deletes an option which stands as a word of its own on a line of the Dockerfile,
// nil for another one.
func (u Use) Delete(d *image.Dockerfile) []fixers.Fix {
	f, text := d.Source, d.Source.Text(u.Span)
	if !strings.HasPrefix(text, "--") || u.Span.Start == 0 || f.Bytes[u.Span.Start-1] != ' ' ||
		u.Span.End < len(f.Bytes) && strings.IndexByte(" \r\n;&|)", f.Bytes[u.Span.End]) < 0 {
		return nil
	}
	span := u.Span
	span.Start-- // the blank
	return []fixers.Fix{{
		Title: "Delete " + text, Safety: fixers.Unsafe, Edits: []fixers.Edit{{File: f, Span: span}},
		Changes: fixers.Changes{fixdocker.Words{Removed: []string{text}}},
	}}
}
