package image

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// This file says what ParseNormalizedNamed of github.com/distribution/reference v0.6.0, by which BuildKit reads the
// references of images, says. That library compiles a dozen regular expressions whenever a program starts, which takes
// a good part of a start of sandlint. The tests compare the two.

// ReferenceFault returns why BuildKit refuses the reference of an image, in the words of its library, and "" where it
// does not.
func ReferenceFault(ref string) string {
	if isPlain(ref) {
		return ""
	}
	if len(ref) == 64 && isHex(ref) {
		return fmt.Sprintf("invalid repository name (%s), cannot specify 64-byte hexadecimal strings", ref)
	}
	domain, rest := splitDomain(ref)
	name, _, _ := strings.Cut(rest, ":")
	if strings.ToLower(name) != name {
		return fmt.Sprintf("invalid reference format: repository name (%s) must be lowercase", name)
	}
	full := domain + "/" + rest
	parts := referencePattern().FindStringSubmatch(full)
	switch {
	case parts == nil && referencePattern().MatchString(strings.ToLower(full)):
		return "repository name must be lowercase"
	case parts == nil:
		return "invalid reference format"
	}
	if host, path, ok := strings.Cut(parts[1], "/"); ok && domainPattern().MatchString(host) {
		parts[1] = path
	}
	if len(parts[1]) > 255 {
		return "repository name must not be more than 255 characters"
	}
	return digestFault(parts[2])
}

// isPlain reports whether a reference is like nearly all: names of lower-case letters and digits, and a tag.
func isPlain(ref string) bool {
	name, tag, tagged := strings.Cut(ref, ":")
	if len(name) == 0 || len(name) > 60 || len(tag) > 60 || tagged && tag == "" {
		return false
	}
	separated := true
	for _, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			separated = false
		case (c == '/' || c == '-' || c == '_') && !separated:
			separated = true
		default:
			return false
		}
	}
	for n, c := range []byte(tag) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || n > 0 && (c == '.' || c == '-') {
			continue
		}
		return false
	}
	return !separated
}

// splitDomain returns the registry of a reference, and the rest of it.
func splitDomain(ref string) (domain, rest string) {
	const hub = "docker.io"
	first, others, ok := strings.Cut(ref, "/")
	switch {
	case !ok:
		return hub, "library/" + ref
	case first == "index.docker.io":
		domain, rest = hub, others
	case first == "localhost", strings.ContainsAny(first, ".:"), strings.ToLower(first) != first:
		domain, rest = first, others
	default:
		domain, rest = hub, ref
	}
	if domain == hub && !strings.Contains(rest, "/") {
		rest = "library/" + rest
	}
	return domain, rest
}

const (
	domainLabel = `(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])`
	domainText  = `(?:` + domainLabel + `(?:\.` + domainLabel + `)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?`
	nameText    = `[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*`
	tagText     = `\w[\w.-]{0,127}`
	digestText  = `[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[[:xdigit:]]{32,}`
)

var (
	domainPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^` + domainText + `$`) })
	// referencePattern has the groups name and digest.
	referencePattern = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^((?:` + domainText + `/)?` + nameText + `(?:/` + nameText + `)*)` +
			`(?::` + tagText + `)?(?:@(` + digestText + `))?$`)
	})
)

// digestFault returns what is wrong with a digest that referencePattern matches, or with none.
func digestFault(digest string) string {
	algorithm, hex, ok := strings.Cut(digest, ":")
	if !ok {
		return ""
	}
	size := map[string]int{"sha256": 64, "sha384": 96, "sha512": 128}[algorithm]
	switch {
	case size == 0 && strings.ToLower(algorithm) != algorithm:
		return "invalid checksum digest format"
	case size == 0:
		return "unsupported digest algorithm"
	case len(hex) != size:
		return "invalid checksum digest length"
	case !isHex(hex):
		return "invalid checksum digest format"
	}
	return ""
}

// isHex reports whether a text has nothing but hexadecimal digits in lower case.
func isHex(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') })
}
