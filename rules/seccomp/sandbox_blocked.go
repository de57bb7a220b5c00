package seccomp

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	container "github.com/sandlint/sandlint/parsers/seccomp/nested"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/starts"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/programs"
	"github.com/sandlint/sandlint/rules/seccomp/internal/reach"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
	"github.com/sandlint/sandlint/rules/seccomp/internal/requirement"
)

var sandboxBlocked = &rules.Rule{
	ID:       "seccomp/sandbox-blocked",
	Summary:  "a program that sandboxes others runs under a profile that refuses the syscalls it needs",
	Severity: rules.Info,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"containers/bubblewrap#505; ocaml/opam#4327, ocaml/opam#3424; ocaml/opam-repository#27078",
		"Chromium, sandbox/linux/services/credentials.cc and namespace_sandbox.cc; docs/linux/sandboxing.md",
		"measured with bubblewrap 0.8 to 0.13 and Chromium 156 under Docker's default profile",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		for _, use := range profile.Uses {
			if img := p.Workspace.ImageOf(use); img != nil {
				if c, nested := nestedIn(img); nested != nil {
					place := rules.Related{
						File: img.Dockerfile.Source, Span: c.Words[0].Span, Message: c.Name + " is started here",
					}
					inForce := rules.Related{File: use.File, Span: use.Span}
					reportSandbox(p, profile, inForce, started{c.Name, place, nested.needs, rules.Info, noSandbox})
					return
				}
			}
		}
		for _, run := range p.Workspace.RunsUnder(profile) {
			if on, inForce, ok := sandboxOf(p, run); ok {
				reportSandbox(p, profile, inForce, on)
				return
			}
		}
	}),
}

// nested is a kind of program that sandboxes others, and the syscalls without any of which it does not work as a user
// without capabilities.
type nested struct {
	programs []string
	needs    []string
	// off are the words on the command line with which it makes no sandbox.
	off []string
}

// needsOf returns what a tool needs in all its releases.
func needsOf(tool string) []string {
	t, ok := container.Lookup(tool)
	if !ok {
		panic("no such tool: " + tool)
	}
	var names []string
	for _, n := range t.Needs {
		if n.Program == "" {
			names = append(names, n.Syscall)
		}
	}
	return names
}

// nestedSandboxes are the programs and their needs. opam and flatpak run bubblewrap. What Nix builds is sandboxed too,
// but Nix does without where it cannot be (sandbox-fallback).
var nestedSandboxes = sync.OnceValue(func() []nested {
	return []nested{
		{
			[]string{"bwrap", "flatpak", "flatpak-builder"}, needsOf("bubblewrap"),
			[]string{"--version", "--help"},
		},
		{
			[]string{"opam"}, needsOf("opam"),
			[]string{"--disable-sandboxing", "--version", "--help", "env", "exec", "switch", "config", "var"},
		},
		{
			[]string{
				"chromium", "chromium-browser", "chrome", "google-chrome", "google-chrome-stable", "headless-shell",
				"chrome-headless-shell", "brave", "brave-browser", "microsoft-edge",
			},
			needsOf("chromium"),
			[]string{"--no-sandbox", "--disable-setuid-sandbox", "--disable-namespace-sandbox", "--version", "--help"}},
	}
})

// nestedIn returns the command with which an image's container starts, where it is a program that sandboxes others.
// Root's command does not count: root creates namespaces with a capability that containers do not have, so no profile
// is enough, and Chromium refuses to.
func nestedIn(img *image.Image) (*shell.Command, *nested) {
	var entrypoint, command, user *dockerfile.Instruction
	for at := img; at != nil && entrypoint == nil; at = at.Parent {
		for _, i := range slices.Backward(at.Stage.Instructions) {
			switch {
			case i.Name == "ENTRYPOINT" && entrypoint == nil:
				entrypoint = i
			case i.Name == "CMD" && command == nil:
				command = i
			}
		}
	}
	for at := img; at != nil && user == nil; at = at.Parent {
		for _, i := range slices.Backward(at.Stage.Instructions) {
			if i.Name == "USER" && user == nil {
				user = i
			}
		}
	}
	start := entrypoint
	if start == nil {
		start = command
	}
	if start == nil || user == nil || len(user.Words) == 0 {
		return nil, nil
	}
	script := img.Dockerfile.Script(start)
	name, known := img.Dockerfile.Expand(user, user.Words[0].Text)
	name, _, _ = strings.Cut(name, ":")
	if script == nil || !known || name == "root" || name == "0" {
		return nil, nil
	}
	words := func(c *shell.Command) []string {
		var out []string
		for _, w := range c.Words[1:] {
			out = append(out, w.Text)
		}
		if command != nil && start != command {
			for _, w := range command.Words {
				out = append(out, w.Text)
			}
		}
		return out
	}
	for _, c := range script.Commands {
		for i := range nestedSandboxes() {
			n := &nestedSandboxes()[i]
			if c.Maybe || len(c.Words) < 2 || !slices.Contains(n.programs, c.Name) {
				continue
			}
			if !slices.ContainsFunc(words(c), func(w string) bool {
				return slices.Contains(n.off, w) || strings.Contains(w, "$") || strings.HasPrefix(w, "--no-sandbox")
			}) {
				return c, n
			}
		}
	}
	return nil, nil
}

// newUser is a call of clone(2) that makes a user namespace, as bubblewrap and Chromium do first: CLONE_NEWUSER and
// SIGCHLD.
var newUser = [6]uint64{0x10000011}

// started is a program with which a container starts.
type started struct {
	name     string
	place    rules.Related
	needs    []string
	severity rules.Severity
	fails    string
}

const noSandbox = "it cannot create a sandbox"

// restores returns the command of a container that restores processes with CRIU's own rights, and whether it certainly
// needs clone3 for their ids: with a writable /proc/sys it does without. A restore by the engine itself, such as
// "podman container restore", needs nothing: there CRIU suspends the filter of what it restores.
func restores(p *rules.Pass, run *runs.Run) (place rules.Related, ok bool) {
	if _, unmasked := run.Has("systempaths", "unconfined"); unmasked ||
		slices.ContainsFunc(run.CapAdd, func(v runs.Value) bool {
			return runs.Capability(v.Text) != "CHECKPOINT_RESTORE"
		}) {
		return place, false
	}
	for _, c := range starts.Of(p, run).Commands() {
		has := func(word string) bool {
			return slices.ContainsFunc(c.Words[1:], func(w shell.Word) bool { return w.Text == word })
		}
		if c.Name == "criu" && !c.Maybe && has("restore") && has("--unprivileged") {
			return rules.Related{File: c.File, Span: c.Words[0].Span, Message: "criu is started here"}, true
		}
	}
	return place, false
}

// sandboxOf returns the program with which a container starts that makes a sandbox in a user namespace, and the place
// that puts the container's profile in force. A container that has more privileges may not need the calls.
func sandboxOf(p *rules.Pass, run *runs.Run) (on started, inForce rules.Related, ok bool) {
	if run.MayBePrivileged() || !run.Certain() {
		return on, inForce, false
	}
	if place, ok := restores(p, run); ok {
		option, _ := run.Option("seccomp")
		on = started{"criu restore", place, needsOf("criu"), rules.Error, "it cannot give processes their old ids"}
		return on, rules.Related{File: option.Value.File, Span: option.Value.Span}, true
	}
	if len(run.CapAdd) > 0 {
		return on, inForce, false
	}
	n := starts.Of(p, run).Sandbox()
	if n == nil || !n.User {
		return on, inForce, false
	}
	option, _ := run.Option("seccomp")
	on = started{n.Label, n.Place, nil, rules.Error, noSandbox}
	if on.needs = needsOf("bubblewrap"); n.Nix {
		on.needs = needsOf("nix-sandbox")
		if n.Fallback {
			on.severity = rules.Info // it builds all the same
		}
	}
	return on, rules.Related{File: option.Value.File, Span: option.Value.Span}, true
}

func reportSandbox(p *rules.Pass, profile *workspace.Profile, inForce rules.Related, on started) {
	var effects []programs.Effect
	for _, f := range programs.Filters(p, profile) {
		a := f.Target.Host.Arch
		if a.ABI == "s390x" { // clone has another order of arguments there
			continue
		}
		for _, name := range on.needs {
			d := f.Decide(a, name)
			if !slices.ContainsFunc(d.Eval(newUser), func(o decide.Outcome) bool {
				r := programs.AnswerOf(o)
				return r == programs.Open || r == programs.Unclear
			}) {
				effects = programs.AddEffect(effects, profile, f, name, &d)
			}
		}
	}
	if len(effects) == 0 {
		return
	}
	var names []string
	for _, e := range effects {
		if !slices.Contains(names, e.Name) {
			names = append(names, e.Name)
		}
	}
	finding := report.At(profile, effects[0].Cause,
		fmt.Sprintf("%s runs under this profile, which refuses %s: %s", on.name, phrase.Quoted(names), on.fails))
	inForce.Message = "the profile is put in force here"
	finding.Related = []rules.Related{on.place, inForce}
	finding.Severity = on.severity
	finding.Fixes = allowSandbox(p, profile, names)
	p.Report(finding)
}

// allowSandbox returns the fix that lets syscalls run: it adds names that no rule has, or that some rule allows to
// containers with a capability, and removes the conditions on the flags of clone.
func allowSandbox(p *rules.Pass, profile *workspace.Profile, names []string) []fixers.Fix {
	if !fixes.Editable(profile) {
		return nil
	}
	var edits []fixers.Edit
	var add []string
	for _, name := range names {
		masked := 0
		for _, r := range profile.Rules {
			if !slices.ContainsFunc(r.Names, func(s seccomp.String) bool { return s.Text == name }) {
				continue
			}
			switch {
			case len(r.Args) > 0 && len(r.Names) == 1 && !reach.Denies(r):
				e := fixseccomp.RemoveField(profile.Profile, r.ArgsSpan)
				if e == nil {
					return nil
				}
				edits = append(edits, e...)
				masked++
			case reach.Denies(r) || len(r.Args) > 0:
				return nil
			}
		}
		if masked == 0 {
			add = append(add, name)
		}
	}
	if len(add) > 0 {
		r := requirement.Allowing(profile, "")
		if r == nil {
			return nil
		}
		edits = append(edits, fixseccomp.AddStrings(profile.Profile, r.Names, add...)...)
	}
	if !p.WantsFixes() {
		return nil
	}
	fixed := requirement.WithEdits(profile, edits)
	if fixed == nil {
		return nil
	}
	before, after := programs.Filters(p, profile), programs.Filters(p, fixed)
	old := programs.Burdens(p, profile, before)
	if slices.ContainsFunc(programs.Burdens(p, fixed, after),
		func(b programs.Burden) bool { return !slices.Contains(old, b) }) {
		return nil
	}
	return fixes.Edited(profile, "Allow "+phrase.List(names), fixers.Unsafe, edits,
		fixers.Changes{fixseccomp.Syscalls(append(fixseccomp.Moved(before, after), names...))})
}
