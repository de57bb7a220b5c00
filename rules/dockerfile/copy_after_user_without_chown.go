package dockerfile

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

var copyAfterUserWithoutChown = &rules.Rule{
	ID:       "dockerfile/copy-after-user-without-chown",
	Summary:  "files copied after USER belong to root, so the user cannot change them",
	Severity: rules.Info,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Optional: true,
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Dockerfile reference: COPY --chown, \"All files and directories copied from the build context are created " +
			"with a default UID and GID of 0\"",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Broken || s.Image == nil || s.Deferred || s.Dockerfile().Foreign() || s.Image.Windows() {
			return
		}
		if _, ok := s.Flag("chown"); ok {
			return
		}
		if _, ok := s.Flag("from"); ok {
			return // the files keep the owner that they have there
		}
		user := s.User()
		if user.From == nil || !user.Known || image.IsRoot(user.Text) || user.Text == "" {
			return
		}
		f := s.Dockerfile().Source
		finding := rules.Finding{
			File: f, Span: s.Keyword,
			Message: fmt.Sprintf("USER does not count for %s: the files belong to root, and %q cannot change them",
				s.Name, user.Text),
			Related: []rules.Related{{File: f, Span: user.Span, Message: "the user"}},
		}
		link, linked := s.Flag("link")
		numeric := strings.Trim(user.Text, "0123456789") == ""
		owner := f.Text(user.Span)
		if !strings.ContainsAny(owner, "$\"'\\`") && (numeric || !linked || link.Value == "false") {
			finding.Fixes = []fixers.Fix{{
				Title: "Add --chown=" + owner + ", which gives the files to that user", Safety: fixers.Unsafe,
				Edits:   fixdocker.InsertAfterWord(f, s.Keyword, " --chown="+owner),
				Changes: fixers.Changes{fixdocker.Flags{"chown"}},
			}}
		}
		p.Report(finding)
	}, "COPY", "ADD"),
}
