package playground

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/cmd/internal/cli"
	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/rules/packs"
)

// projects returns the texts of the projects of testdata by the path of their folders.
func projects(t *testing.T) map[string]map[string]string {
	t.Helper()
	out := map[string]map[string]string{}
	for _, pattern := range []string{"example", "browser/project", "projects/*/*"} {
		found, err := filepath.Glob(filepath.Join("../../../testdata", pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d folders, %v", pattern, len(found), err)
		}
		for _, dir := range found {
			if info, err := os.Stat(dir); err == nil && info.IsDir() {
				out[dir] = texts(t, os.DirFS(dir))
			}
		}
	}
	return out
}

func texts(t *testing.T, tree fs.FS) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(tree, name)
		out[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func newPlayground() *Playground { return New(cli.Version, packs.All()) }

// ask returns the answer to a request, which must not be an error.
func ask[A any](t *testing.T, p *Playground, r request) A {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	answer := p.Call(b)
	var wrong failure
	var out A
	if err := json.Unmarshal(answer, &wrong); err != nil || wrong.Error != "" {
		t.Fatalf("%s: %v%s", r.Do, err, wrong.Error)
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// findings returns the findings of a report, each as JSON; without their fixes unless these are wanted.
func findings(t *testing.T, text []byte, fixes bool) []string {
	t.Helper()
	var report struct {
		Findings []map[string]any `json:"findings"`
		Errors   []any            `json:"errors"`
	}
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	out := []string{}
	for _, f := range report.Findings {
		if !fixes {
			delete(f, "fixes")
		}
		b, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(b))
	}
	for _, e := range report.Errors {
		out = append(out, fmt.Sprint(e))
	}
	return out
}

// onDisk returns what "sandlint check --format json" prints for files.
func onDisk(t *testing.T, files map[string]string, flags ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	var stdout, stderr bytes.Buffer
	args := append([]string{"check", "--no-shellcheck", "--format", "json"}, flags...)
	if status := cli.Main(args, strings.NewReader(""), &stdout, &stderr); status > 1 && status != 3 {
		t.Fatalf("exit status %d\n%s", status, stderr.String())
	}
	return stdout.Bytes()
}

// TestEqualsCheck compares what is found in memory with what "sandlint check" finds on a disk.
func TestEqualsCheck(t *testing.T) {
	all := projects(t)
	all["configured"] = map[string]string{
		".sandlint.hcl": "target {\n  nix = \"2.24\"\n}\nrule \"DL3007\" {\n  severity = \"error\"\n}\n" +
			"override {\n  paths = [\"sub/**\"]\n  ignore = [\"all\"]\n}\npacks = [\"builtin:cis-docker\"]\n",
		"Dockerfile":     "FROM debian:latest\nRUN nix-env -iA x\n",
		"sub/Dockerfile": "FROM debian:latest\n",
		"nix.conf":       "experimental-feature = flakes\nexperimental-features = nope\n",
	}
	all["hadolint"] = map[string]string{
		".hadolint.yaml": "ignored: [DL3007]\n", "Dockerfile": "FROM debian:latest\nMAINTAINER me\n",
	}
	total := 0
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(strings.TrimPrefix(filepath.ToSlash(name), "../../../testdata/"), func(t *testing.T) {
			p := newPlayground()
			quick := ask[checked](t, p, request{Do: "open", Files: all[name]})
			settled := ask[checked](t, p, request{Do: "settle"})
			want := onDisk(t, all[name])
			if diff := cmp.Diff(findings(t, want, true), findings(t, settled.Report, true)); diff != "" {
				t.Errorf("on disk (-) and in memory (+):\n%s", diff)
			}
			if diff := cmp.Diff(findings(t, want, false), findings(t, quick.Report, false)); diff != "" {
				t.Errorf("on disk (-) and after a quick look (+):\n%s", diff)
			}
			total += len(settled.Drawn)
		})
	}
	if total < 50 {
		t.Errorf("%d findings in all projects", total)
	}
}

// TestTargets compares both with other targets.
func TestTargets(t *testing.T) {
	files := texts(t, os.DirFS("../../../testdata/example"))
	p := newPlayground()
	ask[checked](t, p, request{Do: "open", Files: files, Targets: []string{"nix=2.24", "platform=linux/arm64"}})
	settled := ask[checked](t, p, request{Do: "settle"})
	want := onDisk(t, files, "--target", "nix=2.24", "--target", "platform=linux/arm64")
	if diff := cmp.Diff(findings(t, want, true), findings(t, settled.Report, true)); diff != "" {
		t.Errorf("on disk (-) and in memory (+):\n%s", diff)
	}
	if string(want) == string(onDisk(t, files)) {
		t.Error("the targets make no difference")
	}
}

// TestEdits takes lines out of the files of projects, one after the other, and compares what a quick look finds after
// each with what is found in a project that is opened so.
func TestEdits(t *testing.T) {
	all := projects(t)
	edits := 0
	for k, name := range slices.Sorted(maps.Keys(all)) {
		if k%3 > 0 && !heavytest.On() {
			continue
		}
		p := newPlayground()
		files := maps.Clone(all[name])
		ask[checked](t, p, request{Do: "open", Files: maps.Clone(files)})
		for _, path := range slices.Sorted(maps.Keys(files)) {
			lines := strings.SplitAfter(files[path], "\n")
			for n := 0; n < len(lines); n += 1 + len(lines)/2 {
				files[path] = strings.Join(slices.Delete(slices.Clone(lines), n, n+1), "")
				ask[checked](t, p, request{Do: "edit", Path: path, Text: files[path]})
				ask[checked](t, p, request{Do: "settle"}) // files may have become of another kind
				got := ask[checked](t, p, request{Do: "edit", Path: path, Text: files[path]})
				want := ask[checked](t, newPlayground(), request{Do: "open", Files: files})
				if diff := cmp.Diff(findings(t, want.Report, false), findings(t, got.Report, false)); diff != "" {
					t.Errorf("%s without line %d of %s: opened (-) and edited (+):\n%s", name, n+1, path, diff)
				}
				edits++
			}
		}
	}
	if edits < 20 {
		t.Errorf("%d edits", edits)
	}
}

// TestCases compares a quick look with a whole check, over cases of rules. Which suppressions are without use in the
// whole project, the quick look leaves to the check.
func TestCases(t *testing.T) {
	n, compared := 0, 0
	for _, pack := range packs.All() {
		for _, rule := range pack.Rules {
			page, err := pack.Page(rule)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page.Cases {
				if n++; n%20 > 0 && !heavytest.On() || len(c.Files) == 0 {
					continue
				}
				p := newPlayground()
				files := map[string]string{}
				for _, f := range c.Files {
					files[f.Name] = string(f.Data)
				}
				if checkFiles(files) != nil {
					continue
				}
				quick := ask[checked](t, p, request{Do: "open", Files: files})
				settled := ask[checked](t, p, request{Do: "settle"})
				want := slices.DeleteFunc(findings(t, settled.Report, false), func(f string) bool {
					return strings.Contains(f, "sandlint/unused-ignore.md")
				})
				got := slices.DeleteFunc(findings(t, quick.Report, false), func(f string) bool {
					return strings.Contains(f, "sandlint/unused-ignore.md")
				})
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s, case %s: whole (-) and quick (+):\n%s", rule.ID, c.Name, diff)
				}
				compared++
			}
		}
	}
	if compared < 50 {
		t.Errorf("%d cases", compared)
	}
}

// TestFixes applies each fix of a project, and all of them, and looks at what is left.
func TestFixes(t *testing.T) {
	files := texts(t, os.DirFS("../../../testdata/example"))
	p := newPlayground()
	ask[checked](t, p, request{Do: "open", Files: files})
	settled := ask[checked](t, p, request{Do: "settle"})
	applied := 0
	for n, f := range settled.Drawn {
		for k, fix := range f.Fixes {
			if fix.Safety == "manual" {
				continue
			}
			out := ask[changes](t, p, request{Do: "apply", Finding: n, Fix: k})
			if len(out.Files) == 0 || out.Fixes[0] != fix.Title || !strings.HasPrefix(out.Files[0].Diff, "--- a/") {
				t.Fatalf("%s: %+v", fix.Title, out)
			}
			q := newPlayground()
			after := maps.Clone(files)
			for _, c := range out.Files {
				after[c.Path] = c.Text
			}
			ask[checked](t, q, request{Do: "open", Files: after})
			left := ask[checked](t, q, request{Do: "settle"})
			same := func(l drawn) bool { return l.Message == f.Message && l.Path == f.Path }
			if slices.ContainsFunc(left.Drawn, same) {
				t.Errorf("after %q there is still: %s", fix.Title, f.Message)
			}
			applied++
		}
	}
	if applied < 5 {
		t.Errorf("%d fixes", applied)
	}
	all := ask[changes](t, p, request{Do: "fix", Unsafe: true})
	for _, c := range all.Files {
		ask[checked](t, p, request{Do: "edit", Path: c.Path, Text: c.Text})
	}
	if left := ask[checked](t, p, request{Do: "settle"}); len(left.Drawn) >= len(settled.Drawn)-applied/2 {
		t.Errorf("after all fixes: %s", left.Summary)
	}
	// A fix is about the texts that it was shown for.
	ask[checked](t, p, request{Do: "edit", Path: "nix.conf", Text: "cores = 1\n"})
	if got := refused(t, p, request{Do: "apply"}); got != "the files changed since the fix was shown" {
		t.Errorf("a fix of another text: %q", got)
	}
}

// refused returns the error of the answer to a request.
func refused(t *testing.T, p *Playground, r request) string {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var wrong failure
	if err := json.Unmarshal(p.Call(b), &wrong); err != nil || wrong.Defect {
		t.Fatalf("%s: %v %+v", b, err, wrong)
	}
	return wrong.Error
}

func TestDraw(t *testing.T) {
	p := newPlayground()
	files := texts(t, os.DirFS("../../../testdata/browser/project"))
	opened := ask[checked](t, p, request{Do: "open", Files: files})
	for path, want := range map[string]string{
		"Dockerfile": "sl-timeline", "docker-bake.hcl": "sl-timeline", "seccomp.json": "sl-decisions",
		"nix.conf": " = ",
	} {
		isDrawn := func(e entry) bool { return e.Path == path && e.Picture }
		if !slices.ContainsFunc(opened.Entries, isDrawn) {
			t.Errorf("nothing is drawn of %s", path)
			continue
		}
		if got := ask[picture](t, p, request{Do: "draw", Path: path}); !strings.Contains(got.HTML+got.Text, want) {
			t.Errorf("%s lacks %q:\n%s%s", path, want, got.HTML, got.Text)
		}
	}
}

func TestPages(t *testing.T) {
	p := newPlayground()
	if got := ask[page](t, p, request{Do: "rule", Rule: "DL3007"}); !strings.Contains(got.Markdown, got.ID) {
		t.Errorf("%+v", got)
	}
	got := ask[about](t, p, request{Do: "about"})
	n := slices.IndexFunc(got.Consumers, func(c consumer) bool { return c.Name == "nix" })
	if got.Version != cli.Version || n < 0 || got.Consumers[n].Newest == "" {
		t.Errorf("%+v", got)
	}
}

// TestProblems looks at configurations that cannot be used.
func TestProblems(t *testing.T) {
	p := newPlayground()
	got := ask[checked](t, p, request{Do: "open", Files: map[string]string{
		".sandlint.hcl": "fail_on = \"never\"\nselcet = [\"all\"]\n", "Dockerfile": "FROM debian:latest\n",
	}})
	if len(got.Problems) != 1 || got.Problems[0].Path != ".sandlint.hcl" || got.Problems[0].Range.Start.Line != 2 ||
		!strings.Contains(got.Problems[0].Message, "selcet") {
		t.Errorf("problems: %+v", got.Problems)
	}
	if len(got.Drawn) == 0 {
		t.Error("nothing is found in the Dockerfile")
	}
	got = ask[checked](t, p, request{Do: "edit", Path: ".sandlint.hcl", Text: "ignore = [\"all\"]\n"})
	if len(got.Problems) != 0 || len(got.Drawn) != 0 {
		t.Errorf("after the edit: %+v", got)
	}
}

// TestRefused sends what cannot be answered.
func TestRefused(t *testing.T) {
	many := map[string]string{}
	for n := range MaxFiles + 1 {
		many[fmt.Sprintf("f%d", n)] = ""
	}
	large, long := strings.Repeat("x", MaxBytes+1), strings.Repeat("x", MaxPath+1)
	p := newPlayground()
	for want, r := range map[string]request{
		`there is no request "x"`:                   {Do: "x"},
		"no project is open":                        {Do: "settle"},
		"the name of a file is empty":               {Do: "open", Files: map[string]string{"": ""}},
		"does not lead from the root":               {Do: "open", Files: map[string]string{"../x": ""}},
		`"/x" does not lead from the root`:          {Do: "open", Files: map[string]string{"/x": ""}},
		"has a control character":                   {Do: "open", Files: map[string]string{"a\nb": ""}},
		"lies in git's own folder":                  {Do: "open", Files: map[string]string{"x/.git/index": ""}},
		"lies in a folder of the same name":         {Do: "open", Files: map[string]string{"a": "", "a/b": ""}},
		"has 101 files":                             {Do: "open", Files: many},
		"1025 KiB together":                         {Do: "open", Files: map[string]string{"a": large}},
		"at most 200":                               {Do: "open", Files: map[string]string{long: ""}},
		`"nix" is not of the form CONSUMER=VERSION`: {Do: "open", Targets: []string{"nix"}},
		`there is no consumer "nxi"`:                {Do: "targets", Targets: []string{"nxi=2"}},
	} {
		if got := refused(t, p, r); !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	ask[checked](t, p, request{Do: "open", Files: map[string]string{"Dockerfile": "FROM scratch\n"}})
	for want, r := range map[string]request{
		`the project has no file "nix.conf"`: {Do: "edit", Path: "nix.conf"},
		"1025 KiB together":                  {Do: "edit", Path: "Dockerfile", Text: large},
		`nothing is drawn of "nix.conf"`:     {Do: "draw", Path: "nix.conf"},
		`there is no rule or pack "nope"`:    {Do: "rule", Rule: "nope"},
	} {
		if got := refused(t, p, r); !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := ask[checked](t, p, request{Do: "settle"}); len(got.Entries) != 1 {
		t.Errorf("after an edit that was refused: %+v", got.Entries)
	}
}

func FuzzCall(f *testing.F) {
	for _, seed := range []string{
		`{"do":"open","files":{"Dockerfile":"FROM a\nRUN nix-env -iA x","nix.conf":"cores = x"}}`,
		`{"do":"open","files":{"a/seccomp.json":"{}"},"targets":["nix=2.24"]}`,
		`{"do":"edit","path":"Dockerfile","text":"FROM b"}`, `{"do":"settle"}`, `{"do":"apply","finding":0,"fix":0}`,
		`{"do":"fix","unsafe":true}`, `{"do":"draw","path":"Dockerfile"}`, `{"do":"rule","rule":"DL3007"}`, `[`, `{`,
	} {
		f.Add(seed)
	}
	p := newPlayground()
	f.Fuzz(func(t *testing.T, message string) {
		var wrong failure
		if err := json.Unmarshal(p.Call([]byte(message)), &wrong); err != nil || wrong.Defect {
			t.Fatalf("%v %s", err, wrong.Error)
		}
	})
}
