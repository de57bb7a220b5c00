package workspace

import "strings"

// build is one way in which a Dockerfile is built, as a neighbouring file says.
type build struct {
	context   string // absolute; "" when not known
	target    string // the stage, "" for the last one
	platforms []Platform
}

func (w *Workspace) buildsOf(abs string) []build { return nil }

func (d *Dockerfile) contexts() []string {
	var out []string
	for _, b := range d.builds {
		if b.context != "" {
			out = append(out, b.context)
		}
	}
	return out
}

// platforms returns the platforms that a stage is built for.
func (w *Workspace) platforms(img *Image) []Platform {
	stage := img.Stage
	switch stage.Platform {
	case "$BUILDPLATFORM", "${BUILDPLATFORM}":
		return nil // runs natively, whatever the image is for
	case "", "$TARGETPLATFORM", "${TARGETPLATFORM}":
	default:
		span := stage.From.Span
		if flag := stage.From.Flag("platform"); flag != nil {
			span = flag.Span
		}
		return []Platform{{Name: stage.Platform, Why: "FROM --platform", File: img.File.Source, Span: span}}
	}
	var out []Platform
	for _, name := range w.Targets.Platforms {
		out = append(out, Platform{Name: name, Why: "the configured platforms"})
	}
	markEmulated(out)
	for _, b := range img.File.builds {
		out = append(out, b.platforms...)
	}
	if img.Parent != nil && len(out) == 0 {
		return img.Parent.Platforms
	}
	return out
}

// markEmulated marks the platforms of one build, on one builder, that are not the builder's own. Which one is its own is not known; where there
// are several architectures it is taken to be amd64, as of most builders.
func markEmulated(platforms []Platform) {
	architectures := map[string]bool{}
	for _, p := range platforms {
		architectures[architecture(p.Name)] = true
	}
	if len(architectures) < 2 {
		return
	}
	own := architecture(platforms[0].Name)
	if architectures["amd64"] {
		own = "amd64"
	}
	for n := range platforms {
		platforms[n].Emulated = architecture(platforms[n].Name) != own
	}
}

// architecture returns the architecture of a platform. One kernel runs 386 beside amd64.
func architecture(platform string) string {
	parts := strings.Split(platform, "/")
	if len(parts) < 2 {
		return platform
	}
	if parts[1] == "386" {
		return "amd64"
	}
	return parts[1]
}
