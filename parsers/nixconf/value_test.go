package nixconf

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCheckValue(t *testing.T) {
	for _, c := range []struct {
		at, name, value string
		kind            ValueErrorKind // "" for none
		fixed           string         // "-" for none
	}{
		{"nix 2.24", "keep-outputs", "yes", "", ""},
		{"nix 2.24", "keep-outputs", "0", "", ""},
		{"nix 2.24", "keep-outputs", "True", BadBool, "true"},
		{"nix 2.24", "keep-outputs", "NO", BadBool, "false"},
		{"nix 2.24", "keep-outputs", "on", BadBool, "true"},
		{"nix 2.24", "keep-outputs", "Off", BadBool, "false"},
		{"nix 2.24", "keep-outputs", "enabled", BadBool, "true"},
		{"nix 2.24", "keep-outputs", `"true"`, BadBool, "true"},
		{"nix 2.24", "keep-outputs", "'no'", BadBool, "false"},
		{"nix 2.24", "keep-outputs", "true;", BadBool, "true"},
		{"nix 2.24", "keep-outputs", `"false" ;`, BadBool, "false"},
		{"nix 2.24", "keep-outputs", "2", BadBool, "-"},
		{"nix 2.24", "keep-outputs", "", BadBool, "-"},
		{"nix 2.24", "keep-outputs", "true false", BadBool, "-"},
		{"nix 2.24", "keep-outputs", "maybe", BadBool, "-"},
		{"nix 2.24", "sandbox", "relaxed", "", ""},
		{"nix 2.24", "sandbox", "yes", BadEnum, "true"},
		{"nix 2.24", "sandbox", "0", BadEnum, "false"},
		{"nix 2.24", "sandbox", "Relaxed", BadEnum, "relaxed"},
		{"nix 2.24", "sandbox", `"relaxed";`, BadEnum, "relaxed"},
		{"nix 2.24", "sandbox", "strict", BadEnum, "-"},
		{"nix 2.24", "build-use-sandbox", "yes", BadEnum, "true"},
		{"nix 2.34", "lint-url-literals", "fatal", "", ""},
		{"nix 2.34", "lint-url-literals", "Warn", BadEnum, "warn"},
		{"nix 2.34", "lint-url-literals", "error", BadEnum, "-"},
		{"nix 2.34", "lint-url-literals", "true", BadEnum, "-"},
		{"nix 2.30", "eval-profiler", "on", BadEnum, "-"},
		{"lix 2.93", "accept-flake-config", "ask", "", ""},
		{"lix 2.93", "accept-flake-config", "yes", BadEnum, "true"},
		{"nix 2.24", "accept-flake-config", "ask", BadBool, "-"},
		{"nix 2.24", "cores", "+3", "", ""},
		{"nix 2.24", "cores", "010", "", ""},
		{"nix 2.24", "cores", "-1", BadInt, "-"},
		{"nix 2.24", "cores", "4294967296", BadInt, "-"},
		{"nix 2.24", "cores", `"4"`, BadInt, "4"},
		{"nix 2.24", "cores", "4;", BadInt, "4"},
		{"nix 2.24", "cores", "0x10", BadInt, "-"},
		{"nix 2.24", "cores", "", BadInt, "-"},
		{"nix 2.24", "cores", "3 4", BadInt, "-"},
		{"nix 2.24", "timeout", "-1", "", ""},
		{"nix 2.24", "timeout", "+-1", BadInt, "-"},
		{"nix 2.24", "connect-timeout", "5s", BadInt, "-"},
		{"nix 2.22", "min-free", "1G", BadSuffix, "1073741824"},
		{"nix 2.22", "min-free", "99999999T", BadSuffix, "-"},
		{"nix 2.23", "min-free", "1G", "", ""},
		{"nix 2.23", "min-free", "1g", "", ""},
		{"nix 2.23", "min-free", "1GB", BadInt, "-"},
		{"nix 2.23", "min-free", "1.5G", BadInt, "-"},
		{"nix 2.23", "min-free", "10 G", BadInt, "-"},
		{"nix 2.23", "min-free", "1P", BadInt, "-"},
		{"nix 2.23", "min-free", "G", BadInt, "-"},
		{"nix 2.23", "min-free", `"1G"`, BadInt, "1G"},
		{"nix 2.22", "min-free", `"1G"`, BadInt, "-"},
		{"nix 2.23", "min-free", "16777216T", IntOverflow, "-"},
		{"nix 2.23", "tarball-ttl", "8G", IntOverflow, "-"},
		{"nix 2.23", "tarball-ttl", "3G", "", ""},
		{"lix 2.95", "min-free", "1G", BadSuffix, "1073741824"},
		{"determinate 3.0", "min-free", "1G", "", ""},
		{"lix 2.95", "extra-local-jobs", "", "", ""},
		{"nix 2.24", "max-jobs", "auto", "", ""},
		{"nix 2.24", "max-jobs", "0", "", ""},
		{"nix 2.24", "max-jobs", "AUTO", BadJobs, "auto"},
		{"nix 2.24", "max-jobs", `"4"`, BadJobs, "4"},
		{"nix 2.24", "max-jobs", "4K", BadJobs, "-"},
		{"nix 2.24", "max-jobs", "", BadJobs, "-"},
		{"nix 2.33", "netrc-file", "~/netrc", "", ""},
		{"nix 2.33", "netrc-file", "", "", ""},
		{"nix 2.34", "netrc-file", "~/netrc", RelativePath, "-"},
		{"nix 2.34", "netrc-file", "", EmptyPath, "-"},
		{"nix 2.34", "netrc-file", `"/etc/netrc"`, RelativePath, "/etc/netrc"},
		{"nix 2.34", "ssl-cert-file", "", "", ""},
		{"nix 2.33", "sandbox-build-dir", "", "", ""},
		{"nix 2.34", "sandbox-build-dir", "", EmptyPath, "-"},
		{"nix 2.4", "diff-hook", "./x", RelativePath, "-"},
		{"nix 2.4", "diff-hook", "", "", ""},
		{"nix 2.34", "eval-profile-file", "x", "", ""},
		{"nix 2.34", "eval-profile-file", "", EmptyPath, "-"},
		{"determinate 3.18", "build-dir", "x", "", ""},
		{"determinate 3.19", "build-dir", "x", RelativePath, "-"},
		{"lix 2.91", "diff-hook", "x", RelativePath, "-"},
		{"lix 2.92", "diff-hook", "x", "", ""},
		{"nix 2.33", "store", "foo", "", ""},
		{"nix 2.34", "store", "foo", BadStoreURL, "-"},
		{"nix 2.34", "store", "", "", ""},
		{"nix 2.34", "store", "daemon", "", ""},
		{"nix 2.34", "substituters", "https://a cache.nixos.org", BadStoreURL, "-"},
		{"nix 2.34", "substituters", "htps://a /nix/x ./y ssh://u@h:22/x ssh-ng://[::1] ssh://::1 cache.nixos.org:443",
			"", ""},
		{"nix 2.34", "substituters", "https://h:99999", BadStoreURL, "-"},
		{"nix 2.34", "substituters", "file://host/x", BadStoreURL, "-"},
		{"nix 2.34", "substituters", `"https://a" 'https://b'`, BadStoreURL, "https://a https://b"},
		{"nix 2.34", "substituters", `"https://a https://b"`, BadStoreURL, "https://a https://b"},
		{"nix 2.34", "substituters", `[ "https://a" ];`, BadStoreURL, "-"},
		{"nix 2.34", "extra-trusted-substituters", "a.example", BadStoreURL, "-"},
		{"nix 2.34", "substituters", "https://a?priority", DroppedParameter, "-"},
		{"nix 2.34", "substituters", "https://a?priority b", BadStoreURL, "-"},
		{"nix 2.34", "external-builders", "[]", "", ""},
		{"nix 2.34", "external-builders", "{}", BadJSON, "-"},
		{"nix 2.34", "external-builders", `[{"systems":["a"],"program":"/p","args":[]}]`, "", ""},
		{"nix 2.34", "external-builders", `[{"systems":["a"],"program":"/p"}]`, BadJSON, "-"},
		{"nix 2.34", "external-builders", `[{"systems":["a"]`, BadJSON, "-"},
		{"determinate 3.19", "build-provenance-tags", `{"a":"b"}`, "", ""},
		{"determinate 3.19", "build-provenance-tags", `{"a":1}`, BadJSON, "-"},
		{"nix 2.24", "experimental-features", "flakes nix_command", UnknownFeature, "-"},
		{"nix 2.4", "experimental-features", "anything", "", ""},
		{"determinate 3.0", "experimental-features", "flakes nix-command", "", ""},
		{"lix 2.93", "deprecated-features", "url-literals", "", ""},
		{"lix 2.93", "deprecated-features", "floating-without-zero", UnknownFeature, "-"},
		{"nix 2.24", "access-tokens", "a=b", "", ""},
		{"nix 2.24", "access-tokens", "github.com = abc", DroppedEntry, "-"},
		{"nix 2.24", "bash-prompt", "", "", ""},
		{"nix 2.24", "trusted-users", "a, b;", "", ""},
		{"lix 2.90", "repl-overlays", "/a b", RelativePath, "-"},
		{"lix 2.92", "repl-overlays", "/a b", "", ""},
	} {
		target := targets(t, c.at)[0]
		f, ok := Lookup(target.Distribution, target.From, c.name)
		if !ok {
			t.Errorf("%s has no %s", c.at, c.name)
			continue
		}
		err := CheckValue(f, target.From, target.Distribution, c.value, nil)
		if err == nil {
			if c.kind != "" {
				t.Errorf("%s %s = %q: no error, want %s", c.at, c.name, c.value, c.kind)
			}
			continue
		}
		fixed := "-"
		if err.HasFix {
			fixed = err.Fixed
		}
		if err.Kind != c.kind || fixed != c.fixed {
			t.Errorf("%s %s = %q: %s (%s) fixed %q, want %q fixed %q", c.at, c.name, c.value, err.Kind, err.Message,
				fixed, c.kind, c.fixed)
		}
		soft := err.Kind == IntOverflow || err.Kind == DroppedParameter || err.Kind == DroppedEntry ||
			err.Kind == UnknownFeature
		if err.Fatal == soft {
			t.Errorf("%s %s = %q: fatal is %v", c.at, c.name, c.value, err.Fatal)
		}
		if err.HasFix {
			if again := CheckValue(f, target.From, target.Distribution, err.Fixed, nil); again != nil {
				t.Errorf("%s %s = %q: %q is wrong too: %s", c.at, c.name, c.value, err.Fixed, again.Message)
			}
		}
	}
}

func TestCheckValueFor(t *testing.T) {
	def := DefaultTargets()
	for _, c := range []struct {
		ts          Targets
		name, value string
		want        []string
	}{
		{def, "keep-outputs", "true", nil},
		{def, "frobnicate", "x", nil},
		{def, "keep-outputs", "True",
			[]string{"bad-bool all: Nix 2.18 to 2.36, Lix 2.90 to 2.96 and Determinate Nix 3.0 to 3.22"}},
		{def, "min-free", "1G", []string{"int-suffix some: Nix 2.18 to 2.22 and Lix 2.90 to 2.96"}},
		{targets(t, "nix 2.18..2.20"), "min-free", "1G", []string{"int-suffix all: Nix 2.18 to 2.20"}},
		{def, "netrc-file", "x", []string{"relative-path some: Nix 2.34 to 2.36 and Determinate Nix 3.19 to 3.22"}},
		{def, "substituters", "cache.nixos.org",
			[]string{"bad-store-url some: Nix 2.34 to 2.36 and Determinate Nix 3.19 to 3.22"}},
		{def, "extra-substituters", "cache.nixos.org",
			[]string{"bad-store-url some: Nix 2.34 to 2.36 and Determinate Nix 3.19 to 3.22"}},
		{def, "lint-url-literals", "error",
			[]string{"bad-enum all: Nix 2.34 to 2.36 and Determinate Nix 3.19 to 3.22"}},
		{def, "min-free", "16777216T",
			[]string{"int-suffix some: Nix 2.18 to 2.22 and Lix 2.90 to 2.96",
				"int-overflow some: Nix 2.23 to 2.36 and Determinate Nix 3.0 to 3.22"}},
		{def, "experimental-features", "flakes pipe-operators",
			[]string{"unknown-feature some: Nix 2.18 to 2.23 and Lix 2.90 to 2.96"}},
		{def, "accept-flake-config", "ask",
			[]string{"bad-bool some: Nix 2.18 to 2.36, Lix 2.90 and Determinate Nix 3.0 to 3.22"}},
	} {
		var got []string
		for _, e := range CheckValueFor(c.ts, c.name, c.value, nil) {
			coverage := map[Coverage]string{Some: "some", All: "all"}[e.Coverage]
			got = append(got, string(e.Kind)+" "+coverage+": "+e.Targets.String())
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s = %s (-want +got):\n%s", c.name, c.value, d)
		}
	}
	if e := CheckValueFor(def, "extra-substituters", "a", nil)[0]; !strings.Contains(e.Message,
		`"extra-substituters"`) {
		t.Errorf("message %q does not name the setting as it was written", e.Message)
	}
}

func TestStoreURL(t *testing.T) {
	for in, want := range map[string]string{
		"":                                       "auto",
		"auto":                                   "auto",
		"daemon":                                 "daemon",
		"daemon?x=1":                             "unix://?x=1",
		"local?root=/x y":                        "local://?root=/x%20y",
		"https://a.example":                      "https://a.example",
		"https://a.example/":                     "https://a.example/",
		"https://a.example;":                     "https://a.example%3B",
		"https://a.example,":                     "https://a.example%2C",
		"HTTPS://A.example:080/x":                "HTTPS://A.example:80/x",
		"https://u:p@h/":                         "https://u:p@h/",
		"https://[::1]:8080/x":                   "https://[::1]:8080/x",
		"ssh://::1":                              "ssh://[::1]",
		"ssh://u@fe80::1%eth0":                   "ssh://u@[fe80::1%25eth0]",
		"s3://bucket?region=eu-west-1&profile=x": "s3://bucket?profile=x&region=eu-west-1",
		"https://a?x=1&x=2":                      "https://a?x=1",
		"https://a?priority":                     "https://a",
		"file:///nonexistent":                    "file:///nonexistent",
		"file://":                                "file:///",
		"/nonexistent2":                          "local:///nonexistent2",
		"/a/../b c":                              "local:///b%20c",
		"a.example:443":                          "a.example://443",
		"unix:///x":                              "unix:///x",
	} {
		if u, ok := parseStoreURL(in); !ok || u.text != want {
			t.Errorf("%q: %q, %v; want %q", in, u.text, ok, want)
		}
	}
	if u, ok := parseStoreURL("./x"); !ok || u.text != "" {
		t.Errorf("a relative path gives %q, %v", u.text, ok)
	}
	for _, in := range []string{"foo", "a.example", `"https://a`, `https://a\b`, "https://a b", "1.2.3.4:80",
		"https://h:0", "https://h:x", "https://[::1", "https://%zz", "file://h/x", "https://a?%", "http://[x]",
		"-x://y"} {
		if u, ok := parseStoreURL(in); ok {
			t.Errorf("%q is taken as %q", in, u.text)
		}
	}
}
