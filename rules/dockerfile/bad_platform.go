package dockerfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

var badPlatform = &rules.Rule{
	ID:       "dockerfile/bad-platform",
	Summary:  "a --platform is not a platform, so the build fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"github.com/containerd/platforms: Parse",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Broken || s.Dockerfile().Foreign() {
			return
		}
		flag, ok := s.Flag("platform")
		if !ok || s.Instruction.Flag("platform").Unquoted == "" {
			return // an empty flag counts as none
		}
		if e := s.Dockerfile().Expansion(s.Instruction, flag.Value); !flag.Known && e.Known && e.Text == "" &&
			len(e.Unset) == 0 {
			for _, name := range e.Read {
				if p.Workspace.Passes(s.Dockerfile(), name) {
					return
				}
			}
			p.Report(rules.Finding{
				File: s.Dockerfile().Source, Span: flag.At, Severity: rules.Warning,
				Message: fmt.Sprintf("without --build-arg the platform %q is empty, so the build fails", flag.Value),
			})
			return
		}
		if !flag.Known || strings.Contains(flag.Value, "$") {
			return
		}
		if why := platformFault(flag.Value); why != "" {
			p.Report(rules.Finding{
				File: s.Dockerfile().Source, Span: flag.At,
				Message: fmt.Sprintf("%q is not a platform: %s, so the build fails", flag.Value, why),
			})
		}
	}, "FROM"),
}

// platformNames are the operating systems and architectures that one word alone may be. Source:
// github.com/containerd/platforms, database.go: isKnownOS, isKnownArch.
var platformNames = strings.Fields("aix android darwin dragonfly freebsd hurd illumos ios js linux macos nacl netbsd " +
	"openbsd plan9 solaris windows zos 386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle " +
	"mips64 mips64le mips64p32 mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm " +
	"x86_64 x86-64 i386 aarch64 armhf armel")

// platformFault returns why BuildKit refuses a platform, "" where it does not.
func platformFault(platform string) string {
	parts := strings.Split(platform, "/")
	for n, part := range parts {
		allowed := "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
		if n == 0 {
			allowed += "()+" // the version of the system, as in windows(10.0.17763)
		}
		if part == "" || strings.Trim(part, allowed) != "" {
			return fmt.Sprintf("%q cannot be part of one", part)
		}
	}
	switch {
	case len(parts) > 3:
		return "it has more than three parts"
	case len(parts) == 1 && !strings.Contains(platform, "(") &&
		!slices.Contains(platformNames, strings.ToLower(platform)):
		return "there is no such operating system or architecture"
	}
	return ""
}
