package workspace

import (
	"slices"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workflow"
)

// The entitlements of BuildKit (util/entitlements), by their indexes in grants.
const (
	insecure = iota
	hostNetwork
)

var entitlements = [...]string{insecure: "security.insecure", hostNetwork: "network.host"}

// state is whether a build asks for an entitlement.
type state int

const (
	unsure state = iota
	lacks
	asks
	refused // it asks, and whoever builds does not allow it
)

// grant is what a build does about one entitlement, and where.
type grant struct {
	state   state
	place   Build
	refusal string // of refused: why, for a message
	stops   string // of refused: the error
	// mendable says that the place may allow what is refused.
	mendable bool
}

// grants are what a build does about each entitlement.
type grants [len(entitlements)]grant

// asksFor returns what values, which are complete, ask for.
func asksFor(values []source.Value, at func(source.Value) Build) grants {
	var out grants
	for n := range out {
		out[n].state = lacks
		for _, v := range values {
			if v.Is(entitlements[n]) {
				out[n] = grant{state: asks, place: at(v)}
				break
			}
			if !v.Known {
				out[n].state = unsure
			}
		}
	}
	return out
}

// open says that there may be more than is known.
func (g *grants) open() {
	for n := range g {
		if g[n].state == lacks {
			g[n].state = unsure
		}
	}
}

// ofRun adds what the machine of a build says.
func (g *grants) ofRun(wb *workflow.Build) {
	if wb.Open || wb.Remote {
		g.open()
		return
	}
	if span, no := wb.RefusesInsecure(); no && g[insecure].state == asks {
		g[insecure] = grant{
			state: refused, place: Build{File: wb.Builder.Source, Span: span},
			refusal: "the builder that this makes does not allow security.insecure",
			stops:   "granting entitlement security.insecure is not allowed by build daemon configuration",
		}
	}
}

// ofBake adds what a run of bake says: what a target asks for, the caller must allow (buildx, docs/bake.md: --allow).
func (g *grants) ofBake(wb *workflow.Build) {
	given := asksFor(wb.Allow, func(v source.Value) Build { return Build{File: wb.Source, Span: v.Span} })
	for n := range g {
		if g[n].state == asks && given[n].state == lacks && !wb.Open {
			g[n] = grant{state: refused, place: Build{File: wb.Source, Span: wb.Span}, mendable: true}
			g[n].refusal = "this run of bake is not given --allow " + entitlements[n]
			g[n].stops = "additional privileges requested"
		}
	}
	g.ofRun(wb)
}

// Refusal is a place where a build does not get an entitlement that it needs.
type Refusal struct {
	Build
	// Reason says why it gets none, for a message, and Stops is the error.
	Reason, Stops string
	// Mendable says that it gets the entitlement once it asks for it at the place.
	Mendable bool
}

// Refusals returns why the builds of a stage certainly do not get an entitlement, which is "security.insecure" or
// "network.host", so a RUN that needs it stops them.
func (w *Workspace) Refusals(img *image.Image, entitlement string) []Refusal {
	c, ok := img.Dockerfile.Context().(*buildContext)
	n := slices.Index(entitlements[:], entitlement)
	if !ok || n < 0 {
		return nil
	}
	var out []Refusal
	seen := map[Refusal]bool{}
	for k, b := range c.builds() {
		var r Refusal
		switch g := b.grants[n]; g.state {
		case lacks:
			r = Refusal{
				Build: b.place, Reason: b.place.What + " does not ask for " + entitlement,
				Stops: entitlement + " is not allowed", Mendable: true,
			}
		case refused:
			r = Refusal{g.place, g.refusal, g.stops, g.mendable}
		default:
			ok := g.state == asks
			if ok {
				r, ok = w.refusedByDaemon(b, n)
			}
			if !ok {
				continue
			}
		}
		if c.needs(k, img) && !seen[r] {
			seen[r] = true
			out = append(out, r)
		}
	}
	return out
}

// Granted returns the places where builds of a Dockerfile alone ask for an entitlement, and whether needs is false for
// all stages that such a build runs.
func (w *Workspace) Granted(d *image.Dockerfile, entitlement string, needs func(*image.Image) bool) []Build {
	c, ok := d.Context().(*buildContext)
	n := slices.Index(entitlements[:], entitlement)
	if !ok || n < 0 {
		return nil
	}
	var out []Build
	used, seen := map[Build]bool{}, map[Build]bool{}
	for k, b := range c.builds() {
		g := b.grants[n]
		if g.state != asks || g.place.File.Text(g.place.Span) != entitlement {
			continue
		}
		if !seen[g.place] {
			seen[g.place] = true
			out = append(out, g.place)
			used[g.place] = c.grantedBeside(b, n)
		}
		for _, img := range d.Images {
			if c.needs(k, img) && needs(img) {
				used[g.place] = true
			}
		}
	}
	return slices.DeleteFunc(out, func(b Build) bool { return used[b] })
}

// grantedBeside reports whether the place that does something about an entitlement of a build does so for one of
// another Dockerfile.
func (c *buildContext) grantedBeside(b *build, entitlement int) bool {
	if b.dir == "" {
		return false
	}
	at := grantedAt{entitlement, b.grants[entitlement].place}
	return c.w.buildsIn(c.w.root(b.dir), b.dir).grantedBeside(at, b.dockerfile)
}
