package packs_test

import (
	"strings"
	"testing"

	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// TestEveryAlias checks that sandlint has a rule for each of hadolint's and each check of BuildKit.
func TestEveryAlias(t *testing.T) {
	names := rules.Pack{}.Elsewhere()
	if len(names) != 71+22 {
		t.Errorf("%d names, not 93", len(names))
	}
	for _, name := range names {
		if r, _, err := rules.Find(packs.All(), name); err != nil || r.Pack() != "dockerfile" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAliases checks that every id and alias of all packs is one rule's alone, in whatever case it is written, and that
// each alias is the name of a rule that hadolint, BuildKit or ShellCheck has.
func TestAliases(t *testing.T) {
	all := packs.All()
	of := map[string]string{}
	for _, r := range rules.All(all) {
		for _, name := range append([]string{r.ID}, r.Aliases...) {
			if other, taken := of[strings.ToLower(name)]; taken {
				t.Errorf("%s and %s are both called %s", other, r.ID, name)
			}
			of[strings.ToLower(name)] = r.ID
			for _, spelled := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
				if found, _, err := rules.Find(all, spelled); err != nil || found != r {
					t.Errorf("Find(%q): %v", spelled, err)
				}
				if _, err := rules.NewSet(all, rules.Selection{Ignore: []string{spelled}}); err != nil {
					t.Errorf("--ignore %s: %v", spelled, err)
				}
			}
		}
		for _, name := range r.Aliases {
			if !rules.KnownElsewhere(name) {
				t.Errorf("%s: nobody else has a rule %s", r.ID, name)
			}
		}
	}
}
