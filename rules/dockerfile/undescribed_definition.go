package dockerfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

var undescribedDefinition = &rules.Rule{
	ID:       "dockerfile/undescribed-definition",
	Aliases:  []string{"InvalidDefinitionDescription"},
	Summary:  "the comment above an ARG or a stage does not begin with its name, so it is not its description",
	Severity: rules.Info,
	Category: rules.Formatting,
	Since:    "0.1.0",
	Optional: true,
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/instructions/parse.go: validateDefinitionDescription (experimental)",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		end, next := 0, 0
		for _, i := range d.Instructions {
			// The comments since the instruction before, as BuildKit takes them: an empty line changes nothing, an
			// empty comment separates.
			comment := ""
			for ; next < len(d.Comments) && d.Comments[next].End <= i.Span.Start; next++ {
				if c := d.Comments[next]; c.Start >= end {
					comment = strings.TrimSpace(strings.TrimPrefix(d.Source.Text(c), "#"))
				}
			}
			end = i.Span.End
			if i.Broken || comment == "" {
				continue
			}
			var names []string
			at := i.Keyword
			switch {
			case i.Name == "FROM" && i.Stage.Name != "":
				names = []string{i.Stage.Name}
				at = i.Stage.NameWord.Span
			case i.Name == "ARG" && len(i.Pairs) > 0:
				at = i.Pairs[0].Key.Span
				for _, pair := range i.Pairs {
					names = append(names, pair.Key.Text)
				}
			}
			first, _, _ := strings.Cut(comment, " ")
			if len(names) == 0 || slices.Contains(names, first) {
				continue
			}
			p.Report(rules.Finding{
				File: d.Source, Span: at,
				Message: fmt.Sprintf("the comment above does not begin with %q, so docker build --call does not "+
					"show it as its description", names[0]),
			})
		}
	}),
}
