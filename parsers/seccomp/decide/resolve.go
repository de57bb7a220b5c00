package decide

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

// Host is the machine and the container that a loader makes a filter for.
type Host struct {
	// Arch is the machine's own architecture.
	Arch *seccomp.Architecture
	// Caps are the names of the capabilities in the container's bounding set.
	Caps []string
	// Kernel is the release of Linux, of which loaders look at the first two numbers; the zero Version is one that
	// every minKernel allows.
	Kernel seccomp.Version
}

// DefaultCaps returns the bounding set that a loader gives a container which asks for nothing: that of Docker 29
// (which containerd shares) or of Podman 5.
func DefaultCaps(l Loader) []string {
	caps := []string{
		"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_SETFCAP",
		"CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
	}
	if l != LoaderContainers {
		caps = append(caps, "CAP_AUDIT_WRITE", "CAP_MKNOD", "CAP_NET_RAW")
	}
	return caps
}

// Outcome is what happens to a call: an action with its errno.
type Outcome struct {
	// Action is the name of the action. SCMP_ACT_KILL is SCMP_ACT_KILL_THREAD.
	Action string
	// Errno goes with SCMP_ACT_ERRNO and SCMP_ACT_TRACE, and is 0 otherwise. With ERRNO and 0 the call returns 0
	// without having been made.
	Errno uint16
}

// Runs reports whether the kernel carries the call out.
func (o Outcome) Runs() bool { return o.Action == "SCMP_ACT_ALLOW" || o.Action == "SCMP_ACT_LOG" }

// String returns the outcome in short: "ALLOW", "ERRNO ENOSYS", "KILL_THREAD".
func (o Outcome) String() string {
	s := strings.TrimPrefix(o.Action, "SCMP_ACT_")
	switch {
	case o.Action == "SCMP_ACT_ERRNO" && o.Errno == 0:
		s += " 0"
	case o.Action == "SCMP_ACT_ERRNO", o.Action == "SCMP_ACT_TRACE" && o.Errno != eperm:
		s += " " + seccomp.ErrnoName(o.Errno)
	}
	return s
}

// eperm is the errno of ERRNO and TRACE where a profile gives none.
const eperm = 1

const (
	eintr  = 4
	eacces = 13
	einval = 22
	enosys = 38
)

// outcome returns what an action and its errno stand for. libseccomp takes the lower 16 bits of an errno.
func outcome(action string, errno uint64) Outcome {
	switch action {
	case "SCMP_ACT_KILL":
		action = "SCMP_ACT_KILL_THREAD"
	case "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE":
		return Outcome{action, uint16(errno)}
	}
	return Outcome{Action: action}
}

// Resolved is what a loader hands to the runtime: a profile without the conditions that only the loader knows.
type Resolved struct {
	Profile *seccomp.Profile
	Loader  Loader
	Host    Host
	// Off says that the loader treats the file as no profile, so containers run without a filter.
	Off bool
	// Default is the action for calls that no rule decides about; its Action is "" where the file has none.
	Default Outcome
	// Architectures are the names as in the file, in order; the host's own may be missing, and is filtered
	// nevertheless.
	Architectures []seccomp.String
	// Rules are the rules that are left, in order.
	Rules []ResolvedRule
	// Left are the rules that the loader leaves out, with the reason.
	Left []LeftRule
	// Refused are the reasons for which the loader refuses the profile, in order of position; JSON and shape are
	// Profile.Problems.
	Refused []Refusal

	shared func() shared
}

// ResolvedRule is a rule as the runtime sees it.
type ResolvedRule struct {
	*seccomp.Rule
	// Names are the syscalls as the loader reads them.
	Names []seccomp.String
	// Outcome is what the rule does.
	Outcome Outcome
}

// LeftRule is a rule that a loader leaves out on a host.
type LeftRule struct {
	Rule *seccomp.Rule
	Why  Omission
}

// Omission is why a loader leaves a rule out; the zero Omission where it does not.
type Omission struct {
	// Field is the field that decides: "name" where the loader does not read it, "names" where it is empty, or one of
	// includes and excludes, such as "includes.caps".
	Field string
	// Value is the capability or the release of the kernel that the container has, for excludes, or lacks, for
	// includes; the loader's name of the host for arches.
	Value string
}

// Refusal is a reason for which a loader or a runtime refuses a profile.
type Refusal struct {
	// At is the part of the profile, a rule or a name; empty for the whole.
	At seccomp.String
	// Reason is one sentence.
	Reason string
}

// archMapHosts are the hosts for which containers/common looks into archMap.
var archMapHosts = []string{"amd64", "arm64", "mips64", "mips64n32", "mipsel64", "mipsel64n32", "s390x"}

// readAs returns the loader that gives the fields of a profile the meaning that they have for l. The default profile of
// an engine is made by that engine for each container and is not read from a file, and the form that it has here is
// Docker's, so its includes, excludes and archMap count for every loader.
func readAs(p *seccomp.Profile, l Loader) Loader {
	if p.Engine != "" {
		return LoaderDocker
	}
	return l
}

// Resolve returns what a loader makes of the profile on a host, as moby/profiles v0.2.4, containers/common v0.67.0
// and runtime-spec v1.3.0 do.
func Resolve(p *seccomp.Profile, l Loader, h Host) *Resolved {
	r := &Resolved{Profile: p, Loader: l, Host: h}
	l = readAs(p, l)
	r.shared = sync.OnceValue(func() shared { return shared{newIndex(p), r.live()} })
	if p.DefaultAction.Text == "" && len(p.Rules) == 0 {
		r.Off = true
		return r
	}
	r.Default = outcome(p.DefaultAction.Text, errnoOf(l, p.DefaultErrnoRet, p.DefaultErrno, r))
	r.Architectures = p.Architectures
	if l != LoaderOCI && len(p.ArchMap) > 0 {
		if len(p.Architectures) > 0 {
			r.refuse(seccomp.String{}, "both architectures and archMap are given")
		}
		r.Architectures = archMapFor(p, l, h)
	}
	name := hostName(l, h)
	for _, rule := range p.Rules {
		names := rule.Names
		switch {
		case l == LoaderOCI && rule.LegacyName:
			r.leave(rule, Omission{Field: "name"})
			continue
		case l != LoaderOCI && !rule.LegacyName && len(rule.Names) > 0 && rule.Name.Text != "":
			r.refuse(rule.Name, "both name and names are given")
		case len(names) == 0:
			r.leave(rule, Omission{Field: "names"})
			continue
		}
		if l != LoaderOCI {
			if why := r.filtered(rule, name); why != (Omission{}) {
				r.leave(rule, why)
				continue
			}
		}
		r.Rules = append(r.Rules,
			ResolvedRule{rule, names, outcome(rule.Action.Text, errnoOf(l, rule.ErrnoRet, rule.Errno, r))})
	}
	return r
}

func (r *Resolved) leave(rule *seccomp.Rule, why Omission) {
	r.Left = append(r.Left, LeftRule{rule, why})
}

func (r *Resolved) refuse(at seccomp.String, reason string) {
	r.Refused = append(r.Refused, Refusal{at, reason})
}

func errnoOf(l Loader, number seccomp.Number, word seccomp.String, r *Resolved) uint64 {
	if l == LoaderContainers && word.Text != "" {
		n, ok := seccomp.LookupErrno(word.Text)
		if !ok {
			r.refuse(word, strconv.Quote(word.Text)+" is not an errno")
		}
		return uint64(n)
	}
	if number.Known {
		return number.Value
	}
	return eperm
}

// hostName returns how a loader names the host in arches; "" for a host that it does not know.
func hostName(l Loader, h Host) string {
	switch {
	case h.Arch == nil:
		return ""
	case l == LoaderContainers:
		return h.Arch.Containers
	}
	return h.Arch.Docker
}

// archMapFor returns the architectures of the first archMap entry for the host.
func archMapFor(p *seccomp.Profile, l Loader, h Host) []seccomp.String {
	if h.Arch == nil || l == LoaderContainers && !slices.Contains(archMapHosts, h.Arch.Containers) {
		return nil
	}
	if l == LoaderDocker && h.Arch.ABI == "loongarch64" { // its two tables of hosts spell it differently
		return nil
	}
	for _, m := range p.ArchMap {
		if m.Architecture.Text == h.Arch.Name {
			return append([]seccomp.String{m.Architecture}, m.SubArchitectures...)
		}
	}
	return nil
}

// scopeOf returns why includes or excludes leave a rule out on the host.
func (r *Resolved) scopeOf(rule *seccomp.Rule) Omission {
	asked := Resolved{Profile: r.Profile, Loader: r.Loader, Host: r.Host}
	return asked.filtered(rule, hostName(readAs(r.Profile, r.Loader), r.Host))
}

// filtered returns why includes or excludes leave a rule out on the host, which the loader calls host. It adds a
// refusal for a minKernel that is not a release.
func (r *Resolved) filtered(rule *seccomp.Rule, host string) Omission {
	has := func(cap seccomp.String) bool { return slices.Contains(r.Host.Caps, cap.Text) }
	lacks := func(cap seccomp.String) bool { return !has(cap) }
	isHost := func(arch seccomp.String) bool { return arch.Text == host }
	in, ex := &rule.Includes, &rule.Excludes
	// An empty minKernel is release 0.0, which every kernel reaches.
	kernel := func(s seccomp.String) bool {
		return readAs(r.Profile, r.Loader) == LoaderDocker && !s.Span.IsEmpty()
	}
	for _, s := range []seccomp.String{in.MinKernel, ex.MinKernel} {
		if kernel(s) && s.Text != "" && !validMinKernel(s.Text) {
			r.refuse(s, strconv.Quote(s.Text)+" is not a kernel release such as 4.8")
		}
	}
	switch {
	case slices.ContainsFunc(ex.Arches, isHost):
		return Omission{"excludes.arches", host}
	case slices.ContainsFunc(ex.Caps, has):
		return Omission{"excludes.caps", ex.Caps[slices.IndexFunc(ex.Caps, has)].Text}
	case kernel(ex.MinKernel) && r.Host.reaches(ex.MinKernel.Text):
		return Omission{"excludes.minKernel", ex.MinKernel.Text}
	case len(in.Arches) > 0 && !slices.ContainsFunc(in.Arches, isHost):
		return Omission{"includes.arches", host}
	case slices.ContainsFunc(in.Caps, lacks):
		return Omission{"includes.caps", in.Caps[slices.IndexFunc(in.Caps, lacks)].Text}
	case kernel(in.MinKernel) && !r.Host.reaches(in.MinKernel.Text):
		return Omission{"includes.minKernel", in.MinKernel.Text}
	}
	return Omission{}
}

// reaches reports whether the host's kernel is at least a release given as "4.8".
func (h Host) reaches(minKernel string) bool {
	least, _ := seccomp.ParseVersion(minKernel)
	least.Patch = 0
	return h.Kernel.IsZero() || !h.Kernel.Less(least)
}

// validMinKernel reports whether Docker takes s as includes.minKernel: two numbers from 0 to 255, not both 0.
func validMinKernel(s string) bool {
	major, minor, ok := strings.Cut(s, ".")
	a, errA := strconv.ParseUint(major, 10, 8)
	b, errB := strconv.ParseUint(minor, 10, 8)
	return ok && errA == nil && errB == nil && a+b > 0
}
