package custom

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// TestNodes makes every attribute, place and edit of every node in the cases of all rules: values have the types that
// are declared, places lie in the file, and edits can be made and declare something.
func TestNodes(t *testing.T) {
	heavytest.Need(t, "looks at the cases of all rules")
	seen := map[string]int{}
	made := map[string]bool{}
	look := &rules.Rule{ID: "x/nodes", Severity: rules.Warning, Category: rules.Correctness, Since: "0.1.0"}
	look.Check = rules.OnFile(func(p *rules.Pass, doc *workspace.Document) {
		for _, k := range Kinds() {
			index := ""
			if k.Index != "" {
				index = "clone3"
			}
			for _, n := range k.nodesIn(p, doc, index) {
				seen[k.Name]++
				for i := range k.Attributes {
					lookAt(t, n, i, made)
				}
				tryPlace(t, n, k.Name, n.whole)
			}
			if k.List != "" {
				k.listIn(p, doc)
			}
		}
	})
	set, err := rules.NewSet([]rules.Pack{{Name: "x", Rules: []*rules.Rule{look}}}, rules.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packs.All() {
		for _, r := range p.Rules {
			page, err := p.Page(r)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page.Cases {
				files := map[string][]byte{}
				for _, f := range c.Files {
					files[f.Name] = f.Data
				}
				ws, err := rules.InMemory(workspace.DefaultTargets(), files)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range ws.Entries { // one after the other, since seen is shared
					one := *ws
					one.Entries = []*workspace.Entry{e}
					rules.Check(&one, set, rules.CheckOptions{})
				}
				if t.Failed() {
					t.Fatalf("in %s/%s", r.ID, c.Name)
				}
			}
		}
	}
	for _, k := range Kinds() {
		if seen[k.Name] == 0 {
			t.Logf("no node of %s", k.Name)
		}
		for _, a := range k.Attributes {
			if name := k.Name + "." + a.Name; seen[k.Name] > 0 && !made[name] {
				t.Logf("%s is nowhere known", name)
			}
		}
	}
}

func lookAt(t *testing.T, n *Node, i int, made map[string]bool) {
	a := &n.kind.Attributes[i]
	name := n.kind.Name + "." + a.Name
	v := n.value(i)
	if !v.Type().Equals(a.Type) {
		t.Errorf("%s is a %s and not a %s", name, v.Type().FriendlyName(), a.Type.FriendlyName())
		return
	}
	if v.IsNull() {
		t.Errorf("%s is null", name)
		return
	}
	if v.IsKnown() {
		made[name] = true
	}
	if a.place != nil {
		if p, ok := a.place(n); ok {
			tryPlace(t, n, name, p)
		}
	}
	if a.item != nil {
		size := 0
		if v.IsKnown() && v.CanIterateElements() {
			size = v.LengthInt()
		}
		for k := range size {
			if p, ok := a.item(n, k); ok {
				tryPlace(t, n, fmt.Sprintf("%s[%d]", name, k), p)
			}
		}
		if _, ok := a.item(n, size+1000); ok {
			t.Errorf("%s[%d] has a place", name, size+1000)
		}
	}
	if a.key != nil {
		if v.IsKnown() {
			for key := range v.AsValueMap() {
				if p, ok := a.key(n, key); ok {
					tryPlace(t, n, name+"."+key, p)
				}
			}
		}
		if _, ok := a.key(n, "no such key"); ok {
			t.Errorf("%s has a place for what is not there", name)
		}
	}
}

func tryPlace(t *testing.T, n *Node, name string, p Place) {
	size := len(n.file.Bytes)
	if p.Span.Start < 0 || p.Span.End > size || p.Span.Start > p.Span.End {
		t.Errorf("the place of %s is %v in a file of %d bytes", name, p.Span, size)
		return
	}
	try := func(what string, edits []fixers.Edit, changes fixers.Changes) {
		if len(edits) == 0 {
			return
		}
		if slices.ContainsFunc(changes, func(c fixers.Change) bool { return strings.TrimSpace(c.Allows()) == "" }) {
			t.Errorf("%s: %s declares an empty change", name, what)
		}
		file := edits[0].File
		if _, err := fixers.Apply(file, edits); err != nil {
			t.Errorf("%s: %s: %v", name, what, err)
		}
	}
	for _, text := range []string{"a", "a = b", "", "x y\nz", "\"quoted\"", "# 'b'"} {
		for _, f := range []struct {
			name  string
			write func(string) ([]fixers.Edit, fixers.Changes)
		}{{"write", p.Write}, {"before", p.Before}, {"after", p.After}} {
			if f.write != nil {
				edits, changes := f.write(text)
				try(f.name, edits, changes)
			}
		}
	}
	if p.Delete != nil {
		edits, changes := p.Delete()
		try("delete", edits, changes)
	}
}
