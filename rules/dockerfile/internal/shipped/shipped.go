// Package shipped says which stages of a Dockerfile are only there for others to copy from.
package shipped

import (
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
)

// Stages are the stages of one Dockerfile.
type Stages struct {
	file    *image.Dockerfile
	needed  map[*dockerfile.Stage]bool // by the last stage; made on first use
	lineage map[*dockerfile.Stage]bool // the last stage and those that it is based on
	helpers map[*dockerfile.Stage]bool // what Helper returned
}

// Of returns the stages of a Dockerfile.
func Of(d *image.Dockerfile) *Stages { return &Stages{file: d} }

// Helper reports whether a stage is only there for the last one to copy files from, so what it holds besides is not
// part of what is shipped. A stage that the last one does not need may be the target of another build, and is none.
func (s *Stages) Helper(img *image.Image) bool {
	if s.needed == nil {
		last := s.file.Stages[len(s.file.Stages)-1]
		s.needed = s.file.Needs(last)
		s.lineage, s.helpers = map[*dockerfile.Stage]bool{}, map[*dockerfile.Stage]bool{}
		for at := last; at != nil; at = at.Parent {
			s.lineage[at] = true
		}
	}
	helper, asked := s.helpers[img.Stage]
	if !asked {
		helper = s.needed[img.Stage] && !s.lineage[img.Stage] && !img.Ships()
		s.helpers[img.Stage] = helper
	}
	return helper
}
