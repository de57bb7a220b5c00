package decisions

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
)

func parse(text string) *seccomp.Profile {
	return seccomp.Parse(source.NewFile("seccomp.json", []byte(text)))
}

// TestDiffWords shows what is said about a change.
func TestDiffWords(t *testing.T) {
	const base = `{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86"],` +
		`"syscalls":[{"names":["read","write","futex_waitv"],"action":"SCMP_ACT_ALLOW"}%s]}`
	rules := func(s string) string {
		if s != "" {
			s = "," + s
		}
		return fmt.Sprintf(base, s)
	}
	whole := strings.NewReplacer
	tests := []struct {
		name, old, new string
		want           []string
	}{
		{"nothing", rules(""), rules(""), nil},
		{
			"layout", rules(`{"names":["a"],"action":"SCMP_ACT_ERRNO"}`),
			rules(`{"action":"SCMP_ACT_ERRNO","comment":"x","names":["a"]}`), nil,
		},
		{"a name that nobody knows", rules(`{"names":["chmodd"],"action":"SCMP_ACT_ALLOW"}`), rules(""), nil},
		{
			"a rule that does what the default does", rules(`{"names":["chmod"],"action":"SCMP_ACT_ERRNO"}`), rules(""),
			nil,
		},
		{
			"allowed", rules(""), rules(`{"names":["chmod","fchmod"],"action":"SCMP_ACT_ALLOW"}`),
			[]string{"widens chmod fchmod: ERRNO EPERM to ALLOW"},
		},
		{
			"denied", rules(`{"names":["chmod"],"action":"SCMP_ACT_LOG"}`),
			rules(`{"names":["chmod"],"action":"SCMP_ACT_KILL"}`), []string{"narrows chmod: LOG to KILL_THREAD"},
		},
		{
			"another errno", rules(`{"names":["chmod"],"action":"SCMP_ACT_ERRNO","errnoRet":38}`), rules(``),
			[]string{"changes chmod: ERRNO ENOSYS to ERRNO EPERM"},
		},
		{
			"on one ABI only", rules(``), rules(`{"names":["chown32","stat64"],"action":"SCMP_ACT_ALLOW"}`),
			[]string{"widens chown32 stat64: ERRNO EPERM to ALLOW"},
		},
		{"a condition", rules(`{"names":["setuid"],"action":"SCMP_ACT_ALLOW"}`),
			rules(`{"names":["setuid"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":5,"op":"SCMP_CMP_LT"}]}`),
			[]string{"narrows setuid: ALLOW to ALLOW if arg0 < 5, else ERRNO EPERM, such as (0x5)"}},
		{
			"a condition that always holds", rules(`{"names":["setuid"],"action":"SCMP_ACT_ALLOW"}`),
			rules(`{"names":["setuid"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":0,"op":"SCMP_CMP_GE"}]}`),
			nil,
		},
		{"a condition on upper bits",
			rules(`{"names":["setuid"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":5,"op":"SCMP_CMP_EQ"}]}`),
			rules(`{"names":["setuid"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":4294967295,"valueTwo":5,` +
				`"op":"SCMP_CMP_MASKED_EQ"}]}`),
			[]string{
				"widens setuid on x86_64: ALLOW if arg0 == 5, else ERRNO EPERM to ALLOW if arg0 & 0xffffffff == 0x5," +
					" else ERRNO EPERM, such as (0x100000005)",
			}},
		{"conditions in another order",
			rules(`{"names":["setuid"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":5,"op":"SCMP_CMP_EQ"}]},` +
				`{"names":["setuid"],"action":"SCMP_ACT_LOG","args":[{"index":0,"value":6,"op":"SCMP_CMP_EQ"}]}`),
			rules(`{"names":["setuid"],"action":"SCMP_ACT_LOG","args":[{"index":0,"value":6,"op":"SCMP_CMP_EQ"}]},` +
				`{"names":["setuid"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":5,"op":"SCMP_CMP_EQ"}]}`),
			nil},
		{"overlapping conditions in another order",
			rules(`{"names":["setuid"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":5,"op":"SCMP_CMP_EQ"}]},` +
				`{"names":["setuid"],"action":"SCMP_ACT_LOG","args":[{"index":1,"value":6,"op":"SCMP_CMP_EQ"}]}`),
			rules(`{"names":["setuid"],"action":"SCMP_ACT_LOG","args":[{"index":1,"value":6,"op":"SCMP_CMP_EQ"}]},` +
				`{"names":["setuid"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":5,"op":"SCMP_CMP_EQ"}]}`),
			[]string{
				"perhaps changes setuid: ALLOW if arg0 == 5, LOG if arg1 == 6, else ERRNO EPERM to LOG if arg1 == 6," +
					" ALLOW if arg0 == 5, else ERRNO EPERM, such as (0x5, 0x6)",
			}},
		{"a name that old releases do not know", rules(``), rules(`{"names":["fchmodat2"],"action":"SCMP_ACT_ALLOW"}`),
			[]string{
				"border on x86 for runc, libseccomp 2.5.5 or newer and 2.5.4-1+deb12u1: 449 (futex_waitv) to 452 " +
					"(fchmodat2)",
				"border on x86_64 for runc, libseccomp 2.5.5 or newer and 2.5.4-1+deb12u1: 449 (futex_waitv) to 452 " +
					"(fchmodat2)",
				"widens fchmodat2 for runc, libseccomp 2.5.5 or newer and 2.5.4-1+deb12u1: ERRNO ENOSYS to ALLOW",
				"widens fchmodat2 for crun, libseccomp 2.5.5 or newer and 2.5.4-1+deb12u1: ERRNO EPERM to ALLOW",
				"changes cachestat set_mempolicy_home_node for runc, libseccomp 2.5.5 or newer and 2.5.4-1+deb12u1: " +
					"ERRNO ENOSYS to ERRNO EPERM, for the border",
			}},
		{"a default",
			rules(`{"names":["setuid"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":5,"op":"SCMP_CMP_EQ"}]}`),
			whole("SCMP_ACT_ERRNO",
				"SCMP_ACT_KILL").Replace(rules(`{"names":["setuid"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,` +
				`"value":5,"op":"SCMP_CMP_EQ"}]}`)),
			[]string{
				"changes the default action: ERRNO EPERM to KILL_THREAD",
				"changes setuid: ALLOW if arg0 == 5, else ERRNO EPERM to ALLOW if arg0 == 5, else KILL_THREAD, such " +
					"as (0x0), for the default",
			}},
		{
			"an ABI", rules(""), whole(`,"SCMP_ARCH_X86"`, "").Replace(rules("")),
			[]string{"narrows the architectures: x86_64 and x86 to x86_64"},
		},
		{"an ABI that is there anyway", rules(""), whole(`"SCMP_ARCH_X86_64",`, "").Replace(rules("")),
			[]string{"border on x86_64 for runc before 1.1.15: 449 (futex_waitv) to none",
				"changes the rest for runc before 1.1.15"}},
		{"flags", rules(""), whole(`"syscalls"`, `"flags":["SECCOMP_FILTER_FLAG_LOG"],"syscalls"`).Replace(rules("")),
			[]string{"changes the flags: none given to SECCOMP_FILTER_FLAG_LOG",
				"changes whether it is accepted for runc before 1.2.0: accepted to refused: runc before 1.2.0 " +
					"refuses every profile with flags"}},
		{
			"an empty list of flags", rules(""), whole(`"syscalls"`, `"flags":[],"syscalls"`).Replace(rules("")),
			[]string{"changes the flags: none given to an empty list"},
		},
		{
			"a listener", whole(`"syscalls"`, `"listenerPath":"/a","syscalls"`).Replace(rules("")), rules(""),
			[]string{"changes the listener: /a to none"},
		},
		{"off", rules(""), "{}", []string{"widens the filter: a profile to none"}},
		{"a capability",
			rules(`{"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN","CAP_BPF"]}}`),
			rules(`{"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]}}`),
			[]string{"widens mount for containers with CAP_SYS_ADMIN and without CAP_BPF: ERRNO EPERM to ALLOW"}},
		{"no capability",
			rules(`{"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN","CAP_BPF"]}}`),
			rules(`{"names":["mount"],"action":"SCMP_ACT_ALLOW","excludes":{"caps":["CAP_KILL"]}},` +
				`{"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN","CAP_BPF"]}}`),
			[]string{
				"widens mount for containers without CAP_BPF, CAP_KILL and CAP_SYS_ADMIN, or with CAP_BPF without " +
					"CAP_KILL and CAP_SYS_ADMIN, or with CAP_SYS_ADMIN without CAP_BPF and CAP_KILL: ERRNO EPERM to " +
					"ALLOW",
			}},
		{"a kernel, which Docker alone asks for",
			rules(`{"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"minKernel":"5.1"}}`),
			rules(`{"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"minKernel":"6.6"}}`),
			[]string{"narrows mount for Docker, containers on Linux from 5.1 to before 6.6: ALLOW to ERRNO EPERM"}},
		{"errno in words, which Podman alone reads",
			rules(`{"names":["mount"],"action":"SCMP_ACT_ERRNO","errno":"ENOSYS","comment":"x"}`),
			rules(`{"names":["mount"],"action":"SCMP_ACT_ERRNO","errno":"EBADF","comment":"x"}`),
			[]string{"changes mount: ERRNO ENOSYS to ERRNO EBADF"}},
		{"the first six conditions",
			rules(`{"names":["setuid"],"action":"SCMP_ACT_ALLOW","args":[` +
				strings.Repeat(`{"index":0,"value":5,"op":"SCMP_CMP_EQ"},`, 6) +
				`{"index":0,"value":6,"op":"SCMP_CMP_EQ"}]}`),
			rules(`{"names":["setuid"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":5,"op":"SCMP_CMP_EQ"}]}`),
			[]string{
				"narrows setuid for runc: ALLOW if arg0 == 5 or arg0 == 6, else ERRNO EPERM to ALLOW if arg0 == 5, " +
					"else ERRNO EPERM, such as (0x6)",
			}},
		{
			"a call that socketcall makes too", rules(`{"names":["socket"],"action":"SCMP_ACT_ALLOW"}`), rules(``),
			[]string{
				"narrows socket: ALLOW to ERRNO EPERM",
				"narrows socketcall: ALLOW if arg0 == 1, else ERRNO EPERM to ERRNO EPERM, such as (0x1)",
			},
		},
		{"a rule that is refused", rules(``), rules(`{"names":["chmod"],"action":"SCMP_ACT_LOG","errnoRet":5}`),
			[]string{
				"changes whether it is accepted for crun: accepted to refused: crun accepts no errno with SCMP_ACT_LOG",
				"widens chmod: ERRNO EPERM to LOG"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := decide.Diff(parse(tt.old), parse(tt.new), decide.Targets{})
			got := sayDifference(d)
			// Too much to be shown.
			if len(tt.want) > 0 && strings.HasPrefix(tt.want[len(tt.want)-1], "changes the rest") {
				if len(got) < len(tt.want) ||
					!strings.Contains(got[len(got)-1],
						strings.TrimPrefix(tt.want[len(tt.want)-1], "changes the rest ")) {
					t.Errorf("got %q", got)
				}
				return
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
			if d.Empty() != (len(got) == 0) {
				t.Errorf("Empty is %v", d.Empty())
			}
		})
	}
}

// sayDifference puts a difference into words.
func sayDifference(d *decide.Difference) (out []string) {
	forWhom := func(s decide.TargetSet) string {
		if words := targetWords(s); words != "" {
			return " for " + words
		}
		return ""
	}
	for _, w := range d.Whole {
		out = append(out,
			fmt.Sprintf("%s %s%s: %s to %s", w.Effect, w.What, forWhom(w.For), partWords(w.What, w.Before),
				partWords(w.What, w.After)))
	}
	border := func(n int, name string) string {
		if n < 0 {
			return "none"
		}
		return fmt.Sprintf("%d (%s)", n, name)
	}
	for _, b := range d.Borders {
		out = append(out,
			fmt.Sprintf("border on %s%s: %s to %s", b.ABI, forWhom(b.For), border(b.Before, b.BeforeName),
				border(b.After, b.AfterName)))
	}
	for _, c := range d.Changes {
		s := fmt.Sprintf("%s %s", c.Effect, strings.Join(c.Syscalls, " "))
		if c.Unsure {
			s = "perhaps " + s
		}
		if c.ABIs != nil {
			s += " on " + strings.Join(c.ABIs, " ")
		}
		before, after := decisionWords(&c)
		s += forWhom(c.For) + ": " + before + " to " + after
		if strings.Contains(before+after, " if ") && c.HasExample {
			n := 6
			for n > 1 && c.Example[n-1] == 0 {
				n--
			}
			var args []string
			for _, a := range c.Example[:n] {
				args = append(args, fmt.Sprintf("%#x", a))
			}
			s += ", such as (" + strings.Join(args, ", ") + ")"
		}
		if c.Cause != decide.CauseRules {
			s += ", for the " + c.Cause.String()
		}
		out = append(out, s)
	}
	return out
}
