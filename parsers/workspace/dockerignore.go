package workspace

import (
	"bytes"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/moby/patternmatcher"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
)

// Exclusion is a line of a .dockerignore that keeps a path out of the build context.
type Exclusion struct {
	// File and Span are the place of the pattern.
	File *source.File
	Span source.Span
	// Pattern is the pattern.
	Pattern string
}

// ExcludedFrom returns the line that keeps a path, as COPY names it, out of the build context of a Dockerfile, and
// false where the path may be in it. A folder is in it where a pattern with "!" may bring back something below it.
// Where the context is not known, it may be the folder of the Dockerfile or the root.
func (w *Workspace) ExcludedFrom(d *image.Dockerfile, name string) (Exclusion, bool) {
	c, ok := d.Context().(*buildContext)
	if !ok {
		return Exclusion{}, false
	}
	dir := filepath.Dir(c.abs)
	root := w.root(dir)
	contexts := c.contexts()
	if len(contexts) == 0 {
		contexts = []string{dir, root}
	}
	var found Exclusion
	excluded := false
	all := w.ignoreFiles(root, c, contexts)
	if !slices.ContainsFunc(all, func(i contextIgnore) bool { return i.file != nil }) {
		return Exclusion{}, false
	}
	for _, ignore := range all {
		context := ignore.context
		ignore := ignore.file
		clean := strings.TrimPrefix(path.Clean("/"+filepath.ToSlash(name)), "/")
		if ignore == nil {
			full := filepath.Join(context, filepath.FromSlash(clean))
			if w.isFile(root, full) || files.IsDir(w.tree, root, full) {
				return Exclusion{}, false
			}
			continue
		}
		line, ok := ignore.match(clean)
		if !ok {
			return Exclusion{}, false
		}
		if !excluded {
			found, excluded = Exclusion{File: ignore.file, Span: line.span, Pattern: line.pattern}, true
		}
	}
	return found, excluded
}

// contextIgnore is a build context and the file that keeps paths out of it, nil where there is none.
type contextIgnore struct {
	context string
	file    *ignoreFile
}

// ignoreFiles returns what keeps paths out of the build contexts of a Dockerfile. Podman and Buildah look for
// .containerignore first, and know no file of the Dockerfile's own (buildah 1.41, pkg/parse).
func (w *Workspace) ignoreFiles(root string, c *buildContext, contexts []string) []contextIgnore {
	docker, podman := false, false
	for _, b := range c.builds() {
		docker, podman = docker || !b.podman, podman || b.podman
	}
	if !docker && !podman {
		podman = strings.HasPrefix(filepath.Base(c.abs), "Containerfile")
		docker = !podman
	}
	var out []contextIgnore
	for _, context := range contexts {
		shared := w.ignoreFile(root, filepath.Join(context, ".dockerignore"))
		if podman {
			ignore := w.ignoreFile(root, filepath.Join(context, ".containerignore"))
			if ignore == nil {
				ignore = shared
			}
			out = append(out, contextIgnore{context, ignore})
		}
		if docker {
			ignore := w.ignoreFile(root, c.abs+".dockerignore")
			if ignore == nil {
				ignore = shared
			}
			out = append(out, contextIgnore{context, ignore})
		}
	}
	return out
}

// ignoreFile is a .dockerignore as read.
type ignoreFile struct {
	file    *source.File
	lines   []ignoreLine
	matcher *patternmatcher.PatternMatcher
}

// ignoreLine is one pattern, with a "!" before it where it brings paths back.
type ignoreLine struct {
	pattern string
	span    source.Span
}

// ignoreFile reads a .dockerignore, nil where there is none or BuildKit refuses it.
func (w *Workspace) ignoreFile(root, full string) *ignoreFile {
	type key string
	return cached(w, key(full), func(w *Workspace) *ignoreFile {
		f, err := w.neighbour(root, full)
		if err != nil {
			return nil
		}
		return readIgnore(f)
	})
}

// readIgnore reads the lines as github.com/moby/patternmatcher/ignorefile v0.6.1 does.
func readIgnore(f *source.File) *ignoreFile {
	out := &ignoreFile{file: f}
	var patterns []string
	start := 0
	for line := range bytes.Lines(f.Bytes) {
		span := source.Span{Start: start, End: start + len(bytes.TrimRight(line, "\r\n"))}
		start += len(line)
		text := f.Text(span)
		if span.Start == 0 {
			text = strings.TrimPrefix(text, "\ufeff")
		}
		if strings.HasPrefix(text, "#") {
			continue
		}
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		rest, back := strings.CutPrefix(text, "!")
		if rest = strings.TrimSpace(rest); rest != "" {
			if rest = path.Clean(rest); len(rest) > 1 {
				rest = strings.TrimPrefix(rest, "/")
			}
		}
		if strings.Contains(rest, "\x00") || !utf8.ValidString(rest) {
			// The matcher prints to standard error about such a pattern. Left out, it excludes nothing; what it would
			// bring back is not known.
			if back {
				return nil
			}
			continue
		}
		if back {
			rest = "!" + rest
		}
		patterns = append(patterns, rest)
		out.lines = append(out.lines, ignoreLine{rest, span})
	}
	var err error
	if out.matcher, err = patternmatcher.New(patterns); err != nil {
		return nil
	}
	return out
}

// match returns the pattern that excludes a path, relative to the build context.
func (i *ignoreFile) match(name string) (ignoreLine, bool) {
	back := i.matcher.Exclusions()
	if name == "" { // the context itself
		for n := len(i.lines) - 1; n >= 0 && !back; n-- {
			switch i.lines[n].pattern {
			case "*", "**", "**/*":
				return i.lines[n], true
			}
		}
		return ignoreLine{}, false
	}
	if ok, err := i.matcher.MatchesOrParentMatches(name); err != nil || !ok {
		return ignoreLine{}, false
	}
	for n := len(i.lines) - 1; n >= 0; n-- {
		if pattern, ok := strings.CutPrefix(i.lines[n].pattern, "!"); ok {
			if strings.ContainsAny(name, `*?[\`) || reachesBelow(pattern, name) {
				break
			}
			continue
		}
		// A pattern that matches the path or a folder above it excludes all that is below, whatever was brought back
		// before.
		one, err := patternmatcher.New([]string{i.lines[n].pattern})
		if err != nil {
			break
		}
		if ok, err := one.MatchesOrParentMatches(name); err == nil && ok {
			return i.lines[n], true
		}
	}
	return ignoreLine{}, false
}

// reachesBelow reports whether a pattern may match a path below a folder.
func reachesBelow(pattern, folder string) bool {
	parts := strings.Split(pattern, "/")
	for n, name := range strings.Split(folder, "/") {
		if n >= len(parts) {
			return false
		}
		if strings.Contains(parts[n], "**") {
			return true
		}
		if ok, err := path.Match(parts[n], name); err == nil && !ok {
			return false
		}
	}
	return len(parts) > strings.Count(folder, "/")+1
}

// BuildPlatforms returns the platforms that the Dockerfile is built for, whatever its FROM lines say: those that the
// user gave, or those of the builds that its neighbours describe. There are none where one of the builds names none.
func (w *Workspace) BuildPlatforms(d *image.Dockerfile) []image.Platform {
	c, ok := d.Context().(*buildContext)
	if !ok {
		return nil
	}
	var out []image.Platform
	for _, name := range w.Targets.Platforms {
		out = append(out, image.Platform{Name: name, Why: "the configured platforms"})
	}
	if len(out) > 0 {
		return out
	}
	for _, b := range c.builds() {
		if len(b.platforms) == 0 {
			return nil
		}
		out = append(out, b.platforms...)
	}
	return out
}

// NativePlatforms returns the platforms of the machines that build the Dockerfile without naming a platform, where they
// are known: those are what such builds are for. A machine that is made ready to emulate an architecture is left out.
func (w *Workspace) NativePlatforms(d *image.Dockerfile, arch string) []image.Platform {
	c, ok := d.Context().(*buildContext)
	if !ok || len(w.Targets.Platforms) > 0 {
		return nil
	}
	var out []image.Platform
	for _, b := range c.builds() {
		if len(b.platforms) == 0 && b.machine != "" && !b.emulates("linux/"+arch) {
			out = append(out, image.Platform{
				Name: b.machine, Why: "the machine of this build", File: b.place.File, Span: b.place.Span,
			})
		}
	}
	if len(out) == 0 && w.Targets.Builder != "" && !slices.ContainsFunc(c.builds(), func(b *build) bool {
		return len(b.platforms) > 0
	}) {
		out = append(out, image.Platform{Name: w.Targets.Builder, Why: "the configured builder"})
	}
	return out
}
