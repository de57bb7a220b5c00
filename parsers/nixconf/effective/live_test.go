package effective

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"

	"github.com/sandlint/sandlint/parsers/nixconf"
)

// liveNix runs the nix of this machine in an environment of its own.
type liveNix struct {
	program string
	version nixconf.Version
}

func findNix(t *testing.T) liveNix {
	t.Helper()
	n := liveNix{program: heavytest.Program(t, "nix")}
	root := t.TempDir()
	stdout, stderr, exit, err := n.run(world{root: root, record: record{Cmd: []string{"nix", "--version"}}})
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`^nix \(Nix\) (\S+)`).FindStringSubmatch(stdout)
	if exit != 0 || m == nil {
		heavytest.Skip(t, fmt.Sprintf("nix is not a Nix that is known: %s%s", stdout, stderr))
	}
	if n.version, err = nixconf.ParseVersion(m[1]); err != nil {
		t.Fatal(err)
	}
	return n
}

// run writes the files of w and runs nix there: it sees no configuration but that of w, no store and no daemon.
func (n liveNix) run(w world) (stdout, stderr string, exit int, err error) {
	files := map[string]string{"home/.keep": "", "state/.keep": "", "conf/.keep": ""}
	maps.Copy(files, w.Files)
	if w.Input != nil {
		files["conf/nix.conf"] = *w.Input
	}
	for name, text := range files {
		name = filepath.Join(w.root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return "", "", 0, err
		}
		if err := os.WriteFile(name, []byte(w.expand(text)), 0o666); err != nil {
			return "", "", 0, err
		}
	}
	env := map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": w.root + "/home", "NO_COLOR": "1", "NIX_CONF_DIR": w.root + "/conf",
		"NIX_USER_CONF_FILES": "", "NIX_REMOTE": "dummy://", "NIX_STATE_DIR": w.root + "/state",
	}
	for k, v := range w.Env {
		env[k] = w.expand(v)
	}
	for _, k := range w.Unset {
		delete(env, k)
	}
	args := w.Cmd
	if len(args) == 0 {
		args = n.showConfig()
	} else if i := slices.Index(args, "show-config"); i >= 0 {
		rest := args[i+2:]
		args = append(n.showConfig(), rest...)
	}
	program := n.program
	if args[0] != "nix" {
		program = filepath.Join(filepath.Dir(n.program), args[0])
	}
	cmd := exec.Command(program, args[1:]...)
	cmd.Dir = w.root
	for k, v := range env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	var exitError *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exitError) {
		return "", "", 0, err
	}
	said := strings.TrimSuffix(errs.String(), "\n")
	if rest, ok := strings.CutPrefix(said, noInternet); ok {
		said = strings.TrimPrefix(rest, "\n")
	}
	return out.String(), said, cmd.ProcessState.ExitCode(), nil
}

// noInternet is what Nix says first on a machine without network. It then changes the settings in offlineSettings, even
// where a file sets them.
const noInternet = "warning: you don't have Internet access; disabling some network-dependent features"

var offlineSettings = []string{
	"substitute", "tarball-ttl", "download-attempts", "filetransfer-retry-attempts", "connect-timeout",
}

// offline reports whether Nix has no network, by its values with an empty configuration.
func offline(defaults map[string]any) bool { return defaults["substitute"] == false }

func (n liveNix) showConfig() []string {
	if n.version.AtLeast(2, 20) {
		return []string{"nix", "--extra-experimental-features", "nix-command", "config", "show", "--json"}
	}
	return []string{"nix", "--extra-experimental-features", "nix-command", "show-config", "--json"}
}

// defaults returns the values, and the aliases, of all settings with an empty configuration.
func (n liveNix) defaults(t *testing.T) (values map[string]any, aliases map[string][]string) {
	t.Helper()
	empty := ""
	stdout, stderr, exit, err := n.run(world{root: t.TempDir(), record: record{Input: &empty}})
	if err != nil || exit != 0 {
		t.Fatalf("nix fails with an empty configuration: %v %s", err, stderr)
	}
	if values, aliases, err = n.settings(stdout); err != nil {
		t.Fatal(err)
	}
	return values, aliases
}

// features28 are the experimental features of 2.8, which prints numbers for them.
var features28 = []string{"ca-derivations", "impure-derivations", "flakes", "nix-command", "recursive-nix",
	"no-url-literals", "fetch-closure"}

// settings decodes what showConfig printed; the values by name, and the aliases.
func (n liveNix) settings(stdout string) (values map[string]any, aliases map[string][]string, err error) {
	var shown map[string]struct {
		Value   any      `json:"value"`
		Aliases []string `json:"aliases"`
	}
	d := json.NewDecoder(strings.NewReader(stdout))
	d.UseNumber()
	if err := d.Decode(&shown); err != nil {
		return nil, nil, fmt.Errorf("%v: %s", err, stdout)
	}
	values, aliases = map[string]any{}, map[string][]string{}
	for name, s := range shown {
		values[name], aliases[name] = s.Value, s.Aliases
	}
	if l, ok := values["experimental-features"].([]any); ok && n.version.Major == 2 && n.version.Minor == 8 {
		for i, e := range l {
			if number, ok := e.(json.Number); ok {
				j, _ := number.Int64()
				l[i] = features28[j]
			}
		}
	}
	return values, aliases, nil
}

// TestLive runs the inputs of the oracle, and more, through the nix of this machine and compares.
func TestLive(t *testing.T) {
	n := findNix(t)
	root := t.TempDir()
	defaults, _ := n.defaults(t)
	var cases []record
	seen := map[string]bool{}
	for _, r := range readOracle(t) {
		if !seen[r.ID] && r.Topic != "runtime" {
			seen[r.ID] = true
			cases = append(cases, r)
		}
	}
	for i, input := range liveInputs() {
		if !slices.ContainsFunc(cases,
			func(r record) bool { return r.Files == nil && r.Env == nil && r.Cmd == nil && deref(r.Input) == input }) {
			cases = append(cases, record{ID: fmt.Sprintf("own-%d", i), Input: &input})
		}
	}
	cases = append(cases, liveCases()...)
	problems := make([][]string, len(cases))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(cases); i = int(next.Add(1)) - 1 {
				problems[i] = n.try(fmt.Sprintf("%s/%d", root, i), cases[i], defaults)
			}
		})
	}
	wg.Wait()
	agree := 0
	for i, r := range cases {
		if len(problems[i]) == 0 {
			agree++
		} else if explained[r.ID] == "" {
			t.Errorf("%s: %q\n  %s", r.ID, deref(r.Input), strings.Join(problems[i], "\n  "))
		}
	}
	t.Logf("Nix %s: %d of %d cases agree (%.1f %%)", n.version, agree, len(cases),
		float64(agree)/float64(len(cases))*100)
	if agree*100 < len(cases)*99 {
		t.Errorf("agreement is below 99 %%")
	}
}

// try runs one case in a folder of its own and returns how the package differs from nix.
func (n liveNix) try(dir string, r record, defaults map[string]any) []string {
	w := world{root: dir, record: r}
	s := Merge(w.sources(), nixconf.Nix, n.version)
	s.Platform = runtime.GOOS
	stdout, stderr, exit, err := n.run(w)
	if err != nil {
		return []string{err.Error()}
	}
	if why := refusesToPrint(s, r); why != "" && s.Fatal == nil {
		if exit == 0 {
			return []string{"nix answers, although " + why}
		}
		return nil
	}
	got := result{exit: exit, stderr: stderr, defaults: defaults, cpus: fmt.Sprint(runtime.NumCPU())}
	if exit == 0 && strings.HasPrefix(stdout, "{") {
		values, _, err := n.settings(stdout)
		if err != nil {
			return []string{err.Error()}
		}
		got.changed = map[string]any{}
		for name, v := range values {
			// These follow the folder of the configuration, which is another for each case.
			if (name == "netrc-file" || name == "builders") && !s.Get(name).Set {
				continue
			}
			if !reflect.DeepEqual(v, defaults[name]) {
				got.changed[name] = v
			}
		}
	}
	return slices.DeleteFunc(compare(s, got), func(difference string) bool {
		name, _, _ := strings.Cut(difference, ":")
		return offline(defaults) && slices.Contains(offlineSettings, name)
	})
}

// TestLiveTable compares the table of settings with what the nix of this machine has: names, aliases, kinds of defaults
// and their values.
func TestLiveTable(t *testing.T) {
	n := findNix(t)
	if _, ok := nixconf.Lookup(nixconf.Nix, n.version, "store"); !ok {
		t.Skipf("Nix %s is not in the table", n.version)
	}
	values, aliases := n.defaults(t)
	for _, name := range nixconf.Nix.Settings(n.version) {
		f, _ := nixconf.Lookup(nixconf.Nix, n.version, name)
		if _, ok := values[name]; !ok && (f.Platforms == nil || slices.Contains(f.Platforms, runtime.GOOS)) {
			t.Errorf("nix has no setting %s", name)
		}
	}
	s := Merge(nil, nixconf.Nix, n.version)
	s.Platform = runtime.GOOS
	for name, value := range values {
		f, ok := nixconf.Lookup(nixconf.Nix, n.version, name)
		if !ok || f.Alias || f.Extra {
			t.Errorf("the table has no setting %s", name)
			continue
		}
		for _, a := range aliases[name] {
			if af, ok := nixconf.Lookup(nixconf.Nix, n.version, a); !ok || af.Name != name || !af.Alias {
				t.Errorf("the table does not know %s as alias of %s", a, name)
			}
		}
		if name == "pure-eval" || offline(values) && slices.Contains(offlineSettings, name) {
			continue // the command itself sets it
		}
		if set := s.Get(name); f.HasDefault {
			if d := compareValue(set, value, result{}, true); d != "" {
				t.Errorf("default of %s: %s", name, d)
			}
		}
	}
	for _, f := range nixconf.Nix.Features(n.version) {
		input := "experimental-features = " + f + "\n"
		if _, stderr, _, err := n.run(world{root: t.TempDir(), record: record{Input: &input}}); stderr != "" ||
			err != nil {
			t.Errorf("feature %s: %s %v", f, stderr, err)
		}
	}
}

// liveInputs are configurations that the oracle does not hold.
func liveInputs() []string {
	var out []string
	values := func(name string, values ...string) {
		for _, v := range values {
			out = append(out, name+" = "+v+"\n")
		}
	}
	values("keep-going", "true", "false", "yes", "no", "1", "0", "on", "y", "Yes", "00", "01", "true;", "\"true\"",
		"truefalse", "ja")
	values("timeout", "-1", "+5", "-0", "--1", "+-1", "- 1", "9223372036854775807", "9223372036854775808",
		"-9223372036854775808", "-9223372036854775809", "1K", "0x1f", "1_0", " 7 ")
	values("cores", "-1", "++3", "+", "-", "00", "000000000000000000000000003", "3;", "'3'", "0x10", "0b1", "\u0663",
		"1e1", "10 G", "8G", "G", "8g", "4294967296K", "1P", "1GB", "1GiB", "1.5G", "inf", "3\v", "true")
	values("min-free", "-5", "18446744073709551615", "18446744073709551616", "1K", "1k", "1 K", "KK", "1KK", "+1K",
		"-1K", "9223372036854775808T", "99999999999999999999")
	values("max-jobs", "0", "+2", "-2", "auto ", " auto", "auto;", "2K", "4294967295", "4294967296", "many", "'auto'")
	values("sandbox", "true", "false", "relaxed", "Relaxed", "no", "0", "on", "relaxed;", "\"true\"")
	values("diff-hook", "/x", "x", "./x", "~/x", "'/x'", "/a/./b", "/../x", "/a//b///", "/", "//x", "/a b", "")
	values("substituters", "", "a", "a b", "a,b", "https://a?x=y&x=z", "/a/b/../c", "./x", "daemon", "auto",
		"local?root=/x", "ssh-ng://u@h", "ssh://::1", "https://[::1]:80/", "http://h:0", "file://h/x", "\"https://x\"",
		"https://a;b", "x:y")
	values("trusted-users", "b a b", "@wheel *", "a, b", "")
	values("system-features", "b a b", "")
	values("access-tokens", "a=b a=c", "=x", "x=", "a = b", "a=b=c", "ab", "b=1 a=2", "")
	values("sandbox-paths", "/a /b=/c /b=/d", "/x?", "/x=/y?", "/x=/x", "=/y", "/y=", "?")
	values("nix-path", "a=b c:d", "")
	values("experimental-features", "flakes flakes", "Flakes", "nix-command flakes", "flakes, nix-command",
		"\"flakes\"", "repl-flake", "ca-derivations recursive-nix", "no-url-literals", "a b a", "fetch-tree")
	values("builders", "", "ssh://a ; ssh://b", "@/etc/x")
	values("bash-prompt", "", "  a  ", "a\tb", "é", "\"x\"", "\\", "a = b")
	values("store", "", "auto", "foo", "https://x", "/x")
	values("netrc-file", "", "x", "/x/../y")
	values("plugin-files", "")
	values("secret-key-files", "a b")
	values("allowed-uris", "a b a")
	values("hashed-mirrors", "", "https://a")
	out = append(out,
		"cores=3\n", "cores==3\n", "cores =3\n", "cores= 3\n", "cores = 3 = 4\n", "=\n", "= =\n", "a\n", "a b\n",
		"a = b\n",
		"cores\t=\r3\r\n", "cores = 3\r", "cores = 3\rmax-jobs = 4\r", "\r\n\r\n", " \t \n", "#\n", "###\n#",
		"#cores\n", "x#\n", "cores#=3\n", "cores = #3\n", "cores =\n",
		"\x0c\n", "\x0b\n", "\u00a0\n", "\u2028cores = 3\n", "\u0085cores = 3\n", "\ufeff\n", "\ufeff",
		"\ufeff\ncores = 3\n", "cores = 3\n\ufeffcores = 4\n",
		"\xff\xfec\x00o\x00r\x00e\x00s\x00 \x00=\x00 \x003\x00\n\x00",
		"c\x00o\x00r\x00e\x00s\x00 \x00=\x00 \x003\x00\n\x00",
		"\x00c\x00o\x00r\x00e\x00s\x00 \x00=\x00 \x003\x00\n", "\xfe\xff\x00 \x00x\x00\n",
		"include\n", "!include\n", "include =\n", "!include = x\n", "include nix.conf nix.conf\n", "include x # y\n",
		"!include x y\n", "!include x\n", "!include x#y\n", "!include ../conf/none\n", "Include x\n",
		"!Include = x\n", "include include\n", "!include !include\n",
		"extra-substituters = a\nsubstituters = b\n",
		"substituters = b\nextra-substituters = a\nextra-substituters = c\n", "extra-binary-caches = a\n",
		"extra-extra-substituters = a\n", "extra- = a\n", "extra-x = y\n", "extra-build-cores = 3\n",
		"extra-experimental-features = flakes\nexperimental-features = ca-derivations\n",
		"experimental-features = flakes\nextra-experimental-features = ca-derivations\n",
		"extra-experimental-features = flakes\nextra-experimental-features = ca-derivations\n",
		"access-tokens = a=1\naccess-tokens = b=2\n", "access-tokens = b=1 a=2\nextra-access-tokens = b=3 c=4\n",
		"build-cores = 3\ncores = 4\nbuild-cores = 5\n", "frob = 1\nfrob = 2\nzap = 3\nfrob = 4\n",
		"cores = 3\ncores = x\n", "cores = x\ncores\n", "cores\ncores = x\n", "keep-going = maybe\nfrob\n",
		"experimental-features = nope\nkeep-going = maybe\n",
		"build-use-chroot = relaxed\n", "build-use-sandbox = maybe\n", "trusted-binary-caches = x\n",
		"binary-caches = x y\n", "gc-keep-outputs = true\nkeep-outputs = false\n",
		"extra-trusted-public-keys = k:1\ntrusted-public-keys = k:2\n",
		"extra-sandbox-paths = /x\nextra-sandbox-paths = /x /y\n",
		"extra-platforms = a\nextra-extra-platforms = b a\n", "extra-ignored-acls = x\n",
		"ignored-acls = x y x\n",
		"lint-url-literals = error\n", "eval-profiler = on\n", "warn-short-path-literals = false\n",
		"lint-short-path-literals = fatal\nwarn-short-path-literals = true\n", "repeat = x\n",
		"repeat = 2\nrepeat = 3\n", "download-attempts = 3\n", "filetransfer-retry-attempts = 3\n",
		"commit-lockfile-summary = x\ncommit-lock-file-summary = y\n",
		"use-xdg-base-directories = true\n", "ssl-cert-file = x\n", "build-dir = x\n", "build-hook = x\n",
		"build-hook = /x y\n", "json-log-path = x\n", "eval-profile-file = x\n", "external-builders = []\n",
		"external-builders = {}\n",
		strings.Repeat("cores = 1\n", 500)+"cores = 9\n", "bash-prompt = "+strings.Repeat("x ", 5000)+"\n",
	)
	return out
}

// liveCases are cases with more than one source.
func liveCases() []record {
	in := func(s string) *string { return &s }
	return []record{
		{ID: "own-include-order", Input: in("cores = 1\ninclude a.conf\nmax-jobs = 1\n"),
			Files: map[string]string{"conf/a.conf": "cores = 9\nmax-jobs = 9\n"}},
		{ID: "own-include-twice", Input: in("include a.conf\ncores = 7\ninclude a.conf\n"),
			Files: map[string]string{"conf/a.conf": "cores = 9\nextra-trusted-users = x\n"}},
		{ID: "own-include-syntax", Input: in("cores = 1\ninclude a.conf\nfrob\n"),
			Files: map[string]string{"conf/a.conf": "max-jobs = 9\nzap\n"}},
		{ID: "own-include-value", Input: in("cores = x\ninclude a.conf\nfrob\n"),
			Files: map[string]string{"conf/a.conf": "max-jobs = y\n"}},
		{ID: "own-include-deep", Input: in("include d/a.conf\n"),
			Files: map[string]string{"conf/d/a.conf": "include ../d/e/b.conf\n",
				"conf/d/e/b.conf": "!include c.conf\ninclude ../../x.conf\n", "conf/d/e/c.conf": "cores = 3\n",
				"conf/x.conf": "max-jobs = 3\n"}},
		{ID: "own-include-directory", Input: in("include d\ncores = 9\n"), Files: map[string]string{"conf/d/x": ""}},
		{ID: "own-include-self", Input: in("include nix.conf\n")},
		{ID: "own-include-self-optional", Input: in("!include ./nix.conf\n")},
		{ID: "own-include-missing-after-bad", Input: in("cores = x\ninclude none\n")},
		{ID: "own-features-order",
			Input: in("use-registries = false\nextra-experimental-features = flakes\naccept-flake-config = true\n")},
		{ID: "own-env-replaces", Input: in("substituters = a\ntrusted-users = x\n"),
			Env: map[string]string{"NIX_CONFIG": "substituters = b\nextra-trusted-users = y"}},
		{ID: "own-env-absolute-directory", Env: map[string]string{"NIX_CONFIG": "include $W/conf\ncores = 7"}},
		{ID: "own-env-bad", Input: in("cores = x\n"), Env: map[string]string{"NIX_CONFIG": "frob"}},
		{ID: "own-user-unknown", Input: in("frob = 1\n"),
			Files: map[string]string{"user/a.conf": "frob = 2\nzap = 3\n"},
			Env:   map[string]string{"NIX_USER_CONF_FILES": "$W/user/a.conf"}},
		{ID: "own-option-bad", Input: in("cores = 7\n"),
			Cmd: []string{"nix", "--extra-experimental-features", "nix-command", "show-config", "--json", "--option",
				"cores", "x"}},
		{ID: "own-option-bool", Input: in("keep-going = true\n"),
			Cmd: []string{"nix", "--extra-experimental-features", "nix-command", "show-config", "--json", "--option",
				"keep-going", "off", "--option", "keep-outputs", "true"}},
		{ID: "own-option-path", Input: in("cores = 7\n"),
			Cmd: []string{"nix", "--extra-experimental-features", "nix-command", "show-config", "--json", "--option",
				"diff-hook", "x"}},
		{ID: "own-option-extra", Input: in("trusted-users = a\n"),
			Cmd: []string{"nix", "--extra-experimental-features", "nix-command", "show-config", "--json", "--option",
				"extra-trusted-users", "b c", "--option", "extra-trusted-users", "d"}},
	}
}
