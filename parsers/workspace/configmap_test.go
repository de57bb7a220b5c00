package workspace

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/source"
)

func configMap(data string) string {
	return "apiVersion: v1\nkind: ConfigMap\ndata:\n" + data
}

// TestConfigMapProfiles finds profiles in ConfigMaps, however these are written, and nothing that is not one.
func TestConfigMapProfiles(t *testing.T) {
	const profile = `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": []}`
	list := "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  data:\n    a.json: |\n      " +
		profile + "\n"
	for _, c := range []struct {
		name, text string
		want       int
	}{
		{"literal", configMap("  a.json: |\n    " + profile + "\n"), 1},
		{"keep", configMap("  a.json: |+\n    " + profile + "\n\n"), 1},
		{"indented header", configMap("  a.json: |2\n    " + profile + "\n"), 1},
		{"folded", configMap("  a.json: >-\n    " + profile + "\n"), 1},
		{"single quotes", configMap("  a.json: '" + profile + "'\n"), 1},
		{"double quotes", configMap("  a.json: " + fmt.Sprintf("%q", profile) + "\n"), 1},
		{"two keys", configMap("  a: |\n    " + profile + "\n  b: |\n    " + profile + "\n"), 2},
		{"second document", "apiVersion: v1\nkind: Service\n---\n" + configMap("  a.json: |\n    "+profile+"\n"), 1},
		{"list", list, 1},
		{"CRLF", strings.ReplaceAll(configMap("  a.json: |\n    "+profile+"\n"), "\n", "\r\n"), 1},
		{"OCI bundle", configMap("  a.json: |\n    {\"ociVersion\": \"1.0.2\", \"linux\": {\"seccomp\": " +
			profile + "}}\n"), 1},
		{"broken", configMap("  a.json: |\n    {\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [}\n"), 1},
		{"Helm", "{{- if .Values.a }}\n" + configMap("  {{ .Values.n }}: |\n    "+profile+"\n") + "{{- end }}\n", 1},
		{"template of many lines", "{{/*\na: {\n*/}}\n" + configMap("  a.json: |\n    "+profile+"\n"), 1},
		{"values in the profile", configMap("  a.json: |\n    " +
			strings.Replace(profile, "[]", "{{ .Values.rules | toJson }}", 1) + "\n"), 0},
		{"prose", configMap("  a.md: |\n    Write " + profile + ".\n"), 0},
		{"prose after the profile", configMap("  a.md: |\n    " + profile + " is the shortest one.\n"), 0},
		{"Markdown", configMap("  a.md: |\n    ```json\n    " + profile + "\n    ```\n"), 0},
		{"log", configMap(
			"  a.json: |\n    {\"msg\": \"SCMP_ACT_ERRNO is the defaultAction\"}\n    {\"msg\": \"end\"}\n"), 0},
		{"deeper in other JSON", configMap("  a.json: |\n    {\"profiles\": [" + profile + "]}\n"), 0},
		{"other JSON", configMap("  a.json: |\n    {\"defaultAction\": \"scroll\", \"note\": \"SCMP_ACT_LOG\"}\n"), 0},
		{"not in data", "apiVersion: v1\nkind: ConfigMap\nannotations:\n  a.json: |\n    " + profile + "\n", 0},
		{"not a ConfigMap",
			strings.Replace(configMap("  a.json: |\n    "+profile+"\n"), "kind: C", "# C\nkind: MyC", 1), 0},
		{"another group", strings.Replace(configMap("  a.json: |\n    "+profile+"\n"), "v1", "example.org/v1", 1), 0},
		{"an unclosed action", "{{ \n" + configMap("  a.json: |\n    "+profile+"\n"), 0},
	} {
		f := source.NewFile("a.yaml", []byte(c.text))
		got := configMapProfiles(f)
		if len(got) != c.want {
			t.Errorf("%s: %d profiles, want %d", c.name, len(got), c.want)
		}
		for _, p := range got {
			if span := p.DefaultAction.Span; span.Len() > 0 && c.name != "double quotes" {
				if text := f.Text(p.Fragment.Span(span)); text != `"SCMP_ACT_ERRNO"` {
					t.Errorf("%s: the default action stands at %q", c.name, text)
				}
			}
		}
	}
}

// TestWithoutActions keeps the place of every byte.
func TestWithoutActions(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"a: b\n", "a: b\n"},
		{"a: {{ .B }}-c\n", "a: xxxxxxxx-c\n"},
		{"  {{- if .A }} {{ end -}}\nb: 1\n", "  #xxxxxxxxxxx xxxxxxxxxx\nb: 1\n"},
		{"{{/* a\nb */}}\nc: 1", "#xxxxx\n#xxxxx\nc: 1"},
		{"a: {{ b", "a: {{ b"},
	} {
		if got := withoutActions([]byte(c.text)); string(got) != c.want {
			t.Errorf("%q becomes %q, want %q", c.text, got, c.want)
		}
	}
	// What it costs grows with the text, also where a line has very many actions.
	text := bytes.Repeat([]byte("{{a}}"), 200_000)
	if got := withoutActions(text); len(got) != len(text) {
		t.Errorf("%d bytes become %d", len(text), len(got))
	}
}

// FuzzConfigMapProfiles checks that the pieces of a profile in a ConfigMap lie in the file, in order, and are its text,
// and that a template loses no byte and no line.
func FuzzConfigMapProfiles(f *testing.F) {
	const profile = `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}`
	for _, data := range []string{
		"  a.json: |\n    " + profile + "\n", "  a.json: |+2\r\n    " + profile + "\r\n\r\n",
		"  a.json: >-\n    " + strings.ReplaceAll(profile, " ", "\n    ") + "\n", "  a.json: '" + profile + "'\n",
		"  a.json: " + fmt.Sprintf("%q", profile) + "\n", "  {{ .Values.n }}: |\n    " + profile + "\n{{- end }}\n",
		"  {a.json: '" + profile + "', daemon.json: \"{}\"}\n", "  a: &x |\n    " + profile + "\n  b: *x\n",
	} {
		f.Add([]byte(configMap(data)))
		f.Add([]byte("apiVersion: v1\nkind: List\nitems:\n- " +
			strings.ReplaceAll(strings.TrimSuffix(configMap(data), "\n"), "\n", "\n  ") + "\n"))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		plain := withoutActions(b)
		if len(plain) != len(b) || bytes.Count(plain, []byte("\n")) != bytes.Count(b, []byte("\n")) {
			t.Errorf("%q without actions is %q", b, plain)
		}
		file := source.NewFile("a.yaml", b)
		for _, p := range configMapProfiles(file) {
			checkPieces(t, file, p)
			for _, problem := range p.Problems {
				if at := p.Fragment.Span(problem.Span); at.Start < 0 || at.End < at.Start || at.End > len(b) {
					t.Errorf("problem at %v", at)
				}
			}
		}
	})
}
