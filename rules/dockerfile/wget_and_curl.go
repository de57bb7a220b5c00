package dockerfile

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var wgetAndCurl = &rules.Rule{
	ID:       "dockerfile/wget-and-curl",
	Aliases:  []string{"DL4001"},
	Summary:  "one image uses both wget and curl, which do the same",
	Severity: rules.Info,
	Category: rules.Performance,
	Since:    "0.1.0",
	References: []string{
		"Docker documentation, Building best practices: Don't install unnecessary packages",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		used := map[*image.Image]*downloaders{}
		for _, c := range d.Commands("wget", "curl") {
			if !managers.Judged(c) || c.Uncalled || c.Maybe || c.Joined == "||" || !fetches(c) {
				continue
			}
			here := downloadersOf(c.Step.Image, used)
			other := "curl"
			if c.Name == "curl" {
				other = "wget"
			}
			if *here.of(c.Name) == nil {
				*here.of(c.Name) = c
			}
			first := *here.of(other)
			if own := *here.of(c.Name); first == nil || here.reported == c.Step || !comesAfter(own, first) {
				continue // only the tool that came second is reported, in each RUN once
			}
			here.reported = c.Step
			p.Report(rules.Finding{
				File: c.File, Span: c.Words[0].Span,
				Message: fmt.Sprintf("the image uses both %s and %s; one of them does for both", other, c.Name),
				Related: []rules.Related{{
					File: first.File, Span: first.Words[0].Span, Message: "the first use of " + other,
				}},
			})
		}
	}),
}

// downloaders are the first uses of wget and curl in an image.
type downloaders struct {
	wget, curl *image.Command
	reported   *image.Step
}

func (d *downloaders) of(name string) **image.Command {
	if name == "wget" {
		return &d.wget
	}
	return &d.curl
}

// downloadersOf returns what an image uses so far, at first that of its parent.
func downloadersOf(img *image.Image, used map[*image.Image]*downloaders) *downloaders {
	if d := used[img]; d != nil {
		return d
	}
	d := &downloaders{}
	if img.Parent != nil {
		*d = *downloadersOf(img.Parent, used)
	}
	used[img] = d
	return d
}

// comesAfter reports whether a command stands below another one.
func comesAfter(c, other *image.Command) bool {
	if c.Step != other.Step {
		return c.Step.Index > other.Step.Index
	}
	return c.Span.Start > other.Span.Start
}

// fetches reports whether a command does more than print its version.
func fetches(c *image.Command) bool {
	return len(c.Words) > 1 && c.Words[1].Text != "--version" && c.Words[1].Text != "--help"
}
