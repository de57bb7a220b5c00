package shell

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"

	"github.com/sandlint/sandlint/parsers/source"
)

// shells are the programs that Output is compared with, and what their echo does.
var shells = []struct {
	argv    []string
	dialect Dialect
	echo    Echo
}{
	{[]string{"bash"}, Bash, EchoUnknown},
	{[]string{"bash"}, Sh, EchoKeeps},
	{[]string{"dash"}, Sh, EchoExpands},
	{[]string{"busybox", "ash"}, Sh, EchoKeeps},
}

// printing are commands whose output a shell and Output must agree on, as far as Output says that it knows.
var printing = []string{
	`echo`, `echo a b  c`, `echo 'a\nb'`, `echo "a\tb" c`, `echo "a\\nb" "\$x \q"`, `echo -n x`, `echo -n`,
	`echo -e 'a\nb'`, `echo -E 'a\nb'`, `echo -en 'a\n'`,
	`echo -e -n 'a\n'`, `echo -n -e 'a\n'`, `echo -n -n a`, `echo -nx`, `echo -- a`, `echo - a`, `echo -eE 'a\n'`,
	`echo a -n`, `echo "-n" a`, `echo '-e' 'a\n'`,
	`echo 'a\\b'`, `echo 'x\0101' 'x\101' '\0' | od -c`, `echo 'a\cb' c`, `echo -e 'a\cb' c`, `echo 'a\'`,
	`echo -e 'a\'`, `echo -e 'a\x41\e[0m\a\b\f\v\r\E'`, `echo -e '\q\"\?'`,
	`echo 'a\'n`, `echo -e a'\'n'\'0"10"1x`, `echo a"b"'c'\d`, `echo a\ b`, `echo "a
b"`, `echo 'a
b\
c' "d\
e" f\
g`, `echo {a} {} a,b ]x [ a=b ~a/b a~`, `echo "it's" 'say "x"'`, `X=1; echo $X "$X" ${X} x${X}y '$X' \$X`,
	`X='a  b'; echo $X "$X"; :`, `X=; echo a $X b "$X" c${X}d`, `X=' a b '; echo x$X"y"$X`, `X=a; X=$X$X; echo $X; :`,
	`echo ${X:-a}${Y-}`, `X=y; echo ${X:+b}${X:-c}${X:=d}${X?e}`,
	`/bin/echo -e 'a\tb'`, `/bin/echo 'a\tb'`, `command echo a`, `env echo 'a\tb'`,
	`printf 'a\nb'`, `printf 'a\n'`, `printf '%s\n' a b c`, `printf '%s=%s\n' a b c`, `printf '%s=%s\n'`,
	`printf "a%%b\n"`, `printf '%b\n' 'a\tb'`, `printf '%b|' 'a\0101' '\\' 'x\cy' z`,
	`printf '%d\n' 3`, `printf '%d|%i|' -5`, `printf '\101\0101\n'`, `printf -- 'x\n'`, `printf a b c`,
	`printf 'a %s b' 'c d'`, `printf '\\n\a\b\f\v\r\t'`, `printf 'a\qb\n'`,
	`printf "%s\n" "a\nb" 'c\td'`, `printf 'x\'n`, `printf '%s'"\n" a`, `printf '%'s a`, `printf '\x41\e\"\?'`,
	`printf '%5s|%-5s|%.1s' a b cd`, `printf '%s %s\n' 'a b'`, `printf '%c' abc`, `printf '%%%s%%\n' x y`,
	`printf '' a b`, `printf '%d' 010`, `printf '%d' "'a"`, `printf 'a\`,
	"cat <<EOF\na\nb \\$c \\\\ d \\\ne \"f\" 'g' \\q\nEOF\n", "cat <<'EOF'\na \\$c \\\n`d`\nEOF\n",
	"cat <<-EOF\n\ta\n\t\t  b\n  \tc\n\tEOF\n", "cat <<-EOF\n\ta \\\n\tb\\\\\n\tc\n\tEOF\n",
	"cat <<-'EOF'\n\ta \\\n\tb\n\tEOF\n", "cat <<E\\OF\n$x\nEOF\n", "cat <<\"E\"OF\n$x\nEOF\n", "cat <<EOF\nEOF\n",
	"cat <<EOF\n\nEOF\n", "X=y; cat <<EOF\n$X ${X}\\${X} \"$X\"\nEOF\n", "cat <<EOF\na\\\nEOF\nEOF\n",
	"cat - <<EOF\na\nEOF\n", "cat <<A <<B\na\nA\nb\nB\n", "cat <<EOF | cat\na\nEOF\n", "cat <<EOF\n a\\",
	"cat <<EOF\n a\n",
	`echo a | cat`, `echo a | tee /dev/null`, `{ echo a; echo b; } | cat`, `{ echo a; : ; printf b; } | cat -`,
	`(echo a && echo b) | cat`, `{ echo a; true && echo b; } | cat`, `{ echo a; false && echo b; } | cat`,
	`{ echo a; false || echo b; } | cat`, `{ true || echo b; } | cat`, `{ echo a >&2; echo b; } | cat`,
	`{ { echo a; } > /dev/null; echo b; } | cat`, `sh -c 'echo a; echo b' | cat`, `sh -c "echo 'a b' \"c\"" | cat`,
	`echo a | sh -c 'cat; cat' | cat`, `eval "echo a" 'b  c' | cat`, `for x in a b; do echo $x; done | cat`,
	`echo a | { read x; cat; } | cat`, `echo a | { true; cat; } | cat`, `echo $(echo a)`, "echo `echo a`",
	`f() { echo a; }; f`, `f() { echo a; }; f | cat`, `cat < /dev/null`, `cat /dev/null`, `: | cat`, `x=1`,
	`mkdir -p /tmp`, `sh -c 'X=1; echo $X' | cat`, `X=1; sh -c 'echo x$X' | cat`,
	`X=1; export X; sh -c 'echo x$X' | cat`,
	`X=1 sh -c 'echo x$X' | cat`, `X=1; X=2 echo x$X`, `X=1; (X=2); echo $X`, `X=1; echo | X=2; echo $X`,
	`X=1; if :; then X=2; fi; echo $X`, `X=1; : && X=2; echo $X`, `X=1; : || X=2; echo $X`, `X=1 Y=$X; echo $Y`,
	`X=1; unset X; echo x$X`,
	`f() { X=2; }; X=1; f; echo $X`, `X=1; for X in 2 3; do :; done; echo $X`,
	`X=1; while [ "$X" = 1 ]; do echo $X; X=2; done; echo $X`, `X=1; eval X=2; echo $X`,
	`X=1; case a in a) X=2;; esac; echo $X`,
	`X=1; sh <<EOF | cat
echo $X \$X
EOF`, `X=5; echo $((X=6)) $X; echo $X`, `echo ~ | cat`, `X=~; echo "$X"`, `X=a:~/b; echo "$X"`, `set -- a b; echo "$@" $1 $#`, `X=1; { X=2; }; echo $X`, `X=a; X+=b; echo $X`, `X=1; : ${X:=2} ${Y:=3}; echo $X $Y`,
	`X=1; . /dev/null; echo $X`, `echo a=~/b a=b:~/c`, `echo -Ee 'a\n'`, `echo -e -E 'a\n'`, `echo -E -e 'a\n'`,
	`echo a | { dd of=/dev/null; cat; }`, `X=a=~/b; echo $X`, `export X=~/b; echo $X`, `IFS=,; X=a,b; echo $X`,
	`X='a*'; echo "$X"`, `X='\n'; echo "$X"`, `echo "a	b"`, `echo "a!b" '!'`, `echo 'a' # b`, `echo a;`,
	`echo a#b`, `echo "$"`, `echo a$ "b$"`,
}

// bashOnly are such commands of bash.
var bashOnly = []string{
	`echo $'a\tb\x41\101\'\e\u0041' $"c"`, `cat <<< "a b"`, `cat <<<a`, `echo -e 'a\x41\e'`, `printf '\x41\e\"\?'`,
	`X=a; cat <<<$X`, `printf -v x a`, `declare X=1; echo $X`, `declare -i X=1+1; echo $X`,
	`declare -u X=a; echo $X`,
	`X=(a b); echo $X`, `X=a; X[1]=b; echo $X`, `read X <<< a; echo $X`, `local_x=1; ((local_x++)); echo $local_x`,
	`X=1; let X=2; echo $X`, `echo $'a\0b' c`, `X=1; mapfile X < /dev/null; echo $X`, `X=1; printf -v X 2; echo $X`,
	`X=a; echo ${X^}`,
	`X=1; echo ${ X=2; }; echo $X`, `echo a |& cat`, `X=1; declare Y=$X Z=$Y; echo $Z`, `X=1; export X+=2; echo $X`,
	`X=1; readonly X; echo $X`,
}

// TestOutputAgreesWithShells runs commands in the shells that are installed. Of a script with several commands, those
// that print into nothing else are put together.
func TestOutputAgreesWithShells(t *testing.T) {
	for _, sh := range shells {
		t.Run(fmt.Sprintf("%s %v", sh.argv[0], sh.echo), func(t *testing.T) {
			program := heavytest.Program(t, sh.argv[0])
			scripts := printing
			if sh.dialect == Bash {
				scripts = append(append([]string(nil), printing...), bashOnly...)
			}
			knownAll := 0
			for _, script := range scripts {
				cmd := exec.Command(program, append(append([]string(nil), sh.argv[1:]...), "-c", script)...)
				cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=/root", "LC_ALL=C"}
				cmd.Dir = t.TempDir()
				want, _ := cmd.Output() // a shell that refuses a part of it has printed what came before
				got, known := printedBy(Parse([]byte(script), 0, sh.dialect, nil), sh.echo)
				if known {
					knownAll++
					if got != string(want) {
						t.Errorf("%v -c %q prints %q, Output says %q", sh.argv, script, want, got)
					}
				}
			}
			if knownAll < len(printing)/2 {
				t.Errorf("Output knows the output of %d scripts only", knownAll)
			}
		})
	}
}

// printedBy puts together what the commands of a script print on its standard output. It reports false where that is
// not known.
func printedBy(s *Script, echo Echo) (string, bool) {
	var b strings.Builder
	for _, c := range s.Commands {
		moved, _ := stdout(c.Redirs)
		if moved || c.nests || c.Function != "" || c.out != nil {
			continue
		}
		if c.Parent != nil && c.Parent.PipesTo != nil {
			continue
		}
		if c.Maybe && !c.silent {
			return "", false
		}
		pieces, ok := c.Output(echo)
		if !ok || anyOpaque(pieces) {
			return "", false
		}
		b.WriteString(joined(pieces))
	}
	return b.String(), s.Problem == nil
}

// TestPlacesOfOutput checks that text can be changed at its place in the file: each verbatim byte of an output,
// replaced in the script, changes the same byte of the output.
func TestPlacesOfOutput(t *testing.T) {
	for _, script := range append(append([]string(nil), printing...), bashOnly...) {
		for _, echo := range []Echo{EchoKeeps, EchoExpands} {
			s := Parse([]byte(script), 0, Bash, nil)
			for i, c := range s.Commands {
				pieces, ok := c.Output(echo)
				if !ok {
					continue
				}
				at := 0
				for _, p := range pieces {
					if p.Verbatim {
						for k := range len(p.Text) {
							if p.Text[k] < 'a' || p.Text[k] > 'z' {
								continue
							}
							changed := []byte(script)
							changed[p.Span.Start+k] = 'Z'
							after := Parse(changed, 0, Bash, nil)
							want := []byte(joined(pieces))
							want[at+k] = 'Z'
							if i >= len(after.Commands) {
								t.Errorf("%q: command %d is gone when byte %d changes", script, i, p.Span.Start+k)
								continue
							}
							if out, _ := after.Commands[i].Output(echo); joined(out) != string(want) {
								t.Errorf("%q: with another byte at %d the output is %q, want %q", script,
									p.Span.Start+k, joined(out), want)
							}
						}
					}
					at += len(p.Text)
				}
			}
		}
	}
}

func TestQuotingOfNestedText(t *testing.T) {
	for _, test := range []struct {
		script string
		want   source.Quoting // of the piece with the text "ab"
	}{
		{`echo 'ab'`, source.SingleQuoted},
		{`sh -c 'echo ab'`, source.Unquoted},
		{`sh -c 'echo "ab"'`, source.Unquoted},
		{`sh -c "echo 'ab'"`, source.Unquoted},
		{`sh -c "echo \"ab\""`, source.DoubleQuoted},
		{"sh -c 'cat <<\"E\"\nab\nE\n'", source.SingleQuoted},
		{"sh -c 'cat <<E\nab\nE\n'", source.Unquoted},
		{"bash <<E\ncat <<F\nab\nF\nE\n", source.Heredoc},
		{"bash <<'E'\necho 'ab'\nE\n", source.SingleQuoted},
	} {
		s := Parse([]byte(test.script), 0, Bash, nil)
		last := s.Commands[len(s.Commands)-1]
		out, ok := last.Output(EchoKeeps)
		if !ok || len(out) == 0 || !strings.HasPrefix(out[0].Text, "ab") || !out[0].Verbatim ||
			out[0].Quoting != test.want {
			t.Errorf("%q gives %s, want the quoting %d", test.script, renderPieces(out), test.want)
		}
	}
}
