package dockerfile

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var goCacheLeft = &rules.Rule{
	ID:       "dockerfile/go-cache-left",
	Summary:  "go leaves its caches of modules and of builds in the layer",
	Severity: rules.Info,
	Category: rules.Performance,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	Optional: true,
	References: []string{
		"Go Modules Reference, Module cache; go help cache",
	},
	Check: managers.Cache{
		Managers:  []string{"go"},
		Verbs:     []string{"install"},
		CleanedBy: []string{"go"},
		Folders:   []string{"/go/pkg/mod", "~/go/pkg/mod", "~/.cache/go-build", "/go/pkg", "~/go/pkg"},
		What:      "its caches of modules and of builds",
		Moved:     []string{"GOMODCACHE", "GOPATH", "GOCACHE", "XDG_CACHE_HOME"},
	}.Check(),
}
