package dockerfile

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/secret"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/shipped"
)

// secretNames are the options of secret-in-arg-or-env.
type secretNames struct {
	Accept []string `option:"accept" doc:"names that are not secrets, in any case"`
}

var secretInArgOrEnv = &rules.Rule{
	ID:       "dockerfile/secret-in-arg-or-env",
	Aliases:  []string{"SecretsUsedInArgOrEnv", "DL3064"},
	Summary:  "a secret is passed by ARG or ENV, so it can be read from the image",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	Options:  secretNames{},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/validations.go: validateNoSecretKey",
		"moby/buildkit#5775, moby/buildkit#6501, ddev/ddev#6462, goodwithtech/dockle#130",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		accept := rules.OptionsOf[secretNames](p).Accept
		stages := shipped.Of(d)
		for _, s := range d.Steps("ARG", "ENV") {
			if s.Image == nil || s.Broken {
				continue
			}
			for n := range s.Pairs {
				pair := &s.Pairs[n]
				name := pair.Key.Text
				if slices.ContainsFunc(accept, func(a string) bool { return strings.EqualFold(a, name) }) {
					continue
				}
				if finding, ok := secretPair(s, pair, stages); ok {
					finding.File, finding.Span = d.Source, pair.Key.Span
					p.Report(finding)
				}
			}
		}
	}),
}

// secretPair returns the finding for a pair that holds a secret.
func secretPair(s *image.Step, pair *dockerfile.Pair, stages *shipped.Stages) (rules.Finding, bool) {
	value, known := "", true
	if pair.HasValue {
		if value, known = s.Expand(pair.Value.Text); !known {
			value = ""
		}
	}
	who := "everybody who has the image can read it with docker history"
	if s.Name == "ENV" {
		who = "everybody who has the image, and every program in it, can read it"
	}
	if kind := tokenKind(value); kind != "" {
		return rules.Finding{Severity: rules.Error,
			Message: fmt.Sprintf("the value of %s is %s; %s", pair.Key.Text, kind, who)}, true
	}
	if scheme, rest, ok := strings.Cut(value, "://"); ok && isName(strings.ReplaceAll(scheme, "+", "")) {
		authority, _, _ := strings.Cut(rest, "/")
		if at := strings.LastIndexByte(authority, '@'); at > 0 {
			if _, password, ok := strings.Cut(authority[:at], ":"); ok && secret.IsPassword(password) {
				return rules.Finding{
					Message: fmt.Sprintf("the URL in %s has a password; %s", pair.Key.Text, who)}, true
			}
		}
	}
	word := secretWord(pair.Key.Text)
	if word == "" {
		return rules.Finding{}, false
	}
	switch {
	case s.Name == "ENV" && known && value == "", known && value != "" && !mayBeSecret(word, value),
		value != "" && (word == "a key" || word == "auth") && !looksRandom(value):
		return rules.Finding{}, false
	}
	finding := rules.Finding{
		Message: fmt.Sprintf("%s is the name of a secret; %s", pair.Key.Text, who),
	}
	if stages.Helper(s.Image) {
		finding.Severity = rules.Info
		finding.Message = fmt.Sprintf("%s is the name of a secret; it stays in the build cache and in the "+
			"provenance of "+
			"this stage, which is only copied from", pair.Key.Text)
	}
	return finding, true
}

// secretEndings are the words that the name of a secret ends in. "key" and "auth" are not enough alone.
var secretEndings = []string{
	"password", "passwd", "pword", "passphrase", "secret", "token", "apikey", "credential", "credentials",
}

// keyKinds are the words before "key" that make it a secret.
var keyKinds = []string{
	"access", "account", "admin", "aes", "anthropic", "api", "app", "application", "auth", "client", "consumer",
	"cookie",
	"deploy", "django", "encrypt", "encryption", "git", "github", "gitlab", "hmac", "jwt",
	"license", "master", "openai", "private", "rsa",
	"secret",
	"service", "session", "signing", "ssh", "storage", "stripe", "write",
}

// otherKeys are the words before "key" that make it something else.
var otherKeys = []string{
	"apt", "arrow", "cache", "composite", "enter", "foreign", "group", "host", "hot", "hotkey", "index",
	"label", "lookup",
	"map", "menu", "object", "partition", "primary", "registry", "repo", "rpm", "shard", "sort", "trusted", "unique",
}

// notSecret are words in a name that turn its meaning.
var notSecret = []string{
	"allow", "allows", "disable", "disabled", "empty", "enable", "enabled", "fake", "generate", "gpg", "pgp", "no",
	"public", "pub", "random", "require", "required", "skip", "use", "with", "without",
}

// secretWord returns the word that makes a name that of a secret, "" where none does. It stands at the end: TOKEN_FILE,
// SECRET_NAME and KEY_VERSION are no secrets.
func secretWord(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '_' || r == '-' || r == '.' })
	for len(words) > 1 && (strings.Trim(words[len(words)-1], "0123456789") == "" ||
		slices.Contains([]string{"b64", "base64", "value"}, words[len(words)-1])) {
		words = words[:len(words)-1]
	}
	if len(words) == 0 || slices.ContainsFunc(words, func(w string) bool { return slices.Contains(notSecret, w) }) {
		return ""
	}
	last, before := words[len(words)-1], ""
	if len(words) > 1 {
		before = words[len(words)-2]
	}
	for _, ending := range secretEndings {
		if strings.HasSuffix(last, ending) {
			return ending
		}
	}
	switch {
	case last == "key" && slices.Contains(keyKinds, before):
		return last
	case last == "auth" && before == "basic":
		return "password"
	case last == "key" && before != "" && !slices.Contains(otherKeys, before):
		return "a key"
	case last == "auth":
		return last
	case last == "pass" && slices.Contains([]string{"admin", "database", "db", "ftp", "mongo", "mysql", "pg",
		"postgres", "redis", "root", "smtp", "user"}, before):
		return last
	}
	return ""
}

// harmless are values of a variable with the name of a secret that only switch something.
var harmless = strings.Fields("true false yes no on off none null 0 1 enabled disabled required optional auto " +
	"default " +
	"undefined unset")

// fileEndings are those of files, whose names are no secrets.
var fileEndings = []string{
	".cer", ".cfg", ".conf", ".crt", ".env", ".gpg", ".ini", ".jks", ".json", ".jwk", ".key", ".p12", ".pem", ".pfx",
	".properties", ".pub", ".toml", ".txt", ".yaml", ".yml",
}

// mayBeSecret reports whether a value may be the secret that the word in the name of its variable says, rather than
// where it is or what it is called.
func mayBeSecret(word, value string) bool {
	lower := strings.ToLower(value)
	scheme, rest, isURL := strings.Cut(value, "://")
	switch {
	case slices.Contains(harmless, lower):
		return false
	case isURL && isName(strings.ReplaceAll(scheme, "+", "")):
		at := strings.IndexByte(rest, '@')
		return at > 0 && strings.IndexByte(rest[:at], ':') > 0
	case strings.HasPrefix(value, "/"), strings.HasPrefix(value, "./"), strings.HasPrefix(value, "../"),
		strings.HasPrefix(value, "~"), len(value) > 2 && value[1] == ':' && value[2] == '\\':
		return false
	case slices.Contains(fileEndings, path.Ext(lower)):
		return false
	case strings.HasPrefix(lower, "alias/"), strings.HasPrefix(lower, "arn:"), strings.HasPrefix(lower, "vault:"),
		strings.HasPrefix(lower, "ssh-"), strings.HasPrefix(lower, "projects/"):
		return false
	case strings.HasSuffix(word, "key") && fingerprint().MatchString(value):
		return false
	}
	return true
}

// looksRandom reports whether a value looks like a key rather than a word: it is long, with letters and digits.
func looksRandom(value string) bool {
	return len(value) >= 8 && strings.ContainsAny(value, "0123456789") &&
		strings.ContainsFunc(value, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' })
}

var fingerprint = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(0x)?[0-9A-F]{8,64}([ ,:]+(0x)?[0-9A-F]{2,64})*$`)
})

// tokenShapes are the forms of secrets that are one by their look.
var tokenShapes = sync.OnceValue(func() []struct {
	kind    string
	pattern *regexp.Regexp
} {
	all := [][2]string{
		{"an access key of AWS", `^(AKIA|ASIA)[0-9A-Z]{16}$`},
		{"a token of Slack", `^xox[abeprs]-[0-9A-Za-z-]{20,}$`},
		{"a key of Stripe", `^(sk|rk)_live_[0-9a-zA-Z]{20,}$`},
		{"an API key of Google", `^AIza[0-9A-Za-z_-]{35}$`},
		{"a token of npm", `^npm_[0-9A-Za-z]{36}$`},
		{"a token of PyPI", `^pypi-AgE[0-9A-Za-z_-]{50,}$`},
		{"a token of Docker Hub", `^dckr_pat_[0-9A-Za-z_-]{20,}$`},
		{"a token of Hugging Face", `^hf_[0-9A-Za-z]{34}$`},
		{"an API key", `^sk-(ant|proj)-[0-9A-Za-z_-]{20,}$`},
		{"a key of SendGrid", `^SG\.[0-9A-Za-z_-]{22}\.[0-9A-Za-z_-]{43}$`},
		{"a JSON web token", `^eyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{10,}$`},
		{"a private key", `-----BEGIN [A-Z ]*PRIVATE KEY`},
	}
	out := make([]struct {
		kind    string
		pattern *regexp.Regexp
	}, len(all))
	for n, s := range all {
		out[n].kind, out[n].pattern = s[0], regexp.MustCompile(s[1])
	}
	return out
})

// tokenKind returns what secret a value is by its form, "" where it has none.
func tokenKind(value string) string {
	if len(value) < 16 {
		return ""
	}
	if tokens := secret.Tokens([]byte(value)); len(tokens) == 1 && tokens[0].End-tokens[0].Start == len(value) {
		return tokens[0].Kind
	}
	if secret.IsToken(value) {
		return "a token of GitHub or GitLab"
	}
	for _, shape := range tokenShapes() {
		if shape.pattern.MatchString(value) && !secret.IsPlaceholder(strings.TrimLeft(value, "-")) ||
			shape.kind == "a private key" && shape.pattern.MatchString(value) {
			return shape.kind
		}
	}
	return ""
}
