package workflow

import (
	"slices"
	"strconv"
	"strings"
)

// Runner is the machine that a job runs on.
type Runner struct {
	// Labels are the labels under "runs-on".
	Labels []Value
	// OS is "linux", "windows" or "macos", "" when not known.
	OS string
	// Arch is "amd64" or "arm64", "" when not known.
	Arch string
}

// answer is yes, no or unsure.
type answer int

const (
	unsure answer = iota
	yes
	no
)

// runs reports whether the runner's processor can run programs of an architecture, in Go's names, without emulation.
func (r Runner) runs(arch string) answer {
	switch {
	case r.Arch == arch, r.Arch == "amd64" && arch == "386":
		return yes
	case r.Arch == "arm64" && arch == "arm", r.Arch == "", arch == "":
		return unsure // some 64 bit ARM processors have no 32 bit mode
	}
	return no
}

// newRunner derives the runner from its labels. If two of them disagree, or none says, the architecture is not known.
// Where the runners are not GitHub's own, "ubuntu-latest" may be any machine.
func newRunner(labels []Value, hosted bool) Runner {
	r := Runner{Labels: labels}
	clash := false
	for _, l := range labels {
		if !l.Known {
			continue
		}
		label := strings.ToLower(l.Text)
		os, arch := platformOf(label)
		named := func(word string) bool { return strings.Contains(label, word) }
		if !hosted && !slices.ContainsFunc(architectures, named) {
			arch = ""
		}
		if os != "" && r.OS == "" {
			r.OS = os
		}
		clash = clash || arch != "" && r.Arch != "" && arch != r.Arch
		if arch != "" {
			r.Arch = arch
		}
	}
	if clash {
		r.Arch = ""
	}
	return r
}

// architectures are the words in labels that name an architecture.
var architectures = []string{"arm", "aarch64", "x64", "amd64", "x86"}

// platformOf returns the operating system and architecture that a label implies. The labels of GitHub's own runners are
// those of github.com/actions/runner-images (August 2026) and of its larger macOS runners; a self-hosted runner gets
// the labels X64, ARM or ARM64 when it is registered; the rest are conventions of companies that rent out runners.
// Other labels, such as the name of a larger runner, imply nothing.
func platformOf(label string) (os, arch string) {
	family, version, _ := strings.Cut(label, "-")
	version, variant, _ := strings.Cut(version, "-")
	switch family {
	case "ubuntu":
		if version == "latest" || version == "slim" || isRelease(version) {
			switch variant {
			case "":
				return "linux", "amd64"
			case "arm":
				return "linux", "arm64"
			}
		}
	case "windows":
		_, err := strconv.Atoi(version)
		switch {
		case version == "latest" && variant == "", err == nil && (variant == "" || strings.HasPrefix(variant, "vs")):
			return "windows", "amd64"
		case err == nil && variant == "arm":
			return "windows", "arm64"
		}
	case "macos":
		n, err := strconv.Atoi(version)
		switch {
		case err != nil && version != "latest":
		case variant == "large" || variant == "intel":
			return "macos", "amd64"
		case variant == "xlarge":
			return "macos", "arm64"
		case variant == "" && err == nil && n <= 13:
			return "macos", "amd64"
		case variant == "":
			return "macos", "arm64"
		}
	}
	words := strings.FieldsFunc(label, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9')
	})
	ubuntu := false
	for i, w := range words {
		found := ""
		switch w {
		case "linux":
			os = "linux"
		case "ubuntu":
			os, ubuntu = "linux", true
		case "windows":
			os = "windows"
		case "macos", "mac":
			os = "macos"
		case "arm64", "aarch64":
			found = "arm64"
		case "x64", "amd64":
			found = "amd64"
		case "64":
			if i > 0 && words[i-1] == "x86" {
				found = "amd64"
			}
		case "arm":
			if ubuntu { // without "ubuntu" it means a 32-bit processor
				found = "arm64"
			}
		}
		if found != "" && arch != "" && found != arch {
			return os, ""
		}
		if found != "" {
			arch = found
		}
	}
	return os, arch
}

// isRelease reports whether s is a release of Ubuntu: "24.04".
func isRelease(s string) bool {
	return len(s) == 5 && s[2] == '.' && isDigit(s[0]) && isDigit(s[1]) && isDigit(s[3]) && isDigit(s[4])
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// splitPlatform returns the operating system and architecture of a platform, in Go's names: linux and arm for
// "linux/arm/v7", linux and arm64 for QEMU's "aarch64". An architecture that is not known is "".
func splitPlatform(s string) (os, arch string) {
	os, arch, found := strings.Cut(strings.ToLower(strings.TrimSpace(s)), "/")
	if !found {
		os, arch = "linux", os
	}
	arch, variant, _ := strings.Cut(arch, "/")
	switch arch {
	case "amd64", "x86_64", "x86-64":
		return os, "amd64"
	case "386", "i386", "i486", "i586", "i686":
		return os, "386"
	case "arm64", "aarch64":
		return os, "arm64"
	case "arm", "armhf", "armel", "armv7", "armv7l", "armv6", "armv6l", "armv5":
		if variant == "v8" {
			return os, "arm64"
		}
		return os, "arm"
	case "ppc64le", "s390x", "riscv64", "mips", "mipsle", "mips64", "mips64le", "loong64", "ppc64":
		return os, arch
	}
	return os, ""
}
