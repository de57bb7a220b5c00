package custom

import (
	"strings"
	"testing"
	"time"
)

// withRule returns a pack with one rule, in which some lines replace those that are right.
func withRule(lines ...string) string {
	names := []string{"summary", "on", "when", "message"}
	values := []string{`summary = "s"`, `on = dockerfile.from`, `when = true`, `message = "m"`}
	rest := []string{`test "b" { bad = "FROM debian:12\n" }`, `test "g" { good = "ARG A=1\nFROM $A\n" }`}
	var b strings.Builder
	b.WriteString("pack \"x\" {}\n")
	var own []string
	for _, line := range lines {
		name, _, _ := strings.Cut(line, " ")
		if top, ok := strings.CutPrefix(line, "top:"); ok {
			b.WriteString(top + "\n")
			continue
		}
		for n := range names {
			if names[n] == name {
				values[n] = line
				line = ""
			}
		}
		own = append(own, line)
	}
	b.WriteString("rule \"r\" {\n" + strings.Join(values, "\n") + "\n" + strings.Join(own, "\n") + "\n" +
		strings.Join(rest, "\n") + "\n}\n")
	return b.String()
}

// TestWrongPacks checks that each wrong pack is refused, with the place and the way out.
func TestWrongPacks(t *testing.T) {
	if _, problems := tryLoad(withRule()); len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, tt := range []struct {
		text string
		want string // "text at fault: message"
	}{
		{"", `: the file needs a block that names the pack, as in pack "acme" { version = "1.0.0" }`},
		{`pack "x" {}`, `: the pack has no rule`},
		{"pack \"X\" {}\n", `"X": "X" must consist of small letters, digits and single dashes`},
		{"pack {}\n", `pack: a pack block needs one label, the name of the pack, as in pack "acme" { … }`},
		{"pack \"x\" {}\npack \"y\" {}\n", `pack: a file holds one pack`},
		{"pack \"x\" { versoin = \"1\" }\n",
			`versoin: unknown attribute "versoin" in a pack block; did you mean "version"?`},
		{"pack \"x\" { version = \"one\" }\n", `"one": "one" is not a version`},
		{"pack \"x\" { required_version = \">= 3\" }\n",
			`">= 3": the pack is for sandlint >= 3, and this is 0.1.0`},
		{"pack \"x\" { required_version = \"new\" }\n", `"new": "new" is not of the form ">= 0.1, < 2"`},
		{"pack \"x\" {}\nrul \"a\" {}\n", `rul: unknown block "rul" in a rule pack; did you mean "rule"?`},
		{"pack \"x\" {}\nrule \"a\" { summary = \"s\" }\n",
			`rule "a": rule "a" needs "on", the kind of node that it is about`},
		{withRule(`on = dockerfile.form`),
			`dockerfile.form: there is no kind of node "dockerfile.form"; did you mean dockerfile.from?`},
		{withRule(`on = "dockerfile.from"`),
			`"dockerfile.from": "on" must be the name of a kind of node, such as dockerfile.from, without quotes`},
		{withRule(`on = dockerfile.from["x"]`), `dockerfile.from["x"]: dockerfile.from is not selected with []`},
		{withRule(`on = dockerfile.from.image`),
			`dockerfile.from.image: "on" must be a kind of node, such as dockerfile.from`},
		{withRule(`when = node.imge == "a"`),
			`node.imge: a dockerfile.from has no attribute "imge"; did you mean "image"?`},
		{withRule(`when = can(node.imge)`),
			`node.imge: a dockerfile.from has no attribute "imge"; did you mean "image"?`},
		{withRule(`when = file.imges == []`), `file.imges: file has no attribute "imges"; did you mean "images"?`},
		{withRule(`when = anytrue([for f in file.from : f.imge == "a"])`),
			`.imge: unsupported attribute: This object does not have an attribute named "imge"`},
		{withRule(`when = nod.image == "a"`), `nod: there is no "nod" here; did you mean "node"?`},
		{withRule(`when = env.HOME == "a"`),
			`env: there is no "env" here; expressions can use node, file, var, local`},
		{withRule(`when = var.x == "a"`), `var.x: the pack has no variable "x"`},
		{withRule(`top:variable "hosts" { default = "a" }`, `when = var.host == "a"`),
			`var.host: the pack has no variable "host"; did you mean "hosts"?`},
		{withRule(`when = local.x == "a"`), `local.x: the pack has no local value "x"`},
		{withRule(`when = startwith(node.image, "a")`),
			`startwith: there is no function "startwith"; did you mean "startswith"?`},
		{withRule(`when = startswith(node.image)`),
			`): not enough function arguments: Function "startswith" expects 2 ` +
				`argument(s). Missing value for "part"`},
		{withRule(`when = file("/etc/passwd") == ""`),
			`file: there is no function "file"; the functions are alltrue, anytrue, can, `},
		{withRule(`when = matches(node.image, "(")`),
			`"(": invalid function argument: Invalid value for "pattern" parameter: "(" is not a regular expression: ` +
				"missing closing ): `(`"},
		{withRule(`when = glob(node.image, "[")`),
			`"[": invalid function argument: Invalid value for "pattern" parameter: "[" is not a pattern`},
		{withRule(`when = semver(node.image, "~>", "1")`), `"~>": invalid function argument: Invalid value for ` +
			`"operator" parameter: "~>" is not one of <, <=, ==, !=, >=, >`},
		{withRule(`when = format("%999999d", 1) == ""`), `"%999999d": invalid function argument: Invalid value for ` +
			`"format" parameter: a width in it is too large, or not written out`},
		{withRule(`when = node.words == ["a"]`),
			`node.words == ["a"]: a list never equals one that is written out for HCL`},
		{withRule(`when = [] != node.words`), `[] != node.words: a list never equals [] for HCL`},
		{withRule(`when = node.image`), `node.image: "when" must be true or false, and this is string`},
		{withRule(`when = 1`), `1: "when" must be true or false, and this is number`},
		{withRule(`when = null`), `null: "when" must be true or false, and this is null`},
		{withRule(`message = node.words`), `node.words: "message" must be a text, and this is list of string`},
		{withRule(`at = node.is_stage`),
			`node.is_stage: is_stage of a dockerfile.from has no place of its own; those ` +
				`with one are node, node.image, node.name, node.keyword, node.words[0], node.flags["…"], node.text`},
		{withRule(`at = "node"`), `"node": a place is named as node, node.words or node.words[0], without quotes`},
		{withRule(`at = node.image[0]`),
			`node.image[0]: the elements of image have no places; those with one are node, ` +
				`node.image, node.name, node.keyword, node.words[0], node.flags["…"], node.text`},
		{withRule(`at = node.words["a"]`), `node.words["a"]: an element of words is named by its number, from 0`},
		{withRule(`severity = "fatal"`),
			`"fatal": "severity" is "fatal", which is not one of error, warning, info, style`},
		{withRule(`category = "bugs"`), `"bugs": "category" is "bugs", which is not one of correctness, security, ` +
			`portability, performance, style`},
		{withRule(`aliases = ["DL3006"]`), `"DL3006": the alias "DL3006" is taken by another rule`},
		{withRule(`aliases = ["a b"]`), `"a b": "a b" cannot be an alias: it has no space, comma or slash`},
		{withRule(`summary = "a\nb"`), `"a\nb": "summary" must be one line`},
		{withRule(`fix {}`), `fix: a fix block needs "title", what the fix does: "use npm ci"`},
		{withRule("fix {\n title = \"t\"\n applicability = \"maybe\"\n delete { target = node }\n}"),
			`"maybe": "applicability" is "maybe", which is not one of safe, unsafe`},
		{withRule("fix {\n title = \"t\"\n applicability = \"safe\"\n replace { target = node }\n}"),
			`replace: the replace block needs "with"`},
		{withRule("fix {\n title = \"t\"\n applicability = \"safe\"\n insert { text = \"a\" }\n}"),
			`insert: an insert block needs "before" or "after"`},
		{withRule(`test "b" { bad = "" }`), `"b": the rule has two tests called "b"`},
		{withRule(`test "c" { }`), `test "c": test "c" needs "bad" or "good", a file as text`},
		{withRule("test \"c\" {\n bad = \"RUN echo ${X}\"\n}"),
			`X: HCL reads ${…} itself: write $${X} for what the file has, or put the test in a txtar file ("tests")`},
		{withRule("test \"c\" {\n good = \"\"\n fixed = \"\"\n}"),
			`test "c": a good test has no findings, so nothing to fix or to expect`},
		{withRule("test \"c\" {\n bad = \"\"\n path = \"../x\"\n}"), `"../x": "../x" is not a path below the project`},
		{withRule("test \"c\" {\n bad = \"\"\n expect { line = 0 }\n}"), `0: "line" must be a whole number from 1`},
		{withRule("test \"c\" {\n bad = \"\"\n targets = { nix = \"none\" }\n}"),
			`{ nix = "none" }: "none" is not a version such as 2.24`},
		{withRule("top:function \"f\" {\n params = [a]\n result = f(a)\n}"), `function "f": function "f" calls itself`},
		{withRule("top:function \"f\" {\n params = [a]\n result = node.image\n}"),
			`node.image: there is no node here: pass what is needed as a parameter`},
		{withRule("top:function \"upper\" {\n params = [a]\n result = a\n}"),
			`"upper": there is a function "upper" already`},
		{withRule("top:function \"f\" {\n params = [\"a\"]\n result = 1\n}"),
			`"a": a parameter must be a name, without quotes`},
		{withRule("top:function \"f\" {\n params = [a]\n result = a\n}", `when = f(1, 2)`),
			`f(1, 2): the function "f" takes 1 arguments, not 2`},
		{withRule("top:locals {\n a = local.b\n b = local.a\n}"), `a: the local value "a" needs itself`},
		{withRule("top:locals {\n a = f(1)\n}\nfunction \"f\" {\n params = [x]\n result = local.a\n}"),
			`a: the local value "a" needs itself`},
		{withRule("top:locals {\n a = local.c\n}"), `local.c: the pack has no local value "c"`},
		{withRule(`top:variable "v" {}`),
			`variable "v": variable "v" has no value: set it in the configuration, as in pack "x" { v = … }`},
		{withRule(`top:variable "v" { default = null }`), `null: the default is null; leave it out where the ` +
			`configuration has to set the variable`},
		{withRule() + "rule \"r\" {\nsummary = \"s\"\non = dockerfile.from\nwhen = true\nmessage = \"m\"\n}\n",
			`"r": the pack has two rules called "r"`},
		{withRule(`when = ` + strings.Repeat("(", 500) + "true" + strings.Repeat(")", 500)),
			`(: more than 128 brackets are nested here, so the file is not read`},
		{withRule(`message = 1e99999999`), `1e99999999: the number is too large`},
		{withRule(`message = 1e999999999`), `1e999999999: the number is too large`},
		{withRule("top:locals {\n a = 1e1000\n b = local.a * local.a\n}"),
			`local.a * local.a: the expression is given up, since it makes a number that is too large`},
		{withRule("top:locals {\n a = \"" + strings.Repeat("x", 1000) + "\"\n b = replace(local.a, \"x\", local.a)\n" +
			" c = replace(local.b, \"x\", local.a)\n}"), `replace(: error in function call: `},

		{withRule("top:function \"a\" {\n params = [x]\n result = \"${x}${x}${x}${x}${x}${x}${x}${x}\"\n}",
			"message = "+
				strings.Repeat("a(", 60)+"\"x\""+strings.Repeat(")", 60)), "\"${x}"},
		{withRule(`when = [for a in split("", join("", [for i in split("", "` +
			strings.Repeat("x", 200) + `") : "` + strings.Repeat("y", 200) + `"])) : [for b in split("", "` +
			strings.Repeat("x", 2000) + `") : a]] == []`), ``},
		{withRule(`when = ` + strings.Repeat("try(", 100) + "true" + strings.Repeat(")", 100)), ``},
	} {
		start := time.Now()
		p, problems := tryLoad(tt.text)
		if p != nil || len(problems) == 0 {
			t.Errorf("%s\nis not refused, want %s", tt.text, tt.want)
			continue
		}
		found := false
		var got []string
		for _, problem := range problems {
			at := tt.text[min(problem.Span.Start, len(tt.text)):min(problem.Span.End, len(tt.text))]
			if at, _, more := strings.Cut(at, " {"); more {
				got = append(got, at+": "+problem.Message)
			}
			got = append(got, at+": "+problem.Message)
		}
		for _, g := range got {
			found = found || strings.HasPrefix(g, tt.want)
		}
		if !found {
			t.Errorf("%s\ngives %q\nwant %q", tt.text, got, tt.want)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%.80s takes %v", tt.text, took)
		}
	}
}
