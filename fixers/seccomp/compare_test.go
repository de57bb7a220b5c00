package seccomp

import (
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
)

func compareTexts(before, after string, changes fixers.Changes) string {
	return Compare(source.NewFile("p.json", []byte(before)), source.NewFile("p.json", []byte(after)),
		[]fixers.Fix{{Changes: changes}}, decide.Targets{})
}

// TestCompareRules has pairs of rule lists of a profile whose default is ERRNO, with those that decide alike.
func TestCompareRules(t *testing.T) {
	const eq = `"op":"SCMP_CMP_EQ"`
	tests := []struct {
		name, before, after string
		same                bool
	}{
		{
			"layout", `{"names":["a","b"],"action":"SCMP_ACT_ALLOW"}`,
			"{\n\"action\" : \"SCMP_ACT_ALLOW\" , \"names\":[ \"a\",\"b\" ] }", true,
		},
		{
			"escapes", `{"names":["a"],"action":"SCMP_ACT_ALLOW"}`, `{"names":["\u0061"],"action":"SCMP_ACT_ALLOW"}`,
			true,
		},
		{
			"order of names", `{"names":["a","b"],"action":"SCMP_ACT_ALLOW"}`,
			`{"names":["b","a"],"action":"SCMP_ACT_ALLOW"}`, true,
		},
		{
			"name twice", `{"names":["a","b","a"],"action":"SCMP_ACT_ALLOW"}`,
			`{"names":["a","b"],"action":"SCMP_ACT_ALLOW"}`, true,
		},
		{
			"rule twice", `{"names":["a"],"action":"SCMP_ACT_ALLOW"},{"names":["a"],"action":"SCMP_ACT_ALLOW"}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW"}`, true,
		},
		{"rule again, another one between",
			`{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{` + eq +
				`}]},{"names":["a"],"action":"SCMP_ACT_LOG","args":[{"index":1,` + eq +
				`}]},{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{` + eq + `}]}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{` + eq +
				`}]},{"names":["a"],"action":"SCMP_ACT_LOG","args":[{"index":1,` + eq + `}]}`, true},
		{
			"rules joined", `{"names":["a"],"action":"SCMP_ACT_ALLOW"},{"names":["b"],"action":"SCMP_ACT_ALLOW"}`,
			`{"names":["a","b"],"action":"SCMP_ACT_ALLOW"}`, true,
		},
		{
			"order of rules for different syscalls",
			`{"names":["a"],"action":"SCMP_ACT_ALLOW"},{"names":["b"],"action":"SCMP_ACT_LOG"}`,
			`{"names":["b"],"action":"SCMP_ACT_LOG"},{"names":["a"],"action":"SCMP_ACT_ALLOW"}`, true,
		},
		{
			"comment and unknown field", `{"names":["a"],"action":"SCMP_ACT_ALLOW","comment":"x","foo":1}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW"}`, true,
		},
		{
			"empty fields",
			`{"names":["a"],"action":"SCMP_ACT_ALLOW","args":null,"includes":{},"excludes":{"caps":[]}}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[]}`, true,
		},
		{
			"field in other case", `{"Names":["a"],"action":"SCMP_ACT_ALLOW"}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW"}`, true,
		},
		{"legacy name", `{"name":"a","action":"SCMP_ACT_ALLOW"}`, `{"names":["a"],"action":"SCMP_ACT_ALLOW"}`, true},
		{
			"name beside names", `{"name":"a","names":["a"],"action":"SCMP_ACT_ALLOW"}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW"}`, false,
		},
		{"rule without names", `{"names":[],"action":"SCMP_ACT_ALLOW"}`, ``, true},
		{"null rule", `null`, ``, false},
		{
			"errno where it means nothing", `{"names":["a"],"action":"SCMP_ACT_ALLOW","errnoRet":3}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW"}`, true,
		},
		{
			"errno of TRACE", `{"names":["a"],"action":"SCMP_ACT_TRACE","errnoRet":3}`,
			`{"names":["a"],"action":"SCMP_ACT_TRACE"}`, false,
		},
		{
			"errno EPERM", `{"names":["a"],"action":"SCMP_ACT_TRACE","errnoRet":1}`,
			`{"names":["a"],"action":"SCMP_ACT_TRACE"}`, true,
		},
		{
			"symbolic errno", `{"names":["a"],"action":"SCMP_ACT_ERRNO","errno":"ENOSYS","errnoRet":38}`,
			`{"names":["a"],"action":"SCMP_ACT_ERRNO","errnoRet":38}`, false,
		},
		{
			"symbolic errno without number", `{"names":["a"],"action":"SCMP_ACT_ERRNO","errno":"ENOSYS"}`,
			`{"names":["a"],"action":"SCMP_ACT_ERRNO","errno":"ENOSYS","errnoRet":38}`, true,
		},
		{
			"symbolic errno with another number", `{"names":["a"],"action":"SCMP_ACT_ERRNO","errno":"ENOSYS"}`,
			`{"names":["a"],"action":"SCMP_ACT_ERRNO","errno":"ENOSYS","errnoRet":13}`, false,
		},
		{
			"two names for one action", `{"names":["a"],"action":"SCMP_ACT_KILL"}`,
			`{"names":["a"],"action":"SCMP_ACT_KILL_THREAD"}`, true,
		},
		{
			"other action", `{"names":["a"],"action":"SCMP_ACT_KILL"}`,
			`{"names":["a"],"action":"SCMP_ACT_KILL_PROCESS"}`, false,
		},
		{
			"name gone", `{"names":["a","b"],"action":"SCMP_ACT_ALLOW"}`, `{"names":["a"],"action":"SCMP_ACT_ALLOW"}`,
			false,
		},
		{"name gone that decides as the default", `{"names":["a"],"action":"SCMP_ACT_ERRNO"}`, ``, false},
		{
			"rule that decides as the default, name still there",
			`{"names":["a"],"action":"SCMP_ACT_ERRNO"},{"names":["a"],"action":"SCMP_ACT_ALLOW"}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW"}`, true,
		},
		{
			"rule that decides as the default but for its errno",
			`{"names":["a"],"action":"SCMP_ACT_ERRNO","errnoRet":2},{"names":["a"],"action":"SCMP_ACT_ALLOW"}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW"}`, false,
		},
		{
			"second rule without conditions",
			`{"names":["a"],"action":"SCMP_ACT_LOG"},{"names":["a"],"action":"SCMP_ACT_ALLOW"}`,
			`{"names":["a"],"action":"SCMP_ACT_LOG"}`, true,
		},
		{
			"first rule without conditions",
			`{"names":["a"],"action":"SCMP_ACT_LOG"},{"names":["a"],"action":"SCMP_ACT_ALLOW"}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW"}`, false,
		},
		{
			"rule with a condition beside one without",
			`{"names":["a"],"action":"SCMP_ACT_LOG","args":[{"index":0,` + eq +
				`}]},{"names":["a"],"action":"SCMP_ACT_ALLOW"}`, `{"names":["a"],"action":"SCMP_ACT_ALLOW"}`, true,
		},
		{
			"the same with capabilities",
			`{"names":["a"],"action":"SCMP_ACT_LOG","includes":{"caps":["CAP_BPF"]}},{"names":["a"],` +
				`"action":"SCMP_ACT_ALLOW"}`, `{"names":["a"],"action":"SCMP_ACT_ALLOW"}`, false,
		},
		{
			"capabilities", `{"names":["a"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_BPF"]}}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW"}`, false,
		},
		{
			"order of capabilities", `{"names":["a"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["X","Y","X"]}}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["Y","X"]}}`, true,
		},
		{"order of rules with conditions",
			`{"names":["a"],"action":"SCMP_ACT_LOG","args":[{"index":0,` + eq +
				`}]},{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"index":1,` + eq + `}]}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"index":1,` + eq +
				`}]},{"names":["a"],"action":"SCMP_ACT_LOG","args":[{"index":0,` + eq + `}]}`, false},
		{
			"zero left out",
			`{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":0,"valueTwo":0,` + eq + `}]}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{` + eq + `}]}`, true,
		},
		{
			"second value that is not looked at",
			`{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"valueTwo":5,` + eq + `}]}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{` + eq + `}]}`, true,
		},
		{
			"other value", `{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"value":1,` + eq + `}]}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"value":2,` + eq + `}]}`, false,
		},
		{
			"condition gone", `{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"value":1,` + eq + `}]}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW"}`, false,
		},
		{
			"order of conditions",
			`{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,` + eq + `},{"index":1,` + eq + `}]}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"index":1,` + eq + `},{"index":0,` + eq + `}]}`, true,
		},
		{"conditions on one argument are alternatives",
			`{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,` + eq + `},{"index":0,"value":2,` +
				eq + `}]}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,` + eq +
				`}]},{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":2,` + eq + `}]}`, true},
		{"conditions on two arguments are not",
			`{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,` + eq + `},{"index":1,"value":2,` +
				eq + `}]}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,` + eq +
				`}]},{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"index":1,"value":2,` + eq + `}]}`, false},
		{
			"bits outside the mask",
			`{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"value":12,"valueTwo":7,"op":"SCMP_CMP_MASKED_EQ"}]}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"value":12,"valueTwo":4,"op":"SCMP_CMP_MASKED_EQ"}]}`,
			true,
		},
		{
			"bits inside the mask",
			`{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"value":12,"valueTwo":12,"op":"SCMP_CMP_MASKED_EQ"}]}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"value":12,"valueTwo":4,"op":"SCMP_CMP_MASKED_EQ"}]}`,
			false,
		},
		{
			"no mask",
			`{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"value":0,"valueTwo":7,"op":"SCMP_CMP_MASKED_EQ"}]}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW"}`, true,
		},
		{
			"names of a wrong type", `{"names":"a","action":"SCMP_ACT_ALLOW"}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW"}`, false,
		},
		{
			"args of a wrong type", `{"names":["a"],"action":"SCMP_ACT_ALLOW","args":{"index":0}}`,
			`{"names":["a"],"action":"SCMP_ACT_ALLOW"}`, false,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			wrap := func(rules string) string { return `{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[` + rules + `]}` }
			for _, pair := range [][2]string{{test.before, test.after}, {test.after, test.before}} {
				if d := compareTexts(wrap(pair[0]), wrap(pair[1]), fixers.Changes{}); (d == "") != test.same {
					t.Errorf("%s to %s: %q", pair[0], pair[1], d)
				}
			}
		})
	}
}

func TestCompare(t *testing.T) {
	declare := func(names ...string) fixers.Changes { return fixers.Changes{Syscalls(names)} }
	repair := fixers.Changes{fixers.Repair{}}
	profile := func(rules string) string { return `{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[` + rules + `]}` }
	const meet = `{"names":["socket"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]},` +
		`{"names":["socket"],"action":"SCMP_ACT_KILL","args":[{"index":0,"value":2,"op":"SCMP_CMP_EQ"}]}`
	tests := []struct {
		name, before, after string
		changes             fixers.Changes
		want                string // "" when the change is allowed, else a part of the answer
	}{
		{
			"declared", profile(`{"names":["chmodd","b"],"action":"SCMP_ACT_ALLOW"}`),
			profile(`{"names":["chmod","b"],"action":"SCMP_ACT_ALLOW"}`), declare("chmod", "chmodd"), "",
		},
		{
			"half declared", profile(`{"names":["chmodd","b"],"action":"SCMP_ACT_ALLOW"}`),
			profile(`{"names":["chmod","b"],"action":"SCMP_ACT_ALLOW"}`), declare("chmodd"),
			`the decision about "chmod" is ALLOW after the fix, and was ERRNO EPERM`,
		},
		{
			"another one lost", profile(`{"names":["chmodd","b"],"action":"SCMP_ACT_ALLOW"}`),
			profile(`{"names":["chmod"],"action":"SCMP_ACT_ALLOW"}`), declare("chmod", "chmodd"),
			`no rule names the syscall "b"`,
		},
		{
			"another one decided otherwise", profile(`{"names":["a","b"],"action":"SCMP_ACT_ALLOW"}`),
			profile(`{"names":["a","b"],"action":"SCMP_ACT_LOG"}`), declare("a"),
			`other rules decide about the syscall "b"`,
		},
		{
			"default action", `{"defaultAction":"SCMP_ACT_ERRNO"}`, `{"defaultAction":"SCMP_ACT_ALLOW"}`, declare("a"),
			`defaultAction is "SCMP_ACT_ALLOW" after the fix, and was "SCMP_ACT_ERRNO" 1`,
		},
		{
			"default errno", `{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38}`,
			`{"defaultAction":"SCMP_ACT_ERRNO"}`, declare(), "defaultAction",
		},
		{
			"default errno where it means nothing", `{"defaultAction":"SCMP_ACT_ALLOW","defaultErrnoRet":38}`,
			`{"defaultAction":"SCMP_ACT_ALLOW"}`, declare(), "",
		},
		{
			"order of architectures", `{"defaultAction":"x","architectures":["A","B","A"]}`,
			`{"defaultAction":"x","architectures":["B","A"]}`, declare(), "",
		},
		{
			"architecture gone", `{"defaultAction":"x","architectures":["A","B"]}`,
			`{"defaultAction":"x","architectures":["B"]}`, declare(),
			`architectures is ["B"] after the fix, and was ["A","B"]`,
		},
		{"no architectures", `{"defaultAction":"x","architectures":[]}`, `{"defaultAction":"x"}`, declare(), ""},
		{
			"no flags is not the same as absent flags", `{"defaultAction":"x","flags":[]}`, `{"defaultAction":"x"}`,
			declare(), `flags is absent after the fix, and was []`,
		},
		{
			"order of sub-architectures",
			`{"defaultAction":"x","archMap":[{"architecture":"A","subArchitectures":["B","C"]}]}`,
			`{"defaultAction":"x","archMap":[{"architecture":"A","subArchitectures":["C","B"]}]}`, declare(), "",
		},
		{
			"second entry of the map for a host",
			`{"defaultAction":"x","archMap":[{"architecture":"A"},{"architecture":"A","subArchitectures":["B"]}]}`,
			`{"defaultAction":"x","archMap":[{"architecture":"A"}]}`, declare(), "",
		},
		{
			"first entry of the map for a host",
			`{"defaultAction":"x","archMap":[{"architecture":"A"},{"architecture":"A","subArchitectures":["B"]}]}`,
			`{"defaultAction":"x","archMap":[{"architecture":"A","subArchitectures":["B"]}]}`, declare(), "archMap",
		},
		{
			"order of the map", `{"defaultAction":"x","archMap":[{"architecture":"A"},{"architecture":"B"}]}`,
			`{"defaultAction":"x","archMap":[{"architecture":"B"},{"architecture":"A"}]}`, declare(), "archMap",
		},
		{
			"listener",
			`{"defaultAction":"x","listenerPath":"/a","syscalls":[{"names":["a"],"Action":"SCMP_ACT_NOTIFY"}]}`,
			`{"defaultAction":"x","syscalls":[{"names":["a"],"Action":"SCMP_ACT_NOTIFY"}]}`, declare(),
			"listenerPath is absent",
		},
		{
			"listener of the default", `{"defaultAction":"SCMP_ACT_NOTIFY","listenerPath":"/a"}`,
			`{"defaultAction":"SCMP_ACT_NOTIFY"}`, declare(), "listenerPath is absent",
		},
		{
			"listener that nobody notifies",
			`{"defaultAction":"x","listenerPath":"/a","listenerMetadata":"b","syscalls":[{"names":["a"],` +
				`"action":"SCMP_ACT_ERRNO"}]}`,
			`{"defaultAction":"x","syscalls":[{"names":["a"],"action":"SCMP_ACT_ERRNO"}]}`, declare(), "",
		},
		{
			"architecture of the entry itself",
			`{"defaultAction":"x","archMap":[{"architecture":"A","subArchitectures":["A","B"]}]}`,
			`{"defaultAction":"x","archMap":[{"architecture":"A","subArchitectures":["B"]}]}`, declare(), "",
		},
		{
			"rule without names beside null", profile(`{"names":[],"action":"SCMP_ACT_ALLOW"},null`), profile(`null`),
			declare(), "",
		},
		{
			"null gone", profile(`null,null`), profile(`null`), declare(),
			"element 2 of syscalls that is not a rule is absent",
		},
		{"rules about calls that meet in socketcall in another order",
			`{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86"],` +
				`"syscalls":[{"names":["socketcall"],"action":"SCMP_ACT_LOG"},` + meet + `]}`,
			`{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86"],"syscalls":[` + meet +
				`,{"names":["socketcall"],"action":"SCMP_ACT_LOG"}]}`, declare(),
			`the profile is refused: libseccomp refuses a second action for "socket" on x86`},
		{
			"key twice", `{"defaultAction":"x","defaultAction":"x"}`, `{"defaultAction":"x"}`, declare(),
			`before the fix cannot be read, so nothing can be compared: the key "defaultAction" occurs twice`,
		},
		{
			"key twice in other case", `{"defaultAction":"x","defaultaction":"x"}`, `{"defaultAction":"x"}`, declare(),
			"in different case",
		},
		{
			"key twice, made by the fix", `{"defaultAction":"x"}`, `{"defaultAction":"x","defaultAction":"x"}`,
			declare(), "the result cannot be read",
		},
		{"key twice, repaired", `{"defaultAction":"x","defaultAction":"y"}`, `{"defaultAction":"y"}`, repair, ""},
		{
			"two keys twice, one repaired", `{"defaultAction":"x","defaultAction":"y","flags":[],"flags":[]}`,
			`{"defaultAction":"y","flags":[],"flags":[]}`, repair, "",
		},
		{
			"key twice, made by a repair", `{"defaultAction":"y",}`, `{"defaultAction":"y","defaultAction":"y"}`,
			repair, "the result cannot be read",
		},
		{
			"comment twice", `{"defaultAction":"x","//":"a","//":"b","flags":null}`,
			`{"defaultAction":"x","//":"a","//":"b"}`, declare(), "",
		},
		{"repair", `{"defaultAction":"x",}`, `{"defaultAction":"x"}`, repair, ""},
		{
			"repair without effect", `{"defaultAction":"x",}`, `{"defaultAction":"x",,}`, repair,
			"the result cannot be read",
		},
		{
			"not declared to be a repair", `{"defaultAction":"x",}`, `{"defaultAction":"x"}`, declare(),
			"before the fix cannot be read",
		},
		{"two documents", `{}`, `{}{}`, declare(), "something follows"},
		{
			"bundle",
			`{"ociVersion":"1","linux":{"seccomp":{"defaultAction":"x","syscalls":[{"names":["b","a"]}]},"x":1}}`,
			`{"linux":{"x":1,"seccomp":{"syscalls":[{"names":["a","b"]}],"defaultAction":"x"}},"ociVersion":"1"}`,
			declare(), "",
		},
		{
			"what surrounds the profile", `{"ociVersion":"1","linux":{"seccomp":{"defaultAction":"x"},"x":1}}`,
			`{"ociVersion":"1","linux":{"seccomp":{"defaultAction":"x"},"x":2}}`, declare(), "config.json",
		},
		{
			"bundle without profile", `{"ociVersion":"1","linux":{"seccomp":null}}`,
			`{"ociVersion":"1","linux":{"seccomp":{}}}`, declare(),
			"linux.seccomp is absent after the fix, and was null",
		},
		{"no object", `[]`, `{}`, declare(), "profile is absent after the fix, and was []"},
		{"too deep", `{}`, strings.Repeat("[", 1<<20), declare(), "nested too deeply"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if d := compareTexts(test.before, test.after, test.changes); (d == "") != (test.want == "") ||
				!strings.Contains(d, test.want) {
				t.Errorf("got %q, want %q", d, test.want)
			}
		})
	}
}

// TestDecode compares what is read of texts that share elements of lists with what is read of each alone.
func TestDecode(t *testing.T) {
	rules := []string{
		`{"names":["read","write"],"action":"SCMP_ACT_ALLOW"}`, `{"names":["read"],"names":["a"],"action":"x"}`,
		`{"name":"read","NAMES":[],"action":"SCMP_ACT_ERRNO","errnoRet":38}`, `null`, `[[1,"a"],{"a":1,"a":2}]`, `1e2`,
		`{"names":["a"],"Names":["b"]}`, `{"names":["b"],"action":"SCMP_ACT_LOG","includes":{"caps":["B","A"]},` +
			`"args":[{"index":0,"value":1,"valueTwo":3,"op":"SCMP_CMP_MASKED_EQ"},{"index":0,"op":"x"}]}`,
		`"\u0061"`, `{`,
	}
	m := &Memory{}
	all, failed := 0, 0
	for seed := range 1500 {
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		var list []string
		for range r.IntN(6) {
			list = append(list, rules[r.IntN(len(rules))])
		}
		text := []byte(`{"defaultAction":"SCMP_ACT_ERRNO","architectures":["B","A"],"archMap":[{"architecture":"A",` +
			`"subArchitectures":["C","A"]}],"syscalls":[` + strings.Join(list, ", ") + `]}`)
		if r.IntN(4) == 0 {
			text = []byte(`{"ociVersion":"1","linux":{"seccomp":` + string(text) + `}}`)
		}
		if r.IntN(3) == 0 {
			at := r.IntN(len(text))
			text = slices.Replace(text, at, at+r.IntN(2), `{}[],:"0a `[r.IntN(10)])
		}
		got, gotErr := m.decode(text)
		want, wantErr := read(text)
		if fmt.Sprint(gotErr) != fmt.Sprint(wantErr) || wantErr == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("%s is read as %v, %v, and alone as %v, %v", text, got, gotErr, want, wantErr)
		}
		if all++; wantErr != nil {
			failed++
		}
	}
	if failed < 200 || all-failed < 200 {
		t.Errorf("%d of %d texts failed", failed, all)
	}
}

func FuzzCompare(f *testing.F) {
	f.Add([]byte(`{"defaultAction":"SCMP_ACT_ERRNO","architectures":["A"],"syscalls":[{"names":["a","b"],`+
		`"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}],"includes":{"caps":["C"]}}]}`),
		[]byte(`[]`))
	f.Add([]byte(`{"ociVersion":"1","linux":{"seccomp":{"flags":[],"archMap":[{},null]}}}`), []byte(`{"a":1,"a":2}`))
	f.Fuzz(func(t *testing.T, before, after []byte) {
		a, b := source.NewFile("p", before), source.NewFile("p", after)
		_, err := read(before)
		if d := Compare(a, a, nil, decide.Targets{}); (d == "") != (err == nil) {
			t.Errorf("compared with itself: %q, reading gave %v", d, err)
		}
		// It is not the same both ways: what a target refused, a fix may make it take.
		if d := Compare(a, b, nil, decide.Targets{}); d == "" && err != nil {
			t.Errorf("nothing changed, but reading gave %v", err)
		}
	})
}

func BenchmarkCompare(b *testing.B) {
	text, err := os.ReadFile("../../parsers/seccomp/testdata/docker-default.json")
	if err != nil {
		b.Fatal(err)
	}
	f := source.NewFile("p", text)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if d := Compare(f, f, nil, decide.Targets{}); d != "" {
			b.Fatal(d)
		}
	}
}
