package seccomp

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
)

func apply(t *testing.T, p *seccomp.Profile, edits []fixers.Edit) string {
	t.Helper()
	text, err := fixers.Apply(p.Source, edits)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestRemoveStrings runs each case with LF and with CRLF; the array is the names of the only rule.
func TestRemoveStrings(t *testing.T) {
	tests := []struct {
		name, before string
		drop         []int
		want         string // "" for no edit
	}{
		{"first of a line", `["a", "b", "c"]`, []int{0}, `["b", "c"]`},
		{"middle of a line", `["a", "b", "c"]`, []int{1}, `["a", "c"]`},
		{"last of a line", `["a", "b", "c"]`, []int{2}, `["a", "b"]`},
		{"no blanks", `["a","b","c"]`, []int{1}, `["a","c"]`},
		{"blanks before commas", `[ "a" , "b" , "c" ]`, []int{1}, `[ "a" , "c" ]`},
		{"only one", `[ "a" ]`, []int{0}, `[]`},
		{"only one, on its line", "[\n\t\"a\"\n]", []int{0}, `[]`},
		{"one a line, first", "[\n\t\"a\",\n\t\"b\",\n\t\"c\"\n]", []int{0}, "[\n\t\"b\",\n\t\"c\"\n]"},
		{"one a line, middle", "[\n\t\"a\",\n\t\"b\",\n\t\"c\"\n]", []int{1}, "[\n\t\"a\",\n\t\"c\"\n]"},
		{"one a line, last", "[\n\t\"a\",\n\t\"b\",\n\t\"c\"\n]", []int{2}, "[\n\t\"a\",\n\t\"b\"\n]"},
		{"commas in front", "[ \"a\"\n, \"b\"\n, \"c\" ]", []int{1}, "[ \"a\"\n, \"c\" ]"},
		{
			"several a line, end of a line", "[\n\t\"a\", \"b\",\n\t\"c\", \"d\"\n]", []int{1},
			"[\n\t\"a\",\n\t\"c\", \"d\"\n]",
		},
		{
			"several a line, begin of a line", "[\n\t\"a\", \"b\",\n\t\"c\", \"d\"\n]", []int{2},
			"[\n\t\"a\", \"b\",\n\t\"d\"\n]",
		},
		{"several", `["a", "b", "c", "d", "e"]`, []int{4, 0, 2}, `["b", "d"]`},
		{"neighbours", `["a", "b", "c", "d"]`, []int{1, 2}, `["a", "d"]`},
		{"the first two", `["a", "b", "c"]`, []int{0, 1}, `["c"]`},
		{"all but the first", `["a", "b", "c"]`, []int{2, 1, 1}, `["a"]`},
		{"all", `["a", "b"]`, []int{0, 1}, `[]`},
		{"none", `["a"]`, nil, ""},
		{"beside a null", `["a", null, "b", "c"]`, []int{1}, `["a", null, "c"]`},
		{"before a null", `["a", "b", null]`, []int{1}, `["a", null]`},
		{"after a null, last", `["a", null, "b"]`, []int{1}, ""},
		{"between nulls", `[null, "b", null]`, []int{0}, ""},
		{"around a null", `["a", null, "b", "c"]`, []int{0, 1}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, newline := range []string{"\n", "\r\n"} {
				wrap := func(s string) string {
					return `{"defaultAction":"x","syscalls":[{"names":` + strings.ReplaceAll(s, "\n", newline) +
						`,"action":"y"}]}`
				}
				p := seccomp.Parse(source.NewFile("p", []byte(wrap(test.before))))
				edits := RemoveStrings(p, p.Rules[0].Names, test.drop...)
				if test.want == "" {
					if edits != nil {
						t.Errorf("edits that must not be made: %v", edits)
					}
				} else if got := apply(t, p, edits); got != wrap(test.want) {
					t.Errorf("got %q, want %q", got, wrap(test.want))
				}
			}
		})
	}
}

func TestInsertString(t *testing.T) {
	tests := []struct {
		name, before string
		at           int
		want         string
	}{
		{"front", `["a", "b"]`, 0, `["x\"", "a", "b"]`},
		{"middle", `["a","b"]`, 1, `["a","x\"","b"]`},
		{"end", `["a", "b"]`, 2, `["a", "b", "x\""]`},
		{"one", `["a"]`, 1, `["a", "x\""]`},
		{"one, on its line", "[\n  \"a\"\n]", 1, "[\n  \"a\",\n  \"x\\\"\"\n]"},
		{"one a line, front", "[\n  \"a\",\n  \"b\"\n]", 0, "[\n  \"x\\\"\",\n  \"a\",\n  \"b\"\n]"},
		{"one a line, end", "[\n  \"a\",\n  \"b\"\n]", 2, "[\n  \"a\",\n  \"b\",\n  \"x\\\"\"\n]"},
		{"around a null", `["a", null, "b"]`, 1, `["a", null, "x\"", "b"]`},
		{"empty", `[]`, 0, `[]`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, newline := range []string{"\n", "\r\n"} {
				wrap := func(s string) string {
					return `{"syscalls":[{"names":` + strings.ReplaceAll(s, "\n", newline) + `}]}`
				}
				p := seccomp.Parse(source.NewFile("p", []byte(wrap(test.before))))
				if got := apply(t, p, InsertString(p, p.Rules[0].Names, test.at, `x"`)); got != wrap(test.want) {
					t.Errorf("got %q, want %q", got, wrap(test.want))
				}
			}
		})
	}
}

func TestReplaceString(t *testing.T) {
	p := seccomp.Parse(source.NewFile("p", []byte(`{"syscalls":[{"names":["a","b"]}]}`)))
	if got, want := apply(t, p,
		ReplaceString(p, p.Rules[0].Names[1], "<c>")), `{"syscalls":[{"names":["a","<c>"]}]}`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRemoveRules(t *testing.T) {
	p := seccomp.Parse(source.NewFile("p",
		[]byte("{\"syscalls\": [\n  {\"names\": [\"a\"]},\n  {\"names\": [\"b\"]}, {\n    \"names\": "+
			"[\"c\"]\n  }\n]}")))
	for drop, want := range map[int]string{
		0: "{\"syscalls\": [\n  {\"names\": [\"b\"]}, {\n    \"names\": [\"c\"]\n  }\n]}",
		1: "{\"syscalls\": [\n  {\"names\": [\"a\"]},\n  {\n    \"names\": [\"c\"]\n  }\n]}",
		2: "{\"syscalls\": [\n  {\"names\": [\"a\"]},\n  {\"names\": [\"b\"]}\n]}",
	} {
		if got := apply(t, p, RemoveRules(p, drop)); got != want {
			t.Errorf("without %d: got %q, want %q", drop, got, want)
		}
	}
}

func TestRemoveField(t *testing.T) {
	tests := []struct{ name, before, want string }{
		{"first", `{"errnoRet": 1, "names": ["a"]}`, `{"names": ["a"]}`},
		{"middle", `{"names": ["a"], "errnoRet" : 1 , "action": "x"}`, `{"names": ["a"], "action": "x"}`},
		{"last", `{"names": ["a"], "errnoRet": 1}`, `{"names": ["a"]}`},
		{"only", `{ "errnoRet": 1 }`, `{}`},
		{
			"one a line", "{\n\t\"names\": [\"a\"],\n\t\"errnoRet\": 1,\n\t\"action\": \"x\"\n}",
			"{\n\t\"names\": [\"a\"],\n\t\"action\": \"x\"\n}",
		},
		{"one a line, last", "{\n\t\"names\": [\"a\"],\n\t\"errnoRet\": 1\n}", "{\n\t\"names\": [\"a\"]\n}"},
		{"comment below", "{\"errnoRet\": 1, // c\n\"names\": [\"a\"]}", ""},
		{"comment above, last", "{\"names\": [\"a\"], // c\n\"errnoRet\": 1}", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := seccomp.Parse(source.NewFile("p", []byte(`{"syscalls":[`+test.before+`]}`)))
			edits := RemoveField(p, p.Rules[0].ErrnoRet.Span)
			if test.want == "" {
				if edits != nil {
					t.Errorf("edits that must not be made: %v", edits)
				}
			} else if got := apply(t, p, edits); got != `{"syscalls":[`+test.want+`]}` {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestRemoveArchMap(t *testing.T) {
	p := seccomp.Parse(source.NewFile("p", []byte(`{"archMap": [{"architecture": "A"}, {"architecture": "B"}]}`)))
	if got, want := apply(t, p, RemoveArchMap(p, 1)), `{"archMap": [{"architecture": "A"}]}`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestInsertField(t *testing.T) {
	tests := []struct{ before, want string }{
		{`{"names": ["a"], "errno": "ENOSYS"}`, `{"names": ["a"], "errno": "ENOSYS", "errnoRet": 38}`},
		{`{"errno":"ENOSYS","names":["a"]}`, `{"errno":"ENOSYS", "errnoRet":38,"names":["a"]}`},
		{
			"{\n\t\"errno\": \"ENOSYS\",\n\t\"names\": []\n}",
			"{\n\t\"errno\": \"ENOSYS\",\n\t\"errnoRet\": 38,\n\t\"names\": []\n}",
		},
		{"{\r\n\t\"errno\": \"ENOSYS\"\r\n}", "{\r\n\t\"errno\": \"ENOSYS\",\r\n\t\"errnoRet\": 38\r\n}"},
		{`{"errno": /* c */ "ENOSYS"}`, ""},
	}
	for _, test := range tests {
		p := seccomp.Parse(source.NewFile("p", []byte(`{"syscalls":[`+test.before+`]}`)))
		edits := InsertField(p, p.Rules[0].Errno.Span, "errnoRet", "38")
		if test.want == "" {
			if edits != nil {
				t.Errorf("edits of %q that must not be made: %v", test.before, edits)
			}
		} else if got := apply(t, p, edits); got != `{"syscalls":[`+test.want+`]}` {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestNameToNames(t *testing.T) {
	tests := []struct{ before, want string }{
		{`{"name": "read", "action": "x"}`, `{"names": ["read"], "action": "x"}`},
		{`{"action":"x","name":"a\u0062"}`, `{"action":"x","names":["a\u0062"]}`},
		{`{"Name": "read"}`, `{"names": ["read"]}`},
		{`{"name": "read", "names": []}`, ""},
		{`{"name": "read", "Names": null}`, ""},
		{`{"name": /* c */ "read"}`, ""},
	}
	for _, test := range tests {
		p := seccomp.Parse(source.NewFile("p", []byte(`{"syscalls":[`+test.before+`]}`)))
		edits := NameToNames(p, p.Rules[0])
		if test.want == "" {
			if edits != nil {
				t.Errorf("edits of %q that must not be made: %v", test.before, edits)
			}
		} else if got := apply(t, p, edits); got != `{"syscalls":[`+test.want+`]}` {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

// FuzzEdits removes, replaces and inserts in any profile, and checks that the names are what they should be then.
func FuzzEdits(f *testing.F) {
	f.Add([]byte("{\"syscalls\": [{\"names\": [\"a\",\n \"b\" , \"c\"], \"errnoRet\": 3}, null, {\"name\": \"d\"}]}"),
		uint8(3), uint8(1))
	f.Add([]byte(`{"syscalls":[{"names":["a",null,"b"]},{"names":["a","b"]}]}`), uint8(6), uint8(0))
	f.Fuzz(func(t *testing.T, text []byte, bits, at uint8) {
		if !json.Valid(text) {
			return
		}
		p := seccomp.Parse(source.NewFile("p", text))
		names := func(p *seccomp.Profile) [][]string {
			var out [][]string
			for _, r := range p.Rules {
				var list []string
				for _, s := range r.Names {
					list = append(list, s.Text)
				}
				out = append(out, list)
			}
			return out
		}
		check := func(edits []fixers.Edit, want [][]string) {
			if edits == nil {
				return
			}
			after := apply(t, p, edits)
			if !json.Valid([]byte(after)) {
				t.Fatalf("%q became %q, which is not JSON", text, after)
			}
			if d := cmp.Diff(want, names(seccomp.Parse(source.NewFile("p", []byte(after)))),
				cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("%q became %q: %s", text, after, d)
			}
		}
		if p.SyscallsSpan.IsEmpty() || len(p.DuplicateFields) > 0 {
			return
		}
		for n, r := range p.Rules {
			if r.LegacyName || r.Name.Text != "" || len(r.Names) == 0 {
				continue
			}
			want := names(p)
			var drop []int
			want[n] = nil
			for i, s := range r.Names {
				if i < 8 && bits&(1<<i) != 0 {
					drop = append(drop, i)
				} else {
					want[n] = append(want[n], s.Text)
				}
			}
			check(RemoveStrings(p, r.Names, drop...), want)
			i := int(at) % (len(r.Names) + 1)
			want = names(p)
			want[n] = slices.Insert(want[n], i, "new")
			check(InsertString(p, r.Names, i, "new"), want)
			if !r.ErrnoRet.Span.IsEmpty() {
				check(RemoveField(p, r.ErrnoRet.Span), names(p))
			}
			check(RemoveRules(p, n), slices.Delete(names(p), n, n+1))
		}
	})
}

func TestRemoveElement(t *testing.T) {
	for _, test := range []struct{ before, after string }{ // the element is null
		{`[null]`, `[]`},
		{`[ null ]`, `[]`},
		{`[null, 1]`, `[1]`},
		{`[1, null]`, `[1]`},
		{`[1, null, 2]`, `[1, 2]`},
		{`[1,null,2]`, `[1,2]`},
		{"[\n\t1,\n\tnull,\n\t2\n]", "[\n\t1,\n\t2\n]"},
		{"[\n\tnull,\n\t2\n]", "[\n\t2\n]"},
		{"[\n\t1,\n\tnull\n]", "[\n\t1\n]"},
		{"[\n\t1,\n\tnull, 2\n]", "[\n\t1,\n\t2\n]"},
		{"[\n\t1, null,\n\t2\n]", "[\n\t1,\n\t2\n]"},
		{"[\r\n\t1,\r\n\tnull\r\n]", "[\r\n\t1\r\n]"},
		{`[1, /* */ null]`, ``},
		{`[null // x`, ``},
		{`{"a": null}`, ``},
		{`null`, ``},
	} {
		f := source.NewFile("p.json", []byte(test.before))
		i := strings.Index(test.before, "null")
		edits := RemoveElement(&seccomp.Profile{Source: f}, source.Span{Start: i, End: i + 4})
		got := ""
		if edits != nil {
			text, err := fixers.Apply(f, edits)
			if err != nil {
				t.Fatal(err)
			}
			got = string(text)
		}
		if got != test.after {
			t.Errorf("%q: got %q, want %q", test.before, got, test.after)
		}
	}
}

func TestOnlyElement(t *testing.T) {
	for text, want := range map[string]bool{
		`[null]`: true, "[\n null\t]": true, `[null, 1]`: false, `[1, null]`: false, `{"a": null}`: false,
		`null`: false,
	} {
		i := strings.Index(text, "null")
		if got := OnlyElement(&seccomp.Profile{Source: source.NewFile("p.json", []byte(text))},
			source.Span{Start: i, End: i + 4}); got != want {
			t.Errorf("%q: got %v", text, got)
		}
	}
}
