package decide

import (
	"cmp"
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

// runtimeNeeds is what a release of a runtime was seen to need.
type runtimeNeeds struct {
	runtime string
	version seccomp.Version
	// always are the syscalls without which no container starts, and early those that come to them where the
	// container runs without no_new_privs, since the runtime then puts the filter in force before it drops
	// privileges. Both are sorted.
	always, early []string
	// earlyChoice are further ones of early of which one is enough.
	earlyChoice []string
}

// The measurement: on x86_64, Linux 6.18, the profile allows all that Docker's default profile does, one name is
// taken out (default action ERRNO with EPERM), and a static program is started three times. A name is here when no
// start succeeded, unless the program itself needs it. That runc 1.1.5 needs one of faccessat2 and faccessat was
// found with both taken out. Debian 12's runc 1.1.5 and crun 1.8.1 with libseccomp 2.5.4; runc 1.5.1 and crun 1.27
// with 2.6.1. November 2026.
var measuredNeeds = [...]runtimeNeeds{
	{"runc", release(1, 1, 5),
		[]string{"close", "execve", "fstatfs", "getdents64", "openat", "write"},
		[]string{
			"capget", "capset", "chdir", "fstat", "getcwd", "getppid", "newfstatat", "prctl", "read", "setgid",
			"setgroups", "setuid",
		},
		[]string{"faccessat", "faccessat2"}},
	{"runc", release(1, 5, 1),
		[]string{"close", "execve", "fstat", "fstatfs", "getdents64", "openat", "statx", "write"},
		[]string{
			"capget", "capset", "chdir", "getcwd", "getppid", "newfstatat", "prctl", "read", "setgid", "setgroups",
			"setuid",
		}, nil},
	{"crun", release(1, 8, 1),
		[]string{"execve"},
		[]string{"capset", "prctl", "rt_sigaction", "rt_sigprocmask", "setresgid", "setresuid"}, nil},
	{"crun", release(1, 27, 0),
		[]string{"execve"},
		[]string{"capset", "prctl", "rt_sigaction", "rt_sigprocmask", "setresgid", "setresuid"}, nil},
}

// RuntimeRequired returns the syscalls that a release of runc or crun makes itself once a profile is in force, so no
// container starts where one of them is denied; sorted. It was measured with runc 1.1.5 and 1.5.1 and crun 1.8.1 and
// 1.27 on x86_64: of a release between two of them, it is what both need; of one before the first or after the last,
// what that one needs. Without no_new_privs, as with a plain docker run, they put the profile in force earlier and
// need more.
func RuntimeRequired(runtime string, version seccomp.Version, noNewPrivs bool) []string {
	before, after := measuredAround(runtime, version)
	if before == nil {
		return nil
	}
	names := before.names(noNewPrivs)
	other := after.names(noNewPrivs)
	return slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(other, name) })
}

// RuntimeChoice returns further syscalls like those of RuntimeRequired, of which one is enough; nil for none.
func RuntimeChoice(runtime string, version seccomp.Version, noNewPrivs bool) []string {
	before, after := measuredAround(runtime, version)
	if before == nil || noNewPrivs || !slices.Equal(before.earlyChoice, after.earlyChoice) {
		return nil
	}
	return before.earlyChoice
}

// measuredAround returns the measurements of a runtime before and after a release, twice the same where there is one
// only; nil for other runtimes.
func measuredAround(runtime string, version seccomp.Version) (before, after *runtimeNeeds) {
	for i := range measuredNeeds {
		m := &measuredNeeds[i]
		if m.runtime != runtime {
			continue
		}
		if !version.Less(m.version) {
			before = m
		}
		if after == nil && !m.version.Less(version) {
			after = m
		}
	}
	return cmp.Or(before, after), cmp.Or(after, before)
}

// MeasuredReleases returns the releases of a runtime in a range at which what RuntimeRequired returns may change: the
// ends of the range, and what was measured between them. The end of a range that stands for all later releases is the
// last one measured.
func MeasuredReleases(runtime string, r Range) []seccomp.Version {
	var out []seccomp.Version
	last := r.From
	for _, m := range measuredNeeds {
		if m.runtime == runtime {
			last = maxVersion(last, m.version)
			if r.Contains(m.version) {
				out = append(out, m.version)
			}
		}
	}
	for _, v := range []seccomp.Version{r.From, minVersion(r.To, last)} {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, seccomp.Version.Compare)
	return out
}

func (m *runtimeNeeds) names(noNewPrivs bool) []string {
	names := slices.Clone(m.always)
	if !noNewPrivs {
		names = append(names, m.early...)
		slices.Sort(names)
	}
	return names
}
