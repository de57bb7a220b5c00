package compose

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/source"
)

func parse(text string) *File { return Parse(source.NewFile("compose.yaml", []byte(text))) }

// show renders a value: its text, '?' when it is not known, '~' after a text that may be overridden, and what stands in
// the file where that is something else.
func show(f *File, v Value) string {
	s := "?"
	if v.Known {
		s = v.Text
	}
	if v.Overridable {
		s += "~"
	}
	if written := f.Source.Text(v.Span); written != v.Text || !v.Known {
		s += "<" + written + ">"
	}
	return s
}

// dump renders what was read, one line a service, build and problem.
func dump(f *File) []string {
	var out []string
	line := ""
	value := func(name string, v Value) {
		if v.IsSet() {
			line += " " + name + "=" + show(f, v)
		}
	}
	list := func(name string, vs []Value) {
		if len(vs) == 0 {
			return
		}
		parts := make([]string, len(vs))
		for i, v := range vs {
			parts[i] = show(f, v)
		}
		line += " " + name + "[" + strings.Join(parts, " ") + "]"
	}
	table := func(name string, m map[string]Value) {
		if len(m) == 0 {
			return
		}
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(m)) {
			parts = append(parts, k+"="+show(f, m[k]))
		}
		line += " " + name + "[" + strings.Join(parts, " ") + "]"
	}
	for _, s := range f.Services {
		line = s.Name
		value("image", s.Image)
		value("platform", s.Platform)
		value("privileged", s.Privileged)
		list("security_opt", s.SecurityOpt)
		list("cap_add", s.CapAdd)
		list("cap_drop", s.CapDrop)
		value("extends", s.Extends)
		value("of", s.ExtendsFile)
		if b := s.Build; b != nil {
			line += " build:"
			value("context", b.Context)
			value("dockerfile", b.Dockerfile)
			value("inline", b.Inline)
			value("stage", b.Stage)
			list("platforms", b.Platforms)
			table("args", b.Args)
			table("contexts", b.Contexts)
			value("privileged", b.Privileged)
			list("entitlements", b.Entitlements)
		}
		out = append(out, line)
	}
	if line = "include"; len(f.Includes) > 0 {
		list("", f.Includes)
		out = append(out, line)
	}
	for _, p := range f.Problems {
		out = append(out, fmt.Sprintf("%s %q: %s", p.Kind, f.Source.Text(p.Span), p.Message))
	}
	return out
}

var cases = []struct{ name, in, want string }{
	{"short build", "services:\n  app:\n    build: ./app\n    image: x:1\n  db:\n    image: postgres\n", `
app image=x:1 build: context=./app
db image=postgres`},
	{"everything", `
services:
  app:
    platform: linux/arm64
    privileged: true
    security_opt:
      - seccomp=./profile.json
      - "no-new-privileges:true"
    cap_add: [SYS_ADMIN, 'SYS_PTRACE']
    cap_drop: [ALL]
    build:
      context: ..
      dockerfile: docker/Dockerfile
      target: dev
      platforms:
        - linux/amd64
        - "linux/arm64"
      args:
        A: b
        N: 3
        FROM_ENV:
        T: true
      additional_contexts:
        base: docker-image://alpine
      privileged: true
      entitlements: [network.host]
`, `
app platform=linux/arm64 privileged=true security_opt[seccomp=./profile.json no-new-privileges:true] cap_add[SYS_ADMIN SYS_PTRACE] cap_drop[ALL] build: context=.. dockerfile=docker/Dockerfile stage=dev platforms[linux/amd64 linux/arm64] args[A=b FROM_ENV=?<FROM_ENV> N=3 T=true] contexts[base=docker-image://alpine] privileged=true entitlements[network.host]`},
	{"arguments as a list",
		"services:\n  a:\n    build:\n      context: .\n      args: [A=b=c, \"D=e\", F, 'G=${X:-h}', \"I=\\ti\"]\n", `
a build: context=. args[A=b=c D=e F=?<F> G=h~<${X:-h}> I=	i<I=\ti>]`},
	{"variables", `
services:
  a:
    platform: ${PLATFORM:-linux/amd64}
    image: "${REG-docker.io}/x:${TAG:-${VERSION:-1}}"
    privileged: ${PRIV}
    security_opt: ["${A:?must be set}", "${B:+x}", "a$$b", "cost $5", "$C", "${D-}", "${E:-${F}}"]
`, `
a image=docker.io/x:1~<${REG-docker.io}/x:${TAG:-${VERSION:-1}}> platform=linux/amd64~<${PLATFORM:-linux/amd64}> privileged=?<${PRIV}> security_opt[?<${A:?must be set}> ?<${B:+x}> a$b<a$$b> cost $5 ?<$C> ~<${D-}> ?<${E:-${F}}>]`},
	{"anchors", `
x-base: &base
  security_opt: &opts [seccomp=unconfined]
  build: &build
    context: base
    args: {A: "1"}
services:
  one:
    <<: *base
    image: one
  two:
    <<: [*base]
    build:
      <<: *build
      dockerfile: two.Dockerfile
  three:
    security_opt: *opts
  four: *base
`, `
one image=one security_opt[seccomp=unconfined] build: context=base args[A=1]
two security_opt[seccomp=unconfined] build: context=base dockerfile=two.Dockerfile args[A=1]
three security_opt[seccomp=unconfined]
four security_opt[seccomp=unconfined] build: context=base args[A=1]`},
	{"extends", `
services:
  base:
    image: b
    cap_add: [NET_ADMIN]
    build:
      context: ctx
      args: {A: "1", B: "2"}
      platforms: [linux/amd64]
  derived:
    extends: base
    cap_add: [SYS_ADMIN]
    build:
      dockerfile: d
      args: {B: "3"}
      platforms: [linux/arm64]
  again:
    extends: {service: derived}
    image: a
  other:
    extends:
      file: ../common.yml
      service: x
  more:
    extends: other
    image: m
`, `
base image=b cap_add[NET_ADMIN] build: context=ctx platforms[linux/amd64] args[A=1 B=2]
derived image=b cap_add[NET_ADMIN SYS_ADMIN] extends=base build: context=ctx dockerfile=d platforms[linux/amd64 linux/arm64] args[A=1 B=3]
again image=a cap_add[NET_ADMIN SYS_ADMIN] extends=derived build: context=ctx dockerfile=d platforms[linux/amd64 linux/arm64] args[A=1 B=3]
other extends=x of=../common.yml
more image=m extends=other of=../common.yml`},
	{"extends nothing", "services:\n  a: {extends: b}\n  c: {extends: c}\n", `
a extends=b
c extends=c
compose-shape "b": service "a" extends "b", which this file does not define
compose-shape "c": service "c" extends itself`},
	{"inline", "services:\n  a:\n    build:\n      dockerfile_inline: |\n        FROM x\n        RUN y\n", `
a build: inline=FROM x
RUN y
<        FROM x
        RUN y>`},
	{"reset", "services:\n  a:\n    privileged: !reset true\n    build: !reset {}\n    cap_add: !override [X]\n", `
a cap_add[X]`},
	{"include", "include:\n  - a.yml\n  - path: b.yml\n  - path: [c.yml, d.yml]\nservices:\n  a: {image: x}\n", `
a image=x
include [a.yml b.yml c.yml d.yml]`},
	{"documents", "services:\n  a: {image: x, cap_add: [A]}\n---\nservices:\n  a: {image: y, cap_add: [B]}\n", `
a image=y cap_add[A B]`},
	{"version 1", "openvpn:\n  build: .\n  cap_add:\n    - NET_ADMIN\n", `
openvpn cap_add[NET_ADMIN] build: context=.`},
	{"no services", "version: '3'\nnetworks:\n  a: {}\n", ``},
	{"commented out", "services:\n  a:\n    image: x\n    # security_opt:\n    #   - seccomp:unconfined\n",
		`a image=x`},
	{"wrong types",
		"services:\n  a: x\n  b:\n    build: [y]\n    platform: [linux/amd64]\n    cap_add: {A: B}\n  c:\n", `
b platform=?<[linux/amd64]>
c
compose-shape "x": service "a" must be a mapping, not a string
compose-shape "[y]": build must be a string or a mapping, not a list
compose-shape "[linux/amd64]": expected a string, not a list
compose-shape "{A: B}": cap_add must be a list, not a mapping`},
	{"a list", "- a\n", `compose-shape "- a": a Compose file must be a mapping, not a list`},
	{"broken",
		"services:\n  a:\n    build: .\n   platform: linux/amd64\n  b:\n\timage: x\n  c:\n    image: ${\n" +
			"    privileged: true\n", `
a build: context=.
b image=x
c image=?<${> privileged=true
yaml-syntax "platform: linux/amd64": this line is indented deeper than the keys before it and belongs to none of them
yaml-tab "\t": this line is indented with a tab; YAML allows only spaces
compose-template "${": "${" has a "${" that does not start a variable; a literal dollar is written "$$"`},
}

func TestParse(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(dump(parse(c.in)), "\n")
			if diff := cmp.Diff(strings.TrimSpace(c.want), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestLineEnds reads the cases with CRLF and a byte order mark; the values must be the same, and their spans fit.
func TestLineEnds(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(dump(parse("\xef\xbb\xbf"+strings.ReplaceAll(c.in, "\n", "\r\n"))), "\n")
			if diff := cmp.Diff(strings.TrimSpace(c.want), strings.ReplaceAll(got, "\r\n", "\n")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestSpans(t *testing.T) {
	f := parse("x-b: &b\n  build: .\nservices:\n  app: # c\n    build:\n      context: x\n    image: y\n\n" +
		"  other: *b\n")
	app, other := f.Services[0], f.Services[1]
	got := []string{f.Source.Text(app.Span), f.Source.Text(app.NameSpan), f.Source.Text(app.Build.Span),
		f.Source.Text(other.Span), f.Source.Text(other.Build.Context.Span)}
	want := []string{"app: # c\n    build:\n      context: x\n    image: y", "app", "context: x", "other: *b", "."}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if f.Service("other") != other || f.Service("none") != nil {
		t.Error("Service finds the wrong service")
	}
	if !parse("a: {build: .}").Legacy || f.Legacy {
		t.Error("Legacy is wrong")
	}
}

func TestPaths(t *testing.T) {
	for _, c := range []struct{ build, dockerfile, context string }{
		{`.`, "Dockerfile", "."},
		{`./a/`, "a/Dockerfile", "a"},
		{`{context: a, dockerfile: ../d/Dockerfile}`, "d/Dockerfile", "a"},
		{`{dockerfile: x}`, "x", "."},
		{`{context: 'https://github.com/a/b.git'}`, "", ""},
		{`{context: git@github.com:a/b}`, "", ""},
		{`{context: "${A}"}`, "", ""},
		{`{context: "${A:-b}"}`, "b/Dockerfile", "b"},
		{`{dockerfile_inline: FROM x}`, "", "."},
		{`{dockerfile: /abs}`, "/abs", "."},
	} {
		b := parse("services:\n  a:\n    build: " + c.build + "\n").Services[0].Build
		d, dok := b.DockerfilePath()
		ctx, cok := b.ContextPath()
		if d != c.dockerfile || dok != (c.dockerfile != "") || ctx != c.context || cok != (c.context != "") {
			t.Errorf("%s: Dockerfile %q %v, context %q %v", c.build, d, dok, ctx, cok)
		}
	}
}

func TestFacts(t *testing.T) {
	f := parse(`
services:
  a: {build: {platforms: [linux/amd64, linux/arm64]}, platform: linux/amd64, privileged: true}
  b: {build: ., platform: linux/arm64, privileged: "yes"}
  c: {build: {privileged: true}, privileged: "${P:-true}"}
  d: {image: x, platform: linux/arm64, privileged: "${P}"}
  e: {build: {entitlements: [network.host, security.insecure]}, privileged: false}
`)
	var got []string
	for _, s := range f.Services {
		line := s.Name
		for _, p := range s.BuildPlatforms() {
			line += " " + p.Text
		}
		line += fmt.Sprint(" ", s.IsPrivileged())
		if s.Build != nil {
			if span, ok := s.Build.Insecure(); ok {
				line += " " + f.Source.Text(span)
			}
		}
		got = append(got, line)
	}
	want := []string{"a linux/amd64 linux/arm64 true", "b linux/arm64 true", "c true true", "d false",
		"e false security.insecure"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestHostile(t *testing.T) {
	chain := "services:\n  s0: {image: x}\n"
	for i := range 5000 {
		chain += fmt.Sprintf("  s%d: {extends: s%d, cap_add: [A]}\n", i+1, i)
	}
	merges := "x0: &x0 {a: b}\n"
	for i := range 5000 {
		merges += fmt.Sprintf("x%d: &x%d {<<: [*x%d, *x%d], k%d: v}\n", i+1, i+1, i, i, i)
	}
	for _, in := range []string{
		chain, merges + "services: *x5000\n",
		"services:\n  a: {image: \"" + strings.Repeat("${A:-", 100000) + "\"}\n",
		"services:\n  a: {image: \"" + strings.Repeat("${A:-", 1000) + strings.Repeat("}", 1000) + "\"}\n",
		"services: &s\n  a: *s\n  b: {extends: c}\n  c: {extends: b}\n  <<: *s\n",
		strings.Repeat("[", 100000),
	} {
		parse(in)
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range cases {
		f.Add([]byte(c.in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		file := source.NewFile("compose.yaml", in)
		got := Parse(file)
		inside := func(what string, s source.Span) {
			if s.Start < 0 || s.End < s.Start || s.End > len(in) {
				t.Fatalf("%s: span %v in %d bytes", what, s, len(in))
			}
		}
		for _, p := range got.Problems {
			inside(p.Message, p.Span)
		}
		for _, s := range got.Services {
			inside(s.Name, s.Span)
			inside(s.Name, s.NameSpan)
			all := slices.Concat([]Value{s.Image, s.Platform, s.Privileged, s.Extends, s.ExtendsFile}, s.SecurityOpt,
				s.CapAdd, s.CapDrop, s.BuildPlatforms())
			if b := s.Build; b != nil {
				inside(s.Name, b.Span)
				all = slices.Concat(all, []Value{b.Context, b.Dockerfile, b.Inline, b.Stage, b.Privileged},
					b.Entitlements,
					slices.Collect(maps.Values(b.Args)), slices.Collect(maps.Values(b.Contexts)))
				b.DockerfilePath()
				b.ContextPath()
			}
			for _, v := range all {
				inside(v.Text, v.Span)
				if !v.Known && (v.Text != "" || v.Overridable) {
					t.Fatalf("an unknown value has a text: %+v", v)
				}
			}
		}
		if diff := cmp.Diff(dump(got), dump(Parse(file))); diff != "" {
			t.Fatalf("the same text gives another result: %s", diff)
		}
	})
}
