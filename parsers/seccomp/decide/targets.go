package decide

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

// Loader is a program that reads a profile's file and hands what it understood to a runtime.
type Loader int

const (
	// LoaderDocker is Docker: moby/profiles. It reads OCI's fields and its own.
	LoaderDocker Loader = iota
	// LoaderContainers is containers/common: Podman, Buildah and CRI-O. It reads Docker's fields but for minKernel,
	// and errno in words.
	LoaderContainers
	// LoaderOCI is the plain reading of linux.seccomp: containerd, nerdctl, and runc and crun when they are given a
	// config.json.
	LoaderOCI
)

// String returns the name of the loader for messages: "Docker", "Podman" or "containerd".
func (l Loader) String() string {
	return [...]string{"Docker", "Podman", "containerd"}[l]
}

// CommonRuntime returns the runtime that a loader commonly has: "runc", or "crun" for Podman.
func (l Loader) CommonRuntime() string {
	if l == LoaderContainers {
		return "crun"
	}
	return "runc"
}

// Range is a closed range of releases.
type Range struct{ From, To seccomp.Version }

// release returns a version with three numbers.
func release(major, minor, patch int) seccomp.Version {
	return seccomp.Version{Major: major, Minor: minor, Patch: patch}
}

// candidate returns the version of a release candidate.
func candidate(major, minor, patch, n int) seccomp.Version {
	v, _, _ := seccomp.ParseRelease(fmt.Sprintf("%d.%d.%d-rc%d", major, minor, patch, n))
	return v
}

// endless is a component of a version that no release reaches: a range that ends at 2.5 ends at 2.5.endless.
const endless = 1 << 20

// Contains reports whether v is in the range.
func (r Range) Contains(v seccomp.Version) bool { return !v.Less(r.From) && !r.To.Less(v) }

// String returns "2.5.4", "2.5" for all of its patch releases, or "1.1.5 to 1.5.1".
func (r Range) String() string {
	switch {
	case r.From == r.To:
		return r.From.String()
	case r.From.Major == r.To.Major && r.From.Minor == r.To.Minor && r.From.Patch == 0 && r.To.Patch == endless:
		return fmt.Sprintf("%d.%d", r.From.Major, r.From.Minor)
	case r.From.Major == r.To.Major && r.From.Minor == 0 && r.To.Minor == endless:
		return fmt.Sprint(r.From.Major)
	}
	return r.From.String() + " to " + strings.ReplaceAll(r.To.String(), "."+fmt.Sprint(endless), "")
}

// Libseccomp is one build of libseccomp: an upstream release, and the names that a distribution added to it.
type Libseccomp struct {
	// Version is the upstream release.
	Version seccomp.Version
	// Build is what it is called, where that is more than the version: "2.5.4-1+deb12u1".
	Build string

	extra []string // names that the build knows and the release does not, sorted
}

// String returns Build, or the version.
func (l Libseccomp) String() string {
	if l.Build != "" {
		return l.Build
	}
	return l.Version.String()
}

// Knows reports whether the build resolves the name of s.
func (l Libseccomp) Knows(s *seccomp.Syscall) bool {
	return s.KnownTo(l.Version) || len(l.extra) > 0 && slices.Contains(l.extra, s.Name)
}

// libseccompBuilds are packages of distributions that know more names than the release that they are made from, as
// scmp_sys_resolver of the installed package answered for each name of the table in November 2026.
var libseccompBuilds = [...]Libseccomp{
	{
		release(2, 5, 4), "2.5.4-1+deb12u1",
		[]string{"cachestat", "fchmodat2", "futex_requeue", "futex_wait", "futex_wake", "map_shadow_stack"},
	},
}

// parseLibseccomp reads a build of libseccomp: a release ("2.5.4", "2.5" for its first), a distribution's package
// whose names are known ("2.5.4-1+deb12u1", its leading part "debian12"), or a release and the names that were added
// to it ("2.5.3+fchmodat2+cachestat"). The error names what is possible.
func parseLibseccomp(s string) (Libseccomp, error) {
	const possible = "possible are a release such as 2.5.4, debian12 or its package's version 2.5.4-1+deb12u1, and " +
		"a release with the names that a distribution added to it, such as 2.5.3+fchmodat2+cachestat"
	for _, b := range libseccompBuilds {
		if s == b.Build || s == "debian12" {
			return b, nil
		}
	}
	number, added, _ := strings.Cut(s, "+")
	v, ok := seccomp.ParseVersion(number)
	if !ok || strings.Trim(number, "v0123456789.") != "" {
		return Libseccomp{}, fmt.Errorf("%q is not a known build of libseccomp; %s", s, possible)
	}
	l := Libseccomp{Version: v}
	if added == "" {
		return l, nil
	}
	l.Build, l.extra = s, strings.Split(added, "+")
	slices.Sort(l.extra)
	for _, name := range l.extra {
		if _, ok := seccomp.LookupSyscall(name); !ok {
			return Libseccomp{}, fmt.Errorf("%q names %q, which is not a syscall; %s", s, name, possible)
		}
	}
	return l, nil
}

// Targets are the consumers that profiles are for. The zero Targets are the defaults: every loader that reads a
// file's dialect, and the releases of the runtimes and of libseccomp in wide use.
type Targets struct {
	given      []string           // the consumers that the user named, sorted
	ranges     map[string][]Range // those that the user gave
	libseccomp []Libseccomp
	nodes      []Loader // what Kubernetes' nodes run
}

// defaultRanges are the releases in wide use: from those of Debian 12 to those of November 2026, which are also the
// ones whose behaviour was measured.
var defaultRanges = map[string]Range{
	"docker":     {release(20, 10, 10), release(29, endless, endless)},
	"podman":     {release(4, 3, 1), release(6, endless, endless)},
	"containerd": {release(1, 6, 0), release(2, endless, endless)},
	"kubernetes": {release(1, 24, 0), release(1, endless, endless)},
	"cri-o":      {release(1, 24, 0), release(1, endless, endless)},
	"runc":       {release(1, 1, 5), release(1, 5, 3)},
	"crun":       {release(1, 8, 1), release(1, 29, 1)},
	"libseccomp": {release(2, 5, 4), release(2, 6, 1)},
	"kernel":     {release(4, 19, 0), release(7, 1, endless)},
}

// Consumers are the names that Targets.Set takes, sorted.
func Consumers() []string {
	return []string{"containerd", "cri-o", "crun", "docker", "kernel", "kubernetes", "libseccomp", "podman", "runc"}
}

// firstReleases are the first releases of the consumers that have to do with seccomp profiles.
var firstReleases = map[string]seccomp.Version{
	"docker": release(1, 10, 0), "podman": release(0, 2, 1), "containerd": release(1, 0, 0),
	"kubernetes": release(1, 3, 0), "cri-o": release(1, 0, 0), "runc": release(0, 0, 5), "crun": release(0, 1, 0),
	"libseccomp": release(2, 0, 0), "kernel": release(3, 5, 0),
}

// Set adds a target: a release ("28", "1.1.5", "1.0.0-rc93", a distribution's "1.3.6+ds1"), or a closed range of them
// ("1.1..1.2") whose ends may be left out. Libseccomp also takes what parseLibseccomp does, and kubernetes also the
// runtime of its nodes, "containerd" or "cri-o". What is given for one consumer adds up. The error names what is
// possible.
func (t *Targets) Set(consumer, version string) error {
	if !slices.Contains(Consumers(), consumer) {
		return fmt.Errorf("there is no consumer %q of seccomp profiles; it is one of %s", consumer,
			strings.Join(Consumers(), ", "))
	}
	r := defaultRanges[consumer]
	switch from, to, isRange := strings.Cut(version, ".."); {
	case consumer == "kubernetes" && (version == "containerd" || version == "cri-o"):
		node := LoaderOCI
		if version == "cri-o" {
			node = LoaderContainers
		}
		t.nodes = append(slices.Clip(t.nodes), node)
		t.give(consumer)
		return nil
	case consumer == "libseccomp" && !isRange:
		l, err := parseLibseccomp(version)
		if err != nil {
			return err
		}
		if err := known(consumer, l.Version); err != nil {
			return err
		}
		t.libseccomp = append(slices.Clip(t.libseccomp), l)
		r = Range{l.Version, l.Version}
	default:
		var err error
		if !isRange {
			to = from
		}
		if from != "" {
			if r.From, err = bound(consumer, from, 0); err != nil {
				return err
			}
		}
		if to != "" {
			if r.To, err = bound(consumer, to, endless); err != nil {
				return err
			}
		}
		if r.To.Less(r.From) || from == "" && to == "" {
			return fmt.Errorf("range %q of %s holds no release", version, consumer)
		}
		if consumer == "libseccomp" {
			t.libseccomp = append(slices.Clip(t.libseccomp), releasesIn(r)...)
		}
	}
	ranges := maps.Clone(t.ranges)
	if ranges == nil {
		ranges = map[string][]Range{}
	}
	if !slices.Contains(ranges[consumer], r) {
		ranges[consumer] = append(slices.Clip(ranges[consumer]), r)
		slices.SortStableFunc(ranges[consumer], func(a, b Range) int { return a.From.Compare(b.From) })
	}
	t.ranges = ranges
	t.give(consumer)
	return nil
}

// give adds a consumer that the user named.
func (t *Targets) give(consumer string) {
	if !slices.Contains(t.given, consumer) {
		t.given = append(slices.Clip(t.given), consumer)
		slices.Sort(t.given)
	}
}

// known returns an error for a version that is no release of the consumer, as far as that can be said: one from before
// it had to do with profiles, or more than a major version away from the newest that is known.
func known(consumer string, v seccomp.Version) error {
	first, newest := firstReleases[consumer], defaultRanges[consumer].To
	if v.Less(first) || v.Major > newest.Major+1 {
		return fmt.Errorf("there is no release %s of %s that reads seccomp profiles; the first is %s, and the newest "+
			"known one %s", shortVersion(v), consumer, first, shortVersion(newest))
	}
	return nil
}

// NewestKnown returns the newest release of a consumer that is known, whatever the targets are; "" for something else.
func (Targets) NewestKnown(consumer string) string {
	r, ok := defaultRanges[consumer]
	if !ok {
		return ""
	}
	return shortVersion(r.To)
}

// NewerThanKnown reports whether a version that Set accepts, or the end of a range, lies beyond the newest release that
// is known.
func (Targets) NewerThanKnown(consumer, version string) bool {
	if _, to, isRange := strings.Cut(version, ".."); isRange {
		version = to
	}
	r, ok := defaultRanges[consumer]
	v, _, isRelease := seccomp.ParseRelease(version)
	return ok && isRelease && r.To.Less(v)
}

// shortVersion returns a version without the numbers that stand for any.
func shortVersion(v seccomp.Version) string {
	return strings.ReplaceAll(v.String(), "."+fmt.Sprint(endless), "")
}

func bound(consumer, s string, missing int) (seccomp.Version, error) {
	v, numbers, ok := seccomp.ParseRelease(s)
	if !ok {
		return seccomp.Version{},
			fmt.Errorf("version %q of %s is not a number such as %s", s, consumer, defaultRanges[consumer].From)
	}
	if numbers < 2 {
		v.Minor = missing
	}
	if numbers < 3 {
		v.Patch = missing
	}
	if consumer == "kernel" { // of which loaders read two numbers
		v.Pre = 0
	}
	return v, known(consumer, v)
}

func minVersion(a, b seccomp.Version) seccomp.Version {
	if b.Less(a) {
		return b
	}
	return a
}

func maxVersion(a, b seccomp.Version) seccomp.Version {
	if a.Less(b) {
		return b
	}
	return a
}

func releasesIn(r Range) (in []Libseccomp) {
	for _, v := range seccomp.Releases() {
		if r.Contains(v) {
			in = append(in, Libseccomp{Version: v})
		}
	}
	return in
}

// Given reports whether the user named one of the consumers.
func (t Targets) Given(consumers ...string) bool {
	return slices.ContainsFunc(consumers, func(c string) bool { return slices.Contains(t.given, c) })
}

// Range returns the range from the oldest targeted release of a consumer to the newest. Not all in it are targeted
// where the user gave several: see Ranges.
func (t Targets) Range(consumer string) Range {
	out := defaultRanges[consumer]
	for i, r := range t.ranges[consumer] {
		if i == 0 {
			out = r
		}
		out = Range{minVersion(out.From, r.From), maxVersion(out.To, r.To)}
	}
	return out
}

// Ranges returns the targeted releases of a consumer, in order of their first ones.
func (t Targets) Ranges(consumer string) []Range {
	if given := t.ranges[consumer]; len(given) > 0 {
		return given
	}
	return []Range{defaultRanges[consumer]}
}

// Extent is how many of the targeted releases of a consumer something holds for.
type Extent int

const (
	NoRelease Extent = iota
	SomeReleases
	AllReleases
)

// Extent says for how many of the targeted releases of a consumer something holds that began with the release since
// and ended before the release before. A zero since stands for every release, a zero before for no end.
func (t Targets) Extent(consumer string, since, before seccomp.Version) Extent {
	return t.extent(consumer, func(Range) (seccomp.Version, seccomp.Version) { return since, before })
}

// Lacking says for how many of the targeted releases of a consumer a name is unknown.
func (t Targets) Lacking(consumer string, s seccomp.Support) Extent {
	since, ever := s.Since(consumer)
	switch {
	case !ever:
		return AllReleases
	case since.IsZero():
		return NoRelease
	}
	return t.extent(consumer, func(r Range) (seccomp.Version, seccomp.Version) {
		since, _ := s.SinceIn(consumer, r.packaged())
		return seccomp.Version{}, since
	})
}

// packaged returns the first release of a range as what stands for it all: Debian's package where both ends are.
func (r Range) packaged() seccomp.Version {
	v := r.From
	v.Debian = v.Debian && r.To.Debian
	return v
}

// extent is Extent with bounds that may be others for each range.
func (t Targets) extent(consumer string, bounds func(Range) (since, before seccomp.Version)) Extent {
	some, all := false, true
	for _, r := range t.Ranges(consumer) {
		since, before := bounds(r)
		some = some || !r.To.Less(since) && (before.IsZero() || r.From.Less(before))
		all = all && !r.From.Less(since) && (before.IsZero() || r.To.Less(before))
	}
	switch {
	case all:
		return AllReleases
	case some:
		return SomeReleases
	}
	return NoRelease
}

// Runtimes returns the runtimes that put profiles in force, "runc" and "crun"; those that the user named where there
// are any.
func (t Targets) Runtimes() []string {
	both := []string{"runc", "crun"}
	if !t.Given(both...) {
		return both
	}
	return slices.DeleteFunc(both, func(r string) bool { return !t.Given(r) })
}

// Libseccomps returns the targeted builds of libseccomp, oldest first by default: every release of the range, and the
// builds of distributions.
func (t Targets) Libseccomps() []Libseccomp {
	if len(t.libseccomp) > 0 {
		return t.libseccomp
	}
	r := defaultRanges["libseccomp"]
	out := releasesIn(r)
	return append(out, libseccompBuilds[:]...)
}

// Loaders returns the loaders that read a profile: those that the user named, else those that read all fields that
// the file has.
func (t Targets) Loaders(p *seccomp.Profile) []Loader {
	if p.Engine != "" { // it comes into force in no other way
		return []Loader{engineLoader(p.Engine)}
	}
	// runc and crun read the one themselves; the operator writes a plain profile of the other.
	if p.Dialect == seccomp.Bundle || p.Dialect == seccomp.SPO {
		return []Loader{LoaderOCI}
	}
	var out []Loader
	if t.Given("docker") {
		out = append(out, LoaderDocker)
	}
	if t.Given("podman", "cri-o") {
		out = append(out, LoaderContainers)
	}
	if t.Given("containerd") {
		out = append(out, LoaderOCI)
	}
	if t.Given("kubernetes") {
		nodes := t.nodes
		if len(nodes) == 0 && !t.Given("containerd", "cri-o") {
			nodes = []Loader{LoaderContainers, LoaderOCI}
		}
		for _, l := range nodes {
			if !slices.Contains(out, l) {
				out = append(out, l)
			}
		}
	}
	switch {
	case len(out) > 0:
		return out
	case p.Dialect == seccomp.Docker:
		return []Loader{LoaderDocker, LoaderContainers}
	case p.Dialect == seccomp.Containers:
		return []Loader{LoaderContainers}
	}
	return []Loader{LoaderDocker, LoaderContainers, LoaderOCI}
}

// engineLoader returns the loader that makes the default profile of an engine.
func engineLoader(engine string) Loader {
	switch engine {
	case "docker":
		return LoaderDocker
	case "podman":
		return LoaderContainers
	}
	return LoaderOCI
}

// common returns the loaders for which two profiles are compared: those of old. The default profile of an engine is
// compared for that engine where it reads the other profile, and else for the loaders that do; two defaults are
// compared for both engines.
func (t Targets) common(old, new *seccomp.Profile) []Loader {
	before, after := t.Loaders(old), t.Loaders(new)
	switch {
	case old.Engine != "" && new.Engine != "":
		if before[0] == after[0] {
			return before
		}
		return append(before, after...)
	case old.Engine != "" && slices.Contains(after, before[0]):
		return before
	case old.Engine != "":
		return after
	case new.Engine != "" && slices.Contains(before, after[0]):
		return after
	}
	return before
}
