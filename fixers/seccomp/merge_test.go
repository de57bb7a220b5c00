package seccomp

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
)

func parsed(path, text string) *seccomp.Profile {
	return seccomp.Parse(source.NewFile(path, []byte(text)))
}

func TestMerge(t *testing.T) {
	const base = `{
  "defaultAction": "SCMP_ACT_ERRNO",
  "defaultErrnoRet": 1,
  "architectures": ["SCMP_ARCH_X86_64"],
  "syscalls": [
    {"names": ["close", "read", "write"], "action": "SCMP_ACT_ALLOW"},
    {"names": ["clone3", "bpf"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
    {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]},
    {"names": ["ptrace"], "action": "SCMP_ACT_LOG"}
  ]
}
`
	add := func(rules string) string {
		return `{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[` + rules + `]}`
	}
	socketOf := func(family int) string {
		return add(fmt.Sprintf(`{"names":["socket"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":%d,`+
			`"op":"SCMP_CMP_EQ"}]}`, family))
	}
	replace := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(base) }
	for name, test := range map[string]struct{ add, want, reason string }{
		"nothing new": {add: add(`{"names":["read"],"action":"SCMP_ACT_ALLOW"}`), want: base},
		"a name": {
			add:  add(`{"names":["mmap","read"],"action":"SCMP_ACT_ALLOW"}`),
			want: replace(`"close", "read"`, `"close", "mmap", "read"`),
		},
		"a denied name": {
			add:  add(`{"names":["clone3"],"action":"SCMP_ACT_ALLOW"}`),
			want: replace(`["close", "read"`, `["clone3", "close", "read"`, `"clone3", "bpf"`, `"bpf"`),
		},
		"a whole denying rule": {
			add: add(`{"names":["clone3","bpf"],"action":"SCMP_ACT_ALLOW"}`),
			want: replace(`["close", "read"`, `["bpf", "clone3", "close", "read"`,
				"    {\"names\": [\"clone3\", \"bpf\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 38},\n", ""),
		},
		"a conditional name that is allowed": {
			add: add(`{"names":["socket"],"action":"SCMP_ACT_ALLOW"}`),
			want: replace(`"read", "write"]`, `"read", "socket", "write"]`,
				"    {\"names\": [\"socket\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": "+
					"[{\"index\": 0, \"value\": 1, \"op\": \"SCMP_CMP_EQ\"}]},\n", ""),
		},
		"another condition": {
			add: socketOf(2),
			want: replace(`"action": "SCMP_ACT_LOG"}`, `"action": "SCMP_ACT_LOG"},
    {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}]}`),
		},
		"the same condition": {
			add:  socketOf(1),
			want: base,
		},
		"logged and allowed": {
			add: add(`{"names":["ptrace"],"action":"SCMP_ACT_ALLOW"}`),
			want: replace(`"close", "read"`, `"close", "ptrace", "read"`,
				",\n    {\"names\": [\"ptrace\"], \"action\": \"SCMP_ACT_LOG\"}", ""),
		},
		"allowed and logged":     {add: add(`{"names":["read"],"action":"SCMP_ACT_LOG"}`), want: base},
		"another way of denying": {add: add(`{"names":["clone3","read"],"action":"SCMP_ACT_KILL"}`), want: base},
		"another default that denies": {
			add:  `{"defaultAction":"SCMP_ACT_KILL","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]}`,
			want: base,
		},
		"a default that allows": {
			add:    `{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ERRNO"}]}`,
			reason: `add.json:1:18: its default action is ALLOW and that of base.json is ERRNO EPERM`,
		},
		"a condition beside another errno": {
			add: add(`{"names":["bpf"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":2,` +
				`"op":"SCMP_CMP_EQ"}]}`),
			want: replace(`"clone3", "bpf"`, `"clone3"`, `"action": "SCMP_ACT_LOG"}`, `"action": "SCMP_ACT_LOG"},
    {"names": ["bpf"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}]},
    {"names": ["bpf"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "args": [{"index": 0, "value": 2, "op": `+
				`"SCMP_CMP_NE"}]}`),
		},
		"conditions beside another errno that have no complement": {
			add: add(`{"names":["bpf"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":2,` +
				`"op":"SCMP_CMP_EQ"}]},{"names":["bpf"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":2000,` +
				`"op":"SCMP_CMP_EQ"}]}`),
			reason: `ERRNO ENOSYS; conditions cannot say for which other arguments "bpf" ends with ERRNO ENOSYS`,
		},
		"more architectures": {
			add: `{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86"],` +
				`"syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]}`,
			reason: "read(0x0, 0x0, 0x0, …) on x86 of a host of x86_64",
		},
		"a capability beside another errno": {
			add:    add(`{"names":["clone3"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]}}`),
			reason: "clone3(0x0, 0x0, 0x0, …) on x86_64",
		},
		"a problem": {add: `{"syscalls":[]}`, reason: "add.json"},
	} {
		t.Run(name, func(t *testing.T) {
			got, obstacle := Merge(parsed("base.json", base), []*seccomp.Profile{parsed("add.json", test.add)},
				decide.Targets{})
			if test.reason != "" {
				if obstacle == nil || got != nil {
					t.Fatalf("merged to\n%s", got.Source.Bytes)
				}
				at := obstacle.Profile.Source.Position(obstacle.At.Start)
				text := fmt.Sprintf("%s:%d:%d: %s", obstacle.Profile.Source.Path, at.Line, at.Column, obstacle.Reason)
				if !strings.Contains(text, test.reason) {
					t.Errorf("got %s, want %s", text, test.reason)
				}
				return
			}
			if obstacle != nil {
				t.Fatal(obstacle.Reason)
			}
			if text := string(got.Source.Bytes); text != test.want {
				t.Errorf("got\n%s\nwant\n%s", text, test.want)
			}
		})
	}
}

// TestMergeCapabilities merges into a profile that only Docker and Podman read.
func TestMergeCapabilities(t *testing.T) {
	const base = `{
  "defaultAction": "SCMP_ACT_ERRNO",
  "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": []}],
  "syscalls": [
    {"names": ["read"], "action": "SCMP_ACT_ALLOW"},
    {"names": ["clone3", "bpf"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "excludes": {"caps": ["CAP_BPF"]}}
  ]
}
`
	want := strings.NewReplacer(`["clone3", "bpf"]`, `["bpf"]`, `["CAP_BPF"]}}`, `["CAP_BPF"]}},
    {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "excludes": {"caps": ["CAP_BPF", "CAP_SYS_ADMIN"]}},
    {"names": ["clone3", "mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}}`).Replace(base)
	got, obstacle := Merge(parsed("base.json", base), []*seccomp.Profile{parsed("add.json",
		`{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["clone3","mount","read"],"action":"SCMP_ACT_ALLOW",`+
			`"includes":{"caps":["CAP_SYS_ADMIN"]}}]}`)}, decide.Targets{})
	if obstacle != nil {
		t.Fatal(obstacle.Reason)
	}
	if text := string(got.Source.Bytes); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

// TestMergeDenylist merges into a profile that allows what it does not name.
func TestMergeDenylist(t *testing.T) {
	base := `{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [` +
		`{"names": ["bpf", "kexec_load", "mount"], "action": "SCMP_ACT_ERRNO"}]}`
	for add, want := range map[string]string{
		`{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["bpf","acct"],"action":"SCMP_ACT_KILL"}]}`: `["bpf"]`,
		`{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["mount"],"action":"SCMP_ACT_ALLOW"}]}`: `["bpf", ` +
			`"kexec_load"]`,
	} {
		got, obstacle := Merge(parsed("base.json", base), []*seccomp.Profile{parsed("add.json", add)}, decide.Targets{})
		if obstacle != nil {
			t.Error(obstacle.Reason)
		} else if text := string(got.Source.Bytes); !strings.Contains(text, want) {
			t.Errorf("got %s, want %s", text, want)
		}
	}
}

// randomProfile returns a small profile in Docker's form.
func randomProfile(r *rand.Rand, path string) *seccomp.Profile {
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	var rules []string
	for range 1 + r.IntN(4) {
		var names []string
		for range 1 + r.IntN(2) {
			names = append(names, `"`+pick("read", "write", "socket", "clone3")+`"`)
		}
		rule := `{"names":[` + strings.Join(slices.Compact(names), ",") + `],"action":"SCMP_ACT_` +
			pick("ALLOW", "ALLOW", "ALLOW", "LOG", "ERRNO", "KILL", "NOTIFY") + `"`
		if r.IntN(3) == 0 {
			rule += fmt.Sprintf(`,"args":[{"index":%d,"value":%d,"op":"SCMP_CMP_%s"}]`, r.IntN(2), r.IntN(3),
				pick("EQ", "EQ", "NE", "LT", "GE"))
		}
		if r.IntN(4) == 0 {
			rule += fmt.Sprintf(`,"%s":{"caps":["%s"]}`, pick("includes", "excludes"), pick("CAP_BPF", "CAP_SYS_ADMIN"))
		}
		rules = append(rules, rule+"}")
	}
	archs := pick("", `"architectures":["SCMP_ARCH_X86_64"],`, `"architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86"],`)
	return parsed(path, `{"defaultAction":"SCMP_ACT_`+pick("ERRNO", "ERRNO", "ERRNO", "KILL", "ALLOW")+`",`+archs+
		`"syscalls":[`+strings.Join(rules, ",\n")+`]}`)
}

// bruteTargets are the targets of the brute force, and bruteCaps the containers.
func bruteTargets(t *testing.T) decide.Targets {
	var targets decide.Targets
	for consumer, release := range map[string]string{"docker": "28", "crun": "1.27", "libseccomp": "2.6.1"} {
		if err := targets.Set(consumer, release); err != nil {
			t.Fatal(err)
		}
	}
	return targets
}

// bruteGap compiles profiles for one target after the other, makes calls, and returns the first that does not end in
// the result as in the union of the others.
func bruteGap(result *seccomp.Profile, inputs []*seccomp.Profile, targets decide.Targets) string {
	for _, target := range targets.Usual(inputs[0]) {
		for _, caps := range [][]string{nil, {"CAP_BPF"}, {"CAP_SYS_ADMIN"}, {"CAP_BPF", "CAP_SYS_ADMIN"}} {
			target.Host.Caps = caps
			var filters []*decide.Filter
			for _, p := range append(slices.Clone(inputs), result) {
				filters = append(filters, decide.Compile(p, target))
			}
			for _, name := range []string{"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_AARCH64"} {
				arch, _ := seccomp.LookupArchitecture(name)
				for _, syscall := range []string{"read", "write", "socket", "clone3", "getpid"} {
					for n := range uint64(16) {
						call := [6]uint64{n & 3, n >> 2}
						if got, want := unionAnswers(filters, arch, syscall, call); !slices.Equal(got, want) {
							return fmt.Sprintf("%s%v on %s with %v ends with %v, want %v", syscall, call, name, caps,
								got, want)
						}
					}
				}
			}
		}
	}
	return ""
}

// unionAnswers returns how a call can end in the last of some filters, and in the union of the others.
func unionAnswers(filters []*decide.Filter, arch *seccomp.Architecture, syscall string, call [6]uint64) (got,
	want []decide.Outcome,
) {
	for i, f := range filters {
		d := f.Decide(arch, syscall)
		got = d.Eval(call)
		if i == 0 || i < len(filters)-1 && slices.ContainsFunc(got, func(o decide.Outcome) bool {
			return o.Permissiveness() > want[0].Permissiveness()
		}) {
			want = got
		}
	}
	return got, want
}

// alike returns profiles of which those without architectures have those of the first.
func alike(inputs []*seccomp.Profile) []*seccomp.Profile {
	out := slices.Clone(inputs)
	for i, p := range out {
		if len(p.Architectures) == 0 {
			with := *p
			with.Architectures = inputs[0].Architectures
			out[i] = &with
		}
	}
	return out
}

// seeds is how many random cases are tried.
func seeds() uint64 {
	if heavytest.On() {
		return 3000
	}
	return 250
}

func TestMergeAgainstBruteForce(t *testing.T) {
	targets := bruteTargets(t)
	merged, changed, refused := 0, 0, 0
	for seed := range seeds() {
		r := rand.New(rand.NewPCG(seed, 1))
		inputs := []*seccomp.Profile{randomProfile(r, "base.json"), randomProfile(r, "add.json")}
		if r.IntN(3) == 0 {
			inputs = append(inputs, randomProfile(r, "more.json"))
		}
		got, obstacle := Merge(inputs[0], inputs[1:], targets)
		if obstacle != nil {
			refused++
			continue
		}
		merged++
		if string(got.Source.Bytes) != string(inputs[0].Source.Bytes) {
			changed++
		}
		if gap := bruteGap(got, alike(inputs), targets); gap != "" {
			t.Fatalf("seed %d: %s\n%s\nmerged\n%s", seed, gap, texts(inputs), got.Source.Bytes)
		}
	}
	if merged < 40 || changed < 20 || refused < 40 {
		t.Errorf("%d merged, %d of these changed, %d refused: the profiles are of one kind", merged, changed, refused)
	}
}

// TestCheckUnionAgainstBruteForce checks profiles that are mostly no unions.
func TestCheckUnionAgainstBruteForce(t *testing.T) {
	targets := bruteTargets(t)
	unions, gaps := 0, 0
	for seed := range seeds() {
		r := rand.New(rand.NewPCG(seed, 2))
		inputs := alike([]*seccomp.Profile{randomProfile(r, "base.json"), randomProfile(r, "add.json")})
		results := append(slices.Clone(inputs), randomProfile(r, "result.json"))
		for _, result := range results {
			gap, brute := decide.CheckUnion(result, inputs, targets), bruteGap(result, inputs, targets)
			switch {
			case gap == nil && brute != "":
				t.Fatalf("seed %d: not found: %s\n%s\nresult\n%s", seed, brute, texts(inputs), result.Source.Bytes)
			case gap == nil:
				unions++
			case !gap.Unsure && gap.HasCall:
				gaps++
				var filters []*decide.Filter
				for _, p := range append(slices.Clone(inputs), result) {
					filters = append(filters, decide.Compile(p, gap.Target))
				}
				if got, want := unionAnswers(filters, gap.Arch, gap.Syscall, gap.Call); slices.Equal(got, want) {
					t.Fatalf("seed %d: %s%v ends with %v in both\n%s\nresult\n%s", seed, gap.Syscall, gap.Call, got,
						texts(inputs), result.Source.Bytes)
				}
			}
		}
	}
	if unions < 20 || gaps < 100 {
		t.Errorf("%d unions and %d gaps: the profiles are of one kind", unions, gaps)
	}
}

func texts(profiles []*seccomp.Profile) string {
	var out []string
	for _, p := range profiles {
		out = append(out, string(p.Source.Bytes))
	}
	return strings.Join(out, "\n")
}
