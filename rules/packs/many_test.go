//go:build unix

package packs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// many are files in which one thing is there n times.
var many = []struct {
	name  string
	texts func(n int) map[string]string
}{
	{"config-maps", inFile("m.yaml", "", `---
apiVersion: v1
kind: ConfigMap
metadata:
  name: m{{n}}
data:
  p.json: |
    {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["wirte"], "action": "SCMP_ACT_ALLOW"}]}
`)},
	{"config-map", inFile("m.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\ndata:\n", `  p{{n}}.json: |
    {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["wirte"], "action": "SCMP_ACT_ALLOW"}]}
`)},
	{"containers", inFile("m.yaml",
		"apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n", `  - name: c{{n}}
    image: debian
    securityContext:
      privileged: true
      capabilities: {add: [SYS_ADMIN]}
`)},
	{"pods", inFile("m.yaml", "", `---
apiVersion: v1
kind: Pod
metadata:
  name: p{{n}}
spec:
  containers:
  - name: c
    image: debian
    securityContext:
      privileged: true
      capabilities: {add: [SYS_ADMIN]}
`)},
	{"services", inFile("compose.yaml", "services:\n", `  s{{n}}:
    image: debian
    privileged: true
    cap_add: [SYS_ADMIN]
    depends_on: [s{{before}}]
`)},
	{"extending-services", inFile("compose.yaml", "services:\n  s0:\n    image: debian\n",
		"  s{{next}}:\n    extends: s{{n}}\n    privileged: true\n    cap_add: [SYS_ADMIN]\n")},
	{"anchors", inFile("compose.yaml", "services:\n  s: &s\n    image: debian\n    privileged: true\n",
		"  s{{n}}:\n    <<: *s\n    cap_add: [SYS_ADMIN]\n")},
	{"capabilities", inFile("compose.yaml", "services:\n  s:\n    image: debian\n    privileged: true\n    cap_add:\n",
		"    - SYS_ADMIN\n")},
	{"jobs", inFile(".github/workflows/w.yml", "on: push\njobs:\n", `  j{{n}}:
    runs-on: ubuntu-latest
    steps:
    - uses: cachix/install-nix-action@v31
      with:
        extra_nix_config: |
          cores = x
`)},
	{"steps", inFile(".github/workflows/w.yml",
		"on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n", `    - uses: cachix/install-nix-action@v31
      with:
        extra_nix_config: |
          cores = x
`)},
	{"run-steps", inFile(".github/workflows/w.yml",
		"on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n", `    - run: |
        echo 'cores = x' >> /etc/nix/nix.conf
        docker buildx build --platform linux/arm64 -t a{{n}} .
        docker run --privileged --cap-add SYS_ADMIN a{{n}}
`)},
	{"matrix", inFile(".github/workflows/w.yml", "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n"+
		"    - run: docker buildx build --platform linux/arm64 ${{ matrix.dir }}\n    strategy:\n      matrix:\n"+
		"        dir:\n", "        - d{{n}}\n")},
	{"needed-jobs", inFile(".github/workflows/w.yml",
		"on: push\njobs:\n  j0:\n    runs-on: ubuntu-latest\n", `  j{{next}}:
    runs-on: ubuntu-latest
    needs: j{{n}}
    if: github.ref == 'refs/heads/r{{n}}'
    env:
      A{{n}}: b
    steps:
    - run: docker buildx build --platform linux/arm64 d{{n}}
`)},
	{"stages-copying", inFile("Dockerfile", "FROM debian:12 AS s0\n",
		"FROM debian:12 AS s{{next}}\nCOPY --from=s{{n}} /a /a\nRNU true\n")},
	{"stages-missing", inFile("Dockerfile", "FROM debian:12 AS s\n",
		"FROM debian:12 AS stage-{{n}}-x\nCOPY --from=stag-{{n}}-x /a /a\n")},
	{"stages-based", inFile("Dockerfile", "FROM debian:12 AS s0\n",
		"FROM s{{n}} AS s{{next}}\nENV A{{n}}=b\nRNU true\n")},
	{"args", inFile("Dockerfile", "FROM debian:12\nARG A0=x\n", "ARG A{{next}}=$A{{n}}x\nRNU $A{{n}}\n")},
	{"envs", inFile("Dockerfile", "FROM debian:12\nENV A0=x\n", "ENV A{{next}}=$A{{n}} c=$d{{n}}\n")},
	{"env-pairs", inFile("Dockerfile", "FROM debian:12\nENV A=b", " A{{n}}=$B{{n}}")},
	{"label-pairs", inFile("Dockerfile", "FROM debian:12\nLABEL A=b", " A{{n}}=$B{{n}}")},
	{"arg-pairs", inFile("Dockerfile", "FROM debian:12\nARG A=b", " A{{n}}=$B{{n}}")},
	{"words-of-run", inFile("Dockerfile", "FROM debian:12\nENV A=b\nRUN true", " && B{{n}}=$C{{n}} true")},
	{"one-script", inFile("Dockerfile", "FROM debian:12\nRUN true", " && apt-get install p{{n}}")},
	{"downloads", inFile("Dockerfile", "FROM debian:12\n",
		"RUN curl -O http://e.org/{{n}} && wget https://e.org/{{n}}\n")},
	{"copies-of-stages", inFile("Dockerfile", "FROM debian:12 AS s\n",
		"FROM debian:12 AS t{{n}}\nCOPY --from=s a b\n")},
	{"flags", inFile("Dockerfile", "FROM debian:12\nCOPY", " --chown=a{{n}}", "", " a b\n")},
	{"cmds", inFile("Dockerfile", "FROM debian:12\n", "CMD a{{n}}\nENTRYPOINT b\n")},
	{"comments", inFile("Dockerfile", "FROM debian:12\n", "# comment {{n}}\n\nRUN true # x\n")},
	{"adds", inFile("Dockerfile", "FROM debian:12\n",
		"ADD https://e.org/{{n}}.git /x{{n}}\nADD a{{n}}.tar.gz /x\n")},
	{"pip", inFile("Dockerfile", "FROM debian:12\n",
		"RUN pip install a{{n}} && npm install b && gem install c\n")},
	{"unset", inFile("Dockerfile", "FROM debian:12\n", "ENV NAME{{n}}X=b c=$NAME{{n}}\n")},
	{"arguments-in-from", inFile("Dockerfile", "", "ARG VERSION{{n}}=12\n",
		"FROM debian:$VERSIO{{n}} AS s{{n}}\n")},
	{"arguments-of-stages", inFile("Dockerfile", "",
		"FROM debian:12\nARG VERSION{{n}}=12\nFROM debian:$VERSION{{n}}\n")},
	{"heredocs", inFile("Dockerfile", "FROM nixos/nix\n", "RUN <<E\necho cores = x >> /etc/nix/nix.conf\nE\n")},
	{"copied-heredocs", inFile("Dockerfile", "FROM nixos/nix\n", "COPY <<E /etc/nix/nix.conf\ncores = x\nE\n")},
	{"one-heredoc", inFile("Dockerfile", "FROM nixos/nix\nCOPY <<E /etc/nix/nix.conf\n", "cores = x\n", "", "E\n")},
	{"suppressed", inFile("Dockerfile", "FROM debian:12\n",
		"# sandlint ignore=dockerfile/unknown-instruction\nRNU true\n")},
	{"useless-suppressions", inFile("Dockerfile", "FROM debian:12\n",
		"# sandlint ignore=dockerfile/unknown-instruction\nRUN true\n")},
	{"suppressed-settings", inFile("nix.conf", "", "# sandlint ignore=nix/bad-value\ncores = x\n")},
	{"bake-args", inFile("docker-bake.hcl", "target \"t\" {\n  args = {\n", "    A{{n}} = \"b\"\n", "", "  }\n}\n")},
	{"bake-matrix", inFile("docker-bake.hcl",
		"target \"t\" {\n  name = \"t-${i}\"\n  matrix = {\n    i = [\n", "      \"i{{n}}\",\n", "",
		"    ]\n  }\n  context = i\n  platforms = [\"linux/arm64\"]\n}\n")},
	{"bake-inherits", inFile("docker-bake.hcl", "target \"t0\" {\n  platforms = [\"linux/arm64\"]\n}\n",
		"target \"t{{next}}\" {\n  inherits = [\"t{{n}}\"]\n  entitlements = [\"security.insecure\"]\n}\n")},
	{"bake-variables", inFile("docker-bake.hcl", "variable \"V0\" { default = \"x\" }\n",
		"variable \"V{{next}}\" { default = \"${V{{n}}}\" }\ntarget \"t{{n}}\" {\n  args = { A = V{{n}} }\n}\n")},
	{"bake-group", inFile("docker-bake.hcl", "group \"default\" {\n  targets = [\n", "    \"t{{n}}\",\n", "",
		"  ]\n}\ntarget \"t0\" {}\n")},
	{"sessions", inFile("run.sh", "#!/bin/sh\n", "docker build -t app{{n}} d{{n}}\n"+
		"docker run --privileged --cap-add SYS_ADMIN --security-opt seccomp=p{{n}}.json app{{n}}\n")},
	{"copy-words", inFile("Dockerfile", "FROM debian:12\nCOPY a \\\n", "  f{{n}} \\\n", "", "  /x\n")},
	{"packages", inFile("Dockerfile", "FROM debian:12\nRUN apt-get update && apt-get install -y \\\n",
		"  p{{n}} \\\n", "", "  zlib\n")},
	{"labels", inFile("Dockerfile", "FROM debian:12\n", "LABEL a{{n}}=b a{{n}}=c\n")},
	{"mounts", inFile("Dockerfile", "FROM debian:12\n",
		"RUN --mount=type=cache,target=/c{{n}} --mount=type=bnd,target=/x true\n")},
	{"ports", inFile("Dockerfile", "FROM debian:12\n", "EXPOSE {{n}} 99999\n")},
	{"users", inFile("Dockerfile", "FROM debian:12\n", "RUN useradd u{{n}}\nUSER u{{n}}\nRUN sudo true\n")},
	{"workdirs", inFile("Dockerfile", "FROM debian:12\n", "WORKDIR d{{n}}\nRUN cd x && true\n")},
	{"triggers", inFile("Dockerfile", "FROM debian:12\n", "ONBUILD RNU true\n")},
	{"shells", inFile("Dockerfile", "FROM debian:12\n", "SHELL [\"/bin/bash\", \"-c\"]\nRUN a | b\nRNU true\n")},
	{"nix-keys", inFile("nix.conf", "trusted-public-keys =", " k{{n}}:AAAA", "", "\n")},
	{"nix-features", inFile("nix.conf", "experimental-features =", " flake{{n}}", "", "\n")},
	{"nix-builders", inFile("nix.conf", "builders =", " ssh://b{{n}} x86_64-linux - ten ;", "", "\n")},
	{"nix-tokens", inFile("nix.conf", "access-tokens =", " github.com=https://a{{n}}", "", "\n")},
	{"nix-users", inFile("nix.conf", "trusted-users =", " u{{n}},v", "", "\n")},
	{"nix-unknown", inFile("nix.conf", "", "my-setting-{{n}} = 3\n")},
	{"nix-comments", inFile("nix.conf", "", "# cores = {{n}}\ncores = 3 # x\n")},
	{"nix-expressions", inFile("flake.nix", "{\n", "  nixConfig.x{{n}} = 3;\n", "", "}\n")},
	{"nix-module", inFile("configuration.nix", "{\n", "  nix.settings.cores{{n}} = \"x\";\n", "", "}\n")},
	{"syscalls", inFile("seccomp.json",
		`{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"action": "SCMP_ACT_ALLOW", "names": ["read"`,
		`, "sys_call{{n}}"`, "", "]}]}")},
	{"duplicate-rules", inFile("seccomp.json", `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [`,
		`{"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"}, `, "",
		`{"names": ["open"], "action": "SCMP_ACT_ALLOW"}]}`)},
	{"architectures", inFile("seccomp.json", `{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"`,
		`, "SCMP_ARCH_X68"`, "", `], "syscalls": []}`)},
	{"unknown-keys", inFile("seccomp.json", `{"defaultAction": "SCMP_ACT_ERRNO", `, `"defaultActoin{{n}}": 3, `, "",
		`"syscalls": []}`)},
	{"syscall-arguments", inFile("seccomp.json",
		`{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [`,
		`{"index": 0, "op": "SCMP_CMP_EQ", "value": {{n}}}, `, "", `{"index": 1, "op": "EQ", "value": 3}]}]}`)},
}

// inFile returns a function that repeats each part n times in a file: "begin, each", "begin, each, each2" or "begin,
// each, each2, end".
func inFile(name, begin string, parts ...string) func(n int) map[string]string {
	return func(n int) map[string]string {
		var text strings.Builder
		text.WriteString(begin)
		for k, part := range parts {
			if k == 2 {
				text.WriteString(part)
				break
			}
			for i := range n {
				text.WriteString(strings.NewReplacer("{{n}}", fmt.Sprint(i), "{{next}}", fmt.Sprint(i+1),
					"{{before}}", fmt.Sprint(max(i-1, 0))).Replace(part))
			}
		}
		return map[string]string{name: text.String()}
	}
}

// BenchmarkMany measures how the cost of a check, of one with fixes, and of a fix grows with the number of things in a
// file, as BenchmarkCrossings does for files:
//
//	go test ./rules/packs -run '^$' -bench Many -benchtime 1x
func BenchmarkMany(b *testing.B) {
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		b.Fatal(err)
	}
	for _, one := range many {
		growth(b, set, one.name, one.texts)
	}
}
