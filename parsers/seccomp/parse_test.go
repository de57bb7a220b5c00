package seccomp

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tailscale/hujson"

	"github.com/sandlint/sandlint/parsers/seccomp/seccomptest"
	"github.com/sandlint/sandlint/parsers/source"
)

var update = flag.Bool("update", false, "rewrite what the tests expect")

func parse(text string) *Profile { return Parse(source.NewFile("seccomp.json", []byte(text))) }

// show writes problems as `start-end kind: message`.
func show(p *Profile) []string {
	var out []string
	for _, problem := range p.Problems {
		out = append(out,
			fmt.Sprintf("%d-%d %s: %s", problem.Span.Start, problem.Span.End, problem.Kind, problem.Message))
	}
	return out
}

func TestParseProblems(t *testing.T) {
	const comment = "comment, which JSON does not have; Docker, Podman, containerd and runc refuse the file"
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"clean", `{"defaultAction":"SCMP_ACT_ALLOW"}`, nil},
		{"blanks around", " \t\r\n{\"defaultAction\" : \"SCMP_ACT_ALLOW\" } \r\n\t ", nil},
		{"empty file", ``, []string{`0-0 json: file is empty`}},
		{"blank file", " \n", []string{`2-2 json: file has no JSON value in it`}},
		{"comment only", "// x\n", []string{`0-4 json: ` + comment, `5-5 json: file has no JSON value in it`}},
		{
			"byte order mark", "\xef\xbb\xbf" + `{"defaultAction":"x"}`,
			[]string{`0-3 json: byte order mark before the JSON text, which makes every program refuse the file`},
		},
		{
			"UTF-16, little endian", "\xff\xfe{\x00\"\x00",
			[]string{`0-2 json: file is UTF-16 text; the programs that read profiles read UTF-8 only`},
		},
		{
			"UTF-16, big endian", "\xfe\xff\x00{\x00\"",
			[]string{`0-2 json: file is UTF-16 text; the programs that read profiles read UTF-8 only`},
		},
		{
			"UTF-16 without mark", "{\x00\"\x00a\x00",
			[]string{`0-2 json: file is UTF-16 text; the programs that read profiles read UTF-8 only`},
		},
		{"line comment", "{\"defaultAction\":\"x\" // c\r\n}", []string{`21-25 json: ` + comment}},
		{"line comment at the end", `{"defaultAction":"x"} // c`, []string{`22-26 json: ` + comment}},
		{
			"line comment with bad UTF-8", "{\"defaultAction\":\"x\" // \xff\xe2\x80\xa8\n}",
			[]string{`21-28 json: ` + comment},
		},
		{
			"block comment", `{/* a */"defaultAction":/**/"x"}`,
			[]string{`1-8 json: ` + comment, `24-28 json: ` + comment},
		},
		{
			"hash comment", "# profile\n{\"defaultAction\":\"x\"}",
			[]string{`0-9 json: comment, which JSON does not have; every program refuses the file`},
		},
		{"no comment in a string", `{"defaultAction":"// # /* x"}`, nil},
		{
			"open comment", `{"defaultAction":"x" /* c}`,
			[]string{`21-23 json: comment is not closed before the end of the file`},
		},
		{
			"trailing commas", `{"defaultAction":"x","flags":["a",],}`,
			[]string{
				`33-34 json: comma before "]", which JSON does not allow`,
				`35-36 json: comma before "}", which JSON does not allow`,
			},
		},
		{
			"trailing comma after objects", `{"defaultAction":"x","syscalls":[{"names":["a"],"action":"b"},]}`,
			[]string{`61-62 json: comma before "]", which JSON does not allow`},
		},
		{
			"trailing comma after array", `{"defaultAction":"x","flags":[],}`,
			[]string{`31-32 json: comma before "}", which JSON does not allow`},
		},
		{
			"two commas", `{"defaultAction":"x","flags":["a",,"b"]}`,
			[]string{`34-35 json: comma stands where a value belongs`},
		},
		{"comma first", `{,"defaultAction":"x"}`, []string{`1-2 json: comma stands where a value belongs`}},
		{
			"two documents", `{"defaultAction":"x"} {"y":1}` + "\n",
			[]string{`22-29 json: second JSON value after the end of the profile`},
		},
		{"text after", "{\"defaultAction\":\"x\"}\nEOF\n", []string{`22-25 json: text after the end of the profile`}},
		{"brace after", `{"defaultAction":"x"}}`, []string{`21-22 json: "}" closes nothing; the profile has ended`}},
		{
			"missing comma between names", "{\"names\":[\"chmod\"\n\"fchmod\"]}",
			[]string{`18-26 json: comma is missing before "fchmod"`},
		},
		{"missing comma between members", `{"a":1 "b":2}`, []string{`7-10 json: comma is missing before "b"`}},
		{"missing comma between rules", `{"syscalls":[{}{}]}`, []string{`15-16 json: comma is missing before "{"`}},
		{"missing comma before word", `[1 true]`, []string{`3-7 json: comma is missing before "true"`}},
		{"semicolon", `{"a":1;"b":2}`, []string{`6-7 json: ";" stands where a comma or "}" belongs`}},
		{"missing colon", `{"a" "b"}`, []string{`5-6 json: colon is missing after key "a"`}},
		{"equals sign", `{"a"="b"}`, []string{`4-5 json: "=" stands where the colon after key "a" belongs`}},
		{"no value", `{"a":}`, []string{`5-6 json: key "a" has no value`}},
		{"no colon, no value", `{"a"}`, []string{`4-5 json: key "a" has no value`}},
		{"bare key", `{defaultAction: "x"}`, []string{`1-14 json: key "defaultAction" is not between double quotes`}},
		{
			"single quotes", `{'defaultAction':'x'}`,
			[]string{`1-2 json: string stands between single quotes; JSON has double quotes only`},
		},
		{
			"single quoted value", `{"a": 'x'}`,
			[]string{`6-7 json: string stands between single quotes; JSON has double quotes only`},
		},
		{
			"typographic quotes", "{\u201cdefaultAction\u201d:1}",
			[]string{`1-4 json: string stands between typographic quotes; JSON has double quotes only`},
		},
		{
			"colon in array", `["a":1]`,
			[]string{`4-5 json: colon in an array; only an object, between braces, has keys`},
		},
		{
			"wrong bracket", "{\"a\":\n[1}",
			[]string{`8-9 json: "}" stands where the array that begins on line 2 ends with "]"`},
		},
		{
			"wrong bracket at once", `{]`,
			[]string{`1-2 json: "]" stands where the object that begins on line 1 ends with "}"`},
		},
		{
			"ends in object", "{\n\"a\": [1],\n ",
			[]string{`11-11 json: file ends inside the object that begins on line 1`},
		},
		{"ends in array", "{\n\"a\":\n[1, ", []string{`10-10 json: file ends inside the array that begins on line 3`}},
		{"ends after key", `{"a"`, []string{`4-4 json: file ends inside the object that begins on line 1`}},
		{"ends after colon", `{"a":`, []string{`5-5 json: file ends inside the object that begins on line 1`}},
		{"ends in string", `{"a":"x`, []string{`5-7 json: string is not closed before the end of the file`}},
		{
			"line end in string", "{\"a\":\"x\n\"}",
			[]string{`5-7 json: string is not closed before the end of the line`},
		},
		{"tab in string", "{\"a\":\"x\ty\"}", []string{`7-8 json: control character U+0009 stands in a string`}},
		{"bad escape", `{"a":"x\d"}`, []string{`7-9 json: "\\d" is not an escape sequence of JSON`}},
		{"bad unicode escape", `{"a":"\u12g4"}`, []string{`6-12 json: "\\u12g4" is not an escape sequence of JSON`}},
		{"good escapes", `{"defaultAction":"\"\\\/\b\f\n\r\t\u00e9"}`, nil},
		{
			"hexadecimal", `{"a":0x28}`,
			[]string{`5-9 json: number "0x28" is not decimal; JSON has decimal numbers only`},
		},
		{"leading zero", `{"a":007}`, []string{`5-8 json: number "007" begins with a zero, which JSON does not allow`}},
		{"plus sign", `{"a":+1}`, []string{`5-7 json: "+1" is not a JSON number`}},
		{"half a float", `{"a":1.}`, []string{`5-7 json: "1." is not a JSON number`}},
		{"Python's constants", `{"a":True}`, []string{`5-9 json: "True" is not a JSON value; JSON spells it "true"`}},
		{"None", `{"a":None}`, []string{`5-9 json: "None" is not a JSON value; JSON spells it "null"`}},
		{
			"bare word", `{"a":SCMP_ACT_ALLOW}`,
			[]string{`5-19 json: "SCMP_ACT_ALLOW" is not a JSON value; a string stands between double quotes`},
		},
		{
			"YAML", "defaultAction: SCMP_ACT_ALLOW\n",
			[]string{`0-13 json: "defaultAction" is not a JSON value; a string stands between double quotes`},
		},
		{"no-break space", "{\u00a0\"a\":1}", []string{`1-3 json: character U+00A0 stands between JSON values`}},
		{"bad byte", "{\xff\"a\":1}", []string{`1-2 json: byte 0xFF is not UTF-8 text`}},
		{"stray sign", `{"a":@}`, []string{`5-6 json: unexpected "@"`}},
		{"NUL", "{\x00}", []string{`1-2 json: character U+0000 stands between JSON values`}},
		{"invalid UTF-8 in a string", "{\"defaultAction\":\"\xff\"}", nil},

		{"null", `null`, []string{`0-4 no-profile: profile is null`}},
		{"array", `[]`, []string{`0-2 no-profile: profile is an array, not an object`}},
		{"string", `"x"`, []string{`0-3 shape: profile is a string, not an object`}},
		{"no default action", `{}`, []string{`0-1 no-default-action: profile has no "defaultAction"`}},
		{
			"null default action", `{"defaultAction":null}`,
			[]string{`17-21 no-default-action: profile has no "defaultAction"`},
		},
		{"wrong types",
			`{"defaultAction":1,"defaultErrnoRet":"EPERM","architectures":"a","flags":{},"listenerPath":true,` +
				`"syscalls":{}}`, []string{
				`17-18 shape: "defaultAction" is 1, not a string`,
				`37-44 shape: "defaultErrnoRet" is a string, not an unsigned integer`,
				`61-64 shape: "architectures" is a string, not an array`,
				`73-75 shape: "flags" is an object, not an array`,
				`91-95 shape: "listenerPath" is true, not a string`,
				`107-109 shape: "syscalls" is an object, not an array`,
			}},
		{
			"no names", `{"defaultAction":"a","syscalls":[{"action":"b"}]}`,
			[]string{`33-34 shape: rule 1 has no "names"`},
		},
		{"no names, Docker", `{"defaultAction":"a","syscalls":[{"action":"b","comment":""},{"name":"","action":"b"}]}`,
			[]string{
				`33-34 shape: rule 1 has neither "names" nor "name"`,
				`61-62 shape: rule 2 has neither "names" nor "name"`,
			}},
		{"legacy name", `{"defaultAction":"a","syscalls":[{"name":"x","action":"b"}]}`, nil},
		{
			"null rule", `{"defaultAction":"a","syscalls":[{"names":["x"],"action":"b"},null]}`,
			[]string{`62-66 null-rule: rule 2 is null, on which Docker and Podman crash`},
		},
		{
			"rule of other type", `{"defaultAction":"a","syscalls":["chmod"]}`,
			[]string{`33-40 shape: rule 1 is a string, not an object`},
		},
		{"names", `{"defaultAction":"a","syscalls":[{"names":[],"action":"b"},{"names":["",null,90,"x"],` +
			`"action":"b"},{"names":"x","action":"b"}]}`, []string{
			`42-44 empty-names: "names" is empty, so the rule does nothing`,
			`69-71 empty-name: element 1 of "names" is an empty string`,
			`72-76 empty-name: element 2 of "names" is null, not a string`,
			`77-79 shape: element 3 of "names" is 90, not a string`,
			`108-111 shape: "names" is a string, not an array`,
		}},
		{"numbers", `{"defaultAction":"a","syscalls":[{"names":["x"],"action":"b","errnoRet":-1,"args":[{"index":6,` +
			`"value":5.0,"op":"c"},{"index":0,"value":18446744073709551616,"valueTwo":5e0,"op":"c"},{"index":5,` +
			`"value":18446744073709551615,"op":"c"}]}]}`, []string{
			`72-74 shape: "errnoRet" is -1, not an unsigned integer`,
			`92-93 argument: "index" is 6; the arguments of a syscall have the indices 0 to 5`,
			`102-105 argument: "value" is 5.0, not an unsigned integer`,
			`135-155 argument: "value" is 18446744073709551616, which does not fit in 64 bits`,
			`167-170 argument: "valueTwo" is 5e0, not an unsigned integer`,
		}},
		{
			"enormous number", `{"defaultAction":"a","defaultErrnoRet":1e999999999}`,
			[]string{`39-50 shape: "defaultErrnoRet" is 1e999999999, not an unsigned integer`},
		},
		{"argument condition", `{"defaultAction":"a","syscalls":[{"names":["x"],"action":"b","args":[{}]}]}`, []string{
			`69-70 no-argument: argument condition 1 has no "index", so runc and crun read it as 0`,
			`69-70 operator: argument condition 1 has no "op"`,
			`69-70 no-argument: argument condition 1 has no "value", so runc and crun read it as 0`,
		}},
		{
			"args object", `{"defaultAction":"a","syscalls":[{"names":["x"],"action":"b","args":{"index":0}}]}`,
			[]string{`68-79 shape: "args" is an object, not an array`},
		},
		{
			"nulls that mean absent",
			`{"defaultAction":"a","defaultErrnoRet":null,"architectures":null,"archMap":null,` +
				`"syscalls":[{"names":["x"],"action":"b","args":null,"includes":null,"comment":null}]}`, nil,
		},
		{"null syscalls", `{"defaultAction":"a","syscalls":null}`, nil},
		{"archMap", `{"defaultAction":"a","archMap":[{"subArchitectures":null},{"architecture":"x",` +
			`"subArchitectures":[1]},null]}`, []string{
			`32-33 superset-shape: element 1 of "archMap" has no "architecture"`,
			`98-99 superset-shape: element 1 of "subArchitectures" is 1, not a string`,
			`102-106 superset-shape: element 3 of "archMap" is null, not an object`,
		}},
		{"filters", `{"defaultAction":"a","syscalls":[{"names":["x"],"action":"b","includes":[],` +
			`"excludes":{"caps":"x","minKernel":4.8}}]}`, []string{
			`72-74 superset-shape: "includes" is an array, not an object`,
			`94-97 superset-shape: "caps" is a string, not an array`,
			`110-113 min-kernel-shape: "minKernel" is 4.8, not a string`,
		}},
		{"both values of a duplicate", `{"defaultAction":1,"defaultAction":"a","flags":["x"],"flags":"y"}`, []string{
			`17-18 shape: "defaultAction" is 1, not a string`,
			`61-64 shape: "flags" is a string, not an array`,
		}},
		{
			"miscased field of wrong type", `{"DefaultAction":1}`,
			[]string{`17-18 shape: "defaultAction" is 1, not a string`},
		},
		{
			"unknown fields are not checked",
			`{"defaultAction":"a","x":{"names":1},"syscalls":[{"names":["x"],"action":"b","priority":"high"}]}`, nil,
		},

		{"bundle", `{"ociVersion":"1.0.2","linux":{"seccomp":{"defaultAction":"a","archMap":1,` +
			`"syscalls":[{"action":"b"},{"name":"","action":"b"},{"name":"x","action":"b"}]}}}`, []string{
			`86-87 shape: rule 1 has no "names"`, `101-102 shape: rule 2 has no "names"`,
		}},
		{"bundle without profile", `{"ociVersion":"1.0.2","linux":{}}`, nil},
		{"bundle with null", `{"ociVersion":"1.0.2","linux":{"seccomp":null}}`, nil},
		{
			"bundle with a list", `{"ociVersion":"1.0.2","linux":{"seccomp":[]}}`,
			[]string{`41-43 no-profile: linux.seccomp is an array, not an object`},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, show(parse(test.text))); diff != "" {
				t.Errorf("problems of %q (-want +got):\n%s", test.text, diff)
			}
		})
	}
}

// Every field is read, and its span is its text.
func TestParseSpans(t *testing.T) {
	const text = `{
	"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "defaultErrno": "ENOSYS",
	"architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], "flags": ["SECCOMP_FILTER_FLAG_LOG"],
	"listenerPath": "/run/l", "listenerMetadata": "m",
	"archMap": [{"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]}, null],
	"syscalls": [
		null,
		{"names": ["cl\u006fne", 5, "socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1,` +
		` "errno": "EPERM", "comment": "é",
		 "args": [{"index": 0, "value": 18446744073709551615, "valueTwo": 2, "op": "SCMP_CMP_MASKED_EQ"}, null],
		 "includes": {"caps": ["CAP_SYS_ADMIN"], "arches": ["amd64"], "minKernel": "4.8"}, "excludes": {}},
		{"name": "chmod", "action": "SCMP_ACT_LOG"},
		{"names": ["a"], "name": "b", "action": "SCMP_ACT_LOG"}
	]
}`
	p := parse(text)
	if p.Dialect != Containers {
		t.Errorf("dialect %v, want Containers", p.Dialect)
	}
	var got []string
	note := func(name string, v any) {
		switch v := v.(type) {
		case String:
			got = append(got, fmt.Sprintf("%s %q at %s", name, v.Text, p.Source.Text(v.Span)))
		case []String:
			for i, s := range v {
				got = append(got, fmt.Sprintf("%s[%d] %q at %s", name, i, s.Text, p.Source.Text(s.Span)))
			}
		case Number:
			got = append(got, fmt.Sprintf("%s %d %v at %s", name, v.Value, v.Known, p.Source.Text(v.Span)))
		case source.Span:
			at := p.Source.Text(v)
			got = append(got, fmt.Sprintf("%s from %.12s to %s", name, at, at[max(0, len(at)-12):]))
		}
	}
	note("profile", p.Span)
	note("defaultAction", p.DefaultAction)
	note("defaultErrnoRet", p.DefaultErrnoRet)
	note("defaultErrno", p.DefaultErrno)
	note("architectures", p.Architectures)
	note("flags", p.Flags)
	note("listenerPath", p.ListenerPath)
	note("listenerMetadata", p.ListenerMetadata)
	for _, m := range p.ArchMap {
		note("archMap", m.Span)
		note("architecture", m.Architecture)
		note("subArchitectures", m.SubArchitectures)
	}
	note("syscalls", p.SyscallsSpan)
	for i, r := range p.Rules {
		note(fmt.Sprintf("rule %d legacy=%v", i, r.LegacyName), r.Span)
		note("names", r.NamesSpan)
		note("names", r.Names)
		note("name", r.Name)
		note("action", r.Action)
		note("errnoRet", r.ErrnoRet)
		note("errno", r.Errno)
		note("comment", r.Comment)
		note("args", r.ArgsSpan)
		for _, a := range r.Args {
			note("arg", a.Span)
			note("index", a.Index)
			note("value", a.Value)
			note("valueTwo", a.ValueTwo)
			note("op", a.Op)
		}
		note("includes", r.Includes.Span)
		note("caps", r.Includes.Caps)
		note("arches", r.Includes.Arches)
		note("minKernel", r.Includes.MinKernel)
		note("excludes", r.Excludes.Span)
	}
	if *update {
		if err := os.WriteFile("testdata/spans.txt", []byte(strings.Join(got, "\n")+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/spans.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"),
		append(strings.Split(strings.Join(got, "\n"), "\n"), "")); diff != "" {
		t.Errorf("testdata/spans.txt (-want +got):\n%s", diff)
	}
}

func TestParseFields(t *testing.T) {
	p := parse(`{"DefaultAction":"a","default_action":"b","defaultAction":"c","x":1,"default_errno":"",
"syscalls":[{"Comment":"","comment":"","names":["x"],"action":"e","errnoret":38,` +
		`"includes":{"capabilities":["c"],"caps":[]},"args":[{"index":0,"Index":1,"value":0,"op":"f",` +
		`"opp":""}],"action":"g"}]}`)
	var got []string
	note := func(kind string, fields []Field) {
		for _, f := range fields {
			s := fmt.Sprintf("%s %s in %q near %q value %s", kind, p.Source.Text(f.Name.Span), f.Path, f.Near,
				p.Source.Text(f.Value))
			if !f.Earlier.IsEmpty() {
				s += fmt.Sprintf(" earlier %s at %d value %s", p.Source.Text(f.Earlier), f.Earlier.Start,
					p.Source.Text(f.EarlierValue))
			}
			got = append(got, s)
		}
	}
	note("unknown", p.UnknownFields)
	note("miscased", p.MiscasedFields)
	note("duplicate", p.DuplicateFields)
	want := []string{
		`unknown "default_action" in "" near "" value "b"`,
		`unknown "x" in "" near "" value 1`,
		`unknown "default_errno" in "" near "defaultErrno" value ""`,
		`unknown "capabilities" in "syscalls[0].includes" near "" value ["c"]`,
		`unknown "opp" in "syscalls[0].args[0]" near "" value ""`,
		`miscased "DefaultAction" in "" near "defaultAction" value "a"`,
		`miscased "errnoret" in "syscalls[0]" near "errnoRet" value 38`,
		`miscased "Index" in "syscalls[0].args[0]" near "index" value 1`,
		`duplicate "defaultAction" in "" near "defaultAction" value "c" earlier "DefaultAction" at 1 value "a"`,
		`duplicate "Index" in "syscalls[0].args[0]" near "index" value 1 earlier "index" at 221 value 0`,
		`duplicate "action" in "syscalls[0]" near "action" value "g" earlier "action" at 141 value "e"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	r := p.Rules[0]
	if p.DefaultAction.Text != "c" || r.Action.Text != "g" || r.ErrnoRet.Value != 38 || r.Args[0].Index.Value != 1 {
		t.Errorf("the last value must win, as in Go: %q %q %d %d", p.DefaultAction.Text, r.Action.Text,
			r.ErrnoRet.Value, r.Args[0].Index.Value)
	}
}

func TestParseDialect(t *testing.T) {
	for text, want := range map[string]Dialect{
		`{"defaultAction":"a","syscalls":[]}`:                                        OCI,
		`{"defaultAction":"a","archMap":[]}`:                                         Docker,
		`{"syscalls":[{"comment":""}]}`:                                              Docker,
		`{"syscalls":[{"excludes":{}}]}`:                                             Docker,
		`{"syscalls":[{"name":"x"}]}`:                                                Docker,
		`{"defaultErrno":"ENOSYS"}`:                                                  Containers,
		`{"syscalls":[{"errno":"ENOSYS","includes":{}}],"archMap":[]}`:               Containers,
		`{"ociVersion":"1","linux":{"seccomp":{"syscalls":[{"includes":{}}]}}}`:      Bundle,
		`{"ociVersion":"1","linux":{"seccomp":{"syscalls":[{"errno":"ENOSYS"}]}}}`:   Bundle,
		`{"ociVersion":"1","defaultAction":"a"}`:                                     OCI,
		`{"linux":{"seccomp":{"defaultAction":"a"}},"syscalls":[{"includes":null}]}`: Docker,
	} {
		if got := parse(text).Dialect; got != want {
			t.Errorf("dialect of %s is %d, want %d", text, got, want)
		}
	}
}

func TestSurplus(t *testing.T) {
	p := parse("\xef\xbb\xbf{ // c\n\"flags\": [\"a\" /* b */, ], }")
	var got []string
	for _, s := range p.Surplus {
		got = append(got, fmt.Sprintf("%d %q", s.Start, p.Source.Text(s)))
	}
	if diff := cmp.Diff([]string{`0 "\ufeff"`, `5 "// c"`, `24 "/* b */"`, `31 ","`, `34 ","`}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if text := without(p); !json.Valid(text) {
		t.Errorf("without its surplus the text is no JSON: %s", text)
	}
	if len(p.Flags) != 1 {
		t.Errorf("reading went not on: flags %v", p.Flags)
	}
}

// without returns the text of a profile without its surplus.
func without(p *Profile) []byte {
	var out []byte
	at := 0
	for _, s := range p.Surplus {
		out = append(out, p.Source.Bytes[at:s.Start]...)
		at = s.End
	}
	return append(out, p.Source.Bytes[at:]...)
}

// The deepest nesting that is read, and more, of every kind, must neither overflow the stack nor take long.
func TestDeepNesting(t *testing.T) {
	const many = 5_000_000
	for _, open := range []string{"[", `{"a":`, `[{"a":`, "[ [ /**/", `{"syscalls":[`} {
		p := parse(strings.Repeat(open, many/len(open)))
		last := p.Problems[len(p.Problems)-1]
		if last.Kind != KindJSON || last.Message != "JSON is nested more than 200 levels deep" {
			t.Errorf("%s…: %v", open, last)
		}
	}
	deep := strings.Repeat("[", 199) + strings.Repeat("]", 199)
	if got := show(parse(`{"defaultAction":"a","x":` + deep + `}`)); got != nil {
		t.Errorf("200 levels: %v", got)
	}
	if got := show(parse(`{"defaultAction":"a","x":[` + deep + `]}`)); len(got) != 1 ||
		!strings.HasPrefix(got[0], "224-225 json: ") {
		t.Errorf("201 levels: %v", got)
	}
}

// The default profiles of Docker and Podman are clean, and what is read is what Go's decoder reads.
func TestDefaultProfiles(t *testing.T) {
	for file, want := range map[string]struct {
		dialect Dialect
		rules   int
	}{"testdata/docker-default.json": {Docker, 37}, "testdata/podman-default.json": {Containers, 40}} {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p := Parse(source.NewFile(file, raw))
		if len(p.Problems) > 0 || len(p.UnknownFields) > 0 || len(p.MiscasedFields) > 0 || len(p.DuplicateFields) > 0 {
			t.Errorf("%s: %v %v %v %v", file, p.Problems, p.UnknownFields, p.MiscasedFields, p.DuplicateFields)
		}
		if p.Dialect != want.dialect || len(p.Rules) != want.rules {
			t.Errorf("%s: dialect %d, %d rules; want %d, %d", file, p.Dialect, len(p.Rules), want.dialect, want.rules)
		}
		for _, r := range p.Rules {
			for _, name := range r.Names {
				if !known(name.Text) {
					t.Errorf("%s: syscall %q is not in the table", file, name.Text)
				}
			}
		}
		compareWithGo(t, raw, p)
	}
}

// goProfile is what Docker and Podman decode a profile into, with encoding/json.
type goProfile struct {
	DefaultAction    string   `json:"defaultAction"`
	DefaultErrnoRet  *uint64  `json:"defaultErrnoRet"`
	DefaultErrno     string   `json:"defaultErrno"`
	Architectures    []string `json:"architectures"`
	Flags            []string `json:"flags"`
	ListenerPath     string   `json:"listenerPath"`
	ListenerMetadata string   `json:"listenerMetadata"`
	ArchMap          []*struct {
		Architecture     string   `json:"architecture"`
		SubArchitectures []string `json:"subArchitectures"`
	} `json:"archMap"`
	Syscalls []*struct {
		Names    []string `json:"names"`
		Name     string   `json:"name"`
		Action   string   `json:"action"`
		ErrnoRet *uint64  `json:"errnoRet"`
		Errno    string   `json:"errno"`
		Comment  string   `json:"comment"`
		Args     []*struct {
			Index    uint64 `json:"index"`
			Value    uint64 `json:"value"`
			ValueTwo uint64 `json:"valueTwo"`
			Op       string `json:"op"`
		} `json:"args"`
		Includes goFilter `json:"includes"`
		Excludes goFilter `json:"excludes"`
	} `json:"syscalls"`
}

type goFilter struct {
	Caps      []string `json:"caps"`
	Arches    []string `json:"arches"`
	MinKernel string   `json:"minKernel"`
}

// compareWithGo checks that Parse and encoding/json agree on a text: both refuse it, or both read the same.
func compareWithGo(t *testing.T, raw []byte, p *Profile) {
	t.Helper()
	var want goProfile
	if err := json.Unmarshal(raw, &want); err != nil {
		if len(p.Problems) == 0 {
			t.Errorf("Go's decoder says %v, Parse finds no problem", err)
		}
		return
	}
	for _, problem := range p.Problems {
		if problem.Kind == KindJSON && !strings.Contains(problem.Message, "nested") &&
			!strings.Contains(problem.Message, "UTF-16") {
			t.Errorf("Go's decoder takes the text, Parse finds: %s", problem.Message)
		}
	}
	if len(p.Problems) > 0 || len(p.DuplicateFields) > 0 || p.Dialect == Bundle {
		return // null elements, and members merged into those before them
	}
	texts := func(list []String) (out []string) {
		for _, s := range list {
			out = append(out, s.Text)
		}
		return out
	}
	equal := func(what string, got, want any) {
		t.Helper()
		if g, w := reflect.ValueOf(got), reflect.ValueOf(want); g.Kind() == reflect.Slice && g.Len() == 0 &&
			w.Len() == 0 {
			return
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-Go +Parse):\n%s", what, diff)
		}
	}
	errno := func(n Number) *uint64 {
		if n.Span.IsEmpty() {
			return nil
		}
		return &n.Value
	}
	filter := func(what string, got Scope, want goFilter) {
		t.Helper()
		equal(what+" caps", texts(got.Caps), want.Caps)
		equal(what+" arches", texts(got.Arches), want.Arches)
		equal(what+" minKernel", got.MinKernel.Text, want.MinKernel)
	}
	equal("defaultAction", p.DefaultAction.Text, want.DefaultAction)
	equal("defaultErrnoRet", errno(p.DefaultErrnoRet), want.DefaultErrnoRet)
	equal("defaultErrno", p.DefaultErrno.Text, want.DefaultErrno)
	equal("architectures", texts(p.Architectures), want.Architectures)
	equal("flags", texts(p.Flags), want.Flags)
	equal("listenerPath", p.ListenerPath.Text, want.ListenerPath)
	equal("listenerMetadata", p.ListenerMetadata.Text, want.ListenerMetadata)
	equal("archMap", len(p.ArchMap), len(want.ArchMap))
	for i, m := range p.ArchMap {
		equal("architecture", m.Architecture.Text, want.ArchMap[i].Architecture)
		equal("subArchitectures", texts(m.SubArchitectures), want.ArchMap[i].SubArchitectures)
	}
	equal("rules", len(p.Rules), len(want.Syscalls))
	for i, r := range p.Rules {
		w := want.Syscalls[i]
		names := w.Names
		if len(names) == 0 && w.Name != "" {
			names = []string{w.Name}
		}
		equal("names", texts(r.Names), names)
		equal("name", r.Name.Text, w.Name)
		equal("action", r.Action.Text, w.Action)
		equal("errnoRet", errno(r.ErrnoRet), w.ErrnoRet)
		equal("errno", r.Errno.Text, w.Errno)
		equal("comment", r.Comment.Text, w.Comment)
		filter("includes", r.Includes, w.Includes)
		filter("excludes", r.Excludes, w.Excludes)
		equal("args", len(r.Args), len(w.Args))
		for j, a := range r.Args {
			equal("index", a.Index.Value, w.Args[j].Index)
			equal("value", a.Value.Value, w.Args[j].Value)
			equal("valueTwo", a.ValueTwo.Value, w.Args[j].ValueTwo)
			equal("op", a.Op.Text, w.Args[j].Op)
		}
	}
}

// The schemas are themselves JSON Schema of draft 7.
func TestSchemas(t *testing.T) {
	for name, text := range map[string][]byte{"OCI": ociText, "Docker": dockerText, "SPO": spoText} {
		library(t, text) // which holds them against the schema of schemas that they name
		if _, err := compile(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !bytes.Contains(text, []byte(`"$schema": "http://json-schema.org/draft-07/schema#"`)) {
			t.Errorf("%s does not say that it is of draft 7", name)
		}
	}
	// Every field that the reader knows has a schema, and the other way round.
	for _, test := range []struct {
		schema []byte
		all    bool
	}{{ociText, false}, {dockerText, true}} {
		var schema struct {
			Properties  map[string]any
			Definitions map[string]struct{ Properties map[string]any }
		}
		if err := json.Unmarshal(test.schema, &schema); err != nil {
			t.Fatal(err)
		}
		check := func(what string, o *object, properties map[string]any) {
			n := 0
			for _, f := range o.fields {
				if f.dialect != OCI && !test.all {
					continue
				}
				n++
				if properties[f.name] == nil {
					t.Errorf("%s: the schema lacks %q", what, f.name)
				}
			}
			if n != len(properties) {
				t.Errorf("%s: the schema has %d fields, the reader %d", what, len(properties), n)
			}
		}
		check("profile", &profileObject, schema.Properties)
		check("rule", &ruleObject, schema.Definitions["rule"].Properties)
		check("arg", &argObject, schema.Definitions["arg"].Properties)
	}
}

func TestManyProblems(t *testing.T) {
	// A file of nothing but defects is checked up to a bound, in linear time.
	p := parse(`{"defaultAction":"a","syscalls":[` + strings.Repeat("{},", 200_000) + `{}]}`)
	if n := len(p.Problems); n < maxChecked || n > 2*maxChecked {
		t.Errorf("%d problems", n)
	}
	if len(p.Rules) != 200_001 {
		t.Errorf("%d rules", len(p.Rules))
	}
}

func FuzzParse(f *testing.F) {
	for _, r := range seccomptest.Records(f) {
		if len(r.Profile) < 600 && r.Consumer == "docker" {
			f.Add([]byte(r.Profile))
		}
	}
	for _, s := range []string{
		"", "\xef\xbb\xbf{ // c\n}", "{\"a\":[1,],}#", "[[[{",
		`{"ociVersion":"1","linux":{"seccomp":{"defaultAction":"a"}}}`,
		`{"syscalls":[{"name":"x","Errnoret":1e5,"args":[{"index":9}],"includes":{"caps":[null]}}],"syscalls":[{}]}`,
		"{\"a\":\"\\u12\"}", "\xff\xfe",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file := source.NewFile("seccomp.json", b)
		Sniff(file)
		p := Parse(file)
		inside := func(what string, outer, inner source.Span) {
			t.Helper()
			if inner.Start < 0 || inner.End < inner.Start || !outer.Contains(inner) && inner != (source.Span{}) {
				t.Errorf("%s at %v is not inside %v", what, inner, outer)
			}
		}
		str := func(what string, outer source.Span, s String) {
			t.Helper()
			inside(what, outer, s.Span)
			if !s.Span.IsEmpty() && (b[s.Span.Start] != '"' || b[s.Span.End-1] != '"') {
				t.Errorf("%s at %v is not between quotes: %q", what, s.Span, file.Text(s.Span))
			}
		}
		last := -1
		for _, problem := range p.Problems {
			inside("problem", file.Span(), problem.Span)
			if problem.Span.Start < last {
				t.Errorf("problem at %v stands before the one before it", problem.Span)
			}
			last = problem.Span.Start
			if problem.Message == "text is not JSON" {
				t.Errorf("hujson refuses what the scanner takes")
			}
		}
		inside("profile", file.Span(), p.Span)
		str("defaultAction", p.Span, p.DefaultAction)
		for _, a := range p.Architectures {
			str("architecture", p.Span, a)
		}
		for _, m := range p.ArchMap {
			inside("archMap", p.Span, m.Span)
			str("architecture", m.Span, m.Architecture)
		}
		end := -1
		for _, r := range p.Rules {
			inside("rule", p.SyscallsSpan, r.Span)
			if r.Span.Start < end {
				t.Errorf("rule at %v overlaps the one before it", r.Span)
			}
			end = r.Span.End
			inside("names", r.Span, r.NamesSpan)
			for _, name := range r.Names {
				str("name", r.NamesSpan, name)
			}
			str("action", r.Span, r.Action)
			inside("errnoRet", r.Span, r.ErrnoRet.Span)
			for _, a := range r.Args {
				inside("arg", r.ArgsSpan, a.Span)
				inside("value", a.Span, a.Value.Span)
				str("op", a.Span, a.Op)
			}
			inside("includes", r.Span, r.Includes.Span)
			for _, c := range r.Includes.Caps {
				str("cap", r.Includes.Span, c)
			}
		}
		compareWithGo(t, b, p)
		if value, err := hujson.Parse(b); err == nil && value.Value != nil {
			for _, problem := range p.Problems {
				if problem.Kind == KindJSON && !strings.HasPrefix(problem.Message, "comm") &&
					!strings.Contains(problem.Message, "nested") && !strings.Contains(problem.Message, "UTF-16") {
					t.Errorf("hujson takes the text, the scanner finds: %s", problem.Message)
				}
			}
		}
		if len(p.Surplus) > 0 && len(p.Surplus) == countJSON(p) && !json.Valid(without(p)) {
			t.Errorf("without its surplus the text is no JSON: %q", without(p))
		}
	})
}

// FuzzResource checks what holds of every SeccompProfile: places lie in the file and, without aliases, in each other,
// and what is split off is JSON that reads the same.
func FuzzResource(f *testing.F) {
	const head = "apiVersion: security-profiles-operator.x-k8s.io/v1\nkind: SeccompProfile\n"
	for _, s := range []string{
		"spec:\n  defaultAction: SCMP_ACT_ERRNO\n  architectures: [SCMP_ARCH_X86_64]\n  syscalls:\n  - names: [read," +
			" 'write']\n    action: SCMP_ACT_ALLOW\n    errnoRet: 0\n    args:\n    - {index: 0x1, value: 5.0, op: " +
			"\"SCMP_CMP_EQ\"}\n",
		"spec: {defaultErrnoRet: 1, Syscalls: [{name: a, includes: {caps: [b]}}, null], syscalls: [{names: &a [b, ~," +
			" 1], action: on}, {names: *a}]}\n---\nkind: List\napiVersion: v1\nitems: [{}]\n",
		"metadata: {name: a}\nspec: &s\n  <<: {flags: [x, x]}\n  syscalls: *s\n", "spec: [\n",
		"spec:\n\tdefaultAction: a\n", "spec: |\n  a\n", "? spec\n: {state: x}\n",
	} {
		f.Add([]byte(head+s), false)
	}
	f.Add([]byte(`{"apiVersion":"security-profiles-operator.x-k8s.io/v1","kind":"SeccompProfile",`+
		`"spec":{"syscalls":[{"names":[],}]}}`), true)
	f.Fuzz(func(t *testing.T, b []byte, isJSON bool) {
		name := "p.yaml"
		if isJSON {
			name = "p.json"
		}
		file := source.NewFile(name, b)
		sniffed := Sniff(file)
		profiles := ParseAll(file)
		texts, _, split := SplitResources(file)
		if split && (len(texts) != len(profiles) || !sniffed) {
			t.Errorf("%d profiles, %d after splitting, sniffed %v", len(profiles), len(texts), sniffed)
		}
		aliases := bytes.IndexByte(b, '*') >= 0 || bytes.Contains(b, []byte("<<"))
		for n, p := range profiles {
			inside := func(what string, outer, inner source.Span) {
				t.Helper()
				if inner.Start < 0 || inner.End < inner.Start || !file.Span().Contains(inner) ||
					!aliases && !outer.Contains(inner) && inner != (source.Span{}) {
					t.Errorf("%s at %v is not inside %v", what, inner, outer)
				}
			}
			for i, problem := range p.Problems {
				inside("problem", file.Span(), problem.Span)
				if i > 0 && problem.Span.Start < p.Problems[i-1].Span.Start {
					t.Errorf("problem at %v stands before the one before it", problem.Span)
				}
			}
			inside("spec", file.Span(), p.Span)
			inside("defaultAction", p.Span, p.DefaultAction.Span)
			inside("baseProfileName", p.Span, p.BaseProfileName.Span)
			for _, r := range p.Rules {
				inside("rule", p.SyscallsSpan, r.Span)
				for _, s := range r.Names {
					inside("name", r.NamesSpan, s.Span)
				}
				for _, a := range r.Args {
					inside("arg", r.ArgsSpan, a.Span)
					inside("value", a.Span, a.Value.Span)
				}
			}
			for _, list := range [][]Field{p.UnknownFields, p.DuplicateFields} {
				for _, field := range list {
					inside("field", file.Span(), field.Name.Span)
					inside("value", file.Span(), field.Value)
				}
			}
			if !split {
				continue
			}
			if !json.Valid(texts[n]) {
				t.Errorf("no JSON: %s", texts[n])
			}
			again := Parse(source.NewFile("p.json", texts[n]))
			if len(again.Rules) != len(p.Rules) ||
				again.DefaultAction.Text != p.DefaultAction.Text &&
					len(p.DuplicateFields)+len(again.MiscasedFields) == 0 {
				t.Errorf("%s reads otherwise than %s", texts[n], b)
			}
		}
	})
}

func countJSON(p *Profile) (n int) {
	for _, problem := range p.Problems {
		if problem.Kind == KindJSON {
			n++
		}
	}
	return n
}

func BenchmarkParse(b *testing.B) {
	raw, err := os.ReadFile("testdata/docker-default.json")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		Parse(source.NewFile("seccomp.json", raw))
	}
}

func BenchmarkSniff(b *testing.B) {
	raw := []byte(`{"name":"x","lockfileVersion":3,"packages":[` +
		strings.Repeat(`{"version":"1.0.0","resolved":"https://example.org/x.tgz"},`, 20_000) + `{}]}`)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if Sniff(source.NewFile("package-lock.json", raw)) {
			b.Fatal("taken for a profile")
		}
	}
}
