package config

import (
	"cmp"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"sync"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/hadolint"
)

// Nearest finds the configuration of each file: the nearest one upwards from its folder, as far as the repository's
// root. It is safe for concurrent use.
type Nearest struct {
	// Load reads the configuration file at an absolute path; each is read once.
	Load func(path string) (*Config, error)
	// Files is what is searched; nil means the disk.
	Files files.Tree
	// Hadolint says that hadolint's configuration counts where there is none of ours.
	Hadolint bool

	mu      sync.Mutex
	folders map[string]*folder
	loaded  map[string]*Config // by path
	none    Config
	wrong   map[string]error // by path
	fixed   *Config
}

// Fixed returns the Nearest for which one configuration holds for all files: that of the file at path, "" for none.
func Fixed(path string, c *Config) *Nearest {
	n := &Nearest{fixed: c}
	if path != "" {
		n.loaded = map[string]*Config{path: c}
	}
	return n
}

// Found returns the configuration files that were found so far, by absolute path.
func (n *Nearest) Found() map[string]*Config {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.loaded)
}

// folder is what is known about one folder.
type folder struct {
	ours     *Config // the nearest of ours, nil for none
	hadolint string  // the path of the nearest of hadolint's, "" for none
	excluded bool    // the folder lies in one that is excluded, or is one itself
}

// Of returns the configuration for the file at an absolute path: an empty one where there is no configuration file, and
// where that cannot be used, which Err says.
func (n *Nearest) Of(abs string) *Config {
	if n.fixed != nil {
		return n.fixed
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.config(n.folder(filepath.Dir(abs)))
}

// Excluded reports whether a file or folder is excluded, or a folder that it lies in. The configuration of the folder
// around each says it, so a folder that is excluded cannot take itself in again.
func (n *Nearest) Excluded(abs string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.excluded(abs)
}

func (n *Nearest) excluded(abs string) bool {
	if n.fixed != nil {
		return n.matches(n.fixed, abs)
	}
	around := n.folder(filepath.Dir(abs))
	return around.excluded || n.matches(n.config(around), abs)
}

// matches reports whether a configuration excludes a path.
func (n *Nearest) matches(c *Config, abs string) bool {
	_, excluded := c.Excludes(abs)
	return excluded
}

// Err returns what is wrong with the configuration files that were found so far, nil for nothing. It is an *Error where
// their texts are wrong.
func (n *Nearest) Err() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []error
	for _, path := range slices.Sorted(maps.Keys(n.wrong)) {
		all = append(all, n.wrong[path])
	}
	return JoinErrors(all)
}

// JoinErrors returns the errors of several configurations as one, nil for none: an *Error with all problems, or the
// first that is another one.
func JoinErrors(all []error) error {
	var wrong *Error
	for _, err := range all {
		var one *Error
		if !errors.As(err, &one) {
			return err
		}
		if wrong == nil {
			first := *one
			wrong = &first
		} else {
			wrong.More = append(append(wrong.More, one), one.More...)
		}
	}
	if wrong == nil {
		return nil
	}
	return wrong
}

// folder returns what is known about a folder.
func (n *Nearest) folder(dir string) *folder {
	if f := n.folders[dir]; f != nil {
		return f
	}
	if n.folders == nil {
		n.folders, n.loaded, n.wrong = map[string]*folder{}, map[string]*Config{}, map[string]error{}
	}
	tree := Known{Files: n.Files}.tree()
	_, err := tree.Lstat("", filepath.Join(dir, ".git"))
	f := &folder{}
	if up := filepath.Dir(dir); err != nil && up != dir {
		*f = *n.folder(up)
		f.excluded = f.excluded || n.matches(n.config(f), dir)
	}
	n.folders[dir] = f
	if path := inFolder(tree, dir, []string{Name}); path != "" {
		f.ours = n.load(path)
	} else if f.ours == nil && n.Hadolint {
		f.hadolint = cmp.Or(inFolder(tree, dir, hadolint.Names()), f.hadolint)
	}
	return f
}

// config returns the configuration that holds in a folder.
func (n *Nearest) config(f *folder) *Config {
	switch {
	case f.ours != nil:
		return f.ours
	case f.hadolint != "":
		return n.load(f.hadolint)
	}
	return &n.none
}

func (n *Nearest) load(path string) *Config {
	c, ok := n.loaded[path]
	if n.wrong[path] != nil {
		return &n.none
	}
	if !ok {
		var err error
		if c, err = n.Load(path); err != nil {
			n.wrong[path] = err
			c = &n.none
		} else {
			n.loaded[path] = c
		}
	}
	return c
}
