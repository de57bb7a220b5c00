package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/cmd/internal/config"
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

// testPacks hold two rules: one finds the word BAD in a Dockerfile and makes it GOOD, the other the word RISKY, and
// makes it CALM, unsafely.
func testPacks() []rules.Pack {
	find := func(word, good string, safety fixers.Safety) func(*rules.Pass, *image.Dockerfile) {
		return func(p *rules.Pass, d *image.Dockerfile) {
			text := string(d.Source.Bytes)
			for at := 0; ; {
				i := strings.Index(text[at:], word)
				if i < 0 {
					return
				}
				span := source.Span{Start: at + i, End: at + i + len(word)}
				at = span.End
				p.Report(rules.Finding{File: d.Source, Span: span, Message: "the word " + word +
					" is here", Fixes: []fixers.Fix{{
					Title: "Write " + good, Safety: safety,
					Edits:   []fixers.Edit{{File: d.Source, Span: span, Text: good}},
					Changes: fixers.Changes{fixdocker.Instructions{}}}}})
			}
		}
	}
	return []rules.Pack{{Name: "words", Rules: []*rules.Rule{
		{ID: "words/bad", Aliases: []string{"W1"}, Summary: "a word is bad", Severity: rules.Warning,
			Category: rules.Formatting,
			Since:    "0.1.0",
			Fixes:    []fixers.Safety{fixers.Safe}, Check: rules.OnDockerfile(find("BAD", "GOOD", fixers.Safe))},
		{ID: "words/risky", Summary: "a word is risky", Severity: rules.Error, Optional: true,
			Category: rules.Formatting,
			Since:    "0.1.0",
			Fixes:    []fixers.Safety{fixers.Unsafe}, Check: rules.OnDockerfile(find("RISKY", "CALM", fixers.Unsafe))},
	}}}
}

// testApp returns an app in dir with the environment env, and its outputs.
func testApp(dir string, env map[string]string) (a *app, stdout, stderr *bytes.Buffer) {
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	return &app{
		stdin:  strings.NewReader(""),
		stdout: stdout,
		stderr: stderr,
		getenv: func(name string) string {
			if name == "SANDLINT_SHELLCHECK" && env[name] == "" {
				return "none" // no test depends on what is installed
			}
			return env[name]
		},
		getwd: func() (string, error) { return dir, nil },
		now:   func() time.Time { return time.Time{} },
		packs: testPacks,
	}, stdout, stderr
}

// write makes files below a new folder with a repository's mark, and returns the folder.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestUsageErrors(t *testing.T) {
	dir := write(t, map[string]string{"Dockerfile": "FROM scratch\n"})
	for _, tt := range []struct {
		args string
		want string
	}{
		{"chekc", `there is no command "chekc"; did you mean "check"?`},
		{"lint",
			`there is no command "lint"; the commands are baseline, check, completion, config, fix, help, lsp, new, ` +
				`packs, query, rule, rules, seccomp, test, trace, version`},
		{"chec", `there is no command "chec"; did you mean "check"?`},
		{"Dockerfile", `there is no command "Dockerfile"; did you mean "sandlint check Dockerfile"?`},
		{"check --formt json", `there is no flag --formt; did you mean --format?`},
		{"check --zzz", `there is no flag --zzz; see sandlint check --help`},
		{"check -z", `there is no flag -z; see sandlint check --help`},
		{"check -qz", `there is no flag -z; see sandlint check --help`},
		{"check --=z", `"--=z" is not a flag; see sandlint check --help`},
		{"check --fail-on", `--fail-on needs a value, SEVERITY; see sandlint check --help`},
		{"check -f", `--format needs a value, FORMAT[=FILE]; see sandlint check --help`},
		{"check --diff=z", `--diff is on or off and takes no value but true and false, not "z"`},
		{"check --only words --select all", `--select all switches on every rule, and --only leaves only some; ` +
			`use one of them`},
		{"check --only=", `--only names no rules`},
		{"check --config=", `--config needs a value, FILE; see sandlint check --help`},
		{"check --format jsn", `--format: unknown format "jsn"; did you mean "json"?`},
		{"check --format json --format text",
			`--format: json and text both go to standard output; FORMAT=FILE writes one to a file`},
		{"check --statistics --format compact", `--statistics needs one of the formats text, json`},
		{"check --format json=x --format text=x",
			`--format: json and text both go to x; FORMAT=FILE writes one to a file`},
		{"check --fail-on never-ever", `--fail-on "never-ever" is not one of error, warning, info, style, never`},
		{"check --fail-on off", `--fail-on "off" is not one of error, warning, info, style, never`},
		{"check --fail-on eror",
			`--fail-on "eror" is not one of error, warning, info, style, never; did you mean "error"?`},
		{"check --color blue", `--color "blue" is not one of auto, always, never`},
		{"check --config a --no-config", `--config and --no-config cannot be used together`},
		{"check --config gone.hcl", `reading the configuration gone.hcl: no such file or directory`},
		{"check --target nix", `--target "nix" must have the form consumer=version, such as nix=2.24`},
		{"check --target libsecomp=2.5",
			`--target libsecomp=2.5: there is no consumer "libsecomp"; did you mean "libseccomp"?`},
		{"check --only words/bat", `there is no rule or pack "words/bat"; did you mean "words/bad"?`},
		{"check --ignore nothing-like-it", `there is no rule or pack "nothing-like-it"; "sandlint rules" lists them`},
		{"check --stdin-filename nix.conf Dockerfile", `--stdin-filename needs - (standard input) among the paths`},
		{"rule", `sandlint rule takes the id of one rule, or the name of a pack; see sandlint rule --help`},
		{"rule words/bax", `there is no rule or pack "words/bax"; did you mean "words/bad"?`},
		{"rules --pack word", `there is no pack "word"; did you mean "words"?`},
		{"rules --pack nix", `there is no pack "nix"; the packs are words`},
		{"rules word", `there is no pack "word"; did you mean "words"?`},
		{"version now", `sandlint version takes no arguments, so "now" has no meaning; see sandlint version --help`},
		{"new ruel acme/x", `there is no command "sandlint new ruel"; did you mean "rule"?`},
		{"new something", `there is no command "sandlint new something", only "sandlint new rule"`},
		{"seccomp explode", `there is no command "sandlint seccomp explode"; the commands are allow, audit, derive, ` +
			`diff, explain, merge, profiles, resolve, table, which`},
		{"help chekk", `there is no command "chekk"; did you mean "check"?`},
		{"help seccomp explian", `there is no command "sandlint seccomp explian"; did you mean "explain"?`},
		{"rules --format xml", `--format "xml" is not one of text, json`},
		{"version --format xml", `--format "xml" is not one of text, json`},
		{"completion tcsh", `sandlint completion takes one shell: bash, zsh, fish, powershell`},
		{"trace", `sandlint trace takes one Dockerfile, bake file or Compose file, or several nix.conf files; ` +
			`see sandlint trace --help`},
	} {
		a, stdout, stderr := testApp(dir, nil)
		status := a.run(strings.Fields(tt.args))
		if got := stderr.String(); status != StatusUsage || got != "sandlint: "+tt.want+"\n" {
			t.Errorf("%s: status %d, %swant status 2, sandlint: %s", tt.args, status, got, tt.want)
		}
		if stdout.Len() > 0 {
			t.Errorf("%s: standard output %q", tt.args, stdout)
		}
	}
}

func TestNoCommandShowsHelp(t *testing.T) {
	a, stdout, stderr := testApp("/", nil)
	if status := a.run(nil); status != StatusUsage || stdout.Len() > 0 ||
		!strings.Contains(stderr.String(), "sandlint check") {
		t.Errorf("status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
	a, stdout, stderr = testApp("/", nil)
	if status := a.run([]string{"--help"}); status != StatusOK || stderr.Len() > 0 ||
		!strings.Contains(stdout.String(), "sandlint check") {
		t.Errorf("status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
}

func TestOutputs(t *testing.T) {
	for _, tt := range []struct {
		name    string
		formats []string
		env     map[string]string
		want    []string
		err     string
	}{
		{"nothing said", nil, nil, []string{"text="}, ""},
		{"a workflow", nil, map[string]string{"GITHUB_ACTIONS": "true"}, []string{"github="}, ""},
		{"another value", nil, map[string]string{"GITHUB_ACTIONS": "1"}, []string{"text="}, ""},
		{"the flag wins over the workflow", []string{"text"}, map[string]string{"GITHUB_ACTIONS": "true"},
			[]string{"text="}, ""},
		{"the environment wins over the workflow", nil,
			map[string]string{"GITHUB_ACTIONS": "true", "SANDLINT_FORMAT": "json"}, []string{"json="}, ""},
		{"several in the environment", nil, map[string]string{"SANDLINT_FORMAT": "text json=x"},
			[]string{"text=", "json=x"}, ""},
		{"the flag wins over the environment", []string{"github"}, map[string]string{"SANDLINT_FORMAT": "json"},
			[]string{"github="}, ""},
		{"several", []string{"text", "json=a", "json=b"}, nil, []string{"text=", "json=a", "json=b"}, ""},
		{"unknown in the environment", nil, map[string]string{"SANDLINT_FORMAT": "texx"}, nil,
			`SANDLINT_FORMAT: unknown format "texx"; did you mean "text"?`},
	} {
		a, _, _ := testApp("/", tt.env)
		outputs, err := a.outputs(&runFlags{formats: tt.formats})
		var got []string
		for _, o := range outputs {
			got = append(got, o.Name+"="+o.File)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		if (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.err)
		}
	}
}

func TestCommonFolder(t *testing.T) {
	dir := write(t,
		map[string]string{"a/b/Dockerfile": "", "a/c/Dockerfile": "", "a/nix.conf": "", "ab/Dockerfile": ""})
	for _, tt := range []struct {
		paths []string
		stdin string
		want  string
	}{
		{nil, "", "."},
		{[]string{"."}, "", "."},
		{[]string{"a/b"}, "", "a/b"},
		{[]string{"a/b/Dockerfile"}, "", "a/b"},
		{[]string{"a/b/Dockerfile", "a/c"}, "", "a"},
		{[]string{"a/b", "a/nix.conf"}, "", "a"},
		{[]string{"a/b", "ab"}, "", "."},
		{[]string{"a/b/gone"}, "", "a/b"},
		{[]string{"-"}, "", "."},
		{[]string{"-"}, "a/b/Dockerfile", "a/b"},
		{[]string{"-", "a/c/Dockerfile"}, "a/b/Dockerfile", "a"},
		{[]string{".."}, "", ".."},
		{[]string{"a", ".."}, "", ".."},
		{[]string{"a", "/"}, "", "/"},
	} {
		want := tt.want
		if !filepath.IsAbs(want) {
			want = filepath.Join(dir, want)
		}
		if got := commonFolder(dir, tt.paths, tt.stdin); got != want {
			t.Errorf("%q, %q: %q, want %q", tt.paths, tt.stdin, got, want)
		}
	}
}

func TestTargets(t *testing.T) {
	conf := []config.Target{{Consumer: "libseccomp", Version: "2.5.4"}, {Consumer: "runc", Version: "1.1"}}
	got, err := targets([]string{"libseccomp=2.6.0", "platform=linux/arm64"}, conf)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("[2.6.0] 1.1", fmt.Sprint(got.Seccomp.Libseccomps(), got.Seccomp.Range("runc"))); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"linux/arm64"}, got.Platforms); diff != "" {
		t.Errorf("platforms (-want +got):\n%s", diff)
	}
}

func TestColored(t *testing.T) {
	for _, tt := range []struct {
		flag string
		env  map[string]string
		want bool
	}{
		{"auto", nil, false}, // a buffer is no terminal
		{"always", map[string]string{"NO_COLOR": "1"}, true},
		{"never", map[string]string{"FORCE_COLOR": "1"}, false},
		{"auto", map[string]string{"FORCE_COLOR": "1"}, true},
		{"auto", map[string]string{"FORCE_COLOR": "0"}, false},
		{"auto", map[string]string{"FORCE_COLOR": "1", "NO_COLOR": "1"}, false},
	} {
		a, stdout, _ := testApp("/", tt.env)
		a.color = tt.flag
		if got := a.colored(stdout); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}

func TestWidthAndLinks(t *testing.T) {
	for _, tt := range []struct {
		terminal bool
		env      map[string]string
		width    int
		linked   bool
	}{
		{false, map[string]string{"COLUMNS": "60", "TERM_PROGRAM": "vscode"}, 0, false},
		{true, nil, 0, false},
		{true, map[string]string{"COLUMNS": "60"}, 60, false},
		{true, map[string]string{"COLUMNS": "-5", "TERM": "xterm-256color"}, 0, false},
		{true, map[string]string{"TERM": "xterm-kitty"}, 0, true},
		{true, map[string]string{"TERM_PROGRAM": "WezTerm"}, 0, true},
		{true, map[string]string{"TERM_PROGRAM": "vscode", "CI": "true"}, 0, false},
		{true, map[string]string{"VTE_VERSION": "5000"}, 0, false},
		{true, map[string]string{"VTE_VERSION": "7600"}, 0, true},
		{true, map[string]string{"WT_SESSION": "x", "FORCE_HYPERLINK": "0"}, 0, false},
		{false, map[string]string{"FORCE_HYPERLINK": "1"}, 0, true},
	} {
		a, _, _ := testApp("/", tt.env)
		a.terminal = func(io.Writer) bool { return tt.terminal }
		if width, linked := a.width(a.stdout), a.linked(a.stdout); width != tt.width || linked != tt.linked {
			t.Errorf("terminal %v, %v: width %d, linked %v; want %d, %v", tt.terminal, tt.env, width, linked,
				tt.width, tt.linked)
		}
	}
}

func TestProgress(t *testing.T) {
	var out bytes.Buffer
	clock := time.Time{}
	p := &progress{w: &out, now: func() time.Time { return clock }, next: clock.Add(progressAfter)}
	for i := 1; i <= 5; i++ {
		clock = clock.Add(400 * time.Millisecond)
		p.update(i, 9)
		p.update(i, 9)
	}
	p.end()
	want := "\r\x1b[K3 of 9 files\r\x1b[K4 of 9 files\r\x1b[K5 of 9 files\r\x1b[K"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
	out.Reset()
	quick := &progress{w: &out, now: func() time.Time { return time.Time{} }, next: time.Time{}.Add(progressAfter)}
	quick.update(1, 1)
	quick.end()
	if out.Len() > 0 {
		t.Errorf("a quick run shows %q", out.String())
	}
	a, _, _ := testApp("/", nil)
	if a.newProgress(false) != nil {
		t.Error("there is progress where there is no terminal")
	}
	(*progress)(nil).end()
}

// brokenPipe is a writer whose reader went away after some bytes.
type brokenPipe struct{ left int }

func (w *brokenPipe) Write(b []byte) (int, error) {
	if len(b) > w.left {
		return 0, io.ErrClosedPipe
	}
	w.left -= len(b)
	return len(b), nil
}

// full is a writer on a full disk.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestOutputThatCannotBeWritten(t *testing.T) {
	dir := write(t, map[string]string{
		"Dockerfile": "FROM scratch\nLABEL a=BAD\n",
		"p.json": `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": ` +
			`"SCMP_ACT_ALLOW"}]}`,
	})
	for _, args := range []string{
		"check", "check --format json", "check --format github", "fix", "rules", "rules --format json", "version",
		"completion bash",
		"seccomp explain p.json read", "seccomp explain --format json p.json read", "seccomp table p.json",
		"seccomp table --format json p.json", "seccomp table --format csv p.json",
		"seccomp table --format html p.json", "seccomp diff p.json p.json", "seccomp diff --format json p.json p.json",
		"seccomp diff --format markdown p.json p.json",
		"seccomp allow -q p.json mount", "seccomp audit --profile p.json arch=c000003e,syscall=165,code=0x50000",
		"seccomp audit --format json arch=c000003e,syscall=165,code=0x50000",
		"seccomp resolve --arch amd64 p.json", "seccomp which read", "seccomp which --format json read",
	} {
		a, _, stderr := testApp(dir, nil)
		a.stdout = &brokenPipe{}
		if status := a.run(strings.Fields(args)); status > StatusFindings || stderr.Len() > 0 && args != "fix" {
			t.Errorf("%s into a broken pipe: status %d, %s", args, status, stderr)
		}
		a, _, stderr = testApp(dir, nil)
		a.stdout = full{}
		if status := a.run(strings.Fields(args)); status != StatusUnreadable ||
			!strings.Contains(stderr.String(), "no space left on device") {
			t.Errorf("%s onto a full disk: status %d, %s", args, status, stderr)
		}
	}
}

// TestFixedTextOntoFullDisk: the fixed text of standard input that cannot be written is not called written, and the
// reports say so as well.
func TestFixedTextOntoFullDisk(t *testing.T) {
	dir := write(t, map[string]string{"Dockerfile": "FROM scratch\nLABEL a=BAD\n"})
	a, _, stderr := testApp(dir, nil)
	a.stdin = strings.NewReader("FROM scratch\nLABEL a=BAD\n")
	a.stdout = full{}
	args := []string{"fix", "-w", "--stdin-filename", "Dockerfile", "--format", "json=report.json"}
	if status := a.run(args); status != StatusUnreadable {
		t.Errorf("status %d", status)
	}
	want := "0 of 1 fixes written\nremaining: 1 finding (1 warning) in 1 file\n" +
		"sandlint: writing standard output: no space left on device\n"
	if diff := cmp.Diff(want, stderr.String()); diff != "" {
		t.Errorf("standard error (-want +got):\n%s", diff)
	}
	report, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil || !strings.Contains(string(report), `"rule":"words/bad"`) {
		t.Errorf("the report: %s, %v", report, err)
	}
}
