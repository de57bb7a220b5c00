package nixuse

import (
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/reach"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

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
	// Installer is set for a command that installs Nix, which runs Nix too.
	Installer *Installer
}

// Installer is a command that installs Nix.
type Installer struct {
	// Kind is which one it is.
	Kind InstallerKind
	// Version is the release of the installer or, for the official one, of Nix; zero where it is not pinned.
	Version nixconf.Version
	// Distribution is the Nix that it installs.
	Distribution nixconf.Distribution
	// Conf is the configuration passed to it, to be written, with the flag that passes it. Nil without any.
	Conf *Text
	Flag source.Span
	// ConfFile is the path, in the image, of the file passed as configuration; "" without one.
	ConfFile string
	// ConfLate says that it runs Nix before it writes the configuration passed to it.
	ConfLate bool
	// Overwrites says that it replaces a nix.conf that was there before.
	Overwrites bool
	// End is where a further flag can be written.
	End int
}

// InstallerKind is one of the programs that install Nix.
type InstallerKind string

const (
	OfficialDaemon InstallerKind = "official installer (--daemon)"
	OfficialSingle InstallerKind = "official installer (--no-daemon)"
	NixInstaller   InstallerKind = "nix-installer"
	LixInstaller   InstallerKind = "Lix installer"
	DistroPackage  InstallerKind = "distribution package"
)

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
// Source: the manual pages of Nix 2.34.
var flagArity = map[string]int{
	"-c": 0, "--command": 0,

	"-A": 1, "-I": 1, "-f": 1, "-j": 1, "-k": 1, "-o": 1, "-p": 1, "-s": 1, "-u": 1,
	"--attr": 1, "--delete-older-than": 1, "--eval-store": 1, "--expr": 1, "--file": 1, "--from": 1, "--include": 1,
	"--inputs-from": 1, "--keep": 1, "--log-format": 1, "--max-freed": 1, "--out-link": 1, "--output-lock-file": 1,
	"--phase": 1, "--priority": 1, "--profile": 1, "--reference-lock-file": 1, "--run": 1, "--store": 1,
	"--system-filter": 1, "--timeout": 1, "--to": 1, "--unset": 1, "--update-input": 1,

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
	use := &Use{Label: c.Name, Span: c.Words[0].Span, Options: commandOptions(f, c)}
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
	phases, ok := nixSubcommands[strings.Join(sub, " ")]
	if ok && len(sub) == 2 {
		sub = sub[:2]
	} else if phases, ok = nixSubcommands[sub[0]]; ok {
		sub = sub[:1]
	} else {
		return use
	}
	use.Label = "nix " + strings.Join(sub, " ")
	use.Phases = phases | reach.NewCommand
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

// commandOptions returns the settings on the command line of a Nix command as nix.conf text, nil without any.
func commandOptions(f *source.File, c *shell.Command) *Text {
	var pieces []source.Piece
	add := func(name, value []source.Piece) {
		pieces = append(pieces, name...)
		at := name[len(name)-1].Span
		pieces = append(pieces, source.Piece{Text: " = ", Span: at})
		if len(value) > 0 {
			pieces = append(pieces, value...)
			at = value[len(value)-1].Span
		}
		pieces = append(pieces, source.Piece{Text: "\n", Span: at})
	}
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
	if pieces == nil {
		return nil
	}
	return &Text{File: nixconf.Parse(source.NewFragment(f, pieces)), Host: HostOption}
}

var (
	officialURL = lazyRegexp(
		`^(?:https?://)?(?:www\.)?(?:releases\.)?nixos\.org/(?:releases/)?nix/(?:nix-(\d+\.\d+(?:\.\d+)?)/)?install$`)
	installerURL = lazyRegexp(`^(?:https?://)?(?:install\.determinate\.systems/nix|` +
		`(?:www\.)?github\.com/(?:DeterminateSystems|NixOS)/nix-installer/releases/|` +
		`artifacts\.nixos\.org/(?:experimental-installer|nix-installer)|` +
		`raw\.githubusercontent\.com/(?:DeterminateSystems|NixOS)/nix-installer)`)
	lixURL       = lazyRegexp(`^(?:https?://)?install\.lix\.systems/`)
	pinnedInPath = lazyRegexp(`(?:/tag/|/download/|/nix/tag/)v(\d+\.\d+\.\d+)`)
)

// installerUse recognises a command that installs Nix: the shell that reads the script from curl, the script itself
// once it was downloaded, the installer's binary, and Debian's package.
func installerUse(f *source.File, c *shell.Command) *Use {
	switch c.Name {
	case "sh", "bash", "dash", "ash", "zsh":
		if c.PipedFrom != nil {
			if url := downloadURL(c.PipedFrom.Words); url != "" {
				return urlInstaller(f, c, url)
			}
		}
		if len(c.Words) > 1 && officialScript(c, c.Words[1].Text) {
			return officialUse(c, "")
		}
		for _, w := range c.Words[1:] { // sh <(curl …)
			if strings.HasPrefix(w.Text, "<(") {
				if url := downloadURL(fieldsOf(w)); url != "" {
					return urlInstaller(f, c, url)
				}
			}
		}
	case "install", "nix-install.sh", "nix-install", "install-nix.sh", "install-nix":
		if officialScript(c, c.Words[0].Text) {
			return officialUse(c, "")
		}
	case "nix-installer", "nix-installer-x86_64-linux", "nix-installer-aarch64-linux", "nix-installer.sh":
		if hasWord(c, "install") {
			return nixInstaller(f, c, "")
		}
		if officialScript(c, c.Words[0].Text) {
			return officialUse(c, "")
		}
	case "apt-get", "apt", "aptitude":
		if hasWord(c, "install") && (hasWord(c, "nix-bin") || hasWord(c, "nix-setup-systemd")) {
			return &Use{
				Label:     "apt-get install nix-bin",
				Span:      c.Span,
				Installer: &Installer{Kind: DistroPackage, Distribution: nixconf.Nix, End: c.Span.End},
			}
		}
	}
	return nil
}

// downloadURL returns the URL that a curl or wget command of these words downloads.
func downloadURL(words []shell.Word) string {
	if len(words) == 0 || words[0].Text != "curl" && words[0].Text != "wget" {
		return ""
	}
	for _, w := range words[1:] {
		if officialURL.MatchString(w.Text) || installerURL.MatchString(w.Text) || lixURL.MatchString(w.Text) {
			return w.Text
		}
		if strings.Contains(w.Text, "releases.nixos.org/nix/") || strings.Contains(w.Text, "nixos.org/releases/nix/") {
			return w.Text // with a variable as version
		}
	}
	return ""
}

// fieldsOf splits the text of a process substitution.
func fieldsOf(w shell.Word) []shell.Word {
	var words []shell.Word
	for _, field := range strings.Fields(strings.TrimSuffix(strings.TrimPrefix(w.Text, "<("), ")")) {
		words = append(words, shell.Word{Text: strings.Trim(field, `'"`), Span: w.Span})
	}
	return words
}

func urlInstaller(f *source.File, c *shell.Command, url string) *Use {
	switch {
	case lixURL.MatchString(url):
		use := nixInstaller(f, c, url)
		use.Installer.Kind, use.Installer.Distribution = LixInstaller, nixconf.Lix
		return use
	case installerURL.MatchString(url):
		return nixInstaller(f, c, url)
	}
	return officialUse(c, url)
}

// OfficialRelease returns the release of Nix that the address of an official installer names, false where it names none
// or is not one.
func OfficialRelease(url string) (nixconf.Version, bool) {
	m := officialURL.FindStringSubmatch(url)
	if m == nil || m[1] == "" {
		return nixconf.Version{}, false
	}
	v, err := nixconf.ParseVersion(m[1])
	return v, err == nil
}

var unpackedInstaller = lazyRegexp(`(^|/)nix-[^/]*linux/install$`)

// officialScript reports whether a path is that of the official installer, downloaded or unpacked before: the script of
// an unpacked release, or one with a usual name and an option that only it has.
func officialScript(c *shell.Command, name string) bool {
	if unpackedInstaller.MatchString(name) {
		return true
	}
	return strings.Contains(name, "nix") && strings.Contains(name, "install") &&
		(hasWord(c, "--daemon") || hasWord(c, "--no-daemon"))
}

// officialUse reads the command line of the official installer.
func officialUse(c *shell.Command, url string) *Use {
	in := &Installer{Kind: OfficialSingle, Distribution: nixconf.Nix, End: c.Span.End}
	in.Version, _ = OfficialRelease(url)
	for i, w := range c.Words {
		switch w.Text {
		case "--daemon":
			in.Kind = OfficialDaemon
		case "--nix-extra-conf-file":
			if i+1 < len(c.Words) && c.Words[i+1].Known {
				in.ConfFile = c.Words[i+1].Text
				in.Flag = w.Span.Join(c.Words[i+1].Span)
			}
		}
		in.End = max(in.End, w.Span.End)
	}
	in.ConfLate = true
	in.Overwrites = in.Kind == OfficialDaemon
	return &Use{
		Label:     string(in.Kind),
		Span:      c.Span,
		Phases:    reach.Builds | reach.Substitutes | reach.Fetches,
		Installer: in,
	}
}

// nixInstaller reads the command line of the nix-installer family.
func nixInstaller(f *source.File, c *shell.Command, url string) *Use {
	in := &Installer{Kind: NixInstaller, Distribution: nixconf.Nix, End: c.Words[len(c.Words)-1].Span.End}
	if m := pinnedInPath.FindStringSubmatch(url); m != nil {
		in.Version, _ = nixconf.ParseVersion(m[1])
	}
	var pieces []source.Piece
	for i := 1; i < len(c.Words); i++ {
		w := c.Words[i]
		switch {
		case w.Text == "--determinate":
			in.Distribution = nixconf.Determinate
		case w.Text == "--extra-conf" && i+1 < len(c.Words):
			v := c.Words[i+1]
			in.Flag = w.Span.Join(v.Span)
			i++
			if isPathOrURL(v.Text) {
				in.ConfFile = v.Text
				continue
			}
			pieces = append(append(pieces, v.Parts...), source.Piece{Text: "\n", Span: v.Span})
		case strings.HasPrefix(w.Text, "--extra-conf="):
			in.Flag = w.Span
			if value := w.Text[len("--extra-conf="):]; isPathOrURL(value) {
				in.ConfFile = value
				continue
			}
			pieces = append(append(pieces, cutPieces(w.Parts, len("--extra-conf="))...),
				source.Piece{Text: "\n", Span: w.Span})
		}
	}
	for _, a := range c.Assigns {
		if a.Name == "NIX_INSTALLER_EXTRA_CONF" {
			pieces = append(append(pieces, a.Value.Parts...), source.Piece{Text: "\n", Span: a.Value.Span})
			in.Flag = a.Span
		}
	}
	if pieces != nil {
		in.Conf = &Text{
			File:      nixconf.Parse(source.NewFragment(f, pieces)),
			Host:      HostExtra,
			Append:    true,
			Installer: in,
		}
	}
	// Up to 0.28 the two steps ran at the same time; 0.29.0 and 0.30.0 set up the profile first.
	v := in.Version
	in.ConfLate = v.Major == 0 && (v.Minor == 29 || v.Minor == 30 && v.Patch == 0)
	if v.Major >= 3 && in.Kind == NixInstaller {
		in.Distribution = nixconf.Determinate
	}
	return &Use{Label: "nix-installer", Span: c.Span, Phases: reach.Builds, Installer: in}
}

// isPathOrURL reports whether nix-installer reads a value of --extra-conf from a place rather than as configuration.
func isPathOrURL(s string) bool {
	return !strings.ContainsAny(s, " =") && strings.Contains(s, "/") ||
		strings.HasPrefix(s, "$") && !strings.Contains(s, " ")
}

// cutPieces takes the first n bytes of text off pieces.
func cutPieces(pieces []source.Piece, n int) []source.Piece {
	for i, p := range pieces {
		if len(p.Text) <= n {
			n -= len(p.Text)
			continue
		}
		p.Text = p.Text[n:]
		if p.Verbatim {
			p.Span.Start += n
		}
		return append([]source.Piece{p}, pieces[i+1:]...)
	}
	return nil
}

func hasWord(c *shell.Command, word string) bool {
	for _, w := range c.Words {
		if w.Text == word {
			return true
		}
	}
	return false
}
