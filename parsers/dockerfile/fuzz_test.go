package dockerfile

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sandlint/sandlint/parsers/source"
)

// FuzzParse checks that Parse survives any text, that spans lie in the file and nest, and that BuildKit agrees.
func FuzzParse(f *testing.F) {
	for _, text := range agreementCases {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file := Parse(source.NewFile("Dockerfile", []byte(text)))
		if err := spansNest(file); err != nil {
			t.Fatalf("%v\n%q", err, text)
		}
		for _, i := range file.Instructions {
			for ; i != nil; i = i.Trigger {
				file.Lookup(i, "A")
				file.Expand(i, "$A${B:-x}")
				file.Shell(i)
			}
		}
		// BuildKit's lexer prints to standard error for text that is not UTF-8.
		if _, bad := notText([]byte(text)); !bad && utf8.ValidString(text) {
			if d := disagreement(text); d != "" {
				t.Fatalf("%s\n%q", d, text)
			}
		}
	})
}

// spansNest checks the places of all parts of a file.
func spansNest(f *File) error {
	all := f.Source.Span()
	end := 0
	for n, i := range f.Instructions {
		if i.Index != n {
			return fmt.Errorf("instruction %d has index %d", n, i.Index)
		}
		if i.Lines.Start < end || i.Lines.End < i.Lines.Start {
			return fmt.Errorf("lines %v of instruction %d begin before %d", i.Lines, n, end)
		}
		end = i.Lines.End
		if !i.Lines.Contains(i.Span) || !all.Contains(i.Lines) {
			return fmt.Errorf("span %v of instruction %d is not in its lines %v", i.Span, n, i.Lines)
		}
		if err := partsNest(i); err != nil {
			return fmt.Errorf("instruction %d: %w", n, err)
		}
	}
	at := 0
	for _, p := range f.Problems {
		if p.Span.Start < at || !all.Contains(p.Span) || p.Span.Len() < 0 {
			return fmt.Errorf("problem %v is out of order or outside", p)
		}
		at = p.Span.Start
	}
	for _, c := range f.Comments {
		if !all.Contains(c) || f.Source.Bytes[c.Start] != '#' {
			return fmt.Errorf("comment %v does not begin with #", c)
		}
	}
	for _, d := range f.Directives {
		if !all.Contains(d.Span) || !d.Span.Contains(d.At) || f.Source.Text(d.At) != d.Value {
			return fmt.Errorf("directive %v is out of place", d)
		}
	}
	return nil
}

func partsNest(i *Instruction) error {
	f := i.file
	inside := func(what string, outer, s source.Span) error {
		if s.Len() < 0 || !outer.Contains(s) {
			return fmt.Errorf("%s %v is not in %v", what, s, outer)
		}
		return nil
	}
	check := func(errs ...error) error {
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
		return nil
	}
	if err := check(inside("keyword", i.Span, i.Keyword), inside("arguments", i.Span, i.Args)); err != nil {
		return err
	}
	at := i.Keyword.End
	for _, fl := range i.Flags {
		if err := inside("flag", source.Span{Start: at, End: i.Args.Start}, fl.Span); err != nil {
			return err
		}
		if fl.Value.Span.Start > 0 {
			if err := inside("flag value", fl.Span, fl.Value.Span); err != nil {
				return err
			}
		}
		at = fl.Span.End
	}
	at = i.Args.Start
	for _, w := range i.Words {
		if err := check(inside("word", i.Args, w.Span),
			inside("word", source.Span{Start: at, End: i.Args.End}, w.Span)); err != nil {
			return err
		}
		at = w.Span.End
		written := f.Source.Text(w.Span)
		if !i.Exec && !strings.Contains(written, "\n") && !strings.HasSuffix(written, string(f.Escape)) &&
			written != w.Text {
			return fmt.Errorf("word %q is %q", written, w.Text)
		}
	}
	for _, p := range i.Pairs {
		if err := check(inside("key", i.Args, p.Key.Span), inside("value", i.Args, p.Value.Span)); err != nil {
			return err
		}
		if p.Key.Span.End > p.Value.Span.Start {
			return fmt.Errorf("key %v is behind value %v", p.Key.Span, p.Value.Span)
		}
	}
	at = i.Args.End
	for _, h := range i.Heredocs {
		body := source.Span{Start: at, End: i.Span.End}
		if err := check(inside("operator", i.Span, h.Operator), inside("body", body, h.Body),
			inside("delimiter", body, h.End)); err != nil {
			return err
		}
		if h.Body.End != h.End.Start {
			return fmt.Errorf("body %v does not end at the delimiter %v", h.Body, h.End)
		}
		at = h.End.End
	}
	if view, base, ok := i.ShellView(); ok {
		end := i.Args.End
		if len(i.Heredocs) > 0 {
			end = i.Span.End
		}
		if base+len(view) != end && i.Name != "HEALTHCHECK" && i.Name != "ONBUILD" {
			return fmt.Errorf("view has %d bytes from %d, want it to end at %d", len(view), base, end)
		}
	}
	if h, view, base, ok := i.HeredocScript(); ok && (base != h.Body.Start || len(view) != h.Body.Len()) {
		return fmt.Errorf("script has %d bytes from %d, want %v", len(view), base, h.Body)
	}
	if i.Trigger != nil {
		if err := inside("trigger", i.Span, i.Trigger.Span); err != nil {
			return err
		}
		return partsNest(i.Trigger)
	}
	return nil
}
