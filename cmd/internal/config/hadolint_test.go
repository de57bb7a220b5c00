package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/hadolint"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	realpacks "github.com/sandlint/sandlint/rules/packs"
)

type registries struct {
	Allowed []string `option:"allowed" doc:"registries"`
}

type required struct {
	Required []string `option:"required" doc:"labels"`
}

type labels struct {
	Labels []string `option:"labels" doc:"labels"`
}

// hadolintPacks have rules with the aliases and options that hadolint's keys are about.
var hadolintPacks = []rules.Pack{
	{Name: "dockerfile", Rules: []*rules.Rule{
		{ID: "dockerfile/cd", Aliases: []string{"DL3003"}, Severity: rules.Warning},
		{ID: "dockerfile/email", Aliases: []string{"DL3058"}, Severity: rules.Warning, Optional: true,
			Options: labels{}},
		{ID: "dockerfile/empty-label", Aliases: []string{"DL3051"}, Severity: rules.Warning, Optional: true,
			Options: labels{}},
		{ID: "dockerfile/extra-label", Aliases: []string{"DL3050"}, Severity: rules.Info, Optional: true,
			Options: labels{}},
		{ID: "dockerfile/missing-label", Aliases: []string{"DL3049"}, Severity: rules.Info, Optional: true,
			Options: required{}},
		{ID: "dockerfile/registry", Aliases: []string{"DL3026"}, Severity: rules.Error, Options: registries{}},
		{ID: "dockerfile/several", Aliases: []string{"DL3012", "DL4003", "DL4004"}, Severity: rules.Warning},
		{ID: "dockerfile/unpinned", Aliases: []string{"DL3008"}, Severity: rules.Warning, Optional: true},
		{ID: "dockerfile/untagged", Aliases: []string{"DL3006"}, Severity: rules.Warning},
	}},
	{Name: "nix", Rules: []*rules.Rule{{ID: "nix/unknown-setting", Severity: rules.Warning}}},
}

// effective describes what a configuration means: the rules that run, with severity and options, and the rest.
func effective(t *testing.T, c *Config) string {
	t.Helper()
	set, err := rules.NewSet(hadolintPacks, selection(c))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, r := range set.Active() {
		fmt.Fprintf(&b, "%s %s", r.ID, r.Effective)
		says := set.Explain(r.Rule)
		for _, o := range r.OptionList() {
			if says.From["option "+o.Name] != "" {
				fmt.Fprintf(&b, " %s=%q", o.Name, says.Options[o.Name])
			}
		}
		b.WriteByte('\n')
	}
	var codes []string
	for _, r := range c.Rules {
		if strings.HasPrefix(r.Name, "DL") {
			codes = append(codes, fmt.Sprintf("%s %s\n", r.Name, r.Severity))
		}
	}
	slices.Sort(codes)
	b.WriteString(strings.Join(codes, ""))
	fmt.Fprintf(&b, "fail_on=%s unheeded=%s\n", c.FailOn, c.Unheeded)
	return b.String()
}

// TestHadolint checks what hadolint's keys mean, and that the file that replaces them means the same.
func TestHadolint(t *testing.T) {
	const defaults = "dockerfile/cd warning\ndockerfile/registry error\ndockerfile/several warning\n" +
		"dockerfile/untagged warning\nnix/unknown-setting warning\n"
	tests := []struct{ name, text, want string }{
		{"empty", "", defaults + "fail_on= unheeded=[]\n"},
		{
			"ignored and override",
			"ignored: [DL3003, SC2086, DL3001]\noverride:\n  error: [DL3006]\n  info: [DL3008, DL3003]\n",
			"dockerfile/registry error\ndockerfile/several warning\ndockerfile/unpinned info\n" +
				"dockerfile/untagged error\nnix/unknown-setting warning\nfail_on= unheeded=[]\n",
		},
		{
			"style stays on", "override: {style: [DL3003]}\n",
			strings.Replace(defaults, "cd warning", "cd style", 1) + "fail_on= unheeded=[]\n",
		},
		{
			"one rule under several names, one of them ignored",
			"override: {error: [DL4004], info: [DL3012]}\nignored: [DL4003]\n",
			defaults + "DL3012 info\nDL4003 off\nDL4004 error\nfail_on= unheeded=[]\n",
		},
		{
			"one rule under several names, all of them ignored", "ignored: [DL4003, DL4004, dl3012]\n",
			strings.Replace(defaults, "dockerfile/several warning\n", "", 1) +
				"DL3012 off\nDL4003 off\nDL4004 off\nfail_on= unheeded=[]\n",
		},
		{
			"registries", "trustedRegistries: [docker.io, \"*.example.com\"]\n",
			strings.Replace(defaults, "registry error", `registry error allowed=["docker.io" "*.example.com"]`, 1) +
				"fail_on= unheeded=[]\n",
		},
		{
			"registries of an ignored rule", "trustedRegistries: [docker.io]\nignored: [DL3026]\n",
			strings.Replace(defaults, "dockerfile/registry error\n", "", 1) + "fail_on= unheeded=[]\n",
		},
		{
			"the web site of Docker Hub", "trustedRegistries: [hub.docker.com]\n",
			strings.Replace(defaults, "registry error", `registry error allowed=["hub.docker.com" "docker.io"]`, 1) +
				"fail_on= unheeded=[]\n",
		},
		{"no registries", "trustedRegistries: []\n", defaults + "fail_on= unheeded=[]\n"},
		{
			"labels", "label-schema: {maintainer: email, 'a \"${b}\"': text}\noverride: {error: [DL3049]}\n",
			"dockerfile/cd warning\ndockerfile/email warning labels=[\"maintainer\"]\n" +
				"dockerfile/empty-label warning labels=[\"maintainer\" \"a \\\"${b}\\\"\"]\n" +
				"dockerfile/missing-label error required=[\"maintainer\" \"a \\\"${b}\\\"\"]\n" +
				"dockerfile/registry error\ndockerfile/several warning\ndockerfile/untagged warning\n" +
				"nix/unknown-setting warning\nfail_on= unheeded=[]\n",
		},
		{
			"no other labels", "strict-labels: true\n",
			"dockerfile/cd warning\ndockerfile/extra-label info labels=[]\n" + strings.TrimPrefix(defaults,
				"dockerfile/cd warning\n") + "fail_on= unheeded=[]\n",
		},
		{"threshold", "failure-threshold: error\n", defaults + "fail_on=error unheeded=[]\n"},
		{"any threshold", "failure-threshold: none\n", defaults + "fail_on=style unheeded=[]\n"},
		{"no failure", "failure-threshold: error\nno-fail: true\n", defaults + "fail_on=never unheeded=[]\n"},
		{"no comments", "disable-ignore-pragma: true\n", defaults + "fail_on= unheeded=[hadolint]\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := parseHadolint(source.NewFile(".hadolint.yaml", []byte(tt.text)), "", hadolintPacks)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, effective(t, c)); diff != "" {
				t.Errorf("hadolint's file (-want +got):\n%s", diff)
			}
			text := c.hcl()
			migrated, err := parse(source.NewFile(Name, text), "", hadolintPacks)
			if err != nil {
				t.Fatalf("%v in\n%s", err, text)
			}
			if diff := cmp.Diff(tt.want, effective(t, migrated)); diff != "" {
				t.Errorf("after the migration (-want +got):\n%s\n%s", diff, text)
			}
		})
	}
}

// TestHadolintMissingRules checks that keys about rules that sandlint does not have are no mistake.
func TestHadolintMissingRules(t *testing.T) {
	text := "trustedRegistries: [docker.io]\nlabel-schema: {a: url}\nstrict-labels: true\nignored: [DL3003]\n"
	c, err := parseHadolint(source.NewFile(".hadolint.yaml", []byte(text)), "", packs)
	if err != nil || len(c.Rules) > 0 || len(c.Warnings) > 0 {
		t.Fatalf("%v, %v, %v", c, c.Warnings, err)
	}
	want := "# What .hadolint.yaml says, written by \"sandlint config migrate\".\n\n" +
		"# sandlint has no rule for DL3003, DL3026, DL3049, DL3050, DL3051, DL3052.\n"
	if diff := cmp.Diff(want, string(c.hcl())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzHadolint checks that whatever hadolint's file holds, the file that replaces it can be read and means the same.
func FuzzHadolint(f *testing.F) {
	f.Add("ignored: [DL3008] # a\noverride:\n  error:\n    # \"b\" ${c}\n" +
		"    - DL3006\ntrustedRegistries: ['${a}%{b}\\']\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseHadolint(source.NewFile(".hadolint.yaml", []byte(text)), "", hadolintPacks)
		if err != nil {
			return
		}
		written := c.hcl()
		migrated, err := parse(source.NewFile(Name, written), "", hadolintPacks)
		if err != nil {
			t.Fatalf("%v in\n%s", err, written)
		}
		if diff := cmp.Diff(effective(t, c), effective(t, migrated)); diff != "" {
			t.Errorf("(-want +got):\n%s\n%s", diff, written)
		}
	})
}

// TestHadolintRealRules reads the files of testdata/hadolint, which are written as those of real projects are, and
// checks them against all rules of sandlint: no rule that a file ignores runs, each has the level that the file gives
// it, and the migrated file selects the same rules.
func TestHadolintRealRules(t *testing.T) {
	all := realpacks.All()
	files, err := filepath.Glob(filepath.Join("testdata", "hadolint", "*.yaml"))
	if err != nil || len(files) < 20 {
		t.Fatal(len(files), err)
	}
	active := func(c *Config) map[string]rules.Severity {
		set, err := rules.NewSet(all, selection(c))
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]rules.Severity{}
		for _, r := range set.Active() {
			out[r.ID] = r.Effective
		}
		return out
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f := source.NewFile(name, text)
		c, err := parseHadolint(f, "", all)
		if err != nil {
			t.Fatal(err)
		}
		on := active(c)
		off := map[string]bool{}
		read := hadolint.Parse(f).Rules
		for _, r := range read {
			if rule, _, err := rules.Find(all, r.Name); err == nil && r.Level == hadolint.Ignored {
				off[rule.ID] = true
				if rule.Partial(r.Name) {
					continue
				}
				if _, runs := on[rule.ID]; runs {
					t.Errorf("%s: %s runs, and %s is ignored", name, rule.ID, r.Name)
				}
			}
		}
		for _, r := range read {
			rule, _, err := rules.Find(all, r.Name)
			if err != nil || off[rule.ID] || rule.Partial(r.Name) {
				continue
			}
			if severity, _ := rules.ParseSeverity(r.Level); on[rule.ID] < severity {
				t.Errorf("%s: %s is %s, and %s is %s", name, rule.ID, on[rule.ID], r.Name, r.Level)
			}
		}
		migrated, err := parse(source.NewFile(Name, c.hcl()), "", all)
		if err != nil {
			t.Fatalf("%v in\n%s", err, c.hcl())
		}
		if diff := cmp.Diff(on, active(migrated)); diff != "" || migrated.FailOn != c.FailOn ||
			!slices.Equal(migrated.Unheeded, c.Unheeded) {
			t.Errorf("%s: after the migration (-want +got):\n%s", name, diff)
		}
		wrong := 0
		if filepath.Base(name) == "mistakes.yaml" {
			wrong = 5
		}
		if len(c.Warnings) != wrong {
			t.Errorf("%s: %d warnings: %v", name, len(c.Warnings), c.Warnings)
		}
	}
}
