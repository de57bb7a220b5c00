package decisions

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
)

// RuntimeLack says that a runtime makes a call itself when it starts a container, and cannot start one, since the
// profile does not let it make the call.
type RuntimeLack struct {
	// Runtime is "runc" or "crun".
	Runtime string
	// Releases are those that cannot start a container, in words: "since 1.2.9, 1.3.4 and 1.4.0"; "" for all that are
	// targeted.
	Releases string
	// Without says that this holds without no_new_privs, where the runtime puts the profile in force earlier.
	Without bool
	// Killed says that an errno would be an answer good enough.
	Killed bool
	// After is the syscall in place of which the runtime makes the call, since the profile answers it with an errno; ""
	// where it makes the call in any case.
	After string
	// Others are syscalls that would do instead, together.
	Others []string
	// Errnos are the names of errnos that would do.
	Errnos []string
	// With is what is known of the arguments of the calls that are refused: "arg0 == 8", for each of several such
	// calls; empty where the profile refuses all.
	With []string
	// Retried says that the answer is EINTR, upon which the runtime makes the call again, without an end.
	Retried bool
}

// lacks returns which runtimes cannot start a container because of the answer to a call by the machine's own ABI. The
// needs of runtimes were measured on x86_64.
func (v *view) lacks(a *Answer, name string) (out []RuntimeLack) {
	for _, runtime := range v.targets.Runtimes() {
		ranges := v.targets.Ranges(runtime)
		all := decide.MeasuredReleases(runtime, ranges...)
		var releases []seccomp.Version // those of which the answer is
		var filters [][]*decide.Filter
		for _, release := range all {
			if fs := a.group.of(v.targets, runtime, release); len(fs) > 0 {
				releases = append(releases, release)
				filters = append(filters, fs)
			}
		}
		lacks := decide.Lacks(v.profile, runtime, releases, oneCall{name, filters})
		// An errno would do only where the call need not be allowed.
		slices.SortStableFunc(lacks, func(a, b *decide.Lack) int {
			switch {
			case a.Killed == b.Killed:
				return 0
			case a.Killed:
				return 1
			}
			return -1
		})
		for i, l := range lacks {
			for _, o := range lacks[:i] {
				if l.Killed && !o.Killed {
					subtract(l.Always, o.Always)
					subtract(l.Early, o.Early)
				}
			}
			add := func(set []bool, without bool) {
				targeted := make([]bool, len(all))
				for n, release := range releases {
					targeted[slices.Index(all, release)] = set[n]
				}
				preposition, some := decide.DescribeReleases(all, ranges, targeted)
				one := RuntimeLack{
					Runtime: runtime, Releases: strings.TrimSpace(preposition + " " + list(some, "and")),
					Without: without, Killed: l.Killed, After: l.After, Retried: l.Need.Retried,
				}
				one.Others = others(l.Need, name)
				if one.Others == nil && !l.Killed && !one.Retried && l.Need.Args == nil {
					one.Errnos = l.Need.Accepts()
				}
				if l.Need.Args != nil {
					var with []string
					for _, c := range l.Need.Conds(v.profile, name) {
						with = append(with, c.String())
					}
					one.With = []string{list(with, "and")}
				}
				if n := slices.IndexFunc(out, one.sameBut); n >= 0 && one.With != nil {
					if !slices.Contains(out[n].With, one.With[0]) {
						out[n].With = append(out[n].With, one.With[0])
					}
					return
				}
				// Where one call meets several needs, what would do instead of it is one of each.
				if n := slices.IndexFunc(out, one.like); n >= 0 && len(l.Need.AnyOf) == 2 && one.With == nil {
					out[n].Others = append(out[n].Others, others(l.Need, name)...)
					return
				}
				out = append(out, one)
			}
			if slices.Contains(l.Always, true) {
				add(l.Always, false)
			}
			if slices.Contains(l.Early, true) && !slices.Equal(l.Early, l.Always) {
				add(l.Early, true)
			}
		}
	}
	return out
}

// subtract takes a set out of another one.
func subtract(from, set []bool) {
	for i := range from {
		from[i] = from[i] && !set[i]
	}
}

// like reports whether o differs from l in nothing but in what would do instead, and something would.
func (l RuntimeLack) like(o RuntimeLack) bool {
	return l.Runtime == o.Runtime && l.Releases == o.Releases && l.Without == o.Without && l.Killed == o.Killed &&
		l.Retried == o.Retried && len(o.Others) > 0
}

// sameBut reports whether o differs from l in nothing but in the arguments of the calls.
func (l RuntimeLack) sameBut(o RuntimeLack) bool {
	return l.Runtime == o.Runtime && l.Releases == o.Releases && l.Without == o.Without && l.Killed == o.Killed &&
		l.After == o.After && l.Retried == o.Retried && o.With != nil &&
		slices.Equal(l.Others, o.Others) && slices.Equal(l.Errnos, o.Errnos)
}

// others returns the syscalls of a need without one.
func others(n decide.Need, name string) (others []string) {
	for _, o := range n.AnyOf {
		if o != name {
			others = append(others, o)
		}
	}
	return others
}

// oneCall judges the calls of one syscall, by the filters of each release.
type oneCall struct {
	name    string
	filters [][]*decide.Filter
}

func (c oneCall) Refuses(release int, n decide.Need) bool {
	return slices.Contains(n.AnyOf, c.name) &&
		allOf(c.filters[release], func(f *decide.Filter) bool { return f.Refuses(n) })
}

func (c oneCall) Kills(release int, n decide.Need, after *decide.Fallback) bool {
	return n.AnyOf[0] == c.name && allOf(c.filters[release], func(f *decide.Filter) bool {
		return f.Kills(n) && (after == nil || f.FallsBack(*after))
	})
}

// of returns the filters of a group that a release of a runtime makes for itself, on x86_64.
func (g group) of(t decide.Targets, runtime string, release seccomp.Version) (out []*decide.Filter) {
	like := t.Representative(runtime, release)
	for _, p := range g.points {
		r := p.filter.Target
		if r.Runtime == runtime && r.RuntimeVersion == like && p.arch == r.Host.Arch && p.arch.ABI == "x86_64" {
			out = append(out, p.filter)
		}
	}
	return out
}

func allOf(filters []*decide.Filter, is func(f *decide.Filter) bool) bool {
	return !slices.ContainsFunc(filters, func(f *decide.Filter) bool { return !is(f) })
}

// String returns the lack as a sentence: "runc since 1.2.8 and 1.3.3 cannot start a container: it makes this call
// itself".
func (l RuntimeLack) String() string {
	s := l.Runtime
	if l.Releases != "" {
		s += " " + l.Releases
	}
	s += " cannot start a container"
	if l.Without {
		s += " without no_new_privs"
	}
	s += ": it makes this call itself"
	for i, with := range l.With {
		switch {
		case with == "":
		case i == 0:
			s += " with " + with
		default:
			s += ", and with " + with
		}
	}
	switch {
	case l.Retried:
		s += ", and tries again without an end where it fails with EINTR"
	case l.After != "":
		s += fmt.Sprintf(", since %q is answered with an errno", l.After)
	case l.Killed:
		s += "; an errno would do"
	case len(l.Others) > 0:
		s += fmt.Sprintf("; %s would do instead", list(quoted(l.Others), "and"))
	case len(l.Errnos) > 0:
		s += fmt.Sprintf("; %s would do", list(l.Errnos, "or"))
	}
	return s
}
