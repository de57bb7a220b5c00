package seccomp

import "slices"

// Twins are syscalls that do the same thing in different ways, so to refuse one of them and let another through
// refuses nothing.
type Twins struct {
	// What says what they do, as a verb phrase: "open a file".
	What string
	// Of are those that the others replace.
	Of []string
	// By are those that each do all that one of Of does. A name is often in both.
	By []string
	// Whole says that a program loses no more than What when all of By are refused. It does not hold for clone, which
	// also makes threads.
	Whole bool
}

func same(what string, names ...string) Twins { return Twins{what, names, names, true} }

// twins were put together from syscalls(2) and the manual page of each call, man-pages 6.9, and the kernel's table of
// Linux 6.18.
var twins = [...]Twins{
	{"open a file", []string{"open", "openat", "openat2", "creat"}, []string{"open", "openat", "openat2"}, true},
	same("change the mode of a file", "chmod", "fchmod", "fchmodat", "fchmodat2"),
	same("change the owner of a file", "chown", "lchown", "fchown", "fchownat", "chown32", "lchown32", "fchown32"),
	same("run a program", "execve", "execveat"),
	{
		"make a process", []string{"fork", "vfork", "clone", "clone3"}, []string{"fork", "vfork", "clone", "clone3"},
		false,
	},
	{"make a namespace", []string{"unshare"}, []string{"clone", "clone3"}, false},
	{"mount a file system", []string{"mount"}, []string{"fsmount", "move_mount", "open_tree", "open_tree_attr"}, true},
	same("unmount a file system", "umount", "umount2"),
	{
		"read the memory of another process", []string{"ptrace", "process_vm_readv"},
		[]string{"ptrace", "process_vm_readv"}, true,
	},
	{
		"write to the memory of another process", []string{"ptrace", "process_vm_writev"},
		[]string{"ptrace", "process_vm_writev"}, true,
	},
	same("load a kernel module", "init_module", "finit_module"),
	same("load another kernel", "kexec_load", "kexec_file_load"),
	same("send a signal", "kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"),
	same("rename a file", "rename", "renameat", "renameat2"),
	same("make a hard link", "link", "linkat"),
	same("make a symbolic link", "symlink", "symlinkat"),
	{"remove a file", []string{"unlink", "unlinkat"}, []string{"unlink", "unlinkat"}, true},
	{"remove a folder", []string{"rmdir"}, []string{"unlinkat"}, true},
	same("make a folder", "mkdir", "mkdirat"),
	same("make a device file", "mknod", "mknodat"),
	same("set an extended attribute", "setxattr", "lsetxattr", "fsetxattr", "setxattrat"),
	same("read an extended attribute", "getxattr", "lgetxattr", "fgetxattr", "getxattrat"),
	same("list extended attributes", "listxattr", "llistxattr", "flistxattr", "listxattrat"),
	same("remove an extended attribute", "removexattr", "lremovexattr", "fremovexattr", "removexattrat"),
	same("truncate a file", "truncate", "ftruncate", "truncate64", "ftruncate64"),
	same("set the clock", "settimeofday", "clock_settime", "clock_settime64", "stime"),
	same("adjust the clock", "adjtimex", "clock_adjtime", "clock_adjtime64"),
	same("accept a connection", "accept", "accept4"),
	same("send a message", "sendto", "sendmsg", "sendmmsg"),
	same("receive a message", "recvfrom", "recvmsg", "recvmmsg", "recvmmsg_time64"),
	{"set a resource limit", []string{"setrlimit", "prlimit64"}, []string{"setrlimit", "prlimit64"}, true},
	same("read the metadata of a file", "stat", "lstat", "fstat", "newfstatat", "stat64", "lstat64", "fstat64",
		"fstatat64", "statx"),
	same("set the user of a process", "setuid", "setreuid", "setresuid", "setuid32", "setreuid32", "setresuid32"),
	same("set the group of a process", "setgid", "setregid", "setresgid", "setgid32", "setregid32", "setresgid32"),
	same("set the supplementary groups of a process", "setgroups", "setgroups32"),
}

// AllTwins returns all groups of syscalls that do the same thing. The caller must not change them.
func AllTwins() []Twins { return twins[:] }

// Equivalents returns the syscalls that do what a syscall does, sorted; nil for one that has none.
func Equivalents(name string) []string {
	var out []string
	for _, t := range twins {
		if slices.Contains(t.Of, name) {
			for _, other := range t.By {
				if other != name && !slices.Contains(out, other) {
					out = append(out, other)
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

// Danger is a group of syscalls that let a container reach further than a container should.
type Danger struct {
	// Names are the syscalls.
	Names []string
	// What is what a program does with them, after "lets every process ".
	What string
	// Minor says that the kernel itself prevents it or that little is gained by it: worth knowing, no more.
	Minor bool
	// Only is "arguments" where the danger is in some arguments only, so a rule with conditions is harmless, and
	// "kernel" where it is in kernels before 4.8 only.
	Only string
}

// dangers were put together from the manual pages of the calls and the reasons in Docker's documentation of its
// default profile, November 2026.
var dangers = [...]Danger{
	{
		Names: []string{"init_module", "finit_module", "delete_module", "create_module"},
		What:  "with CAP_SYS_MODULE load code into the kernel",
	},
	{Names: []string{"kexec_load", "kexec_file_load"}, What: "with CAP_SYS_BOOT replace the running kernel"},
	{Names: []string{"reboot"}, What: "with CAP_SYS_BOOT stop or restart the machine"},
	{Names: []string{"bpf"}, What: "load programs into the kernel where unprivileged BPF is on"},
	{
		Names: []string{"perf_event_open"},
		What:  "use the kernel's performance counters, which have leaked the data of others",
	},
	{Names: []string{"userfaultfd"}, What: "stop the kernel in the middle of a copy, a common step of kernel exploits"},
	{Names: []string{"add_key", "keyctl", "request_key"}, What: "use the kernel's keyring, which containers share"},
	{
		Names: []string{
			"mount", "umount", "umount2", "pivot_root", "move_mount", "open_tree", "open_tree_attr", "fsopen",
			"fsconfig", "fsmount", "fspick", "mount_setattr",
		}, What: "with CAP_SYS_ADMIN, if only in a user namespace of its own, mount file systems",
	},
	{
		Names: []string{"open_by_handle_at"},
		What:  "with CAP_DAC_READ_SEARCH open files outside of the container by their inode",
	},
	{
		Names: []string{"io_uring_setup", "io_uring_enter", "io_uring_register"},
		What:  "open files and sockets past the profile, and reach a part of the kernel with many exploits",
	},
	{
		Names: []string{"ptrace"},
		What:  "change the number of a system call after the filter has seen it, in kernels before 4.8", Only: "kernel",
	},
	{
		Names: []string{"process_vm_readv", "process_vm_writev"},
		What:  "read and write memory without the checks that came with Linux 4.8", Only: "kernel",
	},
	{Names: []string{"iopl", "ioperm"}, What: "with CAP_SYS_RAWIO use the ports of the hardware"},
	{Names: []string{"swapon", "swapoff"}, What: "with CAP_SYS_ADMIN change the swap space of the machine"},
	{Names: []string{"acct"}, What: "with CAP_SYS_PACCT switch the machine's process accounting"},
	{Names: []string{"quotactl", "quotactl_fd"}, What: "with CAP_SYS_ADMIN change disk quotas of the machine"},
	{
		Names: []string{"personality"}, What: "switch off address space randomisation for the programs that it starts",
		Only: "arguments", Minor: true,
	},
	{
		Names: []string{"modify_ldt"}, What: "use 16-bit segments, old code of the kernel with a history of holes",
		Minor: true,
	},
	{
		Names: []string{"vm86", "vm86old"}, What: "run 16-bit programs, old code of the kernel with a history of holes",
		Minor: true,
	},
}

// Dangers returns all groups of dangerous syscalls. The caller must not change them.
func Dangers() []Danger { return dangers[:] }
