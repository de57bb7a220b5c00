package seccomp

import (
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
)

func TestSetCondition(t *testing.T) {
	for _, tt := range []struct {
		name, before, op string
		value, valueTwo  uint64
		want             string // "" for no edit
	}{
		{
			"operator and value", `{"index": 0, "value": 40, "op": "SCMP_CMP_NE"}`, "SCMP_CMP_LT", 41, 0,
			`{"index": 0, "value": 41, "op": "SCMP_CMP_LT"}`,
		},
		{
			"the same value", `{"index":0,"value":40,"op":"SCMP_CMP_NE"}`, "SCMP_CMP_LT", 40, 0,
			`{"index":0,"value":40,"op":"SCMP_CMP_LT"}`,
		},
		{
			"masked", `{"index": 0, "value": 40, "op": "SCMP_CMP_EQ"}`, "SCMP_CMP_MASKED_EQ", 255, 40,
			`{"index": 0, "value": 255, "valueTwo": 40, "op": "SCMP_CMP_MASKED_EQ"}`,
		},
		{
			"masked, without blanks", `{"index":0,"value":40,"op":"SCMP_CMP_EQ"}`, "SCMP_CMP_MASKED_EQ", 255, 40,
			`{"index":0,"value":255,"valueTwo":40,"op":"SCMP_CMP_MASKED_EQ"}`,
		},
		{
			"masked, with valueTwo", `{"value": 40, "valueTwo": 0, "index": 0, "op": "SCMP_CMP_EQ"}`,
			"SCMP_CMP_MASKED_EQ", 255, 40, `{"value": 255, "valueTwo": 40, "index": 0, "op": "SCMP_CMP_MASKED_EQ"}`,
		},
		{
			"masked, one a line", "{\n\t\"op\": \"SCMP_CMP_EQ\",\n\t\"value\": 40\n}", "SCMP_CMP_MASKED_EQ", 255, 40,
			"{\n\t\"op\": \"SCMP_CMP_MASKED_EQ\",\n\t\"value\": 255,\n\t\"valueTwo\": 40\n}",
		},
		{"no value", `{"index": 0, "op": "SCMP_CMP_EQ"}`, "SCMP_CMP_LT", 4, 0, ""},
		{"no operator", `{"index": 0, "value": 1}`, "SCMP_CMP_LT", 4, 0, ""},
		{"an escaped key", `{"index": 0, "v\u0061lue": 1, "op": "SCMP_CMP_EQ"}`, "SCMP_CMP_MASKED_EQ", 4, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, newline := range []string{"\n", "\r\n"} {
				wrap := func(s string) string {
					return `{"defaultAction":"x","syscalls":[{"names":["a"],"args":[` +
						strings.ReplaceAll(s, "\n", newline) + `],"action":"y"}]}`
				}
				p := seccomp.Parse(source.NewFile("p", []byte(wrap(tt.before))))
				a := p.Rules[0].Args[0]
				edits := SetCondition(p, a, tt.op, tt.value, tt.valueTwo)
				if tt.want == "" {
					if edits != nil {
						t.Errorf("edits that must not be made: %v", edits)
					}
					continue
				}
				if got := apply(t, p, edits); got != wrap(tt.want) {
					t.Errorf("got %q, want %q", got, wrap(tt.want))
				}
				if got, want := ConditionText(p, a, edits), strings.ReplaceAll(tt.want, "\n", newline); got != want {
					t.Errorf("as text %q, want %q", got, want)
				}
			}
		})
	}
}

func TestSplitRule(t *testing.T) {
	for _, tt := range []struct{ name, before, want string }{
		{
			"on one line", `[{"names":["a"],"args":[{"index":0},{"index":1}],"action":"y"}]`,
			`[{"names":["a"],"args":[1],"action":"y"}, {"names":["a"],"args":[2],"action":"y"}]`,
		},
		{
			"between others", `[{"x":0},{"names":["a"],"args":[{}]},{"x":1}]`,
			`[{"x":0},{"names":["a"],"args":[1]},{"names":["a"],"args":[2]},{"x":1}]`,
		},
		{
			"one a line", "[\n\t{\"x\": 0},\n\t{\n\t\t\"args\": [\n\t\t\t{}, {}\n\t\t]\n\t}\n]",
			"[\n\t{\"x\": 0},\n\t{\n\t\t\"args\": [\n\t\t\t1\n\t\t]\n\t},\n\t{\n" +
				"\t\t\"args\": [\n\t\t\t2\n\t\t]\n\t}\n]",
		},
		{"without conditions", `[{"names":["a"],"args":[]}]`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wrap := func(s string) string { return `{"defaultAction":"x","syscalls":` + s + `}` }
			p := seccomp.Parse(source.NewFile("p", []byte(wrap(tt.before))))
			n := 0
			for i, r := range p.Rules {
				if len(r.Args) > 0 {
					n = i
				}
			}
			edits := SplitRule(p, n, "1", "2")
			if tt.want == "" {
				if edits != nil {
					t.Errorf("edits that must not be made: %v", edits)
				}
			} else if got := apply(t, p, edits); got != wrap(tt.want) {
				t.Errorf("got %q, want %q", got, wrap(tt.want))
			}
		})
	}
}
