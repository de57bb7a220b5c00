// Package grammar adapts findings about what BuildKit refuses: where a newer frontend may accept it, and where the
// build that fails is that of another image.
package grammar

import (
	"fmt"
	"strings"

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

// Again reports whether a step is the trigger of an ONBUILD in a stage that is based on that of the ONBUILD. What is
// wrong with its text is reported where it stands.
func Again(s *image.Step) bool { return s.Onbuild != nil && !s.Deferred }

// Trigger returns a finding about a step that says "the build fails" as it is, or, for the trigger of an ONBUILD, one
// that says whose build fails: that of the image with the ONBUILD does not.
func Trigger(s *image.Step, f rules.Finding) rules.Finding {
	if s.Onbuild != nil {
		f.Message = strings.Replace(f.Message, "the build fails", "every build of an image based on this one fails", 1)
	}
	return f
}
