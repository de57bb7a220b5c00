package custom

import (
	"testing"

	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// FuzzPack loads random packs, runs those that load over files of several kinds, and their tests.
func FuzzPack(f *testing.F) {
	f.Add(withRule(), "FROM debian:12\nRUN a && b\n")
	f.Add(withRule("top:locals {\n a = [1, \"b\"]\n}\nfunction \"f\" {\n params = [x]\n result = x\n}",
		`when = contains(node.words, f("a:12")) || anytrue([for i in file.images : i.tag == "12"])`),
		"FROM debian:12 AS a\nFROM a\n")
	f.Add(withRule("on = dockerfile.command", "at = node.words[1]", `when = try(node.words[1], "") != ""`,
		"fix {\n title = \"t\"\n applicability = \"unsafe\"\n replace {\n target = node.words[1]\n with = \"x\"\n }\n}",
	), "FROM debian:12\nRUN npm install\n")
	for _, k := range Kinds() {
		on := k.Name
		if k.Index != "" {
			on += `["ptrace"]`
		}
		f.Add("pack \"x\" {}\nrule \"r\" {\n  summary = \"s\"\n  on = "+on+"\n"+k.Example+"}\n", k.Bad)
	}
	names := []string{"Dockerfile", "etc/nix/nix.conf", "seccomp.json", "compose.yaml", "pod.yaml"}
	f.Fuzz(func(t *testing.T, text, file string) {
		s, problems := Read(source.NewFile("pack.hcl", []byte(text)))
		for _, p := range problems {
			if p.Span.Start < 0 || p.Span.End > len(text) || p.Span.Start > p.Span.End || p.Message == "" {
				t.Fatalf("problem %+v", p)
			}
		}
		if len(problems) > 0 {
			return
		}
		p, problems := s.Pack(Options{Version: "0.1.0", Unset: true})
		if (p == nil) != (len(problems) > 0) {
			t.Fatalf("a pack with problems: %v", problems)
		}
		if p == nil || len(file) > 10_000 {
			return
		}
		set, err := rules.NewSet([]rules.Pack{p.Rules()}, rules.Selection{Only: []string{"all"}})
		if err != nil {
			t.Fatal(err)
		}
		texts := map[string][]byte{}
		for _, name := range names {
			texts[name] = []byte(file)
		}
		ws, err := rules.InMemory(workspace.DefaultTargets(), texts)
		if err != nil {
			t.Fatal(err)
		}
		result := rules.Check(ws, set, rules.CheckOptions{Fixes: true})
		for _, e := range result.Errors {
			if e.Err != nil && len(e.Err.Error()) > 6 && e.Err.Error()[:6] == "a defe" {
				t.Fatal(e.Err)
			}
		}
		for _, f := range result.Findings {
			if f.Span.Start < 0 || f.Span.End > len(f.File.Bytes) || f.Span.Start > f.Span.End {
				t.Fatalf("%s at %v", f.Message, f.Span)
			}
		}
	})
}
