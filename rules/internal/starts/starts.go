// Package starts finds what a container does once it is started: the command of its run or of its image, and whether
// that is a program which sandboxes others. The rules about the privileges of containers and about the profiles under
// which they run share it.
package starts

import (
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixconf/reach"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// Start is a container with the image that it is started from, where the workspace builds that.
type Start struct {
	Run *runs.Run
	// Document is that of the Dockerfile, and Image the stage; nil for an image that the workspace does not build.
	Document *workspace.Document
	Image    *image.Image
}

// Of returns what is known of a container.
func Of(p *rules.Pass, run *runs.Run) *Start {
	s := &Start{Run: run}
	s.Document, s.Image = p.Workspace.Built(run)
	return s
}

// Command is a command that the container starts with.
type Command struct {
	*shell.Command
	File *source.File
}

// Commands returns the commands with which the container starts, in order; none where they are not known.
func (s *Start) Commands() []Command {
	run := s.Run
	entry, cmd := s.inForce()
	if run.Entrypoint == nil && run.Args == nil {
		switch {
		case entry == nil && cmd == nil:
			return nil
		case entry == nil:
			return ofStep(cmd)
		case cmd == nil || !entry.Exec:
			return ofStep(entry)
		}
	}
	var words []shell.Word
	file := run.File
	switch {
	case run.Entrypoint != nil:
		if !run.Entrypoint.Known {
			return nil
		}
		words = ofRun(run.Entrypoint)
	case entry != nil:
		first := ofStep(entry)
		if !entry.Exec || len(first) != 1 || len(first[0].Wrappers) > 0 {
			return nil
		}
		words, file = first[0].Words, first[0].File
	case s.Image == nil && !plain(run.Image.Text):
		return nil // the image may have an ENTRYPOINT
	}
	switch {
	case run.Args != nil && !run.Args.Known:
		return nil
	case run.Args != nil:
		words = slices.Concat(words, ofRun(run.Args))
		if entry == nil || run.Entrypoint != nil {
			file = run.Args.File
		}
	case run.Entrypoint == nil && cmd != nil:
		rest := ofStep(cmd)
		if !cmd.Exec || len(rest) != 1 || len(rest[0].Wrappers) > 0 {
			return nil
		}
		words = slices.Concat(words, rest[0].Words)
	}
	if len(words) == 0 {
		return nil
	}
	var out []Command
	for _, c := range shell.FromExec(words).Commands {
		out = append(out, Command{c, file})
	}
	return out
}

// plain reports whether an image has no ENTRYPOINT: those of distributions and of Nix.
func plain(reference string) bool {
	switch runs.Reference(reference) {
	case "nixos/nix", "debian", "ubuntu", "alpine", "fedora", "archlinux", "centos", "almalinux", "rockylinux",
		"busybox":
		return true
	}
	return false
}

func ofRun(w *runs.Words) []shell.Word {
	out := make([]shell.Word, 0, len(w.Words))
	for _, v := range w.Words {
		word := shell.Word{Text: v.Text, Known: v.Known, Span: v.Span}
		word.Parts = []source.Piece{{Text: v.Text, Span: v.Span, Verbatim: v.Span.Len() == len(v.Text)}}
		out = append(out, word)
	}
	return out
}

func ofStep(s *image.Step) []Command {
	var out []Command
	for _, c := range s.Commands() {
		if !c.Maybe && !c.Uncalled && len(c.Words) > 0 && c.Runs == nil {
			out = append(out, Command{c.Command, c.File})
		}
	}
	return out
}

// inForce returns the ENTRYPOINT and the CMD of the image, nil where there is none. An ENTRYPOINT resets the CMD of the
// image below.
func (s *Start) inForce() (entry, cmd *image.Step) {
	for img := s.Image; img != nil; img = img.Parent {
		var ownEntry, ownCmd *image.Step
		for _, step := range img.Steps() {
			switch {
			case step.Deferred || step.From != step.Image:
			case step.Name == "ENTRYPOINT":
				ownEntry = step
			case step.Name == "CMD":
				ownCmd = step
			}
		}
		if cmd == nil && entry == nil {
			cmd = ownCmd
		}
		if entry == nil {
			entry = ownEntry
		}
	}
	return entry, cmd
}

// Sandbox is a program that sandboxes what it runs.
type Sandbox struct {
	// Label names it: "bwrap", "nix build".
	Label string
	// Nix says that it is Nix; Fallback then that it builds without a sandbox where it cannot have one.
	Nix, Fallback bool
	// Proc says that it mounts a /proc of its own.
	Proc bool
	// User says that it makes a user namespace, so that it needs no capability: bwrap with such an option, and Nix.
	User bool
	// Alone says that the container starts nothing else.
	Alone bool
	// Place is where it is started, and Demand where Nix is given the setting that demands the sandbox, if anywhere.
	Place  rules.Related
	Demand *rules.Related
}

// harmless are programs beside which another one still counts as the only one.
var harmless = []string{"cd", "echo", "exec", "export", "mkdir", "printf", "set", "test", "[", "[[", "true",
	"umask", "env"}

// Sandbox returns the program with which the container starts that certainly makes a sandbox, nil where there is none.
func (s *Start) Sandbox() *Sandbox {
	all := s.Commands()
	var found *Sandbox
	others := 0
	for _, c := range all {
		if len(c.Words) == 0 || c.Maybe {
			continue
		}
		if n := s.sandboxOf(c); n != nil && found == nil {
			found = n
			continue
		}
		if !slices.Contains(harmless, c.Name) && c.Name != "sh" && c.Name != "bash" {
			others++
		}
	}
	if found != nil {
		found.Alone = others == 0
	}
	return found
}

func (s *Start) sandboxOf(c Command) *Sandbox {
	n := &Sandbox{Label: c.Name}
	n.Place = rules.Related{File: c.File, Span: c.Words[0].Span, Message: c.Name + " is started here"}
	switch c.Name {
	case "bwrap":
		if len(c.Words) < 2 || has(c, "--version", "--help") {
			return nil
		}
		n.Proc = has(c, "--proc")
		n.User = has(c, "--unshare-all", "--unshare-user", "--unshare-user-try")
		return n
	case "flatpak-builder":
		if len(c.Words) < 2 || has(c, "--version", "--help", "--download-only", "--disable-rofiles-fuse") {
			return nil
		}
		n.Proc = true
		return n
	}
	return s.nix(c, n)
}

func has(c Command, words ...string) bool {
	return slices.ContainsFunc(c.Words[1:], func(w shell.Word) bool { return slices.Contains(words, w.Text) })
}

// nix returns n for a command of Nix that builds and has been given the setting sandbox.
func (s *Start) nix(c Command, n *Sandbox) *Sandbox {
	if s.Document == nil || s.Document.Nix == nil || s.hidesNix() {
		return nil
	}
	use := nixuse.UseOf(c.File, c.Command)
	if use == nil || use.Installer != nil || use.Phases&(reach.Builds|reach.MayBuild) == 0 {
		return nil
	}
	at := slices.IndexFunc(s.Document.Nix.Images, func(i *nixuse.Image) bool { return i.Image == s.Image })
	if at < 0 {
		return nil
	}
	settings := s.Document.Nix.Images[at].SettingsBefore(nil)
	value := func(name string) (string, bool) {
		if use.Options != nil {
			if o := use.Options.Last(name); o != nil {
				return o.Value, true
			}
		}
		return settings.Value(name)
	}
	sandbox, known := value("sandbox")
	fallback, knownFallback := value("sandbox-fallback")
	if !known || !knownFallback || sandbox != "true" && sandbox != "relaxed" {
		return nil
	}
	n.User = true
	n.Label, n.Nix, n.Proc, n.Fallback = use.Label, true, true, fallback != "false"
	if use.Options != nil && (use.Options.Last("sandbox") != nil || use.Options.Last("sandbox-fallback") != nil) {
		return n
	}
	for _, name := range []string{"sandbox-fallback", "sandbox"} {
		for _, o := range settings.Origins(name) {
			if o.Event != nil && o.Event.File != nil {
				n.Demand = &rules.Related{File: o.Event.File, Span: o.Event.Span, Message: name + " is set here"}
				return n
			}
		}
	}
	return nil // by default, which most people do not know of
}

// NixSandboxed reports whether the workspace switches on Nix's sandbox in the image, whatever the container starts.
func (s *Start) NixSandboxed() bool {
	if s.Document == nil || s.Document.Nix == nil {
		return false
	}
	for _, img := range s.Document.Nix.Images {
		if img.Image != s.Image {
			continue
		}
		settings := img.SettingsBefore(nil)
		v, _ := settings.Value("sandbox")
		return v != "false" && slices.ContainsFunc(settings.Origins("sandbox"),
			func(o nixuse.Origin) bool { return o.Event != nil })
	}
	return false
}

// hidesNix reports whether the run replaces what the image says about Nix.
func (s *Start) hidesNix() bool {
	r := s.Run
	for name := range r.Env {
		if strings.HasPrefix(name, "NIX_") {
			return true
		}
	}
	return len(r.EnvFiles) > 0 || slices.ContainsFunc(r.Mounts, func(v runs.Value) bool {
		text := v.Text
		if !v.Known { // "$PWD:/src" still says where
			text = v.File.Text(v.Span)
		}
		parts := strings.Split(text, ":")
		if len(parts) < 2 || strings.ContainsAny(parts[1], "$`{") {
			return !v.Known
		}
		target := parts[1]
		return strings.HasPrefix(target, "/nix") || strings.HasPrefix(target, "/etc") ||
			strings.HasPrefix(target, "/root") || strings.Contains(target, ".config")
	})
}

// Mentions reports whether the description of the container, its image's name or its Dockerfile has one of the words,
// in lower case: for reasons not to report it.
func (s *Start) Mentions(words ...string) bool {
	texts := []string{s.Run.Image.Text, s.Run.Name}
	if s.Run.Host != runs.Devcontainer && s.Run.Host != runs.Quadlet { // whose keys name Podman
		texts = append(texts, s.Run.File.Text(s.Run.Whole))
	}
	if s.Document != nil {
		texts = append(texts, string(s.Document.Source.Bytes), path.Base(s.Document.Source.Path))
	}
	for _, text := range texts {
		text = strings.ToLower(text)
		if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) }) {
			return true
		}
	}
	return false
}

// InTests reports whether a container is described in a folder of tests.
func InTests(run *runs.Run) bool {
	return slices.ContainsFunc(strings.Split(path.Dir(run.File.Path), "/"), func(folder string) bool {
		return folder == "test" || folder == "tests" || folder == "testdata" || folder == "e2e" || folder == "fixtures"
	})
}

// PodmanOnly reports whether the files are for Podman, whose default profile allows the syscalls of sandboxes.
func PodmanOnly(p *rules.Pass, run *runs.Run) bool {
	t := p.Targets().Seccomp
	return run.Engine == runs.Podman || t.Given("podman") && !t.Given("docker")
}

// Disabled returns the place where the image switches off the sandbox of a program that the container starts with: a
// browser's option, or Nix's setting in the files of the workspace. The phrase says what is off.
func (s *Start) Disabled() (place rules.Related, phrase string, ok bool) {
	for _, c := range s.Commands() {
		if len(c.Words) == 0 || c.Maybe {
			continue
		}
		if slices.Contains(browsers, c.Name) {
			for _, w := range c.Words[1:] {
				if w.Text == "--no-sandbox" || w.Text == "--disable-setuid-sandbox" && has(c, "--no-sandbox") {
					return rules.Related{File: c.File, Span: w.Span, Message: "its own sandbox is off here"},
						"the sandbox of " + c.Name, true
				}
			}
			continue
		}
		use := nixuse.UseOf(c.File, c.Command)
		if use == nil || use.Installer != nil || use.Phases&(reach.Builds|reach.MayBuild) == 0 || s.hidesNix() {
			continue
		}
		if use.Options != nil {
			if o := use.Options.Last("sandbox"); o != nil && o.Value == "false" {
				return rules.Related{File: c.File, Span: use.Span, Message: "Nix's sandbox is off here"},
					"the sandbox of Nix", true
			}
		}
		if s.Document == nil || s.Document.Nix == nil {
			continue
		}
		at := slices.IndexFunc(s.Document.Nix.Images, func(i *nixuse.Image) bool { return i.Image == s.Image })
		if at < 0 {
			continue
		}
		settings := s.Document.Nix.Images[at].SettingsBefore(nil)
		if v, known := settings.Value("sandbox"); known && v == "false" {
			for _, o := range settings.Origins("sandbox") {
				if o.Event != nil && o.Event.File != nil && !o.Event.ByInstaller {
					return rules.Related{File: o.Event.File, Span: o.Event.Span, Message: "Nix's sandbox is off here"},
						"the sandbox of Nix", true
				}
			}
		}
	}
	return rules.Related{}, "", false
}

// Unconfined reports whether Nix certainly builds without its sandbox and without its syscall filter in the container,
// and where the workspace switches the filter off.
func (s *Start) Unconfined() (place rules.Related, ok bool) {
	if s.Document == nil || s.Document.Nix == nil || s.hidesNix() {
		return place, false
	}
	at := slices.IndexFunc(s.Document.Nix.Images, func(i *nixuse.Image) bool { return i.Image == s.Image })
	if at < 0 {
		return place, false
	}
	settings := s.Document.Nix.Images[at].SettingsBefore(nil)
	sandbox, known := settings.Value("sandbox")
	filter, knownFilter := settings.Value("filter-syscalls")
	if !known || !knownFilter || sandbox != "false" || filter != "false" {
		return place, false
	}
	for _, o := range settings.Origins("filter-syscalls") {
		if o.Event != nil && o.Event.File != nil {
			return rules.Related{
				File: o.Event.File, Span: o.Event.Span, Message: "its syscall filter is off here",
			}, true
		}
	}
	return place, false
}

// browsers are the programs of browsers with a sandbox of their own.
var browsers = []string{
	"chromium", "chromium-browser", "chrome", "google-chrome", "google-chrome-stable", "headless-shell",
	"chrome-headless-shell", "brave", "brave-browser", "microsoft-edge", "electron",
}
