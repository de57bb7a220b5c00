package shell

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the expected results in testdata")

// describe formats a script as in the files of testdata: for each command its name and place, then a line for what else
// there is.
func describe(s *Script) string {
	var b strings.Builder
	index := func(c *Command) int { return slices.Index(s.Commands, c) }
	word := func(w Word) string {
		text := w.Text
		if !w.Known {
			text = "?" + text
		}
		return at(fmt.Sprintf("%q", text), w.Span)
	}
	for i, c := range s.Commands {
		name := c.Name
		if name == "" {
			name = "-"
		}
		fmt.Fprintf(&b, "%d %s\n", i, at(name, c.Span))
		line := func(format string, args ...any) { fmt.Fprintf(&b, "    "+format+"\n", args...) }
		for n, w := range c.Words {
			if n > 0 || w.Text != c.Name || w.Span.Start != c.Span.Start {
				line("%s  %s", word(w), renderPieces(w.Parts))
			}
		}
		for _, a := range c.Assigns {
			op := "="
			if a.Append {
				op = "+="
			}
			export := ""
			if a.Export {
				export = "export "
			}
			line("%s%s %s%s", export, at(a.Name, a.Span), op, word(a.Value))
		}
		for _, r := range c.Redirs {
			text := fmt.Sprintf("%s %s", at(r.Op, r.Span), word(r.Target))
			if r.FD >= 0 {
				text = fmt.Sprint(r.FD) + text
			}
			if r.Outer {
				text = "outer " + text
			}
			line("%s", text)
			if r.Heredoc != nil {
				line("  expand=%t %s", r.Expand, renderPieces(r.Heredoc))
			}
		}
		var facts []string
		fact := func(on bool, text string) {
			if on {
				facts = append(facts, text)
			}
		}
		fact(len(c.Wrappers) > 0, "via "+strings.Join(c.Wrappers, ","))
		fact(c.Path != c.Name, "path "+c.Path)
		fact(c.Maybe, "maybe")
		fact(c.Guard != "", fmt.Sprintf("guard %q", c.Guard))
		fact(c.Function != "", "function "+c.Function)
		fact(c.Subshell, "subshell")
		fact(c.Background, "background")
		fact(c.Ignored, "ignored")
		fact(c.Quoting != 0, fmt.Sprintf("quoting %d", c.Quoting))
		if c.Parent != nil {
			fact(true, fmt.Sprintf("parent %d", index(c.Parent)))
		}
		if c.PipedFrom != nil {
			fact(true, fmt.Sprintf("from %d", index(c.PipedFrom)))
		}
		if c.PipesTo != nil {
			fact(true, fmt.Sprintf("to %d", index(c.PipesTo)))
		}
		if c.Statement != c.Span {
			fact(true, at("statement", c.Statement))
		}
		if len(facts) > 0 {
			line("%s", strings.Join(facts, "; "))
		}
	}
	if len(s.Functions) > 0 {
		fmt.Fprintf(&b, "functions %v\n", s.Functions)
	}
	for _, chain := range s.chains {
		b.WriteString("chain")
		for _, c := range chain {
			fmt.Fprintf(&b, " %d", index(c))
		}
		b.WriteString("\n")
	}
	if s.Problem != nil {
		fmt.Fprintf(&b, "%s: %s\n", at(s.Problem.Kind, s.Problem.Span), s.Problem.Message)
	}
	return b.String()
}

// describeWrites renders what commands write to files.
func describeWrites(s *Script, echo Echo) string {
	var b strings.Builder
	for i, c := range s.Commands {
		for _, w := range c.Writes(echo) {
			op := map[[2]bool]string{{true, false}: ">>", {false, true}: ">",
				{false, false}: "over"}[[2]bool{w.Append, w.Truncate}]
			text := "?"
			if w.Known {
				text = renderPieces(w.Text)
			}
			outer := ""
			if w.Outer {
				outer = " outer"
			}
			fmt.Fprintf(&b, "%d %s %s%s: %s\n", i, op, at(w.Path.Text, w.Path.Span), outer, text)
		}
	}
	return b.String()
}

// golden runs the cases of a file in testdata: pairs of a script and the expected description of it.
func golden(t *testing.T, name string, run func(script []byte, header string) string) {
	path := filepath.Join("testdata", name)
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []txtar.File
	for i := 0; i < len(archive.Files); i++ {
		script := archive.Files[i]
		if strings.HasSuffix(script.Name, ".want") {
			continue
		}
		want := txtar.File{Name: script.Name + ".want"}
		if i+1 < len(archive.Files) && archive.Files[i+1].Name == want.Name {
			want = archive.Files[i+1]
		} else if !*update {
			t.Errorf("%s: %s has no expectation", path, script.Name)
		}
		t.Run(script.Name, func(t *testing.T) {
			got := run(script.Data, script.Name)
			if diff := cmp.Diff(string(want.Data), got); diff != "" && !*update {
				t.Errorf("-want +got:\n%s", diff)
			}
			want.Data = []byte(got)
		})
		out = append(out, script, want)
	}
	if *update {
		archive.Files = out
		if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func known(name string) (string, bool) {
	switch name {
	case "VERSION":
		return "2.24", true
	case "FLAGS":
		return "-i  git", true
	case "EMPTY":
		return "", true
	case "STAR":
		return "*.nix", true
	}
	return "", false
}

// TestCommands reads the scripts of testdata/commands.txtar. Those named *.sh are read as Sh, the others as Bash.
// VERSION, FLAGS, EMPTY and STAR are known from outside.
func TestCommands(t *testing.T) {
	golden(t, "commands.txtar", func(script []byte, name string) string {
		d := Bash
		if strings.HasSuffix(name, ".sh") {
			d = Sh
		}
		s := Parse(script, 0, d, known)
		check(t, s, script, 0, len(script))
		return describe(s)
	})
}

// TestWrites reads the scripts of testdata/writes.txtar, as TestCommands does. The end of a name says how echo behaves:
// .keeps, .expands, or else not known.
func TestWrites(t *testing.T) {
	golden(t, "writes.txtar", func(script []byte, name string) string {
		echo, d := EchoUnknown, Sh
		switch filepath.Ext(name) {
		case ".keeps":
			echo = EchoKeeps
		case ".expands":
			echo = EchoExpands
		case ".bash":
			d = Bash
		}
		s := Parse(script, 0, d, known)
		check(t, s, script, 0, len(script))
		if s.Problem != nil {
			t.Error(s.Problem.Message)
		}
		return describeWrites(s, echo)
	})
}
