package main

import (
	"bytes"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sandlint/sandlint/cmd/internal/cli"
)

// TestPictures keeps the pictures of docs/pictures as the program draws them; -update rewrites them.
func TestPictures(t *testing.T) {
	t.Chdir(filepath.Join("..", "..", "testdata", "example"))
	t.Setenv("SANDLINT_SHELLCHECK", "none")
	t.Setenv("GITHUB_ACTIONS", "")
	t.Setenv("SANDLINT_FORMAT", "")
	pictures := map[string]func([]byte) []byte{
		"finding": terminal("$ sandlint check Dockerfile"),
		"trace":   func(b []byte) []byte { return b },
	}
	for name, args := range map[string][]string{
		"finding": {"check", "--color", "always", "--quiet", "--only",
			"order/nix-config-after-nix-command,sandbox/nix-syscall-filter-under-emulation", "Dockerfile"},
		"trace": {"trace", "--format", "svg", "Dockerfile"},
	} {
		var out, problems bytes.Buffer
		if status := cli.Main(args, strings.NewReader(""), &out, &problems); status > 1 || problems.Len() > 0 {
			t.Fatalf("%v: status %d: %s", args, status, problems.String())
		}
		got := pictures[name](out.Bytes())
		path := filepath.Join("..", "..", "docs", "pictures", name+".svg")
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, got) {
			t.Errorf("%s.svg is not what the program draws; -update rewrites it", name)
		}
	}
}

// Sizes in a picture of a terminal, in pixels, and its narrowest and widest width in characters.
const (
	charWidth  = 7.85
	lineHeight = 19
	margin     = 16
	titleBar   = 34
	narrowest  = 60
	widest     = 92
)

// wrapped breaks a line with escape sequences at a blank, as a terminal of the widest width makes sandlint do.
func wrapped(line string) []string {
	var out []string
	seen, blank, code := 0, 0, "" // characters, the last blank's index, the escape sequence in force there
	for n := 0; n < len(line); n++ {
		if line[n] == '\x1b' {
			end := n + strings.IndexByte(line[n:], 'm')
			code, n = line[n:end+1], end
			continue
		}
		if line[n] == ' ' {
			blank = n
		}
		if seen++; seen > widest && blank > 0 {
			out = append(out, line[:blank])
			line = code + "  " + line[blank+1:]
			n, seen, blank, code = -1, 0, 0, ""
		}
	}
	return append(out, line)
}

// terminal returns a function that draws what a command prints, with its colours, as a window.
func terminal(command string) func([]byte) []byte {
	return func(printed []byte) []byte {
		var lines []string
		for line := range strings.SplitSeq(strings.TrimRight(string(printed), "\n"), "\n") {
			lines = append(lines, wrapped(line)...)
		}
		lines = append([]string{"\x1b[1m" + command + "\x1b[0m", ""}, lines...)
		width := narrowest
		var text strings.Builder
		for n, line := range lines {
			spans, length := colours(line)
			width = max(width, length)
			fmt.Fprintf(&text, "<text x=\"%d\" y=\"%d\">%s</text>\n", margin, titleBar+margin+n*lineHeight, spans)
		}
		w, h := 2*margin+int(float64(width)*charWidth), titleBar+margin+len(lines)*lineHeight
		var out bytes.Buffer
		fmt.Fprintf(&out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "+
			"font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, monospace\" font-size=\"13\" "+
			"role=\"img\" aria-label=\"%s\">\n", w, h, w, h, html.EscapeString(command))
		out.WriteString(`<style>text { fill: #d6deeb; white-space: pre } .b { font-weight: bold } ` +
			`.c31 { fill: #ff6b6b } .c32 { fill: #8bd49c } .c33 { fill: #f7c66a } .c34 { fill: #82aaff } ` +
			".c35 { fill: #c792ea } .c36 { fill: #7fdbca } .c2, .c90 { fill: #8796b0 }</style>\n")
		fmt.Fprintf(&out, "<rect width=\"%d\" height=\"%d\" rx=\"8\" fill=\"#0d1626\"/>\n", w, h)
		for n, colour := range []string{"#ff5f57", "#febc2e", "#28c840"} {
			fmt.Fprintf(&out, "<circle cx=\"%d\" cy=\"16\" r=\"5\" fill=\"%s\"/>\n", margin+6+n*18, colour)
		}
		out.WriteString(text.String() + "</svg>\n")
		return out.Bytes()
	}
}

// colours turns a line with escape sequences into spans with classes, and returns its length in characters.
func colours(line string) (string, int) {
	var out strings.Builder
	length, class := 0, ""
	for n, part := range strings.Split(line, "\x1b[") {
		if n > 0 {
			codes, rest, _ := strings.Cut(part, "m")
			part, class = rest, ""
			for code := range strings.SplitSeq(codes, ";") {
				switch {
				case code == "1":
					class += " b"
				case code != "0" && code != "":
					class += " c" + code
				}
			}
		}
		if part == "" {
			continue
		}
		length += utf8.RuneCountInString(part)
		if class == "" {
			out.WriteString(html.EscapeString(part))
		} else {
			fmt.Fprintf(&out, "<tspan class=\"%s\">%s</tspan>", strings.TrimSpace(class), html.EscapeString(part))
		}
	}
	return out.String(), length
}
