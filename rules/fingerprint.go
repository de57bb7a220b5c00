package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/files"
)

// Fingerprints returns an identifier for each finding that stays the same when lines are added or removed elsewhere in
// the file, and in whatever folder sandlint runs: the SHA-256, in hex, of the rule id, the path relative to the
// repository's root, the text of the span with each run of white space replaced by one blank, and the number of earlier
// findings with the same three. dir is the working directory, absolute, to which paths are relative; without a
// repository, they stay so. Repositories are looked for in t. Findings must be in the order of a Result; no two
// fingerprints are equal.
func Fingerprints(t files.Tree, findings []*Finding, dir string) []string {
	out := make([]string, len(findings))
	seen := map[string]int{}
	paths := repositoryPaths{tree: t, dir: dir, roots: map[string]string{}}
	for i, f := range findings {
		key := f.Rule.ID + "\x00" + paths.path(f.File.Path) + "\x00" +
			strings.Join(strings.Fields(f.File.Text(f.Span)), " ")
		sum := sha256.Sum256([]byte(key + "\x00" + strconv.Itoa(seen[key])))
		seen[key]++
		out[i] = hex.EncodeToString(sum[:])
	}
	return out
}

// repositoryPaths makes paths relative to the root of the repository that they lie in.
type repositoryPaths struct {
	tree  files.Tree
	dir   string
	roots map[string]string // by folder
}

func (p *repositoryPaths) path(shown string) string {
	if p.dir == "" || shown == "<stdin>" {
		return shown
	}
	abs := filepath.FromSlash(shown)
	if !filepath.IsAbs(abs) {
		abs = filepath.Join(p.dir, abs)
	}
	folder := filepath.Dir(abs)
	root, known := p.roots[folder]
	if !known {
		root = files.Root(p.tree, p.dir, folder)
		p.roots[folder] = root
	}
	if rel, err := filepath.Rel(root, abs); root != "" && err == nil {
		return filepath.ToSlash(rel)
	}
	return shown
}
