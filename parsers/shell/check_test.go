package shell

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/source"
)

// at renders text with its place, as text@start-end.
func at(text string, s source.Span) string { return fmt.Sprintf("%s@%d-%d", text, s.Start, s.End) }

// pieces renders pieces: verbatim ones with the quoting around them, derived ones in <>, opaque ones in {}.
func renderPieces(list []source.Piece) string {
	var out []string
	for _, p := range list {
		text := strconv.Quote(p.Text)
		text = text[1 : len(text)-1]
		switch {
		case p.Opaque:
			text = "{" + text + "}"
		case !p.Verbatim:
			text = "<" + text + ">"
		default:
			text = map[source.Quoting]string{source.Plain: "p", source.SingleQuoted: "s", source.DoubleQuoted: "d",
				source.Unquoted: "u", source.Heredoc: "h", source.JSONString: "j"}[p.Quoting] + ":" + text
		}
		out = append(out, at(text, p.Span))
	}
	return strings.Join(out, " ")
}

// check fails when a promise of Parse about every text is broken.
func check(t *testing.T, s *Script, file []byte, base, size int) {
	t.Helper()
	inside := func(what string, span source.Span) {
		t.Helper()
		if span.Start < base || span.End > base+size || span.End < span.Start {
			t.Fatalf("%s has the span %v, which is not in [%d,%d)", what, span, base, base+size)
		}
	}
	pieces := func(what string, list []source.Piece) {
		t.Helper()
		for _, p := range list {
			inside("a piece of "+what, p.Span)
			if p.Verbatim && string(file[p.Span.Start:p.Span.End]) != p.Text {
				t.Fatalf("verbatim piece %q of %s stands for %q", p.Text, what, file[p.Span.Start:p.Span.End])
			}
			if p.Verbatim && p.Opaque {
				t.Fatalf("piece %q of %s is both verbatim and opaque", p.Text, what)
			}
		}
	}
	word := func(what string, w Word, parsed bool) {
		t.Helper()
		inside(what, w.Span)
		pieces(what, w.Parts)
		if parsed && w.Text != joined(w.Parts) {
			t.Fatalf("%s is %q, its parts are %q", what, w.Text, joined(w.Parts))
		}
		if w.Known && anyOpaque(w.Parts) {
			t.Fatalf("%s is known and has an opaque part", what)
		}
	}
	last := map[int]int{}
	for i, c := range s.Commands {
		what := fmt.Sprintf("command %d (%q)", i, c.Name)
		inside(what, c.Span)
		inside("the statement of "+what, c.Statement)
		if c.Span.Start < last[c.level] {
			t.Fatalf("%s at %d stands before the one before it at %d", what, c.Span.Start, last[c.level])
		}
		last[c.level] = c.Span.Start
		if c.Parent != nil && slices.Index(s.Commands[:i], c.Parent) < 0 {
			t.Fatalf("the parent of %s does not stand before it", what)
		}
		if c.Parent == nil && !c.Statement.Contains(c.Span) {
			t.Fatalf("%s at %v is not in its statement %v", what, c.Span, c.Statement)
		}
		for _, w := range c.Words {
			word("a word of "+what, w, true)
		}
		for _, a := range c.Assigns {
			inside("an assignment of "+what, a.Span)
			word("the value of "+a.Name, a.Value, true)
		}
		for _, r := range c.Redirs {
			inside("a redirection of "+what, r.Span)
			word("the target of "+r.Op, r.Target, true)
			pieces("a here-document", r.Heredoc)
		}
		for _, echo := range []Echo{EchoUnknown, EchoKeeps, EchoExpands} {
			out, _ := c.Output(echo)
			pieces("the output of "+what, out)
			for _, w := range c.Writes(echo) {
				word("a path", w.Path, false)
				pieces("a written text", w.Text)
				if w.Append && w.Truncate {
					t.Fatalf("%s both appends and truncates", what)
				}
			}
		}
		if edit, ok := c.InPlaceEdit(); ok {
			for _, f := range edit.Files {
				word("an edited file", f, true)
			}
			word("an editing script", edit.Script, false)
		}
		if chain := s.Chain(c); chain != nil {
			n := slices.Index(chain, c)
			if n < 0 || len(chain) < 2 {
				t.Fatalf("%s is not in its chain of %d", what, len(chain))
			}
			for k := 1; k < len(chain); k++ {
				if chain[k].Span.Start < chain[k-1].Span.End {
					t.Fatalf("the chain of %s overlaps", what)
				}
			}
		}
	}
	for name, list := range s.Functions {
		for _, n := range list {
			if s.Commands[n].Function != name {
				t.Fatalf("command %d is listed under the function %q but is in %q", n, name, s.Commands[n].Function)
			}
		}
	}
	if s.Problem != nil {
		inside("the problem", s.Problem.Span)
	}
}
