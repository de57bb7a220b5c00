package rules_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// replacer reports a word wherever it stands in a Dockerfile, and replaces it.
func replacer(id, word, with string, safety fixers.Safety, changes fixers.Changes) *rules.Rule {
	return &rules.Rule{
		ID:       id,
		Severity: rules.Warning,
		Fixes:    []fixers.Safety{safety},
		Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
			for at := 0; ; {
				n := bytes.Index(d.Source.Bytes[at:], []byte(word))
				if n < 0 {
					return
				}
				span := source.Span{Start: at + n, End: at + n + len(word)}
				at = span.End
				p.Report(rules.Finding{File: d.Source, Span: span, Message: word + " is here", Fixes: []fixers.Fix{{
					Title: fmt.Sprintf("Replace %s", word), Safety: safety, Changes: changes,
					Edits: []fixers.Edit{{File: d.Source, Span: span, Text: with}},
				}}})
			}
		}),
	}
}

// misplaced reports each Dockerfile with a fix whose edit the proof must refuse.
func misplaced(title string, edit func(*source.File) fixers.Edit) *rules.Rule {
	return &rules.Rule{
		ID:       "t/a",
		Severity: rules.Error,
		Fixes:    []fixers.Safety{fixers.Safe},
		Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
			p.Report(rules.Finding{File: d.Source, Message: "bad", Fixes: []fixers.Fix{
				{Title: title, Safety: fixers.Safe, Edits: []fixers.Edit{edit(d.Source)}},
			}})
		}),
	}
}

// fixed shows the result of Fix.
func fixed(r *rules.FixResult) string {
	var b strings.Builder
	for _, f := range r.Files {
		fmt.Fprintf(&b, "== %s\n%s", f.File.Path, f.After)
		for _, a := range f.Applied {
			fmt.Fprintf(&b, "applied %s %s: %s\n", a.Safety, a.Rule.ID, a.Title)
		}
	}
	return b.String() + "== left\n" + render(r.After.Findings) + "== rejected\n" + rejected(r.Rejected)
}

// TestFix applies fixes of rules that keep their promise, and withholds those that do not.
func TestFix(t *testing.T) {
	const text = "FROM scratch\nRUN colour one\nRUN colour two\n"
	instructions := fixers.Changes{fixdocker.Instructions{}}
	tests := []struct {
		name   string
		list   []*rules.Rule
		text   string
		unsafe bool
		want   string
	}{
		{
			"a fix that does what it says",
			[]*rules.Rule{replacer("t/a", "colour", "color", fixers.Safe, instructions)}, text, false,
			"== Dockerfile\nFROM scratch\nRUN color one\nRUN color two\napplied safe t/a: Replace colour\n" +
				"applied safe t/a: Replace colour\n== left\n== rejected\n",
		},
		{
			"an unsafe one is not applied",
			[]*rules.Rule{replacer("t/a", "colour", "color", fixers.Unsafe, instructions)}, text, false,
			"== left\nDockerfile:2:5 warning t/a: colour is here\nDockerfile:3:5 warning t/a: colour is here\n" +
				"== rejected\n",
		},
		{
			"unless FixOptions.Unsafe is set",
			[]*rules.Rule{replacer("t/a", "colour", "color", fixers.Unsafe, instructions)},
			text, true,
			"== Dockerfile\nFROM scratch\nRUN color one\nRUN color two\napplied unsafe t/a: Replace colour\n" +
				"applied unsafe t/a: Replace colour\n== left\n== rejected\n",
		},
		{
			"a fix that changes more than it declares",
			[]*rules.Rule{replacer("t/a", "colour", "color", fixers.Safe, fixers.Changes{})}, text, false,
			"== left\nDockerfile:2:5 warning t/a: colour is here\nDockerfile:3:5 warning t/a: colour is here\n" +
				"== rejected\nDockerfile t/a: Replace colour: …\n",
		},
		{
			"a fix that breaks the file",
			[]*rules.Rule{replacer("t/a", "RUN colour", "RNU color", fixers.Safe, instructions)}, text, false,
			"== left\nDockerfile:2:1 warning t/a: RUN colour is here\n" +
				"Dockerfile:3:1 warning t/a: RUN colour is here\n" +
				"== rejected\nDockerfile t/a: Replace RUN colour: …\n",
		},
		{
			"a fix that adds a flag that does not exist",
			[]*rules.Rule{replacer("t/a", "RUN colour", "RUN --color", fixers.Safe, instructions)}, text, false,
			"== left\nDockerfile:2:1 warning t/a: RUN colour is here\n" +
				"Dockerfile:3:1 warning t/a: RUN colour is here\n" +
				"== rejected\nDockerfile t/a: Replace RUN colour: …\n",
		},
		{
			"a fix that leaves its finding",
			[]*rules.Rule{replacer("t/a", "colour", "colour ", fixers.Safe, instructions)}, text, false,
			"== left\nDockerfile:2:5 warning t/a: colour is here\nDockerfile:3:5 warning t/a: colour is here\n" +
				"== rejected\nDockerfile t/a: Replace colour: …\n",
		},
		{
			"a fix that changes nothing", []*rules.Rule{replacer("t/a", "colour", "colour", fixers.Safe, instructions)},
			text, false,
			"== left\nDockerfile:2:5 warning t/a: colour is here\nDockerfile:3:5 warning t/a: colour is here\n" +
				"== rejected\nDockerfile t/a: Replace colour: …\n",
		},
		{
			"a fix that brings a finding of another rule",
			[]*rules.Rule{replacer("t/a", "colour", "color", fixers.Safe, instructions),
				replacer("t/b", "color ", "hue ", fixers.Manual, instructions)},
			text, false,
			"== left\nDockerfile:2:5 warning t/a: colour is here\nDockerfile:3:5 warning t/a: colour is here\n" +
				"== rejected\nDockerfile t/a: Replace colour: …\n",
		},
		{
			"a fix that breaks one place of two",
			[]*rules.Rule{replacer("t/a", "RUN", "SHELL", fixers.Safe, instructions)},
			"FROM scratch\nRUN [\"a\"]\nRUN b\n", false,
			"== Dockerfile\nFROM scratch\nSHELL [\"a\"]\nRUN b\napplied safe t/a: Replace RUN\n== left\n" +
				"Dockerfile:3:1 warning t/a: RUN is here\n== rejected\nDockerfile t/a: Replace RUN: …\n",
		},
		{
			"fixes that undo each other",
			[]*rules.Rule{replacer("t/a", "cat", "dog", fixers.Safe, instructions),
				replacer("t/b", "dog", "cat", fixers.Safe, instructions)},
			"FROM scratch\nRUN cat\n", false,
			"== left\nDockerfile:2:5 warning t/a: cat is here\n== rejected\nDockerfile t/a: Replace cat: …\n",
		},
		{
			"fixes that build on each other",
			[]*rules.Rule{replacer("t/a", "one", "two", fixers.Safe, instructions),
				replacer("t/b", "two", "three", fixers.Safe, instructions)},
			"FROM scratch\nRUN two\nRUN x\n", false,
			"== Dockerfile\nFROM scratch\nRUN three\nRUN x\napplied safe t/b: Replace two\n== left\n== rejected\n",
		},
		{
			"a suppressed finding keeps its text",
			[]*rules.Rule{replacer("t/a", "colour", "color", fixers.Safe, instructions)},
			"FROM scratch\n# sandlint: ignore[t/a]\nRUN colour one\nRUN colour two\n", false,
			"== Dockerfile\nFROM scratch\n# sandlint: ignore[t/a]\nRUN colour one\nRUN color two\n" +
				"applied safe t/a: Replace colour\n== left\n== rejected\n",
		},
		{
			"edits that lie outside of the file",
			[]*rules.Rule{misplaced("Write behind the end", func(f *source.File) fixers.Edit {
				return fixers.Edit{File: f, Span: source.Span{Start: 1000, End: 1001}}
			})},
			text, false,
			"== left\nDockerfile:1:1 error t/a: bad\n== rejected\nDockerfile t/a: Write behind the end: …\n",
		},
		{
			"edits of a file that is not there",
			[]*rules.Rule{misplaced("Write elsewhere", func(*source.File) fixers.Edit {
				return fixers.Edit{File: source.NewFile("/etc/passwd", nil), Text: "x"}
			})},
			text, false,
			"== left\nDockerfile:1:1 error t/a: bad\n== rejected\nDockerfile t/a: Write elsewhere: …\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all := slices.Concat(packs.All(), pack(tt.list...))
			s := set(t, all, rules.Selection{Only: []string{"t"}})
			ws := load(t, map[string]string{"Dockerfile": tt.text})
			result := rules.Fix(ws, s, rules.FixOptions{Unsafe: tt.unsafe})
			got := fixed(result)
			for _, w := range result.Rejected {
				if w.Reason == "" {
					t.Error("a fix is rejected without a reason")
				}
				got = strings.Replace(got, ": "+w.Reason+"\n", ": …\n", 1)
			}
			lines := strings.Split(got, "\n") // two fixes of one rule may fail for one reason
			if diff := cmp.Diff(tt.want, strings.Join(slices.Compact(lines), "\n")); diff != "" &&
				cmp.Diff(tt.want, got) != "" {
				t.Errorf("(-want +got):\n%s\nreasons:\n%s", diff, rejected(result.Rejected))
			}

			// What Check shows agrees with it: a fix that is rejected is not shown.
			shown := rules.Check(ws, s, rules.CheckOptions{Fixes: true})
			if len(shown.Rejected) == 0 && len(result.Rejected) > 0 && !strings.Contains(tt.name, "undo each other") {
				t.Error("Fix withholds what Check shows")
			}
			again := rules.Fix(ws, s, rules.FixOptions{Unsafe: tt.unsafe})
			if a, b := fixed(result), fixed(again); a != b {
				t.Errorf("a second run gives another result:\n%s", cmp.Diff(a, b))
			}
		})
	}
}

// TestRejectedReasons checks the reasons for which fixes that break something are rejected.
func TestRejectedReasons(t *testing.T) {
	for _, tt := range []struct {
		rule *rules.Rule
		want string
	}{
		{replacer("t/a", "RUN", "RNU", fixers.Safe, fixers.Changes{fixdocker.Instructions{}}), "does not parse"},
		{replacer("t/a", "RUN", "RUN ", fixers.Safe, fixers.Changes{fixdocker.Instructions{}}),
			"the finding is still there"},
		{replacer("t/a", "RUN a", "RUN b", fixers.Safe, fixers.Changes{}), ""},
		{replacer("t/a", "RUN", "RUN", fixers.Safe, fixers.Changes{}), "it changes nothing"},
	} {
		ws := load(t, map[string]string{"Dockerfile": "FROM scratch\nRUN a\n"})
		result := rules.Check(ws,
			set(t, slices.Concat(packs.All(), pack(tt.rule)), rules.Selection{Only: []string{"t"}}),
			rules.CheckOptions{Fixes: true})
		if len(result.Rejected) != 1 || !strings.Contains(result.Rejected[0].Reason, tt.want) {
			t.Errorf("rejected %s, want something with %q", rejected(result.Rejected), tt.want)
		}
		for _, f := range result.Findings {
			if len(f.Fixes) > 0 {
				t.Errorf("%s is shown all the same", f.Fixes[0].Title)
			}
		}
	}
}

// TestFixLinked fixes a nix.conf that a Dockerfile copies. Both are proved together: a fix of one file must not bring a
// finding in the other.
func TestFixLinked(t *testing.T) {
	const cores = "cores = 1\n"
	change := &rules.Rule{
		ID:       "t/one",
		Severity: rules.Warning,
		Fixes:    []fixers.Safety{fixers.Safe},
		Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
			for _, entry := range text.Entries {
				if entry.Value == "1" && text.Fragment.Whole() {
					p.Report(rules.Finding{
						File:    text.Fragment.File,
						Span:    entry.ValueSpan,
						Message: "one",
						Fixes: []fixers.Fix{{
							Title: "Write 2", Safety: fixers.Safe, Changes: fixers.Changes{fixnix.Settings{"cores"}},
							Edits: []fixers.Edit{{File: text.Fragment.File, Span: entry.ValueSpan, Text: "2"}},
						}},
					})
				}
			}
		}),
	}
	rejects2 := &rules.Rule{
		ID:       "t/two",
		Severity: rules.Error,
		Check: rules.OnTimeline(func(p *rules.Pass, img *nixuse.Image) {
			if value, known := img.SettingsBefore(nil).Value("cores"); known && value == "2" {
				p.Report(rules.Finding{
					File:    img.Dockerfile.Source,
					Span:    img.Stage.From.Span,
					Message: "an image with two cores",
				})
			}
		}),
	}
	files := map[string]string{
		"a/Dockerfile": "FROM nixos/nix\nCOPY nix.conf /etc/nix/nix.conf\nRUN nix-build\n", "a/nix.conf": cores,
		"b/nix.conf": cores, "c/Dockerfile": "FROM nixos/nix\nRUN nix-build\n",
	}
	s := set(t, pack(change, rejects2), rules.Selection{})
	got := fixed(rules.Fix(load(t, files), s, rules.FixOptions{}))
	want := `== b/nix.conf
cores = 2
applied safe t/one: Write 2
== left
a/nix.conf:1:9 warning t/one: one
== rejected
a/nix.conf t/one: Write 2: a new finding has come: an image with two cores (t/two)
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	// Without the other rule both are fixed, and what is found afterwards is that of the new texts.
	got = fixed(rules.Fix(load(t, files), set(t, pack(change, rejects2), rules.Selection{Ignore: []string{"t/two"}}),
		rules.FixOptions{}))
	want = "== a/nix.conf\ncores = 2\napplied safe t/one: Write 2\n== b/nix.conf\ncores = 2\n" +
		"applied safe t/one: Write 2\n== left\n== rejected\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestFixBothFiles applies one fix that edits a Dockerfile and the file that it copies.
func TestFixBothFiles(t *testing.T) {
	both := &rules.Rule{
		ID:       "t/both",
		Severity: rules.Warning,
		Fixes:    []fixers.Safety{fixers.Unsafe},
		Check: rules.OnTimeline(func(p *rules.Pass, img *nixuse.Image) {
			for _, e := range img.Events {
				if e.Kind != nixuse.WriteConfig || e.Text == nil || e.Text.Host != nixuse.HostFile ||
					len(e.Text.Entries) == 0 || e.Text.Entries[0].Value != "1" {
					continue
				}
				copied, text := img.Dockerfile.Source, e.Text.Fragment.File
				p.Report(
					rules.Finding{File: copied, Span: e.Span, Message: "a file with one core", Fixes: []fixers.Fix{{
						Title: "Copy another one", Safety: fixers.Unsafe,
						Changes: fixers.Changes{fixdocker.Instructions{}, fixnix.Settings{"cores"}},
						Edits: []fixers.Edit{
							{File: text, Span: e.Text.Entries[0].ValueSpan, Text: "2"},
							{
								File: copied,
								Span: source.Span{Start: e.Span.Start, End: e.Span.Start},
								Text: "--chmod=644 ",
							},
						},
					}}},
				)
			}
		}),
	}
	ws := load(t, map[string]string{
		"Dockerfile": "FROM nixos/nix\nCOPY nix.conf /etc/nix/nix.conf\nRUN nix-build\n",
		"nix.conf":   "cores = 1\n",
	})
	s := set(t, slices.Concat(packs.All(), pack(both)), rules.Selection{Only: []string{"t"}})
	got := fixed(rules.Fix(ws, s, rules.FixOptions{Unsafe: true}))
	want := "== Dockerfile\nFROM nixos/nix\nCOPY --chmod=644 nix.conf /etc/nix/nix.conf\nRUN nix-build\n" +
		"applied unsafe t/both: Copy another one\n" +
		"== nix.conf\ncores = 2\napplied unsafe t/both: Copy another one\n== left\n== rejected\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestFixKeepsBytes leaves everything that is not edited as it is.
func TestFixKeepsBytes(t *testing.T) {
	const text = "\ufeffFROM scratch\r\n# caf\xe9\r\nRUN  colour\tone \r\nLABEL a=\"\u00e9\" \\\n\t b=c"
	ws := load(t, map[string]string{"Dockerfile": text})
	s := set(t, pack(replacer("t/a", "colour", "color", fixers.Safe, fixers.Changes{fixdocker.Instructions{}})),
		rules.Selection{})
	result := rules.Fix(ws, s, rules.FixOptions{})
	if len(result.Files) != 1 || string(result.Files[0].After) != strings.Replace(text, "colour", "color", 1) {
		t.Errorf("%s", fixed(result))
	}
	if got := string(result.Files[0].File.Bytes); got != text {
		t.Errorf("the file before is %q", got)
	}
}
