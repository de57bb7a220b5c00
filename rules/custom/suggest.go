package custom

import (
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/sandlint/sandlint/parsers/hcltext"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

// This file says what can be written at a place of a pack, for editors.

// exemplar has each block that a pack may have. What these may contain is what the loader says when it reads them, so
// no list of names has to follow the loader; TestVocabulary finds a block that is missing here.
const exemplar = `
pack "x" {}
variable "x" {}
locals {}
function "x" {}
rule "x" {
  on = dockerfile.from
  fix {
    replace {}
    delete {}
    insert {}
  }
  test "x" {
    expect {}
  }
}
`

// vocabulary returns the names that blocks may contain, by the path of the block.
var vocabulary = sync.OnceValue(func() map[string][]hcltext.Suggestion {
	bodies := map[*hclsyntax.Body]hcltext.Body{}
	s, _ := read(source.NewFile("exemplar.hcl", []byte(exemplar)), func(b *hclsyntax.Body, known hcltext.Body) {
		bodies[b] = known
	})
	s.Pack(Options{})
	out := map[string][]hcltext.Suggestion{}
	var walk func(path string, b *hclsyntax.Body)
	walk = func(path string, b *hclsyntax.Body) {
		for name := range bodies[b].Attributes {
			out[path] = append(out[path], hcltext.Suggestion{Name: name, Kind: hcltext.Attribute})
		}
		for name := range bodies[b].Blocks {
			out[path] = append(out[path], hcltext.Suggestion{Name: name, Kind: hcltext.SubBlock})
		}
		slices.SortFunc(out[path], func(a, b hcltext.Suggestion) int { return strings.Compare(a.Name, b.Name) })
		for _, nested := range b.Blocks {
			walk(strings.TrimPrefix(path+"."+nested.Type, "."), nested.Body)
		}
	}
	walk("", s.body)
	return out
})

// places are the attributes whose value is a part of a node.
var places = []string{"at", "target", "before", "after"}

// expressions are those whose value is any expression about a node.
var expressions = []string{"when", "message", "title", "with", "text", "result"}

// Suggest returns what can be written at an offset of a pack, which may be incomplete, and where that which is typed
// there begins.
func Suggest(text []byte, offset int) (from int, list []hcltext.Suggestion) {
	p, ok := hcltext.PlaceAt(text, offset)
	if !ok {
		return offset, nil
	}
	path := p.PathOf()
	switch {
	case p.Header != "":
		return p.Word, nil
	case p.Attribute == "":
		return p.Word, vocabulary()[path]
	case p.Quoted:
		return p.Word, fixedValues(path + "." + p.Attribute)
	}
	plain := func(names ...string) (out []hcltext.Suggestion) {
		for _, name := range names {
			out = append(out, hcltext.Suggestion{Name: name, Kind: hcltext.Word})
		}
		return out
	}
	switch {
	case path == "rule" && p.Attribute == "on":
		for _, k := range Kinds() {
			list = append(list, hcltext.Suggestion{Name: k.Name, Doc: k.Doc, Kind: hcltext.Word})
		}
		return p.Word, list
	case path == "rule" && p.Attribute == "enabled":
		return p.Word, plain("true", "false")
	case path == "locals", slices.Contains(expressions, p.Attribute), slices.Contains(places, p.Attribute):
	default:
		return p.Word, fixedValues(path + "." + p.Attribute)
	}
	outer := aroundOf(text, offset)
	word := string(text[p.Word:offset])
	root, rest, member := strings.Cut(word, ".")
	switch {
	case !member && slices.Contains(places, p.Attribute):
		return p.Word, plain("node")
	case !member:
		for _, f := range Functions() {
			list = append(list, hcltext.Suggestion{Name: f.Name, Doc: f.Usage + ": " + f.Doc, Kind: hcltext.Call})
		}
		for _, name := range outer.functions {
			list = append(list, hcltext.Suggestion{Name: name, Doc: "a function of this pack", Kind: hcltext.Call})
		}
		if outer.kind == nil {
			return p.Word, append(list, plain("var", "local")...)
		}
		return p.Word, append(list, plain(roots...)...)
	case strings.Contains(rest, "."):
		return offset, nil
	}
	return p.Word + len(root) + 1, outer.members(root, slices.Contains(places, p.Attribute))
}

// fixedValues returns the values of an attribute that are strings.
func fixedValues(path string) (list []hcltext.Suggestion) {
	add := func(name, doc string) {
		list = append(list, hcltext.Suggestion{Name: name, Doc: doc, Kind: hcltext.String})
	}
	switch path {
	case "rule.severity":
		for s := rules.Error; s > rules.Off; s-- {
			add(s.String(), "")
		}
	case "rule.category":
		for _, c := range rules.Categories() {
			add(string(c), "")
		}
	case "rule.fix.applicability":
		add("safe", "the meaning stays the same")
		add("unsafe", "the meaning may change")
	}
	return list
}

// around is what a pack says around a place.
type around struct {
	kind                         *Kind // of the rule, nil outside of rules
	functions, variables, locals []string
}

// aroundOf reads what a pack says around an offset. The line there counts as empty.
func aroundOf(text []byte, offset int) *around {
	out := &around{}
	f := source.NewFile("", hcltext.Without(text, offset))
	for _, b := range (&hcltext.Reader{File: f}).Parse().Blocks {
		switch {
		case b.Type == "function" && len(b.Labels) == 1:
			out.functions = append(out.functions, b.Labels[0])
		case b.Type == "variable" && len(b.Labels) == 1:
			out.variables = append(out.variables, b.Labels[0])
		case b.Type == "locals":
			for name := range b.Body.Attributes {
				out.locals = append(out.locals, name)
			}
		case b.Type == "rule":
			at := hcltext.SpanOf(b.Range())
			on := b.Body.Attributes["on"]
			if on == nil || offset < at.Start || offset > hcltext.SpanOf(b.CloseBraceRange).End {
				continue
			}
			name, _, _ := strings.Cut(f.Text(hcltext.SpanOf(on.Expr.Range())), "[")
			out.kind = FindKind(strings.TrimSpace(name))
		}
	}
	slices.Sort(out.locals)
	return out
}

// members returns what a root has: all, or for a place that what can be named there.
func (a *around) members(root string, place bool) (list []hcltext.Suggestion) {
	add := func(doc string, names ...string) {
		for _, name := range names {
			list = append(list, hcltext.Suggestion{Name: name, Doc: doc, Kind: hcltext.Member})
		}
	}
	switch {
	case root == "var" && !place:
		add("a variable of this pack", a.variables...)
	case root == "local" && !place:
		add("a local value of this pack", a.locals...)
	case root == "file" && a.kind != nil && !place:
		add("the path of the file", "path")
		for _, k := range a.kind.siblings() {
			add(k.Doc, k.List)
		}
	case root == "node" && a.kind != nil:
		for n := range a.kind.Attributes {
			attribute := &a.kind.Attributes[n]
			whole, element := attribute.HasPlace()
			if !place || whole || element {
				add(attribute.Doc+" ("+attribute.Type.FriendlyName()+")", attribute.Name)
			}
		}
	}
	return list
}
