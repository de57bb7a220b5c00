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
	clone := NewRule{
		Names: []string{"clone"}, Action: "SCMP_ACT_ALLOW", Args: []NewArg{{0, 2114060288, 0, "SCMP_CMP_MASKED_EQ"}},
	}
	excludes := clone3
	excludes.ExcludesCaps = []string{"CAP_SYS_ADMIN"}
	for _, tt := range []struct {
		name, text string
		at         int
		rules      []NewRule
		want       string
	}{
		{"one line", `{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]}`, 1,
			[]NewRule{clone3},
			`{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"},` +
				`{"names":["clone3"],"action":"SCMP_ACT_ERRNO","errnoRet":38}]}`},
		{"one line a rule",
			"{\n  \"defaultAction\": \"SCMP_ACT_ERRNO\",\n  \"syscalls\": [\n    {\"names\": [\"read\"], " +
				"\"action\": \"SCMP_ACT_ALLOW\"}\n  ]\n}\n", 1, []NewRule{clone, clone3},
			"{\n  \"defaultAction\": \"SCMP_ACT_ERRNO\",\n  \"syscalls\": [\n    {\"names\": [\"read\"], " +
				"\"action\": \"SCMP_ACT_ALLOW\"},\n    {\"names\": [\"clone\"], \"action\": \"SCMP_ACT_ALLOW\", " +
				"\"args\": [{\"index\": 0, \"value\": 2114060288, \"valueTwo\": 0, \"op\": " +
				"\"SCMP_CMP_MASKED_EQ\"}]},\n    {\"names\": [\"clone3\"], \"action\": \"SCMP_ACT_ERRNO\", " +
				"\"errnoRet\": 38}\n  ]\n}\n"},
		{"tabs, before the first",
			"{\n\t\"defaultAction\": \"SCMP_ACT_ERRNO\",\n\t\"syscalls\": [\n\t\t{\n\t\t\t\"names\": " +
				"[\n\t\t\t\t\"read\"\n\t\t\t],\n\t\t\t\"action\": \"SCMP_ACT_ALLOW\"\n\t\t}\n\t]\n}\n", 0,
			[]NewRule{clone},
			"{\n\t\"defaultAction\": \"SCMP_ACT_ERRNO\",\n\t\"syscalls\": [\n\t\t{\n\t\t\t\"names\": " +
				"[\n\t\t\t\t\"clone\"\n\t\t\t],\n\t\t\t\"action\": \"SCMP_ACT_ALLOW\",\n\t\t\t\"args\": " +
				"[\n\t\t\t\t{\n\t\t\t\t\t\"index\": 0,\n\t\t\t\t\t\"value\": 2114060288,\n\t\t\t\t\t\"valueTwo\": 0," +
				"\n\t\t\t\t\t\"op\": \"SCMP_CMP_MASKED_EQ\"\n\t\t\t\t}\n\t\t\t]\n\t\t},\n\t\t{\n\t\t\t\"names\": " +
				"[\n\t\t\t\t\"read\"\n\t\t\t],\n\t\t\t\"action\": \"SCMP_ACT_ALLOW\"\n\t\t}\n\t]\n}\n"},
		{"CRLF, names on one line",
			"{\r\n    \"defaultAction\": \"SCMP_ACT_ERRNO\",\r\n    \"syscalls\": [{\r\n        \"names\": " +
				"[\"read\"],\r\n        \"action\": \"SCMP_ACT_ALLOW\"\r\n    }]\r\n}\r\n", 1, []NewRule{clone3},
			"{\r\n    \"defaultAction\": \"SCMP_ACT_ERRNO\",\r\n    \"syscalls\": [{\r\n        \"names\": " +
				"[\"read\"],\r\n        \"action\": \"SCMP_ACT_ALLOW\"\r\n    }, {\r\n        \"names\": " +
				"[\"clone3\"],\r\n        \"action\": \"SCMP_ACT_ERRNO\",\r\n        \"errnoRet\": 38\r\n    " +
				"}]\r\n}\r\n"},
		{"empty", "{\n  \"defaultAction\": \"SCMP_ACT_ERRNO\",\n  \"syscalls\": []\n}\n", 0, []NewRule{clone3},
			"{\n  \"defaultAction\": \"SCMP_ACT_ERRNO\",\n  \"syscalls\": [\n    {\"names\": [\"clone3\"], " +
				"\"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 38}\n  ]\n}\n"},
		{"empty on one line", `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": []}`, 0, []NewRule{clone3},
			`{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["clone3"], "action": "SCMP_ACT_ERRNO", ` +
				`"errnoRet": 38}]}`},
		{"absent", `{"defaultAction": "SCMP_ACT_ERRNO"}`, 0, []NewRule{clone3}, "none"},
		{"empty, blanks", "{\n    \"defaultAction\": \"SCMP_ACT_ERRNO\",\n    \"syscalls\": [\n    ]\n}\n", 0,
			[]NewRule{clone3},
			"{\n    \"defaultAction\": \"SCMP_ACT_ERRNO\",\n    \"syscalls\": [\n        {\"names\": [\"clone3\"], " +
				"\"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 38}\n    ]\n}\n"},
		{"empty and minified", `{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[]}`, 0, []NewRule{clone3},
			`{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["clone3"],"action":"SCMP_ACT_ERRNO",` +
				`"errnoRet":38}]}`},
		{"capabilities",
			"{\n\t\"defaultAction\": \"SCMP_ACT_ERRNO\",\n\t\"syscalls\": [\n\t\t{\n\t\t\t\"names\": " +
				"[\n\t\t\t\t\"read\"\n\t\t\t],\n\t\t\t\"action\": \"SCMP_ACT_ALLOW\"\n\t\t}\n\t]\n}\n", 1,
			[]NewRule{excludes},
			"{\n\t\"defaultAction\": \"SCMP_ACT_ERRNO\",\n\t\"syscalls\": [\n\t\t{\n\t\t\t\"names\": " +
				"[\n\t\t\t\t\"read\"\n\t\t\t],\n\t\t\t\"action\": \"SCMP_ACT_ALLOW\"\n\t\t}," +
				"\n\t\t{\n\t\t\t\"names\": [\n\t\t\t\t\"clone3\"\n\t\t\t],\n\t\t\t\"action\": \"SCMP_ACT_ERRNO\"," +
				"\n\t\t\t\"errnoRet\": 38,\n\t\t\t\"excludes\": {\n\t\t\t\t\"caps\": " +
				"[\n\t\t\t\t\t\"CAP_SYS_ADMIN\"\n\t\t\t\t]\n\t\t\t}\n\t\t}\n\t]\n}\n"},
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
		{"[\n\t\"b\"\n]", "a", "[\n\t\"b\",\n\t\"a\"\n]"},
		{"[\r\n    \"a\",\r\n    \"c\"\r\n]", "b", "[\r\n    \"a\",\r\n    \"b\",\r\n    \"c\"\r\n]"},
		{`["a","c"]`, "b", `["a","b","c"]`},
		{"[\"a\", \"c\",\n \"e\", \"g\"]", "d f h", "[\"a\", \"c\", \"d\",\n \"e\", \"f\", \"g\", \"h\"]"},
		{"[\n  \"g\", \"c\",\n  \"e\", \"a\"\n]", "b", "[\n  \"g\", \"c\",\n  \"e\", \"a\", \"b\"\n]"},
		{"[\n  \"c\", \"e\"\n]", "a b", "[\n  \"a\", \"b\", \"c\", \"e\"\n]"},
		{
			`["getrlimit", "get_robust_list", "_llseek", "lseek"]`, "getsid iopl",
			`["getrlimit", "get_robust_list", "getsid", "iopl", "_llseek", "lseek"]`,
		},
		{`[]`, "b", "none"},
	} {
		text := `{"defaultAction": "SCMP_ACT_ERRNO", "flags": ` + tt.list + `, "syscalls": []}`
		p := seccomp.Parse(source.NewFile("p.json", []byte(text)))
		got := "none"
		if edits := AddStrings(p, p.Flags, strings.Fields(tt.add)...); edits != nil {
			for i := len(edits) - 1; i >= 0; i-- {
				text = text[:edits[i].Span.Start] + edits[i].Text + text[edits[i].Span.End:]
			}
			got = strings.TrimSuffix(strings.TrimPrefix(text, `{"defaultAction": "SCMP_ACT_ERRNO", "flags": `),
				`, "syscalls": []}`)
		}
		if got != tt.want {
			t.Errorf("%s and %s: %s, want %s", tt.list, tt.add, got, tt.want)
		}
	}
}

func TestSetErrno(t *testing.T) {
	for _, tt := range []struct{ rule, want string }{
		{
			`{"names": ["a"], "action": "SCMP_ACT_ERRNO"}`,
			`{"names": ["a"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}`,
		},
		{`{"names":["a"],"action":"SCMP_ACT_KILL"}`, `{"names":["a"],"action":"SCMP_ACT_ERRNO","errnoRet":38}`},
		{
			`{"errnoRet": 1, "action": "SCMP_ACT_ERRNO", "names": ["a"]}`,
			`{"errnoRet": 38, "action": "SCMP_ACT_ERRNO", "names": ["a"]}`,
		},
		{
			`{"names": ["a"], "errno": "EPERM", "action": "SCMP_ACT_ERRNO", "errnoRet": 1}`,
			`{"names": ["a"], "errno": "ENOSYS", "action": "SCMP_ACT_ERRNO", "errnoRet": 38}`,
		},
		{
			"{\n    \"action\": \"SCMP_ACT_TRAP\",\n    \"names\": [\"a\"]\n  }",
			"{\n    \"action\": \"SCMP_ACT_ERRNO\",\n    \"errnoRet\": 38,\n    \"names\": [\"a\"]\n  }",
		},
		{
			"{\r\n\t\"names\": [\"a\"],\r\n\t\"action\": \"SCMP_ACT_ERRNO\"\r\n}",
			"{\r\n\t\"names\": [\"a\"],\r\n\t\"action\": \"SCMP_ACT_ERRNO\",\r\n\t\"errnoRet\": 38\r\n}",
		},
	} {
		before, after := "{\n  \"defaultAction\": \"SCMP_ACT_ALLOW\",\n  \"syscalls\": [\n  ", "\n]}"
		text := before + tt.rule + after
		p := seccomp.Parse(source.NewFile("p.json", []byte(text)))
		got := apply(t, p, SetErrno(p, p.Rules[0], 38))
		if diff := cmp.Diff(before+tt.want+after, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}
