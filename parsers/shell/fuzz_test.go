package shell

import (
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/source"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"a && b | tee -a f", "cat <<-EOF > f\n\ta $b \\$c\nEOF\n", "sh -c \"echo 'a' >> f\"",
		"for x in a{1,2}; do f() { :; }; done", "printf '%s\\n' a\\\nb",
		"{ echo a; } > f; ${x:-y} $'a\\x41'", "sudo -u x env A=b su - c -c 'd `e \\`f\\``'",
		"a\x00\x00b 'c\x00d' \"e\\\r\nf\"", "if a; then b; elif [ c ]; then d; else e; fi <<< x >& y",
		"case $x in a|b) c;; *) d;& esac 2>&1 | while read -r l; do eval \"$l\" 'm n'; done",
		"x=(1 2) y+=z export w=$(v) && ((i++)) && [[ -f $w || $w =~ a+ ]]", "bash <<'E'\nnix-env -i\nE\n",
		"\xff\xfe $\xffa \"\xc3\"", "a <<A <<B\n1\nA\n2\nB\nc", "echo -ne 'a\\0101\\c' \"\\\\n\" *.c ~/d | dd of=e",
		"time ! a & coproc b { c; }\nselect d in e; do :; done", "a <<EOF", "a\r\nb \\\r\nc\r\n",
		"sh -c \"a \\\"b $c\\\" '$d' \\\\$e\" eval x 'y z'", "eval  \"echo 'a\"  \"b'\"",
		"@a ^& b %C% \"d e\" 2>nul & call f.cmd || cmd /c \"g & h\"",
		"$a = (b 'c;d'); if ($e) { f }; & 'g h' -i:$j \\\"k l\\\" | % { m }; n.exe `\x00\x00 o # p",
		"powershell -nop -c \"a; b (c) {d}\" && pwsh -Command e $(f) @('g')",
		"(`", "a `", "$x`", "a \\\"",
		"function f { local a=b; unset c; . ./d; }; f", "sed -ni.bak -e s/a/b/ -f c -- d e; perl -pi -e 's/a/b/' f",
	} {
		f.Add(seed, uint8(0))
		f.Add(seed, uint8(3))
	}
	env := func(name string) (string, bool) {
		switch len(name) % 4 {
		case 0:
			return "v", true
		case 1:
			return "a b\n'\"$x` ;(", true
		case 2:
			return "", true
		}
		return "", false
	}
	f.Fuzz(func(t *testing.T, text string, mode uint8) {
		base := 0
		file := []byte(text)
		if mode&1 != 0 {
			base = 7
			file = []byte(strings.Repeat("#", base) + text + "##")
		}
		d := Sh
		if mode&2 != 0 {
			d = Bash
		}
		check(t, Parse([]byte(text), base, d, env), file, base, len(text))
		for _, windows := range []Dialect{Cmd, PowerShell} {
			check(t, Parse([]byte(text), base, windows, nil), file, base, len(text))
			check(t, ParseJoined([]byte(text), base, windows, nil), file, base, len(text))
		}
		check(t, ParseJoined([]byte(text), base, d, env), file, base, len(text))
		sameFromCache(t, new(Cache), text, d)

		// As a JSON string of an exec form, one byte in from its word.
		span := source.Span{Start: base, End: base + len(text)}
		words := []Word{{Text: "bash", Known: true, Span: source.Span{Start: base, End: base}},
			{Text: "-c", Known: true, Span: source.Span{Start: base, End: base}},
			{Text: text, Known: true, Span: span,
				Parts: []source.Piece{{Text: text, Span: span, Verbatim: mode&4 == 0, Quoting: source.JSONString}}}}
		s := FromExec(words)
		for _, c := range s.Commands {
			c.Statement = span
		}
		check(t, s, file, base, len(text))
	})
}
