package dockerfile

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/secret"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var tokenInFile = &rules.Rule{
	ID:       "dockerfile/token-in-file",
	Summary:  "a token or a private key is written in the Dockerfile",
	Severity: rules.Error,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"GitHub documentation, Secret scanning: Supported secret scanning patterns",
		"CWE-798: Use of Hard-coded Credentials",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		for _, token := range secret.Tokens(d.Source.Bytes) {
			span := source.Span{Start: token.Start, End: token.End}
			if isVariable(d, span) {
				continue // dockerfile/secret-in-arg-or-env reports it
			}
			p.Report(rules.Finding{
				File: d.Source, Span: span,
				Message: fmt.Sprintf("%s is written here, so everyone who has the file, or the image and its "+
					"history, has it, too", token.Kind),
			})
		}
	}),
}

// isVariable reports whether a token is all of the value of an ARG or ENV.
func isVariable(d *image.Dockerfile, token source.Span) bool {
	for _, i := range d.Instructions {
		if i.Span.Start > token.Start || i.Span.End < token.End {
			continue
		}
		for ; i != nil; i = i.Trigger {
			if i.Name == "ARG" || i.Name == "ENV" {
				return isWholeValue(d.File, i, token)
			}
		}
		return false
	}
	return false
}

func isWholeValue(f *dockerfile.File, i *dockerfile.Instruction, token source.Span) bool {
	text := f.Source.Text(token)
	for _, pair := range i.Pairs {
		if pair.HasValue && image.Unquote(pair.Value.Text) == text {
			return true
		}
	}
	return false
}
