package recipe

import (
	"path"
	"strings"

	"github.com/sandlint/sandlint/parsers/internal/yamltree"
	"github.com/sandlint/sandlint/parsers/source"
)

// packageScripts returns the scripts of a package.json, which npm gives to a shell.
func packageScripts(f *source.File) []*source.Fragment {
	var out []*source.Fragment
	for entry := range yamltree.Parse(f).Root().Get("scripts").All() {
		if v := entry.Value.Resolve(); v.IsScalar() {
			out = append(out, v.Fragment(f))
		}
	}
	return out
}

// Artifact is an image that skaffold, Earthly or Tilt builds from a Dockerfile.
type Artifact struct {
	// Image is the name of the image.
	Image source.Value
	// Context and Dockerfile are paths, with slashes and relative to the folder of the file.
	Context, Dockerfile string
	// Stage is the target stage, and Platforms are the platforms.
	Stage     source.Value
	Platforms []source.Value
	// Args are the names of the build arguments; Open says that there may be others.
	Args []string
	Open bool
	// Remote says that the image is built in a cluster or by a service.
	Remote bool
	// Span is the artifact's name, or the whole entry.
	Span source.Span
}

// Skaffold returns the artifacts of a skaffold.yaml that are built by Docker (skaffold.dev/docs/references/yaml). Those
// of profiles count too.
func Skaffold(f *source.File) []Artifact {
	var out []Artifact
	for _, root := range yamltree.Parse(f).Documents {
		build := root.Get("build")
		out = append(out, artifacts(build, build)...)
		if profiles := root.Get("profiles").Resolve(); profiles != nil {
			for _, p := range profiles.Items {
				out = append(out, artifacts(p.Resolve().Get("build"), build)...)
			}
		}
	}
	return out
}

// artifacts returns the artifacts of a build section; base is that of the file.
func artifacts(build, base *yamltree.Node) []Artifact {
	list := build.Get("artifacts").Resolve()
	if list == nil || list.Kind != yamltree.Sequence {
		return nil
	}
	values := func(n *yamltree.Node) (out []source.Value) {
		if n = n.Resolve(); n == nil {
			return nil
		}
		for _, item := range n.Items {
			if item = item.Resolve(); item.IsScalar() {
				known := !strings.Contains(item.Text, "{{")
				out = append(out, source.Value{Text: item.Text, Known: known, Span: item.Inner})
			}
		}
		return out
	}
	var out []Artifact
	for _, item := range list.Items {
		item = item.Resolve()
		if item == nil || item.Kind != yamltree.Mapping {
			continue
		}
		a := Artifact{Context: ".", Span: item.Span}
		for _, other := range []string{"ko", "jib", "bazel", "buildpacks", "custom", "kaniko"} {
			a.Remote = a.Remote || item.Get(other) != nil
		}
		if a.Remote && item.Get("kaniko") == nil {
			continue
		}
		if image := item.Get("image").Resolve(); image.IsScalar() {
			a.Span = image.Inner
			a.Image = source.Value{Text: image.Text, Known: !strings.Contains(image.Text, "{{"), Span: image.Inner}
		}
		if c := item.Get("context").Resolve(); c.IsScalar() {
			a.Context = path.Clean(c.Text)
		}
		how := item.Get("docker")
		if kaniko := item.Get("kaniko"); kaniko != nil {
			how = kaniko
		}
		name := "Dockerfile"
		if d := how.Get("dockerfile").Resolve(); d.IsScalar() {
			name = d.Text
		}
		if strings.Contains(name+a.Context, "{{") || path.IsAbs(name) || path.IsAbs(a.Context) {
			continue
		}
		a.Dockerfile = path.Join(a.Context, name)
		if t := how.Get("target").Resolve(); t.IsScalar() {
			a.Stage = source.Value{Text: t.Text, Known: true, Span: t.Inner}
		}
		for entry := range how.Get("buildArgs").All() {
			a.Args = append(a.Args, entry.Key.Text)
		}
		a.Platforms = values(item.Get("platforms"))
		for _, b := range []*yamltree.Node{build, base} {
			if len(a.Platforms) == 0 {
				a.Platforms = values(b.Get("platforms"))
			}
			a.Remote = a.Remote || b.Get("cluster") != nil || b.Get("googleCloudBuild") != nil
		}
		out = append(out, a)
	}
	return out
}
