// Command buildkitlint runs BuildKit's own linter over Dockerfiles, to compare sandlint with it:
//
//	cd testdata/buildkitlint && go run . PATH…
//
// A PATH is a file, or a folder whose files named like Dockerfiles are read. It writes one line of JSON for each
// warning, {"path":…,"rule":…,"line":…,"message":…}, and one with the rule "error" where BuildKit cannot convert the
// file. Every base image is an empty one for linux/amd64, nothing is fetched, and no build argument is given.
//
// It is a module of its own, since BuildKit's converter needs 250 packages that sandlint must not link.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/sandlint/sandlint/testdata/buildkitlint/internal/buildkit"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: buildkitlint PATH…")
		os.Exit(2)
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "buildkitlint:", err)
		os.Exit(1)
	}
}

func run(paths []string) error {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for _, path := range paths {
		err := filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || name != path && !isDockerfile(d.Name()) {
				return err
			}
			text, err := os.ReadFile(name)
			if err != nil {
				return fmt.Errorf("reading %q: %w", name, err)
			}
			findings, err := buildkit.Lint(name, text)
			if err != nil {
				return fmt.Errorf("linting %q: %w", name, err)
			}
			for _, f := range findings {
				if err := encoder.Encode(f); err != nil {
					return fmt.Errorf("writing the findings: %w", err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

var dockerfileName = regexp.MustCompile(`(?i)^(Dockerfile|Containerfile)([._-].*)?$|\.(dockerfile|containerfile)$`)

func isDockerfile(name string) bool { return dockerfileName.MatchString(name) }
