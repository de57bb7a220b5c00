package seccomp

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/conditions"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var pointerArgument = &rules.Rule{
	ID:       "seccomp/pointer-argument",
	Summary:  "a condition compares an address, and a filter cannot see what lies there",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"seccomp(2) and Documentation/userspace-api/seccomp_filter.rst: pointers cannot be dereferenced",
		"seccomp/libseccomp#396",
		"Linux 6.18, x86_64, the syscall tracepoints of tracefs: the types of arguments",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		seen := map[source.Span]bool{}
		conditions.Each(p, profile, func(rule *seccomp.Rule, arg *seccomp.Arg, s *seccomp.Syscall) {
			n := int(arg.Index.Value)
			if n >= len(s.Args) || s.Args[n].Class != seccomp.Pointer || seen[arg.Span] || masksNothing(arg) {
				return
			}
			param := s.Args[n]
			if testsNull(arg) && !neverNull(s.Name, param) {
				return
			}
			seen[arg.Span] = true
			p.Report(report.At(profile, arg.Span,
				fmt.Sprintf("argument %d of %q is a pointer (%s%s); the condition compares the address, which a "+
					"program chooses, and not what lies there", n, s.Name, param.Type, param.Name)))
		})
	}),
}

// masksNothing reports whether a condition holds for every value, which seccomp/zero-mask reports.
func masksNothing(arg *seccomp.Arg) bool {
	return arg.Op.Text == "SCMP_CMP_MASKED_EQ" && arg.Value.Value == 0
}

// testsNull reports whether a condition distinguishes a null pointer from all others, which is a thing to ask of a
// pointer that may be null: prlimit64(2) only reads limits where its third argument is.
func testsNull(arg *seccomp.Arg) bool {
	switch v := arg.Value.Value; arg.Op.Text {
	case "SCMP_CMP_EQ", "SCMP_CMP_NE", "SCMP_CMP_GT", "SCMP_CMP_LE":
		return v == 0
	case "SCMP_CMP_GE", "SCMP_CMP_LT":
		return v == 1
	case "SCMP_CMP_MASKED_EQ":
		return v == math.MaxUint64 && arg.ValueTwo.Value == 0
	}
	return false
}

// neverNull reports whether a call always needs the path.
func neverNull(syscall string, param seccomp.Param) bool {
	return param.Type == "const char *" && strings.Contains(param.Name, "name") &&
		slices.Contains(pathSyscalls[:], syscall)
}

// pathSyscalls take paths that may not be null, unlike those that take null for the file descriptor itself or to
// switch something off.
var pathSyscalls = [...]string{
	"access", "chdir", "chmod", "chown", "chroot", "creat", "execve", "faccessat", "faccessat2", "fchmodat", "lchown",
	"link", "linkat", "lstat", "mkdir", "mkdirat", "mknod", "mknodat",
	"open", "openat", "openat2", "readlinkat", "rename", "renameat", "renameat2", "rmdir", "stat", "symlink",
	"symlinkat", "unlink", "unlinkat",
}
