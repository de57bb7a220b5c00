package cli

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/cmd/internal/decisions"
	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/cmd/internal/trace"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

const (
	// maxTimelines is the number of Dockerfiles that a page draws, and maxDrawnSteps that of all their steps.
	maxTimelines, maxDrawnSteps = 50, 3000
	// maxTables is the number of profiles in the table of a page.
	maxTables = 6
)

// tableOf returns the table of a profile, named after its line where it is not all of the file.
func tableOf(doc *workspace.Document, p *workspace.Profile, w *workspace.Workspace) *decisions.Table {
	t := decisions.NewTable(p.Profile, decisions.Scope{Targets: w.Targets.Seccomp})
	switch f := doc.Source; {
	case p.Fragment != nil:
		at := f.LineOf(p.Fragment.Span(source.Span{}).Start)
		t.Embedded(fmt.Sprintf("%s:%d", f.Path, at))
	case len(doc.Profiles) > 1:
		t.Name(fmt.Sprintf("%s:%d", f.Path, f.LineOf(p.Span.Start)))
	}
	return t
}

// pictures returns what a page draws of the files of a run: the timeline of each Dockerfile, and what each profile
// decides.
func (r *run) pictures() report.Pictures {
	var out report.Pictures
	var tables []*decisions.Table
	timelines, profiles, steps := 0, 0, 0 // that are left out; steps that are drawn
	for _, e := range r.workspace.Entries {
		if e.Kind != files.KindDockerfile && e.Kind != files.KindSeccomp {
			continue
		}
		w := r.workspace.For(e.Abs)
		if e.Kind == files.KindDockerfile && (len(out.Timelines) == maxTimelines || steps >= maxDrawnSteps) {
			timelines++
			continue
		}
		doc, err := w.Open(e)
		if err != nil {
			continue // which the run has reported
		}
		if doc.Dockerfile != nil {
			for _, t := range trace.OfDockerfile(doc, w.Targets).Timelines() {
				for _, s := range t.Stages {
					steps += len(s.Steps)
				}
				out.Timelines = append(out.Timelines, t)
			}
		}
		for _, p := range doc.Profiles {
			if len(tables) == maxTables {
				profiles++
				continue
			}
			if p.Span.IsEmpty() {
				continue // it is no object
			}
			tables = append(tables, tableOf(doc, p, w))
		}
	}
	if len(tables) > 0 {
		out.Decisions = decisions.Page(tables, false)
	}
	var left []string
	if timelines > 0 {
		left = append(left, fmt.Sprintf("%s with \"sandlint trace\"", report.Plural(timelines, "more Dockerfile")))
	}
	if profiles > 0 {
		left = append(left, fmt.Sprintf("%s with \"sandlint seccomp table\"", report.Plural(profiles, "more profile")))
	}
	if len(left) > 0 {
		out.Note = "Not drawn here, but shown alone: " + strings.Join(left, ", and ") + "."
	}
	return out
}
