package nixuse

import (
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/reach"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// This file recognises the commands of Nix and says what each does (Use.Phases) and which settings it is given
// (Use.Options). It works on three tables:
//
//   - nixPhases, for the old commands and for programs that run Nix, and nixSubcommands, for the subcommands of "nix".
//     They were measured with Nix 2.8.0 and 2.34.8 by counting the syscall filters that each command loads. To add a
//     command, measure it the same way.
//   - flagArity, from the manual pages of Nix 2.34. Without it, the argument of an option would be taken for a
//     subcommand.
//
// A command that is not in the tables has no Use, and a subcommand that is not has a Use without phases, so rules
// report less, and nothing wrong. Installers are in installer.go.

// Use is what one command does with Nix.
type Use struct {
	// Label names the command for messages: "nix-env -iA", "nix build".
	Label string
	// Span is the program and its subcommand.
	Span source.Span
	// Phases are what it does.
	Phases reach.Phase
	// Options are the settings on its own command line, nil without any.
	Options *Text
	// Needs are the experimental features that it needs, as far as its words say.
	Needs []Need
	// Installer is set for a command that installs Nix, which runs Nix too.
	Installer *Installer
}

// nixPhases says what each program does, by subcommand or operation. The first row whose words all occur in the command
// decides; a row without words always matches. Measured with Nix 2.8.0 and 2.34.8 by counting the syscall filters that
// each command loads.
var nixPhases = map[string][]phaseRow{
	"nix-env": {
		{
			words: "--set --rollback --switch-generation -G --switch-profile -S --list-generations " +
				"--delete-generations --version --help",
			any: true,
		},
		{words: "-q --query", short: 'q', any: true},
		{
			words:  "--install --upgrade --uninstall --set-flag -i -u -e",
			short:  'i',
			any:    true,
			phases: reach.Builds | reach.Substitutes | reach.Fetches,
		},
	},
	"nix-channel":         {{words: "--update", any: true, phases: reach.Builds | reach.Fetches}},
	"nix-build":           {{phases: reach.MayBuild | reach.Substitutes | reach.Fetches}},
	"nix-shell":           {{phases: reach.MayBuild | reach.Substitutes | reach.Fetches}},
	"nix-instantiate":     {{phases: reach.Fetches}},
	"nix-collect-garbage": {{phases: reach.Collects}},
	"nix-store": {
		{words: "-r --realise --realize", any: true, phases: reach.MayBuild | reach.Substitutes},
		{words: "--gc --optimise --optimize", any: true, phases: reach.Collects},
	},
	"nix-copy-closure": {{phases: reach.Substitutes}},
	"nix-daemon":       {{phases: reach.Daemon}},
	"devbox": {
		{words: "install shell run add update", any: true, phases: reach.Builds | reach.Substitutes | reach.Fetches},
	},
	"devenv": {
		{words: "shell up build test ci", any: true, phases: reach.Builds | reach.Substitutes | reach.Fetches},
	},
	"home-manager":   {{words: "switch build", any: true, phases: reach.Builds | reach.Substitutes | reach.Fetches}},
	"nixos-rebuild":  {{phases: reach.Builds | reach.Substitutes | reach.Fetches}},
	"darwin-rebuild": {{phases: reach.Builds | reach.Substitutes | reach.Fetches}},
}

// nixSubcommands says what each command of the new interface does, by its first word or first two.
var nixSubcommands = map[string]reach.Phase{
	"build":         reach.MayBuild | reach.Substitutes | reach.Fetches,
	"develop":       reach.Builds | reach.Substitutes | reach.Fetches,
	"print-dev-env": reach.Builds | reach.Substitutes | reach.Fetches,
	"run":           reach.MayBuild | reach.Substitutes | reach.Fetches,
	"shell":         reach.MayBuild | reach.Substitutes | reach.Fetches,
	"bundle":        reach.MayBuild | reach.Substitutes | reach.Fetches,
	"profile":       reach.Substitutes | reach.Fetches,
	"copy":          reach.Substitutes,
	"eval":          reach.Fetches,
	"search":        reach.Fetches,
	"flake":         reach.Fetches,
	"flake check":   reach.MayBuild | reach.Substitutes | reach.Fetches,
	"flake archive": reach.Fetches | reach.Substitutes,
	"store gc":      reach.Collects,
	"store":         0,
	"upgrade-nix":   reach.Substitutes,
	"daemon":        reach.Daemon,
	"fmt":           reach.MayBuild | reach.Substitutes | reach.Fetches,
	"dev-shell":     reach.Builds | reach.Substitutes | reach.Fetches,

	"optimise-store": reach.Collects,

	"config": 0, "derivation": 0, "doctor": 0, "edit": 0, "hash": 0, "help": 0, "key": 0, "log": 0, "ls-store": 0,
	"nar": 0, "path": 0, "path-info": 0, "realisation": 0, "registry": 0, "repl": 0, "show-config": 0,
	"show-derivation": 0, "verify": 0, "why-depends": 0,
}

type phaseRow struct {
	words  string // the options or subcommands that select the row
	any    bool   // any of words selects it
	short  byte   // a letter in a cluster of short options, as in -iA
	phases reach.Phase
}

// flagArity is the number of arguments that an option of Nix takes, where it is not one by being the name of a setting.
// Source: the manual pages of Nix 2.34, and `nix __dump-cli` of 2.8, 2.26 and 2.34; -s depends on the subcommand, see
// arityIn.
var flagArity = map[string]int{
	"-c": 0, "--command": 0,

	"-A": 1, "-I": 1, "-f": 1, "-j": 1, "-k": 1, "-o": 1, "-p": 1, "-s": 1, "-t": 1, "-u": 1, "--algo": 1,
	"--apply": 1, "--arg-from-stdin": 1, "--attr": 1, "--bundler": 1, "--delete-older-than": 1, "--dest": 1,
	"--eval-store": 1, "--exclude": 1, "--expected-hash": 1, "--expr": 1, "--file": 1, "--flake": 1,
	"--format": 1, "--from": 1, "--hash-algo": 1, "--hash-type": 1, "--include": 1, "--inputs-from": 1,
	"--json-format": 1, "--keep": 1, "--keep-env-var": 1, "--key-file": 1, "--key-name": 1, "--log-format": 1,
	"--max": 1, "--max-freed": 1, "--mode": 1, "--name": 1, "--nix-store-paths-url": 1, "--older-than": 1,
	"--out-link": 1, "--output-lock-file": 1, "--phase": 1, "--priority": 1, "--profile": 1,
	"--reference-lock-file": 1, "--regex": 1, "--registry": 1, "--run": 1, "--sigs-needed": 1, "--store": 1,
	"--substituter": 1, "--system-filter": 1, "--template": 1, "--timeout": 1, "--to": 1, "--type": 1,
	"--unset": 1, "--unset-env-var": 1, "--update-input": 1, "--write-to": 1,

	"--arg": 2, "--arg-from-file": 2, "--argstr": 2, "--option": 2, "--override-flake": 2, "--override-input": 2,
	"--redirect": 2, "--set-env-var": 2,
}

// UseOf returns what a command does with Nix, nil where it does nothing.
func UseOf(f *source.File, c *shell.Command) *Use {
	if use := installerUse(f, c); use != nil {
		return use
	}
	switch {
	case c.Name == "nix":
		return newUse(f, c)
	case nixPhases[c.Name] == nil:
		return nil
	}
	use := &Use{Label: c.Name, Span: c.Words[0].Span}
	switch c.Name {
	case "devenv": // its --option is about its own modules
		use.Options = optionsOf(f, c, "--nix-option")
	case "devbox":
	default:
		use.Options = commandOptions(f, c)
	}
	for _, row := range nixPhases[c.Name] {
		if w, ok := row.match(c.Words[1:]); ok {
			use.Phases = row.phases
			if w != nil && w.Known {
				use.Label += " " + w.Text
				use.Span = use.Span.Join(w.Span)
			}
			break
		}
	}
	return use
}

func (r phaseRow) match(words []shell.Word) (*shell.Word, bool) {
	if r.words == "" {
		return nil, true
	}
	for i := range words {
		w := words[i].Text
		for _, want := range strings.Fields(r.words) {
			if w == want {
				return &words[i], true
			}
		}
		if r.short != 0 && len(w) > 1 && w[0] == '-' && w[1] == r.short {
			return &words[i], true
		}
	}
	return nil, false
}

// newUse reads a command of the new interface; its options may stand before the subcommand.
func newUse(f *source.File, c *shell.Command) *Use {
	use := &Use{Label: "nix", Span: c.Words[0].Span, Options: commandOptions(f, c)}
	var sub []string
	for i := 1; i < len(c.Words) && len(sub) < 2; i++ {
		w := c.Words[i]
		if !w.Known {
			break
		}
		if strings.HasPrefix(w.Text, "-") {
			if w.Text == "--version" || w.Text == "--help" {
				return use
			}
			i += arity(w.Text)
			continue
		}
		sub = append(sub, w.Text)
		if len(sub) == 1 {
			use.Span = use.Span.Join(w.Span)
		}
	}
	if len(sub) == 0 {
		return use
	}
	label := sub
	phases, ok := nixSubcommands[strings.Join(sub, " ")]
	if !ok || len(sub) < 2 {
		label = sub[:1]
		if phases, ok = nixSubcommands[sub[0]]; !ok {
			return use
		}
	}
	use.Label = "nix " + strings.Join(label, " ")
	use.Phases = phases | reach.NewCommand
	use.Needs = needsOf(f, use, c, sub)
	return use
}

// arity returns the number of words that follow an option of a Nix command.
func arity(option string) int {
	if n, ok := flagArity[option]; ok {
		return n
	}
	name, ok := strings.CutPrefix(option, "--")
	if !ok || strings.Contains(name, "=") {
		return 0
	}
	if facts, ok := lookupAny(name); ok && facts.Kind != nixconf.KindBool && name != "sandbox" {
		return 1
	}
	return 0
}

// lookupAny finds a setting in the newest Nix.
func lookupAny(name string) (nixconf.Facts, bool) {
	return nixconf.Lookup(nixconf.Nix, nixconf.Head(), name)
}

// optionsOf returns the settings that a program which starts Nix is given by an option of two words, as nix.conf text,
// nil without any.
func optionsOf(f *source.File, c *shell.Command, option string) *Text {
	var pieces optionPieces
	for i := 1; i+2 < len(c.Words); i++ {
		if name := c.Words[i+1]; c.Words[i].Known && c.Words[i].Text == option && name.Known && len(name.Parts) > 0 {
			pieces.add(name.Parts, c.Words[i+2].Parts)
			i += 2
		}
	}
	return pieces.text(f)
}

// optionPieces are settings on a command line, as lines of nix.conf.
type optionPieces []source.Piece

func (p *optionPieces) add(name, value []source.Piece) {
	*p = append(*p, name...)
	at := name[len(name)-1].Span
	*p = append(*p, source.Piece{Text: " = ", Span: at})
	if len(value) > 0 {
		*p = append(*p, value...)
		at = value[len(value)-1].Span
	}
	*p = append(*p, source.Piece{Text: "\n", Span: at})
}

func (p optionPieces) text(f *source.File) *Text {
	if p == nil {
		return nil
	}
	return &Text{File: nixconf.Parse(source.NewFragment(f, p)), Host: HostOption}
}

// commandOptions returns the settings on the command line of a Nix command as nix.conf text, nil without any.
func commandOptions(f *source.File, c *shell.Command) *Text {
	var pieces optionPieces
	add := pieces.add
	word := func(w shell.Word, text string) []source.Piece { return []source.Piece{{Text: text, Span: w.Span}} }
	for i := 1; i < len(c.Words); i++ {
		w := c.Words[i]
		if !w.Known || !strings.HasPrefix(w.Text, "-") {
			continue
		}
		n := arity(w.Text)
		if i+n >= len(c.Words) && n > 0 {
			break
		}
		args := c.Words[i+1 : i+1+n]
		i += n
		switch {
		case w.Text == "--option":
			if args[0].Known && len(args[0].Parts) > 0 {
				add(args[0].Parts, args[1].Parts)
			}
		case w.Text == "-j":
			add(word(w, "max-jobs"), args[0].Parts)
		case strings.HasPrefix(w.Text, "--"):
			name := w.Text[2:]
			if positive, ok := strings.CutPrefix(name, "no-"); ok && n == 0 {
				if facts, ok := lookupAny(positive); ok && (facts.Kind == nixconf.KindBool || positive == "sandbox") {
					add(word(w, positive), word(w, "false"))
				}
				continue
			}
			facts, ok := lookupAny(name)
			switch {
			case !ok:
			case n == 1:
				add(word(w, name), args[0].Parts)
			case facts.Kind == nixconf.KindBool || name == "sandbox":
				add(word(w, name), word(w, "true"))
			}
		}
	}
	return pieces.text(f)
}
