package dockerfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/sshd"
)

var environmentLostOverSsh = &rules.Rule{
	ID:       "dockerfile/environment-lost-over-ssh",
	Summary:  "a variable of the image does not reach the sessions of the SSH server that its containers run",
	Severity: rules.Info,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"OpenSSH, session.c, do_setup_env: a session begins with an environment of its own",
		"sshd_config(5): SetEnv, PermitUserEnvironment; NixOS/nixpkgs, openssh: the default PATH of sshd",
		"Nix manual, remote builds: `nix-store: command not found`",
	},
	Check: rules.OnImage(func(p *rules.Pass, img *image.Image) {
		if img.Dockerfile.Foreign() || img.Windows() {
			return
		}
		server := sshd.Server(img)
		if server == nil || sshd.Command.Mended(img) || !img.Final() {
			return
		}
		place := rules.Related{File: server.File, Span: server.Span, Message: "sshd is started here"}
		reported, mended := map[string]bool{}, sshd.Any.Mended(img)
		for at := img; at != nil && !mended; at = at.Parent {
			for _, s := range at.Steps() {
				if s.Name != "ENV" || s.Deferred || s.Onbuild != nil {
					continue
				}
				for n := range s.Pairs {
					name := s.Pairs[n].Key.Text
					if reported[name] || !matters(&s.Pairs[n]) {
						continue
					}
					reported[name] = true
					f := rules.Finding{
						File: img.Dockerfile.Source, Span: s.Pairs[n].Key.Span, Related: []rules.Related{place},
						Message: fmt.Sprintf("a session over SSH does not get %s from ENV, since sshd begins each one "+
							"with an environment of its own", name),
					}
					p.Report(f)
				}
			}
		}
		root := img.Root()
		if root.Base == nil || reported["PATH"] || !slices.Contains(nixImages, root.Base.Name) || linksPrograms(img) {
			return
		}
		p.Report(rules.Finding{
			File: img.Dockerfile.Source, Span: root.Stage.Base.Span, Related: []rules.Related{place},
			Severity: rules.Warning,
			Message: "the programs of Nix are in a profile that only the PATH of this image names, and sshd begins a " +
				"session without it, so a remote build stops with \"nix-store: command not found\"",
		})
	}),
}

// nixImages have Nix in a profile alone: nothing of it is in /usr/bin.
var nixImages = []string{"nixos/nix", "lix-project/lix", "lnl7/nix", "nixpkgs/nix", "nixpkgs/nix-unstable",
	"nixpkgs/nix-flakes"}

// sessionVariables are variables that programs in a session read and that fail or do something else without them.
var sessionVariables = []string{
	"LD_LIBRARY_PATH", "LD_PRELOAD", "PYTHONPATH", "NODE_PATH", "PERL5LIB", "RUBYLIB", "GOPATH", "GOROOT", "GOBIN",
	"JAVA_HOME", "CARGO_HOME", "RUSTUP_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "NIX_PATH", "NIX_CONFIG",
	"NIX_CONF_DIR", "NIX_USER_CONF_FILES", "NIX_REMOTE", "NIX_SSL_CERT_FILE", "PKG_CONFIG_PATH", "CUDA_HOME",
	"ANDROID_HOME", "ANDROID_SDK_ROOT", "HADOOP_HOME", "SPARK_HOME", "MAVEN_HOME", "M2_HOME", "GRADLE_HOME",
}

// usualPath are the folders that sshd and the profiles of distributions put in PATH.
var usualPath = []string{
	"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/games", "/usr/local/games",
	"",
}

// matters reports whether sessions need a variable.
func matters(pair *dockerfile.Pair) bool {
	name, value := pair.Key.Text, strings.Trim(pair.Value.Text, `"'`)
	if name != "PATH" {
		return value != "" && slices.Contains(sessionVariables, name)
	}
	for _, folder := range strings.Split(value, ":") {
		if !strings.HasPrefix(folder, "$") && !slices.Contains(usualPath, folder) {
			return true
		}
	}
	return false
}

// linksPrograms reports whether a step may put programs where sshd looks for them.
func linksPrograms(img *image.Image) bool {
	for at := img; at != nil; at = at.Parent {
		for _, s := range at.Steps() {
			if s.Name == "COPY" || s.Name == "ADD" {
				if _, ok := sshd.Files(s); !ok && sshd.Reaches(s, "/usr", "/bin") {
					return true
				}
			}
			for _, c := range s.Commands() {
				if c.Name == "ln" || c.Name == "cp" || c.Name == "install" {
					for _, w := range c.Words[1:] {
						if !w.Known || strings.HasPrefix(w.Text, "/usr/") || strings.HasPrefix(w.Text, "/bin") {
							return true
						}
					}
				}
			}
		}
	}
	return false
}
