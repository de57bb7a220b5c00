package dockerfile

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/grammar"
)

var badCheckOption = &rules.Rule{
	ID:       "dockerfile/bad-check-option",
	Summary:  "the directive check has an option that BuildKit refuses, so the build fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/linter/linter.go: ParseLintOptions",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		for _, directive := range d.Directives {
			if directive.Name != "check" {
				continue
			}
			// BuildKit ends the value at the first blank.
			at := directive.At.Start
			options, rest, _ := strings.Cut(d.Source.Text(directive.At), " ")
			if rest = strings.TrimSpace(rest); rest != "" {
				p.Report(rules.Finding{
					File: d.Source, Severity: rules.Warning,
					Span:    source.Span{Start: directive.At.End - len(rest), End: directive.At.End},
					Message: "BuildKit ends the options at the first space, so it ignores this",
				})
			}
			for _, part := range strings.SplitN(options, ";", 3) {
				span := source.Span{Start: at, End: at + len(part)}
				at = span.End + 1
				key, value, ok := strings.Cut(part, "=")
				key, value = strings.TrimSpace(key), strings.TrimSpace(value)
				message := ""
				switch {
				case options == "":
				case part == "":
					message = "an option is empty"
				case !ok:
					message = fmt.Sprintf("option %q has no \"=\"", strings.TrimSpace(part))
				case key == "error":
					if _, err := strconv.ParseBool(value); err != nil {
						message = fmt.Sprintf("option error is %q; it can be true or false", value)
					}
				case key != "skip" && key != "experimental":
					message = fmt.Sprintf("there is no option %q; it is one of skip, error and experimental", key)
				}
				if message != "" {
					p.Report(grammar.Weaken(d,
						rules.Finding{File: d.Source, Span: span, Message: message + ", so the build fails"}))
					break
				}
			}
		}
	}),
}
