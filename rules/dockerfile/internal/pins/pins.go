// Package pins has the check of the rules about packages without a version, one rule for each family of package
// managers. How a manager writes a version is in parsers/packages.
package pins

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/packages"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

// Check makes the check of a rule about what package managers, by name, install without a version.
func Check(names ...string) rules.Adapter {
	programs := sync.OnceValue(func() []string { return packages.Programs(names...) })
	return rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		r := run{frozen: sync.OnceValue(func() bool { return frozen(d.Source.Bytes) })}
		for _, c := range d.Commands(programs()...) {
			u := c.Package()
			if u == nil || !slices.Contains(names, u.Manager.Name) || c.Uncalled || !managers.JudgedAnywhere(c) {
				continue
			}
			open := u.Unpinned()
			if u.Manager.Name == "go" {
				open = slices.DeleteFunc(open, func(p packages.Package) bool { return !r.fetched(c, p) })
			}
			if len(open) == 0 || r.pinned(c) {
				continue
			}
			p.Report(rules.Finding{File: c.File, Span: open[0].Word.Span, Message: message(open)})
		}
	})
}

// run is one check of a Dockerfile.
type run struct {
	frozen func() bool
	// step is the last step that had a Go command, and sources where it brings the sources of a module itself.
	step    *image.Step
	sources int
}

// frozen reports whether a Dockerfile uses an archive of Debian's or Ubuntu's packages as they were on some day.
func frozen(text []byte) bool {
	for _, host := range []string{"snapshot.debian.org", "snapshot.ubuntu.com", "snapshot-cloudflare.debian.org"} {
		if bytes.Contains(text, []byte(host)) {
			return true
		}
	}
	return false
}

// pinned reports whether something else than the command line fixes the versions, or may do so.
func (r *run) pinned(c *image.Command) bool {
	switch m := c.Package().Manager; m.Name {
	case "apt-get", "apt", "aptitude":
		return r.frozen()
	default:
		return slices.ContainsFunc(m.PinVariables, func(name string) bool {
			if v := c.Assigned(name); v.Set {
				return !v.Value.Value.Known || v.Value.Value.Text != ""
			}
			v, ok := c.Step.Lookup(name)
			return ok && (!v.Known || v.Text != "")
		})
	}
}

// fetched reports whether a Go command fetches a package. Without a version, go install and go run never do: they take
// what a go.mod says, or sources that are there, and fail without.
func (r *run) fetched(c *image.Command, p packages.Package) bool {
	host, _, _ := strings.Cut(p.Name, "/")
	if p.Version != "" {
		return true
	}
	if !strings.Contains(host, ".") {
		return false // a package of the standard library or of the main module
	}
	if c.Package().Verb[0].Text == "get" {
		return true
	}
	for range c.Step.Copied() {
		return false
	}
	if r.step != c.Step {
		r.step, r.sources = c.Step, len(c.File.Bytes)
		for _, other := range c.Step.Commands() {
			switch other.Name {
			case "cd", "pushd", "git", "curl", "wget", "tar", "unzip", "gclient", "hg":
				r.sources = min(r.sources, other.Span.Start)
			}
		}
	}
	return c.Span.Start < r.sources
}

// message says which packages have no version.
func message(open []packages.Package) string {
	const most = 3
	names := make([]string, 0, most)
	var last source.Span
	count := 0
	for _, p := range open {
		if count++; len(names) < most && p.Word.Span != last {
			names = append(names, fmt.Sprintf("%q", p.Word.Text))
			last = p.Word.Span
		}
	}
	switch {
	case count == 1:
		return names[0] + " has no fixed version, so the next build may install another one"
	case count > len(names):
		return fmt.Sprintf("%s and %d more have no fixed version, so the next build may install others",
			strings.Join(names, ", "), count-len(names))
	}
	return fmt.Sprintf("%s and %s have no fixed version, so the next build may install others",
		strings.Join(names[:count-1], ", "), names[count-1])
}
