// Package bake reads the definition files of docker buildx bake, docker-bake.hcl and docker-bake.json: which Dockerfile
// is built from which context, for which platforms and with which arguments.
//
// It evaluates what the file alone determines: defaults of variables, templates, conditions, common functions,
// matrices, inheritance. What depends on the run is marked as not known, never guessed. The rules of evaluation and
// merging are those of buildx 0.36 (bake/bake.go, bake/hclparser).
package bake

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/source"
)

// Value is a string of the file, or the result of an expression in it.
type Value = source.Value

// The kinds of problem that Parse reports. Bake refuses a file with any of them.
const (
	// KindSyntax is text that is not HCL or, in a .json file, not JSON.
	KindSyntax = "bake-syntax"
	// KindShape is an attribute of the wrong type.
	KindShape = "bake-shape"
	// KindSize is a file that is too long or too deeply nested to be read.
	KindSize = "bake-size"
)

// File is a definition as read, from one file or several that bake merges. It is immutable after Parse.
type File struct {
	// Source is the text, to which all spans belong: the file, or all files one after the other, with a line feed
	// between them. At returns the place in a file.
	Source *source.File
	// Targets are the targets in order of position, those of a matrix in order of its values. Several blocks of the
	// same name make one target.
	Targets []*Target
	// Groups are the groups, in order of position. A target with a matrix is a group of what it expands to, as for
	// bake.
	Groups []*Group
	// Problems are in order of position. Kinds are the Kind… constants.
	Problems []source.Problem

	files []*source.File
}

// Target is one image build, with what it inherits. An attribute that is not written is the zero Value.
type Target struct {
	// Name is the target's name. It is not known for a matrix that cannot be expanded.
	Name Value
	// Dockerfile is the path of the Dockerfile as written; DockerfilePath resolves it.
	Dockerfile Value
	// Inline is the text of dockerfile-inline. Where it is set there is no Dockerfile file.
	Inline Value
	// Context is the build context as written: a folder, a URL, "cwd://…", "target:…".
	Context Value
	// Contexts are the named contexts, which replace images and stages of the same name.
	Contexts map[string]Value
	// Stage is the attribute target: the stage of the Dockerfile that is built. When it is not set, the last stage is
	// built.
	Stage Value
	// Platforms are the platforms, "local" included. One that is not known stands for any number.
	Platforms []Value
	// Args are the build arguments, without those that are null, which bake does not pass.
	Args map[string]Value
	// OpenArgs says that there may be more Args and Contexts, which are not known.
	OpenArgs bool
	// Entitlements are the entitlements that the build requests, such as "security.insecure".
	Entitlements []Value
	// Tags are the names that the image gets.
	Tags []Value
	// Call is set for a target that is checked or described instead of built: "check", "outline", "targets".
	Call Value
	// Inherits are the targets that this one inherits from, as written.
	Inherits []Value
	// Unresolved are the targets in Inherits, direct or indirect, that this file does not define. They may set whatever
	// is not set here.
	Unresolved []Value
	// Span runs from the word "target" to the closing brace, those of the first block if there are several.
	Span source.Span
	// Label is the block's label in the file; for a target of a matrix it is the name of the group.
	Label string
}

// Group is a name for several targets.
type Group struct {
	Name string
	// Targets are names or patterns of targets or groups.
	Targets []Value
	Span    source.Span
}

// At returns the file that holds a span of Source, and the span in it.
func (f *File) At(s source.Span) (*source.File, source.Span) {
	start := 0
	for n, file := range f.files {
		next := start + len(file.Bytes) + 1
		if s.Start < next || n == len(f.files)-1 {
			return file, source.Span{Start: s.Start - start, End: s.End - start}
		}
		start = next
	}
	return f.Source, s
}

// Target returns the target with the given name, or nil.
func (f *File) Target(name string) *Target {
	for _, t := range f.Targets {
		if t.Name.Is(name) {
			return t
		}
	}
	return nil
}

// Resolve returns the targets that bake builds for the given names: groups are expanded, and without names it is
// "default". Names that this file does not define are left out; complete is then false, as it is when a name is not
// known.
func (f *File) Resolve(names ...string) (targets []*Target, complete bool) {
	if len(names) == 0 {
		names = []string{"default"}
	}
	complete = true
	seen := map[string]bool{}
	added := map[*Target]bool{}
	var add func(name string)
	add = func(name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		found := false
		for _, g := range f.Groups {
			if g.Name != name {
				continue
			}
			found = true
			for _, t := range g.Targets {
				if t.Known {
					add(t.Text)
				} else {
					complete = false
				}
			}
		}
		if found {
			return
		}
		exact := f.Target(name)
		for _, t := range f.Targets {
			match := t == exact
			if exact == nil && t.Name.Known {
				match, _ = path.Match(name, t.Name.Text)
			}
			if match {
				found = true
				if !added[t] {
					added[t] = true
					targets = append(targets, t)
				}
			}
		}
		complete = complete && found
	}
	for _, n := range names {
		add(n)
	}
	return targets, complete
}

// Override is one "--set TARGET.KEY=VALUE" of the command line.
type Override struct {
	// Target is the target's name, or a pattern such as "*".
	Target string
	// Key is the attribute with its own key: "platform", "args.VERSION".
	Key string
	// Append says that it is written "+=".
	Append bool
	// Value is the value, which may not be known.
	Value Value
}

// With returns the target with what the overrides for it set. Those of platforms are left out: PlatformsOf has them.
func (t *Target) With(overrides []Override) *Target {
	out := *t
	out.Args, out.Contexts = maps.Clone(t.Args), maps.Clone(t.Contexts)
	replaced, tagged := false, false
	for _, o := range overrides {
		if match, _ := path.Match(o.Target, t.Name.Text); !match && t.Name.Known {
			continue
		}
		key, sub, _ := strings.Cut(o.Key, ".")
		switch key {
		case "context":
			out.Context = o.Value
		case "dockerfile":
			out.Dockerfile = o.Value
		case "target":
			out.Stage = o.Value
		case "call":
			out.Call = o.Value
		case "args":
			if out.Args == nil {
				out.Args = map[string]Value{}
			}
			out.Args[sub] = o.Value
		case "contexts":
			if out.Contexts == nil {
				out.Contexts = map[string]Value{}
			}
			out.Contexts[sub] = o.Value
		case "entitlements":
			if !o.Append && !replaced {
				out.Entitlements, replaced = nil, true
			}
			out.Entitlements = append(slices.Clip(out.Entitlements), o.Value)
		case "tags":
			if !o.Append && !tagged {
				out.Tags, tagged = nil, true
			}
			out.Tags = append(slices.Clip(out.Tags), o.Value)
		}
	}
	return &out
}

// PlatformsOf returns the platforms that overrides give to a target, and whether they replace its own.
func (t *Target) PlatformsOf(overrides []Override) (platforms []Value, replace bool) {
	for _, o := range overrides {
		if match, _ := path.Match(o.Target, t.Name.Text); o.Key == "platform" && (match || !t.Name.Known) {
			platforms = append(platforms, o.Value)
			replace = replace || !o.Append
		}
	}
	return platforms, replace
}

// Abstract reports whether the target only exists to be inherited from: by convention its name begins with an
// underscore.
func (t *Target) Abstract() bool { return strings.HasPrefix(t.Name.Text, "_") }

// OnlyInherited reports whether the target seems to exist for others to inherit from, besides what Abstract says:
// another target inherits from it, no group names it, and it has nothing of its own that says what is built.
func (f *File) OnlyInherited(t *Target) bool {
	if t.Dockerfile.IsSet() || t.Inline.IsSet() || t.Context.IsSet() || t.Stage.IsSet() {
		return false
	}
	for _, g := range f.Groups {
		for _, member := range g.Targets {
			if match, _ := path.Match(member.Text, t.Name.Text); match || !member.Known {
				return false
			}
		}
	}
	for _, other := range f.Targets {
		for _, parent := range other.Inherits {
			if parent.Is(t.Name.Text) {
				return true
			}
		}
	}
	return false
}

// Builds reports whether the target is built, so its RUN instructions run.
func (t *Target) Builds() bool { return !t.Call.IsSet() || t.Call.Is("build") || t.Call.Is("") }

// ContextPath returns the folder of the build context, with slashes and relative to the folder that bake runs in ("."
// by default). It reports false for a context that is not known or not a local folder.
func (t *Target) ContextPath() (string, bool) {
	if !t.Context.IsSet() {
		return ".", true
	}
	p := strings.TrimPrefix(t.Context.Text, "cwd://")
	if !t.Context.Known || !isLocal(p) {
		return "", false
	}
	return path.Clean(p), true
}

// DockerfilePath returns the path of the Dockerfile, with slashes and relative to the folder that bake runs in. It
// reports false when the path is not known or not local, or the Dockerfile is written inline.
func (t *Target) DockerfilePath() (string, bool) {
	if t.Inline.IsSet() {
		return "", false
	}
	name := "Dockerfile"
	if t.Dockerfile.IsSet() && !t.Dockerfile.Is("") {
		if !t.Dockerfile.Known || !isLocal(t.Dockerfile.Text) && !strings.HasPrefix(t.Dockerfile.Text, "cwd://") {
			return "", false
		}
		name = t.Dockerfile.Text
	}
	if p, ok := strings.CutPrefix(name, "cwd://"); ok {
		return path.Clean(p), true
	}
	if path.IsAbs(name) {
		return path.Clean(name), true
	}
	dir, ok := t.ContextPath()
	if !ok {
		return "", false
	}
	return path.Join(dir, name), true
}

// isLocal reports whether p is the path of a file or folder, not a URL, another target or an image.
func isLocal(p string) bool {
	return p != "-" && !strings.Contains(p, "://") && !strings.HasPrefix(p, "target:") &&
		!strings.HasPrefix(p, "docker-image:") &&
		!strings.HasPrefix(p, "git@") && !strings.HasPrefix(p, "github.com/")
}
