package seccomp

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/source"
)

func yamlFile(text string) *source.File { return source.NewFile("profile.yaml", []byte(text)) }

// inSpec returns a SeccompProfile with the lines of spec indented by two.
func inSpec(lines string) string {
	return "apiVersion: security-profiles-operator.x-k8s.io/v1\nkind: SeccompProfile\nmetadata:\n  name: web\nspec:\n" +
		lines
}

// showText writes problems as `"text at fault" kind: message`.
func showText(p *Profile) []string {
	var out []string
	for _, problem := range p.Problems {
		out = append(out, p.Source.Text(problem.Span)+" | "+problem.Kind+": "+problem.Message)
	}
	return out
}

func TestResourceProblems(t *testing.T) {
	const refused = ", so the API server refuses the resource"
	const rule = "  defaultAction: SCMP_ACT_ERRNO\n  syscalls:\n  - action: SCMP_ACT_ALLOW\n    names: [read]\n"
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"clean", inSpec(rule), nil},
		{"everything",
			inSpec("  baseProfileName: runc-v1.4.2\n  state: Enabled\n  architectures: [SCMP_ARCH_NATIVE]\n  " +
				"flags:\n  - SECCOMP_FILTER_FLAG_LOG\n  listenerPath: " +
				"/var/run/security-profiles-operator/a_B-1.sock\n  listenerMetadata: x\n" + rule +
				"    errnoRet: 38\n    args:\n    - {index: 0, value: 9223372036854775807, valueTwo: 0x10, op: " +
				"SCMP_CMP_MASKED_EQ}\n    - index: 1\n      op: SCMP_CMP_EQ\n"), nil},
		{
			"no spec", "apiVersion: security-profiles-operator.x-k8s.io/v1\nkind: SeccompProfile\n",
			[]string{`SeccompProfile | shape: SeccompProfile has no "spec", so the API server refuses it`},
		},
		{"empty spec", inSpec("  {}\n"), []string{`{ | shape: spec has no "defaultAction"` + refused}},
		{
			"null spec", inSpec("  null\n"),
			[]string{`SeccompProfile | shape: SeccompProfile has no "spec", so the API server refuses it`},
		},
		{"spec of another type", inSpec("  - a\n"), []string{`- a | shape: spec is an array, not an object` + refused}},
		{
			"no default action", inSpec("  flags: []\n"),
			[]string{`flags | shape: spec has no "defaultAction"` + refused},
		},
		{
			"null default action", inSpec("  defaultAction:\n"),
			[]string{` | shape: spec has no "defaultAction"` + refused},
		},
		{"required", inSpec(rule + "  - names: [write]\n  - action: SCMP_ACT_LOG\n    args:\n    - value: 1\n"),
			[]string{
				`names | shape: rule 2 has no "action"` + refused,
				`action | shape: rule 3 has no "names"` + refused,
				`value | argument: argument condition 1 has no "index"` + refused,
				`value | operator: argument condition 1 has no "op"` + refused,
			}},
		{"types", inSpec("  defaultAction: 1\n  architectures: SCMP_ARCH_X86\n  syscalls:\n  - names: {}\n    " +
			"action: yes\n  - names:\n    - 90\n    - \"\"\n    - null\n    action: a\n    errnoRet: \"1\"\n    " +
			"args: {}\n"), []string{
			`1 | shape: "defaultAction" is 1, not a string` + refused,
			`SCMP_ARCH_X86 | shape: "architectures" is a string, not an array` + refused,
			`{} | shape: "names" is an object, not an array` + refused,
			`yes | shape: "action" is true, not a string` + refused,
			`90 | shape: element 1 of "names" is 90, not a string` + refused,
			`"" | empty-name: element 2 of "names" is an empty string, which runc refuses`,
			`null | empty-name: element 3 of "names" is null, not a string` + refused,
			`"1" | shape: "errnoRet" is a string, not an unsigned integer` + refused,
			`{} | shape: "args" is an object, not an array` + refused,
		}},
		{"null rule", inSpec(rule + "  -\n"), []string{` | null-rule: rule 2 is null, not an object` + refused}},
		{"numbers", inSpec(rule + "    errnoRet: 2147483648\n    args:\n    - {index: -1, op: a}\n    - {index: 6, " +
			"value: 9223372036854775808, op: a}\n    - {index: 0, value: 18446744073709551616, valueTwo: 1.5, op: " +
			"a}\n    - {index: 5.0, value: 1e3, op: a}\n"), []string{
			`2147483648 | shape: "errnoRet" is 2147483648, which does not fit in the operator's 32 bits`,
			`-1 | argument: "index" is -1, not an unsigned integer` + refused,
			`6 | argument: "index" is 6; the arguments of a syscall have the indices 0 to 5`,
			`9223372036854775808 | argument: "value" is 9223372036854775808; a SeccompProfile cannot hold numbers ` +
				`above 9223372036854775807`,
			`18446744073709551616 | argument: "value" is 18446744073709551616, not an unsigned integer` + refused,
			`1.5 | argument: "valueTwo" is 1.5, not an unsigned integer` + refused,
		}},
		{"lists", inSpec("  defaultAction: a\n  architectures: [SCMP_ARCH_X86, SCMP_ARCH_X86]\n  flags: [a, b, a]\n " +
			" syscalls:\n  - {names: [], action: a}\n  - action: a\n    names:\n    - read\n    - write\n    - " +
			"read\n    args: [{index: 0, op: a},{index: 0, op: a},{index: 0, op: a},{index: 0, op: a},{index: 0, " +
			"op: a},{index: 0, op: a},{index: 0, op: a}]\n"), []string{
			`SCMP_ARCH_X86 | shape: element 2 of "architectures" occurs twice` + refused,
			`a | shape: element 3 of "flags" occurs twice` + refused,
			`[] | empty-names: "names" is empty` + refused,
			`[{index: 0, op: a},{index: 0, op: a},{index: 0, op: a},{index: 0, op: a},{index: 0, op: a},{index: 0, ` +
				`op: a},{index: 0, op: a}] | many-arguments: "args" has 7 conditions; a SeccompProfile takes 6`,
		}},
		{"lists of values",
			inSpec("  defaultAction: a\n  state: enabled\n  architectures: [SCMP_ARCH_LOONGARCH64, amd64]\n  " +
				"listenerPath: /run/x.sock\n"), []string{
				`enabled | shape: "state" is "enabled", not "Enabled" or "Disabled"` + refused,
				`SCMP_ARCH_LOONGARCH64 | shape: element 1 of "architectures" is "SCMP_ARCH_LOONGARCH64", which the ` +
					`CRD does not list` + refused,
				`/run/x.sock | shape: "listenerPath" is not in /var/run/security-profiles-operator/` + refused,
			}},
		{"what does not arrive", inSpec("  defaultErrnoRet: 38\n" + rule + "    errnoRet: 0\n"), []string{
			`38 | shape: "defaultErrnoRet" is not a field of a SeccompProfile, so it does not reach the node, where ` +
				`EPERM is the default`,
			`0 | shape: "errnoRet" is 0, which the operator leaves out of the file that it writes, so the call ` +
				`answers EPERM`,
		}},
		{
			"broken YAML", inSpec("  defaultAction: [\n"),
			[]string{
				`[ | shape: "defaultAction" is an array, not a string` + refused, `[ | json: this '[' is not closed`,
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, newline := range []string{"\n", "\r\n"} {
				p := Parse(yamlFile(strings.ReplaceAll(test.text, "\n", newline)))
				if p.Dialect != SPO {
					t.Fatalf("dialect %d", p.Dialect)
				}
				if diff := cmp.Diff(test.want, showText(p)); diff != "" {
					t.Errorf("problems (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestResourceSpans(t *testing.T) {
	text := "# c\n" +
		inSpec("  defaultAction: \"SCMP_ACT_ERRNO\"\n  baseProfileName: 'base'\n  architectures:\n  - "+
			"SCMP_ARCH_X86_64 # c\n  syscalls:\n  - names:\n    - read\n    - 'write'\n    action: SCMP_ACT_ALLOW\n "+
			"   args:\n    - index: 1\n      value: 0x7E_020000\n      op: SCMP_CMP_EQ\n  - {names: [bpf], action: "+
			"SCMP_ACT_ERRNO, errnoRet: 1, includes: {caps: [CAP_BPF]}}\n")
	p := Parse(yamlFile("\ufeff" + text))
	at := func(s source.Span) string { return p.Source.Text(s) }
	rule := p.Rules[0]
	got := []string{
		at(p.DefaultAction.Span), p.DefaultAction.Text, at(p.BaseProfileName.Span), p.BaseProfileName.Text,
		at(p.Name.Span), at(p.Architectures[0].Span),
		at(rule.Span), at(rule.NamesSpan), at(rule.Names[0].Span), at(rule.Names[1].Span), rule.Names[1].Text,
		at(rule.Action.Span), at(rule.ArgsSpan), at(rule.Args[0].Index.Span), at(rule.Args[0].Value.Span),
		at(p.Rules[1].Span), at(p.Rules[1].NamesSpan), at(p.Rules[1].Includes.Caps[0].Span),
	}
	const args = "- index: 1\n      value: 0x7E_020000\n      op: SCMP_CMP_EQ"
	want := []string{
		`"SCMP_ACT_ERRNO"`, "SCMP_ACT_ERRNO", "'base'", "base", "web", "SCMP_ARCH_X86_64",
		"names:\n    - read\n    - 'write'\n    action: SCMP_ACT_ALLOW\n    args:\n    " + args,
		"- read\n    - 'write'", "read", "'write'", "write", "SCMP_ACT_ALLOW", args, "1", "0x7E_020000",
		"{names: [bpf], action: SCMP_ACT_ERRNO, errnoRet: 1, includes: {caps: [CAP_BPF]}}", "[bpf]", "CAP_BPF",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if v := rule.Args[0].Value; v.Value != 0x7e020000 || !v.Known {
		t.Errorf("value %v", v)
	}
	if e := p.Rules[1].ErrnoRet; e.Value != 1 || !e.Known {
		t.Errorf("errnoRet %v", e)
	}
}

// What does not reach the node is not there for those who ask what the profile does.
func TestResourceReadsWhatArrives(t *testing.T) {
	p := Parse(yamlFile(inSpec("  defaultAction: SCMP_ACT_ERRNO\n  defaultErrnoRet: 38\n  defaultaction: " +
		"SCMP_ACT_ALLOW\n  archMap: []\n  coment: x\n  syscalls:\n  - name: read\n    Names: [write]\n    action: " +
		"SCMP_ACT_ERRNO\n    errnoRet: 0\n    comment: x\n")))
	if p.DefaultErrnoRet.Known || p.DefaultAction.Text != "SCMP_ACT_ERRNO" || len(p.Rules[0].Names) != 0 ||
		p.Rules[0].Name.Text != "read" || p.Rules[0].ErrnoRet.Known {
		t.Errorf("%+v, rule %+v", p, p.Rules[0])
	}
	var got []string
	for _, f := range p.UnknownFields {
		got = append(got, f.Path+" "+f.Name.Text+" "+f.Near)
	}
	if diff := cmp.Diff([]string{" defaultaction ", " coment ", "syscalls[0] Names names", "syscalls[0] comment "},
		got); diff != "" {
		t.Errorf("unknown fields (-want +got):\n%s", diff)
	}
	if len(p.MiscasedFields) != 0 {
		t.Errorf("miscased fields %v", p.MiscasedFields)
	}
}

func TestResourceAliases(t *testing.T) {
	p := Parse(yamlFile("apiVersion: security-profiles-operator.x-k8s.io/v1\nkind: SeccompProfile\nx: &names [read, " +
		"write]\ny: &rule\n  action: SCMP_ACT_ALLOW\n  names: [open]\nspec:\n  defaultAction: &a SCMP_ACT_ERRNO\n  " +
		"syscalls:\n  - names: *names\n    action: *a\n  - <<: *rule\n    names: [close]\n  - *rule\n"))
	var got []string
	for _, r := range p.Rules {
		for _, name := range r.Names {
			got = append(got, name.Text+" "+r.Action.Text+" "+p.Source.Text(name.Span))
		}
	}
	want := []string{
		"read SCMP_ACT_ERRNO read", "write SCMP_ACT_ERRNO write", "close SCMP_ACT_ALLOW close",
		"open SCMP_ACT_ALLOW open",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// An anchor inside itself, and aliases that stand for 10^9 values.
	bomb := inSpec("  defaultAction: a\n  x: &x [*x]\n  a: &a [b,b,b,b,b,b,b,b,b,b]\n  b: &b [*a,*a,*a,*a,*a,*a,*a," +
		"*a,*a,*a]\n  c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n  d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n  e: &e [*d," +
		"*d,*d,*d,*d,*d,*d,*d,*d,*d]\n  f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n  g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f," +
		"*f]\n  syscalls: *g\n")
	if p := Parse(yamlFile(bomb)); len(p.Problems) == 0 || p.Problems[0].Kind != KindJSON {
		t.Errorf("problems %v", showText(p))
	}
}

func TestParseAll(t *testing.T) {
	doc := func(name string) string {
		return "apiVersion: security-profiles-operator.x-k8s.io/v1\nkind: SeccompProfile\nmetadata: {name: " + name +
			", namespace: ns}\nspec: {defaultAction: SCMP_ACT_LOG}\n"
	}
	for _, test := range []struct {
		name, path, text string
		want             []string
	}{
		{
			"documents", "p.yaml",
			doc("a") + "---\nkind: Pod\nmetadata: {name: x}\n---\n# c\n" + doc("b") + "...\n---\n", []string{"a", "b"},
		},
		{
			"a list", "p.yaml",
			"apiVersion: v1\nkind: List\nitems:\n- {kind: Pod, apiVersion: v1}\n- apiVersion: " +
				"security-profiles-operator.x-k8s.io/v1\n  kind: SeccompProfile\n  metadata: {name: a}\n  spec: " +
				"{defaultAction: SCMP_ACT_LOG}\n", []string{"a"},
		},
		{
			"a typed list", "p.yaml",
			"apiVersion: security-profiles-operator.x-k8s.io/v1\nkind: SeccompProfileList\nitems:\n- metadata: " +
				"{name: a}\n  spec: {defaultAction: SCMP_ACT_LOG}\n- metadata: {name: b}\n  spec: {defaultAction: " +
				"SCMP_ACT_LOG}\n", []string{"a", "b"},
		},
		{
			"JSON", "p.json",
			`{"apiVersion":"security-profiles-operator.x-k8s.io/v1","kind":"SeccompProfile","metadata":{"name":"a"},` +
				`"spec":{"defaultAction":"SCMP_ACT_LOG"}}`, []string{"a"},
		},
		{
			"JSON list", "p.json",
			`{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"security-profiles-operator.x-k8s.io/v1",` +
				`"kind":"SeccompProfile","metadata":{"name":"a"},"spec":{"defaultAction":"SCMP_ACT_LOG"}}]}`,
			[]string{"a"},
		},
		{
			"JSON in a YAML file", "p.yaml",
			`{"apiVersion":"security-profiles-operator.x-k8s.io/v1","kind":"SeccompProfile","metadata":{"name":"a"},` +
				`"spec":{"defaultAction":"SCMP_ACT_LOG"}}`, []string{"a"},
		},
		{"no extension", "-", "---\n" + doc("a"), []string{"a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := source.NewFile(test.path, []byte(test.text))
			if !Sniff(f) {
				t.Error("not taken for a profile")
			}
			var got []string
			for _, p := range ParseAll(f) {
				got = append(got, p.Name.Text)
				if p.Dialect != SPO || len(p.Problems) > 0 || p.DefaultAction.Text != "SCMP_ACT_LOG" ||
					f.Text(p.DefaultAction.Span) != strings.Trim(f.Text(p.DefaultAction.Span), " ") {
					t.Errorf("%+v", p)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			profiles, rest, ok := SplitResources(f)
			if !ok || len(profiles) != len(got) || string(profiles[0]) != `{"defaultAction":"SCMP_ACT_LOG"}` ||
				strings.Contains(string(rest), "defaultAction") {
				t.Errorf("split into %s and %s", profiles, rest)
			}
		})
	}
}

// A broken document beside a profile is not the profile's.
func TestResourceBesideBrokenDocument(t *testing.T) {
	p := Parse(yamlFile("a: [\n---\n" + inSpec("  defaultAction: SCMP_ACT_LOG\n") + "---\nb: {\n"))
	if len(p.Problems) != 0 || p.DefaultAction.Text != "SCMP_ACT_LOG" {
		t.Errorf("%q, problems %v", p.DefaultAction.Text, showText(p))
	}
}

func TestScalar(t *testing.T) {
	for text, want := range map[string]string{
		"read": `"read"`, "~": "null", "": "null", "Yes": "true", "off": "false", "0": "0", "-5": "-5", "+5": "5",
		"0x28": "40", "0o17": "15", "017": "15", "0b11": "3", "1_000": "1000",
		"18446744073709551615": "18446744073709551615",
		"18446744073709551616": "18446744073709551616", "5.0": "5", "5e0": "5", "1.5": "1.5", ".5": "0.5",
		"1.2.3": `"1.2.3"`, "'5'": `"5"`, "\"5\"": `"5"`, "!!str 5": `"5"`, "0xg": `"0xg"`, "1e999": `"1e999"`,
		"-.inf": `"-.inf"`, "é": `"é"`,
	} {
		documents, _ := documentsOf(yamlFile("a: " + text + "\n"))
		if got := string(pack(*member(&documents[0], "a"))); got != want {
			t.Errorf("%s becomes %s, want %s", text, got, want)
		}
	}
}
