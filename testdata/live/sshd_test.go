package live

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sandlint/sandlint/parsers/heavytest"
)

// sshHost starts SSH servers as containers of small images would: each with its own /etc and /root, in which the RUN
// instructions of a Dockerfile were executed, and with the variables of its ENV.
type sshHost struct {
	t       *testing.T
	sandbox string // a folder with the keys
	program binary
}

// newSSHHost skips the test where no SSH server can be started.
func newSSHHost(t *testing.T) *sshHost {
	t.Helper()
	for _, program := range []string{"sshd", "ssh", "ssh-keygen", "unshare"} {
		heavytest.Program(t, program)
	}
	if os.Getuid() != 0 || exec.Command("unshare", "--mount", "true").Run() != nil {
		heavytest.Skip(t, "no mount namespace can be made here")
	}
	h := &sshHost{t: t, sandbox: t.TempDir(), program: product(t)}
	for _, name := range []string{"host", "key"} {
		key := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(h.sandbox, name))
		if out, err := key.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	return h
}

// findings returns what sandlint says of a Dockerfile and the script beside it.
func (h *sshHost) findings(folder string) string {
	return h.program.in(h.t, folder, "check", "--no-shellcheck", "--only",
		"dockerfile/environment-lost-over-ssh,dockerfile/missing-login-shell,dockerfile/root-login,"+
			"dockerfile/empty-authorized-keys")
}

// image writes a Dockerfile, and returns its folder. A further text is the script entrypoint.sh.
func (h *sshHost) image(texts ...string) string {
	folder := h.t.TempDir()
	for n, name := range []string{"Dockerfile", "entrypoint.sh"}[:len(texts)] {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(texts[n]), 0o755); err != nil {
			h.t.Fatal(err)
		}
	}
	return folder
}

// server is an SSH server that runs.
type server struct {
	host *sshHost
	port string
	log  string
}

const prepareNamespace = `set -e
mount --make-rprivate /
mkdir -p "$1/etc"; mkdir -m 700 -p "$1/root/.ssh"
for name in passwd shadow group gshadow pam.d pam.conf security ssh login.defs default nsswitch.conf environment \
    profile profile.d bash.bashrc ld.so.cache ld.so.conf ld.so.conf.d localtime shells subuid subgid hosts
do [ ! -e "/etc/$name" ] || cp -a "/etc/$name" "$1/etc/"; done
cp "$2/key.pub" "$1/root/.ssh/authorized_keys"; chmod 600 "$1/root/.ssh/authorized_keys"
mount --bind "$1/etc" /etc; mount --bind "$1/root" /root; mkdir -p /run/sshd
`

// start starts the server of the image in a folder. Before that it executes further commands, and with a script
// entrypoint.sh in the folder it starts that, with arguments.
func (h *sshHost) start(folder, further string, arguments ...string) *server {
	h.t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "Dockerfile"))
	if err != nil {
		h.t.Fatal(err)
	}
	script, variables := prepareNamespace, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if command, ok := strings.CutPrefix(line, "RUN "); ok {
			script += command + "\n"
		} else if pairs, ok := strings.CutPrefix(line, "ENV "); ok {
			variables += " " + pairs
		}
	}
	s := &server{host: h, port: freePort(h.t), log: filepath.Join(h.t.TempDir(), "log")}
	sshd := fmt.Sprintf("%s -D -e -p %s -h %s/host -o PidFile=none", heavytest.Program(h.t, "sshd"), s.port, h.sandbox)
	script += further + "\nshift 2\n"
	if _, err := os.Stat(filepath.Join(folder, "entrypoint.sh")); err == nil {
		script += "SSHD='" + sshd + "' exec sh " + folder + "/entrypoint.sh \"$@\"\n"
	} else {
		script += "exec env -i" + variables + " " + sshd + "\n"
	}
	log, err := os.Create(s.log)
	if err != nil {
		h.t.Fatal(err)
	}
	arguments = append([]string{"--mount", "sh", "-c", script, "sh", h.t.TempDir(), h.sandbox}, arguments...)
	daemon := exec.Command("unshare", arguments...)
	daemon.Stdout, daemon.Stderr = log, log
	if err := daemon.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		_ = daemon.Process.Kill()
		_ = daemon.Wait()
		_ = log.Close()
	})
	for range 600 { // half a minute, on a busy machine
		if c, err := net.Dial("tcp", "127.0.0.1:"+s.port); err == nil {
			_ = c.Close()
			return s
		}
		time.Sleep(50 * time.Millisecond)
	}
	said, _ := os.ReadFile(s.log)
	h.t.Fatalf("the server does not answer:\n%s", said)
	return nil
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// run runs a command in a session, and returns what it printed and whether root was let in. The way is "key",
// "password", for the password "secret", or "nothing".
func (s *server) run(way, command string) (string, bool) {
	options := map[string][]string{
		"key":      {"BatchMode=yes", "IdentitiesOnly=yes"},
		"password": {"PubkeyAuthentication=no", "NumberOfPasswordPrompts=1"},
		"nothing":  {"BatchMode=yes", "PubkeyAuthentication=no"},
	}[way]
	args := []string{"-p", s.port, "-i", filepath.Join(s.host.sandbox, "key"), "-F", "/dev/null"}
	options = append(options, "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR",
		"IdentityAgent=none")
	for _, option := range options {
		args = append(args, "-o", option)
	}
	client := exec.Command("ssh", append(args, "root@127.0.0.1", "echo let in; "+command)...)
	if way == "password" {
		ask := filepath.Join(s.host.sandbox, "ask")
		if err := os.WriteFile(ask, []byte("#!/bin/sh\necho secret\n"), 0o755); err != nil {
			s.host.t.Fatal(err)
		}
		client.Env = append(os.Environ(), "SSH_ASKPASS="+ask, "SSH_ASKPASS_REQUIRE=force")
	}
	out, _ := client.CombinedOutput()
	text, in := strings.CutPrefix(string(out), "let in\n")
	return text, in
}

// TestSSHServer replays what the rules about images with an SSH server say, with the sshd of this machine.
func TestSSHServer(t *testing.T) {
	h := newSSHHost(t)
	const from, serves = "FROM debian:12\n", "CMD [\"/usr/sbin/sshd\", \"-D\"]\n"
	reports := func(folder, message string) {
		t.Helper()
		if out := h.findings(folder); !strings.Contains(out, message) {
			t.Errorf("sandlint does not say %q", message)
		}
	}
	silent := func(folder string) {
		t.Helper()
		if out := h.findings(folder); !strings.Contains(out, "no findings") {
			t.Errorf("sandlint has findings")
		}
	}
	way := func(s *server, way string, want bool) {
		t.Helper()
		out, in := s.run(way, "true")
		if in != want {
			said, _ := os.ReadFile(s.log)
			t.Errorf("with %s: let in %t\n%s%s", way, in, out, said)
		}
		t.Logf("with %s: let in %t", way, in)
	}

	// The environment of the server is not that of its sessions, but what SetEnv gives is; a profile does not count for
	// commands.
	const env = "ENV NIX_PATH=nixpkgs=/nixpkgs LD_LIBRARY_PATH=/opt/lib\n"
	lost := h.image(from + env + serves)
	reports(lost, "a session over SSH does not get NIX_PATH from ENV")
	reports(lost, "a session over SSH does not get LD_LIBRARY_PATH from ENV")
	if out, in := h.start(lost, "").run("key", "env"); !in || strings.Contains(out, "nixpkgs=/nixpkgs") ||
		strings.Contains(out, "LD_LIBRARY_PATH") {
		t.Errorf("let in %t, with\n%s", in, out)
	}
	given := h.image(from + "RUN echo 'SetEnv NIX_PATH=nixpkgs=/nixpkgs' >> /etc/ssh/sshd_config\n" + env + serves)
	silent(given)
	if out, in := h.start(given, "").run("key", "env"); !in || !strings.Contains(out, "NIX_PATH=nixpkgs=/nixpkgs\n") {
		t.Errorf("let in %t, with\n%s", in, out)
	}
	profile := h.start(h.image(from+"RUN echo 'export NIX_PATH=x' > /etc/profile.d/x.sh\n"+serves), "")
	if out, _ := profile.run("key", "env"); strings.Contains(out, "NIX_PATH") {
		t.Errorf("a command's shell reads /etc/profile:\n%s", out)
	}
	if out, _ := profile.run("key", "bash -lc env"); !strings.Contains(out, "NIX_PATH=x") {
		t.Errorf("a login shell does not read /etc/profile:\n%s", out)
	}

	// A login shell that is not there.
	missing := h.image(from + "RUN usermod -s /run/current-system/sw/bin/bash root\n" + serves)
	reports(missing, "so a login of this user fails")
	s := h.start(missing, "")
	way(s, "key", false)
	if said, _ := os.ReadFile(s.log); !strings.Contains(string(said), "does not exist") {
		t.Errorf("sshd does not say why:\n%s", said)
	}
	there := h.image(from + "RUN usermod -s /bin/bash root\n" + serves)
	silent(there)
	way(h.start(there, ""), "key", true)

	// PermitRootLogin yes, for a root that gets a password where the container is started.
	const password = "echo root:secret | chpasswd"
	open := h.image(from + "RUN echo 'PermitRootLogin yes' >> /etc/ssh/sshd_config\n" + serves)
	reports(open, "from here on root may log in over SSH with a password too, once it has one")
	way(h.start(open, ""), "password", false)
	s = h.start(open, password)
	way(s, "password", true)
	way(s, "key", true)
	h.program.in(t, open, "fix", "-w", "--unsafe", "--only", "dockerfile/root-login")
	silent(open)
	s = h.start(open, password)
	way(s, "password", false)
	way(s, "key", true)

	// No password at all.
	empty := h.image(from + "RUN passwd -d root\n" +
		"RUN printf '%s\\n' 'PermitRootLogin yes' 'PermitEmptyPasswords yes' >> /etc/ssh/sshd_config\n" + serves)
	reports(empty, "root has no password from here on, so every user of the container can become root by su")
	reports(empty, "the SSH server lets users without a password in from here on")
	way(h.start(empty, ""), "nothing", true)
	way(h.start(h.image(from+"RUN passwd -d root\n"+serves), ""), "nothing", false)

	// A script that writes the key that it is given, and is given none.
	keyless := h.image(from+"COPY entrypoint.sh /\nENTRYPOINT [\"/entrypoint.sh\"]\n",
		"#!/bin/sh\necho \"$1\" > /root/.ssh/authorized_keys\nexec ${SSHD:-/usr/sbin/sshd} -D\n")
	reports(keyless, "so the SSH server runs and lets nobody in")
	way(h.start(keyless, ""), "key", false)
	key, err := os.ReadFile(filepath.Join(h.sandbox, "key.pub"))
	if err != nil {
		t.Fatal(err)
	}
	way(h.start(keyless, "", strings.TrimSpace(string(key))), "key", true)
}
