package seccomp

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
)

// edited returns a text with edits that do not overlap made to it.
func edited(t *testing.T, text string, edits []fixers.Edit) string {
	t.Helper()
	if edits == nil {
		return "none"
	}
	for i := len(edits) - 1; i >= 0; i-- {
		e := edits[i]
		text = text[:e.Span.Start] + e.Text + text[e.Span.End:]
	}
	if p := seccomp.Parse(source.NewFile("p.json", []byte(text))); len(p.Problems) > 0 {
		t.Errorf("the result has problems: %v in %s", p.Problems, text)
	}
	return text
}

func TestInsertRules(t *testing.T) {
	clone3 := NewRule{Names: []string{"clone3"}, Action: "SCMP_ACT_ERRNO", Errno: 38}
	clone := NewRule{Names: []string{"clone"}, Action: "SCMP_ACT_ALLOW", Args: []NewArg{{0, 2114060288, 0, "SCMP_CMP_MASKED_EQ"}}}
	for _, tt := range []struct {
		name, text string
		at         int
		rules      []NewRule
		want       string
	}{
		{"one line", `{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]}`, 1, []NewRule{clone3},
			`{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}, {"names":["clone3"], "action":"SCMP_ACT_ERRNO", "errnoRet":38}]}`},
		{"one line a rule", "{\n  \"defaultAction\": \"SCMP_ACT_ERRNO\",\n  \"syscalls\": [\n    {\"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\"}\n  ]\n}\n", 1, []NewRule{clone, clone3},
			"{\n  \"defaultAction\": \"SCMP_ACT_ERRNO\",\n  \"syscalls\": [\n    {\"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\"},\n    {\"names\": [\"clone\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": [{\"index\": 0, \"value\": 2114060288, \"valueTwo\": 0, \"op\": \"SCMP_CMP_MASKED_EQ\"}]},\n    {\"names\": [\"clone3\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 38}\n  ]\n}\n"},
		{"tabs, before the first", "{\n\t\"defaultAction\": \"SCMP_ACT_ERRNO\",\n\t\"syscalls\": [\n\t\t{\n\t\t\t\"names\": [\n\t\t\t\t\"read\"\n\t\t\t],\n\t\t\t\"action\": \"SCMP_ACT_ALLOW\"\n\t\t}\n\t]\n}\n", 0, []NewRule{clone},
			"{\n\t\"defaultAction\": \"SCMP_ACT_ERRNO\",\n\t\"syscalls\": [\n\t\t{\n\t\t\t\"names\": [\n\t\t\t\t\"clone\"\n\t\t\t],\n\t\t\t\"action\": \"SCMP_ACT_ALLOW\",\n\t\t\t\"args\": [\n\t\t\t\t{\n\t\t\t\t\t\"index\": 0,\n\t\t\t\t\t\"value\": 2114060288,\n\t\t\t\t\t\"valueTwo\": 0,\n\t\t\t\t\t\"op\": \"SCMP_CMP_MASKED_EQ\"\n\t\t\t\t}\n\t\t\t]\n\t\t},\n\t\t{\n\t\t\t\"names\": [\n\t\t\t\t\"read\"\n\t\t\t],\n\t\t\t\"action\": \"SCMP_ACT_ALLOW\"\n\t\t}\n\t]\n}\n"},
		{"CRLF, names on one line", "{\r\n    \"defaultAction\": \"SCMP_ACT_ERRNO\",\r\n    \"syscalls\": [{\r\n        \"names\": [\"read\"],\r\n        \"action\": \"SCMP_ACT_ALLOW\"\r\n    }]\r\n}\r\n", 1, []NewRule{clone3},
			"{\r\n    \"defaultAction\": \"SCMP_ACT_ERRNO\",\r\n    \"syscalls\": [{\r\n        \"names\": [\"read\"],\r\n        \"action\": \"SCMP_ACT_ALLOW\"\r\n    }, {\r\n        \"names\": [\"clone3\"],\r\n        \"action\": \"SCMP_ACT_ERRNO\",\r\n        \"errnoRet\": 38\r\n    }]\r\n}\r\n"},
		{"empty", "{\n  \"defaultAction\": \"SCMP_ACT_ERRNO\",\n  \"syscalls\": []\n}\n", 0, []NewRule{clone3},
			"{\n  \"defaultAction\": \"SCMP_ACT_ERRNO\",\n  \"syscalls\": [\n    {\"names\": [\"clone3\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 38}\n  ]\n}\n"},
		{"empty on one line", `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": []}`, 0, []NewRule{clone3},
			`{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}`},
		{"absent", `{"defaultAction": "SCMP_ACT_ERRNO"}`, 0, []NewRule{clone3}, "none"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := seccomp.Parse(source.NewFile("p.json", []byte(tt.text)))
			if diff := cmp.Diff(tt.want, edited(t, tt.text, InsertRules(p, tt.at, tt.rules...))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAddStrings(t *testing.T) {
	for _, tt := range []struct{ list, add, want string }{
		{`["a", "c", "e"]`, "b d", `["a", "b", "c", "d", "e"]`},
		{`["a", "c"]`, "x d c", `["a", "c", "d", "x"]`},
		{`["c", "a"]`, "b", `["c", "a", "b"]`},
		{"[\n\t\"a\",\n\t\"c\"\n]", "b d", "[\n\t\"a\",\n\t\"b\",\n\t\"c\",\n\t\"d\"\n]"},
		{`["a"]`, "b", `["a", "b"]`},
		{`[]`, "b", "none"},
	} {
		text := `{"defaultAction": "SCMP_ACT_ERRNO", "flags": ` + tt.list + `, "syscalls": []}`
		p := seccomp.Parse(source.NewFile("p.json", []byte(text)))
		got := "none"
		if edits := AddStrings(p, p.Flags, strings.Fields(tt.add)...); edits != nil {
			for i := len(edits) - 1; i >= 0; i-- {
				text = text[:edits[i].Span.Start] + edits[i].Text + text[edits[i].Span.End:]
			}
			got = strings.TrimSuffix(strings.TrimPrefix(text, `{"defaultAction": "SCMP_ACT_ERRNO", "flags": `), `, "syscalls": []}`)
		}
		if got != tt.want {
			t.Errorf("%s and %s: %s, want %s", tt.list, tt.add, got, tt.want)
		}
	}
}
