package image

import "testing"

// TestShells holds the table of base images to its form: each name once.
func TestShells(t *testing.T) {
	seen := map[string]bool{}
	for _, names := range shells {
		for _, name := range names {
			if seen[name] {
				t.Errorf("%s is in the table twice", name)
			}
			seen[name] = true
			if LookupBase(name) == nil {
				t.Errorf("%s is not found", name)
			}
		}
	}
}
