package dockerfile

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/grammar"
)

var badChecksum = &rules.Rule{
	ID:       "dockerfile/bad-checksum",
	Summary:  "an ADD --checksum is not a checksum, or there is nothing that it can check, so the build fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/convert_copy.go: dispatchCopy",
		"github.com/opencontainers/go-digest: Parse",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		flag, ok := s.Flag("checksum")
		if s.Onbuild != nil && strings.Contains(s.Dockerfile().Source.Text(s.Instruction.Span), "$") {
			return // what the variables hold then is not known
		}
		if !ok || s.Broken || grammar.Again(s) || !flag.Known || flag.Value == "" || len(s.Words) < 2 ||
			s.Dockerfile().Foreign() {
			return
		}
		finding := rules.Finding{File: s.Dockerfile().Source, Span: flag.Span}
		name, known := s.Expand(s.Words[0].Text)
		isURL := strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://")
		isGit := strings.HasPrefix(name, "git@") || strings.HasPrefix(name, "git://") ||
			strings.HasPrefix(name, "ssh://") || strings.HasPrefix(name, "github.com/") ||
			strings.Contains(name, ".git")
		switch {
		case len(s.Words) > 2:
			finding.Message = "--checksum is for one source, and this ADD has several, so the build fails"
		case !known:
			return
		case !isURL && !isGit:
			finding.Message = fmt.Sprintf("--checksum is for a URL, and %q is a file of the build context, so "+
				"the build fails", name)
		case isURL && !isGit && !isDigest(flag.Value):
			finding.Span = flag.At
			finding.Message = fmt.Sprintf("%q is not a checksum such as sha256: and 64 hexadecimal digits, so "+
				"the build fails", flag.Value)
		default:
			return
		}
		p.Report(grammar.Trigger(s, finding))
	}, "ADD"),
}

var digestPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$`)
})

// isDigest reports whether BuildKit accepts the checksum of a download.
func isDigest(text string) bool { return digestPattern().MatchString(text) }
