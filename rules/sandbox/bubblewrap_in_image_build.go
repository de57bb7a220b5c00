package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/distro"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/sandbox/internal/engine"
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
		"containers/buildah#1901, containers/buildah#1335: " +
			"`Error during unshare(CLONE_NEWUSER): Operation not permitted`",
		"docker/for-linux#1267, debuerreotype/debuerreotype#112: `unshare failed: Operation not permitted`",
		"guix-daemon's option --disable-chroot: `cloning builder process: Operation not permitted`",
		"BuildKit, executor/oci: every RUN without --security=insecure gets the default seccomp profile",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		for _, c := range d.Commands(append(slices.Sorted(maps.Keys(isolating)), "opam")...) {
			checkBubblewrap(p, c)
		}
		for _, c := range d.Commands() {
			if slices.Contains(c.Wrappers, "unshare") { // what it runs is the command
				checkBubblewrap(p, c)
			}
		}
	}),
}

func checkBubblewrap(p *rules.Pass, c *image.Command) {
	if c.Step.Name != "RUN" || !c.InDockerfile() || c.Maybe || c.Ignored || c.Function != "" ||
		engine.Insecure(c.Step) {
		return
	}
	span, fix := needsNamespaces(c)
	if span.IsEmpty() || !engine.ForbidsNamespaces(p, c.Step.Image) {
		return
	}
	fails := "it fails with \"Operation not permitted\""
	switch {
	case c.Name == "bwrap" || c.Name == "flatpak-builder":
		fails = "bwrap fails with \"Operation not permitted\""
	case c.Name == "opam" && saysYes(c):
		fails = "bwrap fails with \"Operation not permitted\", " +
			"and opam disables its sandbox (since 2.1) or cannot build (2.0)"
	case c.Name == "opam":
		fails = "bwrap fails with \"Operation not permitted\", and opam cannot build anything"
	}
	finding := rules.Finding{
		File: c.File, Span: span,
		Message: quoted(c.File, span) + " creates namespaces, which docker build forbids, so " + fails,
	}
	if fix != nil {
		finding.Fixes = []fixers.Fix{*fix}
	}
	p.Report(finding)
}

// saysYes reports whether opam answers its questions itself: whether to disable the sandbox that does not work is one.
func saysYes(c *image.Command) bool {
	if c.HasWord("-y") || c.HasWord("--yes") {
		return true
	}
	for _, name := range []string{"OPAMYES", "OPAMCONFIRMLEVEL"} {
		if _, set := c.Step.Lookup(name); set || c.Assigned(name).Set {
			return true
		}
	}
	return false
}

func quoted(f *source.File, s source.Span) string { return fmt.Sprintf("%q", f.Text(s)) }

// isolation is when a program creates namespaces.
type isolation struct {
	// commands are the subcommands that do; nil where every call with an argument does.
	commands []string
	// never are the options with which it does not.
	never []string
	// avoid is an option that avoids it and can be added after the program's name, or "".
	avoid string
	// images are words in the name of a base image that comes with a configuration of its own for the program.
	images []string
	// environment are variables that may avoid it.
	environment []string
}

// isolating are programs that create namespaces whenever they do their work, also as root.
var isolating = map[string]isolation{
	"bwrap":           {never: []string{"--version", "--help"}},
	"flatpak-builder": {never: []string{"--disable-rofiles-fuse", "--download-only", "--version", "--help"}},
	"systemd-nspawn":  {never: []string{"--version", "--help", "-h"}},
	"rootlesskit":     {never: []string{"--version", "-v", "--help", "-h"}},
	"guix-daemon": {
		never: []string{"--disable-chroot", "--version", "-V", "--help", "-?"},
		avoid: "--disable-chroot",
	},
	"debuerreotype-init":   {never: []string{"--help", "-h", "-?"}},
	"debuerreotype-chroot": {never: []string{"--help", "-h", "-?"}},
	"buildah": {
		commands:    []string{"bud", "build", "build-using-dockerfile", "from", "run", "mount", "unshare"},
		never:       []string{"--isolation=chroot", "--isolation", "--help", "-h"},
		images:      []string{"buildah", "podman"},
		environment: []string{"BUILDAH_ISOLATION"},
	},
	"podman": {
		commands: []string{"build", "run", "create", "unshare"},
		never: []string{
			"--isolation=chroot", "--isolation", "--remote", "-r", "--url", "--connection", "-c", "--help", "-h",
		},
		images:      []string{"buildah", "podman"},
		environment: []string{"BUILDAH_ISOLATION", "CONTAINER_HOST"},
	},
}

// needsNamespaces returns the span of the program and subcommand that create namespaces, and a fix that avoids them.
func needsNamespaces(c *image.Command) (source.Span, *fixers.Fix) {
	switch {
	case slices.Contains(c.Wrappers, "unshare"):
		return unshare(c), nil
	case c.Name == "opam":
		return opamInit(c)
	}
	how := isolating[c.Name]
	if len(c.Words) == 1 && c.Name == "bwrap" {
		return source.Span{}, nil
	}
	for _, w := range c.Words[1:] {
		name, _, _ := strings.Cut(w.Text, "=")
		if slices.Contains(how.never, w.Text) || name != w.Text && slices.Contains(how.never, name) ||
			!w.Known && strings.Contains(w.Text, "$") && how.commands != nil {
			return source.Span{}, nil
		}
	}
	root := c.Step.Image.Root().Stage.Image
	if slices.ContainsFunc(how.images, func(name string) bool {
		return root == "" || strings.Contains(root, name)
	}) || slices.ContainsFunc(how.environment, func(name string) bool {
		_, set := c.Step.Lookup(name)
		return set || c.Assigned(name).Set
	}) {
		return source.Span{}, nil
	}
	span := c.Words[0].Span
	if how.commands != nil {
		n := slices.IndexFunc(c.Words[1:], func(w shell.Word) bool { return !strings.HasPrefix(w.Text, "-") })
		if n < 0 || !slices.Contains(how.commands, c.Words[n+1].Text) {
			return source.Span{}, nil
		}
		span = span.Join(c.Words[n+1].Span)
	}
	if how.avoid == "" || c.Quoting != source.Plain || c.Step.Exec {
		return span, nil
	}
	return span, addWord(c, c.Words[0].Span.End, how.avoid)
}

// unshare returns the place of the program unshare before a command, empty where it has no option and so creates
// nothing.
func unshare(c *image.Command) source.Span {
	text := c.File.Text(c.Span)
	at := strings.Index(text, "unshare ")
	if at < 0 || !strings.HasPrefix(strings.TrimLeft(text[at+len("unshare "):], " "), "-") {
		return source.Span{}
	}
	return source.Span{Start: c.Span.Start + at, End: c.Span.Start + at + len("unshare")}
}

// addWord returns the fix that adds a word to a command.
func addWord(c *image.Command, at int, word string) *fixers.Fix {
	return &fixers.Fix{
		Title: "Add " + word, Safety: fixers.Unsafe,
		Changes: fixers.Changes{fixdocker.Words{Added: []string{word}}},
		Edits:   []fixers.Edit{{File: c.File, Span: source.Span{Start: at, End: at}, Text: " " + word}},
	}
}

// opamInit is needsNamespaces for opam.
func opamInit(c *image.Command) (source.Span, *fixers.Fix) {
	init := slices.IndexFunc(c.Words, func(w shell.Word) bool { return w.Text == "init" })
	if init < 0 || initialised(c.Step.Image) || oldOpam(c) {
		return source.Span{}, nil
	}
	for _, w := range c.Words[1:] {
		switch {
		case w.Text == "--disable-sandboxing", w.Text == "--reinit", w.Text == "--help",
			!w.Known && strings.Contains(w.Text, "$"):
			return source.Span{}, nil
		}
	}
	span := c.Words[0].Span.Join(c.Words[init].Span)
	if c.Quoting != source.Plain {
		return span, nil
	}
	return span, addWord(c, c.Words[init].Span.End, "--disable-sandboxing")
}

// oldOpam reports whether the opam of a command may be older than 2.0, which has no sandbox and no
// --disable-sandboxing: the distribution's package of an old release.
func oldOpam(c *image.Command) bool {
	name, tag, _ := distro.Split(c.Step.Image.Root().Stage.Image)
	release := distro.Of(name, tag)
	if release == nil {
		return false
	}
	if sandboxes, known := release.OpamSandboxes(); sandboxes || !known && release.Opam != distro.Absent {
		return false
	}
	for _, other := range c.Step.Dockerfile().Commands("apt-get", "apt", "aptitude") {
		if other.HasWord("opam") {
			return true
		}
	}
	return false
}

// initialised reports whether the image has, or may have, an opam that is already set up.
func initialised(img *image.Image) bool {
	name := img.Root().Stage.Image
	return name == "" || strings.HasPrefix(strings.TrimPrefix(name, "docker.io/"), "ocaml/") ||
		strings.Contains(name, "opam")
}
