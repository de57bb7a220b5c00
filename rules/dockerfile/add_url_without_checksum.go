package dockerfile

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/copies"
)

var addURLWithoutChecksum = &rules.Rule{
	ID:       "dockerfile/add-url-without-checksum",
	Summary:  "ADD downloads a file or a repository whose content nothing fixes",
	Severity: rules.Info,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"Dockerfile reference: ADD --checksum; docker/dockerfile 1.6 brought it for URLs",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Broken || s.Image == nil || s.Dockerfile().Foreign() {
			return
		}
		if _, ok := s.Flag("checksum"); ok {
			return
		}
		for _, source := range copies.Sources(s) {
			if !source.Known {
				continue
			}
			message := ""
			switch text := source.Text; {
			case copies.IsURL(text) && commitInPath().MatchString(text): // the server has one content for it
			case copies.IsURL(text):
				message = "nothing says what this URL has to contain, so the image gets whatever the server sends"
			case copies.IsGit(text) && !fixedCommit().MatchString(text) && !strings.Contains(text, "checksum="):
				message = "this names no commit, so the image gets what the branch or tag is that day"
				if _, ref, ok := strings.Cut(text, "#"); ok {
					message = fmt.Sprintf("%q is not a commit, so the image gets what the branch or tag is that "+
						"day", ref)
				}
			}
			if message != "" {
				p.Report(rules.Finding{File: s.Dockerfile().Source, Span: source.Word.Span, Message: message})
			}
		}
	}, "ADD"),
}

// fixedCommit matches a reference to a repository that names a commit.
var fixedCommit = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`#[0-9a-f]{40}(:|$)|#[0-9a-f]{64}(:|$)|[?&]commit=[0-9a-f]{40}`)
})

// commitInPath matches a URL of a file in one commit, such as those of raw.githubusercontent.com.
var commitInPath = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`/[0-9a-f]{40}/`) })
