package shell

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/source"
)

// dump renders commands as the tests below hold them: name, words, and how the command is reached.
func dump(s *Script, text string) string {
	var b strings.Builder
	for _, c := range s.Commands {
		fmt.Fprintf(&b, "%s:", c.Name)
		for _, w := range c.Words {
			if w.Known {
				fmt.Fprintf(&b, " %q", w.Text)
			} else {
				fmt.Fprintf(&b, " ?%q", w.Text)
			}
		}
		for _, a := range c.Assigns {
			fmt.Fprintf(&b, " %s=%q", a.Name, a.Value.Text)
		}
		for _, r := range c.Redirs {
			fmt.Fprintf(&b, " %s%s", r.Op, r.Target.Text)
		}
		for _, f := range []struct {
			on   bool
			name string
		}{{c.Maybe, "maybe"}, {c.Subshell, "subshell"}, {c.Background, "background"}, {c.Ignored, "ignored"}, {c.Function != "", "in " + c.Function}, {c.PipedFrom != nil, "piped"}, {c.Parent != nil, "nested"}, {len(c.Wrappers) > 0, "via " + strings.Join(c.Wrappers, ", ")}} {
			if f.on {
				b.WriteString(" [" + f.name + "]")
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestCommands(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"chain", "a && b; c", "a: \"a\"\nb: \"b\"\nc: \"c\"\n"},
		{"test makes a choice", "[ -f x ] && b || c", "[: \"[\" \"-f\" \"x\" \"]\" [ignored]\nb: \"b\" [maybe] [ignored]\nc: \"c\" [maybe]\n"},
		{"ignored failure", "a || true", "a: \"a\" [ignored]\ntrue: \"true\" [maybe]\n"},
		{"failure that stops", "a || exit 1", "a: \"a\"\nexit: \"exit\" \"1\" [maybe]\n"},
		{"if", "if a; then b; else c; fi", "a: \"a\"\nb: \"b\" [maybe]\nc: \"c\" [maybe]\n"},
		{"for over words", "for x in a b; do c $x; done", "c: \"c\" ?\"$x\"\n"},
		{"for over a glob", "for x in *.sh; do c; done", "c: \"c\" [maybe]\n"},
		{"pipe", "curl u | sudo tee -a f", "curl: \"curl\" \"u\" [subshell]\ntee: \"tee\" \"-a\" \"f\" [subshell] [piped] [via sudo]\n"},
		{"wrappers", "sudo -u x env -i A=b nice -n 5 timeout 10 /usr/bin/nix-env -iA y", "nix-env: \"/usr/bin/nix-env\" \"-iA\" \"y\" A=\"b\" [via sudo, env, nice, timeout]\n"},
		{"command -v", "command -v nix && b", "command: \"command\" \"-v\" \"nix\"\nb: \"b\" [maybe]\n"},
		{"sh -c", "bash -euxo pipefail -c 'a && b \"c d\"'", "bash: \"bash\" \"-euxo\" \"pipefail\" \"-c\" \"a && b \\\"c d\\\"\"\na: \"a\" [nested] [via bash -c]\nb: \"b\" \"c d\" [nested] [via bash -c]\n"},
		{"su -c", "su - bob -c 'nix-env -i x'", "su: \"su\" \"-\" \"bob\" \"-c\" \"nix-env -i x\"\nnix-env: \"nix-env\" \"-i\" \"x\" [nested] [via su -c]\n"},
		{"variables", "V=1.2; a $V ${V} \"x$V\" $W", ": V=\"1.2\"\na: \"a\" \"1.2\" \"1.2\" \"x1.2\" ?\"$W\"\n"},
		{"assigned under a condition", "V=1; if x; then V=2; fi; a $V", ": V=\"1\"\nx: \"x\"\n: V=\"2\" [maybe]\na: \"a\" ?\"$V\"\n"},
		{"defaults", "V=1; a ${V:-2} ${W:-2} ${V:+3}", ": V=\"1\"\na: \"a\" \"1\" ?\"${W:-2}\" ?\"${V:+3}\"\n"},
		{"export", "export A=b; c", "export: \"export\" A=\"b\"\nc: \"c\"\n"},
		{"function", "f() { a; }; f", "a: \"a\" [in f]\nf: \"f\"\n"},
		{"group", "{ a; b; } >> f", "a: \"a\" >>f\nb: \"b\" >>f\n"},
		{"subshell", "(a; b) > f &", "a: \"a\" >f [subshell] [background]\nb: \"b\" >f [subshell] [background]\n"},
		{"substitution", "a \"$(b c)\"", "a: \"a\" ?\"$(b c)\"\nb: \"b\" \"c\" [subshell] [nested]\n"},
		{"program in an unknown folder", "$HOME/bin/nix-env -i x; ${P}nix-env", "nix-env: ?\"$HOME/bin/nix-env\" \"-i\" \"x\"\n: ?\"${P}nix-env\"\n"},
		{"glob", "rm -f *.o", "rm: \"rm\" \"-f\" ?\"*.o\"\n"},
		{"continuation", "nix-env \\\n  -iA \\\n  x", "nix-env: \"nix-env\" \"-iA\" \"x\"\n"},
		{"continuation in a word", "nix-\\\nenv -i", "nix-env: \"nix-env\" \"-i\"\n"},
		{"continuation in quotes", "a \"b\\\nc\"", "a: \"a\" \"bc\"\n"},
		{"escapes", `a \"b\ c "d\"e\f" $'g\nh'`, "a: \"a\" \"\\\"b c\" \"d\\\"e\\\\f\" \"g\\nh\"\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := Parse([]byte(test.text), 0, Bash, nil)
			if s.Problem != nil {
				t.Fatal(s.Problem.Message)
			}
			if diff := cmp.Diff(test.want, dump(s, test.text)); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
			checkSpans(t, s, []byte(test.text), 0)
		})
	}
}

func TestCommandsBeforeAnError(t *testing.T) {
	s := Parse([]byte("a b\nc | | d\n"), 100, Sh, nil)
	if s.Problem == nil || s.Problem.Span.Start < 104 {
		t.Errorf("problem: %+v", s.Problem)
	}
	if got := dump(s, ""); got != "a: \"a\" \"b\"\n" {
		t.Errorf("commands: %s", got)
	}
}

func TestJoinedLines(t *testing.T) {
	const script = "echo 'a = b \\\n c' >> f"
	for joined, want := range map[bool]string{true: "a = b  c\n", false: "a = b \\\n c\n"} {
		s := Parse([]byte(script), 0, Sh, nil)
		if joined {
			s = ParseJoined([]byte(script), 0, Sh, nil)
		}
		got, _ := s.Commands[0].Output(EchoKeeps)
		if text(got) != want {
			t.Errorf("joined %v: %q, want %q", joined, text(got), want)
		}
	}
}

func TestDialects(t *testing.T) {
	for words, want := range map[string]Dialect{
		"": Sh, "/bin/sh -c": Sh, "/bin/bash -o pipefail -c": Bash, "/usr/bin/env bash": Bash, "powershell -Command": None, `C:\Windows\cmd.exe /S /C`: None,
		"/usr/bin/env -S bash -e": Bash, "/bin/zsh -c": None, "dash": Sh,
	} {
		if got := DialectOf(strings.Fields(words)); got != want {
			t.Errorf("DialectOf(%q) = %d, want %d", words, got, want)
		}
	}
	if d, ok := Shebang([]byte("#!/usr/bin/env python3\n")); d != None || !ok {
		t.Errorf("python: %d %v", d, ok)
	}
	if _, ok := Shebang([]byte("echo\n")); ok {
		t.Error("no shebang is taken for one")
	}
}

// text joins pieces.
func text(pieces []source.Piece) string {
	var b strings.Builder
	for _, p := range pieces {
		if p.Opaque {
			fmt.Fprintf(&b, "{%s}", p.Text)
		} else {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

func TestWrites(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"append", "echo 'a = b' >> f", "f + \"a = b\\n\"\n"},
		{"truncate", "printf 'a = b\\nc = d\\n' > f", "f = \"a = b\\nc = d\\n\"\n"},
		{"group", "{ echo a; echo b; } > f", "f = \"a\\n\"\nf + \"b\\n\"\n"},
		{"tee", "echo a | sudo tee -a f g >/dev/null", "/dev/null = \"a\\n\"\nf + \"a\\n\"\ng + \"a\\n\"\n"},
		{"group into tee", "{ echo a; echo b; } | tee f", "f = \"a\\nb\\n\"\n"},
		{"heredoc", "cat > f <<EOF\na = $X\nb \\$c\nEOF\n", "f = \"a = {$X}\\nb $c\\n\"\n"},
		{"quoted heredoc", "cat <<'EOF' >> f\na = $X\nEOF\n", "f + \"a = $X\\n\"\n"},
		{"dashed heredoc", "cat <<-EOF > f\n\ta\n\t\tb\n\tEOF\n", "f = \"a\\nb\\n\"\n"},
		{"here-string", "tee -a f <<< 'x y'", "f + \"x y\\n\"\n"},
		{"no newline", "echo -n a >> f", "f + \"a\"\n"},
		{"format reused", "printf '%s = %s\\n' a b c d >> f", "f + \"a = b\\nc = d\\n\"\n"},
		{"lines", "printf '%s\\n' 'a = b' \"c = $D\" >> f", "f + \"a = b\\nc = {$D}\\n\"\n"},
		{"unknown echo", "echo 'a\\nb' >> f", "f + \"{a\\\\nb}\\n\"\n"},
		{"echo -e", "echo -e 'a\\nb' >> f", "f + \"a\\nb\\n\"\n"},
		{"not known", "generate >> f", "f + ?\n"},
		{"descriptor 2", "a 2> f", ""},
		{"dd", "echo a | dd of=f", "f = \"a\\n\"\n"},
		{"nested", `sh -c "echo 'a = b' >> f"`, "f + \"a = b\\n\"\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := Parse([]byte(test.text), 0, Bash, nil)
			var b strings.Builder
			for _, c := range s.Commands {
				for _, w := range c.Writes(EchoUnknown) {
					op := "+"
					if w.Truncate {
						op = "="
					}
					out := "?"
					if w.Known {
						out = fmt.Sprintf("%q", text(w.Text))
						for _, p := range w.Text {
							if p.Verbatim && test.text[p.Span.Start:p.Span.End] != p.Text {
								t.Errorf("verbatim piece %q stands for %q", p.Text, test.text[p.Span.Start:p.Span.End])
							}
						}
					}
					fmt.Fprintf(&b, "%s %s %s\n", w.Path.Text, op, out)
				}
			}
			if diff := cmp.Diff(test.want, b.String()); diff != "" {
				t.Errorf("writes (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOutputAgainstShells compares what Output says with what the shells print.
func TestOutputAgainstShells(t *testing.T) {
	for shellName, echo := range map[string]Echo{"bash": EchoKeeps, "dash": EchoExpands} {
		program, err := exec.LookPath(shellName)
		if err != nil {
			t.Logf("%s is not installed", shellName)
			continue
		}
		for _, script := range []string{
			`echo a b  c`, `echo 'a\nb'`, `echo "a\tb" c`, `echo -n x`, `echo -e 'a\nb'`, `echo -E 'a\nb'`, `echo -nx`, `echo 'a\\b'`, `echo 'x\0101'`,
			`printf 'a\nb'`, `printf '%s\n' a b c`, `printf '%s=%s\n' a b c`, `printf "a%%b\n"`, `printf '%b\n' 'a\tb'`, `printf '%d\n' 3`, `printf '\101\n'`,
			"cat <<EOF\na\n  b \\$c \\\\ d \\\ne\nEOF", "cat <<'EOF'\na \\$c\nEOF", "cat <<-EOF\n\ta\n\t  b\n\tEOF", `echo a"b"'c'\d`, `printf -- 'x\n'`,
		} {
			want, err := exec.Command(program, "-c", script).Output()
			if err != nil {
				t.Fatalf("%s -c %q: %v", shellName, script, err)
			}
			s := Parse([]byte(script), 0, Sh, nil)
			got, ok := s.Commands[0].Output(echo)
			if !ok || text(got) != string(want) {
				t.Errorf("%s -c %q prints %q, Output says %q, %v", shellName, script, want, text(got), ok)
			}
		}
	}
}

func TestChain(t *testing.T) {
	for text, want := range map[string]int{"a && b && c": 3, "a; b": 0, "a && b | c": 0, "a && { b; } && c": 0, "a || b": 0, "a && sh -c 'x && y' && b": 3, "if a; then b && c; fi": 0} {
		s := Parse([]byte(text), 0, Bash, nil)
		if got := len(s.Chain(s.Commands[0])); got != want {
			t.Errorf("the chain in %q has %d commands, want %d", text, got, want)
		}
	}
}

func TestInPlaceEdit(t *testing.T) {
	for text, want := range map[string]string{
		"sed -i 's/a/b/' f g": "s/a/b/ f g", "sed -i.bak -e 's/a/b/' f": "s/a/b/ f", "sed 's/a/b/' f": "", "perl -pi -e 's/a/b/' f": "s/a/b/ f", "sed --in-place s/a/b/ f": "s/a/b/ f",
	} {
		edit, ok := Parse([]byte(text), 0, Bash, nil).Commands[0].InPlaceEdit()
		got := ""
		if ok {
			got = edit.Script.Text
			for _, f := range edit.Files {
				got += " " + f.Text
			}
		}
		if got != want {
			t.Errorf("%q edits %q, want %q", text, got, want)
		}
	}
}

// checkSpans checks that all spans lie inside the text, and that verbatim pieces are the bytes they stand for.
func checkSpans(t *testing.T, s *Script, view []byte, base int) {
	t.Helper()
	inside := func(what string, span source.Span) {
		if span.Start < base || span.End > base+len(view) || span.End < span.Start {
			t.Fatalf("%s has span %v outside [%d,%d]", what, span, base, base+len(view))
		}
	}
	pieces := func(list []source.Piece) {
		for _, p := range list {
			inside("piece "+p.Text, p.Span)
			if p.Verbatim && string(view[p.Span.Start-base:p.Span.End-base]) != p.Text {
				t.Fatalf("verbatim piece %q stands for %q", p.Text, view[p.Span.Start-base:p.Span.End-base])
			}
		}
	}
	for _, c := range s.Commands {
		inside("command "+c.Name, c.Span)
		inside("statement", c.Statement)
		for _, w := range c.Words {
			inside("word "+w.Text, w.Span)
			pieces(w.Parts)
		}
		for _, r := range c.Redirs {
			inside("redirection", r.Span)
			pieces(r.Heredoc)
		}
		for _, echo := range []Echo{EchoUnknown, EchoKeeps, EchoExpands} {
			for _, w := range c.Writes(echo) {
				pieces(w.Text)
			}
		}
		c.InPlaceEdit()
		s.Chain(c)
	}
	if s.Problem != nil {
		inside("problem", s.Problem.Span)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"a && b | tee -a f", "cat <<-EOF > f\n\ta $b \\$c\nEOF\n", "sh -c \"echo 'a' >> f\"", "for x in a{1,2}; do f() { :; }; done", "printf '%s\\n' a\\\nb", "{ echo a; } > f; ${x:-y} $'a\\x41'"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, d := range []Dialect{Sh, Bash} {
			checkSpans(t, Parse([]byte(text), 7, d, func(name string) (string, bool) { return "v", len(name)%2 == 0 }), []byte(text), 7)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	script := []byte(strings.Repeat("set -eux; apt-get update && apt-get install -y --no-install-recommends curl \\\n  git && rm -rf /var/lib/apt/lists/*\n", 20))
	b.SetBytes(int64(len(script)))
	for b.Loop() {
		Parse(script, 0, Sh, nil)
	}
}
