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
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// finding is one line of the output.
type finding struct {
	Path    string `json:"path"`
	Rule    string `json:"rule"`
	Line    int    `json:"line"`
	Message string `json:"message"`
}

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
			findings, err := lint(name, text)
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

// lint returns what BuildKit finds in a Dockerfile, in order of line and rule.
func lint(path string, text []byte) (findings []finding, err error) {
	defer func() { // BuildKit panics on some texts
		if r := recover(); r != nil {
			findings = append(findings, finding{path, "error", 0, fmt.Sprint("panic: ", r)})
		}
	}()
	lines := llb.NewSourceMap(nil, path, "dockerfile", text)
	lines.Definition = &llb.Definition{}
	caps := pb.Caps.CapSet(pb.Caps.All())
	results, err := dockerfile2llb.DockerfileLint(context.Background(), text, dockerfile2llb.ConvertOpt{
		Config:         dockerui.Config{},
		MetaResolver:   emptyImages{},
		LLBCaps:        &caps,
		TargetPlatform: &ocispecs.Platform{OS: "linux", Architecture: "amd64"},
		SourceMap:      lines,
	})
	if err != nil {
		return nil, err
	}
	for _, w := range results.Warnings {
		findings = append(findings, finding{path, w.RuleName, line(w.Location), w.Detail})
	}
	if e := results.Error; e != nil {
		findings = append(findings, finding{path, "error", line(&e.Location), e.Message})
	}
	slices.SortFunc(findings, func(a, b finding) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return strings.Compare(a.Rule+a.Message, b.Rule+b.Message)
	})
	return findings, nil
}

// line returns the first line of a location, 0 without one.
func line(l *pb.Location) int {
	if l == nil || len(l.Ranges) == 0 {
		return 0
	}
	return int(l.Ranges[0].Start.Line)
}

// emptyImages resolves every image to an empty one for linux/amd64.
type emptyImages struct{}

func (emptyImages) ResolveImageConfig(
	_ context.Context, ref string, opt sourceresolver.Opt,
) (string, digest.Digest, []byte, error) {
	platform := ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	if opt.ImageOpt != nil && opt.ImageOpt.Platform != nil {
		platform = *opt.ImageOpt.Platform
	}
	config, err := json.Marshal(ocispecs.Image{Platform: platform, RootFS: ocispecs.RootFS{Type: "layers"}})
	return ref, digest.FromString(ref), config, err
}
