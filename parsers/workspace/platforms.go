package workspace

import "github.com/sandlint/sandlint/parsers/source"

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
		out = append(out, Platform{Name: name, Emulated: len(w.Targets.Platforms) > 1, Why: "the configured platforms", File: nil, Span: source.Span{}})
	}
	for _, b := range img.File.builds {
		out = append(out, b.platforms...)
	}
	if img.Parent != nil && len(out) == 0 {
		return img.Parent.Platforms
	}
	return out
}
