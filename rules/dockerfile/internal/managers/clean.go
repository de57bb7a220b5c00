package managers

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/packages"
	"github.com/sandlint/sandlint/parsers/shell"
)

// cleaner finds the commands that empty a folder, or may do so. It is generous: where a path is not known, the command
// counts as one that empties it.
type cleaner struct {
	// folders are those that are emptied, with "~" for the home folder of any user. Emptying one is enough.
	folders []string
	// variables are those that name such a folder, or what it lies in.
	variables []string
	// by are the managers whose own command empties them.
	by []string
	// keeps reports whether such a command keeps what counts, such as `yum clean packages` the lists of packages.
	keeps func(*packages.Use) bool
}

// maxFolders bounds the folders of a cleaner, since each removal is compared with all of them.
const maxFolders = 64

// add adds a folder.
func (x *cleaner) add(folder string) {
	if len(x.folders) < maxFolders && !slices.Contains(x.folders, folder) {
		x.folders = append(slices.Clip(x.folders), folder)
	}
}

// cleans reports whether a command empties the folders.
func (x *cleaner) cleans(c *image.Command) bool {
	if !c.Dialect().POSIX() {
		return x.cleansOnWindows(c)
	}
	switch c.Name {
	case "rm", "unlink":
		return slices.ContainsFunc(c.Words[1:], func(w shell.Word) bool { return !isFlag(w.Text) && x.removes(c, w) })
	case "find":
		removes := func(w shell.Word) bool {
			return w.Text == "-delete" || w.Text == "rm" || strings.HasSuffix(w.Text, "/rm")
		}
		removing := slices.ContainsFunc(c.Words, removes) ||
			c.PipesTo != nil && slices.ContainsFunc(c.PipesTo.Words, removes)
		return removing && slices.ContainsFunc(c.Words[1:], func(w shell.Word) bool {
			return strings.HasPrefix(w.Text, "/") && x.removes(c, w)
		})
	case "xargs", "parallel":
		from := c.PipedFrom
		return c.HasWord("rm") && from != nil && slices.ContainsFunc(from.Words, func(w shell.Word) bool {
			return x.removes(c, w)
		})
	case "trap":
		return len(c.Words) > 1 && x.mentions(c.Words[1].Text)
	}
	if u := c.Package(); u != nil {
		return u.Action == packages.Clean && slices.Contains(x.by, u.Manager.Name) && (x.keeps == nil || !x.keeps(u)) &&
			(u.Manager.Name != "pacman" || pacmanCleans(c, u))
	}
	return x.hidden(c)
}

// cleansOnWindows reports whether a command of cmd or PowerShell may empty the folders: it removes a cache, something
// in the folder of a user's data, or what is not known.
func (x *cleaner) cleansOnWindows(c *image.Command) bool {
	if u := c.Package(); u != nil {
		return u.Action == packages.Clean && slices.Contains(x.by, u.Manager.Name)
	}
	switch strings.ToLower(c.Path) {
	case "rd", "rmdir", "del", "erase", "rm", "ri", "remove-item":
	default:
		return false
	}
	return slices.ContainsFunc(c.Words[1:], func(w shell.Word) bool {
		text := strings.ToLower(w.Text)
		return !w.Known || strings.Contains(text, "cache") || strings.Contains(text, "appdata")
	})
}

// pacmanCleans reports whether a command of pacman removes the packages that are installed, too: it asks, and even with
// --noconfirm the answer is no.
func pacmanCleans(c *image.Command, u *packages.Use) bool {
	n := 0
	for _, o := range u.Options {
		if o.Name == "-c" || o.Name == "--clean" {
			n++
		}
	}
	return n > 1 && answered(c.Command)
}

// KeepsMetadata reports whether a command of yum or dnf that cleans keeps the metadata of repositories.
func KeepsMetadata(u *packages.Use) bool {
	return len(u.Packages) > 0 && (u.Packages[0].Word.Text == "packages" || u.Packages[0].Word.Text == "headers")
}

// cleaning are parts of names of scripts that nobody can read here and that clean up.
var cleaning = []string{"clean", "purge", "minim", "shrink", "slim"}

// hidden reports whether a command runs something that cannot be read and whose name says that it cleans up.
func (x *cleaner) hidden(c *image.Command) bool {
	if c.Calls || c.Runs != nil {
		return false
	}
	name := c.Name
	switch name {
	case "sh", "bash", "dash", "ash", ".", "source":
		if c.Unread == image.Read || len(c.Words) < 2 {
			return false
		}
		name = path.Base(c.Words[1].Text)
	case "make", "npm", "yarn", "cargo", "go", "mvn", "gradle":
		return false
	}
	name = strings.ToLower(name)
	return slices.ContainsFunc(cleaning, func(part string) bool { return strings.Contains(name, part) })
}

// mentions reports whether a text of shell code has one of the folders in it.
func (x *cleaner) mentions(code string) bool {
	return slices.ContainsFunc(x.folders, func(folder string) bool {
		return strings.Contains(code, strings.TrimPrefix(folder, "~"))
	})
}

var expansion = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile("\\$\\{[^}]*\\}|\\$\\([^)]*\\)|`[^`]*`|\\$[A-Za-z0-9_@*#?!-]")
})

// removes reports whether the removal of what a word names empties one of the folders.
func (x *cleaner) removes(c *image.Command, w shell.Word) bool {
	if p := c.PathOf(w); p != "" && x.covers(p) {
		return true
	}
	if w.Known {
		return !strings.HasPrefix(w.Text, "/") && strings.HasPrefix(w.Text, "~") && x.covers(home(w.Text))
	}
	for _, p := range braces(w.Text, 64) {
		if strings.HasPrefix(p, "$") && !strings.HasPrefix(p, "$HOME") && !strings.HasPrefix(p, "${HOME}") {
			if x.perhaps(c, p) {
				return true
			}
			continue
		}
		p = strings.NewReplacer("${HOME}", "~", "$HOME", "~").Replace(p)
		p = expansion().ReplaceAllString(p, "*")
		switch {
		case strings.HasPrefix(p, "/"), strings.HasPrefix(p, "~"):
		case c.Dir() == "":
			continue
		default:
			p = c.Dir() + "/" + p
		}
		if x.covers(p) {
			return true
		}
	}
	return false
}

// perhaps reports whether a path that begins with a variable may be one of the folders: the file sets the variable, and
// not to a new temporary folder.
func (x *cleaner) perhaps(c *image.Command, p string) bool {
	name := strings.TrimLeft(p, "${")
	if n := strings.IndexFunc(name, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}); n >= 0 {
		name = name[:n]
	}
	if name == "" || slices.Contains(x.variables, name) {
		return true // the output of a command, or an argument
	}
	if v := c.Assigned(name); v.Set {
		return !strings.Contains(v.Value.Value.Text, "mktemp") && !v.Value.Value.Known
	}
	if _, ok := c.Step.Lookup(name); ok {
		return true
	}
	const most = 1 << 16 // a longer statement is not searched for each of its commands
	return c.Statement.Len() > most || strings.Contains(c.File.Text(c.Statement), "for "+name+" in")
}

// covers reports whether the removal of a path, which may have wildcards, empties one of the folders.
func (x *cleaner) covers(p string) bool {
	p = home(p)
	for strings.HasSuffix(p, "/") && len(p) > 1 {
		p = strings.TrimSuffix(p, "/")
	}
	segments := strings.Split(p, "/")
	for _, folder := range x.folders {
		if match(segments, strings.Split(folder, "/")) {
			return true
		}
	}
	return false
}

// match reports whether a path with wildcards names a folder, one that it lies in, or, with a wildcard, what lies in
// it.
func match(pattern, folder []string) bool {
	for n, part := range pattern {
		if n >= len(folder) {
			return strings.ContainsAny(strings.Join(pattern[n:], "/"), "*?[")
		}
		if part == folder[n] {
			continue
		}
		if ok, err := path.Match(part, folder[n]); !ok || err != nil {
			return false
		}
	}
	return len(pattern) > 1 && (len(pattern) > 2 || pattern[1] != "")
}

// home returns a path with "~" for the home folder of whatever user.
func home(p string) string {
	segments := strings.Split(p, "/")
	switch {
	case len(segments) > 1 && segments[0] == "" && segments[1] == "root":
		return strings.Join(append([]string{"~"}, segments[2:]...), "/")
	case len(segments) > 2 && segments[0] == "" && segments[1] == "home":
		return strings.Join(append([]string{"~"}, segments[3:]...), "/")
	case strings.HasPrefix(segments[0], "~"):
		segments[0] = "~"
	}
	return strings.Join(segments, "/")
}

// braces returns the words that the expansion of braces makes of one, at most limit.
func braces(w string, limit int) []string {
	out := []string{w}
	for n := 0; n < len(out) && len(out) < limit; n++ {
		w := out[n]
		open := -1
		for i := 0; i < len(w); i++ {
			if w[i] == '{' && (i == 0 || w[i-1] != '$') {
				open = i
			}
			if w[i] == '}' && open >= 0 {
				parts := strings.Split(w[open+1:i], ",")
				if len(parts) < 2 {
					open = -1
					continue
				}
				var all []string
				for _, part := range parts {
					all = append(all, w[:open]+part+w[i+1:])
				}
				out = append(append(out[:n:n], all...), out[n+1:]...)
				n--
				break
			}
		}
	}
	return out
}
