package decide

import (
	"cmp"
	"fmt"
	"strings"
	"testing"
)

// shapes are rules about one syscall, of which the nth is made of n.
var shapes = []struct {
	name string
	rule func(n int) string
	call string // "" for ioctl
}{
	{"equal", func(n int) string { return manyRule(n, "ERRNO", "EQ", 0) }, ""},
	{"masked", func(n int) string { return manyRule(n, "ERRNO", "MASKED_EQ", 0) }, ""},
	{"two arguments", func(n int) string { return manyRule(n, "ERRNO", "EQ", 7) }, ""},
	{"two actions", func(n int) string { return manyRule(n, []string{"ERRNO", "TRAP"}[n%2], "EQ", 0) }, ""},
	{"order and two actions", func(n int) string {
		return manyRule(n, []string{"ERRNO", "TRAP"}[n%2], "GE", 1<<20)
	}, ""},
	{"LT and GE", func(n int) string {
		return manyRule(n, []string{"ERRNO", "TRAP"}[n%2], []string{"LT", "GE"}[n%2], 0)
	}, ""},
	{"ranges", func(n int) string {
		return fmt.Sprintf(`{"names":["ioctl"],"action":"SCMP_ACT_%s","args":[{"index":1,"op":"SCMP_CMP_GE",`+
			`"value":%d},{"index":1,"op":"SCMP_CMP_LT","value":%d}]}`, []string{"ERRNO", "TRAP"}[n%2], 10*n, 10*n+12)
	}, ""},
	{"families", func(n int) string {
		return strings.ReplaceAll(manyRule(n, []string{"ERRNO", "TRAP"}[n%2], "EQ", 0), "ioctl", "socket")
	}, "socket"},
	{"personalities", func(n int) string {
		return strings.ReplaceAll(manyRule(n, []string{"ERRNO", "TRAP"}[n%2], "EQ", 0), "ioctl", "personality")
	}, "personality"},
}

// manyRule returns a rule with a condition on one argument, or with another one on a second whose values repeat.
func manyRule(n int, action, op string, repeat int) string {
	value, two := n+1000, 0
	if op == "MASKED_EQ" {
		value, two = 0xffffffff, n+1000
	}
	second := ""
	if repeat > 0 {
		second = fmt.Sprintf(`,{"index":2,"op":"SCMP_CMP_EQ","value":%d}`, n%repeat)
	}
	return fmt.Sprintf(`{"names":["ioctl"],"action":"SCMP_ACT_%s","args":[{"index":1,"op":"SCMP_CMP_%s","value":%d,`+
		`"valueTwo":%d}%s]}`, action, op, value, two, second)
}

// The cost of all questions about rules on one syscall grows as their number does.
func BenchmarkManyRules(b *testing.B) {
	x86 := architectureOfABI("x86_64")
	for _, shape := range shapes {
		for _, n := range []int{10, 100, 1000, 10_000} {
			var rules []string
			for i := range n {
				rules = append(rules, shape.rule(i))
			}
			text := func(rules []string) string {
				return `{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64"],"syscalls":[` +
					strings.Join(rules, ",") + `]}`
			}
			p, other := parse(text(rules)), parse(text(rules[1:]))
			lib := Libseccomp{Version: release(2, 6, 1)}
			target := Target{LoaderOCI, Host{Arch: x86}, "runc", release(1, 5, 1), lib}
			b.Run(fmt.Sprintf("%s/%d", strings.ReplaceAll(shape.name, " ", "-"), n), func(b *testing.B) {
				for b.Loop() {
					f := Compile(p, target)
					f.Conflicts()
					d := f.Decide(x86, cmp.Or(shape.call, "ioctl"))
					d.Overlaps()
					d.Miscompiled()
					o := Compile(other, target).Decide(x86, cmp.Or(shape.call, "ioctl"))
					d.Compare(&o)
				}
			})
		}
	}
}
