package report

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// spanOf returns the span of the nth occurrence, from 0, of text.
func spanOf(t *testing.T, f *source.File, text string, n int) source.Span {
	t.Helper()
	at := 0
	for ; ; n-- {
		i := strings.Index(string(f.Bytes[at:]), text)
		if i < 0 {
			t.Fatalf("%q is not in %s", text, f.Path)
		}
		at += i
		if n == 0 {
			return source.Span{Start: at, End: at + len(text)}
		}
		at += len(text)
	}
}

var (
	orderRule = &rules.Rule{ID: "order/nix-config-after-nix-command", Severity: rules.Error,
		Category: rules.Correctness, Summary: "a Nix command runs before its settings are written"}
	unknownRule = &rules.Rule{ID: "nix/unknown-setting", Severity: rules.Warning, Category: rules.Correctness,
		Summary: "a setting is unknown"}
	tagRule = &rules.Rule{ID: "dockerfile/untagged-image", Aliases: []string{"DL3006"}, Severity: rules.Info,
		Category: rules.Portability, Summary: "an image has no tag"}
)

// sample returns a report with one of everything.
func sample(t *testing.T) *Report {
	docker := source.NewFile("images/builder/Dockerfile", []byte("FROM nixos/nix\n"+
		"\tRUN nix build .#größe && echo 界面 \\\n"+
		"\t    && nix run\n"+
		"RUN echo 'experimental-feature = flakes' >> /etc/nix/nix.conf\n"))
	conf := source.NewFile("nix.conf", []byte("sandbox = true\r\nsanbox = \x1b[31mfalse\xff\r\n"))
	echo := spanOf(t, docker, "echo 'experimental-feature = flakes' >> /etc/nix/nix.conf", 0)
	return &Report{
		Version: "0.1.0",
		Dir:     "/src",
		Result: &rules.Result{
			Checked: 3,
			Rules: []rules.Active{{Rule: unknownRule, Effective: rules.Warning,
				Help: "docs/rules/nix/unknown-setting.md",
				Pack: rules.Pack{Name: "nix", Rules: []*rules.Rule{unknownRule}, Pages: fstest.MapFS{
					"unknown_setting.txtar": {Data: []byte("## Why\n\nNix ignores it.\n\nSo it does nothing.\n")}}}}},
			Findings: []rules.Finding{
				{
					Rule: tagRule, Severity: rules.Info, File: docker, Span: spanOf(t, docker, "nixos/nix", 0),
					Message: `image "nixos/nix" has no tag`,
					Fixes:   []fixers.Fix{{Title: "Name a tag", Safety: fixers.Manual}},
				},
				{
					Rule: orderRule, Severity: rules.Error, File: docker,
					Span:    spanOf(t, docker, "nix build .#größe && echo 界面 \\\n\t    && nix run", 0),
					Message: "nix runs before line 4 writes the settings that it needs",
					Related: []rules.Related{
						{File: docker, Span: echo, Message: "written here"},
						{File: conf, Span: spanOf(t, conf, "sandbox", 0), Message: "also set here"},
					},
					Fixes: []fixers.Fix{
						{Title: "Move the RUN of line 4 before line 2", Safety: fixers.Unsafe, Edits: []fixers.Edit{
							{File: docker, Span: source.Span{Start: 15, End: 15},
								Text: "RUN echo 'a & b <c>' >> /etc/nix/nix.conf\n"},
							{File: docker, Span: echo, Text: ""},
						}},
						{Title: "Cannot be carried by JSON", Safety: fixers.Unsafe,
							Edits: []fixers.Edit{{File: docker, Text: "\xff"}}},
					},
				},
				{
					Rule: unknownRule, Severity: rules.Warning, File: conf, Span: spanOf(t, conf, "sanbox", 0),
					Message: `setting "sanbox" is unknown to Nix 2.24; did you mean "sandbox"?`,
					Fixes: []fixers.Fix{{Title: "Rename to sandbox", Safety: fixers.Safe,
						Edits: []fixers.Edit{{File: conf, Span: spanOf(t, conf, "sanbox", 0), Text: "sandbox"}}}},
				},
				{
					Rule: unknownRule, Severity: rules.Warning, File: conf,
					Span:    spanOf(t, conf, "\x1b[31mfalse\xff", 0),
					Message: "value \"\x1b[31mfalse\x1b[0m\" is no boolean",
				},
			},
			Suppressed: []rules.Finding{{
				Rule: unknownRule, Severity: rules.Warning, File: docker,
				Span:    spanOf(t, docker, "experimental-feature", 0),
				Message: `setting "experimental-feature" is unknown to Nix 2.24`,
				Suppressed: &rules.Suppression{Kind: "inline", Reason: "our fork knows it", File: docker,
					Span: spanOf(t, docker, "FROM", 0)},
			}},
			Skipped: []workspace.Skipped{{Path: "README.md", Reason: "of no kind that sandlint reads"}},
			Errors:  []workspace.FileError{{Path: "secret/Dockerfile", Err: errors.New("permission denied")}},
		},
	}
}

func render(t *testing.T, format string, r *Report) []byte {
	t.Helper()
	o, err := ParseOutput(format)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := o.Write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGolden(t *testing.T) {
	for _, r := range Reporters() {
		out := render(t, r.Name, sample(t))
		if r.Name == "html" { // the browser tests are about these
			out = regexp.MustCompile(`(?s)<(style|script)>.*?</(style|script)>`).ReplaceAll(out, []byte("<$1></$1>"))
			out = regexp.MustCompile(`sha256-[^&]*`).ReplaceAll(out, []byte("sha256-…"))
		}
		golden(t, r.Name+".golden", out)
	}
	colored := sample(t)
	colored.Color, colored.Links = true, true
	golden(t, "text-color.golden", render(t, "text", colored))
	narrow := sample(t)
	narrow.Width, narrow.Alone = 36, true
	golden(t, "text-narrow.golden", render(t, "text", narrow))
	for _, r := range Reporters() {
		if r.Statistics != nil {
			var out bytes.Buffer
			if err := r.Statistics(&out, sample(t)); err != nil {
				t.Fatal(err)
			}
			golden(t, r.Name+"-statistics.golden", out.Bytes())
		}
	}
}

func TestColorOnlyAddsEscapes(t *testing.T) {
	r := sample(t)
	plain := render(t, "text", r)
	r.Color = true
	if diff := cmp.Diff(string(plain), stripANSI(string(render(t, "text", r)))); diff != "" {
		t.Errorf("coloured text without its escapes (-plain +stripped):\n%s", diff)
	}
	if bytes.Contains(plain, []byte("\x1b")) {
		t.Error("text without colour holds an escape character")
	}
}

func TestSummary(t *testing.T) {
	f1, f2 := source.NewFile("a", nil), source.NewFile("b", nil)
	fix := func(s fixers.Safety) []fixers.Fix { return []fixers.Fix{{Safety: s}} }
	for _, tt := range []struct {
		name string
		res  rules.Result
		want string
	}{
		{"nothing found", rules.Result{}, "no file to check"},
		{"nothing taken", rules.Result{Skipped: make([]workspace.Skipped, 2)},
			"no file to check; 2 files skipped"},
		{"nothing readable", rules.Result{Errors: make([]workspace.FileError, 2)},
			"nothing was checked; 2 files could not be read"},
		{"clean", rules.Result{Checked: 1}, "no findings in 1 file"},
		{"one", rules.Result{Checked: 1, Findings: []rules.Finding{{File: f1, Severity: rules.Style}}},
			"1 finding (1 style) in 1 file"},
		{"both safeties", rules.Result{Checked: 5, Findings: []rules.Finding{
			{File: f1, Severity: rules.Error, Fixes: fix(fixers.Safe)},
			{File: f1, Severity: rules.Warning, Fixes: fix(fixers.Unsafe)},
			{File: f2, Severity: rules.Warning, Fixes: fix(fixers.Manual)},
		}}, `3 findings (1 error, 2 warnings) in 2 files; 1 fixable with "sandlint fix", 1 more with --unsafe`},
		{"the safest fix counts", rules.Result{Findings: []rules.Finding{
			{File: f1, Severity: rules.Info, Fixes: append(fix(fixers.Unsafe), fix(fixers.Safe)...)},
		}}, `1 finding (1 info) in 1 file; 1 fixable with "sandlint fix"`},
		{"unsafe only", rules.Result{Findings: []rules.Finding{
			{File: f1, Severity: rules.Error, Fixes: fix(fixers.Unsafe)},
			{File: f2, Severity: rules.Error, Fixes: fix(fixers.Unsafe)},
		}}, `2 findings (2 errors) in 2 files; 2 fixable with "sandlint fix --unsafe"`},
		{"suppressed and unreadable",
			rules.Result{Checked: 2, Suppressed: make([]rules.Finding, 2), Errors: make([]workspace.FileError, 1)},
			"no findings in 2 files; 2 suppressed; 1 file could not be read"},
	} {
		if got := Summary(&tt.res); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestParseOutput(t *testing.T) {
	var names []string
	for _, r := range Reporters() {
		names = append(names, r.Name)
	}
	all := strings.Join(names, ", ")
	for _, tt := range []struct{ in, name, file, err string }{
		{in: "text", name: "text"},
		{in: "json=out.json", name: "json", file: "out.json"},
		{in: "json=a=b", name: "json", file: "a=b"},
		{in: "json=", err: `format "json=" has an equals sign but no file`},
		{in: "jsonn", err: `unknown format "jsonn"; did you mean "json"?`},
		{in: "githbu=x", err: `unknown format "githbu"; did you mean "github"?`},
		{in: "pdf", err: `unknown format "pdf"; the formats are ` + all},
		{in: "", err: `unknown format ""; the formats are ` + all},
	} {
		o, err := ParseOutput(tt.in)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if o.Name != tt.name || o.File != tt.file || got != tt.err {
			t.Errorf("%q: %q, %q, %q; want %q, %q, %q", tt.in, o.Name, o.File, got, tt.name, tt.file, tt.err)
		}
	}
}

func TestFingerprints(t *testing.T) {
	prints := func(path, text string, marks ...string) []string {
		f := source.NewFile(path, []byte(text))
		var in []*rules.Finding
		seen := map[string]int{}
		for _, m := range marks {
			in = append(in, &rules.Finding{Rule: unknownRule, File: f, Span: spanOf(t, f, m, seen[m])})
			seen[m]++
		}
		return rules.Fingerprints(files.Disk{}, in, "")
	}
	a := prints("nix.conf", "x = 1\nfoo = 1  2\nfoo = 1  2\n", "foo = 1  2", "foo = 1  2")
	if a[0] == a[1] {
		t.Error("equal findings have equal fingerprints")
	}
	if len(a[0]) != 64 || strings.Trim(a[0], "0123456789abcdef") != "" {
		t.Errorf("%q is no SHA-256 in hex", a[0])
	}
	b := prints("nix.conf", "\n\n\n foo =\t1 2\nfoo = 1  2\n", "foo =\t1 2", "foo = 1  2")
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("lines above and white space change fingerprints (-want +got):\n%s", diff)
	}
	if c := prints("other/nix.conf", "foo = 1 2\n", "foo = 1 2"); c[0] == a[0] {
		t.Error("the path is not part of the fingerprint")
	}
	f := source.NewFile("nix.conf", []byte("foo = 1 2\n"))
	c := rules.Fingerprints(files.Disk{}, []*rules.Finding{{Rule: orderRule, File: f, Span: source.Span{End: 9}}}, "")
	if c[0] == a[0] {
		t.Error("the rule is not part of the fingerprint")
	}
}

func TestWriteProblems(t *testing.T) {
	f := source.NewFile(".sandlint.hcl", []byte("exlude = []\nrule \"x\" {}\n"))
	var b bytes.Buffer
	err := WriteProblems(&b, f, []source.Problem{
		{Span: spanOf(t, f, `"x"`, 0), Message: `unknown rule "x"`},
		{Span: spanOf(t, f, "exlude", 0), Message: `unknown attribute "exlude"; did you mean "exclude"?`},
	}, rules.Error, false)
	if err != nil {
		t.Fatal(err)
	}
	want := `error: unknown attribute "exlude"; did you mean "exclude"?
 --> .sandlint.hcl:1:1
  |
1 | exlude = []
  | ^^^^^^

error: unknown rule "x"
 --> .sandlint.hcl:2:6
  |
2 | rule "x" {}
  |      ^^^
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
