package seccomp

import (
	"fmt"
	"os"
	"testing"

	"github.com/sandlint/sandlint/parsers/source"
)

func targetFor(l Loader, runtime, version, lib, arch string, caps ...string) Target {
	a, ok := LookupArchitecture("SCMP_ARCH_" + arch)
	if !ok {
		panic("no architecture " + arch)
	}
	v, _ := ParseVersion(version)
	library, err := ParseLibseccomp(lib)
	if err != nil {
		panic(err)
	}
	return Target{l, Host{Arch: a, Caps: caps}, runtime, v, library}
}

// words puts a decision about a call into words.
func words(f *Filter, arch, syscall string, args ...uint64) string {
	a, _ := LookupArchitecture("SCMP_ARCH_" + arch)
	d := f.Decide(a, syscall)
	var registers [6]uint64
	copy(registers[:], args)
	return fmt.Sprint([]string{"border", "foreign", "default", "rule", "conditions"}[d.Step], d.Eval(registers))
}

func TestDockerDefault(t *testing.T) {
	text, err := os.ReadFile("testdata/docker-default.json")
	if err != nil {
		t.Fatal(err)
	}
	p := Parse(source.NewFile("p.json", text))
	plain := p.Compile(targetFor(LoaderDocker, "runc", "1.5.1", "2.6.1", "X86_64", DefaultCaps(LoaderDocker)...))
	admin := p.Compile(targetFor(LoaderDocker, "crun", "1.27", "2.5.4", "X86_64", "CAP_SYS_ADMIN"))
	plainArm := p.Compile(targetFor(LoaderDocker, "runc", "1.5.1", "2.6.1", "AARCH64"))
	containerd := p.Compile(targetFor(LoaderOCI, "runc", "1.5.1", "2.6.1", "X86_64"))
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
	text, err := os.ReadFile("testdata/docker-default.json")
	if err != nil {
		b.Fatal(err)
	}
	f := source.NewFile("p.json", text)
	t := targetFor(LoaderDocker, "runc", "1.5.1", "2.6.1", "X86_64", DefaultCaps(LoaderDocker)...)
	arm := targetFor(LoaderDocker, "runc", "1.5.1", "2.6.1", "AARCH64", DefaultCaps(LoaderDocker)...)
	for b.Loop() {
		p := Parse(f)
		for _, filter := range []*Filter{p.Compile(t), p.Compile(arm)} {
			for _, a := range filter.Archs[:2] {
				for _, name := range Syscalls() {
					filter.Decide(a, name)
				}
			}
		}
	}
}
