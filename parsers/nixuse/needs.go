package nixuse

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// This file says which experimental features a command of the new interface needs.
//
// Measured with Nix 2.8.0, 2.26.3 and 2.34.8, by running each subcommand without features and with nix-command alone:
// all need nix-command but those in ungated, and --help and --version; flakes is needed by the subcommands of flakes
// and where an installable is a reference to a flake, which it is unless --file, --expr or --stdin is given or it is a
// store path.

// Need is an experimental feature that a command needs.
type Need struct {
	Feature string
	// Because is what needs it, for a message: the Label of the command, or an installable such as "nixpkgs#hello".
	Because string
	Span    source.Span
}

// ungated are the subcommands that work without nix-command, in some release at least.
var ungated = []string{"doctor", "repl", "upgrade-nix"}

// installables says how the subcommands that take installables read their arguments. A number is how many of the
// arguments are installables, many is all of them.
var installables = map[string]struct {
	count int
	// byDefault says that without one the flake of the working directory is meant.
	byDefault bool
}{
	"build":           {many, true},
	"bundle":          {1, true},
	"copy":            {many, false},
	"derivation show": {many, false},
	"dev-shell":       {1, true},
	"develop":         {1, true},
	"edit":            {1, false},
	"env shell":       {many, true},
	"eval":            {1, true},
	"fmt":             {0, true},
	"path-info":       {many, false},
	"print-dev-env":   {1, true},
	"profile add":     {many, false},
	"profile install": {many, false},
	"run":             {1, true},
	"search":          {1, false},
	"shell":           {many, true},
	"show-derivation": {many, false},
	"why-depends":     {2, false},
}

const many = int(^uint(0) >> 1)

// flakeCommands are the subcommands that need flakes whatever their arguments are.
var flakeCommands = []string{
	"flake archive", "flake check", "flake clone", "flake info", "flake init", "flake list-inputs", "flake lock",
	"flake metadata", "flake new", "flake prefetch", "flake prefetch-inputs", "flake show", "flake update",
	"registry add", "registry pin", "registry remove",
}

// needsOf returns the features that a command of the new interface needs, given its subcommand of one or two words and
// the words after it. It returns nothing for subcommands that it does not know.
func needsOf(f *source.File, use *Use, c *shell.Command, sub []string) []Need {
	if slices.Contains(ungated, sub[0]) || asksForHelp(c) ||
		slices.ContainsFunc(c.Words, func(w shell.Word) bool { return mayBeOptions(f, w) }) {
		return nil
	}
	needs := []Need{{Feature: "nix-command", Because: use.Label, Span: use.Span}}
	two := strings.Join(sub, " ")
	if slices.Contains(flakeCommands, two) {
		return append(needs, Need{Feature: "flakes", Because: "nix " + two, Span: use.Span})
	}
	reads, ok := installables[two]
	words := 2
	if !ok {
		reads, ok = installables[sub[0]]
		words = 1
	}
	if !ok {
		return needs
	}
	if need, ok := flakeNeed(c, sub[0], words, reads.count, reads.byDefault); ok {
		if need.Because == "" {
			need = Need{Because: use.Label, Span: use.Span}
		}
		need.Feature = "flakes"
		needs = append(needs, need)
	}
	return needs
}

// flakeNeed finds the first installable of a command that is a reference to a flake. With byDefault, a command without
// installables needs flakes, too; the result then has no Because.
func flakeNeed(c *shell.Command, sub string, skip, count int, byDefault bool) (Need, bool) {
	var found *shell.Word
	seen := 0
	options := true
	for n := 1; n < len(c.Words); n++ {
		w := &c.Words[n]
		if options && strings.HasPrefix(w.Text, "-") {
			switch w.Text {
			case "-f", "--file", "--expr", "--stdin", "--all", "--installables":
				return Need{}, false // what the arguments name is in an expression, or is not an installable
			case "-c", "--command", "--flake":
				n = len(c.Words)
			case "--":
				options = false
			}
			n += arityIn(sub, w.Text)
			continue
		}
		if skip > 0 {
			skip--
			continue
		}
		if seen++; seen <= count && found == nil && isFlakeRef(w) {
			found = w
		}
		if seen >= count && sub == "run" {
			options = false // the rest are the arguments of the program
			break
		}
	}
	switch {
	case found != nil:
		return Need{Because: found.Text, Span: found.Span}, true
	case seen == 0 && byDefault, count == 0:
		return Need{}, true
	}
	return Need{}, false
}

// isFlakeRef reports whether an installable is surely a reference to a flake. A path may be a link to the store.
func isFlakeRef(w *shell.Word) bool {
	text := w.Text
	if strings.HasPrefix(text, "/nix/store/") || strings.HasPrefix(text, "-") {
		return false
	}
	if strings.Contains(text, "#") && !strings.HasPrefix(text, "#") {
		return true
	}
	if !w.Known {
		return false
	}
	switch strings.TrimRight(text, "/") {
	case ".", "..":
		return true
	case "":
		return false
	}
	return strings.Contains(text, ":") || !strings.Contains(text, "/") || strings.HasSuffix(text, "/")
}

// mayBeOptions reports whether a word is a variable or a substitution that may expand to options, or to nothing: no
// quotes keep it together.
func mayBeOptions(f *source.File, w shell.Word) bool {
	return !w.Known && len(w.Parts) == 1 && w.Parts[0].Opaque && w.Span.Start < len(f.Bytes) &&
		f.Bytes[w.Span.Start] != '"'
}

// asksForHelp reports whether an option of a command makes Nix print help or its version alone.
func asksForHelp(c *shell.Command) bool {
	for _, w := range c.Words[1:] {
		switch w.Text {
		case "--help", "--version":
			return true
		case "--", "-c", "--command":
			return false
		}
	}
	return false
}

// arityIn is arity for an option of a subcommand, where it depends on that.
func arityIn(sub, option string) int {
	if option == "-s" {
		switch sub {
		case "copy", "path-info":
			return 0
		case "develop", "env", "print-dev-env", "run", "shell":
			return 2
		}
	}
	return arity(option)
}

// Missing returns the features that a command needs and that are off in the settings that it runs with, as far as both
// are known. The releases before Nix 2.4 have no features.
func (e *Effective) Missing(use *Use) []Need {
	if use == nil || len(use.Needs) == 0 || e.Distribution == nixconf.Nix && !e.Version.AtLeast(2, 4) {
		return nil
	}
	var out []Need
	for _, need := range use.Needs {
		if on, known := e.Feature(need.Feature); known && !on {
			out = append(out, need)
		}
	}
	return out
}

// MayPredateFeatures reports whether the image may hold a Nix before 2.4, which has no experimental features: its base
// image names Nix by something other than a release, or is one that is no longer made.
func (img *Image) MayPredateFeatures() bool {
	for at := img; at != nil; at = at.Parent {
		if at.installed != nil {
			return at.installed.Kind == DistroPackage && len(img.targets()) > 1 && at.Root().Base == nil
		}
	}
	base := img.Root().Base
	if base == nil || !base.Nix || base.Version != (nixconf.Version{}) {
		return false
	}
	return base.Name == "lnl7/nix" || base.Tag != "" && base.Tag != "latest" || base.Tag == "" && base.Digest != ""
}

// Releases returns the releases of Nix that may run in the image.
func (img *Image) Releases() nixconf.Targets { return img.targets() }
