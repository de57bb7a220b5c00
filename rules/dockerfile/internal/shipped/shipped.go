// Package shipped says which stages of a Dockerfile are only there for others to copy from.
package shipped

import (
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
)

// Helper reports whether an image is only there for the last stage to copy files from, so what it holds besides is not
// part of what is shipped. A stage that the last one does not need may be the target of another build, and is none.
func Helper(img *image.Image) bool {
	d := img.Dockerfile
	last := d.Stages[len(d.Stages)-1]
	for s := last; s != nil; s = s.Parent {
		if s == img.Stage {
			return false
		}
	}
	return needs(d, last)[img.Stage]
}

func needs(d *image.Dockerfile, last *dockerfile.Stage) map[*dockerfile.Stage]bool {
	return d.Needs(last)
}
