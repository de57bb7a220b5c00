package rules_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

// others is a pack whose rules have aliases of other linters. Each reports every instruction with its keyword.
func others() []rules.Pack {
	each := func(keyword string) rules.Adapter {
		return rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
			for _, i := range d.Instructions {
				if i.Name == keyword {
					p.Report(rules.Finding{File: d.Source, Span: i.Keyword, Message: "it is there"})
				}
			}
		})
	}
	return []rules.Pack{{Name: "dockerfile", Rules: []*rules.Rule{
		{
			ID: "dockerfile/run", Aliases: []string{"DL3003"}, Severity: rules.Info, Check: each("RUN"),
		},
		{
			ID: "dockerfile/from", Aliases: []string{"StageNameCasing", "DL3006"}, Severity: rules.Warning,
			Check: each("FROM"),
		},
		{ID: "dockerfile/user", Severity: rules.Warning, Check: each("USER")},
		{
			ID: "dockerfile/label", Aliases: []string{"InvalidDefinitionDescription"}, Severity: rules.Info,
			Optional: true, Check: each("LABEL"),
		},
	}}}
}

// TestSuppressionOfOthers checks what the comments of other linters do to the findings.
func TestSuppressionOfOthers(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{
			"hadolint",
			"# hadolint global ignore=dl3006\nFROM a\n# hadolint ignore=DL3003 # why\nRUN b\nRUN c\nFROM d\n" +
				"# hadolint stage ignore=DL3003,XY1000\nUSER x\nRUN e\n",
			"2:1 warning dockerfile/from [line 1: ]\n4:1 info dockerfile/run [line 3: why]\n" +
				"6:1 warning dockerfile/from [line 1: ]\n9:1 info dockerfile/run [line 7: ]\n--\n" +
				"5:1 info dockerfile/run\n8:1 warning dockerfile/user\n",
		},
		{
			"hadolint knows no packs", "FROM a\n# hadolint ignore=all,dockerfile\nRUN b\n",
			"--\n1:1 warning dockerfile/from\n3:1 info dockerfile/run\n",
		},
		{
			"check, as a directive", "# check=skip=StageNameCasing,DL3003\nFROM a\nUSER b\n",
			"2:1 warning dockerfile/from [line 1: ]\n--\n3:1 warning dockerfile/user\n",
		},
		{
			"check of all is all that BuildKit has", "# check=skip=all\nFROM a\nRUN b\nUSER c\n",
			"2:1 warning dockerfile/from [line 1: ]\n--\n3:1 info dockerfile/run\n4:1 warning dockerfile/user\n",
		},
		{
			"check above an instruction", "# about\n# check=skip=StageNameCasing\nFROM a\nFROM b\n",
			"3:1 warning dockerfile/from [line 2: ]\n--\n4:1 warning dockerfile/from\n",
		},
		{
			"an error", "# check=error=true\nFROM a\nRUN b\n",
			"--\n2:1 error dockerfile/from\n3:1 info dockerfile/run\n",
		},
		{
			"an experimental check", "# check=experimental=InvalidDefinitionDescription\nFROM a\nLABEL b=c\n",
			"--\n2:1 warning dockerfile/from\n3:1 info dockerfile/label\n",
		},
		{
			"all experimental checks", "# check=error=true;experimental=all\nFROM a\nLABEL b=c\n",
			"--\n2:1 error dockerfile/from\n3:1 error dockerfile/label\n",
		},
		{
			"dockerfile-utils", "# dockerfile-utils: ignore\nFROM a\n# dockerfile-utils: ignore\nUSER b\nUSER c\n",
			"2:1 warning dockerfile/from [line 1: ]\n4:1 warning dockerfile/user [line 3: ]\n--\n" +
				"5:1 warning dockerfile/user\n",
		},
	}
	s := set(t, others(), rules.Selection{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			result := rules.Check(load(t, map[string]string{"Dockerfile": tt.text}), s, rules.CheckOptions{})
			got := render(result.Suppressed) + "--\n" + render(result.Findings)
			for _, noise := range []string{"Dockerfile:", ": it is there", "inline on "} {
				got = strings.ReplaceAll(got, noise, "")
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("suppressed and left (-want +got):\n%s", diff)
			}
			for _, f := range result.Findings {
				active := false
				for _, r := range result.Rules {
					active = active || r.Rule == f.Rule
				}
				if !active {
					t.Errorf("%s found something and is not among the rules of the run", f.Rule.ID)
				}
			}
		})
	}
}

// TestExperimentalRefused checks that a file switches nothing on that the user switched off, or did not ask for.
func TestExperimentalRefused(t *testing.T) {
	ws := load(t, map[string]string{"Dockerfile": "# check=experimental=all\nFROM a\nLABEL b=c\n"})
	for name, sel := range map[string]rules.Selection{
		"ignored": {Ignore: []string{"InvalidDefinitionDescription"}},
		"off":     {Severity: map[string]rules.Severity{"dockerfile/label": rules.Off}},
		"only":    {Only: []string{"DL3006"}},
	} {
		got := render(rules.Check(ws, set(t, others(), sel), rules.CheckOptions{}).Findings)
		if want := "Dockerfile:2:1 warning dockerfile/from: it is there\n"; got != want {
			t.Errorf("%s: got\n%swant\n%s", name, got, want)
		}
	}
}

// TestExperimentalFix checks that the fixes of a rule that a file switches on are proved and applied.
func TestExperimentalFix(t *testing.T) {
	rule := &rules.Rule{
		ID: "dockerfile/label", Aliases: []string{"InvalidDefinitionDescription"}, Severity: rules.Info, Optional: true,
		Fixes: []fixers.Safety{fixers.Safe},
		Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
			for _, i := range d.Instructions {
				if d.Source.Text(i.Keyword) == "label" {
					p.Report(rules.Finding{
						File: d.Source, Span: i.Keyword, Message: "it is small",
						Fixes: []fixers.Fix{{
							Title: "Write it in capitals", Safety: fixers.Safe,
							Edits: []fixers.Edit{{File: d.Source, Span: i.Keyword, Text: "LABEL"}},
						}},
					})
				}
			}
		}),
	}
	s := set(t, []rules.Pack{{Name: "dockerfile", Rules: []*rules.Rule{rule}}}, rules.Selection{})
	for text, want := range map[string]string{
		"FROM a\nlabel b=c\n":                           "",
		"# check=experimental=all\nFROM a\nlabel b=c\n": "# check=experimental=all\nFROM a\nLABEL b=c\n",
	} {
		fixed := rules.Fix(load(t, map[string]string{"Dockerfile": text}), s, rules.FixOptions{})
		got := ""
		for _, f := range fixed.Files {
			got += string(f.After)
		}
		if got != want || rejected(fixed.Rejected) != "" {
			t.Errorf("%q: got %q, want %q; rejected: %s", text, got, want, rejected(fixed.Rejected))
		}
	}
}

// TestKnownElsewhere checks which names are those of other linters.
func TestKnownElsewhere(t *testing.T) {
	for name, want := range map[string]bool{
		"DL3006": true, "dl3006": true, "DL9999": false, "DL3005": false, "SC2086": true, "SC1": false, "DL": false,
		"StageNameCasing": true, "stagenamecasing": true, "StageName": false, "": false,
	} {
		if got := rules.KnownElsewhere(name); got != want {
			t.Errorf("KnownElsewhere(%q) is %v", name, got)
		}
	}
}

// TestPartialAliases checks what the ids of some of a rule's findings do in selections and suppressions. The rule
// several reports each CMD as DL4003 and each ENTRYPOINT as DL4004; the rule codes each RUN as a check of ShellCheck.
func TestPartialAliases(t *testing.T) {
	report := func(as map[string]string) rules.Adapter {
		return rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
			for _, i := range d.Instructions {
				if id := as[i.Name]; id != "" {
					p.Report(rules.Finding{File: d.Source, Span: i.Keyword, As: []string{id}, Message: id,
						Related: []rules.Related{{File: d.Source, Span: d.Instructions[0].Span, Message: "there"}}})
				}
			}
		})
	}
	packs := []rules.Pack{{Name: "dockerfile", Rules: []*rules.Rule{
		{
			ID: "dockerfile/codes", Codes: "SC", Severity: rules.Info,
			Check: report(map[string]string{"RUN": "SC1001", "USER": "SC1002"}),
		},
		{
			ID: "dockerfile/several", Aliases: []string{"MultipleInstructionsDisallowed", "DL4003", "DL4004"},
			Severity: rules.Warning, Check: report(map[string]string{"CMD": "DL4003", "ENTRYPOINT": "DL4004"}),
		},
	}}}
	const plain = "FROM a\nRUN b\nUSER c\nCMD d\nENTRYPOINT e\n"
	type severities = map[string]rules.Severity
	for _, tt := range []struct {
		name, text string
		sel        rules.Selection
		want       string
	}{
		{"all", plain, rules.Selection{}, "SC1001 info, SC1002 info, DL4003 warning, DL4004 warning"},
		{
			"one ignored", plain, rules.Selection{Ignore: []string{"dl4003", "SC1002"}}, "SC1001 info, DL4004 warning",
		},
		{"all ignored, one by one", plain, rules.Selection{Ignore: []string{"DL4003", "DL4004", "sc"}}, "error"},
		{"all ids ignored", plain, rules.Selection{Ignore: []string{"DL4003", "DL4004"}}, "SC1001 info, SC1002 info"},
		{"the rule ignored", plain, rules.Selection{Ignore: []string{"MultipleInstructionsDisallowed"}},
			"SC1001 info, SC1002 info"},
		{"only one", plain, rules.Selection{Only: []string{"DL4004", "SC1001"}}, "SC1001 info, DL4004 warning"},
		{"only one, and the rule", plain, rules.Selection{Only: []string{"DL4004", "dockerfile/several"}},
			"DL4003 warning, DL4004 warning"},
		{
			"severities", plain,
			rules.Selection{Severity: severities{"DL4004": rules.Error, "SC1001": rules.Off, "SC1002": rules.Style}},
			"SC1002 style, DL4003 warning, DL4004 error",
		},
		{
			"the narrow name wins", plain,
			rules.Selection{Severity: severities{"DL4004": rules.Info, "dockerfile/several": rules.Error,
				"dockerfile/codes": rules.Off}},
			"DL4003 error, DL4004 info",
		},
		{
			"only one, with a severity", plain,
			rules.Selection{Only: []string{"DL4003"}, Severity: severities{"DL4003": rules.Error}}, "DL4003 error",
		},
		{
			"comments", "FROM a\n# hadolint ignore=DL4003\nCMD b\n# hadolint ignore=DL4003\nENTRYPOINT c\n" +
				"# hadolint ignore=SC1001\nRUN d\n# hadolint ignore=SC1001\nUSER e\n",
			rules.Selection{}, "DL4004 warning, SC1002 info",
		},
		{
			"a comment at the related place", "# hadolint ignore=DL4003\nFROM a\nCMD b\nENTRYPOINT c\n",
			rules.Selection{}, "DL4004 warning",
		},
		{
			"a comment about all does not reach so far", "# check=skip=all\n# more\nFROM a\nCMD b\n",
			rules.Selection{Only: []string{"DL4003"}}, "",
		},
		{
			"a comment about all at one instruction", "# more\n# check=skip=all\nFROM a\nCMD b\n",
			rules.Selection{Only: []string{"DL4003"}}, "DL4003 warning",
		},
	} {
		got := "error"
		if s, err := rules.NewSet(packs, tt.sel); err == nil {
			var list []string
			result := rules.Check(load(t, map[string]string{"Dockerfile": tt.text}), s, rules.CheckOptions{})
			for _, f := range result.Findings {
				list = append(list, f.HadolintID()+" "+f.Severity.String())
			}
			got = strings.Join(list, ", ")
		}
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
	if r, _, err := rules.Find(packs, "SC2086"); err != nil || r.ID != "dockerfile/codes" {
		t.Errorf("Find(SC2086): %v, %v", r, err)
	}
}
