package packages

import (
	"slices"
	"strings"
	"sync"
)

// pinning is how the commands of a manager fix the version of what they install.
type pinning struct {
	// verbs are the commands whose operands are packages that may have a version; first are those of which only the
	// first operand is one.
	verbs, first []string
	// options fix the versions of all packages, or make the command install what is there already.
	options []string
	// floating are versions that stand for the newest one.
	floating []string
	// never reports whether a package with a name can have no version.
	never func(name string) bool
	// git is what stands before the revision in the address of a repository, 0 where addresses name no repositories.
	git byte
}

// The ways to fix a version, by manager. Sources: those of the table of managers; for pip also "VCS Support", for npm
// the documentation of "npm install", for Go "Module-aware commands" of the reference of modules.
var pinnings = sync.OnceValue(func() map[string]pinning {
	words := strings.Fields
	apt := pinning{verbs: words("install"), never: func(name string) bool {
		return strings.HasSuffix(name, "-") || strings.HasSuffix(name, "^") || strings.ContainsAny(name, "?~(")
	}}
	rpm := pinning{verbs: words("install localinstall"), never: func(name string) bool {
		return strings.ContainsAny(name, "()/")
	}}
	pip := pinning{verbs: words("install wheel"), git: '@', options: words(`-r --requirement -c --constraint
		--no-index --uploaded-prior-to`)}
	npm := pinning{verbs: words("install i in ins add isntall install-test it"), git: '#', options: words("--before")}
	return map[string]pinning{
		"apt-get": apt, "apt": apt, "aptitude": apt,
		"apk": {verbs: words("add"), never: func(name string) bool { return name[0] == '.' || name[0] == '!' }},
		"yum": rpm, "dnf": rpm, "microdnf": rpm, "tdnf": rpm,
		"zypper": {verbs: words("install in"), never: rpm.never, options: words("-t --type")},
		"pip":    pip, "pipx": pip,
		"uv": {verbs: []string{"pip install", "add", "tool install"}, git: '@', options: words(`-r --requirement
			--requirements -c --constraint --constraints --override --overrides --no-index --exclude-newer`)},
		"npm": npm, "yarn": {verbs: []string{"add", "global add"}, git: '#'},
		"pnpm": {verbs: words("install i add"), git: '#'},
		"gem":  {verbs: words("install i"), options: words("-v --version -g --file -l --local")},
		"go":   {verbs: words("install get"), first: words("run"), floating: words("latest upgrade")},
		"cargo": {verbs: words("install binstall"), options: words("--version --vers --path --git"),
			floating: words("latest")},
		"composer": {verbs: []string{"require", "r", "global require"}, first: words("create-project"),
			floating: words("dev-master dev-main"),
			never:    func(name string) bool { return !strings.Contains(name, "/") }},
	}
})

// Unpinned returns the packages that a command installs in whatever version is the newest when it runs: those named
// without a version, or with one that stands for any, and repositories without a revision. There are none where an
// option fixes the versions, or where it is not known whether one does.
func (u *Use) Unpinned() []Package {
	pins, ok := pinnings()[u.Manager.Name]
	if !ok || u.Action != Install && u.Action != Run || u.Has(u.Manager.Harmless...) || u.Has(pins.options...) {
		return nil
	}
	var verb []string
	for _, w := range u.Verb {
		verb = append(verb, w.Text)
	}
	name := strings.Join(verb, " ")
	operands := u.Packages
	stream := name == "module install"
	switch {
	case slices.Contains(pins.first, name):
		if name == "create-project" && len(operands) > 2 {
			return nil // the third is the version
		}
		operands = operands[:min(1, len(operands))]
	case !slices.Contains(pins.verbs, name) && !stream:
		return nil
	}
	var out []Package
	for _, p := range operands {
		if pins.open(p) && !(stream && strings.Contains(p.Word.Text, ":")) {
			out = append(out, p)
		}
	}
	return out
}

// open reports whether a package has no fixed version.
func (x *pinning) open(p Package) bool {
	switch p.Kind {
	case URL:
		return x.git != 0 && p.Version == "" && isOpenRepository(p.Word.Text, x.git)
	case Named:
	default:
		return false
	}
	if p.Version != "" && p.Version != "*" && !slices.Contains(x.floating, p.Version) {
		return false
	}
	if !p.Word.Known && strings.ContainsAny(p.Word.Text, "$`") && p.Version == "" {
		return false // a variable in the word may hold the version
	}
	switch p.Name {
	case "", "true", "false": // the last two are values of options
		return false
	}
	return !strings.ContainsAny(p.Name, " \t\n'\"") && (x.never == nil || !x.never(p.Name))
}

// isOpenRepository reports whether an address is that of a git repository, without a revision, which stands after a
// character.
func isOpenRepository(address string, revision byte) bool {
	if strings.ContainsAny(address, "$`") {
		return false
	}
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		// "user/repository" and "github:user/repository"
		return revision == '#' && !strings.Contains(address, "#") && !strings.HasPrefix(address, "gist:")
	}
	if !strings.HasPrefix(scheme, "git") && !strings.Contains(scheme, "git+") {
		return false
	}
	if revision == '#' {
		return !strings.Contains(rest, "#")
	}
	_, path, _ := strings.Cut(rest, "/")
	path, _, _ = strings.Cut(path, "#")
	return !strings.Contains(path, string(revision))
}
