package dockerfile

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/images"
)

// registries is the option of the rule about registries.
type registries struct {
	Allowed []string `option:"allowed" doc:"where images may come from: docker.io, *.example.com, ghcr.io/team"`
}

var registryNotAllowed = &rules.Rule{
	ID:       "dockerfile/registry-not-allowed",
	Aliases:  []string{"DL3026"},
	Summary:  "an image comes from a registry that is not among those that the configuration allows",
	Severity: rules.Error,
	Category: rules.Security,
	Since:    "0.1.0",
	Options:  registries{},
	References: []string{
		"github.com/distribution/reference: the domain of a name, docker.io without one",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		allowed := rules.OptionsOf[registries](p).Allowed
		if len(allowed) == 0 || d.Foreign() {
			return
		}
		report := func(r images.Reference) {
			if slices.ContainsFunc(allowed, func(pattern string) bool { return covers(pattern, r) }) ||
				images.Replaced(p, d, r) {
				return
			}
			p.Report(rules.Finding{
				File: d.Source, Span: r.Span,
				Message: fmt.Sprintf("%q comes from the registry %s, which the configuration does not allow", r.Text,
					r.Registry()),
			})
		}
		for _, stage := range d.Stages {
			if r, ok := images.Base(d, stage); ok {
				report(r)
			}
		}
		for r := range images.Copied(d) {
			report(r)
		}
	}),
}

// covers reports whether a pattern of the option covers an image: the name of a registry, or the first parts of a name
// with its registry, in which * stands for any characters but slashes.
func covers(pattern string, r images.Reference) bool {
	pattern = strings.ToLower(strings.TrimSuffix(pattern, "/"))
	if pattern == "*" {
		return true
	}
	host, rest, more := strings.Cut(pattern, "/")
	if host == "index.docker.io" || host == "registry-1.docker.io" {
		host = "docker.io"
	}
	if ok, _ := path.Match(host, r.Registry()); !ok {
		return false
	}
	if !more {
		return true
	}
	_, name, _ := strings.Cut(r.Full(), "/")
	wanted, parts := strings.Split(rest, "/"), strings.Split(name, "/")
	if len(wanted) > len(parts) {
		return false
	}
	for n, w := range wanted {
		if ok, _ := path.Match(w, parts[n]); !ok {
			return false
		}
	}
	return true
}
