package secret

import "testing"

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
