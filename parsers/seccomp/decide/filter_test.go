package decide

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
)

func targetFor(l Loader, runtime, version, lib, arch string, caps ...string) Target {
	a, ok := seccomp.LookupArchitecture("SCMP_ARCH_" + arch)
	if !ok {
		panic("no architecture " + arch)
	}
	v, _ := seccomp.ParseVersion(version)
	library, err := parseLibseccomp(lib)
	if err != nil {
		panic(err)
	}
	return Target{l, Host{Arch: a, Caps: caps}, runtime, v, library}
}

// words puts a decision about a call into words.
func words(f *Filter, arch, syscall string, args ...uint64) string {
	a, _ := seccomp.LookupArchitecture("SCMP_ARCH_" + arch)
	d := f.Decide(a, syscall)
	var registers [6]uint64
	copy(registers[:], args)
	return fmt.Sprint([]string{"border", "foreign", "default", "rule", "conditions"}[d.Step], d.Eval(registers))
}

func TestDockerDefault(t *testing.T) {
	text, err := os.ReadFile("../testdata/docker-default.json")
	if err != nil {
		t.Fatal(err)
	}
	p := seccomp.Parse(source.NewFile("p.json", text))
	plain := Compile(p, targetFor(LoaderDocker, "runc", "1.5.1", "2.6.1", "X86_64", DefaultCaps(LoaderDocker)...))
	admin := Compile(p, targetFor(LoaderDocker, "crun", "1.27", "2.5.4", "X86_64", "CAP_SYS_ADMIN"))
	plainArm := Compile(p, targetFor(LoaderDocker, "runc", "1.5.1", "2.6.1", "AARCH64"))
	containerd := Compile(p, targetFor(LoaderOCI, "runc", "1.5.1", "2.6.1", "X86_64"))
	for _, tt := range []struct {
		filter        *Filter
		arch, syscall string
		args          []uint64
		want          string
	}{
		{plain, "X86_64", "read", nil, "rule[ALLOW]"},
		{plain, "X86_64", "mount", nil, "default[ERRNO EPERM]"},
		{plain, "X86_64", "clone3", nil, "rule[ERRNO ENOSYS]"},
		{plain, "X86_64", "clone", []uint64{0x11}, "conditions[ALLOW]"},
		{plain, "X86_64", "clone", []uint64{0x10000000}, "conditions[ERRNO EPERM]"},
		{plain, "X86_64", "socket", []uint64{40}, "conditions[ERRNO EPERM]"},
		{plain, "X86_64", "socket", []uint64{2}, "conditions[ALLOW]"},
		{plain, "X86", "socketcall", []uint64{1, 2}, "rule[ALLOW]"},
		{plain, "AARCH64", "read", nil, "foreign[KILL_THREAD]"},
		{plain, "X86_64", "rseq_slice_yield", nil, "border[ERRNO ENOSYS]"},
		{admin, "X86_64", "mount", nil, "rule[ALLOW]"},
		{admin, "X86_64", "clone3", nil, "rule[ALLOW]"},
		{admin, "X86_64", "mseal", nil, "default[ERRNO EPERM]"},
		{plainArm, "ARM", "read", nil, "rule[ALLOW]"},
		{plainArm, "AARCH64", "open", nil, "default[ERRNO EPERM]"},
		{containerd, "X86_64", "mount", nil, "rule[ALLOW]"},
		{containerd, "X86", "read", nil, "foreign[KILL_THREAD]"},
	} {
		if got := words(tt.filter, tt.arch, tt.syscall, tt.args...); got != tt.want {
			t.Errorf("%s on %s, %x: %s, want %s", tt.syscall, tt.arch, tt.args, got, tt.want)
		}
	}
}

// BenchmarkTable decides about every syscall on four ABIs with Docker's default profile, parsing included.
func BenchmarkTable(b *testing.B) {
	text, err := os.ReadFile("../testdata/docker-default.json")
	if err != nil {
		b.Fatal(err)
	}
	f := source.NewFile("p.json", text)
	t := targetFor(LoaderDocker, "runc", "1.5.1", "2.6.1", "X86_64", DefaultCaps(LoaderDocker)...)
	arm := targetFor(LoaderDocker, "runc", "1.5.1", "2.6.1", "AARCH64", DefaultCaps(LoaderDocker)...)
	for b.Loop() {
		p := seccomp.Parse(f)
		for _, filter := range []*Filter{Compile(p, t), Compile(p, arm)} {
			for _, a := range filter.Archs[:2] {
				for _, name := range seccomp.Syscalls() {
					filter.Decide(a, name)
				}
			}
		}
	}
}

func compileText(t *testing.T, text string, target Target) *Filter {
	t.Helper()
	p := seccomp.Parse(source.NewFile("p.json", []byte(text)))
	if len(p.Problems) > 0 {
		t.Fatal(p.Problems[0].Message)
	}
	return Compile(p, target)
}

func TestUnloaded(t *testing.T) {
	const deny = `{"defaultAction": "SCMP_ACT_ALLOW", "architectures": [%s], "syscalls": [
		{"names": ["chmod", "chown32"%s], "action": "SCMP_ACT_ERRNO"%s},
		{"names": ["socket"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 40, "op": "SCMP_CMP_EQ"}%s]}]}`
	const cond = `, "args": [{"index": 1, "value": 1, "op": "SCMP_CMP_EQ"}]`
	for _, tt := range []struct {
		name                     string
		runtime, version, arch   string
		listed, more, args, also string
		want                     string
	}{
		{"aarch64 has no chmod", "crun", "1.27", "AARCH64", ``, ``, ``, ``, "chmod"},
		{
			"an unconditional rule about a syscall that is there", "crun", "1.27", "AARCH64", ``, `, "fchmod"`, ``, ``,
			"",
		},
		{"the syscall that is there has as few comparisons", "crun", "1.27", "AARCH64", ``, ``, cond, ``, ""},
		{
			"the syscall that is there has more comparisons", "crun", "1.27", "AARCH64", ``, ``, cond,
			`, {"index": 1, "value": 1, "op": "SCMP_CMP_EQ"}`, "chmod",
		},
		{
			"x86_64 without x32 loads the number elsewhere", "crun", "1.27", "X86_64", `"SCMP_ARCH_X86"`, ``, cond,
			`, {"index": 1, "value": 1, "op": "SCMP_CMP_EQ"}`, "",
		},
		{
			"x32, on which one comparison does for an argument", "crun", "1.27", "X86_64", `"SCMP_ARCH_X32"`, ``, cond,
			`, {"index": 1, "value": 1, "op": "SCMP_CMP_EQ"}`, "",
		},
		{"runc, without a binary tree", "runc", "1.5.1", "AARCH64", ``, ``, ``, ``, "chmod"},
		{"runc, with a binary tree", "runc", "1.5.1", "AARCH64", ``, strings.Repeat(`, "chown32"`, 33), ``, ``, ""},
		{
			"runc, before it asked for one", "runc", "1.1.5", "AARCH64", ``, strings.Repeat(`, "chown32"`, 33), ``, ``,
			"chmod",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			target := targetFor(LoaderOCI, tt.runtime, tt.version, "2.6.1", tt.arch)
			f := compileText(t, fmt.Sprintf(deny, tt.listed, tt.more, tt.args, tt.also), target)
			if got, _ := f.Unloaded(target.Host.Arch); got.Text != tt.want {
				t.Errorf("Unloaded gives %q, want %q", got.Text, tt.want)
			}
			want := "conditions[ERRNO EPERM]"
			if tt.want != "" {
				want = "default[ALLOW]"
			}
			if got := words(f, tt.arch, "socket", 40, 1); got != want {
				t.Errorf("socket: %s, want %s", got, want)
			}
		})
	}
}

// Where no rule is about a syscall that the architecture has, none is lost.
func TestUnloadedAlone(t *testing.T) {
	target := targetFor(LoaderOCI, "crun", "1.27", "2.6.1", "AARCH64")
	f := compileText(t,
		`{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["chmod"], "action": "SCMP_ACT_ERRNO"}]}`, target)
	if name, ok := f.Unloaded(target.Host.Arch); ok {
		t.Errorf("Unloaded gives %q", name.Text)
	}
}

// The kernel was seen to let this call run.
func TestUnloadedBesideX32(t *testing.T) {
	f := compileText(t, `{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64",`+
		` "SCMP_ARCH_X86", "SCMP_ARCH_X32"], "syscalls": [
		{"names": ["arm_fadvise64_64"], "action": "SCMP_ACT_KILL"},
		{"names": ["rmdir"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 1, "value": 7, "op": "SCMP_CMP_EQ"}]}]}`,
		targetFor(LoaderOCI, "crun", "1.8.1", "debian12", "X86_64"))
	for arch, want := range map[string]string{
		"X86_64": "default[ALLOW]", "X32": "default[ALLOW]", "X86": "conditions[ERRNO EPERM]",
	} {
		if got := words(f, arch, "rmdir", 0, 7); got != want {
			t.Errorf("rmdir on %s: %s, want %s", arch, got, want)
		}
	}
}

func TestConflicts(t *testing.T) {
	eq := func(index, value int) string {
		return fmt.Sprintf(`{"index": %d, "value": %d, "op": "SCMP_CMP_EQ"}`, index, value)
	}
	op := func(index, value int, op string) string {
		return fmt.Sprintf(`{"index": %d, "value": %d, "op": "SCMP_CMP_%s"}`, index, value, op)
	}
	const two32 = 1 << 32
	for _, tt := range []struct {
		name                                 string
		arch, listed, firstName, first, then string
		second                               int // errno
		want                                 bool
	}{
		{"the same condition", "X86_64", ``, "socket", eq(0, 1), eq(0, 1), 6, true},
		{"the same rule", "X86_64", ``, "socket", eq(0, 1), eq(0, 1), 5, false},
		{"other values", "X86_64", ``, "socket", eq(0, 1), eq(0, 2), 6, false},
		{
			"an upper half that x86 does not compare", "X86_64", `"SCMP_ARCH_X86"`, "chmod", eq(0, 1), eq(0, two32+1),
			6, true,
		},
		{"an upper half that x86_64 compares", "X86_64", ``, "chmod", eq(0, 1), eq(0, two32+1), 6, false},
		{"the beginning of an earlier rule", "X86_64", ``, "socket", eq(0, 1) + "," + eq(1, 2), eq(0, 1), 6, true},
		{"an earlier rule and more", "X86_64", ``, "socket", eq(0, 1), eq(0, 1) + "," + eq(1, 2), 6, false},
		{
			"inequalities that share an upper half", "X86_64", ``, "socket", op(0, 5, "GT") + "," + eq(1, 1),
			op(0, 7, "GT"), 6, true,
		},
		{"inequalities alone", "X86_64", ``, "socket", op(0, 5, "GT"), op(0, 7, "GT"), 6, false},
		{"a syscall that the architecture does not have", "X86_64", ``, "chown32", eq(0, 1), eq(0, 1), 6, true},
		{
			"one that a multiplexing ABI does not have is left out", "X86", ``, "arm_fadvise64_64", eq(0, 1), eq(0, 1),
			6, false,
		},
		{
			"the first argument of a multiplexed call is none", "X86_64", `"SCMP_ARCH_X86"`, "socket", eq(0, 1),
			eq(0, 2), 6, true,
		},
	} {
		text := fmt.Sprintf(`{"defaultAction": "SCMP_ACT_ALLOW", "architectures": [%s], "syscalls": [
			{"names": [%[2]q], "action": "SCMP_ACT_ERRNO", "errnoRet": 5, "args": [%s]},
			{"names": [%[2]q], "action": "SCMP_ACT_ERRNO", "errnoRet": %[5]d, "args": [%[4]s]}]}`, tt.listed,
			tt.firstName, tt.first, tt.then, tt.second)
		conflicts := compileText(t, text, targetFor(LoaderOCI, "crun", "1.27", "2.6.1", tt.arch)).Conflicts()
		if (len(conflicts) > 0) != tt.want {
			t.Errorf("%s: conflicts %v, want some: %t", tt.name, conflicts, tt.want)
		}
		for _, c := range conflicts {
			if c.Name.Span.Start <= c.EarlierName.Span.Start || c.Rule == c.Earlier {
				t.Errorf("%s: %v is refused for %v", tt.name, c.Name, c.EarlierName)
			}
		}
	}
}
