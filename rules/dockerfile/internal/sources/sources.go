// Package sources lists what the stages of a Dockerfile take from other stages and images.
package sources

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
)

// Use is the source of a COPY --from or of a RUN --mount=from=.
type Use struct {
	Step *image.Step
	// Name is what is named, and Span its place.
	Name string
	Span source.Span
	// Stage is the stage that BuildKit finds by the name, wherever it stands; nil without one.
	Stage *dockerfile.Stage
}

// Of returns the sources of the steps of a Dockerfile that are known, in order. Triggers of ONBUILD have none.
func Of(d *image.Dockerfile) []Use {
	var out []Use
	byName := map[string]*dockerfile.Stage{}
	for _, stage := range d.Stages {
		if stage.Name != "" {
			byName[stage.Name] = stage // the last one of a name counts
		}
	}
	for _, s := range d.Steps("COPY", "RUN") {
		if s.Image == nil || s.Broken || s.Onbuild != nil {
			continue
		}
		for n := range s.Instruction.Flags {
			flag := &s.Instruction.Flags[n]
			switch {
			case s.Name == "COPY" && flag.Name == "from" && flag.Unquoted != "":
				use := Use{Step: s, Name: flag.Unquoted, Span: flag.Value.Span}
				use.Stage = byName[strings.ToLower(use.Name)]
				if k, err := strconv.Atoi(flag.Unquoted); err == nil {
					use.Stage = nil
					if k >= 0 && k < len(d.Stages) {
						use.Stage = d.Stages[k]
					}
				}
				if !strings.Contains(use.Name, "$") {
					out = append(out, use)
				}
			case s.Name == "RUN" && flag.Name == "mount":
				fields, _ := s.MountFields(flag)
				for _, f := range fields {
					if f.Key != "from" || !f.Known || f.Value == "" {
						continue
					}
					span := f.Span
					if d.Source.Text(span) == f.Text {
						span.Start += len("from=")
					}
					out = append(out, Use{Step: s, Name: f.Value, Span: span, Stage: byName[strings.ToLower(f.Value)]})
				}
			}
		}
	}
	return out
}

// Cyclic returns the stages that need themselves by way of these uses.
func Cyclic(uses []Use) map[*dockerfile.Stage]bool {
	needs := map[*dockerfile.Stage][]*dockerfile.Stage{}
	backwards := true
	for _, use := range uses {
		if use.Stage != nil {
			here := use.Step.Image.Stage
			needs[here] = append(needs[here], use.Stage)
			backwards = backwards && use.Stage.Index < here.Index
		}
	}
	out := map[*dockerfile.Stage]bool{}
	if backwards {
		return out
	}
	// A stage is in a circle if its strongly connected component has another stage, or it needs itself (Kosaraju).
	var order []*dockerfile.Stage
	needed := map[*dockerfile.Stage][]*dockerfile.Stage{}
	seen := map[*dockerfile.Stage]bool{}
	for _, use := range uses {
		order = append(order, finished(use.Step.Image.Stage, needs, seen)...)
		if here := use.Step.Image.Stage; use.Stage != nil {
			needed[use.Stage] = append(needed[use.Stage], here)
			out[here] = out[here] || use.Stage == here
		}
	}
	clear(seen)
	for _, start := range slices.Backward(order) {
		if component := finished(start, needed, seen); len(component) > 1 {
			for _, stage := range component {
				out[stage] = true
			}
		}
	}
	return out
}

// finished returns the stages that are reached from one and not seen yet, in the order in which all that they reach has
// been seen.
func finished(start *dockerfile.Stage, next map[*dockerfile.Stage][]*dockerfile.Stage,
	seen map[*dockerfile.Stage]bool) []*dockerfile.Stage {
	if seen[start] {
		return nil
	}
	type visit struct {
		stage *dockerfile.Stage
		child int
	}
	var out []*dockerfile.Stage
	seen[start] = true
	for path := []visit{{stage: start}}; len(path) > 0; {
		at := &path[len(path)-1]
		if at.child == len(next[at.stage]) {
			out = append(out, at.stage)
			path = path[:len(path)-1]
			continue
		}
		child := next[at.stage][at.child]
		at.child++
		if !seen[child] {
			seen[child] = true
			path = append(path, visit{stage: child})
		}
	}
	return out
}
