package image

import (
	_ "crypto/sha512" // as in BuildKit, so the library knows its digests
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/distribution/reference"
)

// TestReferenceFault compares references that are made of parts of real ones, and of what is wrong in others, with what
// BuildKit's library says.
func TestReferenceFault(t *testing.T) {
	hex := strings.Repeat("0123456789abcdef", 4)
	parts := []string{
		"debian", "library", "docker.io", "index.docker.io", "localhost", "example.com", "a", "B", "Cc",
		"0", "x-y", "x--y", "x_y", "x__y", "x___y", "x.y", "x..y", "-", "_", ".", "/", "/", "/", ":", ":",
		":", "@", "@", "sha256:", "sha512:", "SHA256:", "md5:", "a+b:", hex, hex + hex, hex[:32],
		strings.ToUpper(hex), ":5000", "[::1]", "[", " ", "", "ä", "İ", strings.Repeat("n", 200),
		strings.Repeat("n", 60), "latest", "1.2-alpine", "$x", "\n", "{", "http://",
	}
	digests := []string{
		"sha256:" + hex, "sha256:" + hex[1:], "sha256:" + strings.ToUpper(hex), "SHA256:" + hex, "sha512:" + hex + hex,
		"sha384:" + hex + hex[:32], "sha384:" + hex, "md5:" + hex[:32], "a+b:" + hex, "a_B.c:" + hex, "x:" + hex[:31],
	}
	r := rand.New(rand.NewPCG(3, 3))
	faults := map[string]int{}
	for range 6_000 {
		var ref string
		for range 1 + r.IntN(7) {
			ref += parts[r.IntN(len(parts))]
		}
		if r.IntN(3) == 0 {
			ref = strings.Trim(ref, "/:@-._") + "@" + digests[r.IntN(len(digests))]
		}
		want := ""
		if _, err := reference.ParseNormalizedNamed(ref); err != nil {
			want = err.Error()
		}
		if got := ReferenceFault(ref); got != want {
			t.Errorf("%q: %q, want %q", ref, got, want)
		}
		kind, _, _ := strings.Cut(want, "(")
		faults[kind]++
	}
	for _, kind := range []string{
		"", "invalid repository name ", "invalid reference format: repository name ", "invalid reference format",
		"repository name must be lowercase", "repository name must not be more than 255 characters",
		"invalid checksum digest length", "invalid checksum digest format", "unsupported digest algorithm",
	} {
		if faults[kind] == 0 {
			t.Errorf("none of the references is %q: %v", kind, faults)
		}
	}
}
