package dockerfile

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var unterminatedQuote = &rules.Rule{
	ID:       "dockerfile/unterminated-quote",
	Summary:  "a RUN has a quote without end, so its shell runs nothing",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"POSIX.1-2024, Shell Command Language, 2.2 Quoting",
		"dash: `Syntax error: Unterminated quoted string`; bash: `unexpected EOF while looking for matching`",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Image == nil || s.Onbuild != nil || s.Exec || mayBeWindows(s) ||
			s.Dockerfile().Foreign() {
			return
		}
		if script := s.Script(); script == nil || !script.Dialect.POSIX() || script.Problem == nil {
			return
		}
		for _, part := range scripts(s) {
			at, open := openQuote(string(part.view))
			if !open {
				continue
			}
			span := source.Span{Start: part.base + at, End: part.base + at + 1}
			f := s.Dockerfile().Source
			p.Report(rules.Finding{
				File: f, Span: span,
				Message: fmt.Sprintf("this %s has no end, so the shell stops with a syntax error and runs nothing",
					f.Text(span)),
			})
			return
		}
	}, "RUN"),
}

// mayBeWindows reports whether the shell of a step may be that of Windows, which reads quotes in another way.
func mayBeWindows(s *image.Step) bool {
	root := s.Image.Root().Stage
	return root.Image == "" || s.Image.Windows() || strings.Contains(root.Platform, "$")
}

// nesting are the constructs in which quotes nest, so a plain search for the end of a quote is not certain.
var nesting = []string{"${", "$(", "`", "((", "<<", "$'", `$"`}

// openQuote returns the offset of the quote of a script that has no end. It is false where there is none, or where the
// script has something in which quotes nest.
func openQuote(script string) (at int, open bool) {
	for _, n := range nesting {
		if strings.Contains(script, n) {
			return 0, false
		}
	}
	quote := byte(0)
	for n := 0; n < len(script); n++ {
		c := script[n]
		switch {
		case c == '\\' && quote != '\'':
			n++
		case quote == 0 && (c == '\'' || c == '"'):
			quote, at = c, n
		case c == quote:
			quote = 0
		case quote == 0 && c == '#' && (n == 0 || strings.IndexByte(" \t\n;&|()", script[n-1]) >= 0):
			end := strings.IndexByte(script[n:], '\n')
			if end < 0 {
				return 0, false
			}
			n += end
		}
	}
	return at, quote != 0
}
