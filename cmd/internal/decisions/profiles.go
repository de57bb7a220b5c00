package decisions

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/builtin"
)

// ProfileNames returns the names of the built-in profiles: those without a release, and one for each release with
// which a profile came into force.
func ProfileNames() (names []string) {
	for _, e := range builtin.Engines() {
		names = append(names, e.Name)
		for _, s := range e.States {
			names = append(names, stateName(e, s))
		}
	}
	return append(names, builtin.RuntimeDefault)
}

func stateName(e *builtin.Engine, s builtin.State) string { return e.Name + "@" + s.From.String() }

// span is the releases with a profile.
type span struct {
	builtin.State
	before seccomp.Version // the release with which the next profile came; zero where there is none
	same   string          // the name of an earlier state with the same profile; "" for none
}

func spansOf(e *builtin.Engine) (out []span) {
	first := map[int]string{}
	for i, s := range e.States {
		one := span{State: s, same: first[s.Number]}
		if one.same == "" {
			first[s.Number] = stateName(e, s)
		}
		if i+1 < len(e.States) {
			one.before = e.States[i+1].From
		}
		out = append(out, one)
	}
	return out
}

// WriteProfiles lists the built-in profiles.
func WriteProfiles(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, e := range builtin.Engines() {
		fmt.Fprintf(t, "%s\tthe newest known release, %s\n", e.Name, e.Newest())
		for _, s := range spansOf(e) {
			since := fmt.Sprintf("%s and later, before %s", s.From, s.before)
			if s.before.IsZero() {
				since = fmt.Sprintf("%s to %s", s.From, e.Newest())
			}
			if s.same != "" {
				since += ": the same as " + s.same
			}
			fmt.Fprintf(t, "%s\t%s\n", stateName(e, s.State), since)
		}
	}
	fmt.Fprintf(t, "%s\tthe same as containerd\n", builtin.RuntimeDefault)
	return t.Flush()
}

type builtinJSON struct {
	Name   string `json:"name"`
	Engine string `json:"engine"`
	From   string `json:"from"`
	Before string `json:"before,omitempty"`
	SameAs string `json:"sameAs,omitempty"`
}

type engineJSON struct {
	Name   string `json:"name"`
	Newest string `json:"newest"`
}

// WriteProfilesJSON lists the built-in profiles as docs/schema/seccomp-profiles.schema.json describes.
func WriteProfilesJSON(w io.Writer) error {
	out := struct {
		Version        int           `json:"version"`
		Engines        []engineJSON  `json:"engines"`
		RuntimeDefault string        `json:"runtimeDefault"`
		Profiles       []builtinJSON `json:"profiles"`
	}{Version: jsonVersion, RuntimeDefault: "containerd"}
	for _, e := range builtin.Engines() {
		out.Engines = append(out.Engines, engineJSON{e.Name, e.Newest().String()})
		for _, s := range spansOf(e) {
			one := builtinJSON{Name: stateName(e, s.State), Engine: e.Name, From: s.From.String(), SameAs: s.same}
			if !s.before.IsZero() {
				one.Before = s.before.String()
			}
			out.Profiles = append(out.Profiles, one)
		}
	}
	return writeJSON(w, out)
}
