package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// misspelt reports the name "chmodd", offers its right spelling, and points to the default action.
var misspelt = &rules.Rule{
	ID: "t/misspelt", Summary: "a name is misspelt", Severity: rules.Error, Fixes: []fixers.Safety{fixers.Unsafe},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		for _, r := range profile.Rules {
			for _, name := range r.Names {
				if name.Text != "chmodd" {
					continue
				}
				p.Report(rules.Finding{
					File: profile.Source, Span: name.Span, Message: "misspelt",
					Related: []rules.Related{
						{File: profile.Source, Span: profile.DefaultAction.Span, Message: "the default"},
					},
					Fixes: []fixers.Fix{{
						Title: "Rename", Safety: fixers.Unsafe,
						Changes: fixers.Changes{fixseccomp.Syscalls{"chmodd", "chmod"}},
						Edits:   fixseccomp.ReplaceString(profile.Profile, name, "chmod"),
					}},
				})
			}
		}
	}),
}

// greedy is misspelt with a fix that declares nothing.
var greedy = &rules.Rule{
	ID: "t/greedy", Summary: "a name is misspelt", Severity: rules.Error, Fixes: []fixers.Safety{fixers.Safe},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		for _, r := range profile.Rules {
			if name := r.Names[0]; name.Text == "chmodd" {
				p.Report(rules.Finding{
					File:    profile.Source,
					Span:    name.Span,
					Message: "misspelt",
					Fixes: []fixers.Fix{
						{
							Title:  "Rename",
							Safety: fixers.Safe,
							Edits:  fixseccomp.ReplaceString(profile.Profile, name, "chmod"),
						},
					},
				})
			}
		}
	}),
}

const labelled = `{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["chmodd"],"action":"SCMP_ACT_ALLOW"}]}`

const resources = `apiVersion: security-profiles-operator.x-k8s.io/v1
kind: SeccompProfile
spec:
  defaultAction: SCMP_ACT_ERRNO
---
kind: SeccompProfile
apiVersion: security-profiles-operator.x-k8s.io/v1
spec:
  defaultAction: SCMP_ACT_ERRNO
  syscalls:
  - names: [chmodd] # one
    action: SCMP_ACT_ALLOW
  # sandlint: ignore[t/misspelt] on purpose
  - action: SCMP_ACT_LOG
    names:
    - chmodd
  - names:
    - chmodd # sandlint: ignore[t/misspelt] here
    - chmodd
    action: SCMP_ACT_LOG
`

func TestProfilesInFiles(t *testing.T) {
	escaped := strings.ReplaceAll(labelled, `"`, `\"`)
	variable := strings.Replace(escaped, "chmodd", "$n", 1)
	mended := strings.Replace(labelled, "chmodd", "chmod", 1)
	inLines := func(s string) string { return strings.ReplaceAll(s, ",", ",\\\n  ") }
	for _, test := range []struct {
		name, file, text string
		want             string // findings, with the text at fault and that of the related place
		fixed            string // "" where no fix can be made
	}{
		{
			"single quotes", "Dockerfile",
			"FROM a\nLABEL a=b io.containers.seccomp.profile='" + labelled + "'\n",
			`2:98 "chmodd" "SCMP_ACT_ERRNO"`,
			"FROM a\nLABEL a=b io.containers.seccomp.profile='" + mended + "'\n",
		},
		{
			"double quotes", "Dockerfile",
			"FROM a\nLABEL io.containers.seccomp.profile=\"" + escaped + "\"\n",
			`2:102 \"chmodd\" \"SCMP_ACT_ERRNO\"`,
			"FROM a\nLABEL io.containers.seccomp.profile=\"" + strings.Replace(escaped, "chmodd", "chmod", 1) + "\"\n",
		},
		{
			"lines", "Dockerfile",
			"FROM a\nLABEL io.containers.seccomp.profile='" + inLines(labelled) + "' \\\n  b=c\n",
			`3:25 "chmodd" "SCMP_ACT_ERRNO"`,
			"FROM a\nLABEL io.containers.seccomp.profile='" + inLines(mended) + "' \\\n  b=c\n",
		},
		{
			"a variable", "Dockerfile",
			"FROM a\nENV n=chmodd\nLABEL io.containers.seccomp.profile=\"" + variable + "\"\n",
			`3:37 "` + variable + `" "` + variable + `"`,
			"",
		},
		{
			"suppressed", "Dockerfile",
			"FROM a\n# sandlint: ignore[t/misspelt] so\nLABEL io.containers.seccomp.profile='" + labelled + "'\n",
			"", "",
		},
		{"resources", "web.yaml", resources, "11:13 chmodd SCMP_ACT_ERRNO\n" +
			"19:7 chmodd SCMP_ACT_ERRNO", strings.NewReplacer("[chmodd]", "[chmod]", "here\n    - chmodd", "here\n"+
			"    - chmod").Replace(resources)},
	} {
		t.Run(test.name, func(t *testing.T) {
			ws := load(t, map[string]string{test.file: test.text})
			selected := set(t, pack(misspelt), rules.Selection{Only: []string{"all"}})
			result := rules.Check(ws, selected, rules.CheckOptions{Fixes: true})
			var got []string
			for _, f := range result.Findings {
				p := f.File.Position(f.Span.Start)
				got = append(got, fmt.Sprintf("%d:%d %s %s", p.Line, p.Column, f.File.Text(f.Span),
					f.Related[0].File.Text(f.Related[0].Span)))
				if f.File.Path != test.file || (len(f.Fixes) > 0) != (test.fixed != "") {
					t.Errorf("%d fixes in %s", len(f.Fixes), f.File.Path)
				}
			}
			if diff := cmp.Diff(test.want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if w := rejected(result.Rejected); w != "" {
				t.Error(w)
			}
			fixed := rules.Fix(ws, selected, rules.FixOptions{Unsafe: true})
			after := ""
			for _, f := range fixed.Files {
				after += string(f.After)
			}
			if diff := cmp.Diff(test.fixed, after); diff != "" {
				t.Errorf("fixed (-want +got):\n%s", diff)
			}
			if w := rejected(fixed.Rejected); w != "" {
				t.Error(w)
			}
		})
	}
}

// The proof holds for profiles in other files.
func TestProfilesInFilesAreProved(t *testing.T) {
	for file, text := range map[string]string{"Dockerfile": "FROM a\n" +
		"LABEL io.containers.seccomp.profile='" + labelled + "'\n", "web.yaml": resources} {
		result := rules.Check(load(t, map[string]string{file: text}),
			set(t, pack(greedy), rules.Selection{Only: []string{"all"}}), rules.CheckOptions{Fixes: true})
		if w := rejected(result.Rejected); !strings.Contains(w, "fix is not proved: ") ||
			!strings.Contains(w, `"chmod`) {
			t.Errorf("%s: rejected %q", file, w)
		}
	}
}
