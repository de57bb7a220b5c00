package nixuse

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/reach"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// This file recognises the programs that install Nix, by the URL that is downloaded, the name of the script or binary,
// or the package, and reads from their command lines which Nix they install and which configuration they are given.
// What they write to nix.conf, and whether before or after they run Nix, follows from the fields of Installer;
// builder.nix turns that into events.

// Installer is a command that installs Nix.
type Installer struct {
	// Kind is which one it is.
	Kind InstallerKind
	// Version is the release of the installer or, for the official one, of Nix; zero where it is not pinned.
	Version nixconf.Version
	// Distribution is the Nix that it installs.
	Distribution nixconf.Distribution
	// Release is the release of Nix that it installs, as far as its address, its options or the system's packages
	// say; zero where that is not known.
	Release nixconf.Version
	// Conf is the configuration passed to it, to be written, with the flag that passes it. Nil without any.
	Conf *Text
	Flag source.Span
	// ConfFile is the path, in the image, of the file passed as configuration; "" without one.
	ConfFile string
	// FileText is the text of that file, nil where it is not known.
	FileText *Text
	// ConfLate says that it runs Nix before it writes the configuration passed to it.
	ConfLate bool
	// Overwrites says that it replaces a nix.conf that was there before.
	Overwrites bool
	// End is where a further flag can be written.
	End int

	// upstream says that it installs the Nix of NixOS whatever its release.
	upstream bool
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

var (
	officialURL = lazyRegexp(
		`^(?:https?://)?(?:www\.)?(?:releases\.)?nixos\.org/(?:releases/)?nix/(?:nix-(\d+\.\d+(?:\.\d+)?)/)?install$`)
	installerURL = lazyRegexp(`^(?:https?://)?(?:install\.determinate\.systems/nix|` +
		`(?:www\.)?github\.com/(?:DeterminateSystems|NixOS)/nix-installer/releases/|` +
		`artifacts\.nixos\.org/(?:experimental-installer|nix-installer)|` +
		`raw\.githubusercontent\.com/(?:DeterminateSystems|NixOS)/nix-installer)`)
	lixURL       = lazyRegexp(`^(?:https?://)?install\.lix\.systems/`)
	pinnedInPath = lazyRegexp(`(?:/tag/|/download/|/nix/tag/)v(\d+\.\d+\.\d+)`)
	// pinnedInstaller matches the release in an address of nix-installer of Determinate Systems, in a longer text.
	pinnedInstaller = lazyRegexp(
		`(?:install\.determinate\.systems/nix|DeterminateSystems/nix-installer/releases)/(?:tag|download)/` +
			`v(\d+\.\d+\.\d+)`)
	// upstreamURL matches the addresses of the installer that NixOS makes, which knows no other Nix.
	upstreamURL = lazyRegexp(`artifacts\.nixos\.org/|/NixOS/nix-installer`)
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
		for n, w := range c.Words[1:] {
			// sh <(curl …), and sh -c "$(curl …)", which runs the text that the substitution returns
			if !strings.HasPrefix(w.Text, "<(") && (n == 0 || !isScriptOption(c.Words[n].Text)) {
				continue
			}
			if url := downloadURL(substituted(w)); url != "" {
				return urlInstaller(f, c, url)
			}
		}
	case "eval":
		for _, w := range c.Words[1:] {
			if url := downloadURL(substituted(w)); url != "" {
				return urlInstaller(f, c, url)
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
		if hasWord(c, "install") && slices.ContainsFunc(c.Words, isNixPackage) {
			return &Use{
				Label:     "apt-get install nix-bin",
				Span:      c.Span,
				Installer: &Installer{Kind: DistroPackage, Distribution: nixconf.Nix, End: c.Span.End},
			}
		}
	}
	return nil
}

// isNixPackage reports whether a word of apt is a package of Debian that brings Nix, with a version or suite or
// without.
func isNixPackage(w shell.Word) bool {
	name, _, _ := strings.Cut(w.Text, "=")
	name, _, _ = strings.Cut(name, "/")
	return name == "nix-bin" || name == "nix-setup-systemd"
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

// isScriptOption reports whether a word is the option of a shell, alone or with others, whose argument is a script.
func isScriptOption(s string) bool {
	return len(s) > 1 && s[0] == '-' && s[1] != '-' && strings.Contains(s, "c")
}

// substituted returns the words of the command that a word consists of: a process substitution, <(…), or a command
// substitution, $(…) or `…`. It returns nil for another word.
func substituted(w shell.Word) []shell.Word {
	for _, marks := range [][2]string{{"<(", ")"}, {"$(", ")"}, {"`", "`"}} {
		inner, begins := strings.CutPrefix(w.Text, marks[0])
		inner, ends := strings.CutSuffix(inner, marks[1])
		if !begins || !ends {
			continue
		}
		var words []shell.Word
		for field := range strings.FieldsSeq(inner) {
			words = append(words, shell.Word{Text: strings.Trim(field, `'"`), Span: w.Span})
		}
		return words
	}
	return nil
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

var unpackedInstaller = lazyRegexp(`(?:^|/)nix-(?:(\d+\.\d+(?:\.\d+)?)[^/]*-)?[^/]*linux/install$`)

// releaseInAddress matches the release of Nix in the addresses of its installer, of the archive that holds it, and of
// the package that nix-installer can be given.
var releaseInAddress = lazyRegexp(`nixos\.org/(?:releases/)?nix/nix-(\d+\.\d+(?:\.\d+)?)/`)

// releaseIn returns the one release that the addresses in a text name, false where they name none or several.
func releaseIn(text string) (nixconf.Version, bool) {
	found := ""
	for _, m := range releaseInAddress.FindAllStringSubmatch(text) {
		if found != "" && found != m[1] {
			return nixconf.Version{}, false
		}
		found = m[1]
	}
	v, err := nixconf.ParseVersion(found)
	return v, err == nil
}

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
	for _, w := range c.Words[:min(2, len(c.Words))] {
		if m := unpackedInstaller.FindStringSubmatch(w.Text); m != nil && m[1] != "" {
			in.Version, _ = nixconf.ParseVersion(m[1])
		}
	}
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
		case w.Text == "--nix-package-url" && i+1 < len(c.Words):
			in.Release, _ = releaseIn(c.Words[i+1].Text)
		case strings.HasPrefix(w.Text, "--nix-package-url="):
			in.Release, _ = releaseIn(w.Text)
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
	in.upstream = hasWord(c, "--prefer-upstream-nix") || upstreamURL.MatchString(url)
	in.setVersion(in.Version)
	return &Use{Label: "nix-installer", Span: c.Span, Phases: reach.Builds, Installer: in}
}

// setVersion records the release of nix-installer, and what follows from it.
func (in *Installer) setVersion(v nixconf.Version) {
	in.Version = v
	// Up to 0.28 the two steps ran at the same time; 0.29.0 and 0.30.0 set up the profile first.
	in.ConfLate = v.Major == 0 && (v.Minor == 29 || v.Minor == 30 && v.Patch == 0) && !in.upstream
	if v.Major >= 3 && in.Kind == NixInstaller && !in.upstream {
		in.Distribution = nixconf.Determinate
	}
}

// customFile reports whether the nix.conf that nix-installer writes includes nix.custom.conf, which then holds what it
// was passed: from release 0.33 on.
func (in *Installer) customFile() bool {
	return in.Kind == NixInstaller && !in.upstream && (in.Version == nixconf.Version{} || in.Version.AtLeast(0, 33))
}

// confPath returns the file that the configuration passed to the installer is written to.
func (in *Installer) confPath() string {
	if in.customFile() {
		return determinateConf
	}
	return SystemConf
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
