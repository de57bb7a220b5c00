// Package builtin knows the seccomp profiles that container engines apply to a container whose user names none, by
// release: Docker since 20.10, Podman since 3.0 and containerd since 1.5. The facts are in data/profiles.txt.
//
// Docker's and Podman's are one file each for all containers. Containerd has code instead, which makes another profile
// for each set of capabilities, architecture and kernel; here it is the one profile in Docker's form that becomes each
// of those for the container and the host in question.
package builtin

import (
	_ "embed" // for the table
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
)

//go:embed data/profiles.txt
var table string

// RuntimeDefault is the name of the profile that Kubernetes' RuntimeDefault and nerdctl stand for where containerd runs
// the containers: that of the newest containerd. CRI-O has Podman's.
const RuntimeDefault = "runtime-default"

// Engine is a program with default profiles.
type Engine struct {
	// Name is the name before the @: "docker", "podman", "containerd".
	Name string
	// States are the profiles by release, sorted by From. A profile can occur several times, since releases of an old
	// branch are made after the first ones of the next.
	States []State

	newest  []seccomp.Version // of each major version, oldest first
	records []record
}

// State is a profile and the releases with it: those from From on, before the From of the next State.
type State struct {
	From seccomp.Version
	// Number is equal for equal profiles of the engine.
	Number int
}

// Newest is the newest release that is known.
func (e *Engine) Newest() seccomp.Version { return e.newest[len(e.newest)-1] }

// Oldest is the oldest release that is known.
func (e *Engine) Oldest() seccomp.Version { return e.States[0].From }

// record is a line of the table about one part of profiles.
type record struct {
	kind  string   // "default", "arch" or "rule"
	words []string // what defines the part
	names []string // of a rule; "name@profiles" where not all profiles have it
	in    string   // the profiles that have the part; "" for all
}

// Engines returns the engines, in the order docker, podman, containerd.
var Engines = sync.OnceValue(func() (engines []*Engine) {
	var e *Engine
	for line := range strings.Lines(table) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		rest := words[1:]
		switch words[0] {
		case "engine":
			e = &Engine{Name: rest[0]}
			engines = append(engines, e)
		case "release":
			e.States = append(e.States, State{mustRelease(rest[0]), mustInt(rest[1])})
		case "newest":
			for _, w := range rest {
				e.newest = append(e.newest, mustRelease(w))
			}
		default:
			r := record{kind: words[0], words: rest}
			if last := rest[len(rest)-1]; last[0] == '@' {
				r.words, r.in = rest[:len(rest)-1], last[1:]
			}
			if colon := slices.Index(r.words, ":"); colon >= 0 {
				r.words, r.names = r.words[:colon], r.words[colon+1:]
			}
			e.records = append(e.records, r)
		}
	}
	return engines
})

func mustRelease(s string) seccomp.Version {
	v, ok := seccomp.ParseVersion(s)
	if !ok {
		panic("bad release in the table of default profiles: " + s)
	}
	return v
}

func mustInt(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic("bad number in the table of default profiles: " + s)
	}
	return n
}

// contains reports whether a list such as "0-3,5" has n; the empty list has every number.
func contains(list string, n int) bool {
	if list == "" {
		return true
	}
	for part := range strings.SplitSeq(list, ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		if mustInt(from) <= n && n <= mustInt(to) {
			return true
		}
	}
	return false
}

// Claims reports whether a word has the form of a built-in profile's name: that of an engine or RuntimeDefault, alone
// or with an @ after it. Such a word never means a file; "./docker" does.
func Claims(word string) bool {
	name, _, _ := strings.Cut(word, "@")
	return name == RuntimeDefault || engine(name) != nil
}

func engine(name string) *Engine {
	for _, e := range Engines() {
		if e.Name == name {
			return e
		}
	}
	return nil
}

// Lookup returns the profile with a name: "docker@29.4.1" for that of a release, "docker@29" and "docker@29.4" for the
// newest known release with these numbers, "docker" for the newest of all, and RuntimeDefault, which takes releases of
// containerd. Between two known releases the profile of the earlier one is in force. The error says what there is. The
// path of the profile's Source is the name as given; its text is made here, in Docker's form, and places in it are
// those of Text.
func Lookup(name string) (*seccomp.Profile, error) {
	e, s, err := find(name)
	if err != nil {
		return nil, err
	}
	p := seccomp.Parse(source.NewFile(name, e.text(s.Number)))
	p.Engine = e.Name
	return p, nil
}

func find(name string) (*Engine, State, error) {
	word, release, given := strings.Cut(name, "@")
	if word == RuntimeDefault {
		word = "containerd"
	}
	e := engine(word)
	if e == nil {
		return nil, State{}, fmt.Errorf("there is no built-in profile %q; there are %s", name, Names())
	}
	if !given {
		return e, e.States[len(e.States)-1], nil
	}
	v, numbers, ok := seccomp.ParseRelease(release)
	if !ok {
		return nil, State{}, fmt.Errorf("%q is not a release; %s", release, e.known())
	}
	if numbers < 3 {
		v.Patch = endless
	}
	if numbers < 2 {
		v.Minor = endless
	}
	if !e.has(v, numbers) {
		return nil, State{}, fmt.Errorf("the default profile of %s %s is not known; %s", word, release, e.known())
	}
	at := e.States[0]
	for _, s := range e.States {
		if !v.Less(s.From) {
			at = s
		}
	}
	return e, at, nil
}

// endless is a component of a version that no release reaches.
const endless = 1 << 20

// has reports whether the profile of a release is known: one of a known major version, not older than the oldest and
// not newer than the newest one. A version with fewer numbers than three stands for the newest one with these.
func (e *Engine) has(v seccomp.Version, numbers int) bool {
	newest := e.Newest()
	if numbers == 2 && v.Major == newest.Major && v.Minor > newest.Minor || numbers == 3 && newest.Less(v) {
		return false
	}
	return !v.Less(e.Oldest()) &&
		slices.ContainsFunc(e.newest, func(n seccomp.Version) bool { return n.Major == v.Major })
}

// known says which releases there are, in words.
func (e *Engine) known() string {
	var from []string
	for _, s := range e.States {
		from = append(from, s.From.String())
	}
	return fmt.Sprintf("known are %s from %s to %s, with new profiles in %s", e.Name, e.Oldest(), e.Newest(),
		strings.Join(from, ", "))
}

func (e *Engine) releases() string { return fmt.Sprintf("%s to %s", e.Oldest(), e.Newest()) }

// Names returns the names that Lookup takes, in words.
func Names() string {
	var parts []string
	for _, e := range Engines() {
		parts = append(parts, fmt.Sprintf("%s and %s@RELEASE for %s", e.Name, e.Name, e.releases()))
	}
	return strings.Join(parts, ", ") + ", and " + RuntimeDefault
}
