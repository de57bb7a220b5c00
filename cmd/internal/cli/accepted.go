package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/cmd/internal/config"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/baseline"
	"github.com/sandlint/sandlint/rules/sandlint"
)

// This file compares the findings of a run with baselines: the one that --baseline names, for all files, or else for
// each file the one that its configuration names.

// acceptance is a baseline of a run.
type acceptance struct {
	*baseline.Baseline
	*baseline.Matcher
	abs    string
	places *places
	// everything says that it is the baseline of all files, not only of those whose configuration names it.
	everything bool
	stale      []baseline.Stale // as the last result has them
}

// places are the paths that a baseline has for files: relative to the root of its repository, so they are the same in
// whatever folder sandlint runs. A file of another repository has the path in that one, and one of no repository that
// from the folder of the baseline, where it lies there.
type places struct {
	tree              files.Tree
	dir, root, folder string

	mu    sync.Mutex
	roots map[string]string // of repositories, by folder
}

func newPlaces(tree files.Tree, dir, abs string) *places {
	folder := filepath.Dir(abs)
	return &places{tree: tree, dir: dir, folder: folder, root: files.Root(tree, "", folder), roots: map[string]string{}}
}

// of returns the path of a file or folder that is shown so.
func (p *places) of(shown string) string {
	if shown == "<stdin>" {
		return shown
	}
	abs := absolute(p.dir, filepath.FromSlash(shown))
	for _, base := range []string{p.root, p.repository(filepath.Dir(abs)), p.folder, p.dir} {
		if base == "" {
			continue
		}
		if rel, err := filepath.Rel(base, abs); err == nil && filepath.IsLocal(rel) {
			return filepath.ToSlash(rel)
		}
	}
	return filepath.ToSlash(abs)
}

func (p *places) repository(folder string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	root, ok := p.roots[folder]
	if !ok {
		root = files.Root(p.tree, "", folder)
		p.roots[folder] = root
	}
	return root
}

// abs is the opposite of of, for a path that a baseline was written for.
func (p *places) abs(path string) string {
	return absolute(cmp.Or(p.root, p.folder), filepath.FromSlash(path))
}

// readBaseline reads a baseline; the error about its text is of type *config.Error.
func readBaseline(tree files.Tree, dir, abs string) (*baseline.Baseline, error) {
	name := shown(dir, abs)
	b, err := files.ReadNamed(tree, dir, abs)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the baseline %s: %w; \"sandlint baseline write\" makes it", name, err)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the baseline %s: %w", name, err)
	}
	read, problems := baseline.Parse(source.NewFile(name, b))
	if len(problems) > 0 {
		return nil, &config.Error{Source: read.Source, Problems: problems}
	}
	return read, nil
}

// accept reads the baselines of a run.
func (r *run) accept() error {
	f := r.flags
	switch {
	case f.noBaseline && f.baseline != "":
		return errors.New("--baseline and --no-baseline cannot be used together")
	case f.noBaseline:
		return nil
	case f.baseline != "":
		abs := absolute(r.dir, f.baseline)
		read, err := readBaseline(r.tree(), r.dir, abs)
		if err == nil {
			r.take(read, abs).everything = true
		}
		return err
	}
	seen := map[string]bool{"": true}
	for _, e := range r.workspace.Entries {
		abs := r.policies.nearest.Of(e.Abs).Baseline
		if seen[abs] {
			continue
		}
		seen[abs] = true
		read, err := readBaseline(r.tree(), r.dir, abs)
		if err != nil {
			return err
		}
		r.take(read, abs)
	}
	return nil
}

// take adds a baseline to those of the run.
func (r *run) take(b *baseline.Baseline, abs string) *acceptance {
	out := &acceptance{Baseline: b, abs: abs, places: newPlaces(r.tree(), r.dir, abs)}
	out.Matcher = b.Matcher(func(shown string) string { return r.place(out, shown) }, r.policies.packs)
	r.baselines = append(r.baselines, out)
	return out
}

// place returns the path that a baseline has for a file, "" where that has another baseline.
func (r *run) place(b *acceptance, shown string) string {
	if !r.owns(b, absolute(r.dir, filepath.FromSlash(shown))) {
		return ""
	}
	return b.places.of(shown)
}

// owns reports whether a baseline is that of a file.
func (r *run) owns(b *acceptance, abs string) bool {
	return b.everything || r.policies.nearest.Of(abs).Baseline == b.abs
}

// leave returns what says which findings a fix leaves alone, nil without a baseline.
func (r *run) leave() func([]rules.Finding) []bool {
	if len(r.baselines) == 0 && r.since == nil {
		return nil
	}
	return func(findings []rules.Finding) []bool {
		out := make([]bool, len(findings))
		for _, b := range r.baselines {
			by, _ := b.Match(findings)
			for n := range by {
				out[n] = out[n] || by[n] >= 0
			}
		}
		if r.since != nil {
			for n, known := range r.since.known(r.dir, findings) {
				out[n] = out[n] || known || r.since.own != nil && !r.staged(findings[n].File.Path)
			}
		}
		return out
	}
}

// compare moves the findings that were there before to the suppressed ones, and returns what is stale in the baselines,
// as findings.
func (r *run) compare(res *rules.Result) []rules.Finding {
	r.keepStaged(res)
	if len(r.baselines) == 0 && (r.since == nil || r.since.own != nil) {
		return nil
	}
	known := make([]*rules.Suppression, len(res.Findings))
	var stale []rules.Finding
	for _, b := range r.baselines {
		by, used := b.Match(res.Findings)
		for n, entry := range by {
			if entry >= 0 {
				known[n] = b.Suppression(entry)
			}
		}
		b.stale = nil
		active := r.policies.Policy(b.abs).Set.Active()
		at := slices.IndexFunc(active, func(a rules.Active) bool { return a.ID == sandlint.StaleBaseline })
		if at >= 0 && r.covers(b) {
			b.stale = b.Stale(used, r.judged(b, res))
			stale = append(stale, b.staleFindings(active[at].Rule, active[at].Effective)...)
		}
	}
	r.compareSince(res.Findings, known)
	res.Divide(known)
	return stale
}

// staleFindings returns the findings about what is stale.
func (b *acceptance) staleFindings(rule *rules.Rule, severity rules.Severity) []rules.Finding {
	var out []rules.Finding
	for n := range b.stale {
		out = append(out, b.Finding(&b.stale[n], rule, severity))
	}
	return out
}

// add adds findings to those of a result, in order.
func add(res *rules.Result, findings []rules.Finding) {
	res.Findings = append(res.Findings, findings...)
	slices.SortStableFunc(res.Findings, func(x, y rules.Finding) int { return rules.CompareFindings(&x, &y) })
}

// pruned adds the baselines to the files that a fix changes, without the entries that are stale once all fixes are
// made. They come last, so they are written when all others are.
func (r *run) pruned(res *rules.FixResult) {
	stale := r.compare(res.After)
	for _, b := range r.baselines {
		if len(b.stale) == 0 {
			continue
		}
		fixed := rules.FixedFile{File: b.Source, After: b.Prune(b.stale)}
		for _, f := range stale {
			if fix := f.Fixes[0]; f.File == b.Source {
				one := rules.AppliedFix{Rule: f.Rule, Title: fix.Title, Safety: fix.Safety}
				fixed.Applied = append(fixed.Applied, one)
			}
		}
		res.Files = append(res.Files, fixed)
	}
}

// isBaseline reports whether a file is a baseline of the run.
func (r *run) isBaseline(f *source.File) bool {
	return slices.ContainsFunc(r.baselines, func(b *acceptance) bool { return b.Source == f })
}

// covers reports whether the run looks at all files that a baseline was written for.
func (r *run) covers(b *acceptance) bool {
	scope := r.scope(b)
	return r.changed.files == nil && (r.since == nil || r.since.own == nil) &&
		!slices.ContainsFunc(b.Paths, func(path string) bool { return !baseline.Covers(scope, path) })
}

// scope returns the files and folders that the run looks at, as a baseline spells them.
func (r *run) scope(b *acceptance) []string {
	var out []string
	for _, path := range r.paths {
		if path != "-" {
			out = append(out, b.places.of(absolute(r.dir, path)))
		}
	}
	if len(r.paths) == 0 {
		out = append(out, b.places.of(r.dir))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// judged returns what reports whether the run would have found what an entry accepts: its rule has run, and its file
// could be read.
func (r *run) judged(b *acceptance, res *rules.Result) func(*baseline.Entry) bool {
	ran, unread := map[string]bool{}, map[string]bool{}
	for _, a := range res.Rules {
		ran[a.ID] = !a.Check.IsOutside()
		for _, alias := range a.Aliases {
			ran[alias] = true
		}
		if a.Codes != "" { // such as those of ShellCheck
			ran[a.Rule.Pack()+"/"] = r.shellCheck != nil && r.shellCheck.Err() == nil
			ran[a.ID] = ran[a.Rule.Pack()+"/"]
		}
	}
	for _, e := range res.Failed {
		ran[e.Rule.ID] = false
	}
	for _, e := range res.Errors {
		unread[b.places.of(e.Path)] = true
	}
	for _, s := range res.Incomplete {
		unread[b.places.of(s.Path)] = true
	}
	return func(e *baseline.Entry) bool {
		if unread[e.Path] {
			return false
		}
		if done, known := ran[e.Rule]; known {
			return done
		}
		pack, _, _ := strings.Cut(e.Rule, "/")
		return ran[pack+"/"]
	}
}
