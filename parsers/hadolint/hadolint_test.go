package hadolint

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sandlint/sandlint/parsers/source"
)

func parse(text string) *Config { return Parse(source.NewFile(".hadolint.yaml", []byte(text))) }

func TestParse(t *testing.T) {
	got := parse(`# Ours.
ignored:
  - DL3008 # the base image is pinned
  # many
  # builds
  - "DL3018"
  - &more SC2086
override:
  error: [DL3006, DL3018]
  warning:
    - DL3006
    - *more
  info: []
  style:
trustedRegistries: [docker.io, "*.example.com"]
label-schema:
  maintainer: email
  version: 'semver'
  note: ''
strict-labels: true
failure-threshold: warning
no-fail: False
disable-ignore-pragma: TRUE
format: json
no-color: true
`)
	want := &Config{
		Rules: []Rule{
			{Name: "DL3008", Level: Ignored, Comment: "the base image is pinned"},
			{Name: "DL3018", Level: Ignored, Comment: "many\nbuilds"},
			{Name: "SC2086", Level: Ignored},
			{Name: "DL3006", Level: "error"},
		},
		Registries:     []string{"docker.io", "*.example.com"},
		Labels:         []Label{{"maintainer", "email"}, {"version", "semver"}, {"note", "text"}},
		StrictLabels:   true,
		Threshold:      "warning",
		DisablePragmas: true,
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Rule{}, "At")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestProblems has what hadolint 2.15.1 refuses, and what it passes over.
func TestProblems(t *testing.T) {
	const types = "text, rfc3339, semver, url, hash, spdx, email"
	tests := []struct{ text, want string }{
		{"", ""},
		{"# nothing\n", ""},
		{"{}\n", ""},
		{"ignored:\noverride:\nno-fail:\n", ""},
		{"ignore: [DL3006]\n",
			`1:1 warning hadolint does not know "ignore" here and ignores it; did you mean "ignored"?`},
		{"overrides: {}\n",
			`1:1 warning hadolint does not know "overrides" here and ignores it; did you mean "override"?`},
		{"labelSchema: {}\n",
			`1:1 warning hadolint does not know "labelSchema" here and ignores it; did you mean "label-schema"?`},
		{"rules: {}\n", `1:1 warning hadolint does not know "rules" here and ignores it; it knows ` +
			"disable-ignore-pragma, failure-threshold, format, ignored, label-schema, no-color, no-fail, override, " +
			"strict-labels, trustedRegistries"},
		{"override:\n  ignore: [DL3006]\n",
			`2:3 warning hadolint does not know "ignore" in "override" and ignores it; ` +
				"it knows error, info, style, warning"},
		{"ignored: DL3006\n", `1:10 error hadolint refuses this file: "ignored" must be a list`},
		{"ignored:\n  - id: DL3006\n  - ~\n", "" +
			`2:5 error hadolint refuses this file: "ignored" must be a list of strings` + "\n" +
			`3:5 error hadolint refuses this file: "ignored" must be a list of strings`},
		{"override: [DL3006]\n",
			`1:11 error hadolint refuses this file: "override" must be keys such as "error", each with a list`},
		{"override: {error: DL3006}\n", `1:19 error hadolint refuses this file: "error" must be a list`},
		{"- DL3006\n", `1:1 error hadolint refuses this file: it must hold keys, such as "ignored"`},
		{"no-fail: yes\n", `1:10 error hadolint refuses this file: "no-fail" must be true or false`},
		{"no-fail: \"true\"\n",
			`1:10 error hadolint refuses this file: "no-fail" must be true or false, without quotes`},
		{"failure-threshold: ERROR\n", `1:20 error hadolint refuses this file: "failure-threshold" must be one of ` +
			"error, warning, info, style, ignore, none"},
		{"label-schema: {a: rawtext, b: [text], c: }\n", "" +
			`1:19 error hadolint refuses this file: "a" must be one of ` + types + "\n" +
			`1:31 error hadolint refuses this file: "b" must be one of ` + types + "\n" +
			`1:41 error hadolint refuses this file: "c" must be one of ` + types},
		{"ignored: []\n---\nignored: []\n", `3:1 error hadolint refuses a file of several YAML documents`},
		{"ignored: [DL3006]\nignored: [DL3007]\n", `2:1 error key "ignored" is already set in this mapping`},
		{"ignored:\n\t- DL3006\n", "2:1 error "},
		{"ignored: [DL3006\n", "error "},
	}
	for _, tt := range tests {
		f := source.NewFile(".hadolint.yaml", []byte(tt.text))
		var got []string
		for _, p := range Parse(f).Problems {
			at := f.Position(p.Span.Start)
			got = append(got, fmt.Sprintf("%d:%d %s %s", at.Line, at.Column, strings.TrimPrefix(p.Kind, "hadolint-"),
				p.Message))
		}
		all := strings.Join(got, "\n")
		if tt.want != all && (!strings.HasSuffix(tt.want, "error ") || !strings.Contains(all, tt.want)) {
			t.Errorf("%q: got\n%s\nwant\n%s", tt.text, all, tt.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("ignored: [DL3006] # x\noverride:\n  error:\n    # y\n    - DL3007\n")
	f.Fuzz(func(t *testing.T, text string) {
		file := source.NewFile(".hadolint.yaml", []byte(text))
		c := Parse(file)
		for _, p := range c.Problems {
			if !file.Span().Contains(p.Span) {
				t.Errorf("%s: outside the file", p.Message)
			}
		}
		for _, r := range c.Rules {
			if !file.Span().Contains(r.At) {
				t.Errorf("%s: outside the file", r.Name)
			}
		}
	})
}
