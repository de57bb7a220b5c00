package decide

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/seccomptest"
	"github.com/sandlint/sandlint/parsers/source"
)

// recordedTarget returns the target of a runtime's record. The runtime was given the profile as linux.seccomp of a
// config.json, on x86_64.
func recordedTarget(t testing.TB, r seccomptest.Record) Target {
	t.Helper()
	version, lib, ok := strings.Cut(r.Version, "+libseccomp-")
	if !ok {
		t.Fatalf("version %q of %s", r.Version, r.Consumer)
	}
	if lib == "2.5.4" {
		lib = "debian12"
	}
	return targetFor(LoaderOCI, r.Consumer, version, lib, "X86_64")
}

// recordedProbe is a system call that the recorded probe makes.
type recordedProbe struct {
	arch, syscall string
	number        int // of a call that has no name
	args          [6]uint64
	// kernel reports whether the kernel that the records are from may answer so where the filter lets the call run;
	// nil where it always denied it.
	kernel func(int64) bool
}

func answers(possible ...int64) func(int64) bool {
	return func(got int64) bool { return slices.Contains(possible, got) }
}

// descriptor is the answer of a call that opens something, or gives back an old personality.
func descriptor(got int64) bool { return got >= 0 }

// recordedProbes are the probe's calls by the label that it prints.
var recordedProbes = map[string]recordedProbe{
	"getpid": {"X86_64", "getpid", 0, [6]uint64{}, answers(1)},
	"chmod":  {"X86_64", "chmod", 0, [6]uint64{}, answers(-14)},
	"pers":   {"X86_64", "personality", 0, [6]uint64{}, answers(0)},

	"p0":    {"X86_64", "personality", 0, [6]uint64{0}, descriptor},
	"p1":    {"X86_64", "personality", 0, [6]uint64{1}, descriptor},
	"p3":    {"X86_64", "personality", 0, [6]uint64{3}, descriptor},
	"p4":    {"X86_64", "personality", 0, [6]uint64{4}, descriptor},
	"p5":    {"X86_64", "personality", 0, [6]uint64{5}, descriptor},
	"p9":    {"X86_64", "personality", 0, [6]uint64{9}, descriptor},
	"pr":    {"X86_64", "personality", 0, [6]uint64{0xffffffff}, descriptor},
	"pffff": {"X86_64", "personality", 0, [6]uint64{0xffffffffffffffff}, descriptor},

	"unix":             {"X86_64", "socket", 0, [6]uint64{1, 1}, descriptor},
	"unix_stream":      {"X86_64", "socket", 0, [6]uint64{1, 1}, descriptor},
	"unix_dgram":       {"X86_64", "socket", 0, [6]uint64{1, 2}, descriptor},
	"inet_stream":      {"X86_64", "socket", 0, [6]uint64{2, 1}, descriptor},
	"inet_dgram":       {"X86_64", "socket", 0, [6]uint64{2, 2}, descriptor},
	"vsock":            {"X86_64", "socket", 0, [6]uint64{40, 1}, descriptor},
	"vsock_hi":         {"X86_64", "socket", 0, [6]uint64{1<<32 | 40, 1}, descriptor},
	"alg":              {"X86_64", "socket", 0, [6]uint64{38, 5}, answers(-97)},
	"alg_hi":           {"X86_64", "socket", 0, [6]uint64{1<<32 | 38, 5}, answers(-97)},
	"netlink_audit":    {"X86_64", "socket", 0, [6]uint64{16, 3, 9}, descriptor},
	"netlink_audit_hi": {"X86_64", "socket", 0, [6]uint64{16, 3, 1<<32 | 9}, descriptor},
	"d1t1":             {"X86_64", "socket", 0, [6]uint64{1, 1}, descriptor},
	"d1t2":             {"X86_64", "socket", 0, [6]uint64{1, 2}, descriptor},
	"d3":               {"X86_64", "socket", 0, [6]uint64{3, 2}, answers(-97)},
	"d5":               {"X86_64", "socket", 0, [6]uint64{5, 2}, answers(-97)},
	"d8t1":             {"X86_64", "socket", 0, [6]uint64{8, 1}, answers(-97)},
	"d16t3":            {"X86_64", "socket", 0, [6]uint64{16, 3}, descriptor},

	"fchmodat2":       {"X86_64", "fchmodat2", 0, [6]uint64{}, nil},
	"cachestat":       {"X86_64", "cachestat", 0, [6]uint64{}, nil},
	"mseal":           {"X86_64", "mseal", 0, [6]uint64{}, answers(0)},
	"statmount":       {"X86_64", "statmount", 0, [6]uint64{}, answers(-14)},
	"listns":          {"X86_64", "listns", 0, [6]uint64{}, nil},
	"setns":           {"X86_64", "setns", 0, [6]uint64{0xffffffff}, answers(-9)},
	"clone3":          {"X86_64", "clone3", 0, [6]uint64{}, answers(-22)},
	"unshare_user":    {"X86_64", "unshare", 0, [6]uint64{0x10000000}, answers(0)},
	"mount":           {"X86_64", "mount", 0, [6]uint64{}, answers(-14)},
	"bpf":             {"X86_64", "bpf", 0, [6]uint64{}, answers(-22)},
	"keyctl":          {"X86_64", "keyctl", 0, [6]uint64{}, answers(-95)},
	"io_uring":        {"X86_64", "io_uring_setup", 0, [6]uint64{}, nil},
	"openat2":         {"X86_64", "openat2", 0, [6]uint64{}, answers(-22)},
	"kexec_load":      {"X86_64", "kexec_load", 0, [6]uint64{}, answers(-1)},
	"userfaultfd":     {"X86_64", "userfaultfd", 0, [6]uint64{}, nil},
	"init_module":     {"X86_64", "init_module", 0, [6]uint64{}, answers(-38)},
	"perf_event_open": {"X86_64", "perf_event_open", 0, [6]uint64{}, answers(-14)},
	"iopl":            {"X86_64", "iopl", 0, [6]uint64{}, answers(-38)},
	"ptrace":          {"X86_64", "ptrace", 0, [6]uint64{}, answers(-3)},
	"reboot":          {"X86_64", "reboot", 0, [6]uint64{}, answers(-1)},
	"nr600":           {"X86_64", "", 600, [6]uint64{}, nil},

	"i386.getpid": {"X86", "getpid", 0, [6]uint64{}, answers(1)},
	"i386.chmod":  {"X86", "chmod", 0, [6]uint64{}, nil},
	// These go through socketcall(2), whose second argument points to those of socket(2).
	"i386.unix":  {"X86", "socketcall", 0, [6]uint64{1, 0xffffd000}, descriptor},
	"i386.vsock": {"X86", "socketcall", 0, [6]uint64{1, 0xffffd000}, descriptor},
	"i386.alg":   {"X86", "socketcall", 0, [6]uint64{1, 0xffffd000}, answers(-97)},

	"x32getpid": {"X32", "getpid", 0, [6]uint64{}, answers(-38)}, // the kernel has no x32
	"x32chmod":  {"X32", "chmod", 0, [6]uint64{}, nil},
}

// outcomes are what the filter may do with the call.
func (p recordedProbe) outcomes(f *Filter) []Outcome {
	arch, _ := seccomp.LookupArchitecture("SCMP_ARCH_" + p.arch)
	if p.syscall != "" {
		d := f.Decide(arch, p.syscall)
		return d.Possible(p.args)
	}
	border, ok := f.Border(arch)
	switch {
	case ok && p.number > border:
		return []Outcome{{"SCMP_ACT_ERRNO", 38}}
	case !f.Covers(arch):
		return []Outcome{{Action: "SCMP_ACT_KILL_THREAD"}}
	}
	return []Outcome{f.Default}
}

// agrees reports whether one of the outcomes explains what a call returned.
func agrees(outcomes []Outcome, got int64, kernel func(int64) bool) bool {
	return slices.ContainsFunc(outcomes, func(o Outcome) bool {
		switch {
		case o.Runs():
			return kernel != nil && kernel(got)
		case o.Action == "SCMP_ACT_ERRNO":
			return got == -int64(o.Errno)
		case o.Action == "SCMP_ACT_TRACE", o.Action == "SCMP_ACT_NOTIFY": // without a tracer and a listener
			return got == -38
		}
		return false
	})
}

func kills(o Outcome) bool {
	return strings.HasPrefix(o.Action, "SCMP_ACT_KILL") || o.Action == "SCMP_ACT_TRAP"
}

// killedBy is the call that ended the probe in the cases where that is not chmod, the second call of most of them.
var killedBy = map[string]string{
	"arch-x32-call-without-x32":           "x32getpid",
	"archmap-only":                        "i386.getpid",
	"docker-default-under-containerd-cri": "i386.getpid",
}

// glibcFunctions are the functions of glibc 2.36 that a second probe calls, and the system calls that they make: the
// next one where one answers ENOSYS.
var glibcFunctions = map[string][]string{
	"pthread_create":    {"clone3", "clone"},
	"posix_spawn":       {"clone3", "clone"},
	"faccessat_eaccess": {"faccessat2", "faccessat"},
	"stat":              {"newfstatat"},
	"statx":             {"statx", "newfstatat"},
	"clock_gettime":     {"clock_gettime"},
	"nanosleep":         {"clock_nanosleep"},
}

// glibcAnswer is what the second probe prints about a function.
func glibcAnswer(f *Filter, function string) string {
	arch, _ := seccomp.LookupArchitecture("SCMP_ARCH_X86_64")
	answer := ""
	for _, syscall := range glibcFunctions[function] {
		d := f.Decide(arch, syscall)
		switch o := d.Eval([6]uint64{}); {
		case o[0].Runs():
			return "0(ok)"
		case o[0].Errno == 38:
			answer = "ENOSYS"
			continue
		case strings.HasPrefix(function, "p"): // returns the errno
			return fmt.Sprintf("%d(Operation not permitted)", o[0].Errno)
		default:
			return "-1(Operation not permitted)"
		}
	}
	return answer
}

// recordedMisses are the answers that the engine does not foretell, by case, runtime (the start of its name and
// version) and label, with the reason.
var recordedMisses = []struct{ id, runtime, labels, reason string }{
	{
		"arg-value-negative", "crun", "p0",
		"crun reads -1 as 2^64-1; Parse reports it, and no consumer that hands a profile to crun accepts it",
	},
	{
		"dup-key-syscalls", "runc", "pers",
		"the second array of syscalls keeps errnoRet from the first, which encoding/json wrote into the same elements",
	},
}

// asCrunReads returns the profile without the members that crun does not read but Go's encoding/json does: those
// whose name is in another case, and of a repeated member all but the first.
func asCrunReads(p *seccomp.Profile) *seccomp.Profile {
	text := slices.Clone(p.Source.Bytes)
	for _, fields := range [][]seccomp.Field{p.MiscasedFields, p.DuplicateFields} {
		for _, f := range fields {
			copy(text[f.Name.Span.Start:], `"-"`) // a name that no reader knows
			for i := f.Name.Span.Start + 3; i < f.Name.Span.End; i++ {
				text[i] = ' '
			}
		}
	}
	return seccomp.Parse(source.NewFile(p.Source.Path, text))
}

// What the recorded probes got from runc and crun is what the engine says, or one of what it says is possible.
func TestDecideAgreesWithRuntimes(t *testing.T) {
	checks, misses, several := 0, 0, 0
	expected := map[string]bool{}
	for _, r := range seccomptest.Records(t) {
		if r.Outcome != "ran" && r.Outcome != "killed" || r.Consumer != "runc" && r.Consumer != "crun" {
			continue
		}
		p := seccomp.Parse(source.NewFile("p.json", []byte(r.Profile)))
		if r.Consumer == "crun" {
			p = asCrunReads(p)
		}
		f := Compile(p, recordedTarget(t, r))
		explained := func(label string) bool {
			for i, m := range recordedMisses {
				if m.id == r.ID && strings.HasPrefix(r.Consumer+" "+r.Version, m.runtime) &&
					slices.Contains(strings.Fields(m.labels), label) {
					expected[fmt.Sprint(i, label)] = true
					return true
				}
			}
			return false
		}
		check := func(label, got string, ok bool, predicted any) {
			checks++
			if outcomes, is := predicted.([]Outcome); is && len(outcomes) > 1 {
				several++
			}
			if !ok {
				misses++
				if !explained(label) {
					t.Errorf("case %q, %s %s: %s gave %s, the engine says %v", r.ID, r.Consumer, r.Version, label, got,
						predicted)
				}
			}
		}
		for _, line := range strings.Fields(strings.ReplaceAll(r.Stdout, "Operation not permitted", "EPERM")) {
			if function, got, ok := strings.Cut(line, "="); ok {
				// Which manages without close_range.
				if got = strings.ReplaceAll(got, "EPERM", "Operation not permitted"); function != "closefrom" {
					want := glibcAnswer(f, function)
					check(function, got, got == want, want)
				}
				continue
			}
			label, answer, _ := strings.Cut(line, ":")
			got, err := strconv.ParseInt(answer, 10, 64)
			p, known := recordedProbes[label]
			if err != nil || !known {
				t.Fatalf("case %q: %q is no probe", r.ID, line)
			}
			outcomes := p.outcomes(f)
			check(label, answer, agrees(outcomes, got, p.kernel), outcomes)
		}
		switch {
		case r.Outcome == "killed":
			label := killedBy[r.ID]
			if label == "" {
				label = "chmod"
			}
			outcomes := recordedProbes[label].outcomes(f)
			check(label, "killed", slices.ContainsFunc(outcomes, kills), outcomes)
		case r.Group == "denylist": // BusyBox's chmod
			outcomes := recordedProbes["chmod"].outcomes(f)
			check("chmod", r.Stderr,
				agrees(outcomes, -1, nil) && strings.HasSuffix(r.Stderr, "Operation not permitted"), outcomes)
		}
	}
	t.Logf("%d of %d answers agree; %d of them are one of several that are possible", checks-misses, checks, several)
	if checks < 1200 || misses*100 > checks {
		t.Errorf("%d misses in %d answers, want at most one in a hundred of 1200 or more", misses, checks)
	}
	for i, m := range recordedMisses {
		for _, label := range strings.Fields(m.labels) {
			if !expected[fmt.Sprint(i, label)] {
				t.Errorf("case %q: %s is foretold now: take it off the list", m.id, label)
			}
		}
	}
}

// What the loaders handed on is what Resolve says, and what they refused has a Refusal or a Problem.
func TestResolveAgreesWithLoaders(t *testing.T) {
	loaders := map[string]Loader{"docker": LoaderDocker, "podman": LoaderContainers, "containerd": LoaderOCI}
	host := Host{Caps: DefaultCaps(LoaderDocker), Kernel: release(6, 18, 0)}
	host.Arch, _ = seccomp.LookupArchitecture("SCMP_ARCH_X86_64")
	// what puts a resolved profile into words, without the rules that name no syscall.
	words := func(r *Resolved) string {
		if r.Off {
			return "off"
		}
		var b strings.Builder
		fmt.Fprint(&b, r.Default)
		for _, a := range r.Architectures {
			fmt.Fprint(&b, " ", a.Text)
		}
		for _, rule := range r.Rules {
			fmt.Fprintf(&b, "\n%s", rule.Outcome)
			for _, name := range rule.Names {
				fmt.Fprintf(&b, " %q", name.Text)
			}
			for _, arg := range rule.Args {
				fmt.Fprintf(&b, " [%d %s %d %d]", arg.Index.Value, arg.Op.Text, arg.Value.Value, arg.ValueTwo.Value)
			}
		}
		return b.String()
	}
	resolved, refused := 0, 0
	for _, r := range seccomptest.Records(t) {
		loader, ok := loaders[r.Consumer]
		if !ok {
			continue
		}
		p := seccomp.Parse(source.NewFile("p.json", []byte(r.Profile)))
		got := Resolve(p, loader, host)
		if r.Outcome != "accepted" {
			refused++
			if len(got.Refused)+len(p.Problems) == 0 {
				t.Errorf("case %q: %s refuses it, Resolve does not", r.ID, r.Consumer)
			}
			continue
		}
		if len(got.Refused) > 0 {
			t.Errorf("case %q: %s accepts it, Resolve refuses it: %s", r.ID, r.Consumer, got.Refused[0].Reason)
		}
		resolved++
		handedOn := Resolve(seccomp.Parse(source.NewFile("p.json", []byte(r.Stdout))), LoaderOCI, host)
		if got, want := words(got), words(handedOn); got != want && r.ID != "dup-key-syscalls" { // see recordedMisses
			t.Errorf("case %q: %s made this of it:\n%s\nResolve says:\n%s", r.ID, r.Consumer, want, got)
		}
	}
	if resolved < 300 || refused < 50 {
		t.Errorf("%d cases were resolved and %d refused, want 300 and 50", resolved, refused)
	}
}

// The profiles that Docker's and Podman's loaders made of their defaults, and a runtime put in force, are what
// Resolve makes of the files.
func TestResolveDefaults(t *testing.T) {
	host := func(caps ...string) Host {
		a, _ := seccomp.LookupArchitecture("SCMP_ARCH_X86_64")
		return Host{Arch: a, Caps: caps, Kernel: release(6, 18, 0)}
	}
	recorded := map[string]string{}
	for _, r := range seccomptest.Records(t) {
		recorded[r.ID] = r.Profile
	}
	for _, tt := range []struct {
		file   string
		loader Loader
		caps   []string
		id     string
	}{
		{"docker-default.json", LoaderDocker, DefaultCaps(LoaderDocker), "default-dd"},
		{"docker-default.json", LoaderDocker, DefaultCaps(LoaderDocker), "docker-default-under-docker"},
		{"docker-default.json", LoaderOCI, DefaultCaps(LoaderOCI), "docker-default-under-containerd-cri"},
		{"podman-default.json", LoaderContainers, DefaultCaps(LoaderContainers), "default-pd"},
		{
			"podman-default.json", LoaderContainers, append(DefaultCaps(LoaderContainers), "CAP_AUDIT_WRITE"),
			"default-pda",
		},
	} {
		text, err := os.ReadFile("../testdata/" + tt.file)
		if err != nil {
			t.Fatal(err)
		}
		lib, _ := parseLibseccomp("2.6.1")
		got := Resolve(seccomp.Parse(source.NewFile(tt.file, text)), tt.loader, host(tt.caps...)).Compile("runc",
			release(1, 5, 1), lib)
		want := Resolve(seccomp.Parse(source.NewFile(tt.file, []byte(recorded[tt.id]))), LoaderOCI,
			host()).Compile("runc", release(1, 5, 1), lib)
		if len(got.Archs) != len(want.Archs) {
			t.Errorf("%s as %s: %d architectures, want %d", tt.file, tt.id, len(got.Archs), len(want.Archs))
		}
		for _, a := range seccomp.Architectures() {
			for _, syscall := range seccomp.Syscalls() {
				// Denied in v0.67.0, which was recorded, and allowed in the file.
				if strings.HasPrefix(tt.id, "default-pd") && strings.HasPrefix(syscall, "futex_") {
					continue
				}
				got, want := decisionInWords(got, a, syscall), decisionInWords(want, a, syscall)
				if got != want {
					t.Errorf("%s as %s, %s on %s: %s, want %s", tt.file, tt.id, syscall, a.Name, got, want)
				}
			}
		}
	}
}

func decisionInWords(f *Filter, a *seccomp.Architecture, syscall string) string {
	d := f.Decide(a, syscall)
	s := fmt.Sprint(d.Step, d.Outcome)
	for _, c := range d.Cases {
		s += fmt.Sprint(" ", c.Conds, c.Outcome)
	}
	return s
}
