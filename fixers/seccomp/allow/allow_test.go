package allow

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/seccomp/seccomptest"
	"github.com/sandlint/sandlint/parsers/source"
)

func parse(text string) *seccomp.Profile {
	return seccomp.Parse(source.NewFile("seccomp.json", []byte(text)))
}

func targets(t *testing.T, words ...string) (out decide.Targets) {
	t.Helper()
	for _, w := range words {
		consumer, version, _ := strings.Cut(w, "=")
		if err := out.Set(consumer, version); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func wanted(reason Reason, names ...string) (out []Wanted) {
	for _, name := range names {
		out = append(out, Wanted{name, reason})
	}
	return out
}

// body are rules that allow what runc 1.3.6 needs, so plans are about the rest.
const body = `{"names": ["capget", "capset", "chdir", "close", "epoll_ctl", "execve", "exit_group", "faccessat2", ` +
	`"fcntl", "fstat", "fstatfs", "futex", "getcwd", "getdents64", "getpid", "getppid", "gettid", "madvise", "mmap", ` +
	`"munmap", "nanosleep", "newfstatat", "openat", "openat2", "prctl", "read", "readlinkat", "rt_sigprocmask", ` +
	`"rt_sigreturn", "sched_yield", "setgid", "setgroups", "setuid", "sigaltstack", "statx", "tgkill", "write"], ` +
	`"action": "SCMP_ACT_ALLOW"}`

const head = `{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [`

func TestPlan(t *testing.T) {
	tests := []struct {
		name, profile string
		want          []Wanted
		added, left   string
		answered      string
		changed       string // what stands in the result and did not before
	}{
		{"nothing", head + body + `]}`, wanted(Named, "read"), "", "read:0", "", ""},
		{"a name", head + body + `]}`, wanted(Named, "getuid"), "getuid", "", "", `"getuid", "madvise"`},
		{"a rule that refuses it", head + body + `, {"names": ["getuid", "geteuid"], "action": "SCMP_ACT_KILL"}]}`,
			wanted(Recorded, "getuid"), "getuid", "", "", `"names": ["geteuid"]`},
		{"the only name of a rule", head + body + `, {"names": ["getuid"], "action": "SCMP_ACT_TRAP"}]}`,
			wanted(Named, "getuid"), "getuid", "", "", `"write"], "action": "SCMP_ACT_ALLOW"}]`},
		{"a denylist", `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mount", "bpf"], ` +
			`"action": "SCMP_ACT_ERRNO"}]}`, wanted(Named, "bpf", "ptrace"), "bpf", "ptrace:0", "",
			`"names": ["mount"]`},
		{"conditions of a denylist", `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["socket"], ` +
			`"action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 40, "op": "SCMP_CMP_EQ"}]}]}`,
			wanted(Named, "socket"), "socket", "", "", `"syscalls": []`},
		{"conditions, named", head + body + `, {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": ` +
			`[{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]}]}`, wanted(Named, "socket"), "socket", "", "",
			`"sigaltstack", "socket", "statx"`},
		{"conditions, recorded", head + body + `, {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": ` +
			`[{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]}]}`, wanted(Recorded, "socket"), "", "socket:1", "", ""},
		{"clone3 where clone has conditions", head + body + `, {"names": ["clone"], "action": "SCMP_ACT_ALLOW", ` +
			`"args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]}]}`,
			wanted(Recorded, "clone3", "clone"), "", "clone:1",
			"clone3", `"errnoRet": 38`},
		{"clone3 that a rule answers", head + body + `, {"names": ["clone"], "action": "SCMP_ACT_ALLOW"}, ` +
			`{"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}`, wanted(Recorded, "clone3"), "",
			"clone3:2", "", ""},
		{"clone3, named", head + body + `, {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}`,
			wanted(Named, "clone3"), "clone3", "", "", `"clone3", "close"`},
		{"above the highest number", head + body + `]}`, wanted(Named, "fchmodat2"), "fchmodat2", "", "",
			`"fchmodat2", "fcntl"`},
		{"absent and unknown", head + body + `]}`, wanted(Recorded, "fstatat64", "getuid"), "getuid", "fstatat64:3", "",
			`"getuid"`},
		{"no rules", `{"defaultAction": "SCMP_ACT_LOG"}`, wanted(Named, "read"), "", "read:0", "", ""},
	}
	for _, test := range tests {
		p := parse(test.profile)
		plan, err := New(p, targets(t, "runc=1.3.6"), test.want)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		var added, left []string
		for _, a := range plan.Added {
			added = append(added, a.Name)
		}
		for _, l := range plan.Left {
			left = append(left, l.Name+":"+string(rune('0'+l.State)))
		}
		got := []string{strings.Join(added, " "), strings.Join(left, " "), strings.Join(plan.Answered, " ")}
		if diff := cmp.Diff([]string{test.added, test.left, test.answered}, got); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", test.name, diff)
		}
		after := string(plan.After)
		if c := test.changed; c != "" && (strings.Contains(test.profile, c) || !strings.Contains(after, c)) {
			t.Errorf("%s: %s is not in\n%s", test.name, c, plan.After)
		}
		if (test.changed == "") == plan.Changes() {
			t.Errorf("%s: changes %v", test.name, plan.Changes())
		}
		again, err := New(parse(string(plan.After)), targets(t, "runc=1.3.6"), test.want)
		if err != nil || again.Changes() {
			t.Errorf("%s: a second time it changes, error %v", test.name, err)
		}
	}
}

func TestNotEditable(t *testing.T) {
	for text, want := range map[string]string{
		`{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["a"], "action": 3}]}`: "action",
		`{"defaultAction": "SCMP_ACT_ERRNO", "defaultAction": "SCMP_ACT_ALLOW"}`:           "occurs twice",
		`{"defaultAction": "SCMP_ACT_NONE", "syscalls": []}`:                               "refuses it",
		`{}`: "defaultAction",
	} {
		_, err := New(parse(text), decide.Targets{}, wanted(Named, "read"))
		var not *NotEditableError
		if !errors.As(err, &not) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one about %q", text, err, want)
		}
	}
}

// examples are profiles to extend: the engines' own, and such that start nothing as they are.
func examples(t *testing.T) map[string]string {
	t.Helper()
	const errno, allow = `{"defaultAction": "SCMP_ACT_ERRNO"`, `"action": "SCMP_ACT_ALLOW"}]}`
	out := map[string]string{
		"empty": errno + `, "syscalls": []}`,
		"none":  errno + `}`,
		"kill":  `{"defaultAction": "SCMP_ACT_KILL_PROCESS", "syscalls": [{"names": ["read"], ` + allow,
		"recorded": errno + `, "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [{"names": ["brk", "execve", ` +
			`"exit_group", "mmap", "read", "write"], ` + allow,
		"enosys": errno + `, "defaultErrnoRet": 38, "syscalls": [{"names": ["read", "exit_group"], ` + allow,
		"denied": `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["openat2", "statx", "openat", ` +
			`"mount"], "action": "SCMP_ACT_ERRNO"}]}`,
	}
	for _, name := range []string{"docker-default.json", "podman-default.json"} {
		b, err := os.ReadFile(filepath.Join("..", "..", "..", "parsers", "seccomp", "testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(b)
	}
	return out
}

// A plan allows what it says for every target, and leaves all other calls as they were, but for what it says.
func TestPlanIsExact(t *testing.T) {
	for name, text := range examples(t) {
		for _, asked := range [][]string{{"getuid"}, {"clone", "mount"}, {"clone3", "fchmodat2", "socket"}} {
			p := parse(text)
			plan, err := New(p, decide.Targets{}, wanted(Named, asked...))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			after := parse(string(plan.After))
			declared := slices.Concat(plan.Answered, plan.Moved)
			for _, a := range plan.Added {
				declared = append(declared, a.Name)
			}
			for _, c := range decide.Diff(p, after, decide.Targets{}).Changes {
				if c.Cause == decide.CauseBorder && c.Effect == 0 && c.After.Outcome.Errno == 38 {
					continue // above the first number that the profile names, so runc begins to answer ENOSYS
				}
				for _, s := range c.Syscalls {
					if !slices.Contains(declared, s) && s != "socketcall" && s != "ipc" {
						t.Errorf("%s %v: the decision about %s changed: %v, was %v", name, asked, s, c.After, c.Before)
					}
				}
			}
			for _, target := range (decide.Targets{}).AllTargets(after) {
				f := decide.Compile(after, target)
				for _, s := range asked {
					known, _ := seccomp.LookupSyscall(s)
					for _, a := range f.Archs {
						if !known.On(a.ABI) || !target.Libseccomp.Knows(known) {
							continue
						}
						d := f.Decide(a, s)
						if !d.Outcome.Runs() || len(d.Cases) > 0 {
							t.Fatalf("%s: %s is decided as %s for %s", name, s, &d, target)
						}
					}
				}
			}
		}
	}
}

// TestContainersStart starts a container under what each example becomes, with every runtime that does so here.
func TestContainersStart(t *testing.T) {
	heavytest.Need(t, "starts containers as root")
	if len(seccomptest.Runtimes()) == 0 {
		heavytest.Skip(t, "no runtime starts a container here")
	}
	for name, text := range examples(t) {
		if strings.Contains(name, ".json") { // which only the engines resolve
			continue
		}
		plan, err := New(parse(text), targets(t, "runc=1.1.5..", "crun=1.8.1.."), wanted(Named, "exit_group"))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range seccomptest.Runtimes() {
			v, ok := seccomp.ParseVersion(r.Version)
			first := seccomp.Version{Major: 1, Minor: 1, Patch: 5}
			if !ok || v.Less(first) || r.Name == "crun" && v.Less(seccomp.Version{Major: 1, Minor: 8, Patch: 1}) {
				continue
			}
			for _, noNewPrivs := range []bool{true, false} {
				result, err := r.Start(seccomptest.Container{Profile: string(plan.After), NoNewPrivileges: noNewPrivs})
				if err != nil {
					t.Fatal(err)
				}
				if !result.Started() {
					t.Errorf("%s: %s, no_new_privs %v: exit status %d, %.300s\n%s", name, r, noNewPrivs, result.Exit,
						result.Stderr, plan.After)
				}
			}
		}
	}
}
