package custom

import (
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// Kind is a kind of node that a rule can stand on. A new kind is a value of this type and a line in Kinds: the checks
// of packs when they are loaded, the reference page and the completion of names all come from it.
type Kind struct {
	// Name is what "on" calls it: "dockerfile.from".
	Name string
	// Doc says in one sentence what a node of the kind is.
	Doc string
	// Example is the body of a rule on the kind that finds something in Bad: "when", "message" and perhaps "at" and a
	// fix. It is shown on the reference page, and tested.
	Example, Bad string
	// Good is such a file in which the rule of Example finds nothing; "" stands for one without nodes of the kind.
	Good string
	// File is the name that a file with such nodes has in tests that give none: "Dockerfile".
	File string
	// List is the name in "file" under which expressions find all nodes of the kind in the file: "instructions".
	List string
	// Index says what "on" may select with [] behind the name, "" for kinds that are not selected from.
	Index string
	// Attributes are what expressions can ask of a node, besides the common ones.
	Attributes []Attribute

	// nodes returns the nodes in a document; index is what "on" selects, "" without.
	nodes func(p *rules.Pass, doc *workspace.Document, index string) []*Node
	// checkIndex returns what is wrong with an index; nil for kinds that are not selected from.
	checkIndex func(index string) error
}

// Attribute is one thing that expressions can ask of a node.
type Attribute struct {
	Name string
	// Doc says in one phrase what it is.
	Doc  string
	Type cty.Type
	// Costly says that it is left out of the nodes in "file".
	Costly bool

	value func(*Node) cty.Value
	place func(*Node) (Place, bool)
	item  func(*Node, int) (Place, bool)
	key   func(*Node, string) (Place, bool)
}

// HasPlace reports whether "at" and the targets of fixes can name the attribute, and whether they can name an element
// of it: node.words[0], node.flags.from.
func (a *Attribute) HasPlace() (whole, element bool) {
	return a.place != nil, a.item != nil || a.key != nil
}

// attribute returns an attribute of the nodes whose subject is a T.
func attribute[T any](name, doc string, t cty.Type, value func(T) cty.Value) Attribute {
	return Attribute{Name: name, Doc: doc, Type: t, value: func(n *Node) cty.Value { return value(n.subject.(T)) }}
}

// at gives an attribute a place.
func (a Attribute) at(place func(*Node) (Place, bool)) Attribute {
	a.place = place
	return a
}

// items gives the elements of a list places.
func (a Attribute) items(item func(*Node, int) (Place, bool)) Attribute {
	a.item = item
	return a
}

// keyed gives the elements of a map places.
func (a Attribute) keyed(key func(*Node, string) (Place, bool)) Attribute {
	a.key = key
	return a
}

// costly leaves an attribute out of the nodes in "file".
func (a Attribute) costly() Attribute {
	a.Costly = true
	return a
}

// Node is one node of a file.
type Node struct {
	kind    *Kind
	subject any
	file    *source.File
	span    source.Span
	whole   Place              // how a fix changes all of it
	profile *workspace.Profile // the profile that the node is part of, nil for other nodes
	values  []cty.Value
}

// Place is a part of a file that a finding can be shown at and that a fix can change. A function that is nil, or that
// returns no edits, cannot do it there.
type Place struct {
	Span source.Span
	// File is the file that the span is in, nil for that of the node. A rule reports nothing in another file than the
	// one that it checks: the node is one of that file as well.
	File *source.File
	// Write puts text in its place, Delete removes it with what belongs to it alone, and Before and After put text
	// directly beside it, or for whole lines on lines of their own.
	Write, Before, After func(text string) ([]fixers.Edit, fixers.Changes)
	Delete               func() ([]fixers.Edit, fixers.Changes)
}

// value returns the value of an attribute, made once.
func (n *Node) value(k int) cty.Value {
	if n.values == nil {
		n.values = make([]cty.Value, len(n.kind.Attributes))
	}
	if n.values[k] == cty.NilVal {
		n.values[k] = n.kind.Attributes[k].value(n)
	}
	return n.values[k]
}

// object returns the node as expressions see it, with some of its attributes.
func (n *Node) object(attributes []int) cty.Value {
	out := make(map[string]cty.Value, len(attributes))
	for _, k := range attributes {
		out[n.kind.Attributes[k].Name] = n.value(k)
	}
	return cty.ObjectVal(out)
}

// attribute returns the index of an attribute, -1 where there is none.
func (k *Kind) attribute(name string) int {
	return slices.IndexFunc(k.Attributes, func(a Attribute) bool { return a.Name == name })
}

func (k *Kind) names() []string {
	var out []string
	for _, a := range k.Attributes {
		out = append(out, a.Name)
	}
	slices.Sort(out)
	return out
}

// Kinds returns all kinds, in the order of the reference page.
var Kinds = sync.OnceValue(func() []*Kind {
	list := slices.Concat(dockerfileKinds(), nixKinds(), seccompKinds(), neighbourKinds())
	for _, k := range list {
		k.Attributes = append(k.Attributes, commonAttributes()...)
	}
	return list
})

// FindKind returns the kind with a name, nil where there is none.
func FindKind(name string) *Kind {
	for _, k := range Kinds() {
		if k.Name == name {
			return k
		}
	}
	return nil
}

// commonAttributes are those that every node has.
func commonAttributes() []Attribute {
	return []Attribute{
		{Name: "line", Doc: "the line where it begins, from 1", Type: cty.Number, value: func(n *Node) cty.Value {
			if p := n.profile; p != nil && p.Fragment != nil {
				return number(p.Fragment.File.LineOf(p.Fragment.Span(n.span).Start))
			}
			return number(n.file.LineOf(n.span.Start))
		}},
		{Name: "text", Doc: "its text as it stands in the file", Type: cty.String, Costly: true,
			value: func(n *Node) cty.Value { return textValue(n.file.Text(n.span)) },
			place: func(n *Node) (Place, bool) { return n.whole, true }},
	}
}

// textValue is a text of a file as a value. Bytes that are no UTF-8 become U+FFFD.
func textValue(s string) cty.Value { return cty.StringVal(strings.ToValidUTF8(s, "\ufffd")) }

// knownText is a text that may not be known.
func knownText(s string, known bool) cty.Value {
	if !known {
		return cty.UnknownVal(cty.String)
	}
	return textValue(s)
}

// knownBool is true or false where that is known.
func knownBool(b, known bool) cty.Value {
	if !known {
		return cty.UnknownVal(cty.Bool)
	}
	return cty.BoolVal(b)
}

// textList is a list of texts, of which those may not be known for which known, where it is given, is false.
func textList(texts []string, known func(int) bool) cty.Value {
	if len(texts) == 0 {
		return cty.ListValEmpty(cty.String)
	}
	out := make([]cty.Value, len(texts))
	for n, s := range texts {
		out[n] = knownText(s, known == nil || known(n))
	}
	return cty.ListVal(out)
}

// textMap is a map from names to values.
func textMap(m map[string]cty.Value) cty.Value {
	if len(m) == 0 {
		return cty.MapValEmpty(cty.String)
	}
	return cty.MapVal(m)
}

// list is a list of objects of a type.
func list(t cty.Type, values []cty.Value) cty.Value {
	if len(values) == 0 {
		return cty.ListValEmpty(t)
	}
	return cty.ListVal(values)
}

// collect returns a list of what a sequence yields.
func collect[T any](seq iter.Seq[T], value func(T) cty.Value) []cty.Value {
	var out []cty.Value
	for v := range seq {
		out = append(out, value(v))
	}
	return out
}

// nodesKey is the key of the nodes of a kind in what a pass remembers.
type nodesKey struct {
	kind  *Kind
	index string
}

// nodesIn returns the nodes of a kind in a document, made once for all rules.
func (k *Kind) nodesIn(p *rules.Pass, doc *workspace.Document, index string) []*Node {
	nodes, _ := p.Memo(nodesKey{k, index}, func() any { return k.nodes(p, doc, index) }).([]*Node)
	return nodes
}

// format returns the part of the name of a kind before the dot, which the kinds of the same files share.
func (k *Kind) format() string {
	name, _, _ := strings.Cut(k.Name, ".")
	return name
}

// siblings returns the kinds with a list in "file" for rules on this kind.
func (k *Kind) siblings() []*Kind {
	var out []*Kind
	for _, other := range Kinds() {
		if other.List != "" && other.format() == k.format() {
			out = append(out, other)
		}
	}
	return out
}

// listed are the attributes that the nodes in "file" have.
func (k *Kind) listed() []int {
	var out []int
	for n := range k.Attributes {
		if !k.Attributes[n].Costly {
			out = append(out, n)
		}
	}
	return out
}

// objectType is the type of a node with some of its attributes.
func (k *Kind) objectType(attributes []int) cty.Type {
	out := make(map[string]cty.Type, len(attributes))
	for _, n := range attributes {
		out[k.Attributes[n].Name] = k.Attributes[n].Type
	}
	return cty.Object(out)
}

// all are the indexes of all attributes.
func (k *Kind) all() []int {
	out := make([]int, len(k.Attributes))
	for n := range out {
		out[n] = n
	}
	return out
}

// listKey is the key of a list in "file" in what a pass remembers.
type listKey struct{ kind *Kind }

// listIn returns the nodes of a kind in a document as expressions see them in "file".
func (k *Kind) listIn(p *rules.Pass, doc *workspace.Document) cty.Value {
	v, _ := p.Memo(listKey{k}, func() any {
		attributes := k.listed()
		var out []cty.Value
		for _, n := range k.nodesIn(p, doc, "") {
			out = append(out, n.object(attributes))
		}
		return list(k.objectType(attributes), out)
	}).(cty.Value)
	return v
}
