package live

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sandlint/sandlint/parsers/heavytest"
)

// The variables of the environment that name what setup.sh makes: the folder with buildkitd and buildctl, and the root
// file system of a Nix for arm64.
const (
	BuildKitVariable = "SANDLINT_BUILDKIT"
	ARM64Variable    = "SANDLINT_ARM64_ROOT"
)

// buildKit is a BuildKit that was started for a test.
type buildKit struct{ folder, address string }

// startBuildKit starts the daemon, and stops it at the end of the test.
func startBuildKit(t *testing.T) *buildKit {
	t.Helper()
	heavytest.Need(t, "builds images with BuildKit")
	folder := os.Getenv(BuildKitVariable)
	switch {
	case folder == "":
		heavytest.Skip(t, BuildKitVariable+" names no folder with buildkitd and buildctl")
	case os.Getuid() != 0:
		heavytest.Skip(t, "BuildKit needs root")
	}
	state, err := os.MkdirTemp("", "bk") // short, since it holds a socket
	if err != nil {
		t.Fatal(err)
	}
	b := &buildKit{folder, "unix://" + filepath.Join(state, "s")}
	log, err := os.Create(filepath.Join(state, "log"))
	if err != nil {
		t.Fatal(err)
	}
	daemon := exec.Command(filepath.Join(folder, "buildkitd"), "--addr", b.address, "--root", filepath.Join(state, "r"),
		"--containerd-worker=false", "--oci-worker-net=host", "--oci-worker-binary="+heavytest.Program(t, "runc"))
	daemon.Stdout, daemon.Stderr = log, log
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = daemon.Process.Signal(os.Interrupt)
		_ = daemon.Wait()
		_ = log.Close()
		if err := os.RemoveAll(state); err != nil {
			t.Log(err)
		}
	})
	for range 300 {
		if b.ctl("debug", "workers").Run() == nil {
			return b
		}
		time.Sleep(200 * time.Millisecond)
	}
	text, _ := os.ReadFile(log.Name())
	t.Fatalf("buildkitd does not answer:\n%s", text)
	return nil
}

func (b *buildKit) ctl(args ...string) *exec.Cmd {
	return exec.Command(filepath.Join(b.folder, "buildctl"), append([]string{"--addr", b.address}, args...)...)
}

// build builds the Dockerfile of a folder for a platform, with a root file system in the place of the image base, and
// returns what the build printed.
func (b *buildKit) build(folder, root, base, platform string) (string, error) {
	out, err := b.ctl("build", "--progress", "plain", "--frontend", "dockerfile.v0", "--no-cache",
		"--local", "context="+folder, "--local", "dockerfile="+folder, "--local", "base="+root,
		"--opt", "context:"+base+"=local:base", "--opt", "platform="+platform).CombinedOutput()
	return string(out), err
}

// in runs the product in a folder, and returns what it printed.
func (b binary) in(t *testing.T, folder string, args ...string) string {
	t.Helper()
	cmd := exec.Command(string(b), args...)
	cmd.Dir = folder
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() > 1) {
		t.Fatalf("sandlint %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	t.Logf("$ sandlint %s\n%s", strings.Join(args, " "), out)
	return string(out)
}

// TestEmulatedBuild is the first seed's scene: an image for arm64 in which Nix builds something before the setting that
// switches its syscall filter off. The emulator refuses the filter. The fix moves the setting up, and the image builds;
// without the setting it does not.
func TestEmulatedBuild(t *testing.T) {
	bk := startBuildKit(t)
	heavytest.Program(t, "qemu-aarch64-static")
	root := os.Getenv(ARM64Variable)
	if root == "" {
		heavytest.Skip(t, ARM64Variable+" names no root file system with Nix for arm64")
	}
	registerEmulator(t)
	const (
		base    = "nixos/nix:2.26.3"
		refused = "unable to load seccomp BPF program: Invalid argument"
		setting = "RUN echo 'filter-syscalls = false' >> /etc/nix/nix.conf\n"
		command = `RUN nix-build --no-out-link -E 'derivation { name = "x"; system = "aarch64-linux"; ` +
			`builder = "/bin/sh"; args = [ "-c" "echo built > $out" ]; }'` + "\n"
	)
	program := product(t)
	folder := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		name = filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(".git/HEAD", "ref: refs/heads/main\n")
	write("docker-bake.hcl", "target \"default\" {\n  platforms = [\"linux/amd64\", \"linux/arm64\"]\n}\n")
	write("Dockerfile", "FROM "+base+"\n"+command+setting)

	text, err := bk.build(folder, root, base, "linux/arm64")
	if err == nil || !strings.Contains(text, refused) {
		t.Fatalf("the setting comes too late, and yet: %v\n%s", err, text)
	}
	t.Logf("before: %s", lineWith(text, refused))
	if out := program.in(t, folder, "check"); !strings.Contains(out, "unable to load seccomp BPF program") {
		t.Error("check does not say so")
	}
	program.in(t, folder, "fix", "-w")
	out := program.in(t, folder, "check", "--only", "order,sandbox/nix-syscall-filter-under-emulation")
	if strings.Contains(out, "Dockerfile:") {
		t.Error("findings are left")
	}
	if text, err = bk.build(folder, root, base, "linux/arm64"); err != nil {
		t.Fatalf("after the fix: %v\n%s", err, text)
	}
	t.Log("after the fix: the image is built")

	write("Dockerfile", "FROM "+base+"\n"+command)
	if text, err = bk.build(folder, root, base, "linux/arm64"); err == nil || !strings.Contains(text, refused) {
		t.Errorf("without the setting: %v\n%s", err, text)
	}
	program.in(t, folder, "fix", "-w", "--unsafe") // writes the setting
	if text, err = bk.build(folder, root, base, "linux/arm64"); err != nil {
		t.Errorf("after the unsafe fix: %v\n%s", err, text)
	}
}

// lineWith returns the line of a text that has a word in it.
func lineWith(text, word string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// registerEmulator lets the kernel run programs of arm64 through QEMU, until the test ends where nothing did so before.
func registerEmulator(t *testing.T) {
	t.Helper()
	const folder = "/proc/sys/fs/binfmt_misc"
	if _, err := os.Stat(folder + "/register"); err != nil {
		if out, err := exec.Command("mount", "-t", "binfmt_misc", "binfmt_misc", folder).CombinedOutput(); err != nil {
			heavytest.Skip(t, "binfmt_misc cannot be mounted: "+string(out))
		}
	}
	if _, err := os.Stat(folder + "/qemu-aarch64"); err == nil {
		return
	}
	const rule = `:qemu-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:` +
		`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:`
	flags := heavytest.Program(t, "qemu-aarch64-static") + ":OCF"
	if err := os.WriteFile(folder+"/register", []byte(rule+flags), 0o200); err != nil {
		heavytest.Skip(t, "QEMU cannot be registered: "+err.Error())
	}
	t.Cleanup(func() { _ = os.WriteFile(folder+"/qemu-aarch64", []byte("-1"), 0o200) })
}
