package seccomptest

import (
	"slices"
	"strings"
	"testing"
)

func TestAfterFilter(t *testing.T) {
	const trace = `10  seccomp(0x1, 0, 0)              = -1 EFAULT (Bad address)
10  openat(0xffffffffffffff9c, 0x7ffe7d9c09e0, 0x80000, 0) = 3
10  seccomp(0x1, 0x4, 0x1cd7e6d47528 <unfinished ...>
11  futex(0xc95720, 0x80, 0x1, 0, 0, 0 <unfinished ...>
10  <... seccomp resumed>)             = 0
11  write(0x5, 0x3774b231f75f, 0x1)    = 1
10  fcntl(0x5, 0x3, 0 <unfinished ...>
10  <... fcntl resumed>)               = 0x8000
10  clone(0x50f00, 0x3774b231f190, 0x3774b231f190, 0x3774b231f190, 0) = 12
12  read(0xd, 0x3774b231f190, 0x1fa)   = 11
10  --- SIGURG {si_signo=0x17} ---
10  execve(0xccf8521c1a0, 0xccf8521a018, 0xccf85280140) = -1 ENOENT (No such file or directory)
10  execve(0xccf8521c1a1, 0xccf8521a018, 0xccf85280140 <unfinished ...>
10  <... execve resumed>)              = 0
10  exit_group(0x2a)                   = ?
`
	want := "fcntl(fd,3,0) clone(0x50f00,ptr,ptr,ptr,0) read(fd,ptr,n) execve(ptr,ptr,ptr) execve(ptr,ptr,ptr)"
	if got := strings.Join(afterFilter(trace), " "); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestDescribe(t *testing.T) {
	for _, tt := range []struct {
		name      string
		registers []uint64
		want      string
	}{
		{"close", []uint64{4}, "close(fd)"},
		{"fstat", []uint64{2, 1 << 46}, "fstat(2,ptr)"},
		{"openat2", []uint64{1<<64 - 100, 1 << 46, 1 << 46, 24}, "openat2(0xffffffffffffff9c,ptr,ptr,24)"},
		{"read", []uint64{4, 1 << 46, 512}, "read(fd,ptr,512)"},
		{"setresuid", []uint64{0, 0, 0}, "setresuid(uid,uid,uid)"},
		{"prctl", []uint64{24, 21, 0, 0, 0}, "prctl(24,_,0,0,0)"},
		{"prctl", []uint64{8, 1, 0, 0, 0}, "prctl(8,1,0,0,0)"},
	} {
		if got := describe(tt.name, tt.registers); got != tt.want {
			t.Errorf("%s, want %s", got, tt.want)
		}
	}
	ranges := inRanges([]string{"rt_sigaction(1,ptr)", "rt_sigaction(3,ptr)", "rt_sigaction(2,ptr)", "a(1)",
		"rt_sigaction(10,ptr)"})
	if want := []string{"a(1)", "rt_sigaction(1..3,ptr)", "rt_sigaction(10,ptr)"}; !slices.Equal(ranges, want) {
		t.Errorf("%q, want %q", ranges, want)
	}
}

func TestConditions(t *testing.T) {
	for _, tt := range []struct {
		call  string
		rules int
		first string
	}{
		{"close", 1, ""},
		{"chdir(ptr)", 1, ""},
		{"setuid(uid)", 1, `, "args": [{"index": 0, "value": 0, "op": "SCMP_CMP_EQ"}]`},
		{"rt_sigaction(1..31,ptr,0,_)", 1, `, "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}, ` +
			`{"index": 2, "value": 0, "op": "SCMP_CMP_EQ"}]`},
		{"close_range(fd,fd,4)", 37, `, "args": [{"index": 0, "value": 3, "op": "SCMP_CMP_EQ"}, ` +
			`{"index": 2, "value": 4, "op": "SCMP_CMP_EQ"}]`},
	} {
		if got := conditions(tt.call); len(got) != tt.rules || got[0] != tt.first {
			t.Errorf("%s: %d rules, %s", tt.call, len(got), got[0])
		}
	}
}
