package streamtest

import (
	"bytes"
	"fmt"
	"strings"
)

// Hostile is one way to attack a program that reads records.
type Hostile struct {
	// Name says what it is.
	Name string
	// Line returns the line of a record with an id, of about size bytes, with the line end.
	Line func(id string, size int) []byte
}

// HostileKinds returns all of them.
func HostileKinds() []Hostile {
	var out []Hostile
	raw := func(name string, line func(id string, size int) []byte) {
		out = append(out, Hostile{name, func(id string, size int) []byte {
			return append(bytes.ReplaceAll(line(id, size), []byte("\n"), nil), '\n')
		}})
	}
	project := func(name string, make func(size int) Project) {
		out = append(out, Hostile{name, func(id string, size int) []byte { return Line(id, make(size)) }})
	}
	file := func(name, path string, text func(size int) string) {
		project(name, func(size int) Project { return Project{path: []byte(text(size))} })
	}
	nested := func(before, after string) func(int) string {
		return func(size int) string {
			n := max(1, size/(len(before)+len(after)))
			return strings.Repeat(before, n) + strings.Repeat(after, n)
		}
	}
	times := func(text string) func(int) string {
		return func(size int) string { return strings.Repeat(text, max(1, size/len(text))) }
	}
	in := func(before string, text func(int) string, after string) func(int) string {
		return func(size int) string { return before + text(size) + after }
	}
	numbered := func(format string) func(int) string {
		return func(size int) string {
			var b strings.Builder
			for n := 0; b.Len() < size; n++ {
				b.WriteString(strings.NewReplacer("{{n}}", fmt.Sprint(n), "{{next}}", fmt.Sprint(n+1)).Replace(format))
			}
			return b.String()
		}
	}

	// The records themselves.
	raw("JSON arrays", func(id string, size int) []byte {
		return []byte(`{"id":"` + id + `","files":` + nested("[", "]")(size) + "}")
	})
	raw("JSON objects", func(id string, size int) []byte {
		return []byte(`{"id":"` + id + `","x":` + nested(`{"a":`, "}")(size) + "}")
	})
	raw("JSON brackets left open", func(id string, size int) []byte {
		return []byte(`{"id":"` + id + `","x":` + times("[")(size))
	})
	raw("not JSON", func(id string, size int) []byte { return []byte(times("\xff\x00{}")(size)) })
	raw("many keys", func(id string, size int) []byte {
		return []byte(`{"id":"` + id + `",` + times(`"files":[],`)(size) + `"files":[]}`)
	})
	raw("many targets", func(id string, size int) []byte {
		return []byte(`{"id":"` + id + `","files":[{"path":"nix.conf","content":"a = 1"}],"targets":{"nix":[` +
			times(`"2.24",`)(size) + `"2.24"]}}`)
	})
	raw("a path of 20 MB", func(id string, size int) []byte {
		return []byte(`{"id":"` + id + `","files":[{"path":"` + times("a/")(size) + `b","content":""}]}`)
	})
	project("many files", func(size int) Project {
		p := Project{}
		for n := range max(1, size/30) {
			p[fmt.Sprintf("d%d/Dockerfile", n)] = []byte("FROM a")
		}
		return p
	})
	project("deep folders", func(size int) Project {
		p := Project{}
		for n := range max(1, size/600) {
			p[fmt.Sprintf("%s%d/Dockerfile", strings.Repeat("a/", 250), n)] = []byte("FROM scratch\n")
		}
		return p
	})

	// Dockerfiles and the shell in them.
	file("instructions", "Dockerfile", in("FROM a\n", times("RUN a\n"), ""))
	file("stages", "Dockerfile", numbered("FROM s{{n}} AS s{{next}}\n"))
	file("variables that double", "Dockerfile", in("FROM a\n", numbered("ENV v{{next}}=$v{{n}}$v{{n}}\n"), ""))
	file("one long line", "Dockerfile", in("FROM a\nRUN ", times("a && "), "true\n"))
	file("continuations", "Dockerfile", in("FROM a\nRUN a", times(" \\\n"), "b\n"))
	file("heredocs", "Dockerfile", in("FROM a\n", numbered("RUN <<E{{n}}\na\nE{{n}}\n"), ""))
	file("heredocs in a line", "Dockerfile", in("FROM a\nRUN ", numbered("<<E{{n}} "), "\n"))
	file("heredoc left open", "Dockerfile", in("FROM a\nRUN <<E\n", times("<<E\n"), ""))
	file("ONBUILD", "Dockerfile", in("FROM a\n", times("ONBUILD RUN a\n"), "FROM 0\nFROM 1\n"))
	file("substitutions", "Dockerfile", in("FROM a\nRUN echo ", nested("$(a ", ")"), "\n"))
	file("backquotes", "Dockerfile", in("FROM a\nRUN echo ", nested("`a ", "`"), "\n"))
	file("subshells", "Dockerfile", in("FROM a\nRUN ", nested("( ", ")"), "\n"))
	file("blocks", "Dockerfile", in("FROM a\nRUN ", nested("{ a; ", "}; "), "\n"))
	file("ifs", "Dockerfile", in("FROM a\nRUN ", nested("if a; then ", "b; fi; "), "\n"))
	file("braces", "Dockerfile", in("FROM a\nRUN echo ", times("{a,b}"), "\n"))
	file("nested braces", "Dockerfile", in("FROM a\nRUN echo ", nested("{a,", "}"), "\n"))
	file("arithmetic", "Dockerfile", in("FROM a\nRUN echo $((", nested("(", ")"), "))\n"))
	file("parameter expansions", "Dockerfile", in("FROM a\nRUN echo ", nested("${a:-", "}"), "\n"))
	file("expansions outside of shell", "Dockerfile", in("FROM a\nENV b=", nested("${a:-", "}"), "\n"))
	file("sh -c in sh -c", "Dockerfile", in("FROM a\nRUN ", times("sh -c "), "a\n"))
	file("functions that call each other", "Dockerfile",
		in("FROM a\nRUN ", numbered("f{{n}}() { f{{next}}; f{{next}}; }; "), "f0\n"))
	file("exec form", "Dockerfile", in("FROM a\nRUN [", times(`"a",`), "\"b\"]\n"))
	file("apt-get", "Dockerfile", in("FROM debian:12\n", times("RUN apt-get install a\n"), ""))
	file("pipes", "Dockerfile", in("FROM a\nRUN ", times("a | "), "b\n"))
	file("nix.conf written", "Dockerfile",
		in("FROM nixos/nix\n", times("RUN echo cores = 4 >> /etc/nix/nix.conf\n"), ""))
	file("nix commands", "Dockerfile", in("FROM nixos/nix\n", times("RUN nix-env -iA nixpkgs.git\n"), ""))
	file("nix in turns", "Dockerfile", in("FROM nixos/nix\n",
		times("RUN echo cores=4>>/etc/nix/nix.conf\nRUN echo cores=4>>~/.config/nix/nix.conf\nRUN nix-env -i a\n"), ""))
	project("copies of all files", func(size int) Project {
		p := Project{"Dockerfile": []byte("FROM nixos/nix\n" + times("COPY a*.conf /etc/nix/nix.conf\n")(size/2))}
		for n := range size / 60 {
			p[fmt.Sprintf("a%d.conf", n)] = []byte("cores = 4\n")
		}
		return p
	})
	project("scripts that run each other", func(size int) Project {
		p := Project{"Dockerfile": []byte("FROM a\nCOPY . /\nRUN /s0.sh\n")}
		for n := range max(1, size/60) {
			p[fmt.Sprintf("s%d.sh", n)] = fmt.Appendf(nil, "#!/bin/sh\n/s%d.sh\n/s%d.sh\n", n+1, n+1)
		}
		return p
	})
	project("Dockerfiles that copy one script", func(size int) Project {
		p := Project{"s.sh": []byte("#!/bin/sh\n" + times("a\n")(size/2))}
		for n := range max(1, size/90) {
			p[fmt.Sprintf("d%d.Dockerfile", n)] = []byte("FROM a\nCOPY s.sh /\nRUN /s.sh\n")
		}
		return p
	})

	// nix.conf.
	file("settings", "nix.conf", times("cores=4\n"))
	file("includes of itself", "nix.conf", times("include nix.conf\n!include nix.conf\n"))
	project("includes", func(size int) Project {
		p := Project{"nix.conf": []byte("include c0.conf\n")}
		for n := range max(1, size/60) {
			p[fmt.Sprintf("c%d.conf", n)] = fmt.Appendf(nil, "include c%d.conf\ninclude c%d.conf\n", n+1, n+2)
		}
		return p
	})
	file("one long value", "nix.conf", in("substituters = ", times("https://a.example "), "\n"))
	file("many machines", "nix.conf", in("builders = ", times("ssh://a x86_64-linux ; "), "\n"))

	// Profiles.
	rules := func(rule string) func(int) string {
		return in(`{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[`, times(rule+","), rule+"]}")
	}
	file("seccomp rules", "seccomp.json", rules(`{"names":["read"],"action":"SCMP_ACT_ALLOW"}`))
	file("seccomp conditions", "seccomp.json", in(`{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[`,
		numbered(`{"names":["clone"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":{{n}},"valueTwo":{{next}},`+
			`"op":"SCMP_CMP_MASKED_EQ"},{"index":1,"value":{{n}},"op":"SCMP_CMP_GT"}]},`),
		`{"names":["a"],"action":"SCMP_ACT_ALLOW"}]}`))
	file("seccomp names", "seccomp.json", in(`{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":[`,
		numbered(`"read{{n}}",`), `"a"],"action":"SCMP_ACT_ALLOW"}]}`))
	file("seccomp arguments", "seccomp.json", rules(`{"names":["clone"],"action":"SCMP_ACT_ALLOW","args":[`+
		strings.Repeat(`{"index":0,"value":1,"op":"SCMP_CMP_EQ"},`, 50)+`{"index":1,"value":1,"op":"SCMP_CMP_EQ"}]}`))
	file("seccomp JSON", "seccomp.json", in(`{"defaultAction":`, nested("[", "]"), "}"))
	file("any JSON", "a.json", nested(`{"syscalls":[`, "]}"))

	// YAML, HCL and other neighbours.
	file("YAML brackets", "compose.yaml", in("services:\n  a:\n    image: ", nested("[", "]"), "\n"))
	file("YAML blocks", "compose.yaml", func(size int) string {
		var b strings.Builder
		for n := 0; b.Len() < size && n < 2000; n++ {
			b.WriteString(strings.Repeat(" ", n) + "a:\n")
		}
		return b.String()
	})
	file("YAML aliases", "compose.yaml", func(size int) string {
		var b strings.Builder
		b.WriteString("a0: &a0 [x, x]\n")
		for n := 1; n < 60; n++ {
			fmt.Fprintf(&b, "a%d: &a%d [*a%d, *a%d, *a%d]\n", n, n, n-1, n-1, n-1)
		}
		b.WriteString("services:\n  a: *a59\n  b:\n    build: *a59\n")
		return b.String()
	})
	file("YAML merges", "compose.yaml", func(size int) string {
		var b strings.Builder
		b.WriteString("x0: &x0 {a: b}\n")
		for n := 1; b.Len() < size; n++ {
			fmt.Fprintf(&b, "x%d: &x%d\n  <<: [*x%d, *x%d]\n  k%d: v\n", n, n, n-1, n-1, n)
		}
		return b.String()
	})
	file("services", "compose.yaml",
		in("services:\n", numbered("  s{{n}}:\n    build: .\n    security_opt: [seccomp=p.json]\n"), ""))
	file("HCL brackets", "docker-bake.hcl", in("a = ", nested("[", "]"), "\n"))
	file("HCL parentheses", "docker-bake.hcl", in("variable \"a\" { default = ", nested("(", ")"), " }\n"))
	file("HCL templates", "docker-bake.hcl", in(`variable "a" { default = "`, nested("${\"", "\"}"), "\" }\n"))
	file("HCL variables that double", "docker-bake.hcl",
		in("variable \"v0\" { default = \"xxxxxxxx\" }\n",
			numbered("variable \"v{{next}}\" { default = \"${v{{n}}}${v{{n}}}\" }\n"), ""))
	file("HCL targets", "docker-bake.hcl", numbered("target \"t{{n}}\" { inherits = [\"t{{next}}\"] }\n"))
	file("HCL functions", "docker-bake.hcl",
		numbered("function \"f{{n}}\" {\n params=[a]\n result=f{{next}}(f{{next}}(a))\n}\n"))
	file("workflow", ".github/workflows/a.yml", in("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n",
		times("      - run: docker build .\n"), ""))
	file("workflow expressions", ".github/workflows/a.yml", in("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n"+
		"      - run: docker build ${{ ", nested("(", ")"), " }}\n"))
	file("flake", "flake.nix", in("{ nixConfig = ", nested("{ a = ", "; }"), "; }\n"))
	file("module", "configuration.nix", in("{ nix.settings = ", nested("(", ")"), "; }\n"))
	file("justfile", "justfile", numbered("v{{next}} := v{{n}} + v{{n}}\n"))
	file("Makefile", "Makefile", numbered("v{{next}} = $(v{{n}})$(v{{n}})\nall:\n\tdocker build $(v{{n}})\n"))
	file("dev container", ".devcontainer/devcontainer.json", in(`{"build":`, nested(`{"a":`, "}"), "}"))
	file("Kubernetes documents", "pod.yaml", times("---\napiVersion: v1\nkind: Pod\nspec: {containers: []}\n"))

	// What decides about files.
	project("gitignore", func(size int) Project {
		p := Project{".gitignore": []byte(times("**/a*b*c*d/**\n")(size / 2))}
		for n := range max(1, size/60) {
			p[fmt.Sprintf("aabbccd%d/Dockerfile", n)] = []byte("FROM scratch\n")
		}
		return p
	})
	project("dockerignore", func(size int) Project {
		p := Project{".dockerignore": []byte(times("**/a*b*c*d*\n")(size / 2)),
			"Dockerfile": []byte("FROM a\n" + times("COPY aabbccd1 /\n")(size/4))}
		for n := range max(1, size/120) {
			p[fmt.Sprintf("aabbccd%d", n)] = []byte("x")
		}
		return p
	})
	project("configuration patterns", func(size int) Project {
		p := Project{".sandlint.hcl": []byte("exclude = [" + times(`"**/a*b*c*d*/**",`)(size/2) + "]\n")}
		for n := range max(1, size/120) {
			p[fmt.Sprintf("aabbccd%d/Dockerfile", n)] = []byte("FROM scratch\n")
		}
		return p
	})
	project("configuration", func(size int) Project {
		return Project{"Dockerfile": []byte("FROM a\n"), ".sandlint.hcl": []byte("ignore = " + nested("[", "]")(size))}
	})
	project("configurations", func(size int) Project {
		p := Project{}
		for n := range max(1, size/200) {
			p[fmt.Sprintf("d%d/.sandlint.hcl", n)] = []byte("packs = [\"builtin:cis-docker\"]\n")
			p[fmt.Sprintf("d%d/Dockerfile", n)] = []byte("FROM scratch\n")
		}
		return p
	})
	project("rule pack", func(size int) Project {
		return Project{"Dockerfile": []byte("FROM a\n" + times("RUN a b c\n")(size/2)),
			".sandlint.hcl": []byte("packs = [\"p.hcl\"]\n"),
			"p.hcl": []byte("pack \"p\" {\n version = \"1\"\n}\nrule \"a\" {\n  on = \"command\"\n" +
				"  when = length([for a in range(1000) : [for b in range(1000) : a if a == b]]) > 0\n" +
				"  message = \"x\"\n  summary = \"x\"\n  severity = \"warning\"\n}\n")}
	})
	project("suppressions", func(size int) Project {
		return Project{"Dockerfile": []byte("FROM a\n" + times("# sandlint ignore=all\nRUN cd /a && sudo b\n")(size))}
	})
	project("baseline", func(size int) Project {
		return Project{"Dockerfile": []byte("FROM a\n"), ".sandlint.hcl": []byte("baseline = \"b\"\n"),
			"b": []byte(times("x\n")(size))}
	})
	project("index of git", func(size int) Project {
		return Project{".git/index": []byte("DIRC\x00\x00\x00\x04\xff\xff\xff\xff" + times("\x00\x01")(size)),
			".gitignore": []byte("*\n"), "Dockerfile": []byte("FROM a\n")}
	})
	return out
}
