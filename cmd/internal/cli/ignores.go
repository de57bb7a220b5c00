package cli

import (
	"path/filepath"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/rules"
)

// checkOptions returns how a run checks files.
func (a *app) checkOptions(r *run) rules.CheckOptions {
	return rules.CheckOptions{
		NoIgnores:   r.flags.noIgnores,
		Changed:     r.changed.files,
		Dir:         r.dir,
		Now:         a.now(),
		Partial:     r.partial,
		PacksUnread: r.flags.noConfig || r.flags.noRepoConfig,
		Stacks:      r.flags.verbose,
	}
}

// partial reports whether a run over some paths, which standard input is among as "-", leaves out files of a
// repository. Without paths it is over the working directory.
func partial(dir string, paths []string) bool {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	for _, path := range paths {
		abs := absolute(dir, path)
		if path == "-" || !files.IsDir(files.Disk{}, "", abs) {
			return true
		}
		if root := files.Root(files.Disk{}, dir, abs); root != "" && filepath.Clean(root) != filepath.Clean(abs) {
			return true
		}
	}
	return false
}
