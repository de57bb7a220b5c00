package decide

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

// maxErrno is the highest errno that libseccomp accepts for SCMP_ACT_ERRNO, after cutting it to 16 bits.
const maxErrno = 4094

// flagsInRunc is the first release of runc that accepts flags.
var flagsInRunc = release(1, 2, 0)

// Refusals returns the reasons for which the container does not start: those of the loader (Resolved.Refused), and
// where there is none of them those of the runtime and libseccomp. JSON and shape are Profile.Problems, and a filter
// that is too large for the kernel is not here.
func (f *Filter) Refusals() []Refusal { return f.refusals(f.Conflicts, false) }

func (f *Filter) refusals(conflicts func() []Conflict, first bool) []Refusal {
	if len(f.Refused) > 0 {
		return f.Refused
	}
	var out []Refusal
	add := func(at seccomp.String, format string, args ...any) {
		out = append(out, Refusal{at, fmt.Sprintf(format, args...)})
	}
	crun := f.Target.Runtime == "crun"
	p := f.Profile
	if f.Off {
		if crun && f.Loader == LoaderOCI && !p.Span.IsEmpty() {
			add(seccomp.String{}, "crun refuses a profile without a defaultAction")
		}
		return out
	}
	f.refuseFlags(add)
	f.refuseArchitectures(add)
	errno, given := f.errno(p.DefaultErrnoRet, p.DefaultErrno)
	f.refuseAction(add, p.DefaultAction, errno, given)
	switch {
	case f.Default.Action == "SCMP_ACT_NOTIFY":
		add(p.DefaultAction, "%s cannot have SCMP_ACT_NOTIFY as the default action", f.Target.Runtime)
	case f.Default.Action == "SCMP_ACT_ERRNO" && f.Default.Errno > maxErrno:
		add(p.DefaultAction, "libseccomp accepts no errno above %d, and the default action gives %d", maxErrno,
			f.Default.Errno)
	}
	accepted := map[givenAction]bool{}
	for i, rule := range p.Rules {
		if first && len(out) > 0 {
			return out
		}
		if f.live[i] != nil {
			f.refuseRule(add, i, rule, f.live[i].Outcome, accepted)
			continue
		}
		if len(rule.Names) > 0 && !(rule.LegacyName && f.Loader == LoaderOCI) || f.Loader == LoaderContainers ||
			f.Loader == LoaderDocker && f.scopeOf(rule) != (Omission{}) {
			continue
		}
		// The loader hands it on without names.
		errno, _ := f.errno(rule.ErrnoRet, rule.Errno)
		f.refuseRule(add, i, rule, outcome(rule.Action.Text, errno), accepted)
		if crun && (rule.NamesSpan.IsEmpty() || rule.LegacyName) {
			add(rule.Name, "crun refuses a rule without names")
		}
	}
	if len(out) == 0 {
		for _, c := range conflicts() {
			through := ""
			if c.Through != "" {
				through = ", which it also compares in socketcall and ipc with the first argument left out"
			}
			add(c.Name, "libseccomp refuses a second action for %q on %s under the condition %s%s: %s, and %s before",
				c.Name.Text, c.Arch.ABI, condsKey(c.Conds), through, c.Outcome, c.EarlierOutcome)
		}
	}
	return out
}

type refuse = func(at seccomp.String, format string, args ...any)

// errno returns the errno that is handed to the runtime, and whether one is.
func (f *Filter) errno(number seccomp.Number, word seccomp.String) (uint64, bool) {
	if f.Loader == LoaderContainers && word.Text != "" {
		n, _ := seccomp.LookupErrno(word.Text)
		return uint64(n), true
	}
	if number.Known {
		return number.Value, true
	}
	return eperm, false
}

func (f *Filter) refuseFlags(add refuse) {
	runtime, version := f.Target.Runtime, f.Target.RuntimeVersion
	if runtime == "runc" && len(f.Profile.Flags) > 0 && version.Less(flagsInRunc) {
		add(f.Profile.Flags[0], "runc before 1.2.0 refuses every profile with flags")
		return
	}
	for _, name := range f.Profile.Flags {
		flag, ok := seccomp.LookupFlag(name.Text)
		if !ok {
			add(name, "%s does not know the flag %q", runtime, name.Text)
			continue
		}
		f.refuseSupport(add, name, "flag", flag.Support)
		if runtime == "runc" && name.Text == "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" &&
			!slices.ContainsFunc(f.Rules, func(r ResolvedRule) bool { return r.Outcome.Action == "SCMP_ACT_NOTIFY" }) {
			add(name,
				"the kernel accepts SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV only with a rule whose action is "+
					"SCMP_ACT_NOTIFY")
		}
	}
}

// refuseSupport reports a name that the runtime or libseccomp does not know yet. crun asks libseccomp about
// architectures, and sets flags without it.
func (f *Filter) refuseSupport(add refuse, name seccomp.String, kind string, s seccomp.Support) bool {
	runtime, version := f.Target.Runtime, f.Target.RuntimeVersion
	since, ever := s.SinceIn(runtime, version)
	switch {
	case !ever:
		add(name, "no release of %s knows the %s %q", runtime, kind, name.Text)
	case version.Less(since) && since.Debian:
		add(name, "%s %s as Debian builds it does not know the %s %q", runtime, version, kind, name.Text)
	case version.Less(since):
		add(name, "%s before %s does not know the %s %q", runtime, since, kind, name.Text)
	default:
		since, _ := s.Since("libseccomp")
		if !f.Target.Libseccomp.Version.Less(since) || runtime == "crun" && kind == "flag" {
			return false
		}
		add(name, "libseccomp before %s does not know the %s %q", since, kind, name.Text)
	}
	return true
}

func (f *Filter) refuseArchitectures(add refuse) {
	for _, name := range f.Architectures {
		a, ok := seccomp.LookupArchitecture(name.Text)
		if !ok && f.Target.Runtime == "crun" { // which does not mind the prefix and the case of what follows it
			a, ok = seccomp.LookupArchitecture("SCMP_ARCH_" +
				strings.ToUpper(strings.TrimPrefix(name.Text, "SCMP_ARCH_")))
		}
		switch {
		case !ok:
			add(name, "%s does not know the architecture %q", f.Target.Runtime, name.Text)
		case f.refuseSupport(add, name, "architecture", a.Support):
		case f.Host.Arch != nil && a.BigEndian != f.Host.Arch.BigEndian:
			add(name, "libseccomp accepts no architecture of another byte order than that of the host, %s",
				f.Host.Arch.ABI)
		}
	}
}

// refuseAction reports what is wrong with an action and the errno that is given with it.
func (f *Filter) refuseAction(add refuse, name seccomp.String, errno uint64, given bool) bool {
	action, ok := seccomp.LookupAction(name.Text)
	if !ok {
		add(name, "%s does not know the action %q", f.Target.Runtime, name.Text)
		return true
	}
	if f.refuseSupport(add, name, "action", action.Support) {
		return true
	}
	switch {
	case f.Target.Runtime == "crun" && given && !action.Errno:
		add(name, "crun accepts no errno with %s", name.Text)
	case f.Target.Runtime == "crun" && given && errno > math.MaxUint32:
		add(name, "crun accepts no errno of more than 32 bits")
	default:
		return false
	}
	return true
}

// givenAction is all that refuseAction looks at in a rule.
type givenAction struct {
	action string
	errno  uint64
	given  bool
}

// refuseRule reports what the runtime refuses about a rule by itself. Accepted are the actions that it was found to
// take in other rules.
func (f *Filter) refuseRule(
	add refuse, place int, rule *seccomp.Rule, o Outcome, accepted map[givenAction]bool,
) {
	crun := f.Target.Runtime == "crun"
	errno, given := f.errno(rule.ErrnoRet, rule.Errno)
	if key := (givenAction{rule.Action.Text, errno, given}); !accepted[key] {
		if f.refuseAction(add, rule.Action, errno, given) {
			return
		}
		accepted[key] = true
	}
	names := []seccomp.String{}
	if f.live[place] != nil {
		names = f.live[place].Names
	}
	added := false // libseccomp is given a rule
	redundant := !crun && o == f.Default && f.Target.RuntimeVersion.Less(skipsRedundant)
	for _, name := range names {
		if s := f.index.names[name.Text].Syscall; redundant && s != nil && f.Target.Libseccomp.Knows(s) {
			add(name, "runc before %s refuses a rule that does what the default action does, as this one does for %q",
				skipsRedundant, name.Text)
			redundant = false
		}
		if name.Text == "" && !crun {
			add(name, "runc refuses an empty name of a syscall")
		}
		if name.Text == "write" && o.Action == "SCMP_ACT_NOTIFY" && !crun {
			add(name, "runc refuses SCMP_ACT_NOTIFY for write")
		}
		if !added && o != f.Default {
			s := f.index.names[name.Text].Syscall
			added = s != nil && f.Target.Libseccomp.Knows(s)
		}
	}
	if o.Action == "SCMP_ACT_NOTIFY" && !crun && f.Profile.ListenerPath.Text == "" && added {
		add(rule.Action, "runc refuses SCMP_ACT_NOTIFY without listenerPath")
	}
	if added && o.Action == "SCMP_ACT_ERRNO" && o.Errno > maxErrno {
		add(rule.Action, "libseccomp accepts no errno above %d, and the rule gives %d", maxErrno, o.Errno)
	}
	args := rule.Args
	if crun && len(args) > 6 && f.Target.RuntimeVersion.Less(crunReadsAllConds) {
		args = args[:6]
	}
	for _, a := range args {
		if !slices.Contains(seccomp.Operators(), a.Op.Text) && (added || !crun && len(names) > 0) {
			add(a.Op, "%s does not know the operator %q", f.Target.Runtime, a.Op.Text)
		}
		if a.Index.Value > 5 && added {
			add(seccomp.String{Text: strconv.FormatUint(a.Index.Value, 10), Span: a.Index.Span},
				"the arguments of a syscall have the indices 0 to 5, not %d", a.Index.Value)
		}
	}
}
