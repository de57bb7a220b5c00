package custom

import (
	"embed"
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/source"
)

// Scheme is what a reference to a pack that comes with sandlint begins with: "builtin:cis-docker".
const Scheme = "builtin:"

//go:embed packs
var shipped embed.FS

// Builtin returns the names of the packs that come with sandlint, sorted.
func Builtin() []string {
	var out []string
	entries, _ := shipped.ReadDir("packs")
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".hcl"); ok {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// OpenBuiltin returns the file of a pack that comes with sandlint, false where there is none of the name.
func OpenBuiltin(name string) (*source.File, bool) {
	b, err := shipped.ReadFile("packs/" + name + ".hcl")
	if err != nil {
		return nil, false
	}
	return source.NewFile(Scheme+name, b), true
}

// ReadBuiltin reads a file beside the packs that come with sandlint, for Options.Read.
func ReadBuiltin(name string) ([]byte, error) { return shipped.ReadFile("packs/" + path.Clean(name)) }
