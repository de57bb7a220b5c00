package dockerfile

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/grammar"
)

var badChmod = &rules.Rule{
	ID:       "dockerfile/bad-chmod",
	Summary:  "a --chmod is not a mode, so the build fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/convert_copy.go: dispatchCopy",
		"github.com/tonistiigi/dchapes-mode: Parse",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Broken || grammar.Again(s) || s.Dockerfile().Foreign() {
			return
		}
		flag, ok := s.Flag("chmod")
		if !ok || !flag.Known || flag.Value == "" ||
			s.Onbuild != nil && flag.Value != s.Dockerfile().Source.Text(flag.At) || isMode(flag.Value) {
			return
		}
		p.Report(grammar.Trigger(s, rules.Finding{
			File: s.Dockerfile().Source, Span: flag.At,
			Message: fmt.Sprintf("mode %q is neither an octal number up to 7777 nor of the form u=rwX,go=rX, so "+
				"the build fails", flag.Value),
		}))
	}, "COPY", "ADD"),
}

// isMode reports whether BuildKit accepts a mode.
func isMode(mode string) bool {
	if n, err := strconv.ParseUint(mode, 8, 32); err == nil {
		return n <= 0o7777
	}
	if mode[0] >= '0' && mode[0] <= '9' {
		return false
	}
	for part := range strings.SplitSeq(mode, ",") {
		part = strings.TrimLeft(part, "augo")
		if part == "" || strings.IndexByte("+-=", part[0]) < 0 || strings.Trim(part, "+-=rstwXxugo") != "" {
			return false
		}
	}
	return true
}
