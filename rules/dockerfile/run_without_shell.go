package dockerfile

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

var runWithoutShell = &rules.Rule{
	ID:       "dockerfile/run-without-shell",
	Summary:  "a RUN in an empty image has no program to run",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		`runc: exec: "/bin/sh": stat /bin/sh: no such file or directory`,
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Image == nil || s.Onbuild != nil || s.Broken || s.Dockerfile().Foreign() ||
			s.Image.Root().Stage.Image != "scratch" || len(s.Instruction.Flags) > 0 {
			return
		}
		for img, end := s.Image, s; img != nil; img, end = img.Parent, nil {
			for _, other := range img.Steps() {
				if other == end {
					break
				}
				switch other.Name {
				case "COPY", "ADD":
					return // brings files, of which one may be the program
				case "RUN":
					if other != s && img == s.Image {
						return // one finding says it
					}
				}
			}
		}
		what := "/bin/sh"
		if sh := s.Shell(); len(sh) > 0 {
			what = sh[0].Text
		}
		if s.Exec && len(s.Words) > 0 {
			what = s.Words[0].Text
		}
		p.Report(rules.Finding{
			File: s.Dockerfile().Source, Span: s.Keyword,
			Message: fmt.Sprintf("the image is empty, since it is built from scratch and nothing has been copied to "+
				"it, so there is no %s to run", what),
		})
	}, "RUN"),
}
