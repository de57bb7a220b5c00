package sandbox

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/starts"
)

var publicRootSSH = &rules.Rule{
	ID:       "sandbox/public-root-ssh",
	Summary:  "other machines can reach an ssh server that lets root log in",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"Docker, docs: docker run --publish: a port without an address is published on all addresses of the host",
		"sshd_config(5): PermitRootLogin",
	},
	Check: rules.OnRun(func(p *rules.Pass, run *runs.Run) {
		if files.KindByPath(run.File.Path) == files.KindWorkflow {
			return // nobody reaches the machine of a workflow
		}
		for _, port := range run.Ports {
			if port.Container != "22" || !port.Everywhere() || port.Value.Overridable {
				continue
			}
			s := starts.Of(p, run)
			if s.Image == nil {
				return
			}
			login := rootLogin(s.Image)
			if login == nil {
				return
			}
			p.Report(rules.Finding{
				File: port.Value.File, Span: port.Value.Span,
				Message: fmt.Sprintf("%q publishes the ssh server on all addresses of the host, and root may log in; "+
					"127.0.0.1:3022:22 publishes it for the host alone", port.Value.Text),
				Related: []rules.Related{{File: login.File, Span: login.Span, Message: "root's login is allowed here"}},
			})
			return
		}
	}),
}

// rootLogin returns the command of an image that lets root log in to its ssh server, nil where there is none.
func rootLogin(img *image.Image) *image.Command {
	var found *image.Command
	for at := img; at != nil; at = at.Parent {
		for _, step := range at.Steps() {
			if step.Name != "RUN" {
				continue
			}
			for _, c := range step.Commands() {
				if found == nil && !c.Maybe && allowsRoot(c) {
					found = c
				}
			}
		}
	}
	return found
}

// allowsRoot reports whether a command writes "PermitRootLogin yes" to sshd's configuration.
func allowsRoot(c *image.Command) bool {
	sshd := false
	for _, w := range c.Writes() {
		sshd = sshd || isSSHD(c.PathOf(w.Path))
		for _, piece := range w.Text {
			if isSSHD(c.PathOf(w.Path)) && permitsRoot().MatchString(piece.Text) {
				return true
			}
		}
	}
	if c.Name == "sed" {
		for _, w := range c.Words[1:] {
			sshd = sshd || isSSHD(c.PathOf(w))
		}
		for _, w := range c.Words[1:] {
			if sshd && permitsRoot().MatchString(w.Text) {
				return true
			}
		}
	}
	return false
}

func isSSHD(name string) bool {
	return strings.HasSuffix(name, "/sshd_config") || strings.Contains(name, "/sshd_config.d/")
}

var permitsRoot = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)PermitRootLogin[ \t=]+yes`)
})
