package images

import (
	"regexp"
	"strings"
	"sync"
)

// Lock are the digests of images that a lock file lists.
type Lock map[string]string

// digest matches the digest that a line ends in.
var digest = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^sha256:[0-9a-f]{64}$`) })

// ReadLock reads a lock file: one reference with its digest a line, such as "debian:12@sha256:…". Empty lines and
// what follows a # at the start of a word are ignored. An image that is listed with two digests has none.
func ReadLock(text []byte) Lock {
	out := Lock{}
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") || len(words) > 1 && !strings.HasPrefix(words[1], "#") {
			continue
		}
		r := Parse(words[0])
		if r.Name == "" || !digest().MatchString(r.Digest) {
			continue
		}
		if known, ok := out[r.key()]; ok && known != r.Digest {
			r.Digest = ""
		}
		out[r.key()] = r.Digest
	}
	return out
}

// Digest returns the digest that the file lists for an image, "" for none.
func (l Lock) Digest(r Reference) string { return l[r.key()] }

// key is what two references of the same image have in common.
func (r *Reference) key() string {
	tag := r.Tag
	if tag == "" {
		tag = "latest"
	}
	return r.Full() + ":" + tag
}
