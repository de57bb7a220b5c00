package seccomp

import (
	"strings"
	"testing"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
)

const resourceHead = "apiVersion: security-profiles-operator.x-k8s.io/v1\nkind: SeccompProfile\nmetadata:\n  name: " +
	"web\nspec:\n  defaultAction: SCMP_ACT_ERRNO\n"

func resourceProfile(text string) *seccomp.Profile {
	return seccomp.Parse(source.NewFile("p.yaml", []byte(text)))
}

// TestResourceEdits runs each case with LF and with CRLF.
func TestResourceEdits(t *testing.T) {
	block := "  syscalls:\n  - action: SCMP_ACT_ALLOW\n    names:\n    - read\n    - 'write'\n    - open # c\n  - " +
		"names: [bpf, close]\n    action: SCMP_ACT_ERRNO\n    errnoRet: 1\n"
	for _, test := range []struct {
		name string
		edit func(p *seccomp.Profile) []fixers.Edit
		// old becomes now in block; no edit where both are empty
		old, now string
	}{
		{
			"rename", func(p *seccomp.Profile) []fixers.Edit { return ReplaceString(p, p.Rules[0].Names[0], "readv") },
			"- read\n", "- readv\n",
		},
		{
			"rename in quotes",
			func(p *seccomp.Profile) []fixers.Edit { return ReplaceString(p, p.Rules[0].Names[1], "writev") },
			"'write'", "'writev'",
		},
		{
			"split", func(p *seccomp.Profile) []fixers.Edit { return Replace(p, p.Rules[0].Names[0].Span, `"a", "b"`) },
			"    - read\n", "    - a\n    - b\n",
		},
		{
			"split between brackets",
			func(p *seccomp.Profile) []fixers.Edit { return Replace(p, p.Rules[1].Names[0].Span, `"a", "b"`) }, "[bpf,",
			"[a, b,",
		},
		{
			"rename to what needs quotes",
			func(p *seccomp.Profile) []fixers.Edit { return ReplaceString(p, p.Rules[0].Names[0], "a: b") }, "- read\n",
			"- \"a: b\"\n",
		},
		{
			"insert first",
			func(p *seccomp.Profile) []fixers.Edit { return InsertString(p, p.Rules[0].Names, 0, "accept") },
			"    - read\n", "    - accept\n    - read\n",
		},
		{
			"insert between",
			func(p *seccomp.Profile) []fixers.Edit { return InsertString(p, p.Rules[0].Names, 1, "on") },
			"    - read\n", "    - read\n    - \"on\"\n",
		},
		{
			"insert last",
			func(p *seccomp.Profile) []fixers.Edit { return InsertString(p, p.Rules[0].Names, 3, "pipe") },
			"    - open # c\n", "    - open # c\n    - pipe\n",
		},
		{
			"insert between brackets",
			func(p *seccomp.Profile) []fixers.Edit { return InsertString(p, p.Rules[1].Names, 1, "chmod") },
			"[bpf, close]", `[bpf, "chmod", close]`,
		},
		{
			"remove first", func(p *seccomp.Profile) []fixers.Edit { return RemoveString(p, p.Rules[0].Names, 0) },
			"    - read\n", "",
		},
		{
			"remove two", func(p *seccomp.Profile) []fixers.Edit { return RemoveStrings(p, p.Rules[0].Names, 1, 0) },
			"    - read\n    - 'write'\n", "",
		},
		{
			"remove beside a comment",
			func(p *seccomp.Profile) []fixers.Edit { return RemoveString(p, p.Rules[0].Names, 2) }, "", "",
		},
		{
			"remove all", func(p *seccomp.Profile) []fixers.Edit { return RemoveStrings(p, p.Rules[0].Names, 0, 1, 2) },
			"", "",
		},
		{
			"remove between brackets",
			func(p *seccomp.Profile) []fixers.Edit { return RemoveString(p, p.Rules[1].Names, 0) }, "[bpf, close]",
			"[close]",
		},
		{
			"remove a rule", func(p *seccomp.Profile) []fixers.Edit { return RemoveRules(p, 1) },
			"  - names: [bpf, close]\n    action: SCMP_ACT_ERRNO\n    errnoRet: 1\n", "",
		},
		{"remove a rule with a comment", func(p *seccomp.Profile) []fixers.Edit { return RemoveRules(p, 0) }, "", ""},
		{"insert a rule between", func(p *seccomp.Profile) []fixers.Edit {
			return InsertRules(p, 1, NewRule{Names: []string{"clone3"}, Action: "SCMP_ACT_ERRNO", Errno: 38})
		}, "  - names: [bpf",
			"  - names:\n    - clone3\n    action: SCMP_ACT_ERRNO\n    errnoRet: 38\n  - names: [bpf"},
		{"insert a rule last", func(p *seccomp.Profile) []fixers.Edit {
			return InsertRules(p, 2,
				NewRule{
					Names: []string{"a", "b"}, Action: "SCMP_ACT_LOG",
					Args: []NewArg{{Index: 1, Value: 2, ValueTwo: 3, Op: "SCMP_CMP_MASKED_EQ"}, {Op: "SCMP_CMP_EQ"}},
				})
		}, "    errnoRet: 1\n",
			"    errnoRet: 1\n  - names: [a, b]\n    action: SCMP_ACT_LOG\n    args:\n    - index: 1\n      value: " +
				"2\n      valueTwo: 3\n      op: SCMP_CMP_MASKED_EQ\n    - index: 0\n      value: 0\n      op: " +
				"SCMP_CMP_EQ\n"},
		{
			"remove a field",
			func(p *seccomp.Profile) []fixers.Edit { return RemoveField(p, p.Rules[1].ErrnoRet.Span) },
			"    errnoRet: 1\n", "",
		},
		{
			"remove a field that begins a rule",
			func(p *seccomp.Profile) []fixers.Edit { return RemoveField(p, p.Rules[0].Action.Span) }, "", "",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, newline := range []string{"\n", "\r\n"} {
				crlf := func(s string) string { return strings.ReplaceAll(s, "\n", newline) }
				p := resourceProfile(crlf(resourceHead + block))
				edits := test.edit(p)
				if test.old == "" {
					if edits != nil {
						t.Errorf("edits %v", edits)
					}
					continue
				}
				got := apply(t, p, edits)
				if want := crlf(resourceHead + strings.Replace(block, test.old, test.now, 1)); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
		})
	}
}

func TestCompareResources(t *testing.T) {
	const rule = "  syscalls:\n  - action: SCMP_ACT_ALLOW\n    names: [read, write]\n"
	for _, test := range []struct {
		name, before, after string
		changes             fixers.Changes
		want                string
	}{
		{
			"layout", resourceHead + rule,
			resourceHead + "  syscalls:\n  - names:\n    - write # c\n    - 'read'\n    action: SCMP_ACT_ALLOW\n",
			fixers.Changes{Syscalls{}}, "",
		},
		{"an errno that is lost", resourceHead + rule, resourceHead + rule + "    errnoRet: 0\n", fixers.Changes{}, ""},
		{
			"an errno", resourceHead + rule,
			resourceHead + strings.Replace(rule, "ALLOW", "ERRNO", 1) + "    errnoRet: 2\n", fixers.Changes{},
			`the decision about "read" is ERRNO ENOENT after the fix, and was ALLOW`,
		},
		{
			"a name less", resourceHead + rule,
			resourceHead + "  syscalls:\n  - action: SCMP_ACT_ALLOW\n    names: [read]\n",
			fixers.Changes{Syscalls{}},
			`the decision about "write" on x86_64 is ERRNO EPERM after the fix, and was ALLOW`,
		},
		{
			"a name less, declared", resourceHead + rule,
			resourceHead + "  syscalls:\n  - action: SCMP_ACT_ALLOW\n    names: [read]\n",
			fixers.Changes{Syscalls{"write"}}, "",
		},
		{
			"the base profile", resourceHead + rule, resourceHead + "  baseProfileName: x\n" + rule,
			fixers.Changes{Syscalls{}}, "something else than the rules of a SeccompProfile changed",
		},
		{
			"the metadata", resourceHead + rule, strings.Replace(resourceHead, "web", "www", 1) + rule,
			fixers.Changes{Syscalls{}}, "something else than the rules",
		},
		{
			"another document", resourceHead + rule + "---\na: 1\n", resourceHead + rule + "---\na: 2\n",
			fixers.Changes{Syscalls{}}, "something else than the rules",
		},
		{
			"a profile less", resourceHead + rule + "---\n" + resourceHead + rule, resourceHead + rule,
			fixers.Changes{Syscalls{}}, "1 SeccompProfiles instead of 2",
		},
		{
			"the second profile", resourceHead + rule + "---\n" + resourceHead + rule,
			resourceHead + rule + "---\n" + resourceHead, fixers.Changes{Syscalls{}},
			`the decision about "read" is ERRNO EPERM after the fix, and was ALLOW`,
		},
		{
			"broken", resourceHead + rule, resourceHead + rule + "  - [\n", fixers.Changes{Syscalls{}},
			"the result cannot be read",
		},
		{
			"was broken", resourceHead + rule + "  - [\n", resourceHead + rule, fixers.Changes{Syscalls{}},
			"the text before the fix cannot be read",
		},
		{"a repair", resourceHead + rule + "  - [\n", resourceHead + rule, fixers.Changes{fixers.Repair{}}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := Compare(source.NewFile("p.yaml", []byte(test.before)), source.NewFile("p.yaml", []byte(test.after)),
				[]fixers.Fix{{Changes: test.changes}}, decide.Targets{})
			if (d == "") != (test.want == "") || !strings.Contains(d, test.want) {
				t.Errorf("got %q, want %q", d, test.want)
			}
		})
	}
}
