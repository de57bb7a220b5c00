package decisions

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
)

func TestParseArgs(t *testing.T) {
	a, err := ParseArgs("1, 0x10,_,-1")
	if err != nil {
		t.Fatal(err)
	}
	want := Args{Values: [6]uint64{1, 16, 0, ^uint64(0)}, Known: [6]bool{true, true, false, true}}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for s, want := range map[string]string{
		"1,2,3,4,5,6,7": `"1,2,3,4,5,6,7" has 7 arguments; a syscall has up to 6`,
		"1,x": `"x" is not an argument: it is a number such as 16, 0x10 or -1, or _ for one that is ` +
			`not known`,
		"18446744073709551616": `"18446744073709551616" is not an argument: it is a number such as 16, 0x10 ` +
			`or -1, or _ ` +
			`for one that is not known`,
	} {
		if _, err := ParseArgs(s); err == nil || err.Error() != want {
			t.Errorf("%s: error %v, want %s", s, err, want)
		}
	}
}

func TestParseArch(t *testing.T) {
	for s, want := range map[string]string{
		"x86_64": "SCMP_ARCH_X86_64", "amd64": "SCMP_ARCH_X86_64", "linux/arm64": "SCMP_ARCH_AARCH64",
		"SCMP_ARCH_X86": "SCMP_ARCH_X86", "386": "SCMP_ARCH_X86", "mipsel64n32": "SCMP_ARCH_MIPSEL64N32",
		"mips3l64n32": "SCMP_ARCH_MIPSEL64N32", "x32": "SCMP_ARCH_X32", "loong64": "SCMP_ARCH_LOONGARCH64",
		"PPC64LE": "SCMP_ARCH_PPC64LE",
	} {
		if a, err := ParseArch(s); err != nil || a.Name != want {
			t.Errorf("%s: %v, error %v, want %s", s, a, err, want)
		}
	}
	if _, err := ParseArch("i386"); err == nil ||
		err.Error() != `there is no architecture "i386"; did you mean "x86"?` {
		t.Errorf("i386: error %v", err)
	}
	if _, err := ParseArch(""); err == nil {
		t.Error("no architecture is one")
	}
}

func TestParseCaps(t *testing.T) {
	c, err := ParseCaps([]string{"none", "SYS_ADMIN", "cap_bpf"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"CAP_BPF", "CAP_SYS_ADMIN"}, c.For(decide.LoaderDocker)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if c, _ = ParseCaps([]string{
		"chown",
	}); len(c.For(decide.LoaderDocker)) != len(decide.DefaultCaps(decide.LoaderDocker)) {
		t.Errorf("a default capability, added: %v", c.For(decide.LoaderDocker))
	}
	if _, err := ParseCaps([]string{"SYS_ADMINN"}); err == nil ||
		err.Error() != `there is no capability "SYS_ADMINN"; did you mean "CAP_SYS_ADMIN"?` {
		t.Errorf("error %v", err)
	}
}

// Named is the inverse of Number on every ABI.
func TestNumbers(t *testing.T) {
	s, _ := seccomp.LookupSyscall("clone3")
	for abi, want := range map[string]int{
		"x86_64": 435, "x32": 0x40000000 + 435, "mips": 4435, "mips64": 5435, "mips64n32": 6435,
	} {
		got, ok := Number(s, abi)
		if back, found := Named(abi, want); got != want || !ok || !found || back != s {
			t.Errorf("clone3 on %s: %d, %v, and %d is %v", abi, got, ok, want, back)
		}
	}
	if _, ok := Named("x86_64", 100_000); ok {
		t.Error("100000 is a syscall")
	}
}

// TestBlocks checks that blocks hold exactly the points that they are made of.
func TestBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		points := map[[dimensions]int]bool{}
		var list [][dimensions]int
		for range r.IntN(30) {
			p := [dimensions]int{r.IntN(2), r.IntN(3), r.IntN(3), r.IntN(2)}
			if !points[p] {
				points[p] = true
				list = append(list, p)
			}
		}
		if len(list) == 0 {
			continue
		}
		n := 0
		for _, b := range blocks(list, 0) {
			for _, l := range b[byLoader] {
				for _, rt := range b[byRuntime] {
					for _, lib := range b[byLibseccomp] {
						for _, a := range b[byArch] {
							n++
							if !points[[dimensions]int{l, rt, lib, a}] {
								t.Fatalf("%v has a point that is not in %v", b, list)
							}
						}
					}
				}
			}
		}
		if n != len(list) {
			t.Fatalf("%d points in blocks of %d", n, len(list))
		}
	}
}
