package decide

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sandlint/sandlint/parsers/heavytest"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
)

// liveCall is one system call of the live probe.
type liveCall struct {
	abi     string // "x86_64", "x86" or "x32"
	syscall string // "" for a number that no syscall has
	number  uint64
	args    [6]uint64
}

// unnamed is a number above those of all syscalls.
const unnamed = 600

func newCall(abi, syscall string, args [6]uint64) liveCall {
	c := liveCall{abi, syscall, unnamed, args}
	if s, ok := seccomp.LookupSyscall(syscall); ok {
		n, on := s.Number(abi)
		if !on {
			panic(syscall + " is not on " + abi)
		}
		c.number = uint64(n)
	}
	switch abi {
	case "x32":
		c.number |= 1 << 30
	case "x86": // whose registers are the lower halves
		for i := range c.args {
			c.args[i] = uint64(uint32(c.args[i]))
		}
	}
	return c
}

func (c liveCall) String() string { return fmt.Sprintf("%s %s(%#x)", c.abi, c.syscall, c.args) }

// outcomes are what the filter may do with the call.
func (c liveCall) outcomes(f *Filter) []Outcome {
	i := slices.IndexFunc(seccomp.Architectures(), func(a *seccomp.Architecture) bool { return a.ABI == c.abi })
	return recordedProbe{
		arch: strings.TrimPrefix(seccomp.Architectures()[i].Name, "SCMP_ARCH_"), syscall: c.syscall, number: unnamed,
		args: c.args,
	}.outcomes(f)
}

// probeELF returns a static program for x86_64 that makes the calls, writes what each returned to its standard output
// as eight bytes, lower ones first, and exits with 0. It makes no other calls than write(2) and exit_group(2), so it
// runs under any filter that allows those.
func probeELF(calls []liveCall) []byte {
	const (
		base   = 0x400000
		header = 64 + 56
		entry  = 64 // bytes of an entry of the table: the number, six arguments, and 1 for int $0x80
	)
	var code []byte
	emit := func(b ...byte) { code = append(code, b...) }
	emit(0x49, 0xc7, 0xc4, 0, 0, 0, 0) // mov $table, %r12
	emit(0x41, 0xbd)                   // mov $len(calls), %r13d
	code = binary.LittleEndian.AppendUint32(code, uint32(len(calls)))
	loop := len(code)
	emit(0x49, 0x8b, 0x04, 0x24)        // mov (%r12), %rax
	emit(0x41, 0x83, 0x7c, 0x24, 56, 0) // cmpl $0, 56(%r12)
	emit(0x75, 34)                      // jne compat
	emit(0x49, 0x8b, 0x7c, 0x24, 8)     // mov 8(%r12), %rdi
	emit(0x49, 0x8b, 0x74, 0x24, 16)    // mov 16(%r12), %rsi
	emit(0x49, 0x8b, 0x54, 0x24, 24)    // mov 24(%r12), %rdx
	emit(0x4d, 0x8b, 0x54, 0x24, 32)    // mov 32(%r12), %r10
	emit(0x4d, 0x8b, 0x44, 0x24, 40)    // mov 40(%r12), %r8
	emit(0x4d, 0x8b, 0x4c, 0x24, 48)    // mov 48(%r12), %r9
	emit(0x0f, 0x05)                    // syscall
	emit(0xeb, 34)                      // jmp done
	emit(0x41, 0x8b, 0x5c, 0x24, 8)     // compat: mov 8(%r12), %ebx
	emit(0x41, 0x8b, 0x4c, 0x24, 16)    // mov 16(%r12), %ecx
	emit(0x41, 0x8b, 0x54, 0x24, 24)    // mov 24(%r12), %edx
	emit(0x41, 0x8b, 0x74, 0x24, 32)    // mov 32(%r12), %esi
	emit(0x41, 0x8b, 0x7c, 0x24, 40)    // mov 40(%r12), %edi
	emit(0x41, 0x8b, 0x6c, 0x24, 48)    // mov 48(%r12), %ebp
	emit(0xcd, 0x80)                    // int $0x80
	emit(0x48, 0x98)                    // cltq
	emit(0x49, 0x89, 0x04, 0x24)        // done: mov %rax, (%r12)
	emit(0xb8, 1, 0, 0, 0)              // mov $1, %eax: write
	emit(0xbf, 1, 0, 0, 0)              // mov $1, %edi
	emit(0x4c, 0x89, 0xe6)              // mov %r12, %rsi
	emit(0xba, 8, 0, 0, 0)              // mov $8, %edx
	emit(0x0f, 0x05)                    // syscall
	emit(0x49, 0x83, 0xc4, entry)       // add $entry, %r12
	emit(0x41, 0xff, 0xcd)              // dec %r13d
	emit(0x0f, 0x85)                    // jnz loop
	code = binary.LittleEndian.AppendUint32(code, uint32(loop-len(code)-4))
	emit(0xb8, 231, 0, 0, 0) // mov $231, %eax: exit_group
	emit(0x31, 0xff)         // xor %edi, %edi
	emit(0x0f, 0x05)         // syscall
	emit(0xf4)               // hlt
	binary.LittleEndian.PutUint32(code[3:], uint32(base+header+len(code)))

	size := uint64(header + len(code) + entry*len(calls))
	var b bytes.Buffer
	b.WriteString("\x7fELF\x02\x01\x01")
	b.Write(make([]byte, 9))
	write := func(values ...any) {
		for _, v := range values {
			if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
				panic(err)
			}
		}
	}
	// ET_EXEC for EM_X86_64, the entry, the program headers, and no section headers; then one PT_LOAD of everything,
	// readable, writable and executable.
	write(uint16(2), uint16(62), uint32(1), uint64(base+header), uint64(64), uint64(0), uint32(0), uint16(64),
		uint16(56), uint16(1), uint16(0), uint16(0), uint16(0))
	write(uint32(1), uint32(7), uint64(0), uint64(base), uint64(base), size, size, uint64(0x1000))
	b.Write(code)
	for _, c := range calls {
		compat := uint64(0)
		if c.abi == "x86" {
			compat = 1
		}
		write(c.number, c.args, compat)
	}
	return b.Bytes()
}

// container runs the probe under one runtime.
type container struct {
	runtime string
	target  Target
	wrap    func(runtime string, args []string) []string
	dir     string // the bundle and the runtime's state
}

// run makes the calls under a profile. It returns what those that returned did, and whether all were made, the probe
// was killed, or it was not started; for the last the output says why.
func (c *container) run(profile []byte, calls []liveCall) (returned []int64, exit int, stderr string, err error) {
	if err := os.RemoveAll(c.dir); err != nil {
		return nil, 0, "", err
	}
	bundle := filepath.Join(c.dir, "bundle")
	for _, dir := range []string{"proc", "dev"} {
		if err := os.MkdirAll(filepath.Join(bundle, "rootfs", dir), 0o755); err != nil {
			return nil, 0, "", err
		}
	}
	if err := os.WriteFile(filepath.Join(bundle, "rootfs", "probe"), probeELF(calls), 0o755); err != nil {
		return nil, 0, "", err
	}
	config := strings.Replace(`{"ociVersion": "1.0.2", "root": {"path": "rootfs"},`+
		` "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
"process": {"user": {"uid": 0, "gid": 0}, "args": ["/probe"], "cwd": "/", "noNewPrivileges": true},
"linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}], "seccomp": @}}`, "@", string(profile), 1)
	if err := os.WriteFile(filepath.Join(bundle, "config.json"), []byte(config), 0o644); err != nil {
		return nil, 0, "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	id := fmt.Sprintf("sandlint-%d-%s", os.Getpid(), filepath.Base(c.dir))
	command := c.wrap(c.runtime, []string{"--root", filepath.Join(c.dir, "state"), "run", "--bundle", bundle, id})
	var out, errOut bytes.Buffer
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = &out, &errOut
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	if ctx.Err() != nil {
		command = c.wrap(c.runtime, []string{"--root", filepath.Join(c.dir, "state"), "delete", "--force", id})
		out, _ := exec.Command(command[0], command[1:]...).CombinedOutput()
		groups, _ := filepath.Glob("/sys/fs/cgroup/*/" + id)
		for _, dir := range groups {
			os.Remove(dir) // which only an empty one lets happen
		}
		return nil, 0, string(out), errHangs
	}
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		return nil, 0, "", fmt.Errorf("%s: %w: %s", strings.Join(command, " "), err, errOut.Bytes())
	}
	for b := out.Bytes(); len(b) >= 8; b = b[8:] {
		returned = append(returned, int64(binary.LittleEndian.Uint64(b)))
	}
	return returned, cmd.ProcessState.ExitCode(), strings.TrimSpace(errOut.String()), nil
}

// errHangs is a container that did not end.
var errHangs = errors.New("the container does not end")

// exitSIGSYS is the exit status of a container whose process was ended by SIGSYS.
const exitSIGSYS = 128 + 31

// liveRuntime returns a container for an installed runtime that works here, or skips the test.
func liveRuntime(t *testing.T, name string) *container {
	t.Helper()
	program := heavytest.Program(t, name, "/usr/sbin/"+name)
	if os.Getuid() != 0 || runtime.GOARCH != "amd64" || runtime.GOOS != "linux" {
		heavytest.Skip(t, name+" runs a container as root on x86_64 only")
	}
	out, err := exec.Command(program, "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	version, ok := seccomp.Version{}, false
	if m := regexp.MustCompile(name + ` version (\S+)`).FindSubmatch(out); m != nil {
		version, ok = seccomp.ParseVersion(string(m[1]))
	}
	if !ok {
		t.Fatalf("%s --version says %s", name, out)
	}
	target := targetFor(LoaderOCI, name, version.String(), installedLibseccomp(), "X86_64")
	for _, wrap := range []func(string, []string) []string{
		func(runtime string, args []string) []string { return append([]string{runtime}, args...) },
		// crun refuses a machine that has both versions of cgroups mounted.
		func(runtime string, args []string) []string {
			return append([]string{
				"unshare", "-m", "sh", "-c", `umount /sys/fs/cgroup/unified; exec "$0" "$@"`, runtime,
			}, args...)
		},
	} {
		c := &container{program, target, wrap, filepath.Join(t.TempDir(), name)}
		returned, exit, stderr, runErr := c.run([]byte(`{"defaultAction": "SCMP_ACT_ALLOW"}`),
			[]liveCall{newCall("x86_64", "getuid", [6]uint64{})})
		if runErr == nil && exit == 0 && slices.Equal(returned, []int64{0}) {
			return c
		}
		err = fmt.Errorf("exit status %d, %v, %s", exit, runErr, stderr)
	}
	heavytest.Skip(t, fmt.Sprintf("%s cannot run a container here: %v", name, err))
	return nil
}

// installedLibseccomp returns the build of the library that Debian's runtimes are linked with.
func installedLibseccomp() string {
	out, err := exec.Command("dpkg-query", "-W", "-f", "${Version}", "libseccomp2").Output()
	if _, known := parseLibseccomp(string(out)); err == nil && known == nil {
		return string(out)
	}
	if v, ok := seccomp.ParseVersion(string(out)); err == nil && ok {
		return v.String()
	}
	return "debian12"
}

// liveProfiles makes random profiles, and calls that try them.
type liveProfiles struct {
	*rand.Rand
	abis []string // those that the kernel has
}

// quietCalls are system calls that do the same for all the arguments that the calls of a profile are made with:
// nothing, or failing for a bad pointer or descriptor. Neither runc nor crun needs one of them to start a container.
var quietCalls = struct{ plain, new, x86 []string }{
	plain: []string{
		"getuid", "geteuid", "getgid", "getegid", "getppid", "getpgrp", "chmod", "mkdir", "rmdir", "unlink", "rename",
		"symlink", "link", "lchown", "bind", "connect", "getsockname",
	},
	new: []string{
		"clone3", "openat2", "faccessat2", "mount_setattr", "quotactl_fd", "futex_waitv", "fchmodat2", "mseal",
		"statmount", "listmount", "setxattrat", "listns",
	},
	x86: []string{
		"getuid", "geteuid", "getgid", "getegid", "getuid32", "getppid", "chmod", "mkdir", "rmdir", "socketcall",
		"bind", "connect", "getsockname",
	},
}

// startNames are what runc and crun need to start a container and the probe, and what goes with it in other releases.
const startNames = `
write exit_group execve close openat fstat fstatfs getdents64 statx newfstatat read lseek mmap mprotect munmap brk
rt_sigaction rt_sigprocmask rt_sigreturn ioctl pread64 access sched_yield madvise dup dup3 nanosleep clone exit
wait4 kill tgkill fcntl getcwd chdir fchdir fchown readlinkat faccessat prctl arch_prctl gettid getpid futex
sched_getaffinity set_tid_address restart_syscall epoll_create1 epoll_ctl epoll_pwait set_robust_list prlimit64
getrandom rseq sigaltstack capget capset umask setresuid setresgid setgroups setuid setgid pipe2 eventfd2
timer_settime timer_create timer_delete setitimer sendmsg recvmsg sendto recvfrom readlink statfs stat lstat open
writev mount umount2 clock_gettime clock_nanosleep`

var (
	liveErrnos = []string{
		"", `, "errnoRet": 13`, `, "errnoRet": 38`, `, "errnoRet": 3001`, `, "errnoRet": 3002`, `, "errnoRet": 68538`,
	}
	// Those that end the process are rare, as one call at most can show them.
	liveActions = []string{
		"ALLOW", "ALLOW", "ALLOW", "LOG", "ERRNO", "ERRNO", "ERRNO", "ERRNO", "ERRNO", "ERRNO", "TRACE", "KILL",
		"KILL_PROCESS", "TRAP",
	}
)

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func (r liveProfiles) action(actions []string) string {
	a := pick(r.Rand, actions)
	errno := ""
	if a == "ERRNO" {
		errno = pick(r.Rand, liveErrnos)
	}
	return fmt.Sprintf(`"action": "SCMP_ACT_%s"%s`, a, errno)
}

// value returns a number to compare with, now and then one beyond 32 bits.
func (r liveProfiles) value() uint64 {
	switch v := uint64(r.IntN(32)); r.IntN(40) {
	case 0:
		return v + 1<<32
	case 1:
		return v + 1<<32 - 16
	default:
		return v
	}
}

func (r liveProfiles) args() string {
	var conds []string
	add := func(index int) {
		op := pick(r.Rand, seccomp.Operators())
		if r.IntN(2) == 0 {
			op = "SCMP_CMP_EQ"
		}
		two := ""
		if op == "SCMP_CMP_MASKED_EQ" && r.IntN(6) > 0 {
			two = fmt.Sprintf(`, "valueTwo": %d`, r.IntN(32))
		}
		conds = append(conds, fmt.Sprintf(`{"index": %d, "value": %d, "op": %q%s}`, index, r.value(), op, two))
	}
	switch r.IntN(12) {
	case 0, 1, 2: // two arguments
		add(r.IntN(2))
		add(2 + r.IntN(2))
	case 3: // three arguments
		add(2)
		add(0)
		add(4)
	case 4: // one argument twice
		add(1)
		add(1)
	case 5: // more than crun reads
		for i := range 7 {
			add(i % 3)
		}
	default:
		add(r.IntN(3))
	}
	return strings.Join(conds, ", ")
}

// profile returns a profile in JSON.
func (r liveProfiles) profile() []byte {
	var b strings.Builder
	allowlist := r.IntN(2) == 0
	defaults := []string{"ALLOW", "ALLOW", "ALLOW", "LOG"}
	if allowlist {
		defaults = []string{"ERRNO", "ERRNO", "ERRNO", "ERRNO", "TRACE", "KILL", "KILL_PROCESS", "TRAP"}
	}
	action := strings.NewReplacer(`"action"`, `"defaultAction"`, `"errnoRet"`,
		`"defaultErrnoRet"`).Replace(r.action(defaults))
	fmt.Fprintf(&b, "{%s", action)
	if list := pick(r.Rand,
		[]string{
			"", "", `"X86_64"`, `"X86_64", "X86"`, `"X86_64", "X86", "X32"`, `"X86"`, `"X32"`, `"AARCH64", "X86_64"`,
		}); list != "" {
		fmt.Fprintf(&b, `, "architectures": [%s]`, strings.ReplaceAll(list, `"X`, `"SCMP_ARCH_X`))
	}
	var rules []string
	if allowlist {
		rules = append(rules,
			fmt.Sprintf(`{"names": ["%s"], "action": "SCMP_ACT_ALLOW"}`,
				strings.Join(strings.Fields(startNames), `", "`)))
	}
	// So that names come more than once.
	few := slices.Concat(quietCalls.plain[:6],
		pick(r.Rand, [][]string{quietCalls.plain[6:], quietCalls.new, quietCalls.x86}))
	for range 3 + r.IntN(12) {
		var names []string
		for range 1 + r.IntN(3) {
			switch r.IntN(16) {
			case 0:
				names = append(names,
					pick(r.Rand,
						[]string{
							"chmodd", "getuid ", "SYS_getuid", "GETUID", "102", "chown32", "arm_fadvise64_64",
							"frobnicate",
						}))
			default:
				names = append(names, pick(r.Rand, few))
			}
		}
		args := ""
		if r.IntN(3) > 0 {
			args = fmt.Sprintf(`, "args": [%s]`, r.args())
		}
		rules = append(rules,
			fmt.Sprintf(`{"names": ["%s"], %s%s}`, strings.Join(names, `", "`), r.action(liveActions), args))
	}
	if r.IntN(4) == 0 {
		rules = append(rules, pick(r.Rand, rules))
	}
	r.Shuffle(len(rules), func(i, j int) { rules[i], rules[j] = rules[j], rules[i] })
	fmt.Fprintf(&b, ", \"syscalls\": [\n%s]}", strings.Join(rules, ",\n"))
	return []byte(strings.ReplaceAll(b.String(), `"AARCH64"`, `"SCMP_ARCH_AARCH64"`))
}

// constants returns the numbers that a profile compares with.
func constants(p *seccomp.Profile) (all []uint64) {
	for _, rule := range p.Rules {
		for _, a := range rule.Args {
			all = append(all, a.Value.Value, a.ValueTwo.Value)
		}
	}
	return append(all, 0)
}

// registers returns arguments, most of them near those that the profile compares with.
func (r liveProfiles) registers(near []uint64) (args [6]uint64) {
	for i := range args {
		switch r.IntN(12) {
		case 0:
			args[i] = pick(r.Rand, near) + 1<<32
		case 1:
			args[i] = pick(r.Rand, []uint64{1<<32 - 1, 1<<64 - 1, 1 << 40})
		case 2, 3, 4:
			args[i] = uint64(r.IntN(33))
		case 5:
			args[i] = pick(r.Rand, near) + 1
		default:
			args[i] = pick(r.Rand, near)
		}
	}
	return args
}

// calls returns n calls, most of them of syscalls that the filter names. The last is one that may end the process,
// where there is such a call; with fewer than n where most do.
func (r liveProfiles) calls(f *Filter, n int) []liveCall {
	var calls, ending []liveCall
	near := constants(f.Profile)
	for tries := 0; len(calls) < n && tries < 40*n; tries++ {
		abi, names := pick(r.Rand, r.abis), slices.Concat(quietCalls.plain, quietCalls.new, []string{""})
		if abi == "x86" {
			names = append(slices.Clone(quietCalls.x86), "")
		}
		name := pick(r.Rand, names)
		if name != "" && !f.Named(name) && name != "socketcall" && r.IntN(6) > 0 {
			continue
		}
		call := newCall(abi, name, r.registers(near))
		if slices.ContainsFunc(call.outcomes(f), kills) {
			ending = []liveCall{call}
		} else {
			calls = append(calls, call)
		}
	}
	if len(ending) > 0 {
		calls = append(calls[:min(len(calls), n-1)], ending...)
	}
	return calls
}

// TestLive gives random profiles to the installed runtimes and compares what system calls return under them with what
// the engine says.
func TestLive(t *testing.T) {
	for _, name := range []string{"runc", "crun"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			liveRuntime(t, name).compare(t, *liveProfilesCount)
		})
	}
}

// permissive lets every call run.
const permissive = `{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", ` +
	`"SCMP_ARCH_X32"]}`

var (
	liveSeed          = flag.Uint64("live.seed", 11, "the seed of TestLive's profiles")
	liveProfilesCount = flag.Int("live.profiles", 300, "the number of TestLive's profiles")
)

// trial is a profile and the calls that try it.
type trial struct {
	text   []byte
	filter *Filter
	calls  []liveCall
	plain  []int64 // what the kernel answers to the calls
}

// trials makes random profiles and asks the kernel what the calls do without a filter.
func (c *container) trials(t *testing.T, n int) []trial {
	t.Helper()
	r := liveProfiles{rand.New(rand.NewPCG(2026, *liveSeed)), []string{"x86_64"}}
	// A kernel without 32-bit emulation has less to show.
	for _, abi := range []string{"x86_64", "x86", "x32"} {
		returned, exit, _, err := c.run([]byte(permissive), []liveCall{newCall(abi, "getuid", [6]uint64{})})
		if err == nil && exit == 0 && len(returned) == 1 {
			r.abis = append(r.abis, abi)
		}
	}
	var trials []trial
	var all []liveCall
	for range n {
		text := r.profile()
		p := seccomp.Parse(source.NewFile("p.json", text))
		if len(p.Problems) > 0 && !strings.Contains(p.Problems[0].Message, "7 conditions") {
			t.Fatalf("%s: %s", p.Problems[0].Message, text)
		}
		f := Compile(p, c.target)
		calls := r.calls(f, 16)
		trials = append(trials, trial{text: text, filter: f, calls: calls})
		all = append(all, calls...)
	}
	plain, exit, stderr, err := c.run([]byte(permissive), all)
	if err != nil || exit != 0 || len(plain) != len(all) {
		t.Fatalf("without a filter: exit status %d, %v, %s; %d of %d calls returned", exit, err, stderr, len(plain),
			len(all))
	}
	for i := range trials {
		trials[i].plain, plain = plain[:len(trials[i].calls)], plain[len(trials[i].calls):]
	}
	return trials
}

// miscompiled reports whether libseccomp is known to go wrong with a syscall of the profile.
func (t trial) miscompiled() bool {
	for _, a := range t.filter.Archs {
		for _, syscall := range seccomp.Syscalls() {
			if d := t.filter.Decide(a, syscall); len(d.Miscompiled()) > 0 {
				return true
			}
		}
	}
	return false
}

func (c *container) compare(t *testing.T, profiles int) {
	checks, several, refused, killed, hang := 0, 0, 0, 0, 0
	for i, trial := range c.trials(t, profiles) {
		refusals := trial.filter.Refusals()
		wantRefused := len(refusals) > 0
		returned, exit, stderr, err := c.run(trial.text, trial.calls)
		if errors.Is(err, errHangs) && trial.miscompiled() { // libseccomp does, in an endless loop
			hang++
			continue
		}
		if err != nil {
			t.Fatalf("profile %d: %v\n%s", i, err, trial.text)
		}
		text := strings.ReplaceAll(string(trial.text), strings.Join(strings.Fields(startNames), `", "`), "…")
		if started := len(returned) > 0 || exit == 0 || exit == exitSIGSYS; started == wantRefused {
			t.Errorf("profile %d: exit status %d, %s; the engine says refused: %v\n%s", i, exit, stderr, refusals, text)
			continue
		}
		if wantRefused {
			refused++
			continue
		}
		for j, call := range trial.calls {
			outcomes := call.outcomes(trial.filter)
			checks++
			if len(outcomes) > 1 {
				several++
			}
			if j < len(returned) {
				if !agrees(outcomes, returned[j], answers(trial.plain[j])) {
					t.Errorf("profile %d: %s returned %d, without a filter %d; the engine says %v\n%s", i, call,
						returned[j], trial.plain[j], outcomes, text)
				}
				continue
			}
			if exit == exitSIGSYS && slices.ContainsFunc(outcomes, kills) {
				killed++
			} else {
				t.Errorf("profile %d: exit status %d at %s, %s; the engine says %v\n%s", i, exit, call, stderr,
					outcomes, text)
			}
			break
		}
	}
	t.Logf("%s: %d calls under %d profiles; one of several outcomes is possible for %d, %d ended the process, %d "+
		"profiles are refused, libseccomp hangs for %d", c.target, checks, profiles, several, killed, refused, hang)
	if checks < profiles*8 || several*5 > checks {
		t.Errorf("of %d calls under %d profiles, %d say little", checks, profiles, several)
	}
}
