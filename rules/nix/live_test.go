package nix_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"

	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix"
)

// TestFixedTextsAgainstNix gives the nix.conf files of the rules' cases, before and after the safe fixes, to the nix of
// this machine: it must accept what the fixes leave where the case has no finding left, and where it accepted the file
// before, the settings must be the same but for those that a fix declares.
func TestFixedTextsAgainstNix(t *testing.T) {
	program := heavytest.Program(t, "nix")
	out, _ := exec.Command(program, "--version").Output()
	m := regexp.MustCompile(`\(Nix\) (\S+)`).FindSubmatch(out)
	if m == nil {
		heavytest.Skip(t, fmt.Sprintf("this is not Nix: %s", out))
	}
	version := string(m[1])
	pack := nix.Pack()
	tried := 0
	for _, r := range pack.Rules {
		page, err := pack.Page(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Cases {
			for _, f := range c.Files {
				if filepath.Base(f.Name) == "nix.conf" && len(c.Files) == 1 {
					tried++
					t.Run(strings.ReplaceAll(r.ID, "/", "-")+"/"+c.Name,
						func(t *testing.T) { compareWithNix(t, program, version, pack, f.Data) })
				}
			}
		}
	}
	if tried < 50 {
		t.Errorf("only %d cases were tried", tried)
	}
}

func compareWithNix(t *testing.T, program, version string, pack rules.Pack, text []byte) {
	targets := workspace.DefaultTargets()
	if err := targets.Set("nix", version); err != nil {
		t.Skip(err)
	}
	ws, err := rules.Load(
		workspace.Options{Dir: t.TempDir(), Paths: []string{"-"}, Stdin: text, StdinName: "nix.conf", Targets: targets})
	if err != nil {
		t.Fatal(err)
	}
	set, err := rules.NewSet([]rules.Pack{pack}, rules.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	result := rules.Fix(ws, set, rules.FixOptions{})
	if len(result.Files) == 0 {
		return
	}
	fixed := result.Files[0].After
	errors := 0
	for _, f := range result.After.Findings {
		if f.Severity == rules.Error {
			errors++
		}
	}
	before, beforeErr := showConfig(t, program, text)
	after, afterErr := showConfig(t, program, fixed)
	switch {
	case afterErr != "" && errors == 0:
		t.Errorf("nix refuses what the safe fixes leave: %s\n%s", afterErr, fixed)
	case afterErr != "" && beforeErr == "":
		t.Errorf("nix refuses the file only after the fixes: %s\n%s", afterErr, fixed)
	case beforeErr == "" && before != after && !declared(result):
		t.Errorf("the settings differ:\n%s\nwas\n%s", difference(before, after), text)
	}
}

// declared reports whether one of the fixes is of a rule whose safe fixes give a broken value its one meaning, so that
// settings change.
func declared(result *rules.FixResult) bool {
	for _, a := range result.Files[0].Applied {
		switch a.Rule.ID {
		case "nix/comma-in-list", "nix/quoted-value", "nix/access-tokens-shape", "nix/literal-backslash-n",
			"nix/hidden-characters", "nix/duplicate-substituter", "nix/glued-lines", "nix/missing-final-newline",
			"nix/line-continuation":
			return true
		}
	}
	return false
}

// showConfig returns the settings that nix has in force with a configuration, or its error.
func showConfig(t *testing.T, program string, text []byte) (settings, failure string) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "nix.conf"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"config", "show"}, {"show-config"}} {
		cmd := exec.Command(program, append([]string{"--extra-experimental-features", "nix-command"}, command...)...)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "NO_COLOR=1", "NIX_CONF_DIR=" + dir,
			"NIX_USER_CONF_FILES=", "NIX_REMOTE=dummy://", "NIX_STATE_DIR=" + dir + "/state"}
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err == nil {
			return strings.ReplaceAll(string(out), dir, "$DIR"), ""
		}
		failure = stderr.String()
		if !strings.Contains(failure, "not a recognised command") {
			break
		}
	}
	return "", failure
}

func difference(before, after string) string {
	old := strings.Split(before, "\n")
	var out []string
	for i, line := range strings.Split(after, "\n") {
		if i >= len(old) || old[i] != line {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}
