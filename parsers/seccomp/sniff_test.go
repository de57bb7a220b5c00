package seccomp

import (
	"testing"

	"github.com/sandlint/sandlint/parsers/source"
)

func TestSniff(t *testing.T) {
	for _, test := range []struct {
		path, text string
		want       bool
	}{
		{"default.json", `{"defaultAction": "SCMP_ACT_ERRNO"}`, true},
		{"default.json", "\xef\xbb\xbf// c\n" + `{"defaultAction": "SCMP_ACT_ERRNO",}`, true},
		{"chrome", `{"defaultAction": "scmp_act_errno"}`, true},
		{"x.json", `{"syscalls": [{"name": "read", "action": "SCMP_ACT_ALLOW"}]}`, true},
		{"x.json", `{"archMap": [], "defaultAction": "ALLOW", "syscalls": []}`, true},
		{"x.json", `{"defaultAction": "SCMP_ACT_ERRNO", broken`, true},
		{"x.json", `{defaultAction: "SCMP_ACT_ERRNO"}`, true},
		{"config.json", `{"ociVersion": "1.0.2", "process": {}, "linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW"}}}`, true},
		{"config.json", `{"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW"}}, "ociVersion": "1.0.2"}`, true},
		{"config.json", `{"ociVersion": "1.0.2", "linux": {"namespaces": []}}`, false},
		{"acl.json", `{"defaultAction": "Allow", "ipRules": []}`, false},
		{"template.json", `{"resources": [{"properties": {"networkAcls": {"defaultAction": "Deny"}}}]}`, false},
		{"crd.json", `{"apiVersion": "security-profiles-operator.x-k8s.io/v1", "kind": "SeccompProfile", "spec": {"defaultAction": "SCMP_ACT_ERRNO"}}`, false},
		{"list.json", `[{"defaultAction": "SCMP_ACT_ERRNO"}]`, false},
		{"package.json", `{"name": "x", "description": "SCMP_ACT_ALLOW"}`, false},
		{"package.json", `{"name": "x"`, false},
		{"empty.json", ``, false},
		{"empty.json", `{}`, false},
		{"empty.json", `null`, false},

		{"seccomp.json", `{}`, true},
		{"docker/Seccomp-Profile.json", `null`, true},
		{"seccomp.json", `[]`, true},
		{"seccomp.json", ``, true},
		{"seccomp.json", `defaultAction: SCMP_ACT_ERRNO`, true},
		{"seccomp.json", `{"defaultaction": "ERRNO"}`, true},
		{"seccomp.json", `{"defaultAction": 1}`, true},
		{"seccomp.json", "\xff\xfe{\x00}\x00", true},
		{"seccomp.json", `{"results": []}`, false},
		{"seccomp.json", `"x"`, false},
		{"seccomp.json", `[1]`, false},
		{"seccomp/package.json", `{}`, false},
		{"seccomp.yaml", `a: b`, false},
	} {
		if got := Sniff(source.NewFile(test.path, []byte(test.text))); got != test.want {
			t.Errorf("%s with %s: %v, want %v", test.path, test.text, got, test.want)
		}
	}
}
