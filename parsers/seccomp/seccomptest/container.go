package seccomptest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Runtime is an installed runc or crun that starts containers here.
type Runtime struct {
	// Name is "runc" or "crun", and Version what the program calls its release: "1.3.6".
	Name, Version string
	// Libseccomp is the release that the runtime was linked with: "2.5.4"; "" where the program does not say it.
	Libseccomp string
	// Path is the program.
	Path string

	wrap func(args []string) []string
}

// String returns "runc 1.3.6".
func (r *Runtime) String() string { return r.Name + " " + r.Version }

// Started is the exit status of the program of a container.
const Started = 42

// Container is what to start: a process that does nothing but end with the status Started.
type Container struct {
	// Profile is the JSON of linux.seccomp. "LISTENER" in it is replaced by the path of the socket of an agent that
	// lets every call go on that the filter notifies it of.
	Profile string
	// NoNewPrivileges is the field of config.json. Without it runtimes put the profile in force earlier.
	NoNewPrivileges bool
	// UID and GID are the user.
	UID, GID int
	// Patience is how long it may take; 0 for 20 seconds.
	Patience time.Duration
}

// Result is what became of a container.
type Result struct {
	// Exit is the exit status of the runtime, Started where the program ran; -1 where it did not end in time.
	Exit int
	// Stdout and Stderr are what the container and the runtime wrote.
	Stdout, Stderr string
}

// Started reports whether the container's program ran.
func (r Result) Started() bool { return r.Exit == Started }

// docker has the shape of what Docker hands to a runtime: capabilities, namespaces, and the usual file systems.
const docker = `{"ociVersion": "1.0.2", "hostname": "test", "root": {"path": "rootfs"}, "mounts": [
{"destination": "/proc", "type": "proc", "source": "proc"},
{"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]}],
"process": {"user": {"uid": %d, "gid": %d}, "args": ["/probe"], "cwd": "/", "env": ["PATH=/bin"],
"noNewPrivileges": %t, "capabilities": {"bounding": [%[4]s], "effective": [%[4]s], "permitted": [%[4]s]}},
"linux": {"namespaces": [{"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}, {"type": "network"}],
"maskedPaths": ["/proc/kcore", "/proc/keys"], "readonlyPaths": ["/proc/sys"], "seccomp": %s}}`

const dockerCaps = `"CAP_CHOWN", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE"`

var containers atomic.Int64

// Start starts a container and waits for its end.
func (r *Runtime) Start(c Container) (Result, error) {
	dir, err := os.MkdirTemp("", "container")
	if err != nil {
		return Result{}, err
	}
	defer os.RemoveAll(dir)
	bundle := filepath.Join(dir, "bundle")
	for _, name := range []string{"proc", "dev", "sys", "tmp"} {
		if err := os.MkdirAll(filepath.Join(bundle, "rootfs", name), 0o755); err != nil {
			return Result{}, err
		}
	}
	for _, name := range []string{dir, bundle} { // which a user of a container has to reach
		if err := os.Chmod(name, 0o755); err != nil {
			return Result{}, err
		}
	}
	if err := os.WriteFile(filepath.Join(bundle, "rootfs", "probe"), exitELF(Started), 0o755); err != nil {
		return Result{}, err
	}
	profile := c.Profile
	if strings.Contains(profile, "LISTENER") {
		socket := filepath.Join(dir, "agent")
		stop, err := serveAgent(socket)
		if err != nil {
			return Result{}, err
		}
		defer stop()
		profile = strings.ReplaceAll(profile, "LISTENER", socket)
	}
	config := fmt.Sprintf(docker, c.UID, c.GID, c.NoNewPrivileges, dockerCaps, profile)
	if err := os.WriteFile(filepath.Join(bundle, "config.json"), []byte(config), 0o644); err != nil {
		return Result{}, err
	}
	return r.run(dir, cmp.Or(c.Patience, 20*time.Second))
}

// run runs the container of the bundle below a folder, and removes what it leaves behind.
func (r *Runtime) run(dir string, patience time.Duration) (Result, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	id := fmt.Sprintf("sandlint-%d-%d", os.Getpid(), containers.Add(1))
	state := filepath.Join(dir, "state") // of its own, since crun may take a filter that it remembers there
	args := r.wrap([]string{r.Path, "--root", state, "run", "--bundle", filepath.Join(dir, "bundle"), id})
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	result := Result{-1, strings.TrimSpace(stdout.String()), strings.TrimSpace(stderr.String())}
	var exited *exec.ExitError
	switch {
	case ctx.Err() != nil:
		r.remove(state, id)
		return result, nil
	case err != nil && !errors.As(err, &exited):
		return Result{}, fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	case cmd.ProcessState.ExitCode() != Started:
		r.remove(state, id)
	}
	result.Exit = cmd.ProcessState.ExitCode()
	return result, nil
}

// Command returns the command that calls the runtime with arguments, in the way that this machine needs.
func (r *Runtime) Command(args ...string) *exec.Cmd {
	args = r.wrap(append([]string{r.Path}, args...))
	return exec.Command(args[0], args[1:]...)
}

// remove removes what a container that failed leaves behind.
func (r *Runtime) remove(state, id string) {
	args := r.wrap([]string{r.Path, "--root", state, "delete", "--force", id})
	_ = exec.Command(args[0], args[1:]...).Run()
	groups, _ := filepath.Glob("/sys/fs/cgroup/*/" + id)
	for _, dir := range groups {
		_ = os.Remove(dir) // which only an empty one lets happen
	}
}

// exitELF returns a static program for x86_64 that makes one system call, exit_group(2) with a status.
func exitELF(status byte) []byte {
	const base, header = 0x400000, 64 + 56
	code := []byte{0xb8, 231, 0, 0, 0, 0xbf, status, 0, 0, 0, 0x0f, 0x05, 0xf4} // mov eax, mov edi, syscall, hlt
	var b bytes.Buffer
	b.WriteString("\x7fELF\x02\x01\x01")
	b.Write(make([]byte, 9))
	size := uint64(header + len(code))
	// ET_EXEC for EM_X86_64, the entry, the program headers, and no section headers; then one PT_LOAD of everything.
	for _, v := range []any{
		uint16(2), uint16(62), uint32(1), uint64(base + header), uint64(64), uint64(0), uint32(0), uint16(64),
		uint16(56), uint16(1), uint16(0), uint16(0), uint16(0),
		uint32(1), uint32(5), uint64(0), uint64(base), uint64(base), size, size, uint64(0x1000),
	} {
		if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
	b.Write(code)
	return b.Bytes()
}

// RuntimesVariable is the variable of the environment that names folders with further runtimes, called
// runc-1.3.6 or crun-1.28, between colons.
const RuntimesVariable = "SANDLINT_RUNTIMES"

// Runtimes returns the runtimes that start a container here, runc's first: those of the system, and those that
// RuntimesVariable names. There are none for users other than root and on other machines than x86_64.
var Runtimes = sync.OnceValue(func() (found []*Runtime) {
	if os.Getuid() != 0 || runtime.GOARCH != "amd64" || runtime.GOOS != "linux" {
		return nil
	}
	var programs []string
	for _, name := range []string{"runc", "crun"} {
		for _, path := range []string{name, "/usr/sbin/" + name} {
			if program, err := exec.LookPath(path); err == nil {
				programs = append(programs, program)
				break
			}
		}
		for _, dir := range filepath.SplitList(os.Getenv(RuntimesVariable)) {
			more, _ := filepath.Glob(filepath.Join(dir, name+"-*"))
			slices.Sort(more)
			programs = append(programs, more...)
		}
	}
	for _, program := range programs {
		r, err := OpenRuntime(program)
		if err == nil && !slices.ContainsFunc(found, func(o *Runtime) bool { return *r.id() == *o.id() }) {
			found = append(found, r)
		}
	}
	return found
})

// id is the same for equal releases.
func (r *Runtime) id() *[3]string { return &[3]string{r.Name, r.Version, r.Libseccomp} }

var (
	runtimeVersion = regexp.MustCompile(`^(runc|crun) version (\S+)`)
	withLibseccomp = regexp.MustCompile(`libseccomp: (\S+)`)
)

// OpenRuntime returns the runtime that a program is, or an error where it starts no container here.
func OpenRuntime(program string) (*Runtime, error) {
	out, err := exec.Command(program, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", program, err)
	}
	m := runtimeVersion.FindSubmatch(out)
	if m == nil {
		return nil, fmt.Errorf("%s is neither runc nor crun", program)
	}
	r := &Runtime{Name: string(m[1]), Version: strings.ReplaceAll(string(m[2]), "~", "-"), Path: program}
	r.Version, _, _ = strings.Cut(r.Version, "+")
	if lib := withLibseccomp.FindSubmatch(out); lib != nil {
		r.Libseccomp = string(lib[1])
	}
	for _, wrap := range []func([]string) []string{
		func(args []string) []string { return args },
		// crun refuses a machine that has both versions of cgroups mounted.
		func(args []string) []string {
			return append([]string{
				"unshare", "-m", "sh", "-c", `umount /sys/fs/cgroup/unified; exec "$0" "$@"`,
			}, args...)
		},
	} {
		r.wrap = wrap
		var result Result
		if result, err = r.Start(Container{Profile: `{"defaultAction": "SCMP_ACT_ALLOW"}`}); err == nil {
			if result.Started() {
				return r, nil
			}
			err = fmt.Errorf("%s starts no container: exit status %d, %s", program, result.Exit, result.Stderr)
		}
	}
	return nil, err
}
