package seccomp

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// zsyscalls.go holds what data/syscalls.json says.
func TestTableIsGenerated(t *testing.T) {
	raw, err := os.ReadFile("data/syscalls.json")
	if err != nil {
		t.Fatal(err)
	}
	var data struct {
		Arches   []string
		ScmpArch map[string]any `json:"scmp_arch"`
		Wrappers map[string][]string
		Multi    []string `json:"multiplexed_arches"`
		Releases []string
		Syscalls map[string]struct {
			Nr              map[string]int
			Libseccomp      string
			Last            string `json:"libseccomp_last"`
			Kernel, Removed string
			Socketcall, IPC int
			Args            [][3]string
		}
	}
	if err := json.Unmarshal(raw, &data); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(data.Arches, ABIs()); diff != "" {
		t.Errorf("ABIs (-data +table):\n%s", diff)
	}
	var releases []string
	for _, r := range Releases() {
		releases = append(releases, r.String())
	}
	if diff := cmp.Diff(data.Releases, releases); diff != "" {
		t.Errorf("releases (-data +table):\n%s", diff)
	}
	if len(data.Syscalls) != len(syscallTable) {
		t.Errorf("data has %d syscalls, the table %d: run go generate", len(data.Syscalls), len(syscallTable))
	}
	for name, want := range data.Syscalls {
		s, ok := LookupSyscall(name)
		if !ok {
			t.Errorf("%q is not in the table: run go generate", name)
			continue
		}
		if s.Name != name || s.Since.String() != want.Libseccomp || s.Kernel != want.Kernel ||
			s.Removed != want.Removed || s.SocketCall != want.Socketcall || s.IPC != want.IPC ||
			s.Last.IsZero() != (want.Last == "") || s.ArgsKnown != (want.Args != nil) ||
			len(s.Args) != len(want.Args) || len(s.ABIs()) != len(want.Nr) {
			t.Errorf("%q: table %+v, data %+v: run go generate", name, s, want)
			continue
		}
		for abi, n := range want.Nr {
			if got, ok := s.Number(abi); !ok || got != n {
				t.Errorf("%q on %s: table %d %v, data %d", name, abi, got, ok, n)
			}
		}
		classes := []string{"ptr", "i64", "i32", "i16"}
		for i, a := range want.Args {
			if got := s.Args[i]; got.Name != a[0] || got.Type != a[1] || classes[got.Class] != a[2] {
				t.Errorf("%q argument %d: table %v, data %v", name, i, got, a)
			}
		}
	}
	architectures := 0
	for abi, names := range data.ScmpArch {
		list, ok := names.([]any)
		if !ok {
			list = []any{names}
		}
		for _, name := range list {
			architectures++
			if a, ok := LookupArchitecture(name.(string)); !ok || a.ABI != abi {
				t.Errorf("architecture %v: want ABI %s", name, abi)
			}
		}
	}
	if architectures != len(Architectures()) {
		t.Errorf("data has %d architectures, the table %d", architectures, len(Architectures()))
	}
}

// The counts were taken from libseccomp's own tables, tag by tag.
func TestSyscallCounts(t *testing.T) {
	if !slices.IsSorted(Syscalls()) {
		t.Error("Syscalls is not sorted")
	}
	for version, want := range map[string]int{
		"2.5.0": 469, "2.5.2": 478, "2.5.4": 481, "2.5.5": 487, "2.5.6": 499, "2.6.0": 502, "2.6.1": 508,
	} {
		v, ok := ParseVersion(version)
		n := 0
		for i := range syscallTable {
			if syscallTable[i].KnownTo(v) {
				n++
			}
		}
		if !ok || n != want {
			t.Errorf("libseccomp %s knows %d names, want %d", version, n, want)
		}
	}
	for abi, want := range map[string]int{
		"x86": 461, "x86_64": 385, "x32": 374, "arm": 430, "aarch64": 327, "loongarch64": 323, "mips": 437,
		"ppc64": 424, "riscv64": 328, "s390x": 390,
	} {
		n := 0
		for _, name := range Syscalls() {
			if s, _ := LookupSyscall(name); s.On(abi) {
				n++
			}
		}
		if n != want {
			t.Errorf("%s has %d syscalls, want %d", abi, n, want)
		}
	}
}

func TestLookupSyscall(t *testing.T) {
	s, ok := LookupSyscall("fchmodat2")
	if !ok || s.KnownTo(numbered(2, 5, 4)) || !s.KnownTo(numbered(2, 5, 5)) || !s.KnownTo(NewestLibseccomp()) {
		t.Errorf("fchmodat2 is new in libseccomp 2.5.5: %+v", s)
	}
	if n, ok := s.Number("x86_64"); n != 452 || !ok {
		t.Errorf("fchmodat2 on x86_64 is %d %v, want 452", n, ok)
	}
	if s, _ := LookupSyscall("read"); !s.On("x86_64") || func() bool { n, _ := s.Number("x86_64"); return n != 0 }() {
		t.Error("read is number 0 on x86_64")
	}
	if s, _ := LookupSyscall("open"); s.On("aarch64") || s.On("no such ABI") || !s.On("x86_64") {
		t.Error("open is on x86_64 and not on aarch64")
	}
	if s, _ := LookupSyscall("cacheflush"); !s.On("arm") {
		t.Error("cacheflush has a number above 16 bits on arm")
	}
	if s, _ := LookupSyscall("socket"); !s.Multiplexed("x86") || s.Multiplexed("x86_64") || s.SocketCall != 1 ||
		s.Args[0].Class != Int32 {
		t.Errorf("socket goes through socketcall on x86 only: %+v", s)
	}
	if s, ok := LookupSyscall("oldwait4"); !ok || s.KnownTo(numbered(2, 5, 0)) || !s.KnownTo(numbered(2, 4, 4)) ||
		slices.Contains(Syscalls(), "oldwait4") {
		t.Errorf("oldwait4 was dropped in libseccomp 2.5.0: %+v", s)
	}
	for _, name := range []string{"", "chmodd", "CHMOD", "chmod ", "zzz"} {
		if _, ok := LookupSyscall(name); ok {
			t.Errorf("%q is found", name)
		}
	}
}

func TestNearSyscalls(t *testing.T) {
	for name, want := range map[string]string{
		"chmodd": "chmod", "sys_chmod": "chmod", "SYS_chmod": "chmod", "__NR_chmod": "chmod", "CHMOD": "chmod",
		"chmod ": "chmod", " chmod": "chmod", "chmod*": "chmod", "chmod(2)": "chmod", "chmod()": "chmod",
		"fstatat": "newfstatat fstatat64", "pread": "pread64", "llseek": "_llseek", "sys_pread": "pread64",
		"sys_enter_openat": "openat",
		"clock-gettime":    "clock_gettime", "epoll_wait2": "epoll_pwait2 epoll_wait", "faccesat2": "faccessat2",
		"getrandon": "getrandom", "fchmodat3": "fchmodat fchmodat2",
		"90": "", "": "", " ": "", "sys_": "", "chmod": "", "frobnicate2": "", "open_the_pod_bay_doors": "", "é": "",
		"zz": "", "syscall": "",
		"clone4": "clone clone3", "mprotectt": "mprotect", "pthread_create": "", "printf": "", "malloc": "",
	} {
		if got := strings.Join(NearSyscalls(name), " "); got != want {
			t.Errorf("near %q: %q, want %q", name, got, want)
		}
	}
}

func TestSplitGlued(t *testing.T) {
	for name, want := range map[string]string{
		"setsidaccept4": "setsid accept4", "chmod,fchmod": "chmod fchmod", "chmod fchmod": "chmod fchmod",
		"chmod, fchmod": "chmod fchmod", "chmod\",\"fchmod": "chmod fchmod",
		"readlink": "", "statmount": "", "chmod": "", "chmodd": "", "": "", "chmod,": "", "chmod,nosuch": "",
		"chmod,fchmod,fchmodat": "", "readlinkread": "readlink read",
	} {
		a, b, ok := SplitGlued(name)
		if got := strings.TrimSpace(a + " " + b); ok != (want != "") || ok && got != want {
			t.Errorf("%q splits into %q %v, want %q", name, got, ok, want)
		}
	}
	// "readlinkat" is itself a name; glued to another one it could be split in two ways that both give names:
	// read+link…, never two names only.
	for _, a := range Syscalls() {
		if _, _, ok := SplitGlued(a); ok {
			t.Errorf("the syscall %q is split", a)
		}
	}
}

func TestNearestEnumerations(t *testing.T) {
	for _, test := range []struct {
		what string
		near func(string) string
		all  []string
		want map[string]string
	}{
		{"architecture", NearestArchitecture, names(Architectures(), func(a *Architecture) string { return a.Name }),
			map[string]string{
				"x86_64": "SCMP_ARCH_X86_64", "amd64": "SCMP_ARCH_X86_64", "SCMP_ARCH_AMD64": "SCMP_ARCH_X86_64",
				"SCMP_ARCH_x86_64": "SCMP_ARCH_X86_64", "scmp_arch_x86_64": "SCMP_ARCH_X86_64",
				"SCMP_ARCH_X86-64": "SCMP_ARCH_X86_64",
				"SCMP_ARCH_I386":   "SCMP_ARCH_X86", "i686": "SCMP_ARCH_X86", "SCMP_ARCH_ARM64": "SCMP_ARCH_AARCH64",
				"linux/arm64": "SCMP_ARCH_AARCH64", "armv7l": "SCMP_ARCH_ARM", "ARCH_X86_64": "SCMP_ARCH_X86_64",
				"SCMP_ARCH_MIPS64LE": "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_X86_65": "SCMP_ARCH_X86_64",
				"SCMP_ARCH_PPC64EL": "SCMP_ARCH_PPC64LE", "loong64": "SCMP_ARCH_LOONGARCH64",
				"SCMP_ARCH_FOO": "", "": "", "SCMP_ARCH_NATIVE": "", "SCMP_ARCH_S391": "SCMP_ARCH_S390", "sparc": "",
			}},
		{"action", NearestAction, names(Actions(), func(a *Action) string { return a.Name }), map[string]string{
			"ERRNO": "SCMP_ACT_ERRNO", "scmp_act_allow": "SCMP_ACT_ALLOW", "SCMP_ACT_DENY": "SCMP_ACT_ERRNO",
			"deny": "SCMP_ACT_ERRNO", "SCMP_ACT_BLOCK": "SCMP_ACT_ERRNO", "SCMP_ACT_ALOW": "SCMP_ACT_ALLOW",
			"SCMP_ACT_KILLPROCESS": "SCMP_ACT_KILL_PROCESS", "SECCOMP_RET_TRAP": "SCMP_ACT_TRAP",
			"SCMP_ACT_ERRNO ": "SCMP_ACT_ERRNO", "Allow": "SCMP_ACT_ALLOW", "SCMP_ACT_KIL": "SCMP_ACT_KILL",
			"": "", "SCMP_ACT_": "", "SCMP_ACT_FROBNICATE": "",
		}},
		{"operator", NearestOperator, Operators(), map[string]string{
			"EQ": "SCMP_CMP_EQ", "==": "SCMP_CMP_EQ", "SCMP_CMP_EQUAL": "SCMP_CMP_EQ", "scmp_cmp_ne": "SCMP_CMP_NE",
			">=": "SCMP_CMP_GE", "SCMP_CMP_MASKEQ": "SCMP_CMP_MASKED_EQ", "": "", "SCMP_CMP_XX": "",
			"SCMP_CMP_QE": "SCMP_CMP_EQ", "SCMP_CMP_MAKSED_EQ": "SCMP_CMP_MASKED_EQ",
		}},
		{"flag", NearestFlag, names(Flags(), func(f *Flag) string { return f.Name }), map[string]string{
			"LOG": "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPECALLOW": "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
			"tsync": "SECCOMP_FILTER_FLAG_TSYNC", "": "", "SECCOMP_FILTER_FLAG_NEW_LISTENER": "",
		}},
		{"capability", NearestCapability, Capabilities(), map[string]string{
			"SYS_ADMIN": "CAP_SYS_ADMIN", "cap_sys_admin": "CAP_SYS_ADMIN", "CAP_SYSADMIN": "CAP_SYS_ADMIN",
			"CAP_NET_ADMN": "CAP_NET_ADMIN", "": "", "CAP_FROB": "",
		}},
	} {
		for name, want := range test.want {
			if got := test.near(name); got != want {
				t.Errorf("%s near %q: %q, want %q", test.what, name, got, want)
			}
		}
		for _, name := range test.all {
			if got := test.near(name); got != name {
				t.Errorf("%s near %q itself: %q", test.what, name, got)
			}
		}
	}
}

func names[T any](list []T, name func(T) string) (out []string) {
	for _, v := range list {
		out = append(out, name(v))
	}
	return out
}

// libseccomp's arch_def tables, v2.6.1.
func TestArchitectures(t *testing.T) {
	var big, narrow []string
	for _, a := range Architectures() {
		if !slices.Contains(ABIs(), a.ABI) || !slices.Contains(ABIs(), a.Native) {
			t.Errorf("%s: unknown ABI %q or %q", a.Name, a.ABI, a.Native)
		}
		short := strings.TrimPrefix(a.Name, "SCMP_ARCH_")
		if a.BigEndian {
			big = append(big, short)
		}
		if a.Bits == 32 {
			narrow = append(narrow, short)
		}
	}
	if got, want := strings.Join(big,
		" "), "M68K MIPS MIPS64 MIPS64N32 PARISC PARISC64 PPC PPC64 S390 S390X SHEB"; got != want {
		t.Errorf("big endian: %s, want %s", got, want)
	}
	if got, want := strings.Join(narrow,
		" "), "X86 X32 ARM M68K MIPS MIPSEL MIPS64N32 MIPSEL64N32 PARISC PPC S390 SH SHEB"; got != want {
		t.Errorf("32 bits: %s, want %s", got, want)
	}
	if a, ok := ArchitectureOf("arm64"); !ok || a.Name != "SCMP_ARCH_AARCH64" {
		t.Errorf("arm64 is %v", a)
	}
	if a, ok := ArchitectureOf(""); ok {
		t.Errorf("no GOARCH is %v", a)
	}
	loong, _ := LookupArchitecture("SCMP_ARCH_LOONGARCH64")
	if v, ok := loong.Support.Since("libseccomp"); !ok || v != (numbered(2, 6, 0)) {
		t.Errorf("LOONGARCH64 since %v %v", v, ok)
	}
	m68k, _ := LookupArchitecture("SCMP_ARCH_M68K")
	if _, ok := m68k.Support.Since("runc"); ok {
		t.Error("runc knows no M68K")
	}
	if v, ok := m68k.Support.Since("crun"); !ok || !v.IsZero() {
		t.Error("every crun takes what its libseccomp takes")
	}
}

func TestVersion(t *testing.T) {
	for text, want := range map[string]string{
		"2.5.4": "2.5.4", "v2.6.1": "2.6.1", "2.5": "2.5.0", "2": "2.0.0", "2.5.4-1+deb12u1": "2.5.4",
		"1.2.3.4": "1.2.3", "": "", "x": "", "99999999999": "", "2.": "", "2.x": "", "-1": "",
	} {
		v, ok := ParseVersion(text)
		if got := v.String(); ok != (want != "") || ok && got != want {
			t.Errorf("%q is %s %v, want %q", text, got, ok, want)
		}
	}
	a, b := Version{Major: 2, Minor: 5, Patch: 10}, Version{Major: 2, Minor: 5, Patch: 9}
	if a.Less(b) || !b.Less(a) || a.Compare(a) != 0 {
		t.Error("2.5.10 is newer than 2.5.9")
	}
	if !slices.IsSortedFunc(Releases(), Version.Compare) {
		t.Error("the releases are not in order")
	}
}

func numbered(major, minor, patch int) Version {
	return Version{Major: major, Minor: minor, Patch: patch}
}
