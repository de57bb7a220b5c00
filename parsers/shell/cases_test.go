package shell

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/source"
)

// dump formats commands as the tests below expect them: name, words, and how the command is reached.
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
		}{{c.Maybe, "maybe"}, {c.Subshell, "subshell"}, {c.Background, "background"}, {c.Ignored, "ignored"},
			{c.Function != "", "in " + c.Function}, {c.PipedFrom != nil, "piped"}, {c.Parent != nil, "nested"},
			{len(c.Wrappers) > 0, "via " + strings.Join(c.Wrappers, ", ")}} {
			if f.on {
				b.WriteString(" [" + f.name + "]")
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestHowCommandsAreReached(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"chain", "a && b; c", "a: \"a\"\nb: \"b\"\nc: \"c\"\n"},
		{"test makes a choice", "[ -f x ] && b || c",
			"[: \"[\" \"-f\" \"x\" \"]\" [ignored]\nb: \"b\" [maybe] [ignored]\nc: \"c\" [maybe]\n"},
		{"ignored failure", "a || true", "a: \"a\" [ignored]\ntrue: \"true\" [maybe]\n"},
		{"failure that stops", "a || exit 1", "a: \"a\"\nexit: \"exit\" \"1\" [maybe]\n"},
		{"if", "if a; then b; else c; fi", "a: \"a\" [ignored]\nb: \"b\" [maybe]\nc: \"c\" [maybe]\n"},
		{"for over words", "for x in a b; do c $x; done", "c: \"c\" ?\"$x\"\n"},
		{"for over a glob", "for x in *.sh; do c; done", "c: \"c\" [maybe]\n"},
		{"pipe", "curl u | sudo tee -a f",
			"curl: \"curl\" \"u\" [subshell]\ntee: \"tee\" \"-a\" \"f\" [subshell] [piped] [via sudo]\n"},
		{"wrappers", "sudo -u x env -i A=b nice -n 5 timeout 10 /usr/bin/nix-env -iA y",
			"nix-env: \"/usr/bin/nix-env\" \"-iA\" \"y\" A=\"b\" [via sudo, env, nice, timeout]\n"},
		{"command -v", "command -v nix && b", "command: \"command\" \"-v\" \"nix\"\nb: \"b\" [maybe]\n"},
		{"sh -c", "bash -euxo pipefail -c 'a && b \"c d\"'",
			"bash: \"bash\" \"-euxo\" \"pipefail\" \"-c\" \"a && b \\\"c d\\\"\"\n" +
				"a: \"a\" [subshell] [nested] [via bash -c]\nb: \"b\" \"c d\" [subshell] [nested] [via bash -c]\n"},
		{"su -c", "su - bob -c 'nix-env -i x'",
			"su: \"su\" \"-\" \"bob\" \"-c\" \"nix-env -i x\"\n" +
				"nix-env: \"nix-env\" \"-i\" \"x\" [subshell] [nested] [via su -c]\n"},
		{"variables", "V=1.2; a $V ${V} \"x$V\" $W", ": V=\"1.2\"\na: \"a\" \"1.2\" \"1.2\" \"x1.2\" ?\"$W\"\n"},
		{"assigned under a condition", "V=1; if x; then V=2; fi; a $V",
			": V=\"1\"\nx: \"x\" [ignored]\n: V=\"2\" [maybe]\na: \"a\" ?\"$V\"\n"},
		{"defaults", "V=1; a ${V:-2} ${W:-2} ${V:+3}", ": V=\"1\"\na: \"a\" \"1\" ?\"${W:-2}\" \"3\"\n"},
		{"export", "export A=b; c", "export: \"export\" \"A=b\" A=\"b\"\nc: \"c\"\n"},
		{"a name that export refuses", "export A=b c-d=e = f; g",
			"export: \"export\" \"A=b\" \"c-d=e\" \"=\" \"f\" A=\"b\"\ng: \"g\"\n"},
		{"function", "f() { a; }; f", "a: \"a\" [in f]\nf: \"f\"\n"},
		{"group", "{ a; b; } >> f", "a: \"a\" >>f\nb: \"b\" >>f\n"},
		{"subshell", "(a; b) > f &", "a: \"a\" >f [subshell] [background]\nb: \"b\" >f [subshell] [background]\n"},
		{"substitution", "a \"$(b c)\"", "a: \"a\" ?\"$(b c)\"\nb: \"b\" \"c\" [subshell] [nested]\n"},
		{"program in an unknown folder", "$HOME/bin/nix-env -i x; ${P}nix-env",
			"nix-env: ?\"$HOME/bin/nix-env\" \"-i\" \"x\"\n: ?\"${P}nix-env\"\n"},
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
			check(t, s, []byte(test.text), 0, len(test.text))
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
		if plainText(got) != want {
			t.Errorf("joined %v: %q, want %q", joined, plainText(got), want)
		}
	}
}

// plainText joins pieces.
func plainText(pieces []source.Piece) string {
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

func TestWhatIsWritten(t *testing.T) {
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
		{"unknown echo", "echo 'a\\nb' >> f", "f + \"a{\\\\n}b\\n\"\n"},
		{"echo -e", "echo -e 'a\\nb' >> f", "f + \"a\\nb\\n\"\n"},
		{"not known", "generate >> f", "f + ?\n"},
		{"descriptor 2", "a 2> f", ""},
		{"dd", "echo a | dd of=f", "f = \"a\\n\"\n"},
		{"nested", `sh -c "echo 'a = b' >> f"`, "f + \"a = b\\n\"\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := Parse([]byte(test.text), 0, Sh, nil)
			var b strings.Builder
			for _, c := range s.Commands {
				for _, w := range c.Writes(EchoUnknown) {
					op := "+"
					if w.Truncate {
						op = "="
					}
					out := "?"
					if w.Known {
						out = fmt.Sprintf("%q", plainText(w.Text))
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

// TestCommentEnds has comments that end with a backslash, which does not continue them.
func TestCommentEnds(t *testing.T) {
	for text, want := range map[string]string{
		"a \\\n # b \\\nc d":              "a: \"a\"\nc: \"c\" \"d\"\n",
		"a # b \\\nc":                     "a: \"a\"\nc: \"c\"\n",
		"a '# b \\\nc'":                   "a: \"a\" \"# b \\\\\\nc\"\n",
		"a b#c\\\nd":                      "a: \"a\" \"b#cd\"\n",
		"cat <<E\n# b \\\nc\nE\nd # \\\n": "cat: \"cat\" <<E\nd: \"d\"\n",
	} {
		if got := dump(Parse([]byte(text), 0, Sh, nil), ""); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
