package playground

import (
	"errors"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/cmd/internal/config"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/hadolint"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// root is where the files of a project lie in memory.
var root = filepath.FromSlash("/project")

// project is the files of a project and what is known about them.
type project struct {
	texts   map[string]string // by path
	targets []config.Target

	policies *policies
	problems []problem // of the configuration
	session  *rules.Session
	found    []rules.Finding   // by settle, nil after an edit
	edited   map[string][]byte // what differs from what the session began with, by absolute path
}

// problem is something wrong with a configuration file, or in what it asks for. Range is zero where it is about the
// whole file.
type problem struct {
	Path    string `json:"path"`
	Message string `json:"message"`
	Range   *span  `json:"range,omitempty"`
}

// span is a part of a file, as in the report.
type span struct {
	Start place `json:"start"`
	End   place `json:"end"`
}

type place struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Offset int `json:"offset"`
}

func absolute(name string) string { return filepath.Join(root, filepath.FromSlash(name)) }

func shown(abs string) string {
	if rel, err := filepath.Rel(root, abs); err == nil {
		return filepath.ToSlash(rel)
	}
	return filepath.ToSlash(abs)
}

// load reads the configuration of the project and finds its files.
func (p *Playground) load(pr *project) (*policies, []problem, *workspace.Workspace, error) {
	texts := make(map[string][]byte, len(pr.texts))
	for name, text := range pr.texts {
		texts[absolute(name)] = []byte(text)
	}
	tree := files.Memory(texts)
	known := config.Known{Packs: p.packs, Version: p.version, Files: tree}
	made := &policies{chosen: pr.targets, packs: p.packs, made: map[string]*policy{},
		targets: map[string]*workspace.Targets{}, active: map[*rules.Rule]rules.Active{},
		nearest: &config.Nearest{Hadolint: true, Files: tree, Load: func(path string) (*config.Config, error) {
			return config.Load(root, path, shown, known)
		}}}
	ws, err := rules.Load(workspace.Options{Dir: root, Files: tree, Excluded: made.nearest.Excluded,
		TargetsOf: made.targetsOf})
	if err != nil {
		return nil, nil, nil, err
	}
	for _, e := range ws.Entries {
		made.of(e.Abs)
	}
	return made, problemsOf(made), ws, nil
}

// problemsOf returns what is wrong with the configurations that were asked for.
func problemsOf(p *policies) []problem {
	out := []problem{}
	found := p.nearest.Found()
	for _, abs := range slices.Sorted(maps.Keys(found)) {
		conf := found[abs]
		for _, one := range conf.All() {
			for _, w := range one.Warnings {
				out = append(out, problemIn(one.Source, w))
			}
		}
		if conf.Baseline != "" {
			out = append(out, problem{Path: shown(abs), Message: "a baseline has no effect here"})
		}
	}
	err := p.nearest.Err()
	if err == nil {
		err = p.err
	}
	var wrong *config.Error
	switch {
	case errors.As(err, &wrong):
		for _, one := range append([]*config.Error{wrong}, wrong.More...) {
			for _, w := range one.Problems {
				out = append(out, problemIn(one.Source, w))
			}
		}
	case err != nil:
		out = append(out, problem{Message: err.Error()})
	}
	return out
}

func problemIn(f *source.File, w source.Problem) problem {
	s := &span{placeOf(f, w.Span.Start), placeOf(f, w.Span.End)}
	return problem{Path: f.Path, Message: w.Message, Range: s}
}

func placeOf(f *source.File, offset int) place {
	at := f.Position(offset)
	return place{at.Line, at.Column, at.Offset}
}

// configures reports whether what a file says may hold for others, so an edit of it changes more than what it is used
// by.
func configures(name string) bool {
	base := path.Base(name)
	return strings.HasSuffix(base, ".hcl") || slices.Contains(hadolint.Names(), base) ||
		base == ".gitignore" || base == ".dockerignore"
}

// reload looks at all of the project anew.
func (p *Playground) reload(pr *project) error {
	made, problems, ws, err := p.load(pr)
	if err != nil {
		return err
	}
	p.begin(pr, made, problems, ws)
	return nil
}

// begin makes the session of a workspace the one that edits are applied to.
func (p *Playground) begin(pr *project, made *policies, problems []problem, ws *workspace.Workspace) {
	opts := p.options()
	pr.policies, pr.problems, pr.edited = made, problems, map[string][]byte{}
	pr.session = opts.Session(ws, made)
}

func (p *Playground) options() rules.CheckOptions { return rules.CheckOptions{Dir: root, Now: p.now()} }

// quick returns what is found in the files as they are now, without fixes. Files that an edit does not affect are not
// looked at again.
func (pr *project) quick() *rules.Result {
	ws := pr.session.Workspace()
	out := &rules.Result{Skipped: ws.Skipped, Errors: slices.Clone(ws.Errors)}
	for _, e := range ws.Entries {
		c := pr.session.Check(e, true)
		switch foreign := new(workspace.ForeignError); {
		case errors.As(c.Err, foreign):
			out.Skipped = append(slices.Clip(out.Skipped), workspace.Skipped{Path: e.Path, Reason: c.Err.Error()})
			continue
		case c.Err != nil:
			out.Errors = append(out.Errors, workspace.FileError{Path: e.Path, Err: c.Err})
			continue
		}
		out.Checked++
		out.Findings = append(out.Findings, c.Findings...)
		out.Suppressed = append(out.Suppressed, c.Suppressed...)
		out.Failed = append(out.Failed, c.Failed...)
	}
	for n := range out.Findings {
		out.Findings[n].Fixes = nil // none is proved
	}
	out.Findings, out.Suppressed = sorted(out.Findings), sorted(out.Suppressed)
	return out
}

// sorted sorts findings, and drops those that several files have in common.
func sorted(list []rules.Finding) []rules.Finding {
	slices.SortStableFunc(list, func(a, b rules.Finding) int { return rules.CompareFindings(&a, &b) })
	return slices.CompactFunc(list, func(a, b rules.Finding) bool { return rules.CompareFindings(&a, &b) == 0 })
}

// sameEntries reports whether two workspaces have the same files, of the same kinds.
func sameEntries(a, b *workspace.Workspace) bool {
	return slices.EqualFunc(a.Entries, b.Entries, func(a, b *workspace.Entry) bool {
		return a.Path == b.Path && a.Kind == b.Kind && a.Certain == b.Certain && a.Linked == b.Linked
	})
}
