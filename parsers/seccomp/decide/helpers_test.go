package decide

import (
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
)

func parse(text string) *seccomp.Profile {
	return seccomp.Parse(source.NewFile("seccomp.json", []byte(text)))
}
