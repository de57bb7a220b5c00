package sandbox

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var bubblewrapInImageBuild = &rules.Rule{
	ID:       "sandbox/bubblewrap-in-image-build",
	Summary:  "a program that needs user namespaces runs in a build container that forbids them",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"containers/bubblewrap#675, containers/bubblewrap#505: " +
			"`bwrap: Creating new namespace failed: Operation not permitted`",
		"ocaml/opam#4327, ocaml/opam-repository#27078",
		"BuildKit, executor/oci: every RUN without --security=insecure gets the default seccomp profile",
	},
	Check: rules.OnCommand(checkBubblewrap, "bwrap", "flatpak-builder", "opam"),
}

func checkBubblewrap(p *rules.Pass, c *image.Command) {
	if p.Targets().Seccomp.Given("podman") && !p.Targets().Seccomp.Given("docker") {
		return // the default profile of Podman and Buildah allows new namespaces
	}
	if c.Step.Name != "RUN" || !c.InDockerfile() || c.Maybe || c.Ignored || c.Function != "" {
		return
	}
	if security, ok := c.Step.Flag("security"); ok && security.Value == "insecure" {
		return
	}
	span, fix := needsNamespaces(c)
	if span.IsEmpty() {
		return
	}
	finding := rules.Finding{
		File: c.File, Span: span,
		Message: quoted(c.File, span) + " creates namespaces, which docker build forbids, " +
			"so bwrap fails with \"Operation not permitted\"",
	}
	if fix != nil {
		finding.Fixes = []fixers.Fix{*fix}
	}
	p.Report(finding)
}

func quoted(f *source.File, s source.Span) string { return fmt.Sprintf("%q", f.Text(s)) }

// needsNamespaces returns the span of the program and subcommand that create namespaces, and a fix that avoids them.
func needsNamespaces(c *image.Command) (source.Span, *fixers.Fix) {
	switch c.Name {
	case "bwrap":
		if len(c.Words) > 1 && !slices.ContainsFunc(
			c.Words,
			func(w shell.Word) bool { return w.Text == "--version" || w.Text == "--help" },
		) {
			return c.Words[0].Span, nil
		}
	case "flatpak-builder":
		if slices.ContainsFunc(c.Words, func(w shell.Word) bool {
			return w.Text == "--disable-rofiles-fuse" || w.Text == "--download-only" || w.Text == "--version" ||
				w.Text == "--help"
		}) {
			return source.Span{}, nil
		}
		return c.Words[0].Span, nil
	case "opam":
		init := slices.IndexFunc(c.Words, func(w shell.Word) bool { return w.Text == "init" })
		if init < 0 || initialised(c.Step.Image) {
			return source.Span{}, nil
		}
		for _, w := range c.Words[1:] {
			switch {
			case w.Text == "--disable-sandboxing", w.Text == "--reinit", w.Text == "--help",
				!w.Known && strings.Contains(w.Text, "$"):
				return source.Span{}, nil
			}
		}
		at := c.Words[init].Span.End
		fix := &fixers.Fix{
			Title: "Add --disable-sandboxing", Safety: fixers.Unsafe,
			Changes: fixers.Changes{fixdocker.Words{Added: []string{"--disable-sandboxing"}}},
			Edits: []fixers.Edit{
				{File: c.File, Span: source.Span{Start: at, End: at}, Text: " --disable-sandboxing"},
			},
		}
		if c.Quoting != source.Plain {
			fix = nil
		}
		return c.Words[0].Span.Join(c.Words[init].Span), fix
	}
	return source.Span{}, nil
}

// initialised reports whether the image has, or may have, an opam that is already set up.
func initialised(img *image.Image) bool {
	name := img.Root().Stage.Image
	return name == "" || strings.HasPrefix(strings.TrimPrefix(name, "docker.io/"), "ocaml/") ||
		strings.Contains(name, "opam")
}
