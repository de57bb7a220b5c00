package dockerfile

import (
	"slices"
	"strings"
	"sync"

	"github.com/moby/buildkit/frontend/dockerfile/command"
)

// keywords are the instructions that BuildKit v0.34.2 knows, in upper case and sorted.
var keywords = sync.OnceValue(func() []string {
	names := make([]string, 0, len(command.Commands))
	for name := range command.Commands {
		names = append(names, strings.ToUpper(name))
	}
	slices.Sort(names)
	return names
})

// keywordSet maps each keyword to itself, so a look-up by bytes returns a string without allocating one.
var keywordSet = sync.OnceValue(func() map[string]string {
	set := make(map[string]string, len(command.Commands))
	for _, name := range keywords() {
		set[name] = name
	}
	return set
})

// flagType is how BuildKit reads the value of a flag.
type flagType int

const (
	stringFlag  flagType = iota // takes a value, once
	stringsFlag                 // takes a value, any number of times
	boolFlag                    // true or false, true without a value, once
)

type flagSpec struct {
	name string
	kind flagType
}

// flagTable lists the flags of each instruction, sorted by name. Instructions without flags are not in it.
//
// Source: BuildKit v0.34.2, frontend/dockerfile/instructions/parse.go and commands_run*.go. TestFlagTable asks the
// BuildKit of go.mod about every flag listed here with every instruction; run it after an update of that module:
//
//	go test -run TestFlagTable ./parsers/dockerfile
var flagTable = sync.OnceValue(func() map[string][]flagSpec {
	return map[string][]flagSpec{
		"ADD": {
			{"checksum", stringFlag}, {"chmod", stringFlag}, {"chown", stringFlag}, {"exclude", stringsFlag},
			{"keep-git-dir", boolFlag}, {"link", boolFlag}, {"unpack", boolFlag},
		},
		"COPY": {
			{"chmod", stringFlag}, {"chown", stringFlag}, {"exclude", stringsFlag}, {"from", stringFlag},
			{"link", boolFlag}, {"parents", boolFlag},
		},
		"FROM": {{"platform", stringFlag}},
		"HEALTHCHECK": {
			{"interval", stringFlag}, {"retries", stringFlag}, {"start-interval", stringFlag},
			{"start-period", stringFlag},
			{"timeout", stringFlag},
		},
		"RUN": {{"device", stringsFlag}, {"mount", stringsFlag}, {"network", stringFlag}, {"security", stringFlag}},
	}
})

// FlagNames returns the names, without dashes and sorted, of the flags that BuildKit v0.34.2 knows for an instruction,
// whose keyword is given in upper case.
func FlagNames(keyword string) []string {
	specs := flagTable()[keyword]
	names := make([]string, len(specs))
	for n, spec := range specs {
		names[n] = spec.name
	}
	return names
}

// Platforms returns the platforms that most images are built for, the most usual first, and before them the variables
// that name the platform of the build and of the target. BuildKit knows more.
func Platforms() []string {
	return []string{"$BUILDPLATFORM", "$TARGETPLATFORM", "linux/amd64", "linux/arm64", "linux/arm/v7", "linux/arm/v6",
		"linux/386", "linux/ppc64le", "linux/s390x", "linux/riscv64", "windows/amd64"}
}

// ignoresFlags reports whether BuildKit reads flags before the arguments of the instruction and then ignores them.
func ignoresFlags(keyword string) bool { return keyword == "ARG" || keyword == "STOPSIGNAL" }
