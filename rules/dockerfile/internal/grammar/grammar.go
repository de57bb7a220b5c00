// Package grammar weakens findings about what BuildKit refuses where a newer frontend may accept it.
package grammar

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

// Weaken returns a finding as it is, or, where the file asks for a frontend that may be newer than the grammar, as a
// warning that says so and has no fix.
func Weaken(d *image.Dockerfile, f rules.Finding) rules.Finding {
	if d.Frontend == nil || !d.Frontend.Newer {
		return f
	}
	f.Severity, f.Fixes = rules.Warning, nil
	f.Message += fmt.Sprintf("; this is the grammar of %s, and %q may know more", dockerfile.Grammar, d.Frontend.Image)
	f.Related = append(f.Related, rules.Related{
		File: d.Source, Span: d.Frontend.At, Message: "the frontend that reads this file",
	})
	return f
}
