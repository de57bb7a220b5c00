package recording

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// show returns a recording as lines: what was called, how, how often, and what could not be read.
func show(r *Recording) string {
	var b strings.Builder
	for _, c := range r.Calls {
		name := c.Name
		if name == "" {
			name = fmt.Sprintf("%#x", c.Number)
		}
		fmt.Fprintf(&b, "%d: %s", c.Line, name)
		if c.Arch != "" {
			fmt.Fprintf(&b, " %s", strings.TrimPrefix(c.Arch, "SCMP_ARCH_"))
		}
		if c.Mode != Native {
			fmt.Fprintf(&b, " mode %d", c.Mode)
		}
		if c.Refused {
			b.WriteString(" refused")
		}
		fmt.Fprintf(&b, " x%d\n", c.Count)
	}
	if r.Malformed > 0 {
		fmt.Fprintf(&b, "malformed %d from %d\n", r.Malformed, r.FirstMalformed)
	}
	if r.Other > 0 {
		fmt.Fprintf(&b, "other %d\n", r.Other)
	}
	return b.String()
}

// The lines are those of strace 6.1.
func TestStrace(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"plain", `execve("/usr/bin/true", ["true"], 0x7fffba1f9bd8 /* 35 vars */) = 0
brk(NULL)                               = 0x563be65a2000
 > /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2(_dl_catch_error+0x77c7) [0x1fc47]
brk(NULL)                               = 0x563be65a2000
exit_group(0)                           = ?
+++ exited with 0 +++
`, "1: execve x1\n2: brk x2\n5: exit_group x1\n"},
		{"processes and times", `strace: Process 1219 attached
[pid  1219] 20:02:30.836747 execve("/usr/bin/ls", ["ls"], 0x561ac7611a48 /* 35 vars */ <unfinished ...>
[pid  1218] 20:02:30.836916 <... vfork resumed>) = 1219 <0.000271>
[pid  1219] 20:02:30.837 <... execve resumed>) = 0
[pid  1219<sh>] rt_sigprocmask(SIG_SETMASK, [], ~[KILL STOP RTMIN RT_1], 8) = 0
1212  1795982551.168982 close(3) = 0
1212<sh> 20:02:31 (+     0.000657) close(3) = -1 EBADF (Bad file descriptor)
--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=1219} ---
[????????????????] +++ exited with 0 +++
[pid 7] +++ killed by SIGSYS (core dumped) +++
`, "2: execve x1\n3: vfork x0\n5: rt_sigprocmask x1\n6: close x2\n"},
		{"raw, numbers and addresses", `     0.000000 [  59] execve(0x7ffc8e4b2200, 0x7ffc8e4b36a0, 0x7ffc8e4b36b0) = 0
[00007fbbdabd7a07] [   3] close(0x3) = 0
`, "1: execve x1\n2: close x1\n"},
		{"numbers without a name", "syscall_0x1b3(0, 0x7f, 0x5) = -1 ENOSYS (Function not implemented)\n" +
			"[ Process PID=12 runs in 32 bit mode. ]\nsyscall_0x1b3(0) = -1 ENOSYS\nopen(\"a\", O_RDONLY) = 3\n" +
			"[ Process PID=12 runs in x32 mode. ]\n0x40000200(0, 1) = 0\n[ Process PID=12 runs in 64 bit mode. ]\n" +
			"read(0, \"\", 1) = 0\n",
			"1: 0x1b3 x1\n3: 0x1b3 mode 1 x1\n4: open mode 1 x1\n6: 0x40000200 mode 2 x1\n8: read x1\n"},
		{"modes of processes", "strace: [ Process PID=12 runs in 32 bit mode. ]\n[pid 12] open(0) = 0\n" +
			"[pid 13] open(0) = 0\n[pid 12] +++ exited with 0 +++\nopen(0) = 0\n", "2: open mode 1 x1\n3: open x2\n"},
		{"tables", `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 28.67    0.000123           3        41           mmap
  0.00    0.000000           0         3         1 access
  0.00    0.000000           0         1           syscall_0x1b3
  0.00    0.000000           0         1           not-a-name
------ ----------- ----------- --------- --------- ----------------
100.00    0.000429           3       134         5 total
System call usage summary for 32 bit mode:
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 28.67    0.000123           3         2           syscall_0x1b3
------ ----------- ----------- --------- --------- ----------------
100.00    0.000429           3       134         5 total
`, "3: mmap x41\n4: access x3\n5: 0x1b3 x1\n12: 0x1b3 mode 1 x2\nmalformed 1 from 6\n"},
		{"a table after calls", "read(0, \"\", 1) = 0\nhello\n" +
			"% time     seconds  usecs/call     calls    errors syscall\n" +
			"------ ----------- ----------- --------- --------- ----------------\n" +
			"100.00    0.1    3    7           write\nclose(1) = 0\n",
			"1: read x1\n5: write x7\n6: close x1\nmalformed 1 from 2\n"},
		{"what is no call", "hello\nprintf(\"x\")\nread(0, \nopenat(AT_FDCWD, \"a = b\"\n\n???( <unfinished ...>\n" +
			"<... ??? resumed>) = ?\n", "4: openat x1\nmalformed 3 from 1\n"},
		{"line ends", "\xef\xbb\xbfread(0, \"\", 1) = 0\r\nwrite(1, \"\", 1) = 0", "1: read x1\n2: write x1\n"},
		{"a long line", "write(1, \"" + strings.Repeat("x", 3*maxLine) + "\", 196608) = 196608\nread(0) = 0\n",
			"1: write x1\n2: read x1\n"},
		{"broken by strace's own words", "vfork(strace: Process 1219 attached\n <unfinished ...>\n" +
			"[pid  1218] <... vfork resumed>) = 1219\n", "1: vfork x1\n"},
		{"restarted", "restart_syscall(<... resuming interrupted read ...>) = 0\n", "1: restart_syscall x1\n"},
	}
	for _, test := range tests {
		got, err := Strace(strings.NewReader(test.text))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, show(got)); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", test.name, diff)
		}
	}
}

const kernel = `auid=4294967295 uid=0 gid=0 ses=4294967295 subj=unconfined pid=123 comm="my prog" exe="/bin/a b" ` +
	`sig=31 arch=c000003e syscall=435 compat=0 ip=0x7f12 code=0x80000000`

func TestAudit(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"auditd", "type=SECCOMP msg=audit(1700000000.123:456): " + kernel + "\n", "1: 0x1b3 X86_64 refused x1\n"},
		{"dmesg", "[  12.5] audit: type=1326 audit(1700000000.123:456): " + kernel + "\n",
			"1: 0x1b3 X86_64 refused x1\n"},
		{"journal", "Nov 29 19:57:12 host kernel: audit: type=1326 audit(1.2:3): " + kernel + "\n" +
			"Nov 29 19:57:12 host audit[12]: SECCOMP " + kernel + "\n", "1: 0x1b3 X86_64 refused x2\n"},
		{"enriched", "type=SECCOMP msg=audit(1.2:3): arch=c000003e syscall=437 code=0x7ffc0000\x1dAUID=\"root\" " +
			"ARCH=x86_64 SYSCALL=openat2\n", "1: 0x1b5 X86_64 x1\n"},
		{"interpreted", "----\ntype=SECCOMP msg=audit(11/29/2026 19:57:12.123:456) : auid=unset comm=my prog " +
			"exe=/bin/a arch=x86_64 syscall=openat2 compat=0 ip=0x7f code=log\n" +
			"type=SECCOMP msg=audit(1) : arch=i386 syscall=unknown-syscall(999) code=kill-process\n" +
			"type=SECCOMP msg=audit(1) : arch=aarch64 syscall=close code=unknown seccomp code(7fc00000)\n",
			"2: openat2 X86_64 x1\n3: 0x3e7 X86 refused x1\n4: close AARCH64 refused x1\n"},
		{"joined", "type=SECCOMP " + kernel + " type=1326 " + kernel +
			" arch=40000003 syscall=5 arch=c00000b7 syscall=56 code=0x50000\n",
			"1: 0x1b3 X86_64 refused x2\n1: 0x5 X86 refused x1\n1: 0x38 AARCH64 refused x1\n"},
		{"bare", "arch=c000003e syscall=435 code=0x50000\narch=c000003e, syscall=1, code=0x7ffc0000",
			"1: 0x1b3 X86_64 refused x1\n2: 0x1 X86_64 x1\n"},
		{"x32", "arch=c000003e syscall=1073741825 code=0x0\n", "1: 0x40000001 X32 refused x1\n"},
		{"no architecture of profiles", "arch=c0009026 syscall=4 code=0x0\narch=12345678 syscall=4 code=0x0\n",
			"1: 0x4 refused x2\n"},
		{"minus one", "arch=c000003e syscall=-1 code=0x0\n", "1: 0xffffffff X86_64 refused x1\n"},
		{"JSON", `{"MESSAGE":"audit: type=1326 audit(1.2:3): arch=c000003e syscall=135 code=0x50000"}` + "\n" +
			`{"log":"audit: arch=c000003e code=0x0 syscall=136\\n"}` + "\n",
			"1: 0x87 X86_64 refused x1\n2: 0x88 X86_64 refused x1\n"},
		{"other records", "type=SYSCALL msg=audit(1.2:3): arch=c000003e syscall=59 success=yes exit=0\n" +
			"type=PROCTITLE msg=audit(1.2:3): proctitle=2F\nNov 29 host sshd: hello\n\n", "other 2\n"},
		{"malformed", "type=SECCOMP msg=audit(1.2:3): arch=c000003e sysc\ntype=1326 arch=xyz syscall=1 code=0x0\n" +
			"arch=c000003e syscall=1 code=zz\narch=c000003e syscall=9999999999999 code=0\narch=c000003e\r\n",
			"malformed 5 from 1\n"},
	}
	for _, test := range tests {
		got, err := Audit(strings.NewReader(test.text))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, show(got)); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestEvents(t *testing.T) {
	var got []Event
	rec, err := Events(strings.NewReader("\ntype=SECCOMP msg=audit(1.2:3): "+kernel+"\n"+
		"arch=SCMP_ARCH_X86 syscall=5 compat=1 sig=SIGSYS code=0x50026\narch=vax syscall=1\n"),
		func(e Event) { got = append(got, e) })
	if err != nil || rec.Malformed != 1 {
		t.Errorf("error %v, malformed %d", err, rec.Malformed)
	}
	want := []Event{
		{Line: 2, ArchCode: 0xc000003e, ArchName: "x86_64", ArchText: "c000003e", Arch: "SCMP_ARCH_X86_64", Number: 435,
			Code: RetKillProcess, HasCode: true, Signal: 31, Command: "my prog", Program: "/bin/a b", PID: 123},
		{Line: 3, ArchCode: 0x40000003, ArchName: "i386", ArchText: "SCMP_ARCH_X86", Arch: "SCMP_ARCH_X86", Number: 5,
			Code: 0x50026, HasCode: true, Signal: 31, Compat: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if e := got[1]; e.Action() != RetErrno || e.Data() != 38 || !e.Refused() {
		t.Errorf("action %#x, data %d, refused %v", e.Action(), e.Data(), e.Refused())
	}
}

// endless is a text that does not end.
type endless struct{ line string }

func (e endless) Read(b []byte) (int, error) {
	n := 0
	for n+len(e.line) <= len(b) {
		n += copy(b[n:], e.line)
	}
	return max(n, copy(b, e.line)), nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestErrors(t *testing.T) {
	if _, err := Strace(broken{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
	if _, err := Audit(broken{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
	err := lines(endless{strings.Repeat("x", 1<<12)}, func(int, []byte, bool) {})
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("error %v", err)
	}
}

// What one text can make sandlint remember is bounded.
func TestManyCalls(t *testing.T) {
	var b strings.Builder
	for n := range maxCalls + 10 {
		fmt.Fprintf(&b, "call%d() = 0\n[ Process PID=%d runs in 32 bit mode. ]\n", n, n)
	}
	r, err := Strace(strings.NewReader(b.String()))
	if err != nil || len(r.Calls) != maxCalls || r.Malformed == 0 {
		t.Errorf("%d calls, %d malformed, error %v", len(r.Calls), r.Malformed, err)
	}
}

func FuzzStrace(f *testing.F) {
	f.Add("[pid  12] 20:02:30.8 execve(\"a\", 0) = 0\r\n% time     seconds  usecs/call     calls    errors syscall\n" +
		"------ --\n 28.67    0.000123           3        41           mmap\n100.00 0.1 3 1 total\n")
	f.Add("strace: [ Process PID=12 runs in 32 bit mode. ]\n[pid 12] syscall_0x1b3(0 <unfinished ...>\n" +
		"[pid 12] <... syscall_0x1b3 resumed>) = 0\n+++ exited with 0 +++\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Strace(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		checkRecording(t, r, text)
	})
}

func FuzzAudit(f *testing.F) {
	f.Add("type=SECCOMP msg=audit(1700000000.123:456): " + kernel)
	f.Add("audit[12]: SECCOMP arch=i386 syscall=unknown-syscall(1) code=unknown seccomp code(1)\x1dARCH=x86_64")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Audit(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		checkRecording(t, r, text)
	})
}

// checkRecording checks what holds for every recording: lines lie inside the text, each call is there once, and has a
// name or a number.
func checkRecording(t *testing.T, r *Recording, text string) {
	last := strings.Count(text, "\n") + 1
	seen := map[string]bool{}
	for _, c := range r.Calls {
		key := fmt.Sprint(c.Name, c.Number, c.Arch, c.Mode)
		if seen[key] || c.Line < 1 || c.Line > last || c.Count < 0 || c.Name != "" && c.Number != 0 {
			t.Errorf("call %+v", c)
		}
		seen[key] = true
	}
	if r.Malformed > 0 && (r.FirstMalformed < 1 || r.FirstMalformed > last) {
		t.Errorf("malformed %d from %d of %d", r.Malformed, r.FirstMalformed, last)
	}
}

func BenchmarkStrace(b *testing.B) {
	benchmark(b, Strace, "[pid  12] 20:02:30.836747 openat(AT_FDCWD, \"/etc\", 0) = 3\n")
}

func BenchmarkAudit(b *testing.B) {
	benchmark(b, Audit, "type=SECCOMP msg=audit(1700000000.123:456): "+kernel+"\n")
}

func benchmark(b *testing.B, read func(io.Reader) (*Recording, error), line string) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		text := strings.Repeat(line, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if _, err := read(strings.NewReader(text)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/line")
		})
	}
}
