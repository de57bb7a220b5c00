//go:build unix

package packs_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// A Dockerfile with a finding that depends on no other file, and one with a finding about the platforms that it is
// built for.
const (
	withTypo     = "FROM debian:12\nRNU true\n"
	withEmulated = "FROM nixos/nix\nRUN nix-build\nRUN echo 'filter-syscalls = false' >> /etc/nix/nix.conf\n"
)

// crossings are n files with a fixable finding each that have something to do with one other file, with n others, or
// with one another.
var crossings = []struct {
	name  string
	texts func(n int) map[string]string
}{
	{"workflows", func(n int) map[string]string {
		return eachOf(n, nil, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("d%d/Dockerfile", i)] = withTypo
			texts[fmt.Sprintf(".github/workflows/w%d.yml", i)] = fmt.Sprintf("on: push\njobs:\n  a:\n"+
				"    runs-on: ubuntu-latest\n    steps:\n    - uses: docker/build-push-action@v6\n      with:\n"+
				"        context: d%d\n        platforms: linux/amd64,linux/arm64\n", i)
		})
	}},
	{"workflow", func(n int) map[string]string {
		var jobs strings.Builder
		return eachOf(n, func(texts map[string]string) {
			texts[".github/workflows/w.yml"] = "on: push\njobs:\n" + jobs.String()
		}, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("d%d/Dockerfile", i)] = withEmulated
			fmt.Fprintf(&jobs, "  j%d:\n    runs-on: ubuntu-latest\n    steps:\n"+
				"    - run: docker buildx build --platform linux/arm64 d%d\n", i, i)
		})
	}},
	{"entitlements", func(n int) map[string]string {
		return eachOf(n, nil, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("d%d/Dockerfile", i)] = "FROM debian:12\nRUN --security=insecure true\n"
			texts[fmt.Sprintf(".github/workflows/w%d.yml", i)] = fmt.Sprintf("on: push\njobs:\n  a:\n"+
				"    runs-on: ubuntu-latest\n    steps:\n    - run: docker buildx build d%d\n", i)
		})
	}},
	{"bake", func(n int) map[string]string {
		var bake strings.Builder
		return eachOf(n, func(texts map[string]string) { texts["docker-bake.hcl"] = bake.String() },
			func(i int, texts map[string]string) {
				texts[fmt.Sprintf("d%d/Dockerfile", i)] = withEmulated
				fmt.Fprintf(&bake, "target \"t%d\" {\n  context = \"d%d\"\n  platforms = [\"linux/arm64\"]\n}\n", i, i)
			})
	}},
	{"bakes", func(n int) map[string]string {
		return eachOf(n, nil, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("d%d/Dockerfile", i)] = withEmulated
			texts[fmt.Sprintf("d%d/docker-bake.hcl", i)] = "target \"t\" {\n  platforms = [\"linux/arm64\"]\n}\n"
		})
	}},
	{"compose", func(n int) map[string]string {
		var services strings.Builder
		return eachOf(n, func(texts map[string]string) { texts["compose.yaml"] = "services:\n" + services.String() },
			func(i int, texts map[string]string) {
				texts[fmt.Sprintf("d%d/Dockerfile", i)] = withTypo
				fmt.Fprintf(&services, "  s%d:\n    build: d%d\n    privileged: true\n    cap_add: [SYS_ADMIN]\n", i, i)
			})
	}},
	{"composes", func(n int) map[string]string {
		return eachOf(n, nil, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("d%d/Dockerfile", i)] = withTypo
			texts[fmt.Sprintf("d%d/compose.yaml", i)] =
				"services:\n  s:\n    build: .\n    privileged: true\n    cap_add: [SYS_ADMIN]\n"
		})
	}},
	{"makefile", func(n int) map[string]string {
		var targets strings.Builder
		return eachOf(n, func(texts map[string]string) { texts["Makefile"] = targets.String() },
			func(i int, texts map[string]string) {
				texts[fmt.Sprintf("d%d/Dockerfile", i)] = withEmulated
				fmt.Fprintf(&targets, "t%d:\n\tdocker buildx build --platform linux/arm64 d%d\n", i, i)
			})
	}},
	{"build-scripts", func(n int) map[string]string {
		return eachOf(n, nil, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("d%d/Dockerfile", i)] = withEmulated
			texts[fmt.Sprintf("d%d/build.sh", i)] = "#!/bin/sh\ndocker buildx build --platform linux/arm64 .\n"
		})
	}},
	{"one-folder", func(n int) map[string]string {
		return eachOf(n, nil, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("Dockerfile.a%d", i)] = withTypo
		})
	}},
	{"copied-by-all", func(n int) map[string]string {
		return eachOf(n, func(texts map[string]string) { texts["nix.conf"] = "max-jobs = 3" },
			func(i int, texts map[string]string) {
				texts[fmt.Sprintf("d%d/Dockerfile", i)] =
					"FROM nixos/nix\nCOPY nix.conf /etc/nix/nix.conf\nRUN echo 'cores=4' >> /etc/nix/nix.conf\n"
			})
	}},
	{"copied", func(n int) map[string]string {
		return eachOf(n, nil, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("d%d/nix.conf", i)] = "max-jobs = 3"
			texts[fmt.Sprintf("d%d/Dockerfile", i)] =
				"FROM nixos/nix\nCOPY nix.conf /etc/nix/nix.conf\nRUN echo 'cores=4' >> /etc/nix/nix.conf\n"
		})
	}},
	{"copied-together", func(n int) map[string]string {
		dockerfile := "FROM nixos/nix\n"
		return eachOf(n, func(texts map[string]string) { texts["Dockerfile"] = dockerfile },
			func(i int, texts map[string]string) {
				texts[fmt.Sprintf("c%d/nix.conf", i)] = "cores=4\n"
				dockerfile += fmt.Sprintf("COPY c%d/nix.conf /etc/nix/nix.conf\nRUN nix-build\n", i)
			})
	}},
	{"included-by-all", func(n int) map[string]string {
		return eachOf(n, func(texts map[string]string) { texts["shared.conf"] = "cores=4\n" },
			func(i int, texts map[string]string) {
				texts[fmt.Sprintf("d%d/nix.conf", i)] = "max-jobs=3\n!include ../shared.conf\n"
			})
	}},
	{"included", func(n int) map[string]string {
		main := ""
		return eachOf(n, func(texts map[string]string) { texts["nix.conf"] = main },
			func(i int, texts map[string]string) {
				texts[fmt.Sprintf("i%d.conf", i)] = "cores=4\n"
				main += fmt.Sprintf("!include i%d.conf\n", i)
			})
	}},
	{"profile", func(n int) map[string]string {
		var services strings.Builder
		return eachOf(n, func(texts map[string]string) {
			texts["compose.yaml"] = "services:\n" + services.String()
			texts["seccomp.json"] = `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["wirte"], ` +
				`"action": "SCMP_ACT_ALLOW"}]}`
		}, func(i int, texts map[string]string) {
			fmt.Fprintf(&services, "  s%d:\n    image: debian\n    security_opt: [\"seccomp:seccomp.json\"]\n", i)
		})
	}},
	{"profile-by-files", func(n int) map[string]string {
		return eachOf(n, func(texts map[string]string) {
			texts["seccomp.json"] = `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["wirte"], ` +
				`"action": "SCMP_ACT_ALLOW"}]}`
		}, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("d%d/compose.yaml", i)] = "services:\n  s:\n    image: debian\n    privileged: true\n" +
				"    cap_add: [SYS_ADMIN]\n    security_opt: [\"seccomp:../seccomp.json\"]\n"
		})
	}},
	{"profiles", func(n int) map[string]string {
		var services strings.Builder
		return eachOf(n, func(texts map[string]string) { texts["compose.yaml"] = "services:\n" + services.String() },
			func(i int, texts map[string]string) {
				fmt.Fprintf(&services, "  s%d:\n    image: debian\n"+
					"    security_opt: [\"seccomp:p%d/seccomp.json\"]\n", i, i)
				texts[fmt.Sprintf("p%d/seccomp.json", i)] = `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [` +
					`{"names": ["wirte"], "action": "SCMP_ACT_ALLOW"}]}`
			})
	}},
	{"script-of-all", func(n int) map[string]string {
		return eachOf(n, func(texts map[string]string) {
			texts["x.sh"] = "#!/bin/sh\necho 'cores=6' >> /etc/nix/nix.conf\nnix-build\n"
		}, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("d%d/Dockerfile", i)] = "FROM nixos/nix\nCOPY x.sh /x.sh\nRUN /x.sh\nRNU true\n"
		})
	}},
	{"scripts", func(n int) map[string]string {
		return eachOf(n, nil, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("d%d/x.sh", i)] = "#!/bin/sh\necho 'cores=6' >> /etc/nix/nix.conf\nnix-build\n"
			texts[fmt.Sprintf("d%d/Dockerfile", i)] = "FROM nixos/nix\nCOPY x.sh /x.sh\nRUN /x.sh\nRNU true\n"
		})
	}},
	{"scripts-together", func(n int) map[string]string {
		dockerfile := "FROM nixos/nix\n"
		return eachOf(n, func(texts map[string]string) { texts["Dockerfile"] = dockerfile },
			func(i int, texts map[string]string) {
				texts[fmt.Sprintf("s%d.sh", i)] = "#!/bin/sh\necho 'cores=6' >> /etc/nix/nix.conf\nnix-build\n"
				dockerfile += fmt.Sprintf("COPY s%d.sh /s.sh\nRUN /s.sh\n", i)
			})
	}},
	{"suppressions", func(n int) map[string]string {
		return eachOf(n, nil, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("d%d/Dockerfile", i)] = "# sandlint ignore=dockerfile/no-such-rule\n" + withTypo
		})
	}},
	{"granted", func(n int) map[string]string {
		return eachOf(n, nil, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("d%d/Dockerfile", i)] = "FROM debian:12\nRUN true\n"
			texts[fmt.Sprintf(".github/workflows/w%d.yml", i)] = fmt.Sprintf("on: push\njobs:\n  a:\n"+
				"    runs-on: ubuntu-latest\n    steps:\n"+
				"    - run: docker buildx build --allow security.insecure d%d\n", i)
		})
	}},
	{"reusable", func(n int) map[string]string {
		return eachOf(n, func(texts map[string]string) {
			texts[".github/workflows/all.yml"] = "on:\n  workflow_call:\n    inputs:\n      dir:\n" +
				"        type: string\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n" +
				"    - run: docker buildx build --platform linux/arm64 ${{ inputs.dir }}\n"
		}, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("d%d/Dockerfile", i)] = "FROM debian:12\nRUN --security=insecure true\n"
			texts[fmt.Sprintf(".github/workflows/w%d.yml", i)] = fmt.Sprintf("on: push\njobs:\n  a:\n"+
				"    runs-on: ubuntu-latest\n    steps:\n    - run: docker buildx build d%d\n"+
				"  b:\n    uses: ./.github/workflows/all.yml\n    with:\n      dir: d%d\n", i, i)
		})
	}},
	{"folder-of-scripts", func(n int) map[string]string {
		return eachOf(n, nil, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("scripts/x%d.sh", i)] = "#!/bin/sh\necho 'cores=6' >> /etc/nix/nix.conf\nnix-build\n"
			texts[fmt.Sprintf("d%d/Dockerfile", i)] =
				fmt.Sprintf("FROM nixos/nix\nCOPY scripts/x%d.sh /x.sh\nRUN /x.sh\nRNU true\n", i)
		})
	}},
	{"override", func(n int) map[string]string {
		var services, over strings.Builder
		return eachOf(n, func(texts map[string]string) {
			texts["compose.yaml"] = "services:\n" + services.String()
			texts["compose.override.yaml"] = "services:\n" + over.String()
			texts["compose.test.yaml"] = "services:\n" + over.String()
		}, func(i int, texts map[string]string) {
			fmt.Fprintf(&services, "  s%d:\n    image: debian\n    privileged: true\n    cap_add: [SYS_ADMIN]\n", i)
			fmt.Fprintf(&over, "  s%d:\n    image: debian:12\n", i)
		})
	}},
	{"extended", func(n int) map[string]string {
		var services, base strings.Builder
		return eachOf(n, func(texts map[string]string) {
			texts["compose.yaml"] = "services:\n" + services.String()
			texts["base/compose.yaml"] = "services:\n" + base.String()
		}, func(i int, texts map[string]string) {
			fmt.Fprintf(&services, "  s%d:\n    extends:\n      file: base/compose.yaml\n      service: s%d\n"+
				"    privileged: true\n    cap_add: [SYS_ADMIN]\n", i, i)
			fmt.Fprintf(&base, "  s%d:\n    image: debian:12\n", i)
		})
	}},
	{"images-run", func(n int) map[string]string {
		var services strings.Builder
		return eachOf(n, func(texts map[string]string) { texts["compose.yaml"] = "services:\n" + services.String() },
			func(i int, texts map[string]string) {
				texts[fmt.Sprintf("d%d/Dockerfile", i)] = withTypo
				texts[fmt.Sprintf("d%d/run.sh", i)] = fmt.Sprintf(
					"#!/bin/sh\ndocker build -t app%d .\ndocker run --privileged --cap-add SYS_ADMIN app%d\n", i, i)
				fmt.Fprintf(&services, "  s%d:\n    image: app%d\n    privileged: true\n"+
					"    cap_add: [SYS_ADMIN]\n", i, i)
			})
	}},
	{"near-profiles", func(n int) map[string]string {
		var services strings.Builder
		return eachOf(n, func(texts map[string]string) { texts["compose.yaml"] = "services:\n" + services.String() },
			func(i int, texts map[string]string) {
				fmt.Fprintf(&services, "  s%d:\n    image: debian\n"+
					"    security_opt: [\"seccomp=missing-%d.json\"]\n", i, i)
				for _, name := range []string{"profile", "other"} {
					texts[fmt.Sprintf("%s-%d.json", name, i)] = `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [` +
						`{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}`
				}
			})
	}},
	{"profiles-in-one-folder", func(n int) map[string]string {
		return eachOf(n, nil, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("seccomp/p%d.json", i)] = `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [` +
				`{"names": ["wirte"], "action": "SCMP_ACT_ALLOW"}]}`
		})
	}},
	{"composes-in-one-folder", func(n int) map[string]string {
		return eachOf(n, nil, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("compose.a%d.yaml", i)] =
				"services:\n  s:\n    build: .\n    privileged: true\n    cap_add: [SYS_ADMIN]\n"
			texts["Dockerfile"] = withEmulated
		})
	}},
	{"bakes-in-one-folder", func(n int) map[string]string {
		return eachOf(n, func(texts map[string]string) { texts[".github/workflows/w.yml"] = bakedByAll(n) },
			func(i int, texts map[string]string) {
				texts[fmt.Sprintf("a%d.hcl", i)] = fmt.Sprintf(
					"target \"t%d\" {\n  context = \"d%d\"\n  platforms = [\"linux/arm64\"]\n}\n", i, i)
				texts[fmt.Sprintf("d%d/Dockerfile", i)] = withEmulated
			})
	}},
	{"included-of-one-folder", func(n int) map[string]string {
		return eachOf(n, nil, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("conf/i%d.conf", i)] = "cores=4\n"
			texts[fmt.Sprintf("d%d/nix.conf", i)] = fmt.Sprintf("max-jobs=3\n!include ../conf/i%d.conf\n", i)
		})
	}},
	{"dockerignores", func(n int) map[string]string {
		return eachOf(n, nil, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("Dockerfile.a%d", i)] = "FROM debian:12\nCOPY secret.txt x /\nRNU a\n"
			texts[fmt.Sprintf("Dockerfile.a%d.dockerignore", i)] = "*\n!x\n"
		})
	}},
	{"ignored-in-folders", func(n int) map[string]string {
		return eachOf(n, nil, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("d%d/Dockerfile", i)] = "FROM debian:12\nCOPY secret.txt x /\nRNU a\n"
			texts[fmt.Sprintf("d%d/.dockerignore", i)] = "*\n!x\n"
		})
	}},
	{"gitignores", func(n int) map[string]string {
		return eachOf(n, nil, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("d%d/Dockerfile", i)] = withTypo
			texts[fmt.Sprintf("d%d/.gitignore", i)] = "secret\n*.log\n"
		})
	}},
	{"base-images", func(n int) map[string]string {
		return eachOf(n, nil, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("d%d/Dockerfile", i)] = fmt.Sprintf("FROM app%d\nRNU a\n", i-1)
			texts[fmt.Sprintf("d%d/build.sh", i)] = fmt.Sprintf("#!/bin/sh\ndocker build -t app%d .\n", i)
		})
	}},
	{"called-callers", func(n int) map[string]string {
		const called = "on:\n  push:\n  workflow_call:\njobs:\n"
		return eachOf(n, func(texts map[string]string) {
			texts[".github/workflows/setup.yml"] = called + "  a:\n    runs-on: ubuntu-latest\n    steps:\n" +
				"    - run: docker buildx build --platform linux/arm64 d0\n"
		}, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("d%d/Dockerfile", i)] = "FROM debian:12\nRUN --security=insecure true\n"
			texts[fmt.Sprintf(".github/workflows/c%d.yml", i)] = fmt.Sprintf(called+"  s:\n"+
				"    uses: ./.github/workflows/setup.yml\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"+
				"    - run: docker buildx build d%d\n", i)
			texts[fmt.Sprintf(".github/workflows/w%d.yml", i)] = fmt.Sprintf("on: push\njobs:\n  a:\n"+
				"    uses: ./.github/workflows/c%d.yml\n", i)
		})
	}},
	{"composite-actions", func(n int) map[string]string {
		return eachOf(n, func(texts map[string]string) {
			texts["act/action.yml"] = "inputs:\n  dir: {}\nruns:\n  using: composite\n  steps:\n" +
				"  - shell: bash\n    run: docker buildx build --platform linux/arm64 ${{ inputs.dir }}\n"
		}, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("d%d/Dockerfile", i)] = "FROM debian:12\nRUN --security=insecure true\n"
			texts[fmt.Sprintf(".github/workflows/w%d.yml", i)] = fmt.Sprintf("on: push\njobs:\n  a:\n"+
				"    runs-on: ubuntu-latest\n    steps:\n    - uses: ./act\n      with:\n        dir: d%d\n", i)
		})
	}},
	{"manifests", func(n int) map[string]string {
		return eachOf(n, nil, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("pods/p%d.json", i)] = `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [` +
				`{"names": ["wirte"], "action": "SCMP_ACT_ALLOW"}]}`
			texts[fmt.Sprintf("k8s/p%d.yaml", i)] = fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata:\n  name: p%d\n"+
				"spec:\n  containers:\n  - name: c\n    image: debian\n    securityContext:\n"+
				"      privileged: true\n      capabilities: {add: [SYS_ADMIN]}\n"+
				"      seccompProfile: {type: Localhost, localhostProfile: p%d.json}\n", i, i)
		})
	}},
	{"engines", func(n int) map[string]string {
		return eachOf(n, nil, func(i int, texts map[string]string) {
			texts[fmt.Sprintf("d%d/daemon.json", i)] = `{"seccomp-profile": "seccomp.json"}`
			texts[fmt.Sprintf("d%d/Dockerfile", i)] =
				"FROM docker:dind\nCOPY daemon.json /etc/docker/daemon.json\nRNU a\n"
		})
	}},
}

// bakedByAll is a workflow that runs bake with each of n files.
func bakedByAll(n int) string {
	var steps strings.Builder
	for i := range n {
		fmt.Fprintf(&steps, "    - run: docker buildx bake -f a%d.hcl t%d\n", i, i)
	}
	return "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n" + steps.String()
}

// eachOf returns what each adds for 0 to n-1, and then last.
func eachOf(n int, last func(texts map[string]string), each func(i int, texts map[string]string)) map[string]string {
	texts := map[string]string{}
	for i := range n {
		each(i, texts)
	}
	if last != nil {
		last(texts)
	}
	return texts
}

// BenchmarkCrossings measures how the cost of a check, of one with fixes, and of a fix grows with the number of files
// that have to do with one another. Between two sizes it reports the exponent (exp), which must be at most 1.15.
//
//	go test ./rules/packs -run '^$' -bench Crossings -benchtime 1x
//	go test ./rules/packs -run '^$' -bench 'Crossings/copied/' -benchtime 1x
func BenchmarkCrossings(b *testing.B) {
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		b.Fatal(err)
	}
	for _, crossing := range crossings {
		growth(b, set, crossing.name, crossing.texts)
	}
}

// growth measures files of a kind at three sizes.
func growth(b *testing.B, set *rules.Set, name string, texts func(n int) map[string]string) {
	var last [3]time.Duration
	for _, n := range []int{100, 400, 1600} {
		b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
			b.ReportMetric(0, "ns/op")
			ws := inMemory(b, texts(n))
			applied, findings := 0, 0
			least := leastTimes(b,
				func() { findings = len(rules.Check(ws, set, rules.CheckOptions{}).Findings) },
				func() { rules.Check(ws, set, rules.CheckOptions{Fixes: true}) },
				func() {
					applied = 0
					for _, f := range rules.Fix(ws, set, rules.FixOptions{Unsafe: true}).Files {
						applied += len(f.Applied)
					}
				})
			b.ReportMetric(float64(findings), "findings")
			b.ReportMetric(float64(applied), "applied")
			for k, name := range []string{"check", "fixes", "fix"} {
				b.ReportMetric(float64(least[k].Microseconds())/1000, name+"-ms")
				if last[k] > 0 {
					b.ReportMetric(math.Log(float64(least[k])/float64(last[k]))/math.Log(4), name+"-exp")
				}
			}
			last = [3]time.Duration(least)
		})
	}
}
