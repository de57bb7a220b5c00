package seccomp

// Fallback is a syscall that programs try first and, where the kernel answers ENOSYS and only then, do without.
type Fallback struct {
	Name string
	// By says whose programs do so: "glibc 2.33 and musl".
	By string
	// To are the syscalls that they make instead. Each ABI has some of them, and one is enough.
	To []string
}

// FallbackCapable returns the syscalls that programs in wide use can do without if the answer is ENOSYS, and for
// which any other answer is taken as that of a kernel that has them: an EPERM is then an error of the whole
// operation. They are in order of their numbers on 64-bit machines. The caller must not change them.
//
// Read in November 2026 in glibc 2.42 (sysdeps/unix/sysv/linux: clone-internal.c, spawni.c, faccessat.c, fchmodat.c,
// fexecve.c, statx.c, fstatat64.c; stdlib/arc4random.c), musl 1.2.5 (src: unistd/faccessat.c, stat/fchmodat.c,
// linux/statx.c, process/fexecve.c), GLib 2.86 (glib/glib-unix.c), gnulib (lib/renameatu.c, openat2.c) and ivykis
// (iv_fd_epoll.c, buytenh/ivykis#33). What is not here: calls whose users take EPERM like ENOSYS, as systemd does
// everywhere, Go, Rust and coreutils with copy_file_range, runc with close_range, crun with openat2, libuv with
// io_uring_setup; those without an equal, such as rseq; futex_waitv, which only Wine tried so, until 2025
// (ValveSoftware/wine#256); the mount calls of libmount 2.39, which want a capability anyway; and the calls with
// 64-bit times, which Time64Twins has.
func FallbackCapable() []Fallback { return fallbackCapable[:] }

var fallbackCapable = [...]Fallback{
	{"renameat2", "mv of GNU coreutils", []string{"renameat", "rename"}},
	{"getrandom", "arc4random of glibc 2.36", []string{"openat", "open"}},
	{"execveat", "fexecve of glibc and musl", []string{"execve"}},
	{"statx", "statx of glibc and musl", []string{"newfstatat", "fstatat64"}},
	{"clone3", "glibc 2.34", []string{"clone"}},
	{"close_range", "GLib 2.72", []string{"close"}},
	{"openat2", "gnulib", []string{"openat"}},
	{"faccessat2", "faccessat of glibc 2.33 and musl", []string{"faccessat"}},
	{"epoll_pwait2", "syslog-ng", []string{"epoll_pwait", "epoll_wait"}},
	{"fchmodat2", "tar and others with glibc 2.39", []string{"fchmodat", "chmod"}},
}

// Probe is a syscall that programs try at their start or on the way, and do without where the answer is an errno.
type Probe struct {
	Name string
	// By says whose programs do so: "glibc 2.35".
	By string
}

// Probes returns the syscalls that programs in wide use try, in order of their numbers on x86_64. Killed for one of
// them, programs end that would take ENOSYS for an answer. The caller must not change them.
//
// Measured on Debian 12 (x86_64, Linux 6.18, glibc 2.36) in November 2026: a filter that kills for one syscall alone,
// and then one that answers ENOSYS, was put in force before true, bash, python3, perl, node, java, git, curl, busybox,
// cp, mv, ls, cat, sort, find, sed, tar, id, a program in Go and others were started, for every syscall that there is;
// what By names ended under the first and ran under the second. io_uring_setup is not measured but reported of libuv
// (stacklok/go-microvm#76). What programs cannot do without is in ProcessNeeds, and clone3, which
// seccomp/clone3-not-enosys is about, is not here.
func Probes() []Probe { return probes[:] }

var probes = [...]Probe{
	{"lseek", "Python, Perl, ls, cp and sort"},
	{"munmap", "every program with glibc's shared libraries"},
	{"brk", "every program with glibc"},
	{"rt_sigaction", "bash, Python, git and sort"},
	{"rt_sigprocmask", "bash and git"},
	{"ioctl", "bash, Python, Perl, ls, cp and find"},
	{"access", "every program with glibc's shared libraries"},
	{"madvise", "the runtimes of Go and Java"},
	{"getpid", "bash, Python and the runtime of Go"},
	{"socket", "ls -l, id and tar with glibc, which ask nscd"},
	{"uname", "bash, find and curl"},
	{"readlink", "Python, Perl and busybox"},
	{"sysinfo", "bash, Python and sort with glibc 2.36"},
	{"getuid", "bash, Python and sort"},
	{"getgid", "bash, Python and sort"},
	{"geteuid", "bash, Python, cp and sort"},
	{"getegid", "bash, Python and sort"},
	{"statfs", "ls, cp, mv, find, sed and tar, which ask for SELinux"},
	{"prctl", "busybox, and the runtimes of Go 1.25 and Java"},
	{"getxattr", "ls of GNU coreutils"},
	{"lgetxattr", "ls of GNU coreutils"},
	{"sched_getaffinity", "the runtime of Go, Node and sort"},
	{"set_tid_address", "every program with glibc"},
	{"fadvise64", "cp, cat and sort of GNU coreutils"},
	{"set_robust_list", "every program with glibc"},
	{"epoll_create1", "Python"},
	{"prlimit64", "every program with glibc's shared libraries"},
	{"renameat2", "mv of GNU coreutils"},
	{"getrandom", "most programs with glibc 2.36"},
	{"copy_file_range", "cp and mv of GNU coreutils 9"},
	{"statx", "ls of GNU coreutils, and Node"},
	{"rseq", "every program with glibc 2.35"},
	{"io_uring_setup", "libuv, so Node"},
	{"close_range", "Python's subprocess, and GLib 2.72"},
	{"faccessat2", "faccessat of glibc 2.33, so test -x of bash"},
}

// Time64Twin is a syscall of 32-bit ABIs that takes 32-bit times, and the one of Linux 5.1 that does the same with
// 64-bit times.
type Time64Twin struct{ Name, Twin string }

// Time64Twins returns the pairs, sorted by name. musl 1.2 and glibc 2.34 with 64-bit times call the twin first, and
// the old one if the answer is ENOSYS. The 64-bit ABIs have no twins. The caller must not change them.
//
// They are the names of libseccomp 2.6.1 that came with Linux 5.1 and end in 64, as syscalls(2) has them.
func Time64Twins() []Time64Twin { return time64Twins[:] }

var time64Twins = [...]Time64Twin{
	{"clock_adjtime", "clock_adjtime64"},
	{"clock_getres", "clock_getres_time64"},
	{"clock_gettime", "clock_gettime64"},
	{"clock_nanosleep", "clock_nanosleep_time64"},
	{"clock_settime", "clock_settime64"},
	{"futex", "futex_time64"},
	{"io_pgetevents", "io_pgetevents_time64"},
	{"mq_timedreceive", "mq_timedreceive_time64"},
	{"mq_timedsend", "mq_timedsend_time64"},
	{"ppoll", "ppoll_time64"},
	{"pselect6", "pselect6_time64"},
	{"recvmmsg", "recvmmsg_time64"},
	{"rt_sigtimedwait", "rt_sigtimedwait_time64"},
	{"sched_rr_get_interval", "sched_rr_get_interval_time64"},
	{"semtimedop", "semtimedop_time64"},
	{"timer_gettime", "timer_gettime64"},
	{"timer_settime", "timer_settime64"},
	{"timerfd_gettime", "timerfd_gettime64"},
	{"timerfd_settime", "timerfd_settime64"},
	{"utimensat", "utimensat_time64"},
}

// ProcessNeed is something that processes cannot do without.
type ProcessNeed struct {
	// AnyOf are the syscalls that do it; one of them is enough.
	AnyOf []string
	// Who are the programs that need it, as the subject of a sentence: "no program with shared libraries can start".
	Who string
	// ABI is the only ABI with the need; "" for all.
	ABI string
}

const (
	noProgram = "no program can run"
	// Measured with glibc 2.36: it tries exit_group and then exit, and without either it executes an invalid
	// instruction.
	noEnd     = "every program crashes when it ends"
	noC       = "hardly any program but those in Go can start"
	noShared  = "no program with shared libraries can start"
	noGNU     = "no program with glibc's shared libraries can start"
	noHandler = "programs crash at the end of a signal handler"
)

// ProcessNeeds returns what processes need from the kernel, the most severe first. The caller must not change it.
//
// Measured on Debian 12 (x86_64, Linux 6.18, glibc 2.36) in November 2026: a filter that denies nothing but the names
// of a line, with EPERM and with ENOSYS, was put in force before bash, perl, static busybox, and small programs in C
// (static, dynamic, with a signal handler) and Go 1.26 were started; they fail at once, or end in a segmentation
// fault, all that the line names. What they can do without is not here: brk, munmap, access, set_tid_address,
// set_robust_list, rseq, prlimit64, getrandom. Newer and older releases of glibc differ in which of fstat and
// newfstatat they call, and on LoongArch they call statx.
func ProcessNeeds() []ProcessNeed { return processNeeds[:] }

var processNeeds = [...]ProcessNeed{
	{[]string{"execve", "execveat"}, noProgram, ""},
	{[]string{"mmap", "mmap2", "brk"}, noProgram, ""},
	{[]string{"arch_prctl"}, noProgram, "x86_64"},
	{[]string{"mprotect"}, noC, ""},
	{[]string{"mmap", "mmap2"}, noShared, ""},
	{[]string{"openat", "open"}, noShared, ""},
	{[]string{"read"}, noShared, ""},
	{[]string{"newfstatat", "fstat", "fstatat64", "fstat64", "statx"}, noShared, ""},
	{[]string{"close"}, noShared, ""},
	{[]string{"pread64"}, noGNU, ""},
	{[]string{"rt_sigreturn", "sigreturn"}, noHandler, ""},
	{[]string{"exit_group", "exit"}, noEnd, ""},
}
