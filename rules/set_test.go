package rules_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

// twoPacks are rules of all kinds that a selection distinguishes.
func twoPacks() []rules.Pack {
	nothing := func(*rules.Pass, *image.Dockerfile) {}
	return []rules.Pack{
		{Name: "beta", Rules: []*rules.Rule{
			{ID: "beta/first", Severity: rules.Error, Check: rules.OnDockerfile(nothing)},
			{ID: "beta/second", Aliases: []string{"BE2"}, Severity: rules.Info, Check: rules.OnDockerfile(nothing)},
		}},
		{Name: "alpha", Rules: []*rules.Rule{
			{
				ID:       "alpha/first",
				Aliases:  []string{"AL1", "FirstAlpha"},
				Severity: rules.Warning,
				Check:    rules.OnDockerfile(nothing),
			},
			{ID: "alpha/optional", Optional: true, Severity: rules.Error, Check: rules.OnDockerfile(nothing)},
			{ID: "alpha/style", Severity: rules.Style, Check: rules.OnDockerfile(nothing)},
			{ID: "alpha/syntax", Syntax: true, Severity: rules.Error, Check: rules.OnDockerfile(nothing)},
		}},
	}
}

func TestNewSet(t *testing.T) {
	const byDefault = "alpha/first alpha/syntax beta/first beta/second"
	const everything = "alpha/first alpha/optional alpha/style alpha/syntax beta/first beta/second"
	type severities = map[string]rules.Severity
	tests := []struct {
		name string
		sel  rules.Selection
		want string
	}{
		{"default", rules.Selection{}, byDefault},
		{
			"select a rule", rules.Selection{Select: []string{"alpha/optional"}},
			"alpha/first alpha/optional alpha/syntax beta/first beta/second",
		},
		{"select one that is on", rules.Selection{Select: []string{"beta/first"}}, byDefault},
		{"select a pack", rules.Selection{Select: []string{"alpha"}}, everything},
		{"select a pack with a star", rules.Selection{Select: []string{"alpha/*"}}, everything},
		{"select all", rules.Selection{Select: []string{"all"}}, everything},
		{"ignore a rule", rules.Selection{Ignore: []string{"beta/first"}}, "alpha/first alpha/syntax beta/second"},
		{
			"ignore by alias, in any case", rules.Selection{Ignore: []string{"be2", "firstalpha"}},
			"alpha/syntax beta/first",
		},
		{"ignore a pack", rules.Selection{Ignore: []string{"beta"}}, "alpha/first alpha/syntax"},
		{"ignore all", rules.Selection{Ignore: []string{"all"}}, ""},
		{
			"ignore wins over select", rules.Selection{Select: []string{"alpha"}, Ignore: []string{"alpha/optional"}},
			"alpha/first alpha/style alpha/syntax beta/first beta/second",
		},
		{"only a rule", rules.Selection{Only: []string{"AL1"}}, "alpha/first"},
		{"only one that is off by default", rules.Selection{Only: []string{"alpha/optional"}}, "alpha/optional"},
		{
			"only a pack takes what is off by default", rules.Selection{Only: []string{"alpha"}},
			"alpha/first alpha/optional alpha/style alpha/syntax",
		},
		{
			"only and select", rules.Selection{Only: []string{"beta"}, Select: []string{"alpha/style"}},
			"alpha/style beta/first beta/second",
		},
		{
			"ignore wins over only", rules.Selection{Only: []string{"beta"}, Ignore: []string{"beta/second"}},
			"beta/first",
		},
		{
			"only several", rules.Selection{Only: []string{"beta/second", "AL1", "beta/second"}},
			"alpha/first beta/second",
		},
		{
			"a severity", rules.Selection{Severity: severities{"beta/second": rules.Error}},
			"alpha/first alpha/syntax beta/first beta/second=error",
		},
		{
			"a severity switches a rule on",
			rules.Selection{Severity: severities{"alpha/optional": rules.Info, "alpha/style": rules.Style}},
			"alpha/first alpha/optional=info alpha/style=style alpha/syntax beta/first beta/second",
		},
		{
			"a severity by alias", rules.Selection{Severity: severities{"AL1": rules.Info}},
			"alpha/first=info alpha/syntax beta/first beta/second",
		},
		{
			"severity off", rules.Selection{Severity: severities{"beta/first": rules.Off}},
			"alpha/first alpha/syntax beta/second",
		},
		{
			"select wins over severity off",
			rules.Selection{Severity: severities{"beta/first": rules.Off}, Select: []string{"beta/first"}}, byDefault,
		},
		{
			"the severity of a pack, but for one rule",
			rules.Selection{Severity: severities{"alpha": rules.Off, "alpha/first": rules.Error}},
			"alpha/first=error beta/first beta/second",
		},
		{
			"the severity of all, but for a pack and a rule",
			rules.Selection{
				Severity: severities{
					"all":         rules.Info,
					"alpha":       rules.Warning,
					"alpha/first": rules.Off,
					"AL1":         rules.Off,
				},
			},
			"alpha/syntax=warning beta/first=info beta/second",
		},
		{
			"the severity of a pack, but for an alias",
			rules.Selection{Severity: severities{"alpha": rules.Off, "AL1": rules.Error, "all": rules.Off}},
			"alpha/first=error",
		},
		{
			"only keeps the severity",
			rules.Selection{
				Only:     []string{"beta/first"},
				Severity: severities{"beta/first": rules.Info, "alpha/first": rules.Error},
			},
			"beta/first=info",
		},
	}
	ws := load(t, map[string]string{"Dockerfile": "FROM scratch\n"})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			packs := twoPacks()
			configured := map[string]rules.Severity{}
			for _, r := range rules.All(packs) {
				r.Check = rules.OnDockerfile(
					func(p *rules.Pass, d *image.Dockerfile) { p.Report(rules.Finding{File: d.Source, Message: "x"}) })
			}
			s := set(t, packs, tt.sel)
			for _, f := range rules.Check(ws, s, rules.CheckOptions{}).Findings {
				configured[f.Rule.ID] = f.Severity
			}
			var got []string
			for _, r := range s.Rules() {
				id := r.ID
				if configured[id] != r.Severity || tt.sel.Severity[id] == r.Severity && r.Severity != rules.Off {
					id += "=" + configured[id].String()
				}
				got = append(got, id)
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestNewSetUnknown(t *testing.T) {
	tests := []struct {
		sel        rules.Selection
		name, near string
	}{
		{rules.Selection{Only: []string{"beta/frist"}}, "beta/frist", "beta/first"},
		{rules.Selection{Select: []string{"alpa"}}, "alpa", "alpha"},
		{rules.Selection{Ignore: []string{"AL2"}}, "AL2", "AL1"},
		{rules.Selection{Severity: map[string]rules.Severity{"beta/secnd": rules.Off}}, "beta/secnd", "beta/second"},
		{rules.Selection{Only: []string{"something-else-entirely"}}, "something-else-entirely", ""},
		{rules.Selection{Only: []string{""}}, "", ""},
		{rules.Selection{Only: []string{"beta/"}}, "beta/", ""},
	}
	for _, tt := range tests {
		_, err := rules.NewSet(twoPacks(), tt.sel)
		var unknown *rules.UnknownRuleError
		if !errors.As(err, &unknown) || unknown.Name != tt.name || tt.near != "" && unknown.Near != tt.near {
			t.Errorf("%+v: %v", tt.sel, err)
			continue
		}
		if tt.near != "" && !strings.Contains(err.Error(), fmt.Sprintf("did you mean %q?", tt.near)) {
			t.Errorf("%+v: %v", tt.sel, err)
		}
	}
}

// TestUnknownElsewhere checks what is said of names of other linters: that of another rule is not suggested.
func TestUnknownElsewhere(t *testing.T) {
	for name, want := range map[string]string{
		"dl3007":         `sandlint has no rule for "dl3007"`,
		"FromAsCasing":   `sandlint has no rule for "FromAsCasing"`,
		"dl3005":         `there is no rule "DL3005" in sandlint or hadolint 2.15`,
		"SC2086":         `sandlint has no rule "SC2086"; it is a check of ShellCheck`,
		"SC20866":        `there is no rule "SC20866" in sandlint or hadolint 2.15`,
		"StageNameCased": `there is no rule or pack "StageNameCased"; did you mean "StageNameCasing"?`,
	} {
		if _, _, err := rules.Find(others(), name); err == nil || err.Error() != want {
			t.Errorf("Find(%q): %v", name, err)
		}
	}
}

func TestFind(t *testing.T) {
	for name, want := range map[string]string{"beta/first": "beta/first", "al1": "alpha/first",
		"FIRSTALPHA": "alpha/first", "Alpha/First": "alpha/first", "alpha": "", "all": "", "beta/fist": ""} {
		r, p, err := rules.Find(twoPacks(), name)
		switch {
		case want == "" && err == nil:
			t.Errorf("Find(%q) = %s", name, r.ID)
		case want != "" && (err != nil || r.ID != want || p.Name != r.Pack()):
			t.Errorf("Find(%q): %v", name, err)
		}
	}
}

func TestParseSeverity(t *testing.T) {
	for _, s := range []rules.Severity{rules.Off, rules.Style, rules.Info, rules.Warning, rules.Error} {
		if got, err := rules.ParseSeverity(s.String()); err != nil || got != s {
			t.Errorf("ParseSeverity(%q) = %v, %v", s, got, err)
		}
	}
	if _, err := rules.ParseSeverity("fatal"); err == nil {
		t.Error("fatal is a severity")
	}
}
