package decisions

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers/seccomp/allow"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/seccomp/nested"
)

// Derivation is what a derived profile is for.
type Derivation struct {
	Tools []*nested.Tool
	// Releases are the programs that are not the newest.
	Releases map[string]seccomp.Version
	// Podman says that options are those of "podman run".
	Podman bool
}

// DefaultBase returns the name of the profile that a derivation for targets begins with.
func DefaultBase(t decide.Targets) string {
	switch {
	case t.Given("docker"):
		return "docker"
	case t.Given("podman", "cri-o"):
		return "podman"
	case t.Given("containerd", "kubernetes"):
		return "containerd"
	}
	return "docker"
}

// Wanted returns the syscalls that the tools need.
func (d *Derivation) Wanted() (wanted []allow.Wanted) {
	for _, t := range d.Tools {
		for _, name := range t.Syscalls(d.Releases) {
			w := allow.Wanted{Name: name, Reason: allow.Named}
			if !slices.Contains(wanted, w) {
				wanted = append(wanted, w)
			}
		}
	}
	return wanted
}

// Lines says which options go with the profile, and what else there is to know.
func (d *Derivation) Lines(p *allow.Plan) (lines []string) {
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if p.Changes() {
		add("run the container with --security-opt seccomp=FILE, where FILE is this profile")
	}
	for _, t := range d.Tools {
		for _, o := range t.Options {
			add("%s: %s, %s", t.Name, d.option(o), o.Why)
		}
	}
	for _, t := range d.Tools {
		for _, note := range t.Notes {
			add("%s: %s", t.Name, note)
		}
		add("%s: measured with %s", t.Name, strings.Join(t.Measured, ", "))
	}
	return lines
}

func (d *Derivation) option(o nested.Option) string {
	if d.Podman {
		return o.Podman
	}
	return o.Docker
}

type derivedJSON struct {
	Syscall string `json:"syscall"`
	// Reason is "program", "named", "recorded" or "runtime".
	Reason string `json:"reason"`
	// Programs are the tools or the runtimes that need it.
	Programs []string `json:"programs,omitempty"`
	// Without is what the first of them says without it.
	Without string `json:"without,omitempty"`
}

type derivedOptionJSON struct {
	Program string `json:"program"`
	Docker  string `json:"docker"`
	Podman  string `json:"podman"`
	Why     string `json:"why"`
}

// WriteDerivationJSON writes a derived profile as docs/schema/seccomp-derive.schema.json describes.
func WriteDerivationJSON(w io.Writer, d *Derivation, p *allow.Plan) error {
	out := struct {
		Version  int                 `json:"version"`
		Base     string              `json:"base"`
		Programs []string            `json:"programs"`
		Added    []derivedJSON       `json:"added"`
		Answered []string            `json:"answered"`
		Options  []derivedOptionJSON `json:"options"`
		Notes    []string            `json:"notes"`
		Measured []string            `json:"measured"`
		Changed  bool                `json:"changed"`
		Profile  string              `json:"profile"`
	}{
		Version: jsonVersion, Base: p.Profile.Source.Path, Programs: []string{}, Added: []derivedJSON{},
		Answered: append([]string{}, p.Answered...), Options: []derivedOptionJSON{}, Notes: []string{},
		Measured: []string{}, Changed: p.Changes(), Profile: string(p.After),
	}
	for _, a := range p.Added {
		out.Added = append(out.Added, d.addition(a))
	}
	for _, t := range d.Tools {
		out.Programs = append(out.Programs, t.Name)
		for _, o := range t.Options {
			out.Options = append(out.Options, derivedOptionJSON{t.Name, o.Docker, o.Podman, o.Why})
		}
		out.Notes = append(out.Notes, t.Notes...)
		out.Measured = append(out.Measured, t.Measured...)
	}
	return writeJSON(w, out)
}

func (d *Derivation) addition(a allow.Addition) derivedJSON {
	added := derivedJSON{Syscall: a.Name, Reason: "recorded"}
	switch a.Reason {
	case allow.Runtime:
		added.Reason, added.Programs = "runtime", a.Runtimes
	case allow.Named:
		added.Reason = "named"
		for _, t := range d.Tools {
			for _, n := range t.Needs {
				if n.Syscall != a.Name {
					continue
				}
				if added.Programs == nil {
					added.Reason, added.Without = "program", n.Without
				}
				added.Programs = append(added.Programs, t.Name)
			}
		}
	}
	return added
}
