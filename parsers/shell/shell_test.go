package shell

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/source"
)

// words renders the words of commands with their places.
func words(s *Script) string {
	var out []string
	for _, c := range s.Commands {
		var list []string
		for _, w := range c.Words {
			list = append(list, at(w.Text, w.Span))
		}
		for _, r := range c.Redirs {
			list = append(list, at(r.Op+" "+r.Target.Text, r.Span)+" "+renderPieces(r.Heredoc))
		}
		out = append(out, strings.TrimSpace(strings.Join(list, " ")))
	}
	return strings.Join(out, "; ")
}

// TestViews reads texts in which bytes matter that no editor shows.
func TestViews(t *testing.T) {
	for _, test := range []struct{ name, view, want string }{
		{"lines joined by the host", "echo 'a\x00\x00b' \"c\x00\x00d\" e\x00\x00f \\\x00\x00g",
			"echo@0-4 ab@5-11 cd@12-18 ef@19-23 g@24-28"},
		{"operator joined by the host", "a &\x00\x00& b >\x00> c", "a@0-1; b@7-8 >> c@9-14"},
		{"a comment line that the host takes out", "a \x00\x00\x00\x00\x00\x00\x00 b", "a@0-1 b@10-11"},
		{"a comment line blanked", "a \\\n      b && \\\n      \\\n c", "a@0-1 b@10-11; c@26-27"},
		{"line continuations", "nix-\\\nenv \\\n -i \"a\\\nb\" 'c\\\nd' $X\\\nY Z=\\\n1\\\n",
			"nix-env@0-9 -i@13-15 ab@16-22 c\\\nd@23-29 $X\\\nY@30-35 Z=1@36-41"},
		{"variable joined by the host", "X=ab; echo $\x00\x00X ${X\x00} X\x00=1",
			"; echo@6-10 ab@11-15 ab@16-21 X=1@22-26"},
		{"assignment joined by the host", "A\x00B=\x00c\x00d", ""},
		{"CRLF", "a b\r\nc \\\r\n d\r\n", "a@0-1 b@2-3; c@5-6 d@11-12"},
		{"CRLF in quotes", "a 'b\r\nc' \"d\\\r\ne\"\r\n", "a@0-1 b\r\nc@2-8 de@9-16"},
		{"CRLF in a here-document", "cat <<E\r\na\r\nb\r\nE\r\nc\r\n",
			"cat@0-3 << E@4-7 h:a\\r\\nb\\r\\n@9-15; c@18-19"},
		{"CRLF in a quoted here-document", "cat <<-'E'\r\n\ta\r\n\tE\r\nc",
			"cat@0-3 <<- E@4-10 p:a\\r\\n@13-16; c@20-21"},
		{"CRLF inside sh -c", "sh -c 'a\r\nb'", "sh@0-2 -c@3-5 a\r\nb@6-12; a@7-8; b@10-11"},
		{"byte order mark", "\ufeffa b", "a@3-4 b@5-6"},
		{"Latin-1", "echo caf\xe9 '\xff' > \xe8", "echo@0-4 caf\xe9@5-9 \xff@10-13 > \xe8@14-17"},
		{"wide characters", "echo é \\é '日本'", "echo@0-4 é@5-7 é@8-11 日本@12-20"},
		{"no line end", "a &&\n b", "a@0-1; b@6-7"},
		{"nothing", " \n\t# c\n\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := Parse([]byte(test.view), 0, Bash, nil)
			if s.Problem != nil {
				t.Error(s.Problem.Message)
			}
			check(t, s, []byte(test.view), 0, len(test.view))
			if diff := cmp.Diff(test.want, words(s)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	s := Parse([]byte("A\x00B=\x00c\x00d"), 0, Sh, nil)
	if a := s.Commands[0].Assigns[0]; a.Name != "AB" || renderPieces(a.Value.Parts) != "u:c@5-6 u:d@7-8" {
		t.Errorf("an assignment with bytes taken out: %s %s", a.Name, renderPieces(a.Value.Parts))
	}
}

func TestParseJoined(t *testing.T) {
	for _, test := range []struct{ view, want string }{
		{"echo 'a = b\\n\\\n c' \\\r\n && d\\\\\ne", "echo@0-4 a = b\\n c@5-18; de@26-31"},
		{"# a \\\n b", ""},
		{"cat <<E \\\n - <<'F'\na\\\nb\nE\n'c\\\nd'\nF\n",
			"cat@0-3 -@11-12 << E@4-7 h:a@19-20 h:b\\n@22-24 << F@13-18 p:'c\\\\\\nd'\\n@26-33"},
		{"sh -c 'a \\\n && b \"c\\\nd\"'", "sh@0-2 -c@3-5 a  && b \"cd\"@6-24; a@7-8; b@15-16 cd@17-23"},
		{"\n", ""},
		{"\\\n", ""},
	} {
		s := ParseJoined([]byte(test.view), 0, Sh, nil)
		check(t, s, []byte(test.view), 0, len(test.view))
		if diff := cmp.Diff(test.want, words(s)); diff != "" || s.Problem != nil {
			t.Errorf("%q: %v -want +got:\n%s", test.view, s.Problem, diff)
		}
	}
	s := Parse([]byte("echo 'a\\\nb'"), 0, Sh, nil)
	if got := s.Commands[0].Words[1].Text; got != "a\\\nb" {
		t.Errorf("Parse joins lines in single quotes: %q", got)
	}
}

// TestBase checks that spans are offsets of the file.
func TestBase(t *testing.T) {
	file := "RUN echo a && sh -c \"b 'c'\" <<E\nd\nE\nRUN x"
	view := file[4:36]
	s := Parse([]byte(view), 4, Sh, nil)
	check(t, s, []byte(file), 4, len(view))
	want := "echo@4-8 a@9-10; sh@14-16 -c@17-19 b 'c'@20-27 << E@28-31 h:d\\n@32-34; b@21-22 c@23-26 << E@28-31 " +
		"h:d\\n@32-34"
	if diff := cmp.Diff(want, words(s)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestNone(t *testing.T) {
	s := Parse([]byte("Invoke-WebRequest ('x"), 0, None, nil)
	if s.Problem != nil || len(s.Commands) != 0 || s.Dialect != None {
		t.Errorf("%+v", s)
	}
}

func TestProblems(t *testing.T) {
	for _, test := range []struct{ text, kind, at string }{
		{"a; if b; then", KindSyntax, "then@9-13"},
		{"echo \"a", KindSyntax, "\"a@5-7"},
		{"a && ", KindSyntax, "&&@2-4"},
		{"a )", KindSyntax, ")@2-3"},
		{"cat <<A\nb", KindHeredoc, "<<A@4-7"},
		{"cat <<A <<B\nA\nb", KindHeredoc, "<<B@8-11"},
		{strings.Repeat("(", 300000), KindNesting, "@0-0"},
	} {
		s := Parse([]byte(test.text), 0, Sh, nil)
		p := s.Problem
		if p == nil {
			t.Errorf("%.20q has no problem", test.text)
			continue
		}
		if got := at(test.text[p.Span.Start:p.Span.End], p.Span); p.Kind != test.kind || got != test.at {
			t.Errorf("%.20q has the problem %q at %s, want %q at %s", test.text, p.Kind, got, test.kind, test.at)
		}
		if strings.HasSuffix(p.Message, ".") || strings.Contains(p.Message, "\n") || p.Message == "" {
			t.Errorf("message %q", p.Message)
		}
	}
	for _, text := range []string{"((a); b)", "a[1]=b", "function f { :; }", "[[ a =~ ^(b|c)+$ ]]", "cat <<E\nE",
		"case a in (b) ;; esac", "echo ${a//b/c} $((1 + 2))", "a=(b)\n", "time a", "select a in b; do c; done",
		"local a", "\x00", "a\\", "coproc a"} {
		if p := Parse([]byte(text), 0, Sh, nil).Problem; p != nil {
			t.Errorf("%q: %s", text, p.Message)
		}
	}
}

// TestDeepText checks that no text, however deep, uses up the stack.
func TestDeepText(t *testing.T) {
	for _, part := range []string{"(", "$(", "{ ", "if ", "f()", "\"$(", "${x:-", "while a; do ", "time ", "coproc ",
		"a <(", "x=(a $(", "[[ ! ", "$((", "case a in b) ", "! { ", "until ! (", "[[ (", "((-", "$[1+"} {
		text := strings.Repeat(part, 1<<20/len(part))
		if s := Parse([]byte(text), 0, Bash, nil); s.Problem == nil && part != "time " && part != "coproc " {
			t.Errorf("%q repeated has no problem", part)
		}
	}
	if s := Parse([]byte("(( "+strings.Repeat("1+", 300000)+"1 ))"), 0, Bash, nil); s.Problem != nil {
		t.Error(s.Problem.Message)
	}
}

// TestLongText checks that the time for a long text grows with its length, not with its square, and that variables do
// not multiply it: it is there to run out of time or memory otherwise.
func TestLongText(t *testing.T) {
	const n = 10000
	for _, text := range []string{
		strings.Repeat("a && ", n) + "a", strings.Repeat("a || ", n) + "a", strings.Repeat("a | ", n) +
			"a", strings.Repeat("sudo ", n) + "a", strings.Repeat("A=b ", n), "export " + strings.Repeat("A=b ", n),
		"eval " + strings.Repeat("eval ", n), "echo " + strings.Repeat("{", n), "echo " + strings.Repeat("[", n),
		"echo " + strings.Repeat("\\", n), "a " + strings.Repeat("<<E ", n/10), strings.Repeat("sh -c '", n),
		"sh -c \"" + strings.Repeat("$x \\\" ", n) + "\"", strings.Repeat("{ echo a; } | ", n) +
			"cat", strings.Repeat("for x in a; do\n", 500) + strings.Repeat("done\n", 500),
		strings.Repeat("{ a; ", 500) + strings.Repeat("} > f;", 500),
		"while :; do " + strings.Repeat("a && ", n) + "a; done", "x=ab;" + strings.Repeat("x=$x$x;", 60) + "a" +
			strings.Repeat("$x", n), strings.Repeat("echo a | tee b | ", n) + "c", "{ " +
			strings.Repeat("echo a; ", n) + "} | tee f",
		"cat <<E\n" + strings.Repeat("$x\\\n\t", n) + "\nE\n", "echo -e '" + strings.Repeat(`\a`, n) + "'", "printf '" +
			strings.Repeat("%s", n) + "' " + strings.Repeat("a ", n), strings.Repeat("a &&\x00\x00\n", n) + "b", "a" +
			strings.Repeat("\x00", n) + "b",
		strings.Repeat("f() { a; }; f; ", n/10), strings.Repeat("if a; then b; fi; ", n), "[ a ] && " +
			strings.Repeat("X=$Y && ", n) + "a",
	} {
		s := Parse([]byte(text), 0, Bash, func(string) (string, bool) { return "v", true })
		for _, c := range s.Commands {
			c.Writes(EchoKeeps)
		}
	}
}

func TestDialectOf(t *testing.T) {
	for text, want := range map[string]Dialect{
		"": Sh, "/bin/sh -c": Sh, "/bin/bash -o pipefail -c": Bash, "bash": Bash, "/bin/dash -c": Sh, "ash": Sh,
		"/bin/busybox sh -c": Sh, "/usr/bin/env bash -c": Bash,
		"/bin/zsh -c": None, "ksh -c": None, "powershell -Command": PowerShell, "pwsh": PowerShell,
		"cmd /S /C": Cmd, `C:\Windows\System32\cmd.exe /S /C`: Cmd, `C:\git\bin\Bash.EXE -c`: Bash,
		"python3 -c": None, "/usr/bin/fish -c": None, "conda run -n x /bin/bash -c": Bash, "/unknown -c": None,
		"nix develop -c bash -c": Bash,
	} {
		if got := DialectOf(strings.Fields(text)); got != want {
			t.Errorf("DialectOf(%q) = %d, want %d", text, got, want)
		}
	}
	if got := DialectOf(nil); got != Sh {
		t.Errorf("DialectOf(nil) = %d", got)
	}
}

func TestShebang(t *testing.T) {
	for _, test := range []struct {
		text string
		want Dialect
		ok   bool
	}{
		{"#!/bin/sh", Sh, true},
		{"#!/bin/sh -e\na", Sh, true},
		{"#! /bin/bash\r\na", Bash, true},
		{"#!/usr/bin/env bash\n", Bash, true},
		{"#!/usr/bin/env -S bash -e\n", Bash, true},
		{"#!/usr/bin/env -Sbash -e\n", Bash, true},
		{"#!/usr/bin/env --split-string=bash -e\n", Bash, true},
		{"#!/usr/bin/env -i -u X A=b dash\n", Sh, true},
		{"#!/usr/bin/env nix-shell\n#! nix-shell -i bash", None, true},
		{"#!/usr/bin/env python3\n", None, true},
		{"#!/bin/busybox sh\n", Sh, true},
		{"#!/bin/zsh", None, true},
		{"#!", None, true},
		{"#!/usr/bin/env", None, true},
		{"#!\n/bin/sh", None, true},
		{"echo", None, false},
		{"#", None, false},
		{"", None, false},
		{" #!/bin/sh", None, false},
	} {
		if got, ok := Shebang([]byte(test.text)); got != test.want || ok != test.ok {
			t.Errorf("Shebang(%q) = %d, %v", test.text, got, ok)
		}
	}
}

func TestInPlaceEdit(t *testing.T) {
	for text, want := range map[string]string{
		"sed -i 's/a/b/' f g":                     "s/a/b/@7-15: f g",
		"sed -i.bak -e 's/a/b/' -e 'd' f":         "s/a/b/@14-22 d@26-29: f",
		"sed -ie s/a/b/ f":                        "s/a/b/@8-14: f",
		"sed -Ei s/a/b/ f":                        "s/a/b/@8-14: f",
		"sed f -i -- s/a/b/":                      "f@4-5: s/a/b/",
		"sed --in-place=.o --expression=s/a/b/ f": "s/a/b/@31-37: f",
		"sed --in-place --expression s/a/b/ f":    "s/a/b/@28-34: f",
		"sed -i -es/a/b/ f":                       "s/a/b/@9-15: f",
		"sed -i -f x f":                           ": f",
		"sed -n -l 5 -i p f":                      "p@15-16: f",
		"sudo sed -i \"s/a/$X/\" f":               "s/a/$X/@12-21: f",
		"gsed -i p f":                             "p@8-9: f",
		"sed s/a/b/ f":                            "",
		"sed -i":                                  "",
		"sed -e -i f":                             "",
		"sed -n '/-i/p' f":                        "",
		"perl -pi -e 's/a/b/' f":                  "s/a/b/@12-20: f",
		"perl -i.bak -pe 's/a/b/' -e 'x' f g":     "s/a/b/@16-24 x@28-31: f g",
		"perl -i -p script f":                     ": f",
		"perl -pe 's/a/b/' f":                     "",
		"perl -0777 -i -ne print f":               "print@18-23: f",
		"perl -Mstrict -pi -e x f":                "x@21-22: f",
		"awk -i inplace x f":                      "",
	} {
		s := Parse([]byte(text), 0, Sh, nil)
		got := ""
		if edit, ok := s.Commands[0].InPlaceEdit(); ok {
			var scripts, files []string
			for _, w := range edit.Scripts {
				scripts = append(scripts, at(w.Text, w.Span))
			}
			for _, w := range edit.Files {
				files = append(files, w.Text)
			}
			got = strings.Join(scripts, " ") + ": " + strings.Join(files, " ")
			if len(edit.Scripts) > 0 && edit.Scripts[0].Span != edit.Script.Span {
				t.Errorf("%q: Script is %q", text, edit.Script.Text)
			}
		}
		if got != want {
			t.Errorf("%q edits %q, want %q", text, got, want)
		}
	}
}

func TestChain(t *testing.T) {
	for text, want := range map[string]string{
		"a && b && c":                       "a b c",
		"a && b; c":                         "a b",
		"a":                                 "",
		"a; b":                              "",
		"a || b":                            "",
		"a && b || c":                       "a b",
		"a || b && c && d":                  "",
		"a && b | c && d":                   "",
		"a && { b; } && c && d":             "",
		"a && b &":                          "",
		"a && ! b && c":                     "",
		"[ a ] && b && c":                   "",
		"a && cat <<E && b\nE\n":            "",
		"(a && b)":                          "",
		"{ a && b; }":                       "",
		"if a; then b && c; fi":             "",
		"a && sh -c 'x && y' && b":          "a sh b",
		"a > f && FOO=1 sudo b && export X": "a b export",
		"time a && b":                       "a b",
	} {
		s := Parse([]byte(text), 0, Sh, nil)
		var names []string
		for _, c := range s.Chain(s.Commands[0]) {
			names = append(names, c.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("the chain of the first command in %q is %q, want %q", text, got, want)
		}
	}
	s := Parse([]byte("a || b && c && d; sh -c 'x && y'"), 0, Sh, nil)
	if chain := s.Chain(s.Commands[3]); len(chain) != 2 || chain[0].Name != "c" {
		t.Errorf("the chain of d has %d commands", len(chain))
	}
	if chain := s.Chain(s.Commands[5]); chain != nil {
		t.Errorf("a command of a nested script has a chain of %d", len(chain))
	}
}

func TestFromExec(t *testing.T) {
	file := `RUN ["sudo", "sh", "-c", "echo 'a b' >> f && nix-env -i $X", "x\ty"]`
	word := func(text, raw string, known bool) Word {
		start := strings.Index(file, raw)
		span := source.Span{Start: start, End: start + len(raw)}
		p := source.Piece{Text: text, Span: span}
		if text == raw[1:len(raw)-1] {
			p = source.Piece{Text: text, Span: source.Span{Start: start + 1, End: start + len(raw) - 1}, Verbatim: true,
				Quoting: source.JSONString}
		}
		return Word{Text: text, Known: known, Span: span, Parts: []source.Piece{p}}
	}
	s := FromExec([]ExecWord{word("sudo", `"sudo"`, true), word("sh", `"sh"`, true), word("-c", `"-c"`, true),
		word("echo 'a b' >> f && nix-env -i $X", `"echo 'a b' >> f && nix-env -i $X"`, true),
		word("x\ty", `"x\ty"`, true)})
	want := "sh@13-17 -c@19-23 echo 'a b' >> f && nix-env -i $X@25-59 x\ty@61-67; echo@26-30 a b@31-36 >> f@37-41; " +
		"nix-env@45-52 -i@53-55 $X@56-58"
	if diff := cmp.Diff(want, strings.ReplaceAll(words(s), " >> f@37-41 ", " >> f@37-41")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	check(t, s, []byte(file), 5, len(file)-6)
	if c := s.Commands[1]; c.Quoting != source.JSONString || c.Parent != s.Commands[0] ||
		!slices.Equal(c.Wrappers, []string{"sudo", "sh -c"}) {
		t.Errorf("quoting %d, wrappers %q", c.Quoting, c.Wrappers)
	}
	if got := describeWrites(s, EchoUnknown); got != "1 >> f@40-41: u:a b@32-35 <\\n>@31-36\n" {
		t.Error(got)
	}

	// With an escape in the JSON string the bytes are not those of the file.
	file = `["sh", "-c", "echo \"a\""]`
	s = FromExec([]Word{word("sh", `"sh"`, true), word("-c", `"-c"`, true), word(`echo "a"`, `"echo \"a\""`, true)})
	if got, want := words(s), `sh@1-5 -c@7-11 echo "a"@13-25; echo@13-25 a@13-25`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if p := s.Commands[1].Words[1].Parts[0]; p.Verbatim {
		t.Error("a piece is verbatim that stands inside a string with escapes")
	}

	s = FromExec([]Word{{Text: "nix-env", Known: true, Span: source.Span{Start: 3, End: 12}},
		{Text: "*", Known: true, Span: source.Span{Start: 14, End: 17}}})
	if got := words(s); got != "nix-env@3-12 *@14-17" || !s.Commands[0].Words[1].Known {
		t.Error(got)
	}
	if s := FromExec(nil); len(s.Commands) != 0 {
		t.Error("no words give a command")
	}
}

// TestForms reads the ways to write nix.conf and to install Nix that public Dockerfiles use.
func TestForms(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"append", "mkdir -p /etc/nix && echo 'filter-syscalls = false' >> /etc/nix/nix.conf",
			"1 >> /etc/nix/nix.conf: filter-syscalls = false\\n"},
		{"group", "set -eux; { echo 'max-jobs = auto'; echo \"cores = 0\"; } >> /etc/nix/nix.conf",
			"1 >> /etc/nix/nix.conf: max-jobs = auto\\n|2 >> /etc/nix/nix.conf: cores = 0\\n"},
		{"tee", "echo 'sandbox = false' | sudo tee -a /etc/nix/nix.conf > /dev/null",
			"1 > /dev/null: sandbox = false\\n|1 >> /etc/nix/nix.conf: sandbox = false\\n"},
		{"here-document into tee", "mkdir -p /etc/nix && tee /etc/nix/nix.conf << EOF\nsandbox = false\nEOF\n",
			"1 > /etc/nix/nix.conf: sandbox = false\\n"},
		{"printf", "printf 'sandbox = false\\nfilter-syscalls = %s\\n' false > /etc/nix/nix.conf",
			"0 > /etc/nix/nix.conf: sandbox = false\\nfilter-syscalls = false\\n"},
		{"argument", "echo \"$NIX_CONFIG\" >> /etc/nix/nix.conf", "0 >> /etc/nix/nix.conf: {$NIX_CONFIG}\\n"},
		{"condition",
			"if [ \"$TARGETPLATFORM\" = linux/arm64 ]; then echo 'filter-syscalls = false' >> /etc/nix/nix.conf; fi",
			"1 >> /etc/nix/nix.conf: filter-syscalls = false\\n"},
		{"su", "su - nix -c 'mkdir -p ~/.config/nix && echo \"sandbox = false\" > ~/.config/nix/nix.conf'",
			"2 > ~/.config/nix/nix.conf: sandbox = false\\n"},
		{"truncate", "rm /etc/nix/nix.conf && > /etc/nix/nix.conf", "1 > /etc/nix/nix.conf: "},
		{"bash -c", "bash -c \"echo 'a = $USER' >> /etc/nix/nix.conf\"", "1 >> /etc/nix/nix.conf: a = {$USER}\\n"},
	} {
		s := Parse([]byte(test.text), 0, Sh, nil)
		check(t, s, []byte(test.text), 0, len(test.text))
		var got []string
		for i, c := range s.Commands {
			for _, w := range c.Writes(EchoUnknown) {
				op := ">"
				if w.Append {
					op = ">>"
				}
				text := ""
				for _, p := range w.Text {
					if p.Opaque {
						text += "{" + p.Text + "}"
					} else {
						text += p.Text
					}
				}
				if !w.Known {
					text = "?"
				}
				got = append(got, fmt.Sprintf("%d %s %s: %s", i, op, w.Path.Text, strings.ReplaceAll(text, "\n", `\n`)))
			}
		}
		if diff := cmp.Diff(test.want, strings.Join(got, "|")); diff != "" {
			t.Errorf("%s: -want +got:\n%s", test.name, diff)
		}
	}
	for _, test := range []struct{ text, want string }{
		{"curl -L https://nixos.org/nix/install | sh -s -- --daemon", "sh"},
		{"sh <(curl -L https://nixos.org/nix/install) --no-daemon", "curl"},
		{"wget -O- https://nixos.org/nix/install | su nix -s /bin/sh", "su"},
		{". /root/.nix-profile/etc/profile.d/nix.sh && nix-env -iA nixpkgs.git", "nix-env"},
		{"bash -lc 'nix-channel --update && nix-env -u'", "nix-env"},
		{"sudo -u nix bash -c '. ~/.nix-profile/etc/profile.d/nix.sh; nix build'", "nix"},
		{"/root/.nix-profile/bin/nix --option a b --extra-experimental-features 'x y' build .", "nix"},
		{"nix run nixpkgs#gnused -- -i 's/sandbox = false/x/' /etc/nix/nix.conf", "nix"},
		{"source $HOME/.bashrc; $HOME/.nix-profile/bin/nix-store --gc", "nix-store"},
	} {
		s := Parse([]byte(test.text), 0, Sh, nil)
		if s.Problem != nil {
			t.Error(s.Problem.Message)
		}
		if got := s.Commands[len(s.Commands)-1].Name; got != test.want {
			t.Errorf("the last command of %q is %q, want %q", test.text, got, test.want)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	run := "set -eux; apt-get update && apt-get install -y --no-install-recommends curl \\\n  git && rm -rf " +
		"/var/lib/apt/lists/*"
	for name, text := range map[string]string{
		"run":  run,
		"long": strings.Repeat(run+"\n", 200),
		"heredoc": "cat <<EOF > /etc/nix/nix.conf\n" +
			strings.Repeat("experimental-features = nix-command flakes # $X\n", 200) + "EOF\n",
		"nested": strings.Repeat("sudo bash -c \"echo 'a = $X' >> /etc/nix/nix.conf\" && ", 50) + "true",
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			view := []byte(text)
			for b.Loop() {
				Parse(view, 0, Sh, nil)
			}
		})
	}
}
