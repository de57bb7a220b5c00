// Package secret recognises passwords and tokens in text, so that rules report them and no output shows them.
package secret

import (
	"bytes"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/source"
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

// Token is a secret that is one by its form: the bytes from Start to End.
type Token struct {
	// Kind is what it is, for a message: "a token of GitHub".
	Kind       string
	Start, End int
}

// shape is the form of a kind of token: a prefix, and then from least to most letters, digits, "_" and "-", and "."
// where dots says so.
type shape struct {
	prefix, kind string
	least, most  int
	dots, upper  bool
}

// shapes are the forms of tokens. Source: the documentation of each service.
var shapes = [...]shape{
	{prefix: "ghp_", kind: "a token of GitHub", least: 36, most: 255},
	{prefix: "gho_", kind: "a token of GitHub", least: 36, most: 255},
	{prefix: "ghu_", kind: "a token of GitHub", least: 36, most: 255},
	{prefix: "ghs_", kind: "a token of GitHub", least: 36, most: 255},
	{prefix: "ghr_", kind: "a token of GitHub", least: 36, most: 255},
	{prefix: "github_pat_", kind: "a token of GitHub", least: 40, most: 255},
	{prefix: "glpat-", kind: "a token of GitLab", least: 20, most: 255, dots: true},
	{prefix: "gldt-", kind: "a token of GitLab", least: 20, most: 255, dots: true},
	{prefix: "glrt-", kind: "a token of GitLab", least: 20, most: 255, dots: true},
	{prefix: "glcbt-", kind: "a token of GitLab", least: 20, most: 255, dots: true},
	{prefix: "AKIA", kind: "an access key of AWS", least: 16, most: 16, upper: true},
	{prefix: "ASIA", kind: "an access key of AWS", least: 16, most: 16, upper: true},
	{prefix: "xoxb-", kind: "a token of Slack", least: 20, most: 255},
	{prefix: "xoxp-", kind: "a token of Slack", least: 20, most: 255},
	{prefix: "xoxa-", kind: "a token of Slack", least: 20, most: 255},
	{prefix: "xoxr-", kind: "a token of Slack", least: 20, most: 255},
	{prefix: "xoxs-", kind: "a token of Slack", least: 20, most: 255},
	{prefix: "sk_live_", kind: "a key of Stripe", least: 20, most: 255},
	{prefix: "rk_live_", kind: "a key of Stripe", least: 20, most: 255},
	{prefix: "AIza", kind: "an API key of Google", least: 35, most: 35},
	{prefix: "npm_", kind: "a token of npm", least: 36, most: 36},
	{prefix: "pypi-AgE", kind: "a token of PyPI", least: 50, most: 1000},
	{prefix: "dckr_pat_", kind: "a token of Docker Hub", least: 20, most: 255},
	{prefix: "hf_", kind: "a token of Hugging Face", least: 34, most: 34},
	{prefix: "sk-ant-", kind: "an API key of Anthropic", least: 20, most: 255},
	{prefix: "sk-proj-", kind: "an API key of OpenAI", least: 20, most: 255},
	{prefix: "SG.", kind: "a key of SendGrid", least: 66, most: 66, dots: true},
	{prefix: "dop_v1_", kind: "a token of DigitalOcean", least: 64, most: 64},
}

// beginnings are the shapes by the first byte of their prefix, and the bytes of words.
type beginnings struct {
	shapes [256][]int
	word   [256]bool
}

var beginningsOfTokens = sync.OnceValue(func() *beginnings {
	b := &beginnings{}
	for n, s := range shapes {
		b.shapes[s.prefix[0]] = append(b.shapes[s.prefix[0]], n)
	}
	for c := range b.word {
		b.word[c] = isWord(byte(c), false)
	}
	return b
})

// Tokens returns the tokens and private keys in a text, in order. Placeholders for them are left out.
func Tokens(text []byte) []Token {
	var out []Token
	var until [len(shapes)]int // the end of the last token of each shape
	begin, inWord := beginningsOfTokens(), false
	for start, c := range text {
		after := inWord
		if inWord = begin.word[c]; after || !inWord {
			continue
		}
		for _, n := range begin.shapes[c] {
			s := &shapes[n]
			if start < until[n] || !bytes.HasPrefix(text[start:], []byte(s.prefix)) {
				continue
			}
			from := start + len(s.prefix)
			end := from
			for end < len(text) && end <= from+s.most && isWord(text[end], s.dots) {
				end++
			}
			rest := string(text[from:end])
			if len(rest) < s.least || len(rest) > s.most || IsPlaceholder(rest) ||
				s.upper && rest != strings.ToUpper(rest) {
				continue
			}
			out = append(out, Token{Kind: s.kind, Start: start, End: end})
			until[n] = end
		}
	}
	out = append(out, privateKeys(text)...)
	slices.SortFunc(out, func(a, b Token) int { return a.Start - b.Start })
	return out
}

func isWord(c byte, dots bool) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' ||
		dots && c == '.'
}

// privateKeys returns the first lines of the private keys in a text that are followed by a key.
func privateKeys(text []byte) []Token {
	var out []Token
	const begin, end = "-----BEGIN ", "PRIVATE KEY-----"
	for from := 0; ; {
		at := bytes.Index(text[from:], []byte(begin))
		if at < 0 {
			return out
		}
		start := from + at
		from = start + len(begin)
		n := bytes.Index(text[from:min(len(text), from+40)], []byte(end))
		if n < 0 || bytes.Contains(text[from:from+n], []byte("ENCRYPTED")) {
			continue
		}
		from += n + len(end)
		if keyFollows(text[from:]) {
			out = append(out, Token{Kind: "a private key", Start: start, End: from})
		}
	}
}

// leastKey is how many characters in a row show that a key follows its first line.
const leastKey = 40

// keyFollows reports whether a text begins with the body of a key, also between quotes and with escaped line ends.
func keyFollows(text []byte) bool {
	count, start := 0, 0
	for n := 0; n < len(text) && n < 200; n++ {
		switch c := text[n]; {
		case isWord(c, false) && c != '_' && c != '-' || c == '+' || c == '/' || c == '=':
			if count == 0 {
				start = n
			}
			if c == 'n' && n > 0 && text[n-1] == '\\' {
				continue
			}
			if count++; count == leastKey {
				return !IsPlaceholder(string(text[start:n]))
			}
		case count > 0 && c != '\\':
			return false
		}
	}
	return false
}

// candidate matches what may be a secret: the user and password of a URL, or a token.
var candidate = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`://[^\s/?#"'` + "`" + `]*@|\b(?:` + strings.Join(TokenPrefixes, "|") + `)[0-9A-Za-z_-]+`)
})

// find calls each with the bytes [start, end) of every password and token in a text, in order.
func find(text string, each func(start, end int)) {
	tokens := Tokens([]byte(text))
	findOthers(text, func(start, end int) {
		for len(tokens) > 0 && tokens[0].Start < end {
			if t := tokens[0]; t.End <= start {
				each(t.Start, t.End)
			} else {
				start, end = min(start, t.Start), max(end, t.End)
			}
			tokens = tokens[1:]
		}
		each(start, end)
	})
	for _, t := range tokens {
		each(t.Start, t.End)
	}
}

// findOthers calls each for passwords, and for tokens of GitHub and GitLab that are shorter than they should be.
func findOthers(text string, each func(start, end int)) {
	if !strings.Contains(text, "@") && !strings.ContainsAny(text, "_-") {
		return
	}
	for _, at := range candidate().FindAllStringIndex(text, -1) {
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

// Places returns where the passwords and tokens in a text are, in order.
func Places(text []byte) []source.Span {
	var out []source.Span
	find(string(text), func(start, end int) { out = append(out, source.Span{Start: start, End: end}) })
	return out
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
