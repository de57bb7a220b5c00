// Package live replays hazards with the real programs. The README beside it says how.
package live

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/seccomp/nested"
	"github.com/sandlint/sandlint/parsers/seccomp/seccomptest"
)

// RootsVariable is the variable of the environment that names folders with further root file systems, between colons:
// those of other releases of the programs.
const RootsVariable = "SANDLINT_ROOTS"

// scene is a program that needs more than a default container has.
type scene struct {
	tool    string // the name for derive --for
	program string // below the root file system
	script  string // ends with 0 where the program does its work in its sandbox
	user    int
	unmask  bool // the options of the tool have systempaths=unconfined, and it fails without
	caps    []string
	cgroups bool
	// before runs without a profile first, with the folder that it shares with the script.
	before string
	// without says how the program fails under the default profile.
	without string
}

// nixBuild builds a derivation in the sandbox and checks that it was one: the root has no /usr there.
const nixBuild = `mkdir -p c; { echo "sandbox = true"; echo "sandbox-fallback = false"; echo "build-users-group =";
echo "substituters ="; echo "sandbox-paths = /bin/sh=/usr/bin/dash /lib=/usr/lib /lib64=/usr/lib64"; } > c/nix.conf
export NIX_CONF_DIR=/tmp/c NIX_REMOTE=local
nix-build --no-out-link -E 'derivation { name = "x"; system = "x86_64-linux"; builder = "/bin/sh";
args = [ "-c" "set -- /*; echo $* > $out" ]; }' && grep /build /nix/store/*-x && ! grep /usr /nix/store/*-x`

// opamInstall installs a package of a repository of its own.
const opamInstall = `mkdir -p r/packages/a/a.1; echo 'opam-version: "2.0"' > r/repo
echo 'opam-version: "2.0" build: [["sh" "-c" "echo built"]]' > r/packages/a/a.1/opam
opam init --bare -n --root=/tmp/o default /tmp/r </dev/null && opam switch create --root=/tmp/o e --empty -y &&
opam install --root=/tmp/o --switch=e -y a && grep -q sandbox.sh /tmp/o/config`

const chromiumDOM = `chromium --headless --disable-gpu --disable-dev-shm-usage --user-data-dir=/tmp/p \
--dump-dom "data:text/html,<p>hello</p><script>document.title=6*7</script>" > dom; grep '<title>42' dom`

// checkpoint leaves the images of a process, and its id, in the shared folder.
const checkpoint = `for i in 1 2 3 4 5 6 7 8 9; do sh -c : ; done
setsid sh -c "while :; do sleep 0.2; done" </dev/null >/dev/null 2>&1 & echo $! > $SHARED/pid; sleep 0.5
criu --unprivileged dump -D $SHARED -t $(cat $SHARED/pid) --shell-job`

const restore = `criu --unprivileged restore -d -v4 -o /tmp/log -D $SHARED --shell-job ||
{ grep Error /tmp/log; exit 1; }
kill -0 $(cat $SHARED/pid)`

const podmanRun = `mkdir -p rf/bin rf/proc rf/dev rf/sys rf/etc rf/tmp x; chmod 700 x; cp /usr/bin/busybox rf/bin/
export XDG_RUNTIME_DIR=/tmp/x
podman --storage-driver=vfs --cgroup-manager=cgroupfs run --rm --net=none --cgroups=disabled --rootfs /tmp/rf \
/bin/busybox echo inside &&
mkdir -p b && cp /usr/bin/busybox b/ && printf 'FROM scratch\nCOPY busybox /bin/sh\nRUN echo inside\n' > b/Dockerfile &&
podman --storage-driver=vfs --cgroup-manager=cgroupfs build --network=host b`

var scenes = []scene{
	{
		tool: "bubblewrap", program: "usr/bin/bwrap", user: 1000, unmask: true, without: "No permissions",
		script: "bwrap --ro-bind / / --unshare-all --proc /proc --dev /dev true",
	},
	{tool: "nix-sandbox", program: "usr/bin/nix-build", user: 0, unmask: true, script: nixBuild,
		without: "Operation not permitted|does not support the kernel namespaces"},
	{tool: "opam", program: "usr/bin/opam", user: 1000, script: opamInstall, without: "No permissions"},
	{tool: "chromium", program: "usr/bin/chromium", user: 1000, script: chromiumDOM, without: "No usable sandbox"},
	{
		tool: "criu", program: "usr/sbin/criu", user: 0, caps: []string{"CHECKPOINT_RESTORE"},
		before: checkpoint, script: restore, without: "Setting PID failed",
	},
	{
		tool: "podman", program: "usr/bin/podman", user: 0, unmask: true, cgroups: true, script: podmanRun,
		without: "cannot clone",
	},
}

// TestDerive runs each program under the default profile, where it fails, under the derived one with the options that
// go with it, where it works, and under that without any one of the added names, where it fails again.
func TestDerive(t *testing.T) {
	heavytest.Need(t, "runs programs in containers as root")
	runtimes := systemRuntimes()
	if len(runtimes) == 0 {
		heavytest.Skip(t, "no runtime starts a container here")
	}
	s := product(t)
	for _, sc := range scenes {
		for _, root := range roots(sc.program) {
			t.Run(sc.tool+root, func(t *testing.T) {
				for _, r := range runtimes {
					t.Run(r.Name, func(t *testing.T) { s.play(t, sc, root, r) })
				}
			})
		}
		if len(roots(sc.program)) == 0 {
			t.Run(sc.tool, func(t *testing.T) { heavytest.Skip(t, sc.program+" is not installed") })
		}
	}
}

// systemRuntimes returns one runc and one crun, the newest.
func systemRuntimes() (found []*seccomptest.Runtime) {
	for _, name := range []string{"runc", "crun"} {
		all := slices.DeleteFunc(slices.Clone(seccomptest.Runtimes()), func(r *seccomptest.Runtime) bool {
			return r.Name != name || strings.Contains(r.Version, "rc")
		})
		if len(all) > 0 {
			found = append(found, all[len(all)-1])
		}
	}
	return found
}

// roots returns the root file systems with a program.
func roots(program string) (found []string) {
	for _, root := range append([]string{"/"}, filepath.SplitList(os.Getenv(RootsVariable))...) {
		if _, err := os.Stat(filepath.Join(root, program)); err == nil {
			found = append(found, root)
		}
	}
	return found
}

// binary is the product.
type binary string

func product(t *testing.T) binary {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sandlint")
	cmd := exec.Command("go", "build", "-o", path, "github.com/sandlint/sandlint/cmd/sandlint")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary(path)
}

// run returns the standard output of a command.
func (b binary) run(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(string(b), append([]string{"seccomp"}, args...)...)
	cmd.Dir = t.TempDir()
	out, err := cmd.Output()
	if err != nil {
		var stderr []byte
		if exit, ok := err.(*exec.ExitError); ok {
			stderr = exit.Stderr
		}
		t.Fatalf("sandlint seccomp %v: %v\n%s", args, err, stderr)
	}
	return out
}

// resolved returns what Docker hands to the runtime.
func (b binary) resolved(t *testing.T, profile string, caps []string) string {
	t.Helper()
	return string(b.run(t, "resolve", "--arch", "amd64", "--caps", strings.Join(append(caps, "default"), ","), profile))
}

// derived writes a derived profile to a file.
func (b binary) derived(t *testing.T, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "profile.json")
	if err := os.WriteFile(path, b.run(t, append([]string{"derive", "-q"}, args...)...), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// reason returns the last line about something that failed, or the last line.
func reason(text string) string {
	lines := strings.Split(text, "\n")
	for _, line := range slices.Backward(lines) {
		if strings.Contains(line, "not permitted") || strings.Contains(line, "rror") {
			return strings.TrimSpace(line)
		}
	}
	return lines[len(lines)-1]
}

var versionNumber = regexp.MustCompile(`\d+\.\d+(\.\d+)?`)

func (b binary) play(t *testing.T, sc scene, root string, r *seccomptest.Runtime) {
	start := func(p seccomptest.Program) seccomptest.Result {
		t.Helper()
		p.Root, p.User, p.Caps, p.Cgroups = root, sc.user, sc.caps, sc.cgroups
		p.Script = "{ " + p.Script + "\n} 2>&1"
		result, err := r.Run(p)
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	script := sc.script
	var shared []string
	if sc.before != "" {
		dir := t.TempDir()
		shared = []string{dir}
		set := "SHARED=" + dir + "\n"
		script = set + script
		if result := start(seccomptest.Program{Script: set + sc.before, Shared: shared}); result.Exit != 0 {
			heavytest.Skip(t, sc.program+" does not work here without a profile either: "+reason(result.Stdout))
		}
	}
	play := func(profile string, unmasked bool) seccomptest.Result {
		t.Helper()
		return start(seccomptest.Program{
			Script: script, Profile: b.resolved(t, profile, sc.caps), Unmasked: unmasked, Shared: shared,
		})
	}
	says := regexp.MustCompile(sc.without)
	if result := play("docker", sc.unmask); result.Exit == 0 || !says.MatchString(result.Stdout) {
		t.Errorf("under the default profile: exit status %d, %s%s, want a failure about %q", result.Exit, result.Stdout,
			result.Stderr, sc.without)
	}
	args := []string{"--for", sc.tool}
	for _, program := range nested.Programs() {
		result := start(seccomptest.Program{Script: "bwrap --version"})
		if program == "bubblewrap" && result.Exit == 0 {
			args = append(args, "--release", program+"="+versionNumber.FindString(result.Stdout))
		}
	}
	full := b.derived(t, args...)
	if result := play(full, sc.unmask); result.Exit != 0 {
		t.Fatalf("under the derived profile: exit status %d, %s%s", result.Exit, result.Stdout, result.Stderr)
	}
	if sc.unmask {
		if result := play(full, false); result.Exit == 0 {
			t.Error("it works without systempaths=unconfined")
		}
	}
	var derived struct {
		Added []struct{ Syscall string }
	}
	out := b.run(t, append([]string{"derive", "--format", "json"}, args...)...)
	if err := json.Unmarshal(out, &derived); err != nil {
		t.Fatal(err)
	}
	if len(derived.Added) == 0 {
		t.Fatal("nothing was added")
	}
	for _, out := range derived.Added {
		names := []string{"getpid"} // which the profile allows, so that there is one
		for _, a := range derived.Added {
			if a != out {
				names = append(names, a.Syscall)
			}
		}
		result := play(b.derived(t, names...), sc.unmask)
		if result.Exit == 0 {
			t.Errorf("it works without %s", out.Syscall)
		}
		t.Logf("without %s: %.160s", out.Syscall, reason(result.Stdout))
	}
}
