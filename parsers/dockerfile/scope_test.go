package dockerfile

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// show renders a value: "?" where it is not known, "~" where a --build-arg may change it, and the line that sets it.
func show(f *File, v Value, ok bool) string {
	if !ok {
		return "-"
	}
	s := v.Text
	if !v.Known {
		s = "?" + s
	}
	if v.Overridable {
		s = "~" + s
	}
	if v.From != nil {
		s += fmt.Sprintf(" line %d %q", f.Source.LineOf(v.Span.Start), f.Source.Text(v.Span))
	}
	return s
}

func TestLookup(t *testing.T) {
	for _, c := range []struct {
		name, in string
		at       int // index of the instruction
		variable string
		want     string
	}{
		{"ENV above", "FROM a\nENV A=b\nRUN c\n", 2, "A", `b line 2 "b"`},
		{"ENV itself sees what was before", "FROM a\nENV A=b\nENV A=c\n", 2, "A", `b line 2 "b"`},
		{"not set", "FROM a\nRUN c\nENV A=b\n", 1, "A", "-"},
		{"legacy form", "FROM a\nENV A \"b c\" d\nRUN c\n", 2, "A", `b c d line 2 "\"b c\" d"`},
		{"quotes and escapes", "FROM a\nENV A=\"b \\\"c\"'d'\\ e\nRUN c\n", 2, "A",
			`b "cd e line 2 "\"b \\\"c\"'d'\\ e"`},
		{"escape character", "# escape=`\nFROM a\nENV A=c:\\d`$e\nRUN c\n", 2, "A", "c:\\d$e line 3 \"c:\\\\d`$e\""},
		{"expanded", "FROM a\nENV A=b\nENV B=x${A}y\nRUN c\n", 3, "B", `xby line 3 "x${A}y"`},
		{"one ENV expands with what was before it", "FROM a\nENV A=b\nENV A=c B=$A\nRUN c\n", 3, "B", `b line 3 "$A"`},
		{"one ARG expands with its own", "FROM a\nARG A=b B=$A\nRUN c\n", 2, "B", `~b line 2 "$A"`},
		{"name expanded", "FROM a\nENV A=B\nENV $A=c\nRUN c\n", 3, "B", `c line 3 "c"`},
		{"name not known", "FROM a\nENV A=b\nENV $X=c\nRUN c\n", 3, "A", `?b line 2 "b"`},
		{"from the base image", "FROM a\nENV A=$X\nRUN c\n", 2, "A", `?$X line 2 "$X"`},
		{"the base image may hide the default", "FROM a\nENV A=${X:-b}\nRUN c\n", 2, "A", `?${X:-b} line 2 "${X:-b}"`},
		{"scratch sets nothing", "FROM scratch\nENV A=b${X:-c}\nRUN c\n", 2, "A", `bc line 2 "b${X:-c}"`},
		{"but for PATH", "FROM scratch\nENV A=$PATH\nRUN c\n", 2, "A", `?$PATH line 2 "$PATH"`},
		{"made from what is not known", "FROM a\nENV A=$X\nENV B=$A\nRUN c\n", 3, "B", `?$A line 3 "$A"`},
		{"bad substitution", "FROM a\nENV A=${B\nRUN c\n", 2, "A", `?${B line 2 "${B"`},

		{"ARG with default", "FROM a\nARG A=b\nRUN c\n", 2, "A", `~b line 2 "b"`},
		{"ARG without", "FROM a\nARG A\nRUN c\n", 2, "A", `~? line 2 "A"`},
		{"ARG from before FROM", "ARG A=b\nFROM a\nARG A\nRUN c\n", 3, "A", `~b line 1 "b"`},
		{"own default wins", "ARG A=b\nFROM a\nARG A=c\nRUN c\n", 3, "A", `~c line 3 "c"`},
		{"not declared in the stage", "ARG A=b\nFROM a\nRUN c\n", 2, "A", "-"},
		{"of another stage", "FROM a\nARG A=b\nFROM c\nRUN d\n", 3, "A", "-"},
		{"ENV made from ARG", "FROM a\nARG A=b\nENV A=$A\nRUN c\n", 3, "A", `~b line 3 "$A"`},
		{"ENV below ARG", "FROM a\nARG A=b\nENV A=c\nRUN c\n", 3, "A", `c line 3 "c"`},
		{"ARG below ENV", "FROM a\nENV A=b\nARG A=c\nRUN c\n", 3, "A", `~c line 3 "c"`},
		{"ARG without default below ENV", "FROM a\nENV A=b\nARG A\nRUN c\n", 3, "A", `~b line 2 "b"`},
		{"automatic", "FROM a\nARG TARGETARCH\nRUN c\n", 2, "TARGETARCH", `~? line 2 "TARGETARCH"`},
		{"automatic, not declared", "FROM a\nRUN c\n", 1, "TARGETARCH", "-"},
		{"automatic with default", "FROM a\nARG TARGETARCH=b\nRUN c\n", 2, "TARGETARCH", `~b line 2 "b"`},
		{"automatic before FROM", "FROM a\nRUN c\n", 0, "BUILDPLATFORM", `~?`},
		{"before FROM", "ARG A=b\nARG A=${A}c\nFROM d\n", 1, "A", `~b line 1 "b"`},
		{"FROM sees all of them", "ARG A=b\nFROM d\nARG B=c\nFROM e\n", 3, "A", `~b line 1 "b"`},
		{"FROM does not see the stage above", "FROM a\nARG B=c\nFROM e\n", 2, "B", "-"},

		{"parent stage", "FROM a AS x\nENV A=b\nFROM X\nRUN c\n", 3, "A", `b line 2 "b"`},
		{"grandparent", "FROM a AS x\nENV A=b\nFROM x AS y\nFROM y\nRUN c\n", 4, "A", `b line 2 "b"`},
		{"ARG of the parent, maybe hidden by the image", "FROM a AS x\nARG A=b\nFROM x\nRUN c\n", 3, "A",
			`~?b line 2 "b"`},
		{"ARG of the parent", "FROM scratch AS x\nARG A=b\nFROM x\nRUN c\n", 3, "A", `~b line 2 "b"`},
		{"ENV of the parent hides its ARG", "FROM a AS x\nENV A=b\nARG A=c\nFROM x\nRUN c\n", 4, "A", `b line 2 "b"`},
		{"a later stage is no parent", "FROM x\nRUN c\nFROM a AS x\nENV A=b\n", 1, "A", "-"},
		{"trigger of the parent", "FROM a AS x\nONBUILD ENV A=b\nFROM x\nRUN c\n", 3, "A", `b line 2 "b"`},
		{"trigger does not run in its own stage", "FROM a AS x\nONBUILD ENV A=b\nRUN c\n", 2, "A", "-"},
		{"parent by argument", "ARG P=x\nFROM a AS x\nENV A=b\nFROM $P\nRUN c\n", 4, "A", `b line 3 "b"`},
	} {
		f := parse(c.in)
		v, ok := f.Lookup(f.Instructions[c.at], c.variable)
		if got := show(f, v, ok); got != c.want {
			t.Errorf("%s: %q: %s is %s, want %s", c.name, c.in, c.variable, got, c.want)
		}
	}
}

func TestLookupInTrigger(t *testing.T) {
	f := parse("FROM a\nENV A=b\nONBUILD RUN c\nHEALTHCHECK CMD d\n")
	v, ok := f.Lookup(f.Instructions[2].Trigger, "A")
	if got := show(f, v, ok); got != `?b line 2 "b"` {
		t.Errorf("in ONBUILD: %s", got)
	}
	v, ok = f.Lookup(f.Instructions[3].Trigger, "A")
	if got := show(f, v, ok); got != `b line 2 "b"` {
		t.Errorf("in HEALTHCHECK: %s", got)
	}
	if text, known := f.Expand(f.Instructions[2].Trigger, "$A"); known {
		t.Errorf("in ONBUILD: expands to %q", text)
	}
}

func TestExpand(t *testing.T) {
	f := parse("ARG G=g\nFROM a\nARG G\nENV A=b E= U=$X\nRUN c\n")
	run := f.Instructions[4]
	for _, c := range []struct {
		word, want string
		known      bool
	}{
		{"plain", "plain", true},
		{"\"q\"", "q", true},
		{"'$A'", "$A", true},
		{"\\$A", "$A", true},
		{"$A/${A}", "b/b", true},
		{"${G}", "g", true},
		{"${E:-d}", "d", true},
		{"${E-d}", "", true},
		{"${A:+d}", "d", true},
		{"${A#b}c", "c", true},
		{"$X", "$X", false},
		{"${X:-d}", "${X:-d}", false},
		{"${X:+d}", "${X:+d}", false},
		{"$U", "$U", false},
		{"${A", "${A", false},
		{"\xff$A", "\ufffdb", true},
	} {
		if text, known := f.Expand(run, c.word); text != c.want || known != c.known {
			t.Errorf("%s: %q %v, want %q %v", c.word, text, known, c.want, c.known)
		}
	}
}

func TestStages(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"FROM a", "0 a"},
		{"FROM a:1 AS B\nRUN x\nCOPY y z\nFROM b as c\nFROM C\n", "0 b a:1 +2|1 c b <0|2 C <1"},
		{"FROM b\nFROM a AS b\nFROM b AS b\nFROM b", "0 b|1 b a|2 b b <1|3 b <2"},
		{"FROM a AS a\nFROM A", "0 a a|1 A <0"},
		{"ARG T=1\nARG U=a:$T\nFROM $U\nFROM ${V:-b}:${T}\nFROM x$V", "0 a:1|1 b:1|2 "},
		{"ARG T\nFROM a:$T\nFROM a:${T:-1}\nFROM a${T:+:$T}\nFROM a${T}b", "0 |1 a:1|2 |3 "},
		{"ARG TARGETARCH\nFROM a-$TARGETARCH\nFROM a-${BUILDARCH:-x}\n", "0 |1 "},
		{"FROM \"a\"\nFROM 'b:$c'", "0 a|1 b:$c"},
		{"FROM --platform=linux/arm64 a", "0 a linux/arm64"},
		{"ARG P=linux/arm64\nFROM --platform=$P a\nFROM --platform=$BUILDPLATFORM a\n" +
			"FROM --platform=linux/${TARGETARCH} a\nFROM --platform=\"${P}\" a\nFROM --platform=$Q a",
			"0 a linux/arm64|1 a $BUILDPLATFORM|2 a linux/$TARGETARCH|3 a linux/arm64|4 a $Q"},
		{"FROM\nRUN a\nFROM b c\nRUN d", "0  +1|1 b +1"},
		{"RUN a\nFROM b\nONBUILD RUN c\nHEALTHCHECK CMD d", "0 b +2"},
	} {
		f := parse(c.in)
		var parts []string
		for _, s := range f.Stages {
			part := fmt.Sprint(s.Index)
			if s.Name != "" {
				part += " " + s.Name
				if !strings.EqualFold(f.Source.Text(s.NameWord.Span), s.Name) {
					t.Errorf("%q: name %q at %v", c.in, s.Name, s.NameWord.Span)
				}
			}
			part += " " + s.Image
			if s.Platform != "" {
				part += " " + s.Platform
			}
			if s.Parent != nil {
				part += fmt.Sprintf(" <%d", s.Parent.Index)
			}
			if n := len(s.Instructions); n > 0 {
				part += fmt.Sprintf(" +%d", n)
			}
			for _, i := range append(s.Instructions, s.From) {
				if i.Stage != s || i.Trigger != nil && i.Trigger.Stage != s {
					t.Errorf("%q: %s is not of its stage", c.in, i.Name)
				}
			}
			if f.Source.Text(s.Base.Span) != s.Base.Text {
				t.Errorf("%q: base %q at %v", c.in, s.Base.Text, s.Base.Span)
			}
			parts = append(parts, part)
		}
		if got := strings.Join(parts, "|"); got != c.want {
			t.Errorf("%q: %s, want %s", c.in, got, c.want)
		}
	}
}

func TestShell(t *testing.T) {
	f := parse("FROM a AS x\nRUN 1\nSHELL [\"b\", \"-c\"]\nRUN 3\nSHELL d\nRUN 5\nONBUILD SHELL [\"e\"]\nFROM x\n" +
		"RUN 8\nFROM c\nRUN 10\n")
	for at, want := range map[int]string{0: "", 1: "", 2: "", 3: "b -c", 5: "b -c", 7: "", 8: "e", 10: ""} {
		if got := strings.Join(texts(f.Shell(f.Instructions[at])), " "); got != want {
			t.Errorf("instruction %d: shell %q, want %q", at, got, want)
		}
	}
}

func TestScopesConcurrently(t *testing.T) {
	f := parse("ARG A=b\nFROM scratch\nARG A\nENV B=$A\nRUN c\n")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if text, known := f.Expand(f.Instructions[4], "$B"); text != "b" || !known {
				t.Errorf("got %q %v", text, known)
			}
		})
	}
	wg.Wait()
}

// TestBudget checks that values are not known, and never wrong, where there are too many to compute.
func TestBudget(t *testing.T) {
	triggers := "FROM a AS x\nENV A=b\n" + strings.Repeat("ONBUILD ENV A=c\n", 1000) + "ONBUILD ENV A=d\n" +
		strings.Repeat("FROM x\nRUN e\n", 1000)
	doubling := "FROM a\nENV A=bb\n" + strings.Repeat("ENV A=$A$A\n", 40) + "RUN c\n"
	for _, in := range []string{triggers, doubling} {
		f := parse(in)
		last := f.Instructions[len(f.Instructions)-1]
		if v, ok := f.Lookup(last, "A"); !ok || v.Known {
			t.Errorf("%.60q: %.60q %v", in, v.Text, v.Known)
		}
	}
	f := parse(triggers)
	if v, _ := f.Lookup(f.Stages[1].Instructions[0], "A"); !v.Known || v.Text != "d" {
		t.Errorf("in the first stage: %q %v", v.Text, v.Known)
	}
}
