package devcontainer

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/source"
)

// dump renders an option: what is opaque as <…>, and what is not the file's own bytes as [bytes].
func dump(f *source.File, options []Option) []string {
	var out []string
	for _, o := range options {
		text := ""
		for _, p := range o.Value.Pieces {
			switch {
			case p.Opaque:
				text += "<" + f.Text(p.Span) + ">"
			case p.Verbatim:
				text += f.Text(p.Span)
			default:
				text += "[" + f.Text(p.Span) + "]"
			}
		}
		out = append(out, o.Feature+" "+o.Name+" = "+text+" | "+string(o.Value.Text))
	}
	return out
}

func TestParse(t *testing.T) {
	f := source.NewFile("devcontainer.json", []byte("\ufeff"+`{
	// a comment
	"image": "x",
	"features": {
		"ghcr.io/devcontainers/features/nix:1": {"extraNixConfig": "a = b\nc = \u00e9\ud83d\ude00${localEnv:X}d", "multiUser": true,},
		"localhost:5000/x/y": {"v": ""},
	},
	"containerEnv": {"A": "1"}, "remoteEnv": {"B": "${x"},
}
`))
	parsed := Parse(f)
	want := []string{
		"ghcr.io/devcontainers/features/nix extraNixConfig = a = b[\\n]c = [\\u00e9][\\ud83d\\ude00]<${localEnv:X}>d " +
			"| a = b\nc = é😀xd",
		"localhost:5000/x/y v =  | ",
	}
	if diff := cmp.Diff(want, dump(f, parsed.Options)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{" A = 1 | 1", " B = ${x | ${x"}, dump(f, parsed.Env)); diff != "" {
		t.Error(diff)
	}
	if s := parsed.Options[0].Value.Span(source.Span{Start: 0, End: 5}); f.Text(s) != "a = b" {
		t.Errorf("the first setting lies at %q", f.Text(s))
	}
	if !Parse(source.NewFile("f", []byte(`{"features": `))).Broken || Parse(source.NewFile("f", []byte(`[]`))).Broken {
		t.Error("broken files are not recognised")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"features": {"a/nix:1": {"extraNixConfig": "a = b\n\ud83d\ude00${x}"}}, /* c */ "remoteEnv": {"A": "\\"}}`)
	f.Add("\ufeff{\"containerEnv\": {\"A\": \"\\ud83d\\u0041\"}}")
	f.Fuzz(func(t *testing.T, text string) {
		file := source.NewFile("devcontainer.json", []byte(text))
		parsed := Parse(file)
		for _, o := range append(parsed.Options, parsed.Env...) {
			for _, p := range o.Value.Pieces {
				if !o.Span.Contains(p.Span) || p.Verbatim && file.Text(p.Span) != p.Text {
					t.Fatalf("piece %+v of an option at %v", p, o.Span)
				}
			}
		}
	})
}
