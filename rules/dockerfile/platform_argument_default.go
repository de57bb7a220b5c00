package dockerfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var platformArgumentDefault = &rules.Rule{
	ID:       "dockerfile/platform-argument-default",
	Summary:  "an ARG that BuildKit fills for each platform has a default, which hides that value",
	Severity: rules.Warning,
	Category: rules.Portability,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"docker/buildx#510",
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/platform.go: the arguments that a build sets",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Dockerfile().Foreign() {
			return
		}
		for _, pair := range s.Pairs {
			if !pair.HasValue || !platformArguments[pair.Key.Text] || !hides(s, pair) {
				continue
			}
			name := pair.Key.Text
			at, what := pair.Value.Span, "the default "+strings.TrimSpace(pair.Value.Text)
			if at.IsEmpty() {
				at, what = pair.Key.Span, "the empty default"
			}
			finding := rules.Finding{
				File: s.Dockerfile().Source, Span: at,
				Message: fmt.Sprintf("BuildKit sets %s to the platform of each build, and %s replaces that value, "+
					"so all platforms get the same one", name, what),
			}
			if s.Image == nil || !globalDefault(s.Dockerfile(), name) {
				finding.Fixes = []fixers.Fix{{
					Title: "Take the default away", Safety: fixers.Unsafe,
					Edits: []fixers.Edit{{
						File: s.Dockerfile().Source,
						Span: source.Span{Start: pair.Key.Span.End, End: pair.Value.Span.End},
					}},
					Changes: fixers.Changes{fixdocker.Variables{name}},
				}}
			}
			p.Report(finding)
		}
	}, "ARG"),
}

// platformArguments are the arguments that BuildKit sets from the platforms of a build.
var platformArguments = map[string]bool{
	"TARGETPLATFORM": true, "TARGETOS": true, "TARGETARCH": true, "TARGETVARIANT": true,
	"BUILDPLATFORM": true, "BUILDOS": true, "BUILDARCH": true, "BUILDVARIANT": true,
}

// hides reports whether the default of a platform argument replaces the value in some build that uses it.
func hides(s *image.Step, pair dockerfile.Pair) bool {
	name := pair.Key.Text
	if s.Image == nil {
		return usedGlobal(s.Dockerfile(), name) && !builtFor(s.Dockerfile().Images, name, pair)
	}
	if refersTo(pair.Value.Text, name) {
		if _, set := s.Lookup(name); set && !s.Deferred {
			return false // a plain ARG above has brought the value in, and this default only fills it
		}
	}
	return !builtFor([]*image.Image{s.Image}, name, pair)
}

// refersTo reports whether a value has the variable with a name in it.
func refersTo(value, name string) bool {
	return strings.Contains(value, "$"+name) || strings.Contains(value, "${"+name)
}

// usedGlobal reports whether a FROM uses an argument, or a stage declares it and so takes the global default.
func usedGlobal(d *image.Dockerfile, name string) bool {
	return slices.ContainsFunc(d.Steps("FROM"), func(s *image.Step) bool {
		return refersTo(d.Source.Text(s.Span), name)
	}) || slices.ContainsFunc(d.Steps("ARG"), func(s *image.Step) bool {
		return s.Image != nil && slices.ContainsFunc(s.Pairs, func(p dockerfile.Pair) bool {
			return p.Key.Text == name && !p.HasValue
		})
	})
}

// globalDefault reports whether an ARG before the first FROM has a default, which a plain ARG in a stage takes.
func globalDefault(d *image.Dockerfile, name string) bool {
	return slices.ContainsFunc(d.Steps("ARG"), func(s *image.Step) bool {
		return s.Image == nil && slices.ContainsFunc(s.Pairs, func(p dockerfile.Pair) bool {
			return p.Key.Text == name && p.HasValue
		})
	})
}

// builtFor reports whether all images are known to be built only for platforms of which the default is right.
func builtFor(images []*image.Image, name string, pair dockerfile.Pair) bool {
	value := image.Unquote(pair.Value.Text)
	for _, img := range images {
		platforms := img.TargetPlatforms()
		if len(platforms) == 0 {
			return false
		}
		for _, p := range platforms {
			parts := strings.SplitN(p.Name, "/", 3)
			parts = append(parts, "", "")
			right := map[string]string{
				"TARGETPLATFORM": p.Name, "TARGETOS": parts[0], "TARGETARCH": parts[1], "TARGETVARIANT": parts[2],
			}
			if want, ok := right[name]; !ok || want != value {
				return false
			}
		}
	}
	return len(images) > 0
}
