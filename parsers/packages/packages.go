// Package packages reads the command lines of package managers: what a command installs, updates or cleans, and with
// which options.
//
// What differs between the managers is data (managers.go): their commands, their options, how they write a version,
// and where they keep what they download. A rule about several managers asks a Use, and never compares raw words.
//
// What cannot be known is marked: a variable that may hold options makes a Use Opaque, and one that may hold packages
// is a Package of the kind Unknown.
package packages

import (
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// Action is what a command of a package manager does.
type Action int

const (
	// Other is a command that installs, updates and cleans nothing, or that is not known.
	Other Action = iota
	// Install installs packages: those named, or those of a project's files.
	Install
	// Update refreshes the lists of packages that there are: `apt-get update`.
	Update
	// Upgrade installs newer versions of what is there.
	Upgrade
	// ReleaseUpgrade is an Upgrade that may also remove packages or change the release: `zypper dist-upgrade`.
	ReleaseUpgrade
	// Clean removes what was downloaded.
	Clean
	// Remove removes packages.
	Remove
	// Run runs a program of a package without installing it: `go run`.
	Run
)

// Use is one command line of a package manager.
type Use struct {
	Manager *Manager
	Action  Action
	// Verb are the words of the command, such as "install" or "cache", "clean"; none where it was not recognised.
	Verb []shell.Word
	// Options are the options, before and after the verb; "-yq" is two.
	Options []Option
	// Packages are the operands after the verb.
	Packages []Package
	// Opaque says that a word is not known and may be an option or several, as in `apt-get $OPTIONS install`. An
	// option that is not among Options may then be there all the same.
	Opaque bool
}

// Option is an option of a command line.
type Option struct {
	// Name is the name as written, with its dashes: "--yes", "-y".
	Name string
	// Value is the value, where HasValue, after "=" or in the next word.
	Value    string
	HasValue bool
	// Word is the word that holds the name.
	Word shell.Word
}

// Kind is what an operand of an installation is.
type Kind int

const (
	// Named is the name of a package, perhaps with a version.
	Named Kind = iota
	// Path is a file or folder.
	Path
	// URL is an address: of an archive or a repository.
	URL
	// Group is a group of packages or a module, such as "@development-tools" of dnf.
	Group
	// Unknown is a word that is not known, and may be several packages.
	Unknown
)

// Package is one operand of an installation.
type Package struct {
	Kind Kind
	// Name is the name without version, "" where it is not Named.
	Name string
	// Version is what is written after the name, such as "1.2" or "^1", or a variable; "" without one.
	Version string
	// Word is the word that holds it. A word that a variable puts there may hold several.
	Word shell.Word
}

// Has reports whether one of the options is there. Names are with dashes.
func (u *Use) Has(names ...string) bool {
	_, ok := u.Option(names...)
	return ok
}

// Option returns the last option with one of the names.
func (u *Use) Option(names ...string) (Option, bool) {
	for _, o := range slices.Backward(u.Options) {
		if slices.Contains(names, o.Name) {
			return o, true
		}
	}
	return Option{}, false
}

// AnswersYes reports whether the command confirms all questions itself, by an option that is known. See Opaque.
func (u *Use) AnswersYes() bool {
	return u.Has(u.Manager.Yes...) || u.Manager.yes != nil && u.Manager.yes(u)
}

// SkipsCache reports whether an option makes the command keep nothing of what it downloads. See Opaque.
func (u *Use) SkipsCache() bool { return u.Has(u.Manager.NoCache...) }

// SkipsExtras reports whether an option leaves out packages that are merely recommended. See Opaque.
func (u *Use) SkipsExtras() bool {
	return u.Has(u.Manager.NoExtras...) || u.Manager.noExtras != nil && u.Manager.noExtras(u)
}

// Programs returns the names of the programs that start the managers with the given names; without names, those of all
// managers. Interpreters are among them, as in `python3 -m pip`.
func Programs(managers ...string) []string {
	var out []string
	for _, m := range table() {
		if len(managers) == 0 || slices.Contains(managers, m.Name) {
			out = append(out, m.programs...)
		}
	}
	return out
}

// Lookup returns the manager with a name, nil where there is none.
func Lookup(name string) *Manager {
	for _, m := range table() {
		if m.Name == name {
			return m
		}
	}
	return nil
}

var byProgram = sync.OnceValue(func() map[string]*Manager {
	out := map[string]*Manager{}
	for _, m := range table() {
		for _, p := range m.programs {
			out[p] = m
		}
	}
	return out
})

// Read reads a command line. It returns nil for a program that is no package manager.
func Read(c *shell.Command) *Use {
	m := byProgram()[c.Name]
	if m == nil {
		return nil
	}
	words := c.Words[1:]
	if strings.HasPrefix(c.Name, "python") {
		if words = moduleWords(words, m.Name); words == nil {
			return nil
		}
	}
	u := &Use{Manager: m}
	r := reader{use: u, words: split(words)}
	r.read()
	return u
}

// moduleWords returns the words after `-m name` of an interpreter, nil where it runs something else.
func moduleWords(words []shell.Word, name string) []shell.Word {
	for n, w := range words {
		switch {
		case w.Text == "-m":
			if n+1 < len(words) && words[n+1].Text == name {
				return words[n+2:]
			}
			return nil
		case w.Text == "-m"+name:
			return words[n+1:]
		case !strings.HasPrefix(w.Text, "-"), strings.HasPrefix(w.Text, "-c"):
			return nil
		}
	}
	return nil
}

// split returns the words as the program gets them: a known variable that is not quoted may hold several, and a
// substitution with nothing but a comment in it, which people use for comments between words, vanishes.
func split(words []shell.Word) []shell.Word {
	if slices.ContainsFunc(words, comment) {
		words = slices.DeleteFunc(slices.Clone(words), comment)
	}
	several := func(w shell.Word) bool {
		const blanks = " \t\n"
		splits := func(p source.Piece) bool {
			escaped := len(p.Text) == 1 && p.Span.End-p.Span.Start == 2 // or a blank from a variable of one letter
			return !p.Verbatim && p.Quoting == source.Unquoted && !escaped && strings.ContainsAny(p.Text, blanks)
		}
		return w.Known && strings.ContainsAny(w.Text, blanks) && slices.ContainsFunc(w.Parts, splits)
	}
	if !slices.ContainsFunc(words, several) {
		return words
	}
	var out []shell.Word
	for _, w := range words {
		if !several(w) {
			out = append(out, w)
			continue
		}
		for f := range strings.FieldsSeq(w.Text) {
			out = append(out, shell.Word{Text: f, Known: true, Span: w.Span})
		}
	}
	return out
}

// comment reports whether a word is a comment between words: `# text`, or the substitution of a variable as in
// ${IFS# text}.
func comment(w shell.Word) bool {
	if w.Known || len(w.Text) < 3 {
		return false
	}
	if rest, ok := strings.CutPrefix(w.Text, "`"); ok {
		return strings.HasPrefix(strings.TrimLeft(rest, " \t"), "#") && strings.IndexByte(rest, '`') == len(rest)-1
	}
	return strings.HasPrefix(w.Text, "${IFS#") && strings.IndexByte(w.Text, '}') == len(w.Text)-1
}

// reader reads the words of one command line.
type reader struct {
	use   *Use
	words []shell.Word
}

func (r *reader) read() {
	m := r.use.Manager
	var operands []shell.Word
	for n := 0; n < len(r.words); n++ {
		w := r.words[n]
		switch {
		case w.Text == "--":
			if !m.stops {
				operands = append(operands, r.words[n+1:]...)
			}
			n = len(r.words)
		case hidden(w):
			r.use.Opaque = true
			operands = append(operands, w)
		case len(w.Text) > 1 && w.Text[0] == '-':
			if r.option(w, n+1) {
				n++
			}
		default:
			operands = append(operands, w)
		}
	}
	if m.operation != nil {
		if r.packages(operands); m.operation(r.use) {
			return
		}
		r.use.Packages = nil
	}
	for len(operands) > 0 && hidden(operands[0]) {
		operands = operands[1:] // options in a variable, as in `apt-get $OPTIONS install`
	}
	if m.Name == "cargo" && len(operands) > 0 && strings.HasPrefix(operands[0].Text, "+") {
		operands = operands[1:] // the toolchain, as in `cargo +nightly install`
	}
	for n := min(2, len(operands)); n > 0; n-- {
		var name []string
		for _, w := range operands[:n] {
			name = append(name, w.Text)
		}
		if a, ok := m.verbs[strings.Join(name, " ")]; ok {
			r.use.Action, r.use.Verb = a, operands[:n]
			r.packages(operands[n:])
			return
		}
	}
	if a, ok := m.verbs[""]; ok && len(operands) == 0 && !r.use.Opaque {
		r.use.Action = a
	}
}

// hidden reports whether a word begins with something that is not known, so it may be an option.
func hidden(w shell.Word) bool {
	return !w.Known && (len(w.Parts) == 0 || w.Parts[0].Opaque)
}

// option reads an option, and reports whether the word at next is its value.
func (r *reader) option(w shell.Word, next int) (value bool) {
	m := r.use.Manager
	add := func(name, value string, has bool) {
		r.use.Options = append(r.use.Options, Option{Name: name, Value: value, HasValue: has, Word: w})
	}
	take := func(name string) bool {
		if next >= len(r.words) {
			add(name, "", false)
			return false
		}
		add(name, r.words[next].Text, true)
		return true
	}
	if m.single || strings.HasPrefix(w.Text, "--") {
		name, v, has := strings.Cut(w.Text, "=")
		if !has && slices.Contains(m.valued, name) {
			return take(name)
		}
		add(name, v, has)
		return false
	}
	for n := 1; n < len(w.Text); n++ {
		name := "-" + w.Text[n:n+1]
		rest := w.Text[n+1:]
		switch {
		case strings.HasPrefix(rest, "="):
			add(name, rest[1:], true)
			return false
		case !slices.Contains(m.valued, name):
			add(name, "", false)
		case rest != "":
			add(name, rest, true)
			return false
		default:
			return take(name)
		}
	}
	return false
}

func (r *reader) packages(operands []shell.Word) {
	m := r.use.Manager
	for _, w := range operands {
		p := Package{Word: w}
		switch {
		case hidden(w), strings.ContainsAny(w.Text, "`"), strings.Contains(w.Text, "$("):
			p.Kind = Unknown
		case strings.Contains(w.Text, "://"), strings.HasPrefix(w.Text, "git+"), strings.HasPrefix(w.Text, "git@"):
			p.Kind = URL
		case isPath(w.Text, m):
			p.Kind = Path
		case m.group != "" && strings.HasPrefix(w.Text, m.group):
			p.Kind = Group
		default:
			p.Kind, p.Name, p.Version = m.cut(w.Text)
		}
		r.use.Packages = append(r.use.Packages, p)
	}
}

// isPath reports whether an operand is a file or folder.
func isPath(text string, m *Manager) bool {
	if text == "." || text == ".." || strings.HasPrefix(text, "./") || strings.HasPrefix(text, "../") ||
		strings.HasPrefix(text, "/") || strings.HasPrefix(text, "~/") {
		return true
	}
	return slices.ContainsFunc(m.files, func(ext string) bool { return strings.HasSuffix(text, ext) })
}
