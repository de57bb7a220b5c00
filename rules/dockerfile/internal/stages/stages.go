// Package stages names the stages of a Dockerfile in messages.
package stages

import (
	"strconv"

	"github.com/sandlint/sandlint/parsers/image"
)

// Name returns what to call a stage in a message: its name in quotes, or its number.
func Name(img *image.Image) string {
	if img.Stage.Name != "" {
		return strconv.Quote(img.Stage.NameWord.Text)
	}
	return strconv.Itoa(img.Stage.Index)
}
