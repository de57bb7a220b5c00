package seccomp

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/seccomptest"
)

// TestFixesLetContainersStart starts a container with what each fix of runtime-cannot-start makes of the cases that
// are for all releases, and with the good ones, under every runtime that does so here.
func TestFixesLetContainersStart(t *testing.T) {
	heavytest.Need(t, "starts containers as root")
	if len(seccomptest.Runtimes()) == 0 {
		heavytest.Skip(t, "no runtime starts a container here")
	}
	raw, err := os.ReadFile("runtime_cannot_start.txtar")
	if err != nil {
		t.Fatal(err)
	}
	targeted := map[string]bool{} // the cases that are for some releases only
	archive := txtar.Parse(raw)
	for _, f := range archive.Files {
		if name, ok := strings.CutSuffix(f.Name, "/flags"); ok {
			targeted[name] = true
		}
	}
	tried := 0
	for _, f := range archive.Files {
		name, file, _ := strings.Cut(f.Name, "/")
		text := string(f.Data)
		fixed := strings.HasPrefix(file, "unsafe/") || strings.HasPrefix(name, "good")
		if !fixed || targeted[name] || filepath.Base(file) != "seccomp.json" || strings.Contains(text, "includes") ||
			strings.Contains(text, "AARCH64") || !strings.Contains(text, `"syscalls":`) || name == "good-conditions" {
			continue
		}
		tried++
		t.Run(name, func(t *testing.T) { startEverywhere(t, text) })
	}
	if tried < 6 {
		t.Errorf("%d profiles were tried", tried)
	}
}

// startEverywhere starts containers under a profile, which is allowed what the container's program needs.
func startEverywhere(t *testing.T, profile string) {
	t.Helper()
	open, rest, _ := strings.Cut(profile, `"syscalls":`)
	gap, rest, _ := strings.Cut(rest, "[")
	comma := ","
	if strings.HasPrefix(strings.TrimSpace(rest), "]") {
		comma = ""
	}
	profile = open + `"syscalls":` + gap + `[{"names": ["exit_group"], "action": "SCMP_ACT_ALLOW"}` + comma + rest
	for _, r := range seccomptest.Runtimes() {
		knowsKillProcess := seccomp.Version{Major: 1, Minor: 1, Patch: 3}
		if v, ok := seccomp.ParseVersion(r.Version); !ok || r.Name == "runc" && v.Less(knowsKillProcess) {
			continue
		}
		for _, noNewPrivs := range []bool{true, false} {
			result, err := r.Start(seccomptest.Container{Profile: profile, NoNewPrivileges: noNewPrivs})
			if err != nil {
				t.Fatal(err)
			}
			if !result.Started() {
				t.Errorf("%s, no_new_privs %v: exit status %d, %.300s\n%s", r, noNewPrivs, result.Exit,
					result.Stderr, profile)
			}
		}
	}
}
