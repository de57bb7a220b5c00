// Package cached says what a check needs to keep its results from one run to the next. Package rules does the work, and
// a store keeps the bytes.
package cached

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/sandlint/sandlint/parsers/workspace"
)

// Cache keeps what is found in files for later runs. The workspace must have been loaded from a files.Witness.
type Cache struct {
	// Store keeps it.
	Store Store
	// Program identifies the program, and those that it asks.
	Program string
	// Policy returns what identifies the policy of the file at an absolute path: texts are equal only where policies
	// are. It is "" where results for the file are not kept.
	Policy func(abs string) string
	// Before, where it is not nil, is called with the files that have to be checked, before they are.
	Before func([]*workspace.Entry)
}

// Store keeps values, which are bytes, by their hashes and under keys, which have the form of a hash. It may lose them
// at any time, and what it returns is not trusted.
type Store interface {
	// Get returns for each key the values that were put under it, the newest first.
	Get(keys []string) [][][]byte
	// Value returns the value with a hash, nil where there is none.
	Value(hash string) []byte
	// Put stores values.
	Put([]Value)
}

// Value is a value to store.
type Value struct {
	// Key is what it is found by, "" for one that is found by its hash alone.
	Key string
	// Bytes are the value.
	Bytes []byte
}

// Hash returns the hash of a value: its SHA-256 in lower-case hexadecimal digits.
func Hash(value []byte) string {
	sum := sha256.Sum256(value)
	return hex.EncodeToString(sum[:])
}
