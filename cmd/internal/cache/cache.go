// Package cache keeps values from one run of sandlint to the next: in a folder, or on a server that speaks Bazel's
// simple HTTP protocol. Both have the same layout: ac/KEY lists the values of a key, as the ActionResult of Bazel's
// remote execution API whose output files they are, and cas/HASH holds a value by its SHA-256.
//
// Nothing that is read is trusted. A value must have its hash and name its key and, where there is a secret, be signed
// with it. Whatever goes wrong means that a value is missing, and Err says it once.
package cache

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/rules/cached"
)

// maxValues is how many values a key has at most. A file has several where what it uses goes back and forth, as between
// branches.
const maxValues = 4

// Store implements cached.Store. It may be used by several goroutines and, for one folder or server, by several
// programs.
type Store struct {
	where  string
	backed backend
	secret []byte

	mu    sync.Mutex
	err   error
	lists map[string][]digest // that keys have
}

// backend keeps bytes by names such as ac/KEY and cas/HASH.
type backend interface {
	// get returns what has the names, nil for what is not there. With an error, it returns what it could.
	get(names []string) ([][]byte, error)
	// put stores values, each as a whole or not at all.
	put(names []string, values [][]byte) error
	// end is called after the last call.
	end() error
}

// Open returns the store at a place: a URL that begins with http:// or https://, or the absolute path of a folder,
// which is made. Values are signed with a secret unless it is "". The error is about the place alone: a folder that
// cannot be used, or a server that does not answer, makes a store without values.
func Open(place, secret string, now func() time.Time) (*Store, error) {
	s := &Store{where: place, secret: []byte(secret), lists: map[string][]digest{}}
	scheme, _, isURL := strings.Cut(place, "://")
	if !isURL {
		f, err := openFolder(place, now)
		if err != nil {
			s.fail(err)
			return s, nil
		}
		s.backed = f
		return s, nil
	}
	u, err := url.Parse(place)
	switch {
	case err != nil:
		return nil, errors.New("it is not a valid URL")
	case scheme != "http" && scheme != "https":
		return nil, fmt.Errorf("%q is not a scheme of a remote cache; it is http or https", scheme)
	case u.Host == "" || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("the URL of a remote cache has a host and perhaps a path, nothing else")
	}
	s.where, s.backed = u.Redacted(), &remote{url: strings.TrimSuffix(place, "/"), limit: valueLimit}
	return s, nil
}

// fail records what went wrong first.
func (s *Store) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil && err != nil {
		s.err = fmt.Errorf("cache %s: %w", s.where, err)
	}
}

// Close ends the use of the store, and returns what went wrong first.
func (s *Store) Close() error {
	if s.backed != nil {
		s.fail(s.backed.end())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// isHash reports whether a text is a SHA-256 in hexadecimal digits.
func isHash(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == sha256.Size && strings.ToLower(s) == s
}

// read gets values, and records what goes wrong.
func (s *Store) read(names []string) [][]byte {
	if s.backed == nil || len(names) == 0 {
		return make([][]byte, len(names))
	}
	values, err := s.backed.get(names)
	s.fail(err)
	return values
}

// Get implements cached.Store.
func (s *Store) Get(keys []string) [][][]byte {
	out := make([][][]byte, len(keys))
	names := make([]string, 0, len(keys))
	var of []int
	for n, key := range keys {
		if isHash(key) {
			names, of = append(names, "ac/"+key), append(of, n)
		}
	}
	var values []string // the names of
	var at []int
	for i, list := range s.read(names) {
		if list == nil {
			continue
		}
		digests, err := readList(list)
		if err != nil {
			s.fail(fmt.Errorf("%s is damaged: %w", names[i], err))
			continue
		}
		s.mu.Lock()
		s.lists[keys[of[i]]] = digests
		s.mu.Unlock()
		for _, d := range digests {
			values, at = append(values, "cas/"+d.hash), append(at, of[i])
		}
	}
	for i, b := range s.read(values) {
		if b == nil {
			continue
		}
		value, err := s.open(strings.TrimPrefix(values[i], "cas/"), keys[at[i]], b)
		if err != nil {
			s.fail(fmt.Errorf("%s is not used: %w", values[i], err))
			continue
		}
		out[at[i]] = append(out[at[i]], value)
	}
	return out
}

// Value implements cached.Store.
func (s *Store) Value(hash string) []byte {
	if !isHash(hash) {
		return nil
	}
	b := s.read([]string{"cas/" + hash})[0]
	if b != nil && cached.Hash(b) != hash {
		s.fail(fmt.Errorf("cas/%s is damaged: it has another hash", hash))
		return nil
	}
	return b
}

// Put implements cached.Store.
func (s *Store) Put(list []cached.Value) {
	if s.backed == nil {
		return
	}
	var names, lists []string
	var values, contents [][]byte
	for _, v := range list {
		b := v.Bytes
		if v.Key != "" {
			b = s.seal(v.Key, v.Bytes)
		}
		if len(b) > files.MaxSize {
			continue
		}
		d := digest{cached.Hash(b), len(b)}
		names, values = append(names, "cas/"+d.hash), append(values, b)
		if v.Key != "" {
			s.mu.Lock()
			old := slices.DeleteFunc(slices.Clone(s.lists[v.Key]), func(o digest) bool { return o.hash == d.hash })
			now := append([]digest{d}, old...)
			now = now[:min(len(now), maxValues)]
			s.lists[v.Key] = now
			s.mu.Unlock()
			lists, contents = append(lists, "ac/"+v.Key), append(contents, writeList(now))
		}
	}
	if err := s.backed.put(names, values); err != nil {
		s.fail(err)
		return
	}
	s.fail(s.backed.put(lists, contents))
}

// A value is stored behind a line with its key and, where there is a secret, a signature.
const header = "sandlint "

// sign returns the signature of a value.
func (s *Store) sign(key string, value []byte) string {
	if len(s.secret) == 0 {
		return "-"
	}
	h := hmac.New(sha256.New, s.secret)
	h.Write([]byte(key + "\n"))
	h.Write(value)
	return hex.EncodeToString(h.Sum(nil))
}

func (s *Store) seal(key string, value []byte) []byte {
	return append([]byte(header+key+" "+s.sign(key, value)+"\n"), value...)
}

// open returns what seal has sealed.
func (s *Store) open(hash, key string, b []byte) ([]byte, error) {
	if cached.Hash(b) != hash {
		return nil, errors.New("it has another hash")
	}
	line, value, ok := bytes.Cut(b, []byte("\n"))
	signature, of := strings.CutPrefix(string(line), header+key+" ")
	switch {
	case !ok || !of:
		return nil, errors.New("it belongs to another key")
	case len(s.secret) > 0 && !hmac.Equal([]byte(signature), []byte(s.sign(key, value))):
		return nil, errors.New("it is not signed with SANDLINT_CACHE_KEY")
	}
	return value, nil
}

// digest is a value in the list of a key.
type digest struct {
	hash string
	size int
}

// Of Bazel's ActionResult, the list has the field 2, output_files, each with the fields 1, path, and 2, digest, which
// has the fields 1, hash, and 2, size_bytes.

func writeList(list []digest) []byte {
	var out []byte
	for n, d := range list {
		sum := number(field(nil, 1, []byte(d.hash)), 2, d.size)
		out = field(out, 2, field(field(nil, 1, fmt.Appendf(nil, "sandlint/%d", n)), 2, sum))
	}
	return out
}

func readList(b []byte) ([]digest, error) {
	var out []digest
	err := fields(b, func(n uint64, value []byte, _ uint64) error {
		if n != 2 {
			return nil
		}
		var d digest
		err := fields(value, func(n uint64, value []byte, _ uint64) error {
			if n != 2 {
				return nil
			}
			return fields(value, func(n uint64, value []byte, size uint64) error {
				switch n {
				case 1:
					d.hash = string(value)
				case 2:
					d.size = int(min(size, 1<<40))
				}
				return nil
			})
		})
		if err != nil {
			return err
		}
		if !isHash(d.hash) {
			return errors.New("it lists what is no SHA-256")
		}
		if out = append(out, d); len(out) > maxValues {
			return errors.New("it lists too many values")
		}
		return nil
	})
	return out, err
}

func absolute(folder, name string) string { return filepath.Join(folder, filepath.FromSlash(name)) }
