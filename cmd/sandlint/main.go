// Command sandlint lints and fixes the files that decide how software is built and sandboxed: Dockerfiles, nix.conf and
// seccomp profiles.
package main

import (
	"os"

	"github.com/sandlint/sandlint/cmd/internal/cli"
)

func main() {
	os.Exit(cli.Program())
}
