package seccomp

import (
	"slices"
	"strings"
	"sync"
)

// The tables of this file were made by searching every tag of libseccomp (to v2.6.1), runtime-spec (to v1.3.0), runc
// (to 1.5.1), crun (to 1.27) and libseccomp-golang for each name, and moby/profiles v0.2.4 and containers/common
// v0.67.0 for their own spellings, in November 2026.

// Support is since when the consumers know a name.
type Support struct {
	spec, libseccomp, runc, crun string // the first release; "0" for every release, "" for none
	debian                       string // as runc, for Debian's packages of it; "" where they are like upstream's
}

// Since returns the first release of a consumer that knows the name; the zero Version stands for every release that
// is in use. The consumers are "spec" (the OCI runtime specification), "libseccomp", "runc" and "crun". It reports
// false when no release of the consumer knows the name.
func (s Support) Since(consumer string) (Version, bool) {
	first := ""
	switch consumer {
	case "spec":
		first = s.spec
	case "libseccomp":
		first = s.libseccomp
	case "runc":
		first = s.runc
	case "crun":
		first = s.crun
	}
	return ParseVersion(first)
}

// SinceIn is Since for the release v and its like: where v is Debian's package of runc, it is about those packages.
func (s Support) SinceIn(consumer string, v Version) (Version, bool) {
	if consumer == "runc" && v.Debian && s.debian != "" {
		first, ok := ParseVersion(s.debian)
		first.Debian = true
		return first, ok
	}
	return s.Since(consumer)
}

// Architecture is one SCMP_ARCH_… name.
type Architecture struct {
	// Name is how profiles spell it: "SCMP_ARCH_X86_64".
	Name string
	// ABI is its system call table, for Syscall.On: "x86_64".
	ABI string
	// Native is the ABI of the kernel that runs it, on today's 64-bit machines: "x86_64" for SCMP_ARCH_X86.
	Native string
	// Bits is the width of its pointers, 32 or 64.
	Bits int
	// BigEndian says that it stores the high byte first. One filter takes architectures of one byte order only.
	BigEndian bool
	// GOARCH is what Go, and so an OCI platform such as linux/amd64, calls it; "" where Go has no such port.
	GOARCH string
	// Docker is how includes.arches and excludes.arches name it as a host for Docker; "" where it is not a host.
	Docker string
	// Containers is how containers/common (Podman, CRI-O) does.
	Containers string
	// Support is who knows it since when.
	Support Support
}

var architectures = sync.OnceValue(func() []*Architecture {
	old := Support{"0", "1.0.1", "0", "0", ""}
	since := func(libseccomp string) Support { return Support{"0", libseccomp, "0", "0", ""} }
	return []*Architecture{
		{"SCMP_ARCH_X86", "x86", "x86_64", 32, false, "386", "x86", "x86", old},
		{"SCMP_ARCH_X86_64", "x86_64", "x86_64", 64, false, "amd64", "amd64", "amd64", old},
		{"SCMP_ARCH_X32", "x32", "x86_64", 32, false, "", "", "x32", since("2.1.0")},
		{"SCMP_ARCH_ARM", "arm", "aarch64", 32, false, "arm", "arm", "arm", since("2.1.0")},
		{"SCMP_ARCH_AARCH64", "aarch64", "aarch64", 64, false, "arm64", "arm64", "arm64", since("2.2.0")},
		{
			"SCMP_ARCH_LOONGARCH64", "loongarch64", "loongarch64", 64, false, "loong64", "loongarch64", "loong64",
			// Debian builds runc with its own libseccomp-golang: 1.1.5+ds1-1+deb12u1 refused it, 1.1.15+ds1-2 and
			// 1.3.6+ds1-1 took it, all with libseccomp 2.6. Those between were not run, and are not said to refuse it.
			Support{"1.2.1", "2.6.0", "1.4.1", "0", "1.1.6"},
		},
		{"SCMP_ARCH_M68K", "m68k", "m68k", 32, true, "", "", "", Support{"1.2.1", "2.6.0", "", "0", ""}},
		{"SCMP_ARCH_MIPS", "mips", "mips64", 32, true, "mips", "", "mips", since("2.2.0")},
		{"SCMP_ARCH_MIPSEL", "mips", "mips64", 32, false, "mipsle", "mipsel", "mipsel", since("2.2.0")},
		{"SCMP_ARCH_MIPS64", "mips64", "mips64", 64, true, "mips64", "mips64", "mips64", since("2.2.0")},
		{"SCMP_ARCH_MIPSEL64", "mips64", "mips64", 64, false, "mips64le", "mipsel64", "mipsel64", since("2.2.0")},
		{"SCMP_ARCH_MIPS64N32", "mips64n32", "mips64", 32, true, "", "mips64n32", "mips64n32", since("2.2.0")},
		{"SCMP_ARCH_MIPSEL64N32", "mips64n32", "mips64", 32, false, "", "mips3l64n32", "mipsel64n32", since("2.2.0")},
		{"SCMP_ARCH_PARISC", "parisc", "parisc64", 32, true, "", "", "parisc", Support{"0", "2.4.0", "", "0", ""}},
		{
			"SCMP_ARCH_PARISC64", "parisc64", "parisc64", 64, true, "", "", "parisc64",
			Support{"0", "2.4.0", "", "0", ""},
		},
		{"SCMP_ARCH_PPC", "ppc", "ppc64", 32, true, "", "ppc", "ppc", since("2.3.0")},
		{"SCMP_ARCH_PPC64", "ppc64", "ppc64", 64, true, "ppc64", "ppc64", "ppc64", since("2.3.0")},
		{"SCMP_ARCH_PPC64LE", "ppc64", "ppc64", 64, false, "ppc64le", "ppc64le", "ppc64le", since("2.3.0")},
		{
			"SCMP_ARCH_RISCV64", "riscv64", "riscv64", 64, false, "riscv64", "riscv64", "riscv64",
			Support{"1.1.0", "2.5.0", "1.1.8", "0", ""},
		},
		{"SCMP_ARCH_S390", "s390", "s390x", 32, true, "", "s390", "s390", since("2.3.0")},
		{"SCMP_ARCH_S390X", "s390x", "s390x", 64, true, "s390x", "s390x", "s390x", since("2.3.0")},
		{"SCMP_ARCH_SH", "sh", "sh", 32, false, "", "", "", Support{"1.2.1", "2.6.0", "", "0", ""}},
		{"SCMP_ARCH_SHEB", "sh", "sh", 32, true, "", "", "", Support{"1.2.1", "2.6.0", "", "0", ""}},
	}
})

// Architectures returns all architectures, in libseccomp's order. The caller must not change them. SCMP_ARCH_NATIVE
// is not one: runc and crun refuse it.
func Architectures() []*Architecture { return architectures() }

// LookupArchitecture returns the architecture that a profile calls name.
func LookupArchitecture(name string) (*Architecture, bool) {
	for _, a := range architectures() {
		if a.Name == name {
			return a, true
		}
	}
	return nil, false
}

// NearestArchitecture returns the SCMP_ARCH_… name that was most likely meant by an unknown name, or "". It knows how
// other programs name architectures: amd64, arm64, i386, linux/ppc64le, armv7l.
func NearestArchitecture(name string) string {
	bare := stem(strings.TrimPrefix(strings.ToLower(name), "linux/"), "SCMP_ARCH_", "SCMP_", "SECCOMP_ARCH_",
		"AUDIT_ARCH_", "ARCH_")
	var names []string
	for _, a := range architectures() {
		known := strings.TrimPrefix(a.Name, "SCMP_ARCH_")
		if bare != "" && (known == bare || strings.ToUpper(a.GOARCH) == bare) {
			return a.Name
		}
		names = append(names, known)
	}
	if known := alias(architectureAliases[:], bare); known != "" {
		return "SCMP_ARCH_" + known
	}
	if near := nearest(bare, names); near != "" {
		return "SCMP_ARCH_" + near
	}
	return ""
}

// architectureAliases are names that uname(1), Debian, GCC and others use, in upper case.
var architectureAliases = [...][2]string{
	{"X64", "X86_64"}, {"X86_32", "X86"}, {"I386", "X86"}, {"I486", "X86"}, {"I586", "X86"}, {"I686", "X86"},
	{"IA32", "X86"}, {"EM64T", "X86_64"}, {"AMD64P32", "X32"}, {"X86_X32", "X32"},
	{"ARMEL", "ARM"}, {"ARMHF", "ARM"}, {"ARMV6", "ARM"}, {"ARMV6L", "ARM"}, {"ARMV7", "ARM"}, {"ARMV7L", "ARM"},
	{"ARM32", "ARM"}, {"ARM/V6", "ARM"}, {"ARM/V7", "ARM"},
	{"ARMV8", "AARCH64"}, {"ARM64/V8", "AARCH64"}, {"ARM64V8", "AARCH64"}, {"ARM64E", "AARCH64"},
	{"LOONG64", "LOONGARCH64"}, {"LOONGSON", "LOONGARCH64"}, {"RISCV", "RISCV64"}, {"POWERPC", "PPC"},
	{"POWERPC64", "PPC64"}, {"POWERPC64LE", "PPC64LE"}, {"PPC64EL", "PPC64LE"},
	{"MIPSLE", "MIPSEL"}, {"MIPS64EL", "MIPSEL64"}, {"MIPS64LE", "MIPSEL64"}, {"MIPS64LEN32", "MIPSEL64N32"},
	{"MIPS64ELN32", "MIPSEL64N32"}, {"HPPA", "PARISC"}, {"HPPA64", "PARISC64"}, {"SH4", "SH"}, {"SYSTEMZ", "S390X"},
}

// ArchitectureOf returns the architecture that Go, and an OCI platform, call goarch.
func ArchitectureOf(goarch string) (*Architecture, bool) {
	for _, a := range architectures() {
		if goarch != "" && a.GOARCH == goarch {
			return a, true
		}
	}
	return nil, false
}

// Hosts returns the architectures of the machines that a profile is made for: those of archMap, those that the listed
// architectures are native on, or else x86_64 and aarch64.
func (p *Profile) Hosts() []*Architecture {
	var hosts []*Architecture
	add := func(a *Architecture, ok bool) {
		if ok && !slices.Contains(hosts, a) {
			hosts = append(hosts, a)
		}
	}
	for _, m := range p.ArchMap {
		add(LookupArchitecture(m.Architecture.Text))
	}
	if len(p.ArchMap) == 0 {
		for _, name := range p.Architectures {
			if a, ok := LookupArchitecture(name.Text); ok {
				add(a.host(), true)
			}
		}
	}
	if len(hosts) == 0 {
		add(LookupArchitecture("SCMP_ARCH_X86_64"))
		add(LookupArchitecture("SCMP_ARCH_AARCH64"))
	}
	return hosts
}

// host returns the architecture of the kernel that runs programs of a, of the same byte order.
func (a *Architecture) host() *Architecture {
	for _, h := range architectures() {
		if h.ABI == a.Native && h.BigEndian == a.BigEndian {
			return h
		}
	}
	return a
}

// Action is one SCMP_ACT_… name.
type Action struct {
	Name string
	// Errno says that errnoRet has a meaning with it.
	Errno bool
	// Runs says that the kernel carries the call out: ALLOW and LOG. All others refuse it, kill, or leave the
	// decision to another program.
	Runs    bool
	Support Support
}

var actions = sync.OnceValue(func() []*Action {
	old := Support{"0", "1.0.1", "0", "0", ""}
	return []*Action{
		{"SCMP_ACT_ALLOW", false, true, old},
		{"SCMP_ACT_ERRNO", true, false, old},
		{"SCMP_ACT_KILL", false, false, old},
		{"SCMP_ACT_KILL_PROCESS", false, false, Support{"1.1.0", "2.4.0", "1.1.3", "0.14", ""}},
		{"SCMP_ACT_KILL_THREAD", false, false, Support{"1.1.0", "2.4.0", "1.1.3", "0.15", ""}},
		{"SCMP_ACT_LOG", false, true, Support{"1.0.2", "2.4.0", "0", "0.15", ""}},
		{"SCMP_ACT_NOTIFY", false, false, Support{"1.1.0", "2.5.0", "1.1.0", "0.15", ""}},
		{"SCMP_ACT_TRACE", true, false, old},
		{"SCMP_ACT_TRAP", false, false, old},
	}
})

// Actions returns all actions, sorted by name. The caller must not change them.
func Actions() []*Action { return actions() }

// LookupAction returns the action that a profile calls name. Names are compared literally, as runc and crun do.
func LookupAction(name string) (*Action, bool) {
	for _, a := range actions() {
		if a.Name == name {
			return a, true
		}
	}
	return nil, false
}

// NearestAction returns the SCMP_ACT_… name that was most likely meant by an unknown name, or "".
func NearestAction(name string) string {
	bare := stem(name, "SCMP_ACT_", "SECCOMP_RET_", "SECCOMP_ACT_", "SCMP_ACTION_", "SCMP_", "ACT_", "ACTION_")
	var names []string
	for _, a := range actions() {
		known := strings.TrimPrefix(a.Name, "SCMP_ACT_")
		if known == bare {
			return a.Name
		}
		names = append(names, known)
	}
	if known := alias(actionAliases[:], bare); known != "" {
		return "SCMP_ACT_" + known
	}
	if near := nearest(bare, names); near != "" {
		return "SCMP_ACT_" + near
	}
	return ""
}

// actionAliases are words that have one counterpart among the actions.
var actionAliases = [...][2]string{
	{"DENY", "ERRNO"}, {"BLOCK", "ERRNO"}, {"REJECT", "ERRNO"}, {"FORBID", "ERRNO"}, {"ERROR", "ERRNO"},
	{"EPERM", "ERRNO"},
	{"PERMIT", "ALLOW"}, {"ACCEPT", "ALLOW"}, {"PASS", "ALLOW"}, {"USER_NOTIF", "NOTIFY"}, {"USERNOTIF", "NOTIFY"},
	{"KILLPROCESS", "KILL_PROCESS"}, {"KILLTHREAD", "KILL_THREAD"}, {"AUDIT", "LOG"},
}

// Operators returns the SCMP_CMP_… names, in libseccomp's order.
func Operators() []string {
	return []string{
		"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ",
	}
}

// NearestOperator returns the SCMP_CMP_… name that was most likely meant by an unknown name ("EQ", "==",
// "SCMP_CMP_EQUAL"), or "".
func NearestOperator(name string) string {
	bare := stem(name, "SCMP_CMP_", "SCMP_", "CMP_", "OP_")
	if known := alias(operatorAliases[:], bare); known != "" {
		bare = known
	}
	if full := "SCMP_CMP_" + bare; slices.Contains(Operators(), full) {
		return full
	}
	var names []string
	for _, known := range Operators() {
		known = strings.TrimPrefix(known, "SCMP_CMP_")
		if len(bare) == 2 && known == bare[1:]+bare[:1] { // two letters are too short for nearest
			return "SCMP_CMP_" + known
		}
		names = append(names, known)
	}
	if near := nearest(bare, names); near != "" {
		return "SCMP_CMP_" + near
	}
	return ""
}

var operatorAliases = [...][2]string{
	{"!=", "NE"}, {"<>", "NE"}, {"NEQ", "NE"}, {"NOT_EQUAL", "NE"}, {"NOTEQUAL", "NE"}, {"<", "LT"}, {"LESS", "LT"},
	{"LESS_THAN", "LT"}, {"<=", "LE"}, {"LTE", "LE"}, {"LEQ", "LE"}, {"LESS_EQUAL", "LE"},
	{"=", "EQ"}, {"==", "EQ"}, {"EQUAL", "EQ"}, {"EQUALS", "EQ"}, {"EQUAL_TO", "EQ"}, {">=", "GE"}, {"GTE", "GE"},
	{"GEQ", "GE"}, {"GREATER_EQUAL", "GE"}, {">", "GT"}, {"GREATER", "GT"}, {"GREATER_THAN", "GT"},
	{"MASKED", "MASKED_EQ"}, {"MASKEQ", "MASKED_EQ"}, {"MASKEDEQ", "MASKED_EQ"}, {"MASK_EQ", "MASKED_EQ"},
	{"MASKED_EQUAL", "MASKED_EQ"}, {"&", "MASKED_EQ"}, {"&=", "MASKED_EQ"},
}

// Flag is one SECCOMP_FILTER_FLAG_… name.
type Flag struct {
	Name    string
	Support Support
}

var flags = sync.OnceValue(func() []*Flag {
	return []*Flag{
		{"SECCOMP_FILTER_FLAG_LOG", Support{"1.0.2", "2.4.0", "1.2.0", "0.9", ""}},
		{"SECCOMP_FILTER_FLAG_SPEC_ALLOW", Support{"1.0.2", "2.5.0", "1.2.0", "0.9", ""}},
		{"SECCOMP_FILTER_FLAG_TSYNC", Support{"1.0.2", "2.2.0", "1.2.0", "0.9", ""}},
		{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", Support{"1.1.0", "2.6.0", "1.5.0", "1.6", ""}},
	}
})

// Flags returns all filter flags, sorted by name. The caller must not change them. runc before 1.2.0 refuses every
// profile with a flag.
func Flags() []*Flag { return flags() }

// LookupFlag returns the flag that a profile calls name.
func LookupFlag(name string) (*Flag, bool) {
	for _, f := range flags() {
		if f.Name == name {
			return f, true
		}
	}
	return nil, false
}

// NearestFlag returns the SECCOMP_FILTER_FLAG_… name that was most likely meant by an unknown name, or "".
func NearestFlag(name string) string {
	bare := stem(name, "SECCOMP_FILTER_FLAG_", "SECCOMP_FLAG_", "SCMP_FILTER_FLAG_", "SCMP_FLTATR_CTL_", "SCMP_FLAG_",
		"FILTER_FLAG_", "FLAG_")
	var names []string
	for _, f := range flags() {
		names = append(names, strings.TrimPrefix(f.Name, "SECCOMP_FILTER_FLAG_"))
	}
	if slices.Contains(names, bare) {
		return "SECCOMP_FILTER_FLAG_" + bare
	}
	if near := nearest(bare, names); near != "" {
		return "SECCOMP_FILTER_FLAG_" + near
	}
	return ""
}

// Capabilities returns the names of the Linux capabilities, sorted, to CAP_CHECKPOINT_RESTORE of Linux 5.9, the
// newest as of 7.1 (include/uapi/linux/capability.h). Docker and Podman compare the names in includes.caps and
// excludes.caps literally.
func Capabilities() []string {
	return []string{
		"CAP_AUDIT_CONTROL", "CAP_AUDIT_READ", "CAP_AUDIT_WRITE", "CAP_BLOCK_SUSPEND", "CAP_BPF",
		"CAP_CHECKPOINT_RESTORE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH",
		"CAP_FOWNER", "CAP_FSETID", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_KILL", "CAP_LEASE", "CAP_LINUX_IMMUTABLE",
		"CAP_MAC_ADMIN", "CAP_MAC_OVERRIDE", "CAP_MKNOD", "CAP_NET_ADMIN",
		"CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_RAW", "CAP_PERFMON", "CAP_SETFCAP", "CAP_SETGID",
		"CAP_SETPCAP", "CAP_SETUID", "CAP_SYSLOG", "CAP_SYS_ADMIN", "CAP_SYS_BOOT",
		"CAP_SYS_CHROOT", "CAP_SYS_MODULE", "CAP_SYS_NICE", "CAP_SYS_PACCT", "CAP_SYS_PTRACE", "CAP_SYS_RAWIO",
		"CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_WAKE_ALARM",
	}
}

// NearestCapability returns the CAP_… name that was most likely meant by an unknown name ("SYS_ADMIN",
// "cap_sys_admin"), or "".
func NearestCapability(name string) string {
	bare := stem(name, "CAP_", "CAPABILITY_")
	var names []string
	for _, c := range Capabilities() {
		if c == "CAP_"+bare {
			return c
		}
		names = append(names, strings.TrimPrefix(c, "CAP_"))
	}
	if near := nearest(bare, names); near != "" {
		return "CAP_" + near
	}
	return ""
}

func alias(pairs [][2]string, name string) string {
	for _, p := range pairs {
		if p[0] == name {
			return p[1]
		}
	}
	return ""
}
