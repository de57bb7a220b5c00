// Package kernels reads the kernel releases that rules ask for.
package kernels

import (
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/rules"
)

// ParseMin returns the release that Docker reads from minKernel: two numbers from 0 to 255, not both 0.
func ParseMin(s string) (seccomp.Version, bool) {
	major, minor, ok := strings.Cut(s, ".")
	a, errA := strconv.ParseUint(major, 10, 8)
	b, errB := strconv.ParseUint(minor, 10, 8)
	return seccomp.Version{Major: int(a), Minor: int(b)}, ok && errA == nil && errB == nil && a+b > 0
}

// Always reports whether all targeted kernels have a release or a newer one.
func Always(p *rules.Pass, least seccomp.Version) bool {
	return p.Targets().Seccomp.Extent("kernel", least, seccomp.Version{}) == decide.AllReleases
}
