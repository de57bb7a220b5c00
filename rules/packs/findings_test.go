//go:build unix

package packs_test

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// crowds are files with n findings that have fixes, for each format: those whose fixes do not overlap, those that have
// one line or one place in common, and those that fail their proof.
var crowds = []struct {
	name  string
	texts func(n int) map[string]string
}{
	{"nix/values", func(n int) map[string]string {
		return map[string]string{"nix.conf": strings.Repeat("cores = x\n", n)}
	}},
	{"nix/duplicates", func(n int) map[string]string {
		return map[string]string{"nix.conf": strings.Repeat("cores = 4\n", n)}
	}},
	{"nix/includes", func(n int) map[string]string {
		return map[string]string{"nix.conf": numbered(n, "", "include f%d.conf\n", "")}
	}},
	{"nix/syntax", func(n int) map[string]string {
		return map[string]string{"nix.conf": strings.Repeat("cores 4\nmax-jobs: 3\n", n/2)}
	}},
	{"nix/copies", func(n int) map[string]string {
		return map[string]string{"nix.conf": "substituters =" + strings.Repeat(" https://a.example.org", n) + "\n"}
	}},
	{"nix/one-line", func(n int) map[string]string {
		return map[string]string{"nix.conf": numbered(n, "substituters =", " http://c%d.example.org", "\n")}
	}},
	{"nix/unknown", func(n int) map[string]string {
		return map[string]string{"nix.conf": numbered(n, "", "experimental-feature = a%d\n", "")}
	}},
	{"nix/fragments", func(n int) map[string]string {
		return map[string]string{"Dockerfile": "FROM nixos/nix:2.24.0\n" +
			strings.Repeat("RUN echo 'cores=4' >> /etc/nix/nix.conf\n", n)}
	}},
	{"compose/void-options", func(n int) map[string]string {
		const service = "  s%d:\n    image: a\n    privileged: true\n" +
			"    cap_add:\n      - SYS_ADMIN\n      - NET_ADMIN\n"
		return map[string]string{"compose.yaml": numbered(n/2, "services:\n", service, "")}
	}},
	{"docker/instructions", func(n int) map[string]string {
		return map[string]string{"Dockerfile": "FROM debian:12\n" + strings.Repeat("RNU true\n", n)}
	}},
	{"docker/casing", func(n int) map[string]string {
		return map[string]string{"Dockerfile": "FROM debian:12\n" + strings.Repeat("run true\nRUN true\n", n)}
	}},
	{"docker/stages", func(n int) map[string]string {
		return map[string]string{"Dockerfile": numbered(n, "", "FROM debian:12 as S%d\n", "")}
	}},
	{"docker/flags", func(n int) map[string]string {
		return map[string]string{"Dockerfile": "FROM nixos/nix:2.24.0\n" +
			strings.Repeat("RUN --securty=insecure nix-build --option sandbx false\n", n)}
	}},
	{"seccomp/names", func(n int) map[string]string {
		return map[string]string{"seccomp.json": `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"` +
			strings.Repeat(`, "wirte"`, n) + `], "action": "SCMP_ACT_ALLOW"}]}`}
	}},
	{"seccomp/rules", func(n int) map[string]string {
		return map[string]string{"seccomp.json": `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [` +
			strings.Repeat(`{"names": ["wirte"], "action": "SCMP_ACT_ALLOW"}, `, n) +
			`{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}`}
	}},
	{"seccomp/documents", func(n int) map[string]string {
		return map[string]string{"profiles.yaml": numbered(max(n/10, 1), "", `---
apiVersion: security-profiles-operator.x-k8s.io/v1beta1
kind: SeccompProfile
metadata:
  name: p%d
spec:
  defaultAction: SCMP_ACT_ERRNO
  syscalls:
  - action: SCMP_ACT_ALLOW
    names:
    - wirte
`, "")}
	}},
	{"files/dockerfiles", func(n int) map[string]string {
		texts := map[string]string{}
		for i := range n {
			texts[fmt.Sprintf("d%d/Dockerfile", i)] = "FROM debian:12\nRNU true\n"
			texts[fmt.Sprintf(".github/workflows/w%d.yml", i)] = fmt.Sprintf("on: push\njobs:\n  a:\n"+
				"    runs-on: ubuntu-latest\n    steps:\n    - uses: docker/build-push-action@v6\n      with:\n"+
				"        context: d%d\n        platforms: linux/amd64,linux/arm64\n", i)
		}
		return texts
	}},
	{"files/bake", func(n int) map[string]string {
		texts := map[string]string{}
		var bake strings.Builder
		for i := range n {
			texts[fmt.Sprintf("d%d/Dockerfile", i)] = "FROM nixos/nix\nRUN nix-build\n" +
				"RUN echo 'filter-syscalls = false' >> /etc/nix/nix.conf\n"
			fmt.Fprintf(&bake, "target \"t%d\" {\n  context = \"d%d\"\n  platforms = [\"linux/arm64\"]\n}\n", i, i)
		}
		texts["docker-bake.hcl"] = bake.String()
		return texts
	}},
	{"files/copied", func(n int) map[string]string {
		texts := map[string]string{"nix.conf": "max-jobs = 3"}
		for i := range n {
			texts[fmt.Sprintf("d%d/Dockerfile", i)] =
				"FROM nixos/nix\nCOPY nix.conf /etc/nix/nix.conf\nRUN echo 'cores=4' >> /etc/nix/nix.conf\n"
		}
		return texts
	}},
}

func numbered(n int, begin, each, end string) string {
	var b strings.Builder
	b.WriteString(begin)
	for i := range n {
		fmt.Fprintf(&b, each, i)
	}
	return b.String() + end
}

// BenchmarkFindings checks files with ever more findings, with and without their fixes, and fixes them. The CPU time
// for each must not grow with their number:
//
//	go test ./rules/packs -run '^$' -bench Findings -benchtime 1x
func BenchmarkFindings(b *testing.B) {
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		b.Fatal(err)
	}
	for _, crowd := range crowds {
		for _, n := range []int{10, 100, 1000, 10000} {
			made := sync.OnceValue(func() *workspace.Workspace { return inMemory(b, crowd.texts(n)) })
			for _, work := range []struct {
				name string
				do   func() int
			}{
				{"check", func() int { return len(rules.Check(made(), set, rules.CheckOptions{}).Findings) }},
				{"fixes", func() int {
					return len(rules.Check(made(), set, rules.CheckOptions{Fixes: true}).Findings)
				}},
				{"fix", func() int {
					applied := 0
					for _, f := range rules.Fix(made(), set, rules.FixOptions{Unsafe: true}).Files {
						applied += len(f.Applied)
					}
					return applied
				}},
			} {
				b.Run(fmt.Sprintf("%s/%s/%d", crowd.name, work.name, n), func(b *testing.B) {
					made()
					found, start := 0, cpuTime(b)
					for b.Loop() {
						found = work.do()
					}
					spent := (cpuTime(b) - start) / time.Duration(b.N)
					b.ReportMetric(float64(found), "findings")
					b.ReportMetric(float64(spent.Microseconds())/1000, "cpu-ms/op")
					b.ReportMetric(float64(spent.Nanoseconds())/1000/float64(n), "cpu-µs/each")
				})
			}
		}
	}
}

// comparisons are the operators of n rules about one argument of one syscall, by turns, and what they compare.
var comparisons = []struct {
	name string
	ops  []string
	more string // conditions on other arguments
}{
	{"LT", []string{"LT"}, ""},
	{"LE", []string{"LE"}, ""},
	{"GT", []string{"GT"}, ""},
	{"GE", []string{"GE"}, ""},
	{"EQ", []string{"EQ"}, ""},
	{"NE", []string{"NE"}, ""},
	{"MASKED", []string{"MASKED_EQ"}, ""},
	{"mixed", []string{"LT", "LT", "GE", "GE", "LE", "LE", "GT", "GT", "MASKED_EQ", "MASKED_EQ", "EQ", "EQ"}, ""},
	{"two", []string{"LT"}, `, {"index": 1, "op": "SCMP_CMP_EQ", "value": {{few}}}`},
}

// BenchmarkComparisons checks a profile with n rules that compare one argument and have two actions. The time for each
// rule must not grow with their number.
func BenchmarkComparisons(b *testing.B) {
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		b.Fatal(err)
	}
	for _, shape := range comparisons {
		for _, step := range []int{1, 5} {
			for _, n := range []int{10, 100, 1000, 10000} {
				var all []string
				for i := range n {
					op, value := shape.ops[i%len(shape.ops)], 100+i*step
					one := fmt.Sprintf(`{"index": 0, "op": "SCMP_CMP_%s", "value": %d}`, op, value)
					if op == "MASKED_EQ" {
						one = fmt.Sprintf(`{"index": 0, "op": "SCMP_CMP_%s", "value": %d, "valueTwo": %d}`, op,
							uint64(math.MaxUint64), value)
					}
					one += strings.ReplaceAll(shape.more, "{{few}}", fmt.Sprint(i%7))
					all = append(all, fmt.Sprintf(`{"names": ["socket"], "action": "SCMP_ACT_%s", "args": [%s]}`,
						[]string{"ERRNO", "TRAP"}[i%2], one))
				}
				texts := map[string]string{"seccomp.json": `{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ` +
					`["SCMP_ARCH_X86_64"], "syscalls": [` + strings.Join(all, ",\n") + `]}`}
				b.Run(fmt.Sprintf("%s/%d/%d", shape.name, step, n), func(b *testing.B) {
					ws := inMemory(b, texts)
					start := cpuTime(b)
					for b.Loop() {
						rules.Check(ws, set, rules.CheckOptions{})
					}
					spent := (cpuTime(b) - start) / time.Duration(b.N)
					b.ReportMetric(float64(spent.Microseconds())/1000, "cpu-ms/op")
					b.ReportMetric(float64(spent.Nanoseconds())/1000/float64(n), "cpu-µs/each")
				})
			}
		}
	}
}
