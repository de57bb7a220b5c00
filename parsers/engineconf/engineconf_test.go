package engineconf

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/source"
)

func TestParse(t *testing.T) {
	tests := []struct{ path, text, want string }{
		{"daemon.json", `{"seccomp-profile": "/etc/docker/own.json", "userns-remap": "default"}`,
			`seccomp="/etc/docker/own.json" userns="default"`},
		{"daemon.json", "\ufeff" + `{"default-runtime": "runsc", "userns-remap": null}`, `runtime="runsc"`},
		{"daemon.json", `{"builder": {"Entitlements": {"security-insecure": true, "network-host": false}}}`,
			`insecure="true" network="false"`},
		{"daemon.json", "{\"debug\": true, //\n\"seccomp-profile\": \"unconfined\"}",
			`seccomp="unconfined" engine-syntax "/": JSON has no comments`},
		{"daemon.json", `{"debug": true, }`, `engine-syntax ",": a comma follows the last element`},
		{"daemon.json", `{"debug": `, `engine-syntax " ": unexpected end of JSON input`},
		{"daemon.json", `["a"]`, `engine-shape "[\"a\"]": the value is no object`},
		{"daemon.json", ``, ``},
		{"daemon.json", `{"no-new-privileges": "true", "features": {"buildkit": "no"}}`,
			`engine-shape "\"true\"": "no-new-privileges" takes true or false ` +
				`engine-shape "\"no\"": the feature "buildkit" takes true or false`},
		{"daemon.json", `{"userns_remap": "default"}`,
			`engine-unknown "\"userns_remap\"": "userns_remap" is no option of dockerd (userns-remap)`},
		{"daemon.json", `{"registry-mirror": ["https://example.com"]}`,
			`engine-flag "\"registry-mirror\"": "registry-mirror" is the name of a flag of dockerd (registry-mirrors)`},
		{"daemon.json", `{"com.example.own": {"a": 1}}`, ``},
		{"containers.conf", "[containers]\nseccomp_profile = \"unconfined\" # no\nprivileged = true\n" +
			"default_capabilities = [\n  \"SYS_ADMIN\",\n  'NET_RAW',\n]\nuserns='host'\n[engine]\nruntime=\"crun\"\n",
			`seccomp="unconfined" userns="host" runtime="crun" privileged="true" capability="SYS_ADMIN" ` +
				`capability="NET_RAW"`},
		{"etc/containers/containers.conf.d/10.conf", "\ufeffcontainers.privileged = false\n", `privileged="false"`},
		{"containers.conf", "[containers]\nprivileged = \"true\"\n",
			`engine-shape "privileged = \"true\"": "containers.privileged" takes true or false`},
		{"containers.conf", "[containers]\nseccomp_profile = unconfined\n",
			`engine-syntax "u": unexpected character U+0075 'u' at start of value`},
		{"containers.conf", "[containers\n", `engine-syntax "\n": expected ']' to close table name`},
		{"containers.conf", "[containers]\ndefault_capabilities = []\n", `no capabilities`},
	}
	for _, tt := range tests {
		f := Parse(source.NewFile(tt.path, []byte(tt.text)))
		var got []string
		for _, v := range []struct {
			name string
			source.Value
		}{
			{"seccomp", f.Seccomp}, {"userns", f.Userns}, {"runtime", f.Runtime}, {"privileged", f.Privileged},
			{"insecure", f.SecurityInsecure}, {"network", f.NetworkHost},
		} {
			if v.IsSet() {
				got = append(got, fmt.Sprintf("%s=%q", v.name, f.Source.Text(v.Span)))
			}
		}
		for _, v := range f.Capabilities {
			got = append(got, fmt.Sprintf("capability=%q", f.Source.Text(v.Span)))
		}
		if f.Capabilities != nil && len(f.Capabilities) == 0 {
			got = append(got, "no capabilities")
		}
		for _, p := range f.Problems {
			s := fmt.Sprintf("%s %q: %s", p.Kind, f.Source.Text(p.Span), p.Message)
			if p.Near != "" {
				s += " (" + p.Near + ")"
			}
			got = append(got, s)
		}
		if joined := strings.Join(got, " "); joined != tt.want {
			t.Errorf("%s %q:\ngot  %s\nwant %s", tt.path, tt.text, joined, tt.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("daemon.json", `{"seccomp-profile": "a\"b", "builder": {"entitlements": {"network-host": true}}, }`)
	f.Add("containers.conf", "[containers]\nseccomp_profile = \"\"\"a\\\n b\"\"\"\n"+
		"default_capabilities = ['A', \"B\"]\n")
	f.Fuzz(func(t *testing.T, path, text string) {
		if _, ok := Named(path); !ok {
			path = "containers.conf"
		}
		file := Parse(source.NewFile(path, []byte(text)))
		check := func(s source.Span) {
			if s.Start < 0 || s.Start > s.End || s.End > len(text) {
				t.Errorf("%v lies outside of %q", s, text)
			}
		}
		for _, v := range append(file.Capabilities, file.Seccomp, file.Userns, file.Runtime, file.Privileged,
			file.SecurityInsecure, file.NetworkHost) {
			check(v.Span)
		}
		for _, p := range file.Problems {
			check(p.Span)
		}
	})
}
