package decide

import (
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/seccomptest"
	"github.com/sandlint/sandlint/parsers/source"
)

// What the recorded runtimes refused is what Refusals reports, for profiles that are JSON of the right shape.
func TestRefusalsAgreeWithRuntimes(t *testing.T) {
	checked, refused := 0, 0
	for _, r := range seccomptest.Records(t) {
		if r.Consumer != "runc" && r.Consumer != "crun" {
			continue
		}
		p := seccomp.Parse(source.NewFile("p.json", []byte(r.Profile)))
		got := Compile(p, recordedTarget(t, r)).Refusals()
		want := r.Outcome == "rejected"
		switch r.ID {
		case "notify-default": // crun crashes
			want = true
		case "listener-without-notify": // crun connects to the socket, which is not there
			want = false
		}
		if slices.ContainsFunc(p.Problems,
			func(problem source.Problem) bool { return problem.Kind != seccomp.KindNoDefault }) &&
			(len(got) > 0) != want {
			continue
		}
		if checked++; want {
			refused++
		}
		if (len(got) > 0) != want {
			t.Errorf("case %q, %s %s: %s (%s), refusals %v in %.300s", r.ID, r.Consumer, r.Version, r.Outcome, r.Stderr,
				got, r.Profile)
		}
	}
	if checked < 560 || refused < 80 {
		t.Errorf("%d records checked, %d of them refused; want 560 and 80 or more", checked, refused)
	}
}

func TestRefusals(t *testing.T) {
	const name = `{"names":["setuid"],"action":"SCMP_ACT_ERRNO"`
	tests := []struct {
		name, profile         string
		runtime, version, lib string
		loader                Loader
		want                  string // a part of the first reason, "" for none
	}{
		{
			"plain", `{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[` + name + `}]}`, "runc", "1.1.5", "2.5.4",
			LoaderOCI, "",
		},
		{
			"errno cut to 16 bits", `{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[` + name + `,"errnoRet":65536}]}`,
			"runc", "1.1.5", "2.5.4", LoaderOCI, "",
		},
		{
			"errno too large after that",
			`{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[` + name + `,"errnoRet":69631}]}`, "crun", "1.8.1", "2.5.4",
			LoaderOCI, "no errno above 4094, and the rule gives 4095",
		},
		{
			"errno of a name that is not known",
			`{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mseal"],"action":"SCMP_ACT_ERRNO",` +
				`"errnoRet":4095}]}`, "runc", "1.5.1", "2.5.4", LoaderOCI, "",
		},
		{
			"errno of TRACE",
			`{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["setuid"],"action":"SCMP_ACT_TRACE",` +
				`"errnoRet":5000}]}`, "runc", "1.5.1", "2.5.4", LoaderOCI, "",
		},
		{
			"errno on ALLOW, crun", `{"defaultAction":"SCMP_ACT_ALLOW","defaultErrnoRet":1}`, "crun", "1.27", "2.6.1",
			LoaderOCI, "crun accepts no errno with SCMP_ACT_ALLOW",
		},
		{
			"errno in words on ALLOW, Podman with crun", `{"defaultAction":"SCMP_ACT_ALLOW","defaultErrno":"EPERM"}`,
			"crun", "1.27", "2.6.1", LoaderContainers, "crun accepts no errno with SCMP_ACT_ALLOW",
		},
		{
			"the same for Docker", `{"defaultAction":"SCMP_ACT_ALLOW","defaultErrno":"EPERM"}`, "crun", "1.27", "2.6.1",
			LoaderDocker, "",
		},
		{
			"action that is too new", `{"defaultAction":"SCMP_ACT_KILL_PROCESS"}`, "runc", "1.1.2", "2.5.4", LoaderOCI,
			`runc before 1.1.3 does not know the action "SCMP_ACT_KILL_PROCESS"`,
		},
		{
			"flags in an old runc", `{"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_LOG"]}`, "runc",
			"1.1.5", "2.5.4", LoaderOCI, "runc before 1.2.0",
		},
		{
			"no flags in an old runc", `{"defaultAction":"SCMP_ACT_ALLOW","flags":[]}`, "runc", "1.1.5", "2.5.4",
			LoaderOCI, "",
		},
		{
			"flag that libseccomp does not know",
			`{"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"],` +
				`"listenerPath":"/x","syscalls":[{"names":["setuid"],"action":"SCMP_ACT_NOTIFY"}]}`, "runc", "1.5.1",
			"2.5.4", LoaderOCI, "libseccomp before 2.6.0",
		},
		{
			"flag with a listener",
			`{"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"],` +
				`"listenerPath":"/x","syscalls":[{"names":["setuid"],"action":"SCMP_ACT_NOTIFY"}]}`, "runc", "1.5.1",
			"2.6.1", LoaderOCI, "",
		},
		{
			"architecture of another byte order",
			`{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_S390X"]}`, "crun", "1.27", "2.6.1",
			LoaderOCI, "another byte order",
		},
		{
			"operator of a rule that equals the default, runc",
			`{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[` + name + `,"args":[{"index":0,"op":"EQ"}]}]}`, "runc",
			"1.5.1", "2.6.1", LoaderOCI, `operator "EQ"`,
		},
		{
			"operator of a rule that equals the default, crun",
			`{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[` + name + `,"args":[{"index":0,"op":"EQ"}]}]}`, "crun",
			"1.27", "2.6.1", LoaderOCI, "",
		},
		{
			"index of the seventh condition, crun",
			`{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[` + name + `,"args":[` +
				strings.Repeat(`{"index":0,"op":"SCMP_CMP_EQ"},`, 6) + `{"index":6,"op":"SCMP_CMP_EQ"}]}]}`, "crun",
			"1.29", "2.6.1", LoaderOCI, "",
		},
		{
			"index of the seventh condition, runc",
			`{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[` + name + `,"args":[` +
				strings.Repeat(`{"index":0,"op":"SCMP_CMP_EQ"},`, 6) + `{"index":6,"op":"SCMP_CMP_EQ"}]}]}`, "runc",
			"1.5.1", "2.6.1", LoaderOCI, "indices 0 to 5, not 6",
		},
		{
			"rule that Docker leaves out",
			`{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["setuid"],"action":"X",` +
				`"includes":{"caps":["CAP_BPF"]}}]}`, "runc", "1.5.1", "2.6.1", LoaderDocker, "",
		},
		{
			"the same for containerd",
			`{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["setuid"],"action":"X",` +
				`"includes":{"caps":["CAP_BPF"]}}]}`, "runc", "1.5.1", "2.6.1", LoaderOCI, `the action "X"`,
		},
		{
			"names that are missing, crun",
			`{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"action":"SCMP_ACT_ERRNO"}]}`, "crun", "1.27", "2.6.1",
			LoaderDocker, "without names",
		},
		{
			"names that are missing, Podman",
			`{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"action":"SCMP_ACT_ERRNO"}]}`, "crun", "1.27", "2.6.1",
			LoaderContainers, "",
		},
		{
			"the same condition",
			`{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[` + name +
				`,"args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]},` + name +
				`,"errnoRet":2,"args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]}]}`, "runc", "1.5.1", "2.6.1",
			LoaderOCI,
			`second action for "setuid" on x86_64 under the condition arg0 == 1: ERRNO ENOENT, and ERRNO EPERM before`,
		},
		{
			"the same condition after a rule without any",
			`{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[` + name + `},` + name +
				`,"args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]},` + name +
				`,"errnoRet":2,"args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]}]}`, "runc", "1.5.1", "2.6.1",
			LoaderOCI, "",
		},
		{
			"the same condition before a rule without any",
			`{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[` + name +
				`,"args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]},` + name +
				`,"errnoRet":2,"args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]},` + name + `}]}`, "runc", "1.5.1",
			"2.6.1", LoaderOCI, "second action",
		},
		{
			"fewer conditions after more",
			`{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[` + name +
				`,"args":[{"index":1,"op":"SCMP_CMP_NE"},{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]},` + name +
				`,"errnoRet":2,"args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]}]}`, "runc", "1.5.1", "2.6.1",
			LoaderOCI, "second action",
		},
		{
			"more conditions after fewer",
			`{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[` + name +
				`,"args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]},` + name +
				`,"errnoRet":2,"args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"},{"index":1,"op":"SCMP_CMP_NE"}]}]}`,
			"runc", "1.5.1", "2.6.1", LoaderOCI, "",
		},
		{
			"conditions that 32 bits make equal",
			`{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86"],"syscalls":[` + name +
				`,"args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]},` + name +
				`,"errnoRet":2,"args":[{"index":0,"value":4294967297,"op":"SCMP_CMP_EQ"}]}]}`, "runc", "1.5.1", "2.6.1",
			LoaderOCI, "on x86 under",
		},
		{
			"first arguments of a call that socketcall makes too",
			`{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86"],"syscalls":[{"names":["socket"],` +
				`"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]},{"names":["socket"],` +
				`"action":"SCMP_ACT_ERRNO","errnoRet":2,"args":[{"index":0,"value":2,"op":"SCMP_CMP_EQ"}]}]}`, "runc",
			"1.5.1", "2.6.1", LoaderOCI, "socketcall",
		},
		{
			"the same without the ABI",
			`{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["socket"],"action":"SCMP_ACT_ERRNO",` +
				`"args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]},{"names":["socket"],"action":"SCMP_ACT_ERRNO",` +
				`"errnoRet":2,"args":[{"index":0,"value":2,"op":"SCMP_CMP_EQ"}]}]}`, "runc", "1.5.1", "2.6.1",
			LoaderOCI, "",
		},
		{
			"the same after socketcall",
			`{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86"],` +
				`"syscalls":[{"names":["socketcall"],"action":"SCMP_ACT_LOG"},{"names":["socket"],` +
				`"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]},{"names":["socket"],` +
				`"action":"SCMP_ACT_ERRNO","errnoRet":2,"args":[{"index":0,"value":2,"op":"SCMP_CMP_EQ"}]}]}`, "runc",
			"1.5.1", "2.6.1", LoaderOCI, "",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Compile(parse(tt.profile), targetFor(tt.loader, tt.runtime, tt.version, tt.lib, "X86_64")).Refusals()
			if (len(got) > 0) != (tt.want != "") || len(got) > 0 && !strings.Contains(got[0].Reason, tt.want) {
				t.Errorf("got %v, want %q", got, tt.want)
			}
		})
	}
}

func TestDefaultProfilesAreNotRefused(t *testing.T) {
	for _, name := range []string{"docker", "podman"} {
		p := readProfile(t, name)
		for _, target := range (Targets{}).AllTargets(p) {
			for _, refusal := range Compile(p, target).Refusals() {
				if target.Host.Arch.ABI == "riscv64" || target.Host.Arch.ABI == "loongarch64" {
					continue // which older releases do not know
				}
				t.Errorf("%s: %s: %s", name, target, refusal.Reason)
			}
		}
	}
}

// Debian builds runc with libraries of its own, and so it knows other names than upstream's build of the release. The
// real programs answered so with libseccomp 2.6.1 (2.6.0 for 1.1.15+ds1-2).
func TestDebianRefusals(t *testing.T) {
	for _, tt := range []struct {
		runc, architecture, want string
	}{
		{"1.0.0~rc93+ds1-5+deb11u5", "LOONGARCH64", "runc 1.0.0-rc93 as Debian builds it does not know the " +
			`architecture "SCMP_ARCH_LOONGARCH64"`},
		{"1.1.5+ds1-1+deb12u1", "LOONGARCH64", `runc 1.1.5 as Debian builds it does not know the architecture ` +
			`"SCMP_ARCH_LOONGARCH64"`},
		{"1.1.15+ds1-2+b4", "LOONGARCH64", ""},
		{"1.3.6+ds1-1", "LOONGARCH64", ""},
		{"1.1.15", "LOONGARCH64", `runc before 1.4.1 does not know the architecture "SCMP_ARCH_LOONGARCH64"`},
		{"1.3.6", "LOONGARCH64", `runc before 1.4.1 does not know the architecture "SCMP_ARCH_LOONGARCH64"`},
		{"1.4.1", "LOONGARCH64", ""},
		{"1.1.5+ds1", "RISCV64", `runc before 1.1.8 does not know the architecture "SCMP_ARCH_RISCV64"`},
		{"1.1.15+ds1", "RISCV64", ""},
		{"1.3.6+ds1", "M68K", `no release of runc knows the architecture "SCMP_ARCH_M68K"`},
	} {
		p := parse(`{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_` + tt.architecture + `"],` +
			`"syscalls":[{"names":["sethostname"],"action":"SCMP_ACT_ERRNO"}]}`)
		for _, target := range targetsOf(t, "runc="+tt.runc, "libseccomp=2.6.1").Usual(p, LoaderOCI) {
			target.Host.Arch = architectureOfABI("x86_64")
			got := ""
			if r := Compile(p, target).Refusals(); len(r) > 0 {
				got = r[0].Reason
			}
			if got != tt.want {
				t.Errorf("%s with %s: %q, want %q", tt.runc, tt.architecture, got, tt.want)
			}
		}
	}
}

// A package and the release of the same number are two targets.
func TestDebianVariants(t *testing.T) {
	variants := targetsOf(t, "runc=1.3.6", "runc=1.3.6+ds1").variants("runc", supportReleases("runc"))
	if len(variants) != 2 || !variants[0].version.Debian || variants[1].version.Debian {
		t.Errorf("variants %v", variants)
	}
	if n := len(targetsOf(t, "runc=1.1.5+ds1..1.3.6+ds1").variants("runc", supportReleases("runc"))); n < 2 {
		t.Errorf("%d variants of a range of packages", n)
	}
}
