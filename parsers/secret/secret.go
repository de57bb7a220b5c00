// Package secret recognises passwords and tokens in text, so that rules report them and no output shows them.
package secret

import (
	"net/url"
	"regexp"
	"strings"
)

// TokenPrefixes are the beginnings of GitHub and GitLab tokens.
var TokenPrefixes = []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "gldt-", "glcbt-",
	"gloas-"}

// IsToken reports whether a text is a token of GitHub or GitLab, rather than a placeholder for one.
func IsToken(text string) bool {
	for _, prefix := range TokenPrefixes {
		if rest, ok := strings.CutPrefix(text, prefix); ok {
			return len(rest) >= 16 && !IsPlaceholder(rest)
		}
	}
	return false
}

// IsPassword reports whether a text is the password of a URL, rather than a placeholder for one.
func IsPassword(text string) bool { return text != "" && !IsPlaceholder("01234567"+text) }

// IsPlaceholder reports whether a text stands for a secret that has to be filled in, as in an example.
func IsPlaceholder(s string) bool {
	distinct := map[byte]bool{}
	for n := range len(s) {
		c := s[n]
		distinct[c] = true
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_.~+/=:", c) >= 0:
		default:
			return true // such as <token>, $TOKEN, {{ token }}
		}
	}
	lower := strings.ToLower(s)
	for _, word := range []string{"xxxx", "your", "token", "example", "secret", "password", "changeme", "replace",
		"placeholder", "redacted", "dummy", "0123456789", "1234567890", "abcdef"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return len(distinct) < 8
}

// candidate matches what may be a secret: the user and password of a URL, or a token.
var candidate = regexp.MustCompile(`://[^\s/?#"'` + "`" + `]*@|\b(?:` + strings.Join(TokenPrefixes, "|") +
	`)[0-9A-Za-z_-]+`)

// find calls each with the bytes [start, end) of every password and token in a text, in order.
func find(text string, each func(start, end int)) {
	if !strings.Contains(text, "@") && !strings.ContainsAny(text, "_-") {
		return
	}
	for _, at := range candidate.FindAllStringIndex(text, -1) {
		start, end := at[0], at[1]
		if IsToken(text[start:end]) {
			each(start, end)
			continue
		}
		user, ok := strings.CutPrefix(text[start:end], "://")
		if !ok {
			continue
		}
		user = strings.TrimSuffix(user, "@")
		start += len("://")
		name, password, _ := strings.Cut(user, ":")
		decoded, err := url.PathUnescape(password)
		if err != nil {
			decoded = password
		}
		switch {
		case IsPassword(decoded):
			each(start+len(name)+len(":"), end-len("@"))
		case IsToken(name):
			each(start, start+len(name))
		}
	}
}

// Holds reports whether there is a password or a token in a text.
func Holds(text []byte) bool {
	found := false
	find(string(text), func(int, int) { found = true })
	return found
}

// Mask returns a text with "***" in the place of each password and token.
func Mask(text string) string {
	var b strings.Builder
	at := 0
	find(text, func(start, end int) {
		b.WriteString(text[at:start])
		b.WriteString("***")
		at = end
	})
	if at == 0 {
		return text
	}
	b.WriteString(text[at:])
	return b.String()
}
