package move_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules/order/internal/move"
)

// TestMoves makes Dockerfiles of random writes and commands of Nix, and moves each write above each command before it
// where package move allows that. Whatever the Dockerfile: the instructions are the same ones afterwards, each command
// of Nix that the write did not reach before runs with the value that the write gives it or with the one that it had,
// all others run as they did, and the image ends with the same settings.
func TestMoves(t *testing.T) {
	moved, files := 0, 100
	if heavytest.On() {
		files = 3000
	}
	for n := range files {
		r := rand.New(rand.NewPCG(uint64(n), 11))
		text := randomDockerfile(r)
		moved += checkMoves(t, text)
		if t.Failed() {
			t.Fatalf("seed %d", n)
		}
	}
	t.Logf("%d moves", moved)
	if moved < files/2 {
		t.Errorf("only %d moves: the Dockerfiles have too little to move", moved)
	}
}

// parse returns what a Dockerfile does with Nix.
func parse(text string) *nixuse.Model {
	f := dockerfile.Parse(source.NewFile("Dockerfile", []byte(text)))
	return nixuse.New(image.New(f, nil), nixuse.Targets{Nix: nixconf.DefaultTargets()})
}

// checkMoves tries all moves of a Dockerfile, and returns how many there were.
func checkMoves(t *testing.T, text string) int {
	model := parse(text)
	moved := 0
	for n, img := range model.Images {
		for w, write := range img.Events {
			if write.Kind != nixuse.WriteConfig || write.Text == nil || write.Maybe {
				continue
			}
			for c, command := range img.Events[:w] {
				if command.Kind != nixuse.RunCommand || command.Maybe {
					continue
				}
				fix, ok := move.Fix(img, write, command)
				if !ok {
					continue
				}
				moved++
				after, err := fixers.Apply(img.Dockerfile.Source, fix.Edits)
				if err != nil {
					t.Errorf("%v\n%s", err, text)
					return moved
				}
				if fault := compare(model, parse(string(after)), n, c, w, fix); fault != "" {
					t.Errorf("%s (%s): %s\nbefore:\n%s\nafter:\n%s", fix.Title, fix.Safety, fault, text, after)
					return moved
				}
			}
		}
	}
	return moved
}

// compare returns what is wrong with the result of moving write w of a stage above command c, "" for nothing.
func compare(before, after *nixuse.Model, stage, c, w int, fix fixers.Fix) string {
	if a, b := instructions(before), instructions(after); !slices.Equal(a, b) {
		return fmt.Sprintf("the instructions changed: %q, %q", a, b)
	}
	if len(before.Images) != len(after.Images) {
		return "the stages changed"
	}
	var declared fixnix.Settings
	for _, change := range fix.Changes {
		if s, ok := change.(fixnix.Settings); ok {
			declared = append(declared, s...)
		}
	}
	write, command := before.Images[stage].Events[w], before.Images[stage].Events[c]
	moved := before.Images[stage]
	intended := func(name string) (string, bool) {
		for _, e := range moved.Events {
			if e != write && e.Instruction.Index >= command.Instruction.Index && write.ComesAfter(e) && e.Text != nil &&
				len(e.Text.Setting(name)) > 0 {
				return "", false // another file sets it in between
			}
		}
		last := write
		if write.Instruction != command.Instruction {
			beside := moved.EventsBeside(write)
			last = beside[len(beside)-1]
		}
		return moved.SettingsAfter(last, write.User).Value(name)
	}
	for n, img := range before.Images {
		now := commandsOf(after.Images[n])
		over := false // the write moves over the command
		for i, e := range img.Events {
			if n == stage && (i == c || write.Instruction != command.Instruction &&
				e.Instruction == command.Instruction) {
				over = true // a whole instruction moves above the whole instruction of the command
			}
			if n == stage && i == w {
				over = false
			}
			if e.Kind != nixuse.RunCommand {
				continue
			}
			other := now[label(e)]
			if other == nil {
				return fmt.Sprintf("%s is gone", label(e))
			}
			was, is := img.SettingsBefore(e), after.Images[n].SettingsBefore(other)
			for _, name := range names(was, is) {
				if fault := differs(name, was, is, intended, over, declared, fix.Safety); fault != "" {
					return fmt.Sprintf("at %s: %s", label(e), fault)
				}
			}
		}
		was, is := img.SettingsBefore(nil), after.Images[n].SettingsBefore(nil)
		for _, name := range names(was, is) {
			if !was.Same(name, is) {
				return fmt.Sprintf("stage %d ends with another %s", n, name)
			}
		}
	}
	return ""
}

// differs returns what is wrong with a setting of a command after the move, "" for nothing.
func differs(name string, was, is *nixuse.Effective, intended func(string) (string, bool), over bool,
	declared []string, safety fixers.Safety) string {
	if was.Same(name, is) {
		return ""
	}
	value, known := is.Value(name)
	old, _ := was.Value(name)
	change := fmt.Sprintf("%s changes from %q to %q", name, old, value)
	switch {
	case !known:
		return "" // it was known before, so another rule is silent now, and nothing is said that is wrong
	case !over:
		return change + ", though the write does not move over the command"
	case !slices.Contains(declared, name):
		return change + ", which the fix does not declare"
	}
	if wanted, ok := intended(name); ok && wanted != value {
		return change + fmt.Sprintf(", but the write gives it %q", wanted)
	}
	if safety == fixers.Safe && (name == "sandbox" || name == "require-sigs" || name == "trusted-users") {
		return change + " in a safe fix"
	}
	return ""
}

func names(a, b *nixuse.Effective) []string {
	all := append(a.Names(), b.Names()...)
	slices.Sort(all)
	return slices.Compact(all)
}

// label names a command of a random Dockerfile: each has a word that no other has.
func label(e *nixuse.Event) string {
	var words []string
	for _, w := range e.Command.Words {
		words = append(words, w.Text)
	}
	return strings.Join(words, " ")
}

func commandsOf(img *nixuse.Image) map[string]*nixuse.Event {
	all := map[string]*nixuse.Event{}
	for _, e := range img.Events {
		if e.Kind == nixuse.RunCommand {
			all[label(e)] = e
		}
	}
	return all
}

// instructions returns the instructions of a Dockerfile, sorted, each by its keyword and the lines of its commands, so
// commands that change places in a chain make no difference.
func instructions(m *nixuse.Model) []string {
	var all []string
	for _, img := range m.Images {
		for _, i := range img.Stage.Instructions {
			text := img.Dockerfile.Source.Text(i.Span)
			words := strings.Fields(strings.ReplaceAll(text, "\\\n", " "))
			if i.Name == "RUN" {
				slices.Sort(words)
			}
			all = append(all, fmt.Sprintf("%d %s", img.Stage.Index, strings.Join(words, " ")))
		}
	}
	slices.Sort(all)
	return all
}

// dice makes random choices, and words that occur once.
type dice struct {
	*rand.Rand
	used int
}

func (d *dice) pick(from ...string) string { return from[d.IntN(len(from))] }

func (d *dice) unique() string {
	d.used++
	return fmt.Sprintf("p%d", d.used)
}

func (d *dice) setting() string {
	return d.pick("filter-syscalls = false", "filter-syscalls = true", "sandbox = false", "sandbox = true",
		"max-jobs = 2", "max-jobs = 4", "cores = 3", "extra-experimental-features = flakes",
		"experimental-features = nix-command flakes", "substituters = https://a.example.org",
		"extra-substituters = https://b.example.org", "require-sigs = false", "trusted-users = root dev",
		"keep-outputs = true", "system-features = kvm")
}

// write returns a command that writes settings.
func (d *dice) write() string {
	file := d.pick("/etc/nix/nix.conf", "/etc/nix/nix.conf", "/etc/nix/nix.conf", "/root/.config/nix/nix.conf",
		"/etc/nix/nix.custom.conf")
	op := d.pick(">>", ">>", ">>", ">")
	switch d.IntN(6) {
	case 0:
		return fmt.Sprintf("printf '%s\\n%s\\n' %s %s", d.setting(), d.setting(), op, file)
	case 1:
		return fmt.Sprintf("mkdir -p /etc/nix && echo '%s' %s %s", d.setting(), op, file)
	case 2:
		return fmt.Sprintf("{ echo '%s'; echo '%s'; } %s %s", d.setting(), d.setting(), op, file)
	case 3:
		return fmt.Sprintf("echo '%s' | tee -a %s", d.setting(), file)
	case 4:
		return fmt.Sprintf("echo \"max-jobs = $JOBS\" %s %s", op, file)
	}
	return fmt.Sprintf("echo '%s' %s %s", d.setting(), op, file)
}

// nix returns a command of Nix.
func (d *dice) nix() string {
	p := d.unique()
	return d.pick("nix-env -iA nixpkgs."+p, "nix-build "+p+".nix", "nix build .#"+p, "nix-channel --update "+p,
		"nix-env -q "+p, "nix-shell "+p+".nix", "nix --option sandbox false build .#"+p,
		"nix develop .#"+p, "NIX_CONFIG='max-jobs = 7' nix-build "+p+".nix", "nix-store --gc "+p)
}

// other returns an instruction that is neither.
func (d *dice) other() string {
	return d.pick("USER dev", "USER root", "WORKDIR /etc/nix", "WORKDIR /src", "ENV JOBS=5", "ARG JOBS=6",
		"SHELL [\"/bin/bash\", \"-c\"]", "COPY . .", "RUN ./setup.sh", "RUN apt-get update", "LABEL a=b", "# a comment",
		"VOLUME /nix", "ENV NIX_CONFIG=\"max-jobs = 9\"", "RUN cachix use example", "RUN rm /etc/nix/nix.conf",
		"RUN if [ -f x ]; then echo 'cores = 1' >> /etc/nix/nix.conf; fi", "ONBUILD RUN nix-build later.nix",
		"RUN sed -i 's/false/true/' /etc/nix/nix.conf", "ENV NIX_CONF_DIR=/etc/nix", "")
}

// randomDockerfile returns a Dockerfile of one or two stages.
func randomDockerfile(r *rand.Rand) string {
	d := &dice{Rand: r}
	var b strings.Builder
	base := d.pick("nixos/nix:2.31.1", "nixos/nix:2.31.1", "nixos/nix", "nixpkgs/nix-flakes", "example.com/own",
		"debian:12")
	fmt.Fprintf(&b, "FROM %s AS one\n", base)
	if base == "debian:12" {
		fmt.Fprintf(&b, "RUN curl -L https://nixos.org/nix/install | sh -s -- %s\n", d.pick("--daemon", "--no-daemon"))
	}
	stages := 1 + d.IntN(2)
	for n := range stages {
		if n > 0 {
			b.WriteString(d.pick("\nFROM one\n", "\nFROM nixos/nix:2.31.1\n"))
		}
		for range 2 + d.IntN(6) {
			switch d.IntN(7) {
			case 0, 1:
				fmt.Fprintf(&b, "RUN %s\n", d.write())
			case 2:
				fmt.Fprintf(&b, "COPY <<EOF /etc/nix/nix.conf\n%s\n%s\nEOF\n", d.setting(), d.setting())
			case 3:
				fmt.Fprintf(&b, "RUN %s && \\\n    %s && %s\n", d.nix(), d.pick(d.write(), d.nix()),
					d.pick(d.write(), d.nix()))
			case 4:
				fmt.Fprintf(&b, "RUN cat >> /etc/nix/nix.conf <<EOF\n%s\n%s\nEOF\n", d.setting(), d.setting())
			case 5:
				fmt.Fprintf(&b, "%s\n", d.other())
			default:
				fmt.Fprintf(&b, "RUN %s\n", d.nix())
			}
		}
	}
	return b.String()
}
