package cli

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/cache"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/rules/cached"
)

// cacheFlags are the flags of check about its cache. A configuration cannot set them: it belongs to the repository that
// is checked, which must not choose what is written where, or whose answers are believed.
type cacheFlags struct {
	place string
	none  bool
}

func (f *cacheFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.place, "cache", "", "keep what is found in files in this `PLACE`, a folder or the URL "+
		"of a remote cache, for later runs (also SANDLINT_CACHE)")
	cmd.Flags().BoolVar(&f.none, "no-cache", false, "use no cache, whatever SANDLINT_CACHE says")
	_ = cmd.RegisterFlagCompletionFunc("cache",
		func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		})
}

// resultStore is a cache that is open. Close returns what went wrong with it.
type resultStore interface {
	cached.Store
	Close() error
}

// openCache opens the cache of a run, nil for none.
func (a *app) openCache(r *run, f *cacheFlags, paths []string) error {
	place, from := f.place, "--cache"
	if place == "" {
		place, from = a.getenv("SANDLINT_CACHE"), "SANDLINT_CACHE"
	}
	switch {
	case f.none && f.place != "":
		return errors.New("--cache and --no-cache cannot be used together")
	case f.none || place == "":
		return nil
	}
	if !strings.Contains(place, "://") {
		place = absolute(r.dir, place)
		if top := repositoryOf(r.dir, place, paths); top != "" {
			return fmt.Errorf("%s: %s lies in %s, which is checked and must not bring results of its own; a cache "+
				"lies outside, such as in ~/.cache/sandlint", from, shown(r.dir, place),
				shown(filepath.Dir(top), top))
		}
	}
	open := a.openStore
	if open == nil {
		open = func(place, secret string) (resultStore, error) { return cache.Open(place, secret, a.now) }
	}
	store, err := open(place, a.getenv("SANDLINT_CACHE_KEY"))
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	r.store = store
	return nil
}

// repositoryOf returns the repository, or the folder, that holds one of the paths to check, the working directory where
// there are none, and that a place lies in; "" for none.
func repositoryOf(dir, place string, paths []string) string {
	tree := files.Disk{}
	real := func(path string) string {
		for up := path; ; up = filepath.Dir(up) {
			if found, err := tree.Real(up); err == nil {
				rest, _ := filepath.Rel(up, path)
				return filepath.Join(found, rest)
			} else if up == filepath.Dir(up) {
				return path
			}
		}
	}
	if len(paths) == 0 {
		paths = []string{"."}
	}
	for _, path := range paths {
		folder := folderOf(dir, path, "")
		top := cmp.Or(files.Root(tree, dir, folder), folder)
		if files.Inside(real(top), real(place)) || files.Inside(real(folder), real(place)) {
			return top
		}
	}
	return ""
}

// cached reports whether a check reads files from the disk alone, and shows what is found in each.
func (r *run) cached(flags *checkFlags, paths []string) bool {
	f := &flags.runFlags
	return !f.changed && !f.staged && f.since == "" && f.stdinFilename == "" && !flags.diff && !flags.add.on &&
		!slices.Contains(paths, "-")
}

// cacheOf returns what the runner needs of a cache, nil where it cannot be used.
func (a *app) cacheOf(r *run) *cached.Cache {
	if r.store == nil {
		return nil
	}
	program, err := a.identity(r)
	if err != nil {
		a.warnf("the cache is not used: %v", err)
		return nil
	}
	anchor := r.workspace.Anchor()
	policy := func(abs string) string { return r.policies.identity(anchor, abs) }
	return &cached.Cache{Store: r.store, Program: program, Policy: policy, Before: r.prefetch}
}

// closeCache ends the use of the cache, and reports what went wrong.
func (a *app) closeCache(r *run) {
	if r.store == nil {
		return
	}
	if err := r.store.Close(); err != nil {
		a.warnf("%v; what it lacks was checked", err)
	}
}

// identity returns what identifies this program and the ShellCheck that it asks: the hashes of both, and what that one
// says of its version.
func (a *app) identity(r *run) (string, error) {
	find := a.executable
	if find == nil {
		find = os.Executable
	}
	own, err := find()
	if err != nil {
		return "", fmt.Errorf("finding the program: %w", err)
	}
	programs := []string{own}
	var out []string
	if r.shellCheck != nil {
		version, err := r.shellCheck.Version()
		if err != nil {
			return "", err
		}
		programs, out = append(programs, r.shellCheck.Path()), append(out, version)
	}
	for _, path := range programs {
		sum, err := programHash(path)
		if err != nil {
			return "", fmt.Errorf("reading %s: %w", path, err)
		}
		out = append(out, sum)
	}
	return files.Hash(out...), nil
}

func programHash(path string) (string, error) {
	f, err := files.Disk{}.Open("", path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", files.Cause(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// identities are what identifies policies.
type identities struct {
	mu sync.Mutex
	of map[*policy]string
}

// identity returns what identifies the policy of the file at an absolute path: the texts of the configurations that it
// is made of, which of their override blocks count for it, and the flags. It is "" where other things decide. It does
// not depend on where the anchor lies, a folder.
func (p *policies) identity(anchor, abs string) string {
	if p.set != nil {
		return ""
	}
	made := p.find(abs)
	p.identities.mu.Lock()
	defer p.identities.mu.Unlock()
	if known, ok := p.identities.of[made]; ok {
		return known
	}
	f := p.flags
	parts := []string{fmt.Sprintf("%q %q %q %q %q", f.selected, f.ignored, f.only, f.targets, f.failOn)}
	conf := p.nearest.Of(abs)
	for _, one := range conf.All() {
		if one.Source != nil {
			parts = append(parts, "file", files.Portable(anchor, one.Base), one.Source.Path, string(one.Source.Bytes))
		}
	}
	for _, pack := range conf.AllPacks() {
		parts = append(parts, "pack", pack.Name, pack.Version, pack.Source.Path, pack.Digest)
	}
	for _, part := range conf.Parts(abs) {
		parts = append(parts, "part", files.Portable(anchor, part.Config.Base),
			fmt.Sprintf("%q %v", part.Paths, part.Lines))
	}
	if p.identities.of == nil {
		p.identities.of = map[*policy]string{}
	}
	p.identities.of[made] = files.Hash(parts...)
	return p.identities.of[made]
}
