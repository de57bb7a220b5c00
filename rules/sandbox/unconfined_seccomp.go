package sandbox

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/starts"
)

var unconfinedSeccomp = &rules.Rule{
	ID:       "sandbox/unconfined-seccomp",
	Summary:  "a container runs without a seccomp profile",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"Docker, docs: Seccomp security profiles for Docker (the default profile refuses about 44 calls)",
		"moby, profiles/seccomp/default.json: ptrace is allowed since Linux 4.8",
		"checkpoint-restore/criu#2508: an error that has nothing to do with the profile",
	},
	Check: rules.OnRun(func(p *rules.Pass, run *runs.Run) {
		option, ok := run.Option("seccomp")
		if !ok || !option.Value.Is("unconfined") || option.Value.Overridable || run.Host == runs.Command ||
			run.IsPrivileged() || starts.InTests(run) {
			return
		}
		if _, traces := run.Adds("SYS_PTRACE"); traces {
			return // a debugger
		}
		s := starts.Of(p, run)
		if s.Mentions(debuggers...) || s.NixSandboxed() {
			return
		}
		if n := s.Sandbox(); n != nil && n.Proc {
			return // sandbox/partial-privilege
		}
		if _, _, off := s.Disabled(); off {
			return // sandbox/stacked-disables
		}
		finding := rules.Finding{
			File: option.Value.File, Span: option.Span,
			Message: fmt.Sprintf("%s runs without a seccomp profile, so it can make every syscall of the kernel; "+
				"an error that this hides is mended by allowing the calls that fail", run.What()),
		}
		if run.Host == runs.Devcontainer || strings.Contains(run.File.Path, ".devcontainer") ||
			run.Host == runs.Configuration && p.Workspace.InImage(run.File) {
			finding.Severity = rules.Info
		}
		p.Report(finding)
	}),
}

// debuggers are words of programs that are run without a profile on purpose.
var debuggers = []string{
	"gdb", "pwndbg", "lldb", "delve", "/dlv", "strace", "rr record", "/rr ", "valgrind", "perf ", "bpftrace", "gvisor",
	"runsc", "sysbox", "criu", "dind", "buildkit", "podman", "buildah", "rootless", "ctf", "pwn", "syzkaller",
	"bubblewrap",
	"kaniko",
}
