package image

import "github.com/distribution/reference"

// ReferenceFault returns why BuildKit refuses the reference of an image, in the words of its library, and "" where it
// does not.
func ReferenceFault(ref string) string {
	if _, err := reference.ParseNormalizedNamed(ref); err != nil {
		return err.Error()
	}
	return ""
}
