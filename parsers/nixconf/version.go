package nixconf

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Version is a release of a distribution. The development head is after all releases: see Head.
type Version struct{ Major, Minor, Patch int }

// headMajor is the Major of Head.
const headMajor = 1 << 30

// Head returns the version after every release: the newest behaviour that is known.
func Head() Version { return Version{Major: headMajor} }

// ParseVersion reads "2.24", "2.24.1", "v3.1.0" or "HEAD". It ignores what follows the digits of a pre-release, as in
// "2.25.0pre20240930".
func ParseVersion(s string) (Version, error) {
	if strings.EqualFold(s, "head") {
		return Head(), nil
	}
	rest := strings.TrimPrefix(s, "v")
	var n [3]int
	count := 0
	for count < 3 {
		i := 0
		for i < len(rest) && i < 9 && rest[i] >= '0' && rest[i] <= '9' {
			i++
		}
		if i == 0 {
			return Version{}, fmt.Errorf("%q is not a version such as 2.24 or 2.24.1", s)
		}
		n[count], _ = strconv.Atoi(rest[:i])
		count++
		rest = rest[i:]
		if count == 3 || !strings.HasPrefix(rest, ".") {
			break
		}
		rest = rest[1:]
	}
	if count < 2 || rest != "" && !strings.HasPrefix(rest, "pre") && !strings.HasPrefix(rest, "-") &&
		!strings.HasPrefix(rest, "+") {
		return Version{}, fmt.Errorf("%q is not a version such as 2.24 or 2.24.1", s)
	}
	return Version{n[0], n[1], n[2]}, nil
}

// Compare returns -1, 0 or +1 when v is before, is or is after w.
func (v Version) Compare(w Version) int {
	if c := cmp.Compare(v.Major, w.Major); c != 0 {
		return c
	}
	if c := cmp.Compare(v.Minor, w.Minor); c != 0 {
		return c
	}
	return cmp.Compare(v.Patch, w.Patch)
}

// Before reports whether v comes before w.
func (v Version) Before(w Version) bool { return v.Compare(w) < 0 }

// AtLeast reports whether v is major.minor or a later release.
func (v Version) AtLeast(major, minor int) bool {
	return v.Compare(Version{Major: major, Minor: minor}) >= 0
}

// String returns "2.24", "2.24.1" or "HEAD".
func (v Version) String() string {
	switch {
	case v.Major >= headMajor:
		return "HEAD"
	case v.Patch == 0:
		return strconv.Itoa(v.Major) + "." + strconv.Itoa(v.Minor)
	}
	return strconv.Itoa(v.Major) + "." + strconv.Itoa(v.Minor) + "." + strconv.Itoa(v.Patch)
}

// Distributions returns all distributions, in the order in which messages name them.
func Distributions() []Distribution { return []Distribution{Nix, Lix, Determinate} }

// index returns the index of d in the tables, or -1.
func (d Distribution) index() int {
	switch d {
	case Nix:
		return 0
	case Lix:
		return 1
	case Determinate:
		return 2
	}
	return -1
}

// Title returns the name of d for messages: "Nix", "Lix" or "Determinate Nix".
func (d Distribution) Title() string {
	switch d {
	case Nix:
		return "Nix"
	case Lix:
		return "Lix"
	case Determinate:
		return "Determinate Nix"
	}
	return string(d)
}

// Releases returns the known releases of d, oldest first, one for each minor version. The last one may be the
// development head under the version that it will get. It returns nil for an unknown distribution.
func (d Distribution) Releases() []Version {
	if i := d.index(); i >= 0 {
		return slices.Clone(releaseTable[i])
	}
	return nil
}

// Newest returns the last of the known releases of d, which must be one of Distributions.
func (d Distribution) Newest() Version {
	r := releaseTable[d.index()]
	return r[len(r)-1]
}

// Target is a closed range of releases of one distribution that a file is for.
type Target struct {
	Distribution Distribution
	From, To     Version
}

// Targets are all releases that a file is for. A file is right if it is right for each of them.
type Targets []Target

// DefaultTargets returns the releases in wide use: the targets of a file that says nothing about its consumer.
func DefaultTargets() Targets {
	return Targets{
		{Nix, Version{2, 18, 0}, Nix.Newest()},
		{Lix, Version{2, 90, 0}, Lix.Newest()},
		{Determinate, Version{3, 0, 0}, Determinate.Newest()},
	}
}

// ParseTarget reads the releases of one distribution as a user gives them: one release ("2.24", "2.24.9", "HEAD",
// "latest"), or a closed range ("2.18..2.34"), whose ends may be omitted ("2.18.."). The error lists what is possible.
func ParseTarget(distribution, s string) (Target, error) {
	d := Distribution(distribution)
	i := d.index()
	if i < 0 {
		names := make([]string, 0, 3)
		for _, d := range Distributions() {
			names = append(names, string(d))
		}
		return Target{}, fmt.Errorf("unknown distribution %q; possible are %s", distribution, strings.Join(names, ", "))
	}
	first := releaseTable[i][0]
	possible := fmt.Sprintf("possible are releases from %s to %s, HEAD, or a range such as %s..%s", first, d.Newest(),
		releaseTable[i][len(releaseTable[i])/2], d.Newest())
	read := func(s string, empty Version) (Version, error) {
		switch {
		case s == "":
			return empty, nil
		case strings.EqualFold(s, "latest"):
			return d.Newest(), nil
		}
		v, err := ParseVersion(s)
		if err != nil {
			return v, fmt.Errorf("%w; %s", err, possible)
		}
		next := d.Newest()
		next.Minor++
		if v.Before(first) || v.Major < headMajor && !v.Before(next) {
			return v, fmt.Errorf("%s %s is not known; %s", d.Title(), v, possible)
		}
		return v, nil
	}
	from, to, isRange := strings.Cut(s, "..")
	if !isRange && s == "" || isRange && from == "" && to == "" {
		return Target{}, fmt.Errorf("empty release; %s", possible)
	}
	t := Target{Distribution: d}
	var err error
	if t.From, err = read(from, first); err != nil {
		return Target{}, err
	}
	if !isRange {
		t.To = t.From
		return t, nil
	}
	if t.To, err = read(to, d.Newest()); err != nil {
		return Target{}, err
	}
	if t.To.Before(t.From) {
		return Target{}, fmt.Errorf("range %q ends before it begins; %s", s, possible)
	}
	return t, nil
}

// Contains reports whether v of d is in the range. A range that ends at 2.24 contains 2.24.1, and one that ends at the
// newest known release contains HEAD.
func (t Target) Contains(d Distribution, v Version) bool {
	if d != t.Distribution || d.index() < 0 || v.Before(t.From) {
		return false
	}
	if t.To.Patch == 0 {
		v.Patch = 0
	}
	return !t.To.Before(v) || !t.To.Before(d.Newest())
}

// Releases returns the releases of the range, oldest first: From, every known release between, and To.
func (t Target) Releases() []Version {
	i := t.Distribution.index()
	if i < 0 {
		return nil
	}
	out := []Version{t.From}
	for _, r := range releaseTable[i] {
		if t.From.Before(r) && r.Before(t.To) {
			out = append(out, r)
		}
	}
	if t.From != t.To {
		out = append(out, t.To)
	}
	return out
}

// String returns the range for a message: "Nix 2.24" or "Nix 2.18 to 2.36".
func (t Target) String() string {
	if t.From == t.To {
		return t.Distribution.Title() + " " + t.From.String()
	}
	return t.Distribution.Title() + " " + t.From.String() + " to " + t.To.String()
}

// String returns the ranges for a message: "Nix 2.18 to 2.36 and Lix 2.90".
func (ts Targets) String() string {
	parts := make([]string, len(ts))
	for i, t := range ts {
		parts[i] = t.String()
	}
	return enumerate(parts)
}

// Contains reports whether one of the ranges holds v of d.
func (ts Targets) Contains(d Distribution, v Version) bool {
	for _, t := range ts {
		if t.Contains(d, v) {
			return true
		}
	}
	return false
}

// enumerate joins parts as a sentence does: "a, b and c".
func enumerate(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}

// interval is a half-open range of releases; a zero until means that it has no end.
type interval struct{ from, until Version }

func (i interval) contains(v Version) bool {
	return i.from != Version{} && !v.Before(i.from) && (i.until == Version{} || v.Before(i.until))
}
