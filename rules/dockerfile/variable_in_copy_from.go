package dockerfile

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/grammar"
)

var variableInCopyFrom = &rules.Rule{
	ID:       "dockerfile/variable-in-copy-from",
	Summary:  "a COPY --from has a variable, which BuildKit does not expand there, so the build fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/convert.go: \"variable expansion is not supported " +
			"for --from\"",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		flag := s.Instruction.Flag("from")
		if flag == nil || s.Broken || s.Onbuild != nil || s.Dockerfile().Foreign() {
			return
		}
		at := strings.IndexByte(flag.Unquoted, '$')
		if at < 0 || at+1 == len(flag.Unquoted) || !isName(strings.TrimPrefix(flag.Unquoted[at+1:], "{")[:1]) {
			return
		}
		p.Report(grammar.Weaken(s.Dockerfile(), rules.Finding{
			File: s.Dockerfile().Source, Span: flag.Value.Span,
			Message: fmt.Sprintf("BuildKit does not expand variables in --from, so the build fails at %q; FROM %s "+
				"AS NAME "+
				"makes a stage that can be named", flag.Unquoted, flag.Unquoted),
		}))
	}, "COPY"),
}
