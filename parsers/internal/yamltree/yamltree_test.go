package yamltree

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/source"
)

// dump renders a tree as one line of JSON-like text, so that a case shows its expectation next to its input.
func dump(n *Node) string {
	switch {
	case n == nil:
		return "absent"
	case n.Tag != "":
		m := *n
		m.Tag = ""
		return n.Tag + " " + dump(&m)
	}
	switch n.Kind {
	case Null:
		return "null"
	case Scalar:
		return fmt.Sprintf("%q", n.Text)
	case Alias:
		if n.Target == nil {
			return "*?"
		}
		return "*" + n.Target.Anchor
	case Sequence:
		parts := make([]string, len(n.Items))
		for i, item := range n.Items {
			parts[i] = dump(item)
		}
		return "[" + strings.Join(parts, " ") + "]"
	}
	parts := make([]string, len(n.Pairs))
	for i, p := range n.Pairs {
		parts[i] = dump(p.Key) + ":" + dump(p.Value)
	}
	return "{" + strings.Join(parts, " ") + "}"
}

func parse(text string) *Tree { return Parse(source.NewFile("t.yaml", []byte(text))) }

func problems(t *Tree) []string {
	var out []string
	for _, p := range t.Problems {
		out = append(out, fmt.Sprintf("%s %q: %s", p.Kind, t.File.Text(p.Span), p.Message))
	}
	return out
}

var values = []struct{ name, in, want string }{
	{"block", "a: b\nc:\n  d: e\n  f: g\nh: i\n", `{"a":"b" "c":{"d":"e" "f":"g"} "h":"i"}`},
	{"crlf", "a: b\r\nc:\r\n  - d\r\n  - e\r\nf: |\r\n  x\r\n  y\r\n", `{"a":"b" "c":["d" "e"] "f":"x\ny\n"}`},
	{"bom", "\xef\xbb\xbfa: b\nc: d\n", `{"a":"b" "c":"d"}`},
	{"no final newline", "a: b", `{"a":"b"}`},
	{"list at the column of its key", "a:\n- b\n- c\nd: e\n", `{"a":["b" "c"] "d":"e"}`},
	{"list of mappings", "- a: 1\n  b: 2\n- c: 3\n", `[{"a":"1" "b":"2"} {"c":"3"}]`},
	{"nested dashes", "- - a\n  - b\n-   - c\n", `[["a" "b"] ["c"]]`},
	{"nothing after a colon", "a:\nb:\n  c:\nd: ''\n", `{"a":null "b":{"c":null} "d":""}`},
	{"nothing after a dash", "-\n- a\n-\n", `[null "a" null]`},
	{"comments", "# c\na: b # c\n  # c\nc: d#e\n#f: g\n", `{"a":"b" "c":"d#e"}`},
	{"colons in values", "a: b:c\nimage: reg:5000/x:1\nu: http://x/y\n",
		`{"a":"b:c" "image":"reg:5000/x:1" "u":"http://x/y"}`},
	{"plain over lines", "a: b\n  c\n\n  d\ne: f\n", `{"a":"b c\nd" "e":"f"}`},
	{"dash in a plain scalar", "a: b\n  - c\n", `{"a":"b - c"}`},
	{"single quotes", "a: 'it''s #1: x'\nb: 'p\n  q\n\n  r'\n", `{"a":"it's #1: x" "b":"p q\nr"}`},
	{"double quotes", `a: "x\ty\n\u00e9\"\x41\
  z"` + "\nb: \"p  \n  q\"\n", `{"a":"x\ty\né\"Az" "b":"p q"}`},
	{"literal", "a: |\n  x\n    y\n\n  z\n\n\nb: c\n", `{"a":"x\n  y\n\nz\n" "b":"c"}`},
	{"chomping", "a: |-\n  x\n\nb: |+\n  x\n\nc: |\n  x", `{"a":"x" "b":"x\n\n" "c":"x"}`},
	{"folded", "a: >\n  x\n  y\n\n  z\n    w\n  v\nb: >-\n  p\n  q\n", `{"a":"x y\nz\n  w\nv\n" "b":"p q"}`},
	{"indentation indicator", "a: |2\n    x\n   y\n", `{"a":"  x\n y\n"}`},
	{"literal with a comment in the header", "a: | # c\n  # x\n  y\nb: c\n", `{"a":"# x\ny\n" "b":"c"}`},
	{"literal in a list", "- |\n x\n- y\n", `["x\n" "y"]`},
	{"empty literal", "a: |\nb: c\n", `{"a":"" "b":"c"}`},
	{"flow", "a: [b, 'c', {d: e, f}]\ng: {h: [i], \"j\":k}\n",
		`{"a":["b" "c" {"d":"e" "f":null}] "g":{"h":["i"] "j":"k"}}`},
	{"flow over lines", "a: [\n  b, # c\n  c,\n]\nd: {\n  e: f\n  }\n", `{"a":["b" "c"] "d":{"e":"f"}}`},
	{"flow left of its key", "a: [\nb,\nc\n]\nd: e\n", `{"a":["b" "c"] "d":"e"}`},
	{"pair in a list", "[a: b, c]\n", `[{"a":"b"} "c"]`},
	{"json", `{"a":{"b":[1,true,null,"c:d"]}}`, `{"a":{"b":["1" "true" "null" "c:d"]}}`},
	{"expression", "a: ${{ matrix.os }}\nb: ${{ x && 'y' || 'z' }}\n",
		`{"a":"${{ matrix.os }}" "b":"${{ x && 'y' || 'z' }}"}`},
	{"anchor and alias", "a: &x\n  b: c\nd: *x\ne: &y f\ng: [*y, *x]\n", `{"a":{"b":"c"} "d":*x "e":"f" "g":[*y *x]}`},
	{"anchor of a key", "&x a: b\nc: *x\n", `{"a":"b" "c":*x}`},
	{"merge key", "a: &x\n  b: c\nd:\n  <<: *x\n  e: f\n", `{"a":{"b":"c"} "d":{"<<":*x "e":"f"}}`},
	{"tags", "a: !reset null\nb: !override\n  - c\nd: !!str 1\n",
		`{"a":!reset "null" "b":!override ["c"] "d":!!str "1"}`},
	{"explicit key", "? a\n: b\n? c\n: d: e\n", `{"a":"b" "c":{"d":"e"}}`},
	{"quoted keys", "\"a b\": c\n'd' : e\n", `{"a b":"c" "d":"e"}`},
	{"document start", "%YAML 1.2\n--- # c\na: b\n...\n", `{"a":"b"}`},
	{"scalar root", "hello\nworld\n", `"hello world"`},
	{"deep then shallow", "a:\n    b:\n        c: d\n    e: f\ng:\n  h: i\n",
		`{"a":{"b":{"c":"d"} "e":"f"} "g":{"h":"i"}}`},
	{"nul and invalid UTF-8", "a: \x00\xff\nb: c\n", `{"a":"\x00\xff" "b":"c"}`},
}

func TestValues(t *testing.T) {
	for _, c := range values {
		t.Run(c.name, func(t *testing.T) {
			tree := parse(c.in)
			if diff := cmp.Diff(c.want, dump(tree.Root())); diff != "" {
				t.Errorf("tree (-want +got):\n%s", diff)
			}
			if got := problems(tree); got != nil {
				t.Errorf("problems: %v", got)
			}
		})
	}
}

// TestLineEnds reads every case again with CRLF: only the line breaks inside text written as blocks may have been
// different, and they are normalised.
func TestLineEnds(t *testing.T) {
	for _, c := range values {
		if strings.Contains(c.in, "\r") {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			if got := dump(parse(strings.ReplaceAll(c.in, "\n", "\r\n")).Root()); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestDocuments(t *testing.T) {
	tree := parse("a: 1\n---\nb: &x 2\n...\n---\n- *x\n")
	var got []string
	for _, d := range tree.Documents {
		got = append(got, dump(d))
	}
	if diff := cmp.Diff([]string{`{"a":"1"}`, `{"b":"2"}`, `[*?]`}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{`yaml-undefined-alias "*x": this alias has no anchor "x" before it`},
		problems(tree)); diff != "" {
		t.Error(diff)
	}
	if n := len(parse("# nothing\n\n").Documents); n != 0 {
		t.Errorf("%d documents in a file of comments", n)
	}
	if parse("").Root() != nil {
		t.Error("an empty file has a root")
	}
}

func TestBroken(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		problems       []string
	}{
		{"no colon", "a: b\nnonsense\nc: d\n", `{"a":"b" "c":"d"}`,
			[]string{`yaml-syntax "nonsense": "nonsense" is not a key, which needs a colon and a blank after it`}},
		{"no blank after the colon", "a:\n  b:c\n  d: e\nf: g\n", `{"a":"b:c" "f":"g"}`,
			[]string{`yaml-syntax "d: e": this line is indented deeper than the keys before it and belongs to none ` +
				`of them`}},
		{"too deep", "a: b\n   c: d\ne: f\n", `{"a":"b" "e":"f"}`,
			[]string{`yaml-syntax "c: d": this line is indented deeper than the keys before it and belongs to none ` +
				`of them`}},
		{"between levels", "a:\n    b: c\n  d: e\nf: g\n", `{"a":{"b":"c"} "f":"g"}`,
			[]string{`yaml-syntax "d: e": this line is indented deeper than the keys before it and belongs to none ` +
				`of them`}},
		{"two colons", "a: b: c\nd: e\n", `{"a":"b: c" "d":"e"}`,
			[]string{`yaml-syntax ":": this line has a second colon, so the value "b: c" needs quotes`}},
		{"tab", "a:\n\tb: c\nd: e\n", `{"a":{"b":"c"} "d":"e"}`,
			[]string{"yaml-tab \"\\t\": this line is indented with a tab; YAML allows only spaces"}},
		{"tab among spaces", "a:\n  b:\n\tc: d\n  e: f\n", `{"a":{"b":{"c":"d"} "e":"f"}}`,
			[]string{"yaml-tab \"\\t\": this line is indented with a tab; YAML allows only spaces"}},
		{"quote left open", "a: 'b\nc: d\n", `{"a":"b" "c":"d"}`,
			[]string{`yaml-syntax "'": this quote is not closed`}},
		{"quote left open at the end", "a: b\nc: \"d\n", `{"a":"b" "c":"d"}`,
			[]string{`yaml-syntax "\"": this quote is not closed`}},
		{"bracket left open", "a: [b, [c\nd: e\n", `{"a":["b" ["c"]] "d":"e"}`,
			[]string{`yaml-syntax "[": this '[' is not closed`}},
		{"wrong bracket", "a: [b}\nc: d\n", `{"a":["b"] "c":"d"}`,
			[]string{`yaml-syntax "}": '}' closes what '[' opened`}},
		{"text after quotes", "a: 'b' c\nd: e\n", `{"a":"b" "d":"e"}`,
			[]string{`yaml-syntax "c": unexpected "c" after a value`}},
		{"key twice", "a: b\nc: d\na: e\n", `{"a":"b" "c":"d" "a":"e"}`,
			[]string{`yaml-duplicate-key "a": key "a" is already set in this mapping`}},
		{"list in the line of its key", "a: - b\nc: d\n", `{"a":["b"] "c":"d"}`,
			[]string{`yaml-syntax "-": a list must not start in the line of its key`}},
		{"template", "a: b\n{{- if x }}\nc: d\n{{- end }}\n", `{"a":"b" "c":"d"}`, []string{
			`yaml-syntax "{{- if x }}": "{{- if x }}" is not a key, which needs a colon and a blank after it`,
			`yaml-syntax "{{- end }}": "{{- end }}" is not a key, which needs a colon and a blank after it`,
		}},
		{"reserved character", "a: @b\nc: d\n", `{"a":"@b" "c":"d"}`,
			[]string{`yaml-syntax "@": a value without quotes cannot start with '@'`}},
		{"unknown escape", `a: "x\qy"` + "\n", `{"a":"x\\qy"}`,
			[]string{`yaml-syntax "\\q": unknown escape "\\q" in a quoted string`}},
		{"text before the mapping", "oops\na: b\n", `{"a":"b"}`,
			[]string{`yaml-syntax "a: b": this does not belong to the node before it`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree := parse(c.in)
			if diff := cmp.Diff(c.want, dump(tree.Root())); diff != "" {
				t.Errorf("tree (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.problems, problems(tree)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSpans(t *testing.T) {
	text := "\xef\xbb\xbfé: &a 'x''y'\r\nk:\r\n  - [p, \"q\\tr\"]\r\n  - |\r\n    u\r\n\r\n    v\r\nz: *a\r\n"
	tree := parse(text)
	var got []string
	var walk func(*Node)
	walk = func(n *Node) {
		got = append(got, fmt.Sprintf("%q %q", tree.File.Text(n.Span), tree.File.Text(n.Inner)))
		for _, p := range n.Pairs {
			walk(p.Key)
			walk(p.Value)
		}
		for _, i := range n.Items {
			walk(i)
		}
	}
	walk(tree.Root())
	want := []string{
		fmt.Sprintf("%q %q", strings.TrimSuffix(strings.TrimPrefix(text, "\xef\xbb\xbf"), "\r\n"), ""),
		`"é" "é"`, `"'x''y'" "x''y"`,
		`"k" "k"`, `"- [p, \"q\\tr\"]\r\n  - |\r\n    u\r\n\r\n    v" ""`,
		`"[p, \"q\\tr\"]" ""`, `"p" "p"`, `"\"q\\tr\"" "q\\tr"`,
		`"|\r\n    u\r\n\r\n    v" "    u\r\n\r\n    v"`,
		`"z" "z"`, `"*a" "*a"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestGet(t *testing.T) {
	tree := parse(`base: &base {image: a, user: b, n: ~}
more: &more {<<: *base, user: c}
one: {<<: *more, image: d}
two:
  <<: [*base, *more]
  x: y
loop: &loop {<<: *loop, k: v}
twice: {a: 1, a: 2}
`)
	root := tree.Root()
	for _, c := range []struct{ path, want string }{
		{"one image", `"d"`}, {"one user", `"c"`}, {"one n", `"~"`}, {"two user", `"b"`}, {"two x", `"y"`},
		{"loop k", `"v"`}, {"loop none", "absent"}, {"twice a", `"2"`}, {"none none", "absent"},
		{"one image x", "absent"},
	} {
		n := root
		for _, k := range strings.Fields(c.path) {
			n = n.Get(k)
		}
		if got := dump(n); got != c.want {
			t.Errorf("%s: got %s, want %s", c.path, got, c.want)
		}
	}
	for key, want := range map[string]string{"one": "image=d user=c n=~", "two": "x=y image=a user=b n=~",
		"loop": "k=v", "twice": "a=2"} {
		var got []string
		for p := range root.Get(key).All() {
			got = append(got, p.Key.Text+"="+p.Value.Text)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("All of %s: %q, want %q", key, s, want)
		}
	}
	if !root.Get("base").Get("n").IsNull() || root.Get("base").IsNull() || !root.Get("none").IsNull() {
		t.Error("IsNull is wrong")
	}
	if !root.Get("one").Get("user").IsScalar() || root.Get("base").Get("n").IsScalar() || root.Get("one").IsScalar() {
		t.Error("IsScalar is wrong")
	}
}

func TestFragment(t *testing.T) {
	text := "a: plain\nb: 'it''s\n  two'\nc: \"x\\ty\"\nd: |\n  one\n  two\r\n  three\ne: >-\n  f\n  g\n"
	tree := parse(text)
	type piece struct {
		Text, File string
		Verbatim   bool
	}
	for key, want := range map[string][]piece{
		"a": {{"plain", "plain", true}},
		"b": {{"it", "it", true}, {"'", "''", false}, {"s", "s", true}, {" ", "\n  ", false}, {"two", "two", true}},
		"c": {{"x", "x", true}, {"\t", `\t`, false}, {"y", "y", true}},
		"d": {{"one", "one", true}, {"\n", "\n", true}, {"two", "two", true}, {"\n", "\r\n", false},
			{"three", "three", true}, {"\n", "\n", true}},
		"e": {{"f", "f", true}, {" ", "\n", false}, {"g", "g", true}},
	} {
		fr := tree.Root().Get(key).Fragment(tree.File)
		var got []piece
		for _, p := range fr.Pieces {
			got = append(got, piece{p.Text, tree.File.Text(p.Span), p.Verbatim})
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
		if string(fr.Text) != tree.Root().Get(key).Text {
			t.Errorf("%s: fragment %q, node %q", key, fr.Text, tree.Root().Get(key).Text)
		}
	}
	fr := tree.Root().Get("d").Fragment(tree.File)
	at := strings.Index(string(fr.Text), "three")
	if got := tree.File.Text(fr.Span(source.Span{Start: at, End: at + 5})); got != "three" {
		t.Errorf("the span of a word in a block is %q", got)
	}
	if _, _, ok := fr.Edit(source.Span{Start: at, End: at + 5}, "a\nb"); ok {
		t.Error("a line break may be written into a block, which would end it")
	}
}

// TestHostile reads what would overflow the stack or take forever if nesting or repetition cost more than it is long.
func TestHostile(t *testing.T) {
	const n = 1 << 18
	for _, unit := range []string{"[", "{", "- ", "? ", "&a ", "!a ", "*a ", "a: ", "a:\n", "'", "\"", "\n", " ", "\t",
		"|\n", "a: |\n\n", "---\n", "[a,", "{a: ", "[a: ", "\"\\", "'a\n", "- 'a\n", " [\n", "-\n ", "a: 'x\n",
		"a: [x\n", "a: [\n", "<<: *a\n", ": ", "x\n\n", "a: b\n", "  x\n", "%a\n", "...\n", "]", "}", ",", "é", "\x00",
		"\r", "#", "a #"} {
		for _, prefix := range []string{"", "x: |\n  ", "x: \"", "x:\n  ", "x: [", "&a [*a, "} {
			tree := parse(prefix + strings.Repeat(unit, n/len(unit)/8))
			if len(tree.Problems) > n {
				t.Errorf("%q after %q: %d problems", unit, prefix, len(tree.Problems))
			}
		}
	}
	tree := parse(strings.Repeat("[", 100000))
	if diff := cmp.Diff([]string{`yaml-too-deep "[": more than 256 collections are nested here, so nothing after ` +
		`this is read`}, problems(tree)); diff != "" {
		t.Error(diff)
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range values {
		f.Add([]byte(c.in))
	}
	f.Add([]byte("a: [b, {c: 'd\n e: \"f\\\n---\n? - x\n: |+2\n   y\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		file := source.NewFile("t.yaml", b)
		tree := Parse(file)
		for _, p := range tree.Problems {
			if !file.Span().Contains(p.Span) || p.Span.Len() < 0 || p.Message == "" {
				t.Fatalf("problem %+v", p)
			}
		}
		var walk func(n *Node, in source.Span)
		walk = func(n *Node, in source.Span) {
			if n.Span.Len() < 0 || !in.Contains(n.Span) {
				t.Fatalf("%s with span %v lies outside %v", dump(n), n.Span, in)
			}
			if n.Kind == Scalar {
				if !n.Span.Contains(n.Inner) || n.Inner.Len() < 0 {
					t.Fatalf("%q: inner %v, span %v", n.Text, n.Inner, n.Span)
				}
				fr := n.Fragment(file)
				if string(fr.Text) != n.Text {
					t.Fatalf("text %q, fragment %q", n.Text, fr.Text)
				}
				for _, p := range fr.Pieces {
					if !file.Span().Contains(p.Span) || p.Verbatim && file.Text(p.Span) != p.Text {
						t.Fatalf("piece %+v of %q", p, n.Text)
					}
				}
			}
			for _, p := range n.Pairs {
				walk(p.Key, n.Span)
				walk(p.Value, n.Span)
				if p.Key.Span.End > p.Value.Span.Start && p.Key.Kind != Null {
					t.Fatalf("key %v overlaps value %v", p.Key.Span, p.Value.Span)
				}
			}
			for _, i := range n.Items {
				walk(i, n.Span)
			}
			for range n.All() {
			}
			n.Get("a")
			n.IsNull()
		}
		for _, d := range tree.Documents {
			walk(d, file.Span())
		}
	})
}

func BenchmarkParse(b *testing.B) {
	var sb strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&sb,
			"service%d:\n  image: example/image:%d\n  build:\n    context: .\n    args: [A=b, \"C=d\"]\n"+
				"  command: |\n    echo one\n    echo two\n", i, i)
	}
	f := source.NewFile("t.yaml", []byte(sb.String()))
	b.SetBytes(int64(len(f.Bytes)))
	for b.Loop() {
		Parse(f)
	}
}
