package dockerfile

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/source"
)

// TestServing compares Serving with what each stage needs, in random files.
func TestServing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var b strings.Builder
		for n := range 1 + r.IntN(8) {
			from := []string{"debian", fmt.Sprint("s", r.IntN(8))}[r.IntN(2)]
			fmt.Fprintf(&b, "FROM %s AS s%d\n", from, n-r.IntN(2))
			for range r.IntN(3) {
				fmt.Fprintf(&b, []string{"COPY --from=s%d a b\n", "RUN --mount=from=s%d make\n"}[r.IntN(2)], r.IntN(8))
			}
		}
		f := Parse(source.NewFile("Dockerfile", []byte(b.String())))
		var given []*Stage
		want := map[*Stage]bool{}
		for _, s := range f.Stages {
			if r.IntN(2) == 0 {
				continue
			}
			given = append(given, s)
			for needed := range f.Needs(s) {
				if needed != s {
					want[needed] = true
				}
			}
		}
		if got := f.Serving(given); !maps.Equal(got, want) {
			t.Fatalf("%d stages serve others instead of %d\n%s", len(got), len(want), &b)
		}
	}
}
