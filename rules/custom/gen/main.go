//go:build ignore

// This program writes docs/packs-reference.md. Run it with `go generate ./rules/custom`.
package main

import (
	"fmt"
	"os"

	"github.com/sandlint/sandlint/rules/custom"
)

func main() {
	if err := os.WriteFile("../../docs/packs-reference.md", custom.Reference(), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}
