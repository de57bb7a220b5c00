package workspace

import (
	"path"
	"strings"

	"github.com/sandlint/sandlint/parsers/bake"
	"github.com/sandlint/sandlint/parsers/source"
)

// ClaimsBake is Format.Claims of the definition files of docker buildx bake, by the names that they usually have.
func ClaimsBake(name string, _ func() []byte) bool {
	base := strings.ToLower(path.Base(name))
	return strings.HasPrefix(base, "docker-bake") &&
		(strings.HasSuffix(base, ".hcl") || strings.HasSuffix(base, ".json"))
}

// OpenBake is Format.Open of bake files. Value is the *bake.File of that file alone.
func OpenBake(_ *Workspace, _ *Entry, f *source.File) (*Document, error) {
	parsed := bake.Parse(f)
	if len(parsed.Targets)+len(parsed.Groups) == 0 {
		return nil, ForeignError{"it has no targets of bake"}
	}
	return &Document{Value: parsed}, nil
}
