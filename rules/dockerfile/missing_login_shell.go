package dockerfile

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/packages"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var missingLoginShell = &rules.Rule{
	ID:       "dockerfile/missing-login-shell",
	Summary:  "a user gets a login shell that the image does not have",
	Severity: rules.Info,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"su(1), sshd(8): the program in the last field of /etc/passwd is started",
		"OpenSSH 9.2: \"User root not allowed because shell … does not exist\", seen with testdata/live",
		"Alpine's images have BusyBox's ash alone; /run/current-system exists where NixOS runs",
	},
	Check: rules.OnCommand(func(p *rules.Pass, c *image.Command) {
		if c.Step.Name != "RUN" || !c.InDockerfile() || c.Uncalled || len(c.Words) < 2 || c.Step.Deferred ||
			c.Step.Dockerfile().Foreign() || c.Step.Image == nil {
			return
		}
		span, shell := loginShell(c)
		switch {
		case shell == "":
		case strings.HasPrefix(shell, "/run/current-system/"):
			if !makes(c.Step.Image, "/run/current-system") {
				follows := "so a login of this user fails"
				if path.Base(shell) == "nologin" || path.Base(shell) == "false" {
					follows = "so su and SSH refuse this user for a missing shell instead"
				}
				p.Report(rules.Finding{
					File: c.File, Span: span,
					Message: fmt.Sprintf("there is no %s in the image, since /run/current-system exists on a running "+
						"NixOS alone, %s", shell, follows),
				})
			}
		case (shell == "/bin/bash" || shell == "/usr/bin/bash") && onlyAsh(c.Step.Image):
			p.Report(rules.Finding{
				File: c.File, Span: span,
				Message: fmt.Sprintf("nothing installs %s, which Alpine's image does not have, so su and SSH cannot "+
					"log this user in", shell),
			})
		}
	}, "useradd", "adduser", "usermod", "chsh", "echo", "printf", "cat", "tee"),
}

// loginShell returns the login shell that a command gives to a user, and its place.
func loginShell(c *image.Command) (source.Span, string) {
	switch c.Name {
	case "useradd", "adduser", "usermod", "chsh":
		for n, w := range c.Words[1:] {
			value, ok := strings.CutPrefix(w.Text, "--shell=")
			switch {
			case ok && w.Known:
				return w.Span, value
			case (w.Text == "-s" || w.Text == "--shell") && n+2 < len(c.Words) && c.Words[n+2].Known:
				return c.Words[n+2].Span, c.Words[n+2].Text
			}
		}
		return source.Span{}, ""
	}
	for _, w := range c.Writes() {
		if c.PathOf(w.Path) != "/etc/passwd" {
			continue
		}
		for _, piece := range w.Text {
			for line := range strings.Lines(piece.Text) {
				fields := strings.Split(strings.TrimSpace(line), ":")
				if shell := fields[len(fields)-1]; len(fields) == 7 && strings.HasPrefix(shell, "/") {
					if n := bytes.Index(c.File.Bytes[piece.Span.Start:piece.Span.End], []byte(shell)); n >= 0 {
						start := piece.Span.Start + n
						return source.Span{Start: start, End: start + len(shell)}, shell
					}
				}
			}
		}
	}
	return source.Span{}, ""
}

// makes reports whether the commands of a stage may make a path.
func makes(img *image.Image, name string) bool {
	for at := img; at != nil; at = at.Parent {
		for _, s := range at.Steps() {
			for _, c := range s.Commands() {
				if c.Name == "ln" || c.Name == "mkdir" || c.Name == "mount" {
					for _, w := range c.Words {
						if strings.HasPrefix(w.Text, name) {
							return true
						}
					}
				}
			}
		}
	}
	return false
}

// withoutBash are packages of Alpine that do not bring bash.
var withoutBash = []string{
	"build-base", "ca-certificates", "coreutils", "curl", "findutils", "g++", "gcc", "git", "grep", "jq", "libc-dev",
	"libffi-dev", "linux-headers", "make", "musl-dev", "nano", "nodejs", "npm", "openssh", "openssh-client",
	"openssh-server", "openssl", "openssl-dev", "py3-pip", "python3", "sed", "shadow", "su-exec", "sudo", "tar", "tini",
	"tzdata", "unzip", "vim", "wget", "xz", "zip", "zlib-dev",
}

// onlyAsh reports whether a stage certainly has no bash: it is based on Alpine's own image, installs nothing but
// packages that do not bring it, copies no program, and runs nothing that is not known.
func onlyAsh(img *image.Image) bool {
	root := img.Root()
	if root.Base == nil || root.Base.Name != "alpine" {
		return false
	}
	for at := img; at != nil; at = at.Parent {
		for _, s := range at.Steps() {
			if s.Name == "COPY" || s.Name == "ADD" {
				dest, _, known := s.Dest()
				if !known || dest == "/" || slices.Contains([]string{"/bin", "/usr"}, path.Dir(dest)) ||
					dest == "/bin" || dest == "/usr" {
					return false
				}
			}
			for _, c := range s.Commands() {
				if s.Name == "RUN" && mayBringBash(c) {
					return false
				}
			}
		}
	}
	return true
}

func mayBringBash(c *image.Command) bool {
	if c.Unread != image.Read || c.Name == "" && len(c.Words) > 0 || c.Name == "ln" || c.Name == "make" {
		return true
	}
	use := c.Package()
	if use == nil {
		return false
	}
	if use.Manager.Name != "apk" {
		return true
	}
	return use.Opaque || slices.ContainsFunc(use.Packages, func(pkg packages.Package) bool {
		return !pkg.Word.Known || !slices.Contains(withoutBash, pkg.Name)
	})
}
