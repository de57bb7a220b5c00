package dockerfile

import (
	"slices"
	"testing"

	"github.com/sandlint/sandlint/parsers/image"
)

// TestMountKeys checks that the rule knows each key that editors offer.
func TestMountKeys(t *testing.T) {
	for _, kind := range image.MountKinds() {
		if len(image.MountOptions(kind)) == 0 {
			t.Errorf("no keys of %s are known", kind)
		}
		for _, key := range image.MountOptions(kind) {
			if !slices.Contains(mountKeys, key) {
				t.Errorf("the rule does not know %q of %s", key, kind)
			}
		}
	}
}
