package presets

import (
	"testing"

	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// TestPresets checks that each preset is what its summary says of its size, and that undecided names rules that would
// otherwise be in the strict one.
func TestPresets(t *testing.T) {
	all := rules.All(packs.All())
	count := map[string]int{}
	for _, r := range all {
		for _, p := range All() {
			if p.Has(r) {
				count[p.Name]++
			}
		}
		for _, pair := range [][2]string{{"minimal", Recommended}, {"security", Recommended}, {Recommended, "strict"}} {
			if Find(pair[0]).Has(r) && !Find(pair[1]).Has(r) {
				t.Errorf("%s is in %s and not in %s", r.ID, pair[0], pair[1])
			}
		}
		if r.Syntax && isDefault(r) && !Find("security").Has(r) {
			t.Errorf("%s says that a file cannot be read, and is not in each preset", r.ID)
		}
	}
	if count["minimal"] == 0 || count["security"] == 0 || count["strict"] <= count[Recommended] ||
		count["minimal"] >= count[Recommended] {
		t.Errorf("sizes %v", count)
	}
	for _, id := range undecided {
		r, _, err := rules.Find(packs.All(), id)
		if err != nil || r.ID != id || isDefault(r) {
			t.Errorf("%s: %v; it is no rule that is off by default", id, err)
		}
	}
}
