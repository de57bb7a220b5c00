package dockerfile

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

// maxLayers is how many layers Docker's image store can chain.
const maxLayers = 125

type layerLimit struct {
	Most int `option:"most" doc:"how many layers a Dockerfile may add to its base image"`
}

var tooManyLayers = &rules.Rule{
	ID:       "dockerfile/too-many-layers",
	Summary:  "the image gets more layers than Docker's image store can hold",
	Severity: rules.Warning,
	Category: rules.Portability,
	Since:    "0.1.0",
	References: []string{
		"moby, layer/layer_store.go: maxLayerDepth",
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/convert.go: the instructions that commit a layer",
		"moby/moby#25957, docker/for-linux#414, dusty-nv/jetson-containers#1415",
	},
	Options: layerLimit{Most: maxLayers},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		most := rules.OptionsOf[layerLimit](p).Most
		why := fmt.Sprintf("Docker's image store refuses more than %d with \"max depth exceeded\"", maxLayers)
		if most < maxLayers {
			why = fmt.Sprintf("the configuration allows %d", most)
		}
		layers := map[*image.Image]int{}
		beyond := map[*image.Image]*image.Step{} // the first layer above the limit
		reported := map[*image.Step]bool{}
		for _, img := range d.Images {
			n, first := layers[img.Parent], beyond[img.Parent]
			for _, s := range img.Steps() {
				if addsLayer(s) {
					if n++; n > most && first == nil {
						first = s
					}
				}
			}
			layers[img], beyond[img] = n, first
			if first == nil || reported[first] || !img.MayShip() {
				continue
			}
			reported[first] = true
			p.Report(rules.Finding{
				File: d.Source, Span: first.Keyword,
				Message: fmt.Sprintf("this instruction adds layer %d to the base image; %s", most+1, why),
			})
		}
	}),
}

// addsLayer reports whether a step makes a layer, even an empty one.
func addsLayer(s *image.Step) bool {
	switch s.Name {
	case "RUN", "COPY", "ADD":
		return !s.Deferred && !s.Broken
	case "WORKDIR":
		if s.Deferred || s.Broken || len(s.Words) == 0 {
			return false
		}
		text, known := s.Expand(s.Words[0].Text)
		return !known || text != "/"
	}
	return false
}
