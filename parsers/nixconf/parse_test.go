package nixconf

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/source"
)

func parse(text string) *File {
	return Parse(source.WholeFile(source.NewFile("nix.conf", []byte(text))))
}

// entries writes the entries and includes of f, one a line, in their order.
func entries(f *File) []string {
	var out []string
	i := 0
	for n, e := range f.Entries {
		for ; i < len(f.Includes) && f.Includes[i].Before == n; i++ {
			out = append(out, includeText(f.Includes[i]))
		}
		out = append(out, e.Name.Text+" = "+e.Value)
	}
	for ; i < len(f.Includes); i++ {
		out = append(out, includeText(f.Includes[i]))
	}
	return out
}

func includeText(i Include) string {
	if i.Optional {
		return "!include " + i.Path.Text
	}
	return "include " + i.Path.Text
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
		problems   []string // kind and text of the span
	}{
		{"empty", "", nil, nil},
		{"blank and comments", "\n \t\r\n# a = b\n\t#x\n", nil, nil},
		{"assignment", "cores = 4\nmax-jobs = auto", []string{"cores = 4", "max-jobs = auto"}, nil},
		{"runs of blanks", "\ta\t=  b \t c\r\n", []string{"a = b c"}, nil},
		{"comment inside a word", "access-tokens = h=abc#def\n", []string{"access-tokens = h=abc"}, nil},
		{"empty value", "a =\nb = # c\n", []string{"a = ", "b = "}, nil},
		{"equals in value", "a = = b\n= = c\n", []string{"a = = b", "= = c"}, nil},
		{"no quotes, no continuation", "a = \"b c\" \\\nd = 'e'\n", []string{`a = "b c" \`, "d = 'e'"}, nil},
		{"CR ends no line", "a = b\rc = d", []string{"a = b c = d"}, nil},
		{"form feed is no blank", "a\f= b\n", nil, []string{"hidden-characters a\f= b"}},
		{"no-break space is no blank", "a = b\u00a0c\n", []string{"a = b\u00a0c"}, nil},
		{"byte order mark belongs to the word", "\ufeffcores = 3\n", []string{"\ufeffcores = 3"}, nil},
		{"byte order mark before a comment", "\ufeff# x\n", nil, []string{"hidden-characters \ufeff"}},
		{"includes", "include a.conf\ncores = 1\n!include /b.conf # c\n",
			[]string{"include a.conf", "cores = 1", "!include /b.conf"}, nil},
		{"include arity", "include\n!include a b\ninclude = c\n", nil,
			[]string{"include-arity include", "include-arity !include a b", "include-arity include = c"}},
		{"include is case-sensitive", "Include a\n", nil, []string{"syntax Include a"}},
		{"include as a name", "include.x = a\n", []string{"include.x = a"}, nil},
		{"missing equals", "experimental-features nix-command flakes\n", nil,
			[]string{"missing-equals experimental-features nix-command flakes"}},
		{"missing equals after extra-", " extra-substituters https://x # y\n", nil,
			[]string{"missing-equals extra-substituters https://x"}},
		{"missing equals after an alias", "build-cores 3\n", nil, []string{"missing-equals build-cores 3"}},
		{"missing equals after a removed setting", "enforce-determinism false\n", nil,
			[]string{"missing-equals enforce-determinism false"}},
		{"unknown name without equals", "frobnicate yes\n", nil, []string{"syntax frobnicate yes"}},
		{"extra- before what cannot be appended to", "extra-cores 3\n", nil, []string{"syntax extra-cores 3"}},
		{"name without value", "cores\n", nil, []string{"syntax cores"}},
		{"spacing", "cores=4\ncores= 4\ncores =4\ncores=\n", nil,
			[]string{"assignment-spacing cores=4", "assignment-spacing cores= 4", "assignment-spacing cores =4",
				"assignment-spacing cores="}},
		{"spacing with equals in the value", "access-tokens=a=b c=d\n", nil,
			[]string{"assignment-spacing access-tokens=a=b c=d"}},
		{"spacing of a misspelt name", "max_jobs=4\nnot-a-setting=1\n", nil,
			[]string{"assignment-spacing max_jobs=4", "assignment-spacing not-a-setting=1"}},
		{"shell text is no spacing", "export cores=4\nPATH=/bin\n", nil,
			[]string{"stray-shell-text export cores=4", "stray-shell-text PATH=/bin"}},
		{"double equals", "cores==4\ncores == 4\ncores= =4\n", nil,
			[]string{"wrong-operator cores==4", "wrong-operator cores == 4", "syntax cores= =4"}},
		{"glued lines are no spacing", "build-users-group =experimental-features = flakes\n", nil,
			[]string{"glued-lines build-users-group =experimental-features = flakes"}},
		{"operators", "substituters += a\ncores := 4\ncores : 4\ncores => 4\n", nil,
			[]string{"wrong-operator substituters += a", "wrong-operator cores := 4", "wrong-operator cores : 4",
				"wrong-operator cores => 4"}},
		{"other formats", "[nix]\n; a b\n// a b\ncores: 4\n- flakes\n", nil,
			[]string{"foreign-syntax [nix]", "foreign-syntax ; a b", "foreign-syntax // a b", "wrong-operator cores: 4",
				"foreign-syntax - flakes"}},
		{"continuation by a backslash", "substituters = https://a \\\nhttps://b \\\nhttps://c\ncores = 1\n",
			[]string{`substituters = https://a \`, "cores = 1"},
			[]string{`line-continuation https://b \`, "line-continuation https://c"}},
		{"continuation by indentation", "experimental-features =\n  nix-command\n  # and\n  flakes\ncores = 1\n",
			[]string{"experimental-features = ", "cores = 1"},
			[]string{"line-continuation nix-command", "line-continuation flakes"}},
		{"continuation of a map", "access-tokens =\n  github.com=a\n", []string{"access-tokens = "},
			[]string{"line-continuation github.com=a"}},
		{"continuation without a sign", "substituters = https://a\nhttps://b\n", []string{"substituters = https://a"},
			[]string{"line-continuation https://b"}},
		{"continuation of what is no assignment yet", "substituters https://a \\\n  https://b\ncores: \\\n  4\n", nil,
			[]string{`missing-equals substituters https://a \`, "line-continuation https://b",
				`wrong-operator cores: \`, "line-continuation 4"}},
		{"no continuation", "  cores = 1\n  flakes\n", []string{"cores = 1"}, []string{"syntax flakes"}},
		{"no continuation across a blank line", "cores = 1\n\n  flakes\n", []string{"cores = 1"},
			[]string{"syntax flakes"}},
		{"an indented setting is no continuation", "cores = 1\n  max-jobs 4\n  sandbox=true\n", []string{"cores = 1"},
			[]string{"missing-equals max-jobs 4", "assignment-spacing sandbox=true"}},
		{"left over of scripts", "EOF\nNIX_EOF\n-e cores = 4\n$ nix build\n<<<<<<< HEAD\n=======\n>>>>>>> x\n", nil,
			[]string{"stray-shell-text EOF", "stray-shell-text NIX_EOF", "stray-shell-text -e cores = 4",
				"stray-shell-text $ nix build", "stray-shell-text <<<<<<< HEAD", "stray-shell-text =======",
				"stray-shell-text >>>>>>> x"}},
		{"glued lines", "sandbox=trueexperimental-features = flakes\ncores 4 max-jobs = 2\n",
			[]string{"sandbox=trueexperimental-features = flakes"}, []string{"glued-lines cores 4 max-jobs = 2"}},
		{"a negative value is no operator", "timeout -1\ncores-=4\n", nil,
			[]string{"missing-equals timeout -1", "wrong-operator cores-=4"}},
		{"a path is no operator", "store ./x\nnetrc-file ~/x\n", nil,
			[]string{"missing-equals store ./x", "missing-equals netrc-file ~/x"}},
		{"a colon", "cores:4\nframe: 4\nhttp://x\ncores:\n", nil,
			[]string{"wrong-operator cores:4", "foreign-syntax frame: 4", "foreign-syntax http://x",
				"foreign-syntax cores:"}},
		{"another program's file", "[a]\nfoo bar\n", nil, []string{"foreign-syntax [a]", "foreign-syntax foo bar"}},
		{"markers in Nix's own file", "[a]\nfoo bar\ncores = 1\n", []string{"cores = 1"},
			[]string{"foreign-syntax [a]", "syntax foo bar"}},
		{"hidden characters", "cores\u00a0= 4\ncores \u200b= 4\n\ufeff\nmax\u2013jobs\u00a04\n", nil,
			[]string{"hidden-characters cores\u00a0= 4", "hidden-characters cores \u200b= 4",
				"hidden-characters \ufeff", "missing-equals max\u2013jobs\u00a04"}},
		{"UTF-16 with mark", "\xff\xfec\x00=\x00\n\x00", nil, []string{"syntax \xff\xfe"}},
		{"UTF-16 without mark", "c\x00 \x00=\x00 \x003\x00\n\x00", nil, []string{"syntax c\x00"}},
		{"big-endian UTF-16", "\x00c\x00 \x00=\x00 \x003\x00\n", nil, []string{"syntax \x00c"}},
		{"NUL alone is not UTF-16", "cores = 3\x00\n", []string{"cores = 3\x00"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := parse(c.text)
			if d := cmp.Diff(c.want, entries(f)); d != "" {
				t.Errorf("entries (-want +got):\n%s", d)
			}
			var problems []string
			for _, p := range f.Problems {
				problems = append(problems, p.Kind+" "+c.text[p.Span.Start:p.Span.End])
				if p.Message == "" || !strings.Contains(p.Message, "every Nix command fails") {
					t.Errorf("message %q names no consequence", p.Message)
				}
			}
			if d := cmp.Diff(c.problems, problems); d != "" {
				t.Errorf("problems (-want +got):\n%s", d)
			}
		})
	}
}

func TestParseSpans(t *testing.T) {
	const text = "# head\n  extra-substituters =  https://a\thttps://b  # tail\r\nx =\n"
	f := parse(text)
	at := func(s source.Span) string { return text[s.Start:s.End] }
	e := f.Entries[0]
	got := []string{at(e.Name.Span), at(e.Equals), at(e.ValueSpan), at(e.Span), at(e.Words[1].Span),
		at(f.Lines[e.Line].Span), at(f.Lines[e.Line].Comment), at(f.Lines[0].Comment)}
	want := []string{"extra-substituters", "=", "https://a\thttps://b", "extra-substituters =  https://a\thttps://b",
		"https://b", "  extra-substituters =  https://a\thttps://b  # tail\r", "# tail\r", "# head"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if e.Value != "https://a https://b" {
		t.Errorf("value %q", e.Value)
	}
	if e := f.Entries[1]; e.ValueSpan != (source.Span{Start: len(text) - 1, End: len(text) - 1}) ||
		e.Span.End != len(text)-1 {
		t.Errorf("empty value at %v, entry at %v", e.ValueSpan, e.Span)
	}
	if len(f.Lines) != 3 {
		t.Errorf("%d lines", len(f.Lines))
	}
}

func TestParseNear(t *testing.T) {
	for text, want := range map[string]string{
		"experimental-feature nix-command\n": "experimental-features",
		"cores: 4\n":                         "",
		"core: 4\n":                          "cores",
		"trusted-user=me\n":                  "trusted-users",
		"extra-substituter += x\n":           "extra-substituters",
		"cores=4\n":                          "",
		"cores 4\n":                          "",
		"cores += 4\n":                       "",
		"EOF\n":                              "",
		"hello world\n":                      "",
	} {
		f := parse(text)
		if len(f.Problems) != 1 || f.Problems[0].Near != want {
			t.Errorf("%q: %+v, want near %q", text, f.Problems, want)
		}
	}
}

// fragment makes a fragment of parts; those that begin with '$' are opaque.
func fragment(parts ...string) *source.Fragment {
	f := source.NewFile("Dockerfile", []byte(strings.Join(parts, "")))
	var pieces []source.Piece
	at := 0
	for _, p := range parts {
		pieces = append(pieces,
			source.Piece{Text: p, Span: source.Span{Start: at, End: at + len(p)}, Verbatim: true, Opaque: p[0] == '$'})
		at += len(p)
	}
	return source.NewFragment(f, pieces)
}

func TestParseOpaque(t *testing.T) {
	for _, c := range []struct {
		name     string
		parts    []string
		want     []string
		problems int
		unknown  []bool
	}{
		{"whole line", []string{"cores = 1\n", "$X", "\nmax-jobs = 1\n"}, []string{"cores = 1", "max-jobs = 1"}, 0,
			[]bool{false, true, false}},
		{"value", []string{"cores = ", "$X", "\n"}, []string{"cores = $X"}, 0, []bool{false}},
		{"part of a value", []string{"access-tokens = github.com=", "$X", " b=c\n"},
			[]string{"access-tokens = github.com=$X b=c"}, 0, []bool{false}},
		{"name", []string{"$X", " = 1\n"}, nil, 0, []bool{true}},
		{"part of a name", []string{"extra-", "$X", " = 1\n"}, nil, 0, []bool{true}},
		{"after a name", []string{"cores ", "$X", "\n"}, nil, 0, []bool{true}},
		{"touching a name", []string{"cores", "$X", " = 1\n"}, nil, 0, []bool{true}},
		{"touching the equals sign", []string{"cores =", "$X", "\n"}, nil, 0, []bool{true}},
		{"glued", []string{"cores=", "$X", "\n"}, nil, 0, []bool{true}},
		{"wrong whatever it is", []string{"cores 3 ", "$X", "\n"}, nil, 1, []bool{false}},
		{"before what is wrong", []string{"$X", " cores 3\n"}, nil, 0, []bool{true}},
		{"include", []string{"include ", "$X", "/a.conf\n"}, []string{"include $X/a.conf"}, 0, []bool{false}},
		{"after an include", []string{"include a ", "$X", "\n"}, nil, 0, []bool{true}},
		{"include with too many paths", []string{"include a b ", "$X", "\n"}, nil, 1, []bool{false}},
		{"in a comment", []string{"cores 3 # ", "$X", "\n"}, nil, 1, []bool{false}},
		{"number sign of a notation", []string{"cores = ", "${#x}", " 4\n"}, []string{"cores = ${#x} 4"}, 0,
			[]bool{false}},
		{"comment behind", []string{"bash-prompt = ", "$X", " a # b\n"}, []string{"bash-prompt = $X a"}, 0,
			[]bool{false}},
		{"over several lines", []string{"a = 1\n", "$(cat <<E\nb c\nE\n)", "\nb = 2\n"}, []string{"a = 1", "b = 2"}, 0,
			[]bool{false, true, true, true, true, false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := Parse(fragment(c.parts...))
			if d := cmp.Diff(c.want, entries(f)); d != "" {
				t.Errorf("entries (-want +got):\n%s", d)
			}
			if len(f.Problems) != c.problems {
				t.Errorf("problems %+v", f.Problems)
			}
			var unknown []bool
			for _, l := range f.Lines {
				unknown = append(unknown, l.Unknown)
			}
			if d := cmp.Diff(c.unknown, unknown); d != "" {
				t.Errorf("unknown lines (-want +got):\n%s", d)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("cores = 4 # x\nextra-substituters=https://a\r\ninclude a b\n\ufeff", uint8(0), uint8(0))
	f.Add("access-tokens = github.com=$T x\nexport A=b\nsubstituters += c", uint8(27), uint8(2))
	f.Add("\xff\xfea\x00", uint8(0), uint8(0))
	f.Add("cores $X\n#${#a}\n= = =\n==\n", uint8(6), uint8(5))
	f.Fuzz(func(t *testing.T, text string, from, length uint8) {
		file := source.NewFile("nix.conf", []byte(text))
		start := min(int(from), len(text))
		end := min(start+int(length), len(text))
		var pieces []source.Piece
		for _, p := range []struct {
			start, end int
			opaque     bool
		}{{0, start, false}, {start, end, true}, {end, len(text), false}} {
			pieces = append(pieces,
				source.Piece{Text: text[p.start:p.end], Span: source.Span{Start: p.start, End: p.end}, Verbatim: true,
					Opaque: p.opaque})
		}
		for _, fr := range []*source.Fragment{source.WholeFile(file), source.NewFragment(file, pieces)} {
			checkFile(t, text, Parse(fr))
		}
	})
}

// checkFile checks what holds for every parse.
func checkFile(t *testing.T, text string, f *File) {
	t.Helper()
	var b strings.Builder
	at := 0
	for _, l := range f.Lines {
		if l.Span.Start < at || l.Span.End < l.Span.Start || l.Span.End > len(text) || !l.Span.Contains(l.Comment) ||
			l.Comment.End != l.Span.End {
			t.Fatalf("line %v with comment %v after %d", l.Span, l.Comment, at)
		}
		b.WriteString(text[at:l.Span.Start])
		at = l.Span.Start
		for _, w := range l.Words {
			if w.Span.Start < at || w.Span.IsEmpty() || w.Span.End > l.Comment.Start ||
				text[w.Span.Start:w.Span.End] != w.Text {
				t.Fatalf("word %+v after %d in line %v", w, at, l.Span)
			}
			if gap := strings.Trim(text[at:w.Span.Start], " \t\r"); gap != "" {
				t.Fatalf("%q before word %+v", gap, w)
			}
			b.WriteString(text[at:w.Span.Start])
			b.WriteString(w.Text)
			at = w.Span.End
		}
		b.WriteString(text[at:l.Span.End])
		at = l.Span.End
	}
	b.WriteString(text[at:])
	if b.String() != text {
		t.Fatalf("the lines give %q", b.String())
	}
	if rest := text[at:]; rest != "" && rest != "\n" {
		t.Fatalf("%q is in no line", rest)
	}
	last := -1
	for _, e := range f.Entries {
		if e.Span.Start <= last || !e.Span.Contains(e.Name.Span) || !e.Span.Contains(e.Equals) ||
			!e.Span.Contains(e.ValueSpan) || text[e.Equals.Start:e.Equals.End] != "=" {
			t.Fatalf("entry %+v after %d", e, last)
		}
		last = e.Span.Start
		if !f.Lines[e.Line].Span.Contains(e.Span) || e.Value != joinWords(e.Words) {
			t.Fatalf("entry %+v of line %+v", e, f.Lines[e.Line])
		}
	}
	last = -1
	for _, i := range f.Includes {
		if i.Span.Start <= last || i.Before > len(f.Entries) {
			t.Fatalf("include %+v after %d", i, last)
		}
		last = i.Span.Start
	}
	last = -1
	for _, p := range f.Problems {
		if p.Span.Start <= last || p.Span.End > len(text) || p.Kind == "" || p.Message == "" {
			t.Fatalf("problem %+v after %d", p, last)
		}
		last = p.Span.Start
	}
}

func FuzzCheckValue(f *testing.F) {
	for _, s := range []string{"true", "1G", "auto", "/x", "https://[::1]:80/a?b=c&d", "ssh://u@::1",
		`[{"systems":[],"program":"","args":[]}]`, "a=b c", "file:///x%2fy#z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, name := range []string{"keep-going", "sandbox", "cores", "timeout", "min-free", "max-jobs", "netrc-file",
			"diff-hook", "store", "substituters", "external-builders", "access-tokens", "experimental-features",
			"deprecated-features", "repl-overlays"} {
			for _, e := range CheckValueFor(everything(), name, value, nil) {
				if e.Message == "" || len(e.Targets) == 0 || e.Word >= len(splitWords(value)) {
					t.Fatalf("%s = %q: %+v", name, value, e)
				}
				if !e.HasFix {
					continue
				}
				for _, target := range e.Targets {
					facts, _ := Lookup(target.Distribution, target.To, name)
					if again := CheckValue(facts, target.To, target.Distribution, e.Fixed, nil); again != nil &&
						again.Fatal {
						t.Fatalf("%s = %q is fixed to %q, which is wrong too: %s", name, value, e.Fixed, again.Message)
					}
				}
			}
		}
	})
}

func TestGluedAt(t *testing.T) {
	for line, want := range map[string]string{
		"sandbox = trueexperimental-features = flakes":      "experimental-features",
		"cores = 4max-jobs = 2":                             "max-jobs",
		"cores = 4sandbox = true":                           "sandbox",
		"a = b extra-platforms = c":                         "extra-platforms",
		"a = bextra-platforms = c":                          "extra-platforms",
		"sandbox=truecores = 4":                             "cores",
		"cores = 4":                                         "",
		"a = b c":                                           "",
		"a = my-cores = 4":                                  "",
		"a = mystore = 4":                                   "",
		"a = https://x/store = 4":                           "",
		"extra-substituters = a=b":                          "",
		"access-tokens = github.com = x":                    "",
		"post-build-hook = /bin/substituters = x":           "",
		"trusted-public-keys = a:b=substituters = https://": "substituters",
	} {
		f := parse(line)
		_, got, _ := GluedAt(f.Lines[0].Words)
		if got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

func TestOperation(t *testing.T) {
	for line, want := range map[string]string{
		"cores: 4":                "cores|:|4",
		"cores:4 5":               "cores|:|4 5",
		"a-b +=x y":               "a-b|+=|x y",
		"cores-=4":                "cores|-=|4",
		"cores := = 4":            "cores|:=|= 4",
		"cores > 4":               "cores|>|4",
		"timeout -1":              "",
		"store ./x":               "",
		"cores = 4":               "",
		"cores 4":                 "",
		"https://cache.nixos.org": "https|:|//cache.nixos.org",
	} {
		f := parse(line)
		got := ""
		if o, ok := f.Operation(&f.Lines[0]); ok {
			got = o.Name.Text + "|" + o.Operator.Text + "|" + joinWords(o.Value)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

func TestShown(t *testing.T) {
	const text = "\ufeffmax\u2013jobs\u00a0\uff1d\u200b \u201c4\u201d"
	f := parse(text)
	var got []string
	for _, w := range Shown(f.Lines[0].Words) {
		got = append(got, w.Text+"|"+text[w.Span.Start:w.Span.End])
	}
	if d := cmp.Diff([]string{"max-jobs|max\u2013jobs", "=|\uff1d", "4|4"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
