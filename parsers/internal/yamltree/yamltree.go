// Package yamltree reads YAML into a tree in which every node knows its bytes in the file. It reports and leaves out
// what is broken and reads the rest; time and stack are bounded by the size of the input, whatever it contains.
//
// It reads block and flow collections, all five styles of scalar, anchors, aliases, merge keys, tags and several
// documents, with LF, CRLF or CR line ends. Scalars stay strings: they are not converted to other types.
package yamltree

import (
	"iter"
	"slices"

	"github.com/sandlint/sandlint/parsers/source"
)

// The kinds of problem that Parse reports.
const (
	// KindSyntax is text that is not YAML.
	KindSyntax = "yaml-syntax"
	// KindTab is a tab where YAML requires spaces as indentation.
	KindTab = "yaml-tab"
	// KindDuplicateKey is a key that its mapping already has.
	KindDuplicateKey = "yaml-duplicate-key"
	// KindUndefinedAlias is an alias without an anchor before it.
	KindUndefinedAlias = "yaml-undefined-alias"
	// KindTooDeep is nesting beyond what any real file needs, which is not read.
	KindTooDeep = "yaml-too-deep"
)

// Tree is a YAML file as read.
type Tree struct {
	File *source.File
	// Documents are the roots of the documents, in order. An empty document is a Null node.
	Documents []*Node
	// Problems are in order of position. Kinds are the Kind… constants.
	Problems []source.Problem
}

// Root returns the root of the first document, or nil.
func (t *Tree) Root() *Node {
	if len(t.Documents) == 0 {
		return nil
	}
	return t.Documents[0]
}

// Kind is the kind of a node.
type Kind uint8

const (
	// Null is a missing value: nothing follows a colon or a dash. Its span is empty.
	Null Kind = iota
	Scalar
	Mapping
	Sequence
	Alias
)

// Style is how a scalar is written.
type Style uint8

const (
	Plain Style = iota
	SingleQuoted
	DoubleQuoted
	Literal
	Folded
)

// Node is a value. A nil Node, which is a valid receiver of every method, means that the value is absent.
type Node struct {
	Kind  Kind
	Style Style
	// Text is the value of a scalar.
	Text string
	// Span is the node as written: with quotes, brackets or the header of a block scalar, without tag and anchor.
	Span source.Span
	// Inner is the text of a scalar as written, without quotes and header. If it has one line and no escapes, its bytes
	// are Text.
	Inner source.Span
	// Tag and Anchor are written before the node: "!reset", "&name". They are without "&", and "" when absent.
	Tag, Anchor string
	// Pairs are the entries of a mapping, in order, merge keys and repeated keys included.
	Pairs []Pair
	// Items are the elements of a sequence.
	Items []*Node
	// Target is the node that an alias names, nil when there is no such anchor.
	Target *Node

	min  int32 // smallest column of a continuation line
	flow bool  // inside brackets
}

// Pair is an entry of a mapping. Neither node is nil.
type Pair struct{ Key, Value *Node }

// Span is the pair from the start of its key to the end of its value.
func (p Pair) Span() source.Span { return p.Key.Span.Join(p.Value.Span) }

// Resolve returns the target of an alias, which is nil if there is no such anchor, and n itself otherwise.
func (n *Node) Resolve() *Node {
	for i := 0; n != nil && n.Kind == Alias; i++ {
		if i == 16 {
			return nil
		}
		n = n.Target
	}
	return n
}

// IsNull reports whether n is absent or YAML's null.
func (n *Node) IsNull() bool {
	n = n.Resolve()
	if n == nil || n.Kind == Null {
		return true
	}
	if n.Kind == Scalar && n.Style == Plain {
		switch n.Text {
		case "", "~", "null", "Null", "NULL":
			return true
		}
	}
	return false
}

// IsScalar reports whether n is a scalar that is not null.
func (n *Node) IsScalar() bool {
	r := n.Resolve()
	return r != nil && r.Kind == Scalar && !n.IsNull()
}

// maxMerged bounds the mappings that one look-up visits through merge keys.
const maxMerged = 64

// Get returns the value of key in a mapping, with aliases resolved; if key is repeated, the last. The mapping's own
// keys win over those that "<<" merges in. It returns nil when n is not a mapping or has no such key.
func (n *Node) Get(key string) *Node {
	v := n.Pair(key).Value
	return v.Resolve()
}

// Pair is like Get but also returns the key's node; the value may be an alias. Both are nil when there is no such key.
func (n *Node) Pair(key string) Pair {
	n = n.Resolve()
	if n == nil || n.Kind != Mapping {
		return Pair{}
	}
	if p := n.ownPair(key); p != nil {
		return *p
	}
	if !n.merges() {
		return Pair{}
	}
	var found Pair
	n.mappings(func(m *Node) bool {
		if p := m.ownPair(key); p != nil {
			found = *p
			return false
		}
		return true
	})
	return found
}

// ownPair returns the last pair of a key, nil for none.
func (n *Node) ownPair(key string) *Pair {
	for i := len(n.Pairs) - 1; i >= 0; i-- {
		if p := &n.Pairs[i]; p.Key.Kind == Scalar && p.Key.Text == key {
			return p
		}
	}
	return nil
}

// merges reports whether a mapping has merge keys.
func (n *Node) merges() bool {
	return slices.ContainsFunc(n.Pairs, func(p Pair) bool { return isMerge(p.Key) })
}

// All yields the entries of a mapping, those merged in after its own, each key once; the value may be an alias. It
// leaves out keys that are not scalars.
func (n *Node) All() iter.Seq[Pair] {
	return func(yield func(Pair) bool) {
		if n = n.Resolve(); n == nil || n.Kind != Mapping {
			return
		}
		if len(n.Pairs) <= maxCompared && !n.merges() {
			n.eachOwn(yield)
			return
		}
		seen := make(map[string]bool, len(n.Pairs))
		n.mappings(func(m *Node) bool {
			last := m.lastOfEach()
			for i, p := range m.Pairs {
				if p.Key.Kind != Scalar || isMerge(p.Key) || seen[p.Key.Text] || last != nil && last[p.Key.Text] != i {
					continue
				}
				seen[p.Key.Text] = true
				if !yield(p) {
					return false
				}
			}
			return true
		})
	}
}

// maxCompared is the number of pairs up to which comparing all keys costs less than a map of them.
const maxCompared = 16

// eachOwn yields the last pair of each key of a mapping without merge keys.
func (n *Node) eachOwn(yield func(Pair) bool) {
	for i, p := range n.Pairs {
		if p.Key.Kind != Scalar || slices.ContainsFunc(n.Pairs[i+1:], func(later Pair) bool {
			return later.Key.Kind == Scalar && later.Key.Text == p.Key.Text
		}) {
			continue
		}
		if !yield(p) {
			return
		}
	}
}

// lastOfEach returns the index of the last pair of each key, or nil when no key is repeated.
func (n *Node) lastOfEach() map[string]int {
	last := make(map[string]int, len(n.Pairs))
	repeated := false
	for i, p := range n.Pairs {
		if p.Key.Kind == Scalar {
			_, ok := last[p.Key.Text]
			repeated = repeated || ok
			last[p.Key.Text] = i
		}
	}
	if !repeated {
		return nil
	}
	return last
}

// mappings calls visit for n and then for the mappings that its merge keys name, nearest first, each once.
func (n *Node) mappings(visit func(*Node) bool) {
	n = n.Resolve()
	if n == nil || n.Kind != Mapping {
		return
	}
	seen := []*Node{n}
	add := func(m *Node) {
		m = m.Resolve()
		if m == nil || m.Kind != Mapping || len(seen) == maxMerged {
			return
		}
		for _, s := range seen {
			if s == m {
				return
			}
		}
		seen = append(seen, m)
	}
	for i := 0; i < len(seen); i++ {
		if !visit(seen[i]) {
			return
		}
		for _, p := range seen[i].Pairs {
			if !isMerge(p.Key) {
				continue
			}
			v := p.Value.Resolve()
			if v != nil && v.Kind == Sequence {
				for _, m := range v.Items {
					add(m)
				}
				continue
			}
			add(v)
		}
	}
}

func isMerge(key *Node) bool {
	return key.Kind == Scalar && key.Style == Plain && key.Text == "<<"
}
