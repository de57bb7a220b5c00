// Package images has what the rules about references of images share: which references a Dockerfile has, what they
// name, and the lock file with the digests of images.
package images

import (
	"iter"
	"regexp"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

// Reference is the reference of an image that a build fetches.
type Reference struct {
	// Text is the reference as BuildKit evaluates it, Span where it is written, and Verbatim says that the bytes there
	// are Text.
	Text     string
	Span     source.Span
	Verbatim bool
	// Name is Text without tag and digest; Tag and Digest are "" where there is none.
	Name, Tag, Digest string

	written string // the reference with its variables, "" where it can have none
}

// Parse takes a reference apart.
func Parse(text string) Reference {
	r := Reference{Text: text}
	r.Name, r.Digest, _ = strings.Cut(text, "@")
	if n := strings.LastIndexByte(r.Name, ':'); n > strings.LastIndexByte(r.Name, '/') {
		r.Name, r.Tag = r.Name[:n], r.Name[n+1:]
	}
	return r
}

// Registry returns the host of the registry that the image comes from, in lower case; "docker.io" for Docker Hub.
func (r *Reference) Registry() string {
	host, _, more := strings.Cut(strings.ToLower(r.Name), "/")
	switch {
	case !more || !strings.ContainsAny(host, ".:") && host != "localhost":
		return "docker.io"
	case host == "index.docker.io" || host == "registry-1.docker.io":
		return "docker.io"
	}
	return host
}

// Full returns the name with the registry, as in "docker.io/library/debian".
func (r *Reference) Full() string {
	name := strings.ToLower(r.Name)
	if host, rest, more := strings.Cut(name, "/"); more && (strings.ContainsAny(host, ".:") || host == "localhost") {
		name = rest
	}
	if registry := r.Registry(); registry != "docker.io" || strings.Contains(name, "/") {
		return registry + "/" + name
	}
	return "docker.io/library/" + name
}

// variable matches the variables of a word, whose names are its groups.
var variable = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$(?:\{(\w+)|(\w+))`) })

// Base returns the reference of the image that a FROM names. It is false for a stage, for scratch, and where the
// reference is not known, since it depends on an argument without default. See Replaced.
func Base(d *image.Dockerfile, stage *dockerfile.Stage) (Reference, bool) {
	if stage.Parent != nil || stage.From.Broken || stage.Image == "" || strings.ContainsAny(stage.Image, "$ ") ||
		stage.Image == "scratch" {
		return Reference{}, false
	}
	r := Parse(stage.Image)
	r.Span, r.written = stage.Base.Span, stage.Base.Text
	r.Verbatim = d.Source.Text(r.Span) == r.Text
	return r, true
}

// Copied returns the references of images in --from of the COPY instructions of a Dockerfile. See Replaced.
func Copied(d *image.Dockerfile) iter.Seq[Reference] {
	return func(yield func(Reference) bool) {
		for _, s := range d.Steps("COPY") {
			from, ok := s.Flag("from")
			if !ok || !from.Known || s.Broken || s.Image == nil || !IsImage(from.Value) ||
				d.StageNamed(strings.ToLower(from.Value)) != nil {
				continue
			}
			r := Parse(from.Value)
			r.Span, r.Verbatim = from.At, from.Verbatim
			if !yield(r) {
				return
			}
		}
	}
}

// Replaced reports whether a build that the project describes takes another image: it passes an argument of the
// reference, or puts a named context in its place. It reads the neighbours of the Dockerfile, so ask it last.
func Replaced(p *rules.Pass, d *image.Dockerfile, r Reference) bool {
	for _, m := range variable().FindAllStringSubmatch(r.written, -1) {
		if p.Workspace.Passes(d, m[1]+m[2]) {
			return true
		}
	}
	return p.Workspace.Replaces(d, r.Text)
}

// IsImage reports whether the value of a --from must be the reference of an image, not the name of a stage or of a
// named context that only the command line of a build has: it has a tag, a digest or the folder of a registry.
func IsImage(value string) bool {
	return strings.ContainsAny(value, ":@/") && !strings.ContainsAny(value, "$ ")
}
