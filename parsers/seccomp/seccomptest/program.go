package seccomptest

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"time"
)

// Program is a command that runs in a container as Docker would start it: with the default capabilities, namespaces
// and file systems.
type Program struct {
	// Root is a folder whose programs and configuration the container sees, read-only: "/" for those of the machine.
	Root string
	// Script is run by /bin/sh in /tmp, which is writable, as are /root, /home, /nix, /run and /var.
	Script string
	// Profile is the JSON of linux.seccomp; "" for none.
	Profile string
	// User is the id of the user and the group.
	User int
	// Caps are capabilities besides the default ones: "CHECKPOINT_RESTORE". A user other than root has them not.
	Caps []string
	// Unmasked leaves /proc and /sys without what Docker puts over them, as systempaths=unconfined does.
	Unmasked bool
	// Cgroups mounts the machine's cgroups, which container engines look at.
	Cgroups bool
	// Shared are folders of the machine that the container sees under the same path, writable.
	Shared []string
}

// dockerDefaults are the capabilities of a container of Docker.
var dockerDefaults = []string{
	"CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP", "SETPCAP",
	"NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE",
}

type mount struct {
	Destination string   `json:"destination"`
	Type        string   `json:"type"`
	Source      string   `json:"source"`
	Options     []string `json:"options,omitempty"`
}

// Run runs a program and waits for its end. The exit status is that of the script.
func (r *Runtime) Run(p Program) (Result, error) {
	dir, err := os.MkdirTemp("", "container")
	if err != nil {
		return Result{}, err
	}
	defer os.RemoveAll(dir)
	root := filepath.Join(dir, "bundle", "rootfs")
	mounts := []mount{
		{"/proc", "proc", "proc", []string{"nosuid", "noexec", "nodev"}},
		{"/dev", "tmpfs", "tmpfs", []string{"nosuid", "mode=755"}},
		{"/dev/pts", "devpts", "devpts", []string{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}},
		{"/dev/shm", "tmpfs", "shm", []string{"nosuid", "noexec", "nodev", "mode=1777"}},
		{"/dev/mqueue", "mqueue", "mqueue", []string{"nosuid", "noexec", "nodev"}},
		{"/sys", "sysfs", "sysfs", []string{"nosuid", "noexec", "nodev", "ro"}},
	}
	if p.Cgroups {
		options := []string{"nosuid", "noexec", "nodev", "ro"}
		mounts = append(mounts, mount{"/sys/fs/cgroup", "cgroup", "cgroup", options})
	}
	folders := []string{"proc", "dev", "sys"}
	for _, name := range []string{"usr", "etc"} {
		folders = append(folders, name)
		mounts = append(mounts, mount{"/" + name, "bind", filepath.Join(p.Root, name), []string{"rbind", "ro"}})
	}
	for _, path := range p.Shared {
		folders = append(folders, path)
		mounts = append(mounts, mount{path, "bind", path, []string{"rbind", "rw"}})
	}
	open := []string{"tmp", "root", "home", "nix", "run", "var", "var/tmp"}
	for _, name := range append(folders, open...) {
		if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
			return Result{}, err
		}
	}
	for _, name := range []string{"bin", "sbin", "lib", "lib64"} {
		if err := os.Symlink("usr/"+name, filepath.Join(root, name)); err != nil {
			return Result{}, err
		}
	}
	for _, path := range []string{dir, filepath.Join(dir, "bundle"), root} {
		if err := os.Chmod(path, 0o755); err != nil {
			return Result{}, err
		}
	}
	for _, name := range open {
		if err := os.Chown(filepath.Join(root, name), p.User, p.User); err != nil {
			return Result{}, err
		}
	}
	config, err := json.Marshal(p.config(mounts))
	if err != nil {
		return Result{}, err
	}
	if err := os.WriteFile(filepath.Join(dir, "bundle", "config.json"), config, 0o644); err != nil {
		return Result{}, err
	}
	return r.run(dir, time.Minute)
}

// config returns what the runtime reads.
func (p *Program) config(mounts []mount) map[string]any {
	var caps []string
	for _, c := range append(dockerDefaults, p.Caps...) {
		caps = append(caps, "CAP_"+c)
	}
	sets := map[string]any{"bounding": caps}
	home := "/home"
	if p.User == 0 {
		sets["effective"], sets["permitted"], home = caps, caps, "/root"
	}
	var namespaces []map[string]string
	for _, name := range []string{"pid", "ipc", "uts", "mount", "network", "cgroup"} {
		namespaces = append(namespaces, map[string]string{"type": name})
	}
	linux := map[string]any{"namespaces": namespaces}
	if !p.Unmasked {
		linux["maskedPaths"] = []string{
			"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
			"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
			"/sys/devices/virtual/powercap",
		}
		linux["readonlyPaths"] = []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}
	}
	if p.Profile != "" {
		linux["seccomp"] = json.RawMessage(p.Profile)
	}
	return map[string]any{
		"ociVersion": "1.0.2", "hostname": "test", "root": map[string]any{"path": "rootfs"}, "mounts": mounts,
		"linux": linux,
		"process": map[string]any{
			"user": map[string]int{"uid": p.User, "gid": p.User},
			"args": []string{"/bin/sh", "-c", cmp.Or(p.Script, "true")}, "cwd": "/tmp",
			"env": []string{
				"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + home,
			},
			"noNewPrivileges": false, "capabilities": sets,
		},
	}
}
