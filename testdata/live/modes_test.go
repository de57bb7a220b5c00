package live

import (
	"debug/elf"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
)

// changesModes is a Dockerfile of RUNs that only change modes and owners, whose last one prints what came of them.
const changesModes = `FROM debian:12
WORKDIR /srv
COPY a.sh .
RUN chown app:app a.sh && chmod 640 a.sh
COPY a.sh /etc/b
RUN chmod 600 /etc/b && chown app /etc/b
COPY a.sh /etc/c
RUN chown app: /etc/c
COPY --chown=1:1 a.sh /etc/d
RUN chown 7:8 /etc/d
COPY a.sh /usr/local/bin
RUN chown 1:1 /usr/local/bin/a.sh && chmod 4755 /usr/local/bin/a.sh
COPY a.sh b.sh /opt/
RUN ["chmod", "-v", "0750", "/opt/a.sh", "/opt/b.sh"]
COPY a.sh /e
RUN chmod +x /e
COPY <<X /f
text
X
RUN chmod +x,g-r /f
COPY a.sh /made/g
RUN chmod 755 /made/g
USER app
COPY --chown=app:app a.sh /etc/h
RUN chmod 600 /etc/h
RUN stat -c '= %a %u:%g %n' / /srv /srv/a.sh /etc /etc/b /etc/c /etc/d /etc/h /usr/local/bin /usr/local/bin/a.sh \
    /opt /opt/a.sh /opt/b.sh /e /f /made /made/g
`

var statLine = regexp.MustCompile(`(?m)= [0-7]+ \d+:\d+ /\S*$`)

// TestModes has BuildKit build the same image before and after the fixes of dockerfile/copy-then-chmod: all modes and
// owners are the same, and the RUNs are gone.
func TestModes(t *testing.T) {
	bk := startBuildKit(t)
	busybox := heavytest.Program(t, "busybox")
	if program, err := elf.Open(busybox); err != nil || slices.ContainsFunc(program.Progs, func(p *elf.Prog) bool {
		return p.Type == elf.PT_INTERP
	}) {
		heavytest.Skip(t, "busybox is not linked statically")
	}
	root := t.TempDir()
	for _, folder := range []string{"bin", "etc", "usr/local/bin", "opt", "tmp", "proc", "dev", "sys"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(busybox)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(root, "bin/busybox"), string(text), 0o755)
	for _, applet := range []string{"sh", "chmod", "chown", "stat"} {
		if err := os.Symlink("busybox", filepath.Join(root, "bin", applet)); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(root, "etc/passwd"), "root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/:/bin/sh\n", 0o644)
	write(filepath.Join(root, "etc/group"), "root:x:0:\napp:x:1001:\n", 0o644)

	folder := t.TempDir()
	for _, name := range []string{"a.sh", "b.sh"} {
		write(filepath.Join(folder, name), "#!/bin/sh\n", 0o644)
	}
	dockerfile := filepath.Join(folder, "Dockerfile")
	write(dockerfile, changesModes, 0o644)
	modes := func() []string {
		t.Helper()
		out, err := bk.build(folder, root, "debian:12", "linux/amd64")
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return statLine.FindAllString(out, -1)
	}
	before := modes()
	program := product(t)
	program.in(t, folder, "fix", "-w", "--unsafe", "--only", "dockerfile/copy-then-chmod")
	fixed, err := os.ReadFile(dockerfile)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(fixed), "RUN "); n != 1 {
		t.Errorf("%d RUNs are left:\n%s", n, fixed)
	}
	after := modes()
	if len(before) != 17 || !slices.Equal(before, after) {
		t.Errorf("before:\n%s\nafter:\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
	t.Logf("before and after:\n%s", strings.Join(after, "\n"))
}
