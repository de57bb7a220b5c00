package secret

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
)

func TestMask(t *testing.T) {
	for text, want := range map[string]string{
		"store = https://deploy:s3cr7Tq9@x.org/nix":                "store = https://deploy:***@x.org/nix",
		"a https://a:s3cr7Tq9@b c https://d:k8Qz41xLm@e":           "a https://a:***@b c https://d:***@e",
		"https://ghp_R2d2C3poBb8Lu5kHa7nS0l9Le1aQ4wZ6xYvT@raw.x/y": "https://***@raw.x/y",
		"x = github.com=ghp_R2d2C3poBb8Lu5kHa7nS0l9Le1aQ4wZ6xYvT":  "x = github.com=***",
		"s3://key:k8Qz%2F41xLm@b":                                  "s3://key:***@b",
		"aws AKIAQ7WKZ3M9RX2LT5VB, AKIAQ7WKZ3M9RX2LT5VC":           "aws ***, ***",
		"https://u:AKIAQ7WKZ3M9RX2LT5VB@x AKIAQ7WKZ3M9RX2LT5VB":    "https://u:***@x ***",
		"xoxb-84930275113-Qm4vTz8Rk1LpWs6x":                        "***",
		"a=\"glpat-Qm4vTz8Rk1LpWs6xYb2D\"":                         "a=\"***\"",
	} {
		if got := Mask(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
		if !Holds([]byte(text)) {
			t.Errorf("%s: nothing found", text)
		}
	}
	for _, text := range []string{
		"", "https://cache.nixos.org", "ssh://builder@host", "https://user:<password>@x", "https://user:password@x",
		"https://deploy:$PASSWORD@x", "https://deploy:${PASSWORD}@x", "a:b@c", "https://x/a:s3cr7Tq9@b", "glpat-short",
		"https://ssh-ng://nix-builder-eu-central-1@host.example.org", "https://user:@host",
	} {
		if got := Mask(text); got != text || Holds([]byte(text)) {
			t.Errorf("%s: %s", text, got)
		}
	}
}

// TestTokens checks what is a token by its form.
func TestTokens(t *testing.T) {
	const key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
	for text, want := range map[string]string{
		"ghp_R2d2C3poBb8Lu5kHa7nS0l9Le1aQ4wZ6xYvT":                                  "a token of GitHub",
		"x=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":                                   "a token of Hugging Face",
		"AIzaQm4vTz8Rk1LpWs6xYb2DhG7nJcFqMvKtZrPwL":                                 "",
		"AIzaQm4vTz8Rk1LpWs6xYb2DhG7nJcFqMvKtZrP":                                   "an API key of Google",
		"-----BEGIN RSA PRIVATE KEY-----\n" + key + "\n":                            "a private key",
		"echo '-----BEGIN PRIVATE KEY-----\\n" + key + "\\n' > k":                   "a private key",
		"-----BEGIN OPENSSH PRIVATE KEY-----\r\n" + key:                             "a private key",
		"grep -- '-----BEGIN RSA PRIVATE KEY-----' /etc/ssl/private/example/server": "",
		"-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----":       "",
		"-----BEGIN CERTIFICATE-----\n" + key:                                       "",
		"-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + key:                             "",
		"AKIAIOSFODNN7EXAMPLE":                                                      "",
		"MAKIAQ7WKZ3M9RX2LT5VB":                                                     "",
		"akiaq7wkz3m9rx2lt5vb":                                                      "",
		"npm_config_cache=/tmp/npm_config_abc":                                      "",
		"ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx":                                  "",
		"-----BEGIN ": "",
		"ghp_":        "",
	} {
		got := ""
		for _, token := range Tokens([]byte(text)) {
			got += token.Kind
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestTokensAgainstSearch compares Tokens with looking for each prefix in turn, in random texts.
func TestTokensAgainstSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range heavytest.Times(20_000) {
		var text []byte
		for range 1 + r.IntN(4) {
			s := &shapes[r.IntN(len(shapes))]
			text = append(text, []string{"", " ", "x", ".", "=", "-"}[r.IntN(6)]+s.prefix...)
			for range []int{s.least, s.most, s.least + r.IntN(6), r.IntN(40), s.most + 1}[r.IntN(5)] {
				text = append(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abz_.-"[r.IntN(36+6*r.IntN(2))])
			}
		}
		got, want := Tokens(text), searched(text)
		if !slices.Equal(got, want) {
			t.Fatalf("%q: %v, want %v", text, got, want)
		}
		found += len(got)
	}
	if found < heavytest.Times(10_000) {
		t.Errorf("%d tokens", found)
	}
}

// searched is Tokens, one shape after the other.
func searched(text []byte) (out []Token) {
	for n := range shapes {
		s := &shapes[n]
		for from := 0; ; {
			at := bytes.Index(text[from:], []byte(s.prefix))
			if at < 0 {
				break
			}
			start := from + at
			from = start + len(s.prefix)
			end := from
			for end < len(text) && isWord(text[end], s.dots) {
				end++
			}
			rest := string(text[from:end])
			if start > 0 && isWord(text[start-1], false) || len(rest) < s.least || len(rest) > s.most ||
				IsPlaceholder(rest) || s.upper && rest != strings.ToUpper(rest) {
				continue
			}
			out = append(out, Token{Kind: s.kind, Start: start, End: end})
			from = end
		}
	}
	slices.SortStableFunc(out, func(a, b Token) int { return a.Start - b.Start })
	return out
}

func BenchmarkTokens(b *testing.B) {
	text := bytes.Repeat([]byte(" https://cache.example.org"), 1000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Tokens(text)
	}
}
