package shell

import (
	"fmt"
	"strings"
	"testing"
)

// TestWindows shows the commands of texts for cmd and PowerShell: how each is joined, its program, and its arguments,
// with "?" before one that is not known.
func TestWindows(t *testing.T) {
	for _, c := range []struct {
		d          Dialect
		text, want string
	}{
		{Cmd, `npm install -g "a b" c^&d`, `npm install -g [a b] c&d`},
		{Cmd, "NPM.cmd ci && C:\\x\\pip.EXE install a & b", "npm ci | && pip install a | ; b"},
		{Cmd, "a \x00\x00 b\x00\x00c || d | e", "a bc | || d | | e"},
		{Cmd, "@echo off & cd /d %TEMP% & chdir x", "echo off | ; cd /d ?%TEMP% | ; cd x"},
		{Cmd, "a > b 2>&1 <c", "a > b 2 >& 1 < c"},
		{Cmd, "call npm install x", "npm install x"},
		{Cmd, "a (b) 'c d'", "a (b) 'c d'"},
		{Cmd, `cmd /S /C "a b && c"`, `cmd /S /C [a b && c] | in a b | in && c`},
		{
			Cmd, "powershell -Command a; b -c 'd e' & f",
			"powershell -Command a; b -c 'd e' | in a | in ; b -c [d e] | ; f",
		},
		{Cmd, `powershell -c a "b; c"`, `powershell -c a [b; c]`},
		{Cmd, `powershell -File a.ps1 b`, `powershell -File a.ps1 b`},
		{Cmd, "if exist a b", ""},
		{Cmd, "a & for %i in (b) do c", ""},
		{Cmd, "(a & b)", ""},
		{Cmd, `a "b`, ""},
		{Cmd, "a ^", ""},

		{PowerShell, "a 'b c' ; d.exe -e | F-G", "a [b c] | ; d -e | | f-g"},
		{PowerShell, "$x = a (b; c) ; & 'd' e", "; d e"},
		{PowerShell, "if (a) { b; c } ; d", "; d"},
		{PowerShell, "[A.B]::c = 'd;e'; f $x $(g; h) i$j", "; f ?$x ?$(g; h) ?i$j"},
		{PowerShell, `a \"b ; c\" d`, `a ?\"b ; c\" d`},
		{PowerShell, `a "b" "c d" -e:'f'`, `a b ?"c d" -e:f`},
		{PowerShell, "wget a; cd b; sl c; curl.exe d", "- a | ; cd b | ; cd c | ; curl d"},
		{PowerShell, "a # b; c", "a"},
		{PowerShell, "a | % { b; c } | d", "a | | d"},
		{PowerShell, "a 2>&1 > $null", "a 2 >& 1 > $null"},
		{PowerShell, "a, b ,c; try { d } catch { e }", "- b ?,c"},
		{PowerShell, "a && b || c", "a | && b | || c"},
		{PowerShell, `a "b; c"`, ""}, // two commands on Windows, which removes the quotes
		{PowerShell, "a; b (c", ""},
		{PowerShell, "a 'b", ""},
		{PowerShell, "a ‘b c’", ""},
		{PowerShell, "a & b", ""},
		{PowerShell, "a --% b ; c", ""},
	} {
		s := Parse([]byte(strings.ReplaceAll(c.text, `\x00`, "\x00")), 0, c.d, nil)
		var all []string
		for _, cmd := range s.Commands {
			var parts []string
			if cmd.Parent != nil {
				parts = append(parts, "in")
			}
			if cmd.Joined != "" {
				parts = append(parts, cmd.Joined)
			}
			name := cmd.Name
			if name == "" {
				name = "-"
			}
			parts = append(parts, name)
			for _, w := range cmd.Words[1:] {
				text := w.Text
				if strings.ContainsAny(text, " ") && w.Known {
					text = "[" + text + "]"
				}
				if !w.Known {
					text = "?" + text
				}
				parts = append(parts, text)
			}
			for _, r := range cmd.Redirs {
				if r.FD >= 0 {
					parts = append(parts, fmt.Sprint(r.FD))
				}
				parts = append(parts, r.Op, r.Target.Text)
			}
			all = append(all, strings.Join(parts, " "))
		}
		if got := strings.Join(all, " | "); got != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.text, got, c.want)
		}
		if s.Problem != nil {
			t.Errorf("%q: %v", c.text, s.Problem)
		}
	}
}

// TestPOSIX is about the language that a SHELL names.
func TestPOSIX(t *testing.T) {
	for words, want := range map[string]Dialect{
		"cmd /S /C": Cmd, `C:\Windows\System32\CMD.EXE /C`: Cmd, "powershell -Command": PowerShell,
		"pwsh -c": PowerShell, "bash -c": Bash, "python -c": None,
	} {
		if got := DialectOf(strings.Fields(words)); got != want || got.POSIX() != (want == Bash) {
			t.Errorf("%s: %v", words, got)
		}
	}
}
