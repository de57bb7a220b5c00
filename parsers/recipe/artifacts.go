package recipe

import (
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/source"
)

// ArtifactFiles are the names of the files that Artifacts reads, in lower case.
var ArtifactFiles = []string{"skaffold.yaml", "skaffold.yml", "earthfile", "tiltfile"}

// Artifacts returns the images that a skaffold.yaml, an Earthfile or a Tiltfile builds from Dockerfiles, as far as the
// file says so in literals.
func Artifacts(f *source.File) []Artifact {
	switch base := strings.ToLower(path.Base(f.Path)); base {
	case "earthfile":
		return earthfile(f)
	case "tiltfile":
		return tiltfile(f)
	}
	return Skaffold(f)
}

// word is a word of a line, with its place.
type word struct {
	text string
	span source.Span
}

// earthfile returns what the lines FROM DOCKERFILE of an Earthfile build (docs.earthly.dev/docs/earthfile).
func earthfile(f *source.File) []Artifact {
	var out []Artifact
	var words []word
	lines(f, func(span source.Span) {
		text := f.Text(span)
		goesOn := strings.HasSuffix(text, `\`)
		text = strings.TrimSuffix(text, `\`)
		for at := 0; at < len(text); {
			n := strings.IndexAny(text[at:], " \t")
			if n < 0 {
				n = len(text) - at
			}
			if n > 0 {
				s := source.Span{Start: span.Start + at, End: span.Start + at + n}
				words = append(words, word{text[at : at+n], s})
			}
			at += n + 1
		}
		if goesOn {
			return
		}
		if len(words) > 2 && words[0].text == "FROM" && words[1].text == "DOCKERFILE" {
			if a, ok := fromDockerfile(words); ok {
				out = append(out, a)
			}
		}
		words = nil
	})
	return out
}

// fromDockerfile reads a line FROM DOCKERFILE. It is false for what comes from another target or is not known.
func fromDockerfile(words []word) (Artifact, bool) {
	a := Artifact{Span: words[0].span.Join(words[1].span)}
	for n := 2; n < len(words); n++ {
		name, value, inline := strings.Cut(words[n].text, "=")
		at := words[n].span
		at.Start = at.End - len(value)
		if !strings.HasPrefix(name, "-") {
			a.Context = words[n].text
			continue
		}
		if name == "--allow-privileged" {
			continue
		}
		if !inline {
			if n++; n == len(words) {
				return a, false
			}
			value, at = words[n].text, words[n].span
		}
		v := source.Value{Text: value, Known: !strings.Contains(value, "$"), Span: at}
		if !v.Known {
			v.Text = ""
		}
		switch name {
		case "-f":
			a.Dockerfile = value
		case "--target":
			a.Stage = v
		case "--platform":
			a.Platforms = append(a.Platforms, v)
		case "--build-arg":
			arg, _, _ := strings.Cut(value, "=")
			a.Args = append(a.Args, arg)
		}
	}
	if a.Context == "" || strings.ContainsAny(a.Context+a.Dockerfile, "$+()") || a.Stage.IsSet() && !a.Stage.Known ||
		path.IsAbs(a.Context) || path.IsAbs(a.Dockerfile) {
		return a, false
	}
	a.Context = path.Clean(a.Context)
	if a.Dockerfile == "" {
		a.Dockerfile = path.Join(a.Context, "Dockerfile")
	}
	return a, true
}

// tiltCall is a call of docker_build whose first arguments are literals, up to the end of its line or brackets, and
// tiltOption a named argument that is one.
var (
	tiltCall = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?m)^[ \t]*docker_build\(\s*(?:ref\s*=\s*)?['"]([^'"\n]+)['"]\s*,` +
			`\s*(?:context\s*=\s*)?['"]([^'"\n]+)['"]\s*([,)])`)
	})
	tiltOption = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\b(dockerfile|target|platform)\s*=\s*(?:['"]([^'"\n]*)['"])?`)
	})
)

// tiltfile returns what the calls of docker_build in a Tiltfile build (docs.tilt.dev/api.html). Tilt builds for the
// machine of its cluster.
func tiltfile(f *source.File) []Artifact {
	text := string(f.Bytes)
	var out []Artifact
	for _, m := range tiltCall().FindAllStringSubmatchIndex(text, -1) {
		at := source.Span{Start: m[2], End: m[3]}
		a := Artifact{
			Span: at, Image: source.Value{Text: f.Text(at), Known: true, Span: at},
			Context: path.Clean(text[m[4]:m[5]]), Remote: true,
		}
		rest := text[m[1]:]
		first, _, _ := strings.Cut(rest, "\n")
		end := strings.Index(rest, "\n)")
		switch {
		case text[m[6]] == ')':
			rest = ""
		case end >= 0 && !strings.Contains(first, ")"):
			rest = rest[:end]
		default:
			rest = first
		}
		a.Open = strings.Contains(rest, "build_args") || strings.Contains(rest, "**")
		name, known := "Dockerfile", true
		for _, o := range tiltOption().FindAllStringSubmatchIndex(rest, -1) {
			if o[4] < 0 {
				known = false // an expression
				break
			}
			v := source.Value{
				Text: rest[o[4]:o[5]], Known: true, Span: source.Span{Start: m[1] + o[4], End: m[1] + o[5]},
			}
			switch rest[o[2]:o[3]] {
			case "dockerfile":
				name = v.Text
			case "target":
				a.Stage = v
			case "platform":
				a.Platforms = append(a.Platforms, v)
			}
		}
		if !known || strings.Contains(rest, "dockerfile_contents") || path.IsAbs(name) || path.IsAbs(a.Context) {
			continue
		}
		if a.Dockerfile = path.Clean(name); name == "Dockerfile" {
			a.Dockerfile = path.Join(a.Context, name)
		}
		out = append(out, a)
	}
	return out
}
