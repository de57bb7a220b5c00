package workspace

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/engineconf"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/parsers/source"
)

// OpenEngine is Format.Open of the configuration files of container engines. Value is an *engineconf.File.
func OpenEngine(_ *Workspace, _ *Entry, f *source.File) (*Document, error) {
	c := engineconf.Parse(f)
	d := &Document{Value: c}
	if r := runs.OfEngine(c); r != nil {
		d.Runs = []*runs.Run{r}
	}
	return d, nil
}

// Daemon returns the daemon.json of the workspace, nil where there is none, or several.
func (w *Workspace) Daemon() *engineconf.File {
	type key struct{}
	return cached(w, key{}, func(w *Workspace) *engineconf.File {
		var found *engineconf.File
		for _, e := range w.entriesOf(files.KindEngine) {
			if engine, _ := engineconf.Named(e.Path); engine != engineconf.Docker {
				continue
			}
			f, err := w.neighbour(w.root(filepath.Dir(e.Abs)), e.Abs)
			if err != nil || found != nil {
				return nil
			}
			found = engineconf.Parse(f)
		}
		return found
	})
}

// ordinary are the runtimes, by the names that Docker has for them, that apply a seccomp profile as runc does.
var ordinary = []string{"", "runc", "io.containerd.runc.v2", "crun", "youki", "nvidia"}

// Configured returns a run as the configuration of its engine in the workspace leaves it: Open where a runtime of
// another kind, or a default profile of the daemon, decides what the container may do.
func (w *Workspace) Configured(run *runs.Run) *runs.Run {
	if run.Engine != runs.Docker || run.Host == runs.Configuration {
		return run
	}
	open := run.Runtime.IsSet() && (!run.Runtime.Known || !slices.Contains(ordinary, run.Runtime.Text))
	if d := w.Daemon(); d != nil {
		open = open || !run.Runtime.IsSet() && !slices.Contains(ordinary, d.Runtime.Text)
		if _, own := run.Option("seccomp"); !own && !run.IsPrivileged() {
			open = open || d.Seccomp.IsSet() && !d.Seccomp.Is("builtin") && !d.Seccomp.Is("")
		}
	}
	if !open || run.Open {
		return run
	}
	out := *run
	out.Open = true
	return &out
}

// refusedByDaemon returns the refusal of an entitlement by the daemon.json of the workspace, which counts for builds
// that use Docker's own builder.
func (w *Workspace) refusedByDaemon(b *build, entitlement int) (Refusal, bool) {
	d := w.Daemon()
	if d == nil || b.podman || b.place.File == nil ||
		strings.Contains(string(b.place.File.Bytes), "buildx create") ||
		strings.Contains(string(b.place.File.Bytes), "setup-buildx") {
		return Refusal{}, false
	}
	v := d.SecurityInsecure
	if entitlement == hostNetwork {
		v = d.NetworkHost
	}
	if !v.Is("false") {
		return Refusal{}, false
	}
	name := entitlements[entitlement]
	return Refusal{
		Build:  Build{File: d.Source, Span: v.Span, What: "the daemon"},
		Reason: "the daemon does not allow its builds " + name,
		Stops:  "granting entitlement " + name + " is not allowed by build daemon configuration",
	}, true
}

// engineLinks returns the profile that the configuration of an engine names. Its path is absolute: it means a file of
// the workspace where that is laid out like the machine, in a folder that ends in etc/docker or etc/containers, or
// holds the path itself.
func engineLinks(abs string, f *source.File) []link {
	c := engineconf.Parse(f)
	kind, folder := UseDaemon, "/etc/docker"
	if c.Engine == engineconf.Podman {
		kind, folder = UsePodman, "/etc/containers"
	}
	v := c.Seccomp
	target := filepath.FromSlash(v.Text)
	if v.Is("builtin") || v.Is("unconfined") || !filepath.IsAbs(target) {
		return nil
	}
	use := Use{Kind: kind, File: f, Span: v.Span}
	out := []link{{Use: use, target: filepath.Clean(target)}}
	dir := strings.TrimSuffix(filepath.ToSlash(filepath.Dir(abs)), "/containers.conf.d")
	if machine, ok := strings.CutSuffix(dir, folder); ok {
		out = append(out, link{Use: use, target: filepath.Join(filepath.FromSlash(machine), target)})
	}
	return out
}
