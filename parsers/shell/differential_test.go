package shell

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
)

// TestFuzzWrites runs random scripts that write to a file in each shell that is installed, and compares what the file
// then holds with what Writes says. SANDLINT_FUZZ is the number of scripts of which Writes knows all, SANDLINT_SEED
// another beginning.
func TestFuzzWrites(t *testing.T) {
	heavytest.Need(t, "compares 1,000 scripts with each shell")
	number := func(variable string, otherwise int) int {
		if n, err := strconv.Atoi(os.Getenv(variable)); err == nil {
			return n
		}
		return otherwise
	}
	count, seed := number("SANDLINT_FUZZ", 1000), number("SANDLINT_SEED", 1)
	for _, sh := range shells {
		program, err := exec.LookPath(sh.argv[0])
		if err != nil {
			t.Logf("%s is not installed", sh.argv[0])
			continue
		}
		known, bad, tried := 0, 0, 0
		for i := 0; known < count && i < 5*count; i++ {
			tried++
			g := writer{rand.New(rand.NewPCG(uint64(seed), uint64(i)))}
			script := g.script()
			got, ok := written(Parse([]byte(script), 0, sh.dialect, nil), sh.echo)
			if !ok {
				continue
			}
			known++
			dir := t.TempDir()
			cmd := exec.Command(program, append(append([]string(nil), sh.argv[1:]...), "-c", script)...)
			cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=/root", "LC_ALL=C"}
			cmd.Dir = dir
			said, _ := cmd.CombinedOutput()
			if bytes.Contains(said, []byte("tee: unrecognized option '--append'")) {
				continue // busybox has -a alone
			}
			want, err := os.ReadFile(filepath.Join(dir, "nix.conf"))
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			if got != string(want) {
				bad++
				t.Errorf("%v, script %d: %q\n  writes %q\n  we say %q\n  (it printed %q)", sh.argv, i, script,
					want, got, said)
			}
		}
		t.Logf("%v: %d of %d scripts are known, %d differ", sh.argv, known, tried, bad)
		if known < count {
			t.Errorf("%v: only %d of %d scripts are known", sh.argv, known, tried)
		}
	}
}

// written puts together what nix.conf holds after a script. It reports false where that is not known.
func written(s *Script, echo Echo) (string, bool) {
	text := ""
	for _, c := range s.Commands {
		for _, w := range c.Writes(echo) {
			switch {
			case !w.Path.Known:
				return "", false
			case path.Clean(w.Path.Text) != "nix.conf":
				continue
			case c.Maybe || !w.Known || anyOpaque(w.Text) || c.Function != "" || c.Background:
				return "", false
			case w.Truncate:
				text = ""
			case !w.Append:
				return "", false
			}
			text += joined(w.Text)
		}
	}
	return text, s.Problem == nil
}

// writer makes random scripts.
type writer struct{ *rand.Rand }

func (g writer) of(from ...string) string { return from[g.IntN(len(from))] }

func (g writer) script() string {
	var b strings.Builder
	for range 1 + g.IntN(4) {
		b.WriteString(g.statement(0))
		b.WriteString(g.of("\n", "\n", "; ", " && ", "\n\n", " ;\n"))
	}
	return strings.TrimRight(b.String(), "; \n&") + g.of("", "\n")
}

func (g writer) file() string {
	return g.of("nix.conf", "nix.conf", "nix.conf", "./nix.conf", "'nix.conf'", "\"nix.conf\"", "nix\".conf\"", "$F",
		"\"$F\"", "\"${F}\"", "other.conf", "/dev/null", "nix\\.conf")
}

func (g writer) redirection() string {
	return g.of(" > ", " >> ", ">>", ">", " >| ", " 1>> ", " >> ") + g.file()
}

func (g writer) statement(depth int) string {
	switch n := g.IntN(24); {
	case n == 0:
		return "F=nix.conf"
	case n == 1:
		return g.of("V=4", "V='a  b'", "V=", "V=\"x\\ny\"", "export V=7", "V=$(echo 3)", "V=a\\\\nb", "unset V")
	case n == 2 && depth < 2:
		// A group whose commands write to its own file is left out: Writes empties that at the first that prints.
		return "{ " + g.inner() + "; " + g.inner() + "; }" + g.redirection()
	case n == 3 && depth < 2:
		return "(" + g.inner() + "; " + g.inner() + ")" + g.redirection()
	case n == 4 && depth < 2:
		return g.of("if true; then ", "if [ -n x ]; then ", "if :; then ") + g.statement(depth+1) + "; fi"
	case n == 5 && depth < 2:
		return "for x in " + g.of("a b", "1", "a 'b c'") + "; do echo \"cores = $x\"" + g.redirection() + "; done"
	case n == 6:
		inner := g.of("echo cores = 4", "printf \"a\\nb\\n\"", "echo \"a = b\"", "echo a; echo b")
		return g.of("sh -c ", "bash -c ") + "'" + inner + g.redirection() + "'"
	case n == 7 && depth < 2:
		return g.of("true", "false", ":", "test -f nix.conf", "cd .") + g.of(" && ", " || ", " && ") +
			g.statement(depth+1)
	case n == 8:
		return ": " + g.redirection()
	case n == 9:
		return strings.TrimLeft(g.redirection(), " ")
	case n <= 12:
		return g.heredoc()
	case n <= 14:
		return g.prints() + " | " + g.of("tee ", "tee -a ", "tee -a ", "tee --append ") + g.file() +
			g.of("", " > /dev/null", " >/dev/null", g.redirection())
	case n == 15:
		return g.prints() + " | " + g.of("cat", "cat -") + g.redirection()
	}
	return g.prints() + g.redirection()
}

// inner returns a command of a group.
func (g writer) inner() string {
	return g.of(g.prints(), g.prints(), g.prints()+" | cat", "V=5", ":", "true", "cat < /dev/null")
}

func (g writer) heredoc() string {
	body := ""
	for range g.IntN(4) {
		body += g.of("cores = 4", "a = $V", "\\$x \\\\ y", "b \\", "c\\n", "\tt = 1", "'q' \"r\"", "", "`echo x`",
			"  e", "$F") + "\n"
	}
	mark := g.of("EOF", "'EOF'", "\"EOF\"", "\\EOF") // the parser misreads E'O'F
	operator := g.of("<<", "<<-", "<< ")
	switch g.IntN(4) {
	case 0:
		return "cat " + operator + mark + g.redirection() + "\n" + body + "EOF"
	case 1:
		return "cat " + operator + mark + " | tee " + g.of("-a ", "") + g.file() + "\n" + body + "EOF"
	case 2:
		return "tee " + g.of("-a ", "") + g.file() + " " + operator + mark + g.of("", " > /dev/null") + "\n" +
			body + "EOF"
	}
	return "cat" + g.redirection() + " " + operator + mark + "\n" + body + "EOF"
}

func (g writer) prints() string {
	switch g.IntN(6) {
	case 0:
		format := g.of(`'a\n'`, `"a\n"`, `'%s\n'`, `"%s = %s\n"`, `'a\tb\n'`, `'%s'`, `"x%%\n"`, `'%b\n'`, `'\\n'`,
			`"a\\nb\n"`, `'%d\n'`)
		return "printf " + format + g.arguments(3)
	case 1:
		return "echo " + g.of("-n", "-e", "-E", "-en", "-ne", "-nE", "-e -n", "--", "-", "-x", "\"-n\"") +
			g.arguments(2)
	case 2:
		return "echo"
	}
	return "echo" + g.arguments(3)
}

func (g writer) arguments(most int) string {
	var b strings.Builder
	for range g.IntN(most + 1) {
		b.WriteString(g.of(" ", " ", "  ", " \\\n "))
		b.WriteString(g.of("a", "cores", "=", "4", `"a b"`, `'a  b'`, `"a\nb"`, `'a\nb'`, `a\nb`, `'a\\nb'`, `"a\\nb"`,
			`\\n`,
			`"$V"`, `$V`, `"${V}x"`, `'$V'`, `"\$V"`, `x"y"'z'`, `'a`+"\n"+`b'`, `"a`+"\n"+`b"`, `"a\`+"\n"+`b"`,
			`'a\cb'`,
			`'\0101'`, `'\x41'`, `"it's"`, `'"'`, `~`, `a~b`, `"a!b"`, `{a,b}`, `é`, `#x`, `a#x`, `"#x"`, `'\t'`,
			`'\\'`, `"\\"`,
			`"$(echo x)"`, fmt.Sprint(g.IntN(100))))
	}
	return b.String()
}
