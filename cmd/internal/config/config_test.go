package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/hcltext"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var packs = []rules.Pack{
	{Name: "dockerfile",
		Rules: []*rules.Rule{{ID: "dockerfile/untagged-image", Aliases: []string{"DL3006"}, Severity: rules.Info,
			Optional: true}}},
	{Name: "nix", Rules: []*rules.Rule{
		{ID: "nix/duplicate-setting", Severity: rules.Warning},
		{ID: "nix/unknown-setting", Severity: rules.Warning},
	}},
}

// shownAs calls each file by the name of the configuration.
func shownAs(string) string { return Name }

// plain compares configurations without what says where each part of them stands.
var plain = cmp.FilterPath(func(p cmp.Path) bool {
	f, ok := p.Last().(cmp.StructField)
	return ok && slices.Contains([]string{"Source", "Lines", "excluded", "matches"}, f.Name())
}, cmp.Ignore())

// selection returns what a configuration says about the rules of the files in its folder.
func selection(c *Config) rules.Selection {
	says := Join(c.Parts("/base/file"))
	return rules.Selection{Layers: says.Layers}
}

func TestParse(t *testing.T) {
	yes, no := true, false
	for _, tt := range []struct {
		name, text string
		want       Config
	}{
		{"empty", "", Config{}},
		{"a comment", "# nothing\n", Config{}},
		{"everything", `
exclude = ["third_party/**", "*.bak"]

target {
  nix        = "2.24"
  libseccomp = "2.5.4"
  docker     = ["27", "28"]
  runc       = ["1.0.0-rc93", "1.3.6+ds1", "1.1.5..1.2"]
  platform   = ["linux/amd64", "linux/arm64"]
}

rule "nix/unknown-setting" {
  severity = "error"
}
rule "DL3006" { enabled = true }
rule "nix" { enabled = false }
rule "nix/duplicate-setting" {
  enabled  = true
  severity = "style"
}
`, Config{
			Exclude: []string{"third_party/**", "*.bak"},
			Layer: Layer{Targets: []Target{{"nix", "2.24"}, {"libseccomp", "2.5.4"}, {"docker", "27"}, {"docker", "28"},
				{"runc", "1.0.0-rc93"}, {"runc", "1.3.6+ds1"}, {"runc", "1.1.5..1.2"}, {"platform", "linux/amd64"},
				{"platform", "linux/arm64"}},
				Rules: []Rule{
					{Name: "nix/unknown-setting", Severity: rules.Error},
					{Name: "DL3006", Enabled: &yes},
					{Name: "nix", Enabled: &no},
					{Name: "nix/duplicate-setting", Severity: rules.Style, Enabled: &yes},
				}},
		}},
		{"byte order mark and CRLF", "\ufeffexclude = [\"a\"]\r\n", Config{Exclude: []string{"a"}}},
		{"one string for a list", `exclude = "a"`, Config{Exclude: []string{"a"}}},
		{"several releases", `target { nix = ["2.18", "2.24"] }`,
			Config{Layer: Layer{Targets: []Target{{"nix", "2.18"}, {"nix", "2.24"}}}}},
		{"severity off", `rule "all" { severity = "off" }`,
			Config{Layer: Layer{Rules: []Rule{{Name: "all", Enabled: &no}}}}},
	} {
		got, err := parse(source.NewFile(Name, []byte(tt.text)), "/base", packs)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		tt.want.Base = "/base"
		if diff := cmp.Diff(&tt.want, got, plain); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, tt := range []struct {
		text string
		want []string // "text at fault: message"
	}{
		{`exlude = []`, []string{`exlude: unknown attribute "exlude" in the configuration; did you mean "exclude"?`}},
		{`zzzz = 1`,
			[]string{`zzzz: unknown attribute "zzzz" in the configuration, which may contain accept, baseline, ` +
				`exclude, extends, fail_on, ignore, ignores, override, pack, packs, preset, required_version, ` +
				`rule, select, suppressions, target`}},
		{`rules "x" {}`, []string{`rules: unknown block "rules" in the configuration; did you mean "rule"?`}},
		{`target = { nix = "2.24" }`, []string{`target: "target" must be a block, without an equals sign`}},
		{"exclude {\n}", []string{`exclude: "exclude" must be an attribute, with an equals sign`}},
		{`exclude = [1, "a", "[", "../x", "./y"]`, []string{
			`1: "exclude" must be a string, in quotes: "1"`,
			`"[": exclude pattern "[" is malformed`,
			`"../x": exclude pattern "../x" matches nothing; patterns are relative to the folder of the ` +
				`configuration, without a leading "./"`,
			`"./y": exclude pattern "./y" matches nothing; patterns are relative to the folder of the configuration, ` +
				`without a leading "./"`,
		}},
		{`target { zzz = "2.24" }`, []string{`zzz: unknown attribute "zzz" in a target block, which may contain ` +
			`builder, containerd, cri-o, crun, determinate, docker, kernel, kubernetes, libseccomp, lix, nix, ` +
			`platform, podman, runc`}},
		{`target { libsecomp = "2.5" }`,
			[]string{`libsecomp: unknown attribute "libsecomp" in a target block; did you mean "libseccomp"?`}},
		{`target { nix = 2.20 }`, []string{`2.20: "nix" must be a string, in quotes: "2.20"`}},
		{`target { platform = ["arm"] }`,
			[]string{`"arm": platform "arm" is not of the form os/architecture, such as linux/arm64`}},
		{`target { docker = "new" }`, []string{`"new": version "new" of docker is not a number such as 20.10.10`}},
		{`target { docker = ["27", "1.0.0"] }`, []string{`"1.0.0": there is no release 1.0.0 of docker that reads ` +
			`seccomp profiles; the first is 1.10.0, and the newest known one 29`}},
		{`target { platform = "linux/x86_64" }`,
			[]string{`"linux/x86_64": platform "linux/x86_64" is unknown; did you mean "linux/amd64"?`}},
		{"target {}\ntarget {}", []string{`target: only one target block is allowed`}},
		{`target "x" {}`, []string{`"x": a target block takes no label`}},
		{`rule {}`, []string{`rule: a rule block needs one label, the rule, as in rule "nix/unknown-setting" { … }`}},
		{`rule "nix/unknown-seting" {}`,
			[]string{`"nix/unknown-seting": there is no rule or pack "nix/unknown-seting"; did you mean ` +
				`"nix/unknown-setting"?`}},
		{"rule \"nix\" {}\nrule \"nix\" {}", []string{`"nix": rule "nix" is configured twice`}},
		{`rule "nix" { severity = "fatal" }`,
			[]string{`"fatal": unknown severity "fatal"; it is one of off, style, info, warning, error`}},
		{`rule "nix" { enabled = "yes" }`, []string{`"yes": "enabled" must be true or false`}},
		{`rule "nix" { enabled = null }`, []string{`null: "enabled" must be true or false`}},
		{`exclude = [a]`, []string{`a: variables not allowed: Variables may not be used here`}},
		{`exclude = [for x in ["a"] :x]`,
			[]string{`[for x in ["a"] :x]: the configuration has no expressions ` +
				`here, only values that are written out`}},
		{`exclude = ["a${1 + 1}", f("b"), true ? "a" : "b"]`, []string{
			`"a${1 + 1}": the configuration has no expressions here, only values that are written out`,
			`f("b"): the configuration has no expressions here, only values that are written out`,
			`true ? "a" : "b": the configuration has no expressions here, only values that are written out`,
		}},
		{`exclude = ["a/{b", "{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"]`, []string{
			`"a/{b": exclude pattern "a/{b" is malformed`,
			`"{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}": exclude pattern ` +
				`"{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}" has more than 2000 alternatives`,
		}},
		{`exclude = "${x}"`, []string{`x: variables not allowed: Variables may not be used here`}},
		{"exclude = [\"a\"]\nexclude = [\"b\"]",
			[]string{`exclude: attribute redefined: The argument "exclude" was already set at .sandlint.hcl:1,1-8. ` +
				`Each argument may be set only once`}},
		{"\ufeffexlude = 1\ntarget { zzz = 1 }\n}", []string{
			`exlude: unknown attribute "exlude" in the configuration; did you mean "exclude"?`,
			`zzz: unknown attribute "zzz" in a target block, which may contain ` +
				`builder, containerd, cri-o, crun, determinate, docker, kernel, kubernetes, libseccomp, lix, nix, ` +
				`platform, podman, runc`,
			`}: argument or block definition required: An argument or block definition is required here`,
		}},
	} {
		f := source.NewFile(Name, []byte(tt.text))
		_, err := parse(f, "/base", packs)
		var configError *Error
		if !errors.As(err, &configError) {
			t.Errorf("%q: error %v", tt.text, err)
			continue
		}
		var got []string
		for _, p := range configError.Problems {
			got = append(got, f.Text(p.Span)+": "+p.Message)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.text, diff)
		}
		if want := strings.SplitN(tt.want[0], ": ", 2)[1]; !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%q: error %q does not end in %q", tt.text, err, want)
		}
	}
}

// TestHostile reads texts that cost more than their length.
func TestHostile(t *testing.T) {
	loops := "[for x in ["
	for range 4 {
		loops = "[for x in " + loops[:len(loops)-1] + strings.Repeat("1,", 200) + "] : x"
	}
	for name, text := range map[string]string{
		"nesting":     "exclude = " + strings.Repeat("[", 100_000),
		"comments":    strings.Repeat("# x\n", 1<<20),
		"loops":       "exclude = [for a in [1] : [for b in [1] : [for c in [1] : [for d in [1] : a]]]]",
		"loops, 2":    "exclude = " + loops,
		"attributes":  strings.Repeat("exclude = []\n", 8000),
		"rules":       strings.Repeat("rule \"a\" {}\n", 8000),
		"blocks":      strings.Repeat("rule {}\n", 8000),
		"unknown":     strings.Repeat("a {}\n", 20_000),
		"a long name": strings.Repeat("a", 100_000) + " = 1",
		"versions":    "target { nix = [" + strings.Repeat(`"2.24",`, 10_000) + "] }",
		"excludes":    "exclude = [" + strings.Repeat(`"{a,b}",`, 10_000) + "]",
		"tokens":      strings.Repeat("@", 100_000),
		"number":      "target { nix = " + strings.Repeat("9", 100_000) + " }",
		"operators":   "exclude = 1" + strings.Repeat("+1", 50_000),
	} {
		_, err := parse(source.NewFile(Name, []byte(text)), "/base", packs)
		var configError *Error
		if !errors.As(err, &configError) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		size := 0
		for _, p := range configError.Problems {
			size += len(p.Message)
		}
		if n := len(configError.Problems); n > hcltext.MaxProblems+1 || size > 100_000 {
			t.Errorf("%s: %d problems of %d bytes", name, n, size)
		}
	}
}

func TestSelect(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		sel        rules.Selection
		want       []string
	}{
		{"nothing said", "", rules.Selection{}, []string{"nix/duplicate-setting", "nix/unknown-setting"}},
		{"an optional rule enabled", `rule "DL3006" { enabled = true }`, rules.Selection{},
			[]string{"dockerfile/untagged-image", "nix/duplicate-setting", "nix/unknown-setting"}},
		{"a severity enables too", `rule "DL3006" { severity = "error" }`, rules.Selection{},
			[]string{"dockerfile/untagged-image", "nix/duplicate-setting", "nix/unknown-setting"}},
		{"a rule of a pack that is off",
			"rule \"nix\" { enabled = false }\nrule \"nix/unknown-setting\" { enabled = true }", rules.Selection{},
			[]string{"nix/unknown-setting"}},
		{"disabled with a severity", "rule \"nix/unknown-setting\" {\n enabled = false\n severity = \"error\"\n}",
			rules.Selection{},
			[]string{"nix/duplicate-setting"}},
		{"the command line selects", `rule "nix" { enabled = false }`,
			rules.Selection{Select: []string{"nix/unknown-setting"}},
			[]string{"nix/unknown-setting"}},
		{"only is only", "rule \"nix\" { enabled = false }\nrule \"DL3006\" { enabled = true }",
			rules.Selection{Only: []string{"nix/unknown-setting"}},
			[]string{"nix/unknown-setting"}},
	} {
		c, err := parse(source.NewFile(Name, []byte(tt.text)), "/base", packs)
		if err != nil {
			t.Fatal(err)
		}
		tt.sel.Layers = selection(c).Layers
		set, err := rules.NewSet(packs, tt.sel)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range set.Rules() {
			got = append(got, r.ID)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestFind(t *testing.T) {
	top := t.TempDir()
	for _, dir := range []string{"repo/.git", "repo/a/b", "repo/a/.sandlint.hcl/x", "other/c", "worktree/d"} {
		if err := os.MkdirAll(filepath.Join(top, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"repo/a/b/.sandlint.hcl", "other/.sandlint.hcl", "worktree/.git", ".sandlint.hcl"} {
		if err := os.WriteFile(filepath.Join(top, file), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for dir, want := range map[string]string{
		"repo/a/b":      "repo/a/b/.sandlint.hcl",
		"repo/a/b/gone": "repo/a/b/.sandlint.hcl",
		"repo/a":        "", // the folder of that name is no configuration, and the repository ends the search
		"repo":          "",
		"other/c":       "other/.sandlint.hcl",
		"worktree/d":    "", // .git is a file there
		".":             ".sandlint.hcl",
	} {
		if want != "" {
			want = filepath.Join(top, want)
		}
		if got := Find(filepath.Join(top, dir)); got != want {
			t.Errorf("Find(%q) = %q, want %q", dir, got, want)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(dir, filepath.Join(dir, Name), shownAs, Known{Packs: packs}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	path := filepath.Join(dir, Name)
	if err := os.WriteFile(path, []byte("exclude = [\"a\"]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := Load(filepath.Dir(path), path, shownAs, Known{Packs: packs})
	if diff := cmp.Diff(&Config{Base: dir, Exclude: []string{"a"}}, got, plain); err != nil || diff != "" {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
}

// FuzzParse checks that any text gives a configuration or problems whose spans lie in the file, and that neither takes
// it down.
func FuzzParse(f *testing.F) {
	f.Add("exclude = [\"a\"]\ntarget { nix = \"2.24\" }\nrule \"nix\" { severity = \"error\" }\n")
	f.Add("\ufeffexclude = \"${x}\"\nrule \"a\" \"b\" {")
	f.Add("rule x { enabled = 1 + true }\x00\xff")
	f.Fuzz(func(t *testing.T, text string) {
		file := source.NewFile(Name, []byte(text))
		_, err := parse(file, "/base", packs)
		var configError *Error
		if err != nil && !errors.As(err, &configError) {
			t.Fatal(err)
		}
		if configError == nil {
			return
		}
		for _, p := range configError.Problems {
			if p.Span.Start < 0 || p.Span.End < p.Span.Start || p.Span.End > len(text) {
				t.Fatalf("span %v of %q lies outside %d bytes", p.Span, p.Message, len(text))
			}
		}
	})
}

// The baseline lies in the folder of the configuration or below.
func TestBaseline(t *testing.T) {
	for value, want := range map[string]string{
		"a": "/repo/a", "lint/a": "/repo/lint/a", "../a": "", "/etc/passwd": "", ".": "", "": "", "a/../..": "",
	} {
		f := source.NewFile(Name, fmt.Appendf(nil, "baseline = %q\n", value))
		c, err := parse(f, filepath.FromSlash("/repo"), nil)
		switch {
		case want == "" && err == nil:
			t.Errorf("%q is accepted: %s", value, c.Baseline)
		case want != "" && (err != nil || c.Baseline != filepath.FromSlash(want)):
			t.Errorf("%q: %v, %v", value, c, err)
		}
	}
}
