// Package nested knows what programs that sandbox others, or that restore processes, need where they run in a container
// themselves: syscalls that the default profiles of engines refuse, and options of the container.
//
// Each need was found with the real program in containers of runc 1.5.3, on Linux 6.18 for x86_64, under Docker's
// default profile with the default capabilities: all names that might matter were allowed, then one was taken out after
// the other as long as the program still worked. testdata/live repeats the last step with runc and crun. What was only
// read says so.
package nested

import (
	"slices"
	"sync"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

// Need is a syscall without which a program does not work.
type Need struct {
	Syscall string
	// Program and Since are set where only newer releases need it: those of Program from Since on.
	Program string
	Since   seccomp.Version
	// Without is what the program says where the call is refused.
	Without string
}

// Option is something that a container needs besides the profile.
type Option struct {
	// Docker and Podman are arguments of "docker run" and "podman run": "--security-opt systempaths=unconfined". Both
	// are empty for what no option is for.
	Docker, Podman string
	// Why says what it is for, as the end of a sentence: "since a new /proc cannot be mounted where …".
	Why string
}

// Tool is a use of a program that needs more than a default container has.
type Tool struct {
	// Name is what the user calls it: "nix-sandbox".
	Name string
	// Does says what works then, as the end of "so that": "Nix builds in its sandbox".
	Does  string
	Needs []Need
	// Options go with the profile, in order.
	Options []Option
	// Measured are the releases with which the needs were found.
	Measured []string
	// Notes are further facts, whole sentences.
	Notes []string
}

// unmasked is the option that lets a container mount a new proc file system: the kernel refuses that in a user
// namespace where parts of the visible one are covered, as engines cover /proc/kcore and others.
func unmasked(why string) Option {
	return Option{
		Docker: "--security-opt systempaths=unconfined", Podman: "--security-opt unmask=ALL", Why: why,
	}
}

func release(s string) seccomp.Version {
	v, ok := seccomp.ParseVersion(s)
	if !ok {
		panic("bad release: " + s)
	}
	return v
}

// bubblewrap are the needs of bwrap, which opam and Flatpak run.
func bubblewrap() []Need {
	return []Need{
		{Syscall: "clone", Without: "bwrap: No permissions to create new namespace"},
		{Syscall: "mount", Without: "bwrap: Failed to make / slave: Operation not permitted"},
		{
			Syscall: "mount_setattr", Program: "bubblewrap", Since: release("0.13"),
			Without: "bwrap: Can't bind mount / on /: mount_setattr() failed at \"/newroot\": Operation not permitted",
		},
		{Syscall: "pivot_root", Without: "bwrap: pivot_root: Operation not permitted"},
		{Syscall: "umount2", Without: "bwrap: unmount old root: Operation not permitted"},
		{Syscall: "unshare", Without: "bwrap: unshare user ns: Operation not permitted"},
	}
}

// Tools returns what is known, sorted by name. The caller must not change it.
var Tools = sync.OnceValue(func() []Tool {
	bwraps := []string{"bubblewrap 0.8.0", "bubblewrap 0.12.0", "bubblewrap 0.13.1"}
	return []Tool{
		{
			Name: "bubblewrap", Does: "bwrap creates its namespaces", Needs: bubblewrap(),
			Options: []Option{unmasked("for \"bwrap --proc\": " +
				"a new /proc cannot be mounted where the engine covers parts of the visible one")},
			Measured: bwraps,
			Notes: []string{
				"As root, bwrap needs --unshare-user (or --unshare-all); " +
					"without it, it wants CAP_SYS_ADMIN instead of a user namespace. Root can do without unshare.",
				"CAP_SYS_ADMIN alone is not enough: Docker's profile never allows pivot_root.",
			},
		},
		{
			Name: "chromium", Does: "Chromium starts its renderers in its namespace sandbox",
			Needs: []Need{
				{Syscall: "clone", Without: "No usable sandbox!"},
				{Syscall: "unshare", Without: "No usable sandbox!"},
				// Docker's profile allows it to containers with CAP_SYS_CHROOT, which they have by default.
				{Syscall: "chroot", Without: "No usable sandbox!"},
			},
			Options: []Option{
				{
					Docker: "--user 1000", Podman: "--user 1000",
					Why: "or another user than root: as root, Chromium refuses to start with its sandbox",
				},
				{
					Docker: "--shm-size 1g", Podman: "--shm-size 1g",
					Why: "where pages are large: Chromium keeps them in /dev/shm, which has 64 MB by default (read)",
				},
			},
			Measured: []string{"chromium 156"},
			Notes: []string{
				"With cap_drop: ALL, Docker's default profile refuses chroot too; name it to allow it: " +
					"\"derive --for chromium chroot\".",
			},
		},
		{
			Name: "criu", Does: "CRIU restores a process",
			Needs: []Need{{Syscall: "clone3", Without: "Error (criu/cr-restore.c): Setting PID failed"}},
			Options: []Option{{
				Docker: "--cap-add CHECKPOINT_RESTORE", Podman: "--cap-add CHECKPOINT_RESTORE",
				Why: "for \"criu --unprivileged restore\"",
			}},
			Measured: []string{"criu 4.2.1"},
			Notes: []string{
				"The checkpoint has to be made without a profile: the kernel refuses CRIU to suspend the filter of " +
					"a process while it runs under a filter itself.",
				"clone3 is how a process gets its old id again. " +
					"With a writable /proc/sys (systempaths=unconfined) CRIU does without it.",
			},
		},
		{
			Name: "nix-sandbox", Does: "Nix builds with sandbox = true",
			Needs: []Need{
				{Syscall: "clone", Without: "cloning builder process: Operation not permitted"},
				{Syscall: "mount", Without: "this system does not support the kernel namespaces"},
				{Syscall: "pivot_root", Without: "cannot pivot old root directory: Operation not permitted"},
				{Syscall: "setdomainname", Without: "cannot set domain name: Operation not permitted"},
				{Syscall: "sethostname", Without: "cannot set host name: Operation not permitted"},
				{Syscall: "umount2", Without: "cannot unmount real root filesystem: Operation not permitted"},
				{Syscall: "unshare", Without: "unsharing mount namespace: Operation not permitted"},
			},
			Options: []Option{unmasked("since the sandbox mounts a /proc of its own, " +
				"which is refused where the engine covers parts of the visible one")},
			Measured: []string{"nix 2.8.0", "nix 2.26.3", "nix 2.34.8"},
			Notes: []string{
				"No capability is needed. CAP_SYS_ADMIN alone is not enough: " +
					"Docker's profile never allows pivot_root.",
				"Set sandbox-fallback = false in nix.conf; " +
					"otherwise Nix builds without the sandbox where it cannot create it.",
			},
		},
		{
			Name: "opam", Does: "opam builds packages in bubblewrap", Needs: bubblewrap(),
			Options: []Option{{
				Docker: "--user 1000", Podman: "--user 1000",
				Why: "or another user than root: opam asks bwrap for no user namespace, " +
					"and as root bwrap then wants CAP_SYS_ADMIN",
			}},
			Measured: []string{
				"opam 2.1.2 with bubblewrap 0.8.0", "opam 2.6.1 with bubblewrap 0.13.1",
			},
			Notes: []string{"\"opam init -y\" disables the sandbox without asking where it does not work."},
		},
		{
			Name: "podman", Does: "podman run and podman build work inside the container",
			Needs: []Need{
				{Syscall: "clone", Without: "cannot clone: Operation not permitted"},
				{Syscall: "keyctl", Without: "crun: join keyctl: Operation not permitted"},
				{Syscall: "mount", Without: "failed to mount shm tmpfs: operation not permitted"},
				{Syscall: "mount_setattr", Without: "crun: mount_setattr `/sys`: Operation not permitted"},
				{Syscall: "move_mount", Without: "crun: move mount to `/proc/self/fd/14`: Operation not permitted"},
				{Syscall: "open_tree", Without: "crun: open_tree `/sys`: Operation not permitted"},
				{Syscall: "pivot_root", Without: "crun: pivot_root: Operation not permitted"},
				{Syscall: "sethostname", Without: "crun: sethostname: Operation not permitted"},
				{Syscall: "umount2", Without: "crun: umount2 oldroot: Operation not permitted"},
				{Syscall: "unshare", Without: "podman build: operation not permitted"},
			},
			Options: []Option{
				unmasked("since the inner container mounts a /proc of its own, " +
					"which is refused where the engine covers parts of the visible one"),
			},
			Measured: []string{"podman 5.4.2 and 5.8.6 with crun, --storage-driver=vfs, and --network=host or none"},
			Notes: []string{
				"For users other than root, newuidmap and newgidmap need file capabilities " +
					"(setcap cap_setuid=ep and cap_setgid=ep); with the setuid bit alone they fail in a container.",
				"The overlay storage driver also needs --device /dev/fuse (read).",
			},
		},
	}
})

// Lookup returns the tool with a name.
func Lookup(name string) (*Tool, bool) {
	tools := Tools()
	i := slices.IndexFunc(tools, func(t Tool) bool { return t.Name == name })
	if i < 0 {
		return nil, false
	}
	return &tools[i], true
}

// Names returns the names of all tools.
func Names() (names []string) {
	for _, t := range Tools() {
		names = append(names, t.Name)
	}
	return names
}

// Syscalls returns the names of the syscalls that a tool needs, sorted, where releases says how old its programs are:
// the release by the program's name. A program that it does not name is the newest.
func (t *Tool) Syscalls(releases map[string]seccomp.Version) (names []string) {
	for _, n := range t.Needs {
		if v, given := releases[n.Program]; !given || !v.Less(n.Since) {
			names = append(names, n.Syscall)
		}
	}
	slices.Sort(names)
	return names
}

// Programs returns the programs whose releases make a difference, sorted.
func Programs() (programs []string) {
	for _, t := range Tools() {
		for _, n := range t.Needs {
			if n.Program != "" && !slices.Contains(programs, n.Program) {
				programs = append(programs, n.Program)
			}
		}
	}
	slices.Sort(programs)
	return programs
}
