package config

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

type options struct {
	Strict  bool     `option:"strict" doc:"whether names are compared in full"`
	Most    int      `option:"most" doc:"how many there may be"`
	Prefix  string   `option:"prefix" doc:"what names begin with"`
	Allowed []string `option:"allowed" doc:"the registries that images may come from"`
}

// optionPacks hold a rule with options and one without.
func optionPacks() []rules.Pack {
	return []rules.Pack{{Name: "t", Rules: []*rules.Rule{
		{ID: "t/none", Severity: rules.Warning},
		{ID: "t/some", Aliases: []string{"T1"}, Severity: rules.Warning,
			Options: options{Most: 3, Allowed: []string{"docker.io"}}},
	}}}
}

func TestOptions(t *testing.T) {
	c, err := parse(source.NewFile(Name, []byte(`rule "T1" {
  options {
    strict  = true
    most    = 5
    prefix  = "x-"
    allowed = ["a.example", "b.example"]
  }
}
`)), "/base", optionPacks())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"strict": true, "most": 5, "prefix": "x-", "allowed": []string{"a.example", "b.example"}}
	if diff := cmp.Diff(want, c.Rules[0].Options); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := rules.NewSet(optionPacks(), selection(c)); err != nil {
		t.Error(err)
	}
}

func TestOptionErrors(t *testing.T) {
	for text, want := range map[string]string{
		"rule \"t/some\" {\noptions { alowed = [] }\n}": `unknown attribute "alowed" in the options of "t/some"; ` +
			`did you mean "allowed"?`,
		"rule \"t/some\" {\noptions { most = \"5\" }\n}":  `"most" must be a whole number`,
		"rule \"t/some\" {\noptions { most = 1.5 }\n}":    `"most" must be a whole number`,
		"rule \"t/some\" {\noptions { strict = 1 }\n}":    `"strict" must be a bool`,
		"rule \"t/some\" {\noptions { prefix = true }\n}": `"prefix" must be a string`,
		"rule \"t/some\" {\noptions { allowed = [1] }\n}": `"allowed" must be a string, in quotes: "1"`,
		"rule \"t/none\" {\noptions { allowed = [] }\n}":  `rule "t/none" has no options`,
		"rule \"t\" {\noptions { allowed = [] }\n}": `options belong to one rule, ` +
			`and "t" is not the name of one`,
		"rule \"t/some\" {\noptions \"x\" { strict = true }\n}": `an options block takes no label`,
	} {
		_, err := parse(source.NewFile(Name, []byte(text)), "/base", optionPacks())
		var e *Error
		if !errors.As(err, &e) || e.Problems[0].Message != want {
			t.Errorf("%s\n got %v\nwant %s", text, err, want)
		}
	}
}
