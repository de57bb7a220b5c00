package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/sandlint/sandlint/cmd/internal/decisions"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// A file of Kubernetes may hold several profiles: SeccompProfiles, and texts in ConfigMaps. FILE#NAME is one of them.

// choice is a profile of a file, with the name by which the command line chooses it.
type choice struct {
	name     string
	profile  *seccomp.Profile
	embedded *workspace.Embedded // nil for a profile that is no text inside the file
}

// readChoices reads the file at path, and returns the name of one of its profiles that the path ends with.
func (a *app) readChoices(path string) (f *source.File, name string, err error) {
	if f, err = a.readInput(path); !errors.Is(err, fs.ErrNotExist) {
		return f, "", err
	}
	n := strings.LastIndexByte(path, '#')
	if n <= 0 {
		return nil, "", err
	}
	f, cut := a.readInput(path[:n])
	if errors.Is(cut, fs.ErrNotExist) {
		return nil, "", err
	}
	return f, path[n+1:], cut
}

// fileOf returns the path of a file without the name of a profile in it, for a path that readChoices read.
func (a *app) fileOf(path string) string {
	if _, name, err := a.readChoices(path); err == nil && name != "" {
		return path[:strings.LastIndexByte(path, '#')]
	}
	return path
}

// choices returns the profiles of a file. A file of another language than YAML is one.
func choices(f *source.File) []choice {
	var out []choice
	embedded := workspace.EmbeddedProfiles(f)
	for _, e := range embedded {
		out = append(out, choice{e.Label(embedded), e.Profile, e})
	}
	if len(embedded) > 0 && !seccomp.MentionsResource(f.Bytes) {
		return out
	}
	for _, p := range seccomp.ParseAll(f) {
		if len(embedded) == 0 || p.Dialect == seccomp.SPO {
			out = append(out, choice{name: p.Name.Text, profile: p})
		}
	}
	return out
}

// chosen returns the profile of a file that a name chooses; the only one without a name. It returns nil after it has
// reported why there is none.
func (a *app) chosen(f *source.File, name string) (*seccomp.Profile, error) {
	all := choices(f)
	var names []string
	var found []choice
	for _, c := range all {
		names = append(names, f.Path+"#"+c.name)
		if name == "" || c.name == name {
			found = append(found, c)
		}
	}
	switch {
	case len(found) == 0:
		return nil, fmt.Errorf("%s has no profile %q; there is %s", f.Path, name, decisions.Or(names))
	case len(found) > 1 && name != "":
		a.warnf("%s has %d profiles %q; this is about the first", f.Path, len(found), name)
	case len(found) > 1:
		return nil, fmt.Errorf("%s has %d profiles; name one of them: %s", f.Path, len(found), decisions.Or(names))
	}
	if e := found[0].embedded; e != nil {
		if a.embedded == nil {
			a.embedded = map[*source.File]*workspace.Embedded{}
		}
		a.embedded[e.Profile.Source] = e
	}
	return found[0].profile, nil
}

// inFile returns the file that holds a profile, and its text with another text of the profile.
func (a *app) inFile(f *source.File, after []byte) (*source.File, []byte, error) {
	e := a.embedded[f]
	if e == nil {
		return f, after, nil
	}
	host, text, err := e.Replaced(after)
	if err != nil {
		return host, nil, fmt.Errorf("%s: the profile cannot be written there: %w", host.Path, err)
	}
	return host, text, nil
}

// noProfile reports that a file of YAML holds no profile.
func (a *app) noProfile(f *source.File) {
	what := "it holds no SeccompProfile, and no ConfigMap with the text of a profile"
	if strings.Contains(string(f.Bytes), "{{") {
		what += " that is known before Helm fills the template in"
	}
	a.warnf("reading %s: %s", f.Path, what)
	a.setStatus(StatusUnreadable)
}

// mayEmbed reports whether a file is one that holds profiles among other things.
func mayEmbed(f *source.File) bool { return files.IsYAML(f.Path) || strings.HasSuffix(f.Path, ".tpl") }
