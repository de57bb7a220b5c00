// Package persistent has a map of which each version stays as it is: adding to one gives another that shares almost all
// of its memory. The states of a timeline are versions of such maps, so keeping all of them costs little more than
// keeping the last.
package persistent

import (
	"cmp"
	"hash/maphash"
	"iter"
)

// Map is an immutable map with strings as keys. The zero Map is empty.
type Map[V any] struct {
	root *node[V]
	size int
}

// node is a node of a binary tree in the order of hashes. The hashes are random, so the tree is balanced whatever the
// keys and the order in which they come.
type node[V any] struct {
	hash        uint64
	key         string
	value       V
	left, right *node[V]
}

// seed makes the hashes differ from run to run, so no input can choose keys that make the tree deep.
var seed = maphash.MakeSeed()

func compare[V any](hash uint64, key string, n *node[V]) int {
	if c := cmp.Compare(hash, n.hash); c != 0 {
		return c
	}
	return cmp.Compare(key, n.key)
}

// Len returns the number of keys.
func (m Map[V]) Len() int { return m.size }

// Get returns the value of a key, and whether the map has the key.
func (m Map[V]) Get(key string) (V, bool) {
	if m.root != nil {
		hash := maphash.String(seed, key)
		for n := m.root; n != nil; {
			switch c := compare(hash, key, n); {
			case c == 0:
				return n.value, true
			case c < 0:
				n = n.left
			default:
				n = n.right
			}
		}
	}
	var zero V
	return zero, false
}

// Has reports whether the map has a key.
func (m Map[V]) Has(key string) bool {
	_, ok := m.Get(key)
	return ok
}

// With returns the map with another value for a key. m stays as it is. It takes time and memory in proportion to the
// logarithm of the number of keys.
func (m Map[V]) With(key string, value V) Map[V] {
	added := false
	hash := maphash.String(seed, key)
	var with func(n *node[V]) *node[V]
	with = func(n *node[V]) *node[V] {
		if n == nil {
			added = true
			return &node[V]{hash: hash, key: key, value: value}
		}
		c := *n
		switch order := compare(hash, key, n); {
		case order == 0:
			c.value = value
		case order < 0:
			c.left = with(n.left)
		default:
			c.right = with(n.right)
		}
		return &c
	}
	out := Map[V]{with(m.root), m.size}
	if added {
		out.size++
	}
	return out
}

// All returns the keys and values, in an order that differs from run to run.
func (m Map[V]) All() iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		var walk func(n *node[V]) bool
		walk = func(n *node[V]) bool {
			return n == nil || walk(n.left) && yield(n.key, n.value) && walk(n.right)
		}
		walk(m.root)
	}
}
