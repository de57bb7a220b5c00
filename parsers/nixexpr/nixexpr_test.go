package nixexpr

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/source"
)

// dump renders the settings: what is not known as <…>, and what is the file's own text as it stands there.
func dump(t *testing.T, text string) string {
	t.Helper()
	f := Flake(source.NewFile("flake.nix", []byte(text)))
	out := ""
	for _, s := range f.Settings {
		out += s.Name.Text + " = "
		for _, p := range s.Value {
			switch {
			case p.Opaque:
				out += "<" + f.Source.Text(p.Span) + ">"
			case p.Verbatim && f.Source.Text(p.Span) != p.Text:
				t.Errorf("piece %q lies at %q", p.Text, f.Source.Text(p.Span))
			default:
				out += p.Text
			}
		}
		out += fmt.Sprintf(" | %s\n", f.Source.Text(s.Span))
	}
	return out
}

func TestFlake(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"set", `{ nixConfig = { a = "x y"; b = [ "u" ''v'' ]; c = 3; d = -1; e = true; f = [ ]; }; }`,
			"a = x y | a = \"x y\"\nb = u v | b = [ \"u\" ''v'' ]\nc = 3 | c = 3\nd = -1 | d = -1\n" +
				"e = true | e = true\nf =  | f = [ ]\n"},
		{"paths",
			"{ nixConfig.a = \"x\"; nixConfig.\"b-c\" = true; nixConfig.d.e = 1; nixConfig = { g.h = 2; \"i\" = 3; " +
				"}; }",
			"a = x | nixConfig.a = \"x\"\nb-c = true | nixConfig.\"b-c\" = true\ni = 3 | \"i\" = 3\n"},
		{"not literal",
			`{ nixConfig = { a = "x" + "y"; b = [ "u" v ]; c = import ./x; d = (1); e = 1.5; f = "a${b}c"; g = with ` +
				`x; y; h = true; }; }`,
			"a = <\"x\" + \"y\"> | a = \"x\" + \"y\"\nb = <[ \"u\" v ]> | b = [ \"u\" v ]\n" +
				"c = <import ./x> | c = import ./x\nd = <(1)> | d = (1)\ne = <1.5> | e = 1.5\n" +
				"f = a<${b}>c | f = \"a${b}c\"\ng = <with x; y> | g = with x; y\nh = true | h = true\n"},
		{"text that no line holds", `{ nixConfig = { a = "x # y"; b = "x\ny"; c = "q\"r"; d = ''
			x
		''; }; }`,
			"a = <\"x # y\"> | a = \"x # y\"\nb = <\"x\\ny\"> | b = \"x\\ny\"\nc = q\"r | c = \"q\\\"r\"\nd = <''\n" +
				"\t\t\tx\n\t\t''> | d = ''\n\t\t\tx\n\t\t''\n"},
		{"after other attributes", `# a comment
{
  description = "a } ; ${x "}"} flake";
  inputs.nixpkgs.url = github:NixOS/nixpkgs/nixos-23.05;
  inputs = { a.url = "x"; /* } */ };
  outputs = { self, nixpkgs, ... }@inputs:
    let
      f = x: let y = 1; in y;
      s = '' text '' + ''a ''${ b ''' ${"''"} '';
    in with nixpkgs; assert true; { inherit f; packages.x = if a then b else c; };
  nixConfig.extra-substituters = "https://c.example.org";
}
`, "extra-substituters = https://c.example.org | nixConfig.extra-substituters = \"https://c.example.org\"\n"},
		{"part of an expression", `{ nixConfig = { a = 1; } // { b = 2; }; }`, ""},
		{"a function", `x: { nixConfig = { a = 1; }; }`, ""},
		{"broken", `{ nixConfig = { a = 1; }; outputs = `, ""},
		{"something after it", `{ nixConfig = { a = 1; }; } // { }`, ""},
		{"named elsewhere", `{ outputs = { nixConfig = { a = 1; }; }; description = "nixConfig"; }`, ""},
		{"no set", `{ nixConfig = import ./conf.nix; inherit (x) nixConfig; }`, ""},
	} {
		if diff := cmp.Diff(test.want, dump(t, test.in)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestFragment(t *testing.T) {
	f := Flake(source.NewFile("flake.nix",
		[]byte(`{ nixConfig = { substituters = [ "b" "c" ]; extra-substituters = "a"; }; }`)))
	fr := f.Fragment()
	if got := string(fr.Text); got != "extra-substituters = a\nsubstituters = b c\n" {
		t.Errorf("text %q", got)
	}
	for text, want := range map[source.Span]string{
		{Start: 0, End: 18}:  "extra-substituters",
		{Start: 21, End: 22}: "a",
		{Start: 38, End: 39}: "b",
	} {
		if got := f.Source.Text(fr.Span(text)); got != want {
			t.Errorf("%v lies at %q, want %q", text, got, want)
		}
	}
	if _, _, ok := fr.Edit(source.Span{Start: 21, End: 22}, "x\"y"); ok {
		t.Error("a quote can be written into a string")
	}
}

func FuzzFlake(f *testing.F) {
	f.Add(`{ nixConfig = { a = "x y"; b = [ "u" ''v'' ]; c = -3; }; nixConfig.d = "${x {"}"}"; }`)
	f.Add(`{ outputs = x: let a = 1; in with x; { b = ''c ''${ ''' ${d}''; }; nixConfig = { }; }`)
	f.Add("{ nixConfig.\"a\\nb\" = /* x */ [ # y\n \"z\" ]; }")
	f.Fuzz(func(t *testing.T, text string) {
		file := source.NewFile("flake.nix", []byte(text))
		parsed := Flake(file)
		for _, s := range parsed.Settings {
			if !file.Span().Contains(s.Span) || !s.Span.Contains(s.Name.Span) {
				t.Fatalf("setting at %v, its name at %v", s.Span, s.Name.Span)
			}
			for _, p := range s.Value {
				if !s.Span.Contains(p.Span) || p.Verbatim && file.Text(p.Span) != p.Text {
					t.Fatalf("piece %+v of a setting at %v", p, s.Span)
				}
			}
		}
		parsed.Fragment()
	})
}
