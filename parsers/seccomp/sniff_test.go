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
		{
			"config.json",
			`{"ociVersion": "1.0.2", "process": {}, "linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW"}}}`, true,
		},
		{"config.json", `{"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW"}}, "ociVersion": "1.0.2"}`, true},
		{"config.json", `{"ociVersion": "1.0.2", "linux": {"namespaces": []}}`, false},
		{"acl.json", `{"defaultAction": "Allow", "ipRules": []}`, false},
		{"template.json", `{"resources": [{"properties": {"networkAcls": {"defaultAction": "Deny"}}}]}`, false},
		{
			"crd.json",
			`{"apiVersion": "security-profiles-operator.x-k8s.io/v1", "kind": "SeccompProfile", "spec": ` +
				`{"defaultAction": "SCMP_ACT_ERRNO"}}`, true,
		},
		{
			"list.json",
			`{"apiVersion": "v1", "kind": "List", "items": [{}, {"apiVersion": ` +
				`"security-profiles-operator.x-k8s.io/v1", "kind": "SeccompProfile"}]}`, true,
		},
		{
			"crd.json",
			`{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": ` +
				`"security-profiles-operator.x-k8s.io/SeccompProfile"}}`, false,
		},
		{"profile.yaml", "apiVersion: security-profiles-operator.x-k8s.io/v1beta1\nkind: SeccompProfile\n", true},
		{
			"profile.yml",
			"# a\n---\nkind: Pod\n---\nkind: \"SeccompProfile\"\napiVersion: " +
				"security-profiles-operator.x-k8s.io/v1alpha1\n", true,
		},
		{"<stdin>", "apiVersion: security-profiles-operator.x-k8s.io/v1\nkind: SeccompProfile\n", true},
		{
			"list.yaml",
			"apiVersion: security-profiles-operator.x-k8s.io/v1\nkind: SeccompProfileList\nitems:\n- metadata: " +
				"{name: a}\n", true,
		},
		{
			"binding.yaml",
			"apiVersion: security-profiles-operator.x-k8s.io/v1alpha1\nkind: ProfileBinding\nspec:\n  profileRef:\n " +
				"   kind: SeccompProfile\n", false,
		},
		{
			"helm.yaml",
			"apiVersion: security-profiles-operator.x-k8s.io/v1\nkind: SeccompProfile\nmetadata:\n  name: {{ " +
				".Values.name }}\n", false,
		},
		{
			"other.yaml", "apiVersion: example.org/v1\nkind: SeccompProfile\n# security-profiles-operator.x-k8s.io/\n",
			false,
		},
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
