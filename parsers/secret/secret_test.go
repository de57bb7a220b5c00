package secret

import "testing"

func TestMask(t *testing.T) {
	for text, want := range map[string]string{
		"store = https://deploy:s3cr7Tq9@x.org/nix":                "store = https://deploy:***@x.org/nix",
		"a https://a:s3cr7Tq9@b c https://d:k8Qz41xLm@e":           "a https://a:***@b c https://d:***@e",
		"https://ghp_R2d2C3poBb8Lu5kHa7nS0l9Le1aQ4wZ6xYvT@raw.x/y": "https://***@raw.x/y",
		"x = github.com=ghp_R2d2C3poBb8Lu5kHa7nS0l9Le1aQ4wZ6xYvT":  "x = github.com=***",
		"s3://key:k8Qz%2F41xLm@b":                                  "s3://key:***@b",
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
