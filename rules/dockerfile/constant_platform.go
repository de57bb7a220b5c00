package dockerfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

var constantPlatform = &rules.Rule{
	ID:       "dockerfile/constant-platform",
	Aliases:  []string{"FromPlatformFlagConstDisallowed", "DL3029"},
	Summary:  "FROM has a constant --platform, so the image is the same for every target platform",
	Severity: rules.Warning,
	Category: rules.Portability,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/validations.go: reportConstPlatformDisallowed",
		"moby/buildkit#6022",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		flag := s.Instruction.Flag("platform")
		if s.Image == nil || s.Broken || flag == nil || flag.Unquoted == "" || s.Dockerfile().Foreign() ||
			strings.Contains(flag.Unquoted, "$") {
			return
		}
		system, arch, ok := platformParts(flag.Unquoted)
		if !ok || strings.Contains(s.Image.Stage.Name, system) || strings.Contains(s.Image.Stage.Name, arch) {
			return // a stage whose name says it is for one platform on purpose
		}
		platforms := p.Workspace.BuildPlatforms(s.Dockerfile())
		if len(platforms) > 0 && !slices.ContainsFunc(platforms, func(b image.Platform) bool {
			bs, ba, ok := platformParts(b.Name)
			return !ok || bs != system || ba != arch
		}) {
			return // the project builds for this platform alone
		}
		f := s.Dockerfile().Source
		gap := flag.Span
		for gap.End < len(f.Bytes) && f.Bytes[gap.End] == ' ' {
			gap.End++
		}
		p.Report(rules.Finding{
			File: f, Span: flag.Value.Span,
			Message: fmt.Sprintf("the base is for %s whatever the image is built for, so an image for another "+
				"platform "+
				"has programs that do not run there", flag.Unquoted),
			Fixes: []fixers.Fix{{
				Title: "Remove the flag; the target platform decides then", Safety: fixers.Unsafe,
				Edits:   []fixers.Edit{{File: f, Span: gap}},
				Changes: fixers.Changes{fixdocker.Flags{"platform"}},
			}},
		})
	}, "FROM"),
}

// architectureNames are other names of architectures. Source: github.com/containerd/platforms, database.go.
var architectureNames = map[string]string{
	"x86_64": "amd64", "x86-64": "amd64", "i386": "386", "aarch64": "arm64", "armhf": "arm", "armel": "arm",
}

// platformParts returns the operating system and the architecture of a platform, and false for what is none.
func platformParts(platform string) (system, arch string, ok bool) {
	parts := strings.Split(strings.ToLower(platform), "/")
	systems := []string{"linux", "windows", "darwin", "freebsd", "wasip1", "wasi"}
	switch {
	case len(parts) > 1:
		system, arch = parts[0], parts[1]
		ok = slices.Contains(systems, system) && arch != ""
	case slices.Contains(systems, parts[0]):
		return parts[0], "", false
	default:
		system, arch = "linux", parts[0]
		ok = slices.Contains([]string{"386", "amd64", "arm", "arm64", "loong64", "mips64le", "ppc64le", "riscv64",
			"s390x", "x86_64", "x86-64", "i386", "aarch64", "armhf", "armel"}, arch)
	}
	if name := architectureNames[arch]; name != "" {
		arch = name
	}
	return system, arch, ok
}
