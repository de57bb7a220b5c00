package bake

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/source"
)

// show renders a value: its text, '?' when it is not known, '~' after a text that may be overridden, and what stands in
// the file where that is something else.
func show(f *source.File, v Value) string {
	s := "?"
	if v.Known {
		s = v.Text
	}
	if v.Overridable {
		s += "~"
	}
	if written := f.Text(v.Span); written != v.Text || !v.Known {
		s += "<" + written + ">"
	}
	return s
}

// dump renders what was read, one line a target, group and problem.
func dump(f *File) []string {
	var out []string
	list := func(vs []Value) string {
		parts := make([]string, len(vs))
		for i, v := range vs {
			parts[i] = show(f.Source, v)
		}
		return strings.Join(parts, " ")
	}
	table := func(m map[string]Value) string {
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(m)) {
			parts = append(parts, k+"="+show(f.Source, m[k]))
		}
		return strings.Join(parts, " ")
	}
	for _, t := range f.Targets {
		line := "target " + show(f.Source, t.Name)
		for _, a := range []struct {
			name string
			v    Value
		}{{"dockerfile", t.Dockerfile}, {"inline", t.Inline}, {"context", t.Context}, {"stage", t.Stage},
			{"call", t.Call}} {
			if a.v.IsSet() {
				line += " " + a.name + "=" + show(f.Source, a.v)
			}
		}
		for _, a := range []struct {
			name, v string
		}{
			{"platforms", list(t.Platforms)}, {"args", table(t.Args)}, {"contexts", table(t.Contexts)},
			{"entitlements", list(t.Entitlements)}, {"unresolved", list(t.Unresolved)},
		} {
			if a.v != "" {
				line += " " + a.name + "[" + a.v + "]"
			}
		}
		if t.OpenArgs {
			line += " open"
		}
		out = append(out, line)
	}
	for _, g := range f.Groups {
		out = append(out, "group "+g.Name+": "+list(g.Targets))
	}
	for _, p := range f.Problems {
		out = append(out, fmt.Sprintf("%s %q: %s", p.Kind, f.Source.Text(p.Span), p.Message))
	}
	return out
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ name, path, in, want string }{
		{"plain", "docker-bake.hcl", `
group "default" { targets = ["app", "db"] }
target "app" {
  dockerfile = "docker/app.Dockerfile"
  context    = "./app"
  target     = "release"
  platforms  = ["linux/amd64", "linux/arm64"]
  args = {
    GO_VERSION = "1.26"
    "with.dot" = 1
    GONE       = null
  }
  entitlements = ["security.insecure"]
}
target "db" {}
`, `
target app dockerfile=docker/app.Dockerfile context=./app stage=release platforms[linux/amd64 linux/arm64] args[GO_VERSION=1.26 with.dot=1] entitlements[security.insecure]
target db
group default: app db`},
		{"variables", "docker-bake.hcl", `
variable "REPO" { default = "example" }
variable "PLATFORMS" { default = ["linux/amd64", "linux/arm64"] }
variable "UNSET" {}
variable "NULL" { default = null }
variable DERIVED { default = "${REPO}/x" }
CONST = "const"
target "a" {
  dockerfile = "${REPO}.Dockerfile"
  context = UNSET
  target = CONST
  platforms = PLATFORMS
  args = { A = DERIVED, B = NULL, C = "${UNSET}-x", D = "plain" }
}
`, `
target a dockerfile=example.Dockerfile~<${REPO}.Dockerfile> context=?<UNSET> stage=const<CONST> platforms[linux/amd64~<PLATFORMS> linux/arm64~<PLATFORMS>] args[A=example/x~<DERIVED> C=?<${UNSET}-x> D=plain]`},
		{"expressions", "docker-bake.hcl", `
variable "ALL" { default = false }
variable "LIST" { default = "linux/amd64,linux/arm64" }
target "a" { platforms = ALL ? ["linux/amd64", "linux/s390x"] : ["linux/arm64"] }
target "b" { platforms = split(",", LIST) }
target "c" { platforms = concat(["linux/386"], ("linux/amd64" == "x" ? [] : ["linux/arm/v7"])) }
target "d" { platforms = [for p in ["amd64", "arm64"] : "linux/${p}"] }
target "e" { platforms = ["linux/amd64", mystery()] }
target "f" { platforms = mystery() }
target "g" { args = merge({A = "1"}, {B = lower("TWO")}) }
target "h" { args = mystery() }
target "i" { args = { (mystery()) = "1", A = "2" } }
`, `
target a platforms[linux/arm64~]
target b platforms[linux/amd64~<split(",", LIST)> linux/arm64~<split(",", LIST)>]
target c platforms[linux/386<concat(["linux/386"], ("linux/amd64" == "x" ? [] : ["linux/arm/v7"]))> linux/arm/v7<concat(["linux/386"], ("linux/amd64" == "x" ? [] : ["linux/arm/v7"]))>]
target d platforms[linux/amd64<[for p in ["amd64", "arm64"] : "linux/${p}"]> linux/arm64<[for p in ["amd64", "arm64"] : "linux/${p}"]>]
target e platforms[linux/amd64 ?<mystery()>]
target f platforms[?<mystery()>]
target g args[A=1<merge({A = "1"}, {B = lower("TWO")})> B=two<merge({A = "1"}, {B = lower("TWO")})>]
target h open
target i args[A=2] open`},
		{"inheritance", "docker-bake.hcl", `
target "_common" {
  args = { A = "1", B = "2" }
  platforms = ["linux/amd64"]
  entitlements = ["network.host"]
}
target "_arm" { platforms = ["linux/arm64"] }
target "x" {
  inherits = ["_common", "_arm"]
  args = { B = "3" }
  entitlements = ["security.insecure", "network.host"]
}
target "y" {
  inherits = ["x", "elsewhere"]
  dockerfile = "y"
}
`, `
target _common platforms[linux/amd64] args[A=1 B=2] entitlements[network.host]
target _arm platforms[linux/arm64]
target x platforms[linux/arm64] args[A=1 B=3] entitlements[network.host security.insecure]
target y dockerfile=y platforms[linux/arm64] args[A=1 B=3] entitlements[network.host security.insecure] unresolved[elsewhere]`},
		// As in bake, b brings what it inherits along, over what a set.
		{"diamond", "docker-bake.hcl", `
target "base" { platforms = ["linux/amd64"] }
target "a" {
  inherits = ["base"]
  platforms = ["linux/arm64"]
}
target "b" { inherits = ["base"] }
target "ab" { inherits = ["a", "b"] }
target "loop" {
  inherits = ["pool", "base"]
}
target "pool" { inherits = ["loop"] }
`, `
target base platforms[linux/amd64]
target a platforms[linux/arm64]
target b platforms[linux/amd64]
target ab platforms[linux/amd64]
target loop platforms[linux/amd64]
target pool`},
		{"blocks of one name", "docker-bake.hcl", `
target "a" { platforms = ["linux/amd64"] }
target "a" {
  platforms = ["linux/arm64"]
  dockerfile = "x"
}
`, `target a dockerfile=x platforms[linux/arm64]`},
		{"matrix", "docker-bake.hcl", `
target "img" {
  name = "img-${v}-${item.arch}"
  matrix = {
    v = ["1", "2"]
    item = [{ arch = "amd64" }, { arch = "arm64" }]
  }
  dockerfile = "${v}.Dockerfile"
  platforms = ["linux/${item.arch}"]
}
target "open" {
  name = "open-${x}"
  matrix = { x = mystery() }
  dockerfile = x
  context = "ctx"
}
`, `
target img-1-amd64<img-${v}-${item.arch}> dockerfile=1.Dockerfile<${v}.Dockerfile> platforms[linux/amd64<linux/${item.arch}>]
target img-2-amd64<img-${v}-${item.arch}> dockerfile=2.Dockerfile<${v}.Dockerfile> platforms[linux/amd64<linux/${item.arch}>]
target img-1-arm64<img-${v}-${item.arch}> dockerfile=1.Dockerfile<${v}.Dockerfile> platforms[linux/arm64<linux/${item.arch}>]
target img-2-arm64<img-${v}-${item.arch}> dockerfile=2.Dockerfile<${v}.Dockerfile> platforms[linux/arm64<linux/${item.arch}>]
target ?<open-${x}> dockerfile=?<x> context=ctx
group img: img-1-amd64<img-${v}-${item.arch}> img-2-amd64<img-${v}-${item.arch}> img-1-arm64<img-${v}-${item.arch}> img-2-arm64<img-${v}-${item.arch}>
group open: ?<open-${x}>`},
		{"cycles", "docker-bake.hcl", `
variable "A" { default = B }
variable "B" { default = A }
target "t" { dockerfile = A }
target "u" { inherits = ["u"] }
`, `
target t dockerfile=?<A>
target u`},
		{"other things", "docker-bake.hcl", `
target "inline" { dockerfile-inline = "FROM scratch" }
target "check" { call = "check" }
target "host" { network = "host" }
target "ctx" {
  contexts = { base = "target:check", alpine = "docker-image://alpine:3" }
  context = BAKE_CMD_CONTEXT
  platforms = [BAKE_LOCAL_PLATFORM]
}
`, `
target inline inline=FROM scratch
target check call=check
target host entitlements[network.host<host>]
target ctx context=cwd://<BAKE_CMD_CONTEXT> platforms[?<BAKE_LOCAL_PLATFORM>] contexts[alpine=docker-image://alpine:3 base=target:check]`},
		{"json", "docker-bake.json", `{
  "variable": {"TAG": {"default": "v1"}},
  "group": {"default": {"targets": ["app"]}},
  "target": {
    "_c": {"platforms": ["linux/amd64", "linux/arm64"]},
    "app": {"inherits": ["_c"], "dockerfile": "${TAG}.Dockerfile", "args": {"A": "b", "N": 3}}
  }
}`, `
target _c platforms[linux/amd64 linux/arm64]
target app dockerfile=v1.Dockerfile~<${TAG}.Dockerfile> platforms[linux/amd64 linux/arm64] args[A=b N=3]
group default: app`},
		{"crlf and bom", "docker-bake.hcl",
			"\xef\xbb\xbftarget \"é\" {\r\n  platforms = [\r\n    \"linux/amd64\",\r\n    \"linux/arm64\"\r\n  ]\r\n" +
				"}\r\n", `
target é platforms[linux/amd64 linux/arm64]`},
		{"json with bom", "docker-bake.json", "\xef\xbb\xbf{\"target\":{\"a\":{\"platforms\":[\"linux/arm64\"]}}}",
			`target a platforms[linux/arm64]`},
		{"wrong types", "docker-bake.hcl", `
target "a" {
  platforms = "linux/amd64"
  dockerfile = ["x"]
  args = ["A=b"]
}
`, `
target a dockerfile=?<["x"]> platforms[?<linux/amd64>] open
bake-shape "linux/amd64": platforms must be a list, not string
bake-shape "[\"x\"]": expected a string, not tuple
bake-shape "[\"A=b\"]": args must be a map, not tuple`},
		{"broken HCL", "docker-bake.hcl", `
target "a" {
  platforms = ["linux/amd64", ]
  dockerfile =
  context = "c"
}
target "b" { dockerfile = "b" }
target {}
`, `
target a dockerfile=?<
> context=c platforms[linux/amd64]
target b dockerfile=b
bake-syntax "\n": invalid expression: expected the start of an expression, but found an invalid expression token
bake-shape "{": missing name for target: all target blocks must have 1 labels (name)`},
		{"broken JSON", "docker-bake.json", `{"target": {"a": {"dockerfile": "x",}}`, `
bake-syntax ",": trailing comma in object: JSON does not permit a trailing comma after the final property in an object`},
		{"empty", "docker-bake.hcl", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := dump(Parse(source.NewFile(c.path, []byte(c.in))))
			if diff := cmp.Diff(strings.TrimSpace(c.want), strings.Join(got, "\n")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestSpans(t *testing.T) {
	for path, in := range map[string]string{
		"docker-bake.hcl":  "# c\ntarget \"a\" {\n  dockerfile = \"x\"\n}\n\ngroup \"g\" { targets = [\"a\"] }\n",
		"docker-bake.json": `{"target": {"a": {"dockerfile": "x"}}, "group": {"g": {"targets": ["a"]}}}`,
	} {
		f := Parse(source.NewFile(path, []byte(in)))
		got := []string{f.Source.Text(f.Targets[0].Span), f.Source.Text(f.Groups[0].Span)}
		want := []string{"target \"a\" {\n  dockerfile = \"x\"\n}", `group "g" { targets = ["a"] }`}
		if strings.HasSuffix(path, "json") {
			want = []string{`"a": {"dockerfile": "x"}`, `"g": {"targets": ["a"]}`}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

func TestPaths(t *testing.T) {
	for _, c := range []struct{ body, dockerfile, context string }{
		{``, "Dockerfile", "."},
		{`context = "a/b"`, "a/b/Dockerfile", "a/b"},
		{`context = "a"
		dockerfile = "../x/Dockerfile"`, "x/Dockerfile", "a"},
		{`context = "cwd://a"
		dockerfile = "cwd://b/Dockerfile"`, "b/Dockerfile", "a"},
		{`context = BAKE_CMD_CONTEXT`, "Dockerfile", "."},
		{`context = "https://github.com/a/b.git"`, "", ""},
		{`context = "https://github.com/a/b.git"
		dockerfile = "cwd://local"`, "local", ""},
		{`context = "target:x"`, "", ""},
		{`dockerfile = ""`, "Dockerfile", "."},
		{`dockerfile = "/abs/Dockerfile"`, "/abs/Dockerfile", "."},
		{`dockerfile = mystery()`, "", "."},
		{`context = mystery()`, "", ""},
		{`dockerfile-inline = "FROM x"`, "", "."},
	} {
		f := Parse(source.NewFile("docker-bake.hcl", []byte("target \"t\" {\n"+c.body+"\n}\n")))
		d, dok := f.Targets[0].DockerfilePath()
		ctx, cok := f.Targets[0].ContextPath()
		if d != c.dockerfile || dok != (c.dockerfile != "") {
			t.Errorf("%s: Dockerfile %q, %v; want %q", c.body, d, dok, c.dockerfile)
		}
		if ctx != c.context || cok != (c.context != "") {
			t.Errorf("%s: context %q, %v; want %q", c.body, ctx, cok, c.context)
		}
	}
}

func TestResolve(t *testing.T) {
	f := Parse(source.NewFile("docker-bake.hcl", []byte(`
group "default" { targets = ["all"] }
group "all" { targets = ["a", "m", "all"] }
group "part" { targets = ["a", "elsewhere"] }
target "a" {}
target "b" {}
target "m" {
  name = "m-${x}"
  matrix = { x = ["1", "2"] }
}
`)))
	for _, c := range []struct {
		names    []string
		want     string
		complete bool
	}{
		{nil, "a m-1 m-2", true},
		{[]string{"b", "a"}, "b a", true},
		{[]string{"m-*", "m-1"}, "m-1 m-2", true},
		{[]string{"part"}, "a", false},
		{[]string{"none"}, "", false},
	} {
		targets, complete := f.Resolve(c.names...)
		var got []string
		for _, t := range targets {
			got = append(got, t.Name.Text)
		}
		if s := strings.Join(got, " "); s != c.want || complete != c.complete {
			t.Errorf("%v: %q, %v; want %q, %v", c.names, s, complete, c.want, c.complete)
		}
	}
	if f.Target("m-2") == nil || f.Target("m") != nil {
		t.Error("Target finds the wrong names")
	}
	f = Parse(source.NewFile("docker-bake.hcl", []byte("target \"_x\" {}\ntarget \"y\" { call = \"check\" }\n")))
	if x, y := f.Targets[0], f.Targets[1]; !x.Abstract() || y.Abstract() || !x.Builds() || y.Builds() {
		t.Error("Abstract or Builds is wrong")
	}
}

// TestHostile parses text that would end the program or take forever if hcl or cty read it directly.
func TestHostile(t *testing.T) {
	doubling := "variable \"v0\" { default = \"0123456789\" }\n"
	for i := range 60 {
		doubling += fmt.Sprintf("variable \"v%d\" { default = \"${v%d}${v%d}\" }\n", i+1, i, i)
	}
	doubling += "target \"t\" { dockerfile = v60 }\n"
	replacing := "variable \"v0\" { default = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" }\n"
	for i := range 20 {
		replacing += fmt.Sprintf("variable \"v%d\" { default = replace(v%d, \"a\", v%d) }\n", i+1, i, i)
	}
	replacing += "target \"t\" { dockerfile = v20 }\n"
	chain := "target \"t0\" {}\n"
	for i := range 5000 {
		chain += fmt.Sprintf("target \"t%d\" {\n inherits = [\"t%d\"]\n args = { a%d = \"1\" }\n}\n", i+1, i, i)
	}
	for name, in := range map[string]string{
		"brackets": "x = " + strings.Repeat("(", 200000), "operators": "x = " +
			strings.Repeat("! ", 100000), "templates": "x = " + strings.Repeat("\"${", 60000),
		"blocks": strings.Repeat("a {\n", 50000), "heredocs": strings.Repeat("a = <<E\n", 20000),
		"long":     strings.Repeat("#\n", 1<<20),
		"doubling": doubling, "replacing": replacing, "chain": chain,
		"loops": "variable \"l\" { default = [" + strings.Repeat("1,", 20000) +
			"] }\ntarget \"t\" { platforms = [for a in l : [for b in l : [for c in l : c]]] }\n",
		"matrix": "target \"t\" {\n matrix = { " + strings.Repeat("k = [1,2]\n", 1) +
			" a = [1,2,3,4,5,6,7,8,9], b = [1,2,3,4,5,6,7,8,9], c = [1,2,3,4,5,6,7,8,9], d = [1,2] }\n}\n",
	} {
		f := Parse(source.NewFile("docker-bake.hcl", []byte(in)))
		if name == "doubling" || name == "replacing" {
			if len(f.Targets) != 1 || f.Targets[0].Dockerfile.Known {
				t.Errorf("%s: %v", name, dump(f))
			}
		}
		Parse(source.NewFile("docker-bake.json", []byte(in)))
	}
	for _, in := range []string{strings.Repeat("[", 100000), strings.Repeat(`{"a":`, 50000),
		strings.Repeat("[1,", 60000)} {
		f := Parse(source.NewFile("docker-bake.json", []byte(in)))
		if len(f.Problems) != 1 || f.Problems[0].Kind != KindSize {
			t.Errorf("%.10s…: %v", in, dump(f))
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("variable \"A\" { default = [\"x\"] }\ntarget \"t\" {\n  name = \"t-${x}\"\n  matrix = { x = A }\n"+
		"  platforms = split(\",\", \"a,b\")\n  inherits = [\"u\"]\n}\n", false)
	f.Add("group \"g\" { targets = [\"t\"] }\ntarget \"u\" { args = { A = lower(\"B\") ? 1 : 2 } }\n"+
		"A = [for i in [1]: i]\n", false)
	f.Add(`{"target":{"a":{"platforms":["linux/${x}"],"args":{"A":null}}},"variable":{"x":{"default":"y"}}}`, true)
	f.Fuzz(func(t *testing.T, in string, isJSON bool) {
		path := "docker-bake.hcl"
		if isJSON {
			path = "docker-bake.json"
		}
		file := source.NewFile(path, []byte(in))
		got := Parse(file)
		inside := func(what string, s source.Span) {
			if s.Start < 0 || s.End < s.Start || s.End > len(in) {
				t.Fatalf("%s: span %v in %d bytes", what, s, len(in))
			}
		}
		for _, p := range got.Problems {
			inside(p.Message, p.Span)
		}
		for _, x := range got.Targets {
			inside(x.Name.Text, x.Span)
			all := slices.Concat([]Value{x.Name, x.Dockerfile, x.Inline, x.Context, x.Stage, x.Call}, x.Platforms,
				x.Entitlements, x.Inherits, x.Unresolved,
				slices.Collect(maps.Values(x.Args)), slices.Collect(maps.Values(x.Contexts)))
			for _, v := range all {
				inside(v.Text, v.Span)
				if !v.Known && (v.Text != "" || v.Overridable) {
					t.Fatalf("an unknown value has a text: %+v", v)
				}
			}
			x.DockerfilePath()
			x.ContextPath()
		}
		got.Resolve()
		if diff := cmp.Diff(dump(got), dump(Parse(file))); diff != "" {
			t.Fatalf("the same text gives another result: %s", diff)
		}
	})
}
