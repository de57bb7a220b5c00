// Package stages says which stages of a Dockerfile become images that somebody runs.
package stages

import (
	"strconv"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// IsFinal reports whether an image is known to ship: it is that of the last stage, or the target of a build that a file
// of the project describes. Another stage that nothing uses may be there for tests. It may read the neighbours of the
// Dockerfile, so it should be asked last.
func IsFinal(w *workspace.Workspace, img *image.Image) bool {
	images := img.Dockerfile.Images
	if img == images[len(images)-1] {
		return true
	}
	_, target := w.Builds(img)
	return target
}

// Ships reports whether the layers of a stage are part of an image that IsFinal is true of. Like that, it should be
// asked last.
func Ships(w *workspace.Workspace, img *image.Image) bool {
	images := img.Dockerfile.Images
	for n := len(images) - 1; n >= img.Stage.Index; n-- {
		for below := images[n]; below != nil; below = below.Parent {
			if below == img && IsFinal(w, images[n]) {
				return true
			}
		}
	}
	return false
}

// Name returns what to call a stage in a message: its name in quotes, or its number.
func Name(img *image.Image) string {
	if img.Stage.Name != "" {
		return strconv.Quote(img.Stage.NameWord.Text)
	}
	return strconv.Itoa(img.Stage.Index)
}
