package workspace

import (
	"fmt"
	"maps"
	"testing"

	"github.com/sandlint/sandlint/parsers/files"
)

// TestOverlayLayers lays texts over one another, more often than there are layers.
func TestOverlayLayers(t *testing.T) {
	under := files.Memory(map[string][]byte{"/under": []byte("under")})
	var o *overlay
	want := map[string]string{"/under": "under"}
	for n := range 3 * maxLayers {
		texts := map[string][]byte{fmt.Sprintf("/%d", n%10): fmt.Append(nil, n)}
		before := maps.Clone(want)
		earlier := o
		o = o.with(under, texts)
		for name, text := range texts {
			want[name] = string(text)
		}
		for _, state := range []struct {
			o    *overlay
			want map[string]string
		}{{earlier, before}, {o, want}} {
			for name, text := range state.want {
				got, err := files.Read(state.o.over(under), "", name)
				if err != nil || string(got) != text || state.o.has(name) != (name != "/under") {
					t.Fatalf("after %d: %s is %q, %v; want %q", n, name, got, err, text)
				}
			}
			if all := state.o.all(); len(all) != len(state.want)-1 {
				t.Fatalf("after %d: %d texts, want %d", n, len(all), len(state.want)-1)
			}
		}
	}
	if o.depth > maxLayers {
		t.Errorf("%d layers", o.depth)
	}
}
