// Package stages says which stages of a Dockerfile become images that somebody runs.
package stages

import (
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
)

// Final returns the images of a Dockerfile that ship as they are: no other stage is based on them or takes files from
// them.
func Final(d *image.Dockerfile) []*image.Image {
	based := map[*image.Image]bool{}
	for _, img := range d.Images {
		if img.Parent != nil {
			based[img.Parent] = true
		}
	}
	var out []*image.Image
	for _, img := range d.Images {
		if !based[img] && img.Ships() {
			out = append(out, img)
		}
	}
	return out
}

// Windows reports whether an image is, or may be, one of Windows.
func Windows(img *image.Image) bool {
	root := img.Root().Stage
	name := strings.ToLower(root.Image + " " + root.Base.Text)
	return img.Dockerfile.Escape == '`' || strings.Contains(name, "windows") || strings.Contains(name, "nanoserver") ||
		strings.Contains(name, "servercore") || strings.Contains(strings.ToLower(root.Platform), "windows")
}

// Name returns what to call a stage in a message: its name in quotes, or its number.
func Name(img *image.Image) string {
	if img.Stage.Name != "" {
		return strconv.Quote(img.Stage.NameWord.Text)
	}
	return strconv.Itoa(img.Stage.Index)
}
