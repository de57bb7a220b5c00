package rules_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// TestSubjects has a rule of each kind report what it is given.
func TestSubjects(t *testing.T) {
	at := func(p *rules.Pass, f *source.File, s source.Span, format string, args ...any) {
		p.Report(rules.Finding{File: f, Span: s, Message: fmt.Sprintf(format, args...)})
	}
	rule := func(id string, check rules.Adapter) *rules.Rule {
		return &rules.Rule{ID: "t/" + id, Severity: rules.Warning, Check: check}
	}
	all := []*rules.Rule{
		rule("command", rules.OnCommand(
			func(p *rules.Pass, c *image.Command) { at(p, c.File, c.Span, "%s in %s", c.Name, c.Step.Name) }, "curl",
			"cat")),
		rule("document", rules.OnDocument("a flake",
			func(p *rules.Pass, h *nixuse.Hosted) { at(p, h.Source, source.Span{}, "%d texts", len(h.Texts)) })),
		rule("dockerfile", rules.OnDockerfile(
			func(p *rules.Pass, d *image.Dockerfile) { at(p, d.Source, source.Span{}, "%d stages", len(d.Stages)) })),
		rule("image", rules.OnImage(func(p *rules.Pass, img *image.Image) {
			at(p, img.Dockerfile.Source, img.Stage.From.Span, "stage %d", img.Stage.Index)
		})),
		rule("profile", rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
			at(p, profile.Source, source.Span{}, "%d rules", len(profile.Rules))
		})),
		rule("step", rules.OnStep(func(p *rules.Pass, s *image.Step) {
			at(p, s.Dockerfile().Source, s.Keyword, "%s deferred %v as %q", s.Name, s.Deferred, s.User().Text)
		}, "RUN", "COPY")),
		rule("text", rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
			p.ReportText(text, text.Entries[0].Span, "%s", text.Entries[0].Name.Text)
		})),
		rule("timeline", rules.OnTimeline(func(p *rules.Pass, img *nixuse.Image) {
			at(p, img.Dockerfile.Source, img.Stage.From.Span, "%d events", len(img.Events))
		})),
	}
	ws := load(t, map[string]string{
		"Dockerfile": "FROM a\nUSER u\nONBUILD RUN curl x\nRUN f() { cat y; }; f\nFROM b\nCOPY s.sh /\n" +
			"RUN sh /s.sh && echo cores = 1 > /etc/nix/nix.conf\n",
		"s.sh":         "cat /etc/hostname\n",
		"nix.conf":     "max-jobs = 1\n",
		"seccomp.json": `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []}`,
		"flake.nix":    `{ nixConfig = { sandbox = false; }; }`,
	})
	got := render(rules.Check(ws, set(t, pack(all...), rules.Selection{}), rules.CheckOptions{}).Findings)
	want := `Dockerfile:1:1 warning t/dockerfile: 2 stages
Dockerfile:1:1 warning t/image: stage 0
Dockerfile:3:9 warning t/step: RUN deferred true as "u"
Dockerfile:3:13 warning t/command: curl in RUN
Dockerfile:4:1 warning t/step: RUN deferred false as "u"
Dockerfile:4:11 warning t/command: cat in RUN
Dockerfile:5:1 warning t/image: stage 1
Dockerfile:5:1 warning t/timeline: 1 events
Dockerfile:6:1 warning t/step: COPY deferred false as ""
Dockerfile:7:1 warning t/step: RUN deferred false as ""
Dockerfile:7:22 warning t/text: cores
flake.nix:1:1 warning t/document: 1 texts
flake.nix:1:17 warning t/text: sandbox
nix.conf:1:1 warning t/text: max-jobs
s.sh:1:1 warning t/command: cat in RUN
seccomp.json:1:1 warning t/profile: 0 rules
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// together reports each Dockerfile whose base another one has too, and renames the base of both.
var together = &rules.Rule{
	ID: "t/together", Severity: rules.Warning, Fixes: []fixers.Safety{fixers.Unsafe},
	Check: rules.OnWorkspace(func(p *rules.Pass) {
		byBase := map[string][]*workspace.Document{}
		for doc := range p.Documents(files.KindDockerfile) {
			base := doc.Dockerfile.Stages[0].Base.Text
			byBase[base] = append(byBase[base], doc)
		}
		for base, docs := range byBase {
			if len(docs) < 2 {
				continue
			}
			fix := fixers.Fix{
				Title:   "Rename both",
				Safety:  fixers.Unsafe,
				Changes: fixers.Changes{fixdocker.Instructions{}},
			}
			for _, doc := range docs {
				fix.Edits = append(fix.Edits, fixers.Edit{
					File: doc.Source,
					Span: doc.Dockerfile.Stages[0].Base.Span,
					Text: base + "-" + strings.ToLower(doc.Entry.Path[:1]),
				})
			}
			p.Report(rules.Finding{
				File: docs[0].Source, Span: docs[0].Dockerfile.Stages[0].Base.Span,
				Message: fmt.Sprintf("%d files are based on %s", len(docs), base),
				Related: []rules.Related{
					{File: docs[1].Source, Span: docs[1].Dockerfile.Stages[0].Base.Span, Message: "here as well"},
				}, Fixes: []fixers.Fix{fix},
			})
		}
	}),
}

// TestWorkspaceRule applies a rule about two files: it runs once, its findings can be suppressed, and its fix of both
// files is proved and applied.
func TestWorkspaceRule(t *testing.T) {
	texts := map[string]string{
		"a/Dockerfile": "FROM x\nRUN a\n", "b/Dockerfile": "FROM x\nRUN b\n",
		"c/Dockerfile": "# sandlint: ignore[t/together] on purpose\nFROM y\n", "d/Dockerfile": "FROM y\n",
	}
	ws := load(t, texts)
	s := set(t, pack(together), rules.Selection{})
	result := rules.Check(ws, s, rules.CheckOptions{Fixes: true})
	want := "a/Dockerfile:1:6 warning t/together: 2 files are based on x (unsafe: Rename both)\n"
	if got := render(result.Findings); got != want {
		t.Error(got)
	}
	if len(result.Suppressed) != 1 || len(result.Rejected) != 0 || len(result.Findings[0].Fixes) != 1 {
		t.Errorf("%d suppressed, rejected %v", len(result.Suppressed), result.Rejected)
	}
	got := fixed(rules.Fix(ws, s, rules.FixOptions{Unsafe: true}))
	want = "== a/Dockerfile\nFROM x-a\nRUN a\napplied unsafe t/together: Rename both\n" +
		"== b/Dockerfile\nFROM x-b\nRUN b\napplied unsafe t/together: Rename both\n== left\n== rejected\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestWorkspaceRuleDefect has such a rule panic: the run says so, and the findings of others stay.
func TestWorkspaceRuleDefect(t *testing.T) {
	broken := &rules.Rule{
		ID:       "t/broken",
		Severity: rules.Warning,
		Check:    rules.OnWorkspace(func(*rules.Pass) { panic("oh") }),
	}
	ws := load(t, map[string]string{"Dockerfile": "FROM x\nRUN a\n"})
	result := rules.Check(ws, set(t, pack(broken, eachRun), rules.Selection{}), rules.CheckOptions{Stacks: true})
	if len(result.Errors) != 1 ||
		!strings.Contains(result.Errors[0].Error(), "a defect in sandlint, please report it: oh\n") ||
		!strings.Contains(result.Errors[0].Error(), "subject_test.go") {
		t.Errorf("errors %v", result.Errors)
	}
	if len(result.Findings) != 1 {
		t.Errorf("findings %v", result.Findings)
	}
}

type limits struct {
	Most  int      `option:"most" doc:"how many stages there may be"`
	Names []string `option:"names" doc:"the names that stages may have"`
}

// TestOptions hands options to a rule: the defaults, and what a selection sets.
func TestOptions(t *testing.T) {
	rule := &rules.Rule{
		ID:       "t/limits",
		Aliases:  []string{"T1"},
		Summary:  "there are too many stages",
		Severity: rules.Warning,
		Options:  limits{Most: 2, Names: []string{"a"}},
		Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
			o := rules.OptionsOf[limits](p)
			p.Report(rules.Finding{File: d.Source, Message: fmt.Sprintf("%d %v", o.Most, o.Names)})
		}),
	}
	ws := load(t, map[string]string{"Dockerfile": "FROM x\n"})
	for _, tt := range []struct {
		options map[string]map[string]any
		want    string
	}{
		{nil, "2 [a]"},
		{map[string]map[string]any{"T1": {"most": 7}}, "7 [a]"},
		{map[string]map[string]any{"t/limits": {"most": 1, "names": []string{}}}, "1 []"},
		{map[string]map[string]any{"t/limits": {"mosts": 1}},
			`option "mosts" of rule "t/limits": there is none of that name; did you mean "most"?`},
		{map[string]map[string]any{"t/limits": {"most": "1"}},
			`option "most" of rule "t/limits": it must be a whole number`},
		{map[string]map[string]any{"t/limit": {"most": 1}},
			`there is no rule or pack "t/limit"; did you mean "t/limits"?`},
	} {
		s, err := rules.NewSet(pack(rule), rules.Selection{Options: tt.options})
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = rules.Check(ws, s, rules.CheckOptions{}).Findings[0].Message
		}
		if got != tt.want {
			t.Errorf("%v: got %s, want %s", tt.options, got, tt.want)
		}
	}
	page := rule.Markdown(rules.Page{Prose: "Prose."})
	if want := "| most | whole number | `2` | how many stages there may be |\n" +
		"| names | list of strings | `[\"a\"]` | the names that stages may have |\n"; !strings.Contains(
		page,
		want,
	) {
		t.Errorf("the page lacks the options:\n%s", page)
	}
}

// TestPagesAnywhere has a pack whose pages lie in a file system of its own, with help at another address.
func TestPagesAnywhere(t *testing.T) {
	rule := &rules.Rule{
		ID:       "own/rule",
		Summary:  "a thing is wrong",
		Severity: rules.Warning,
		Category: rules.Correctness,
		Since:    "1.0",
		Check:    eachRun.Check,
	}
	var pages fs.FS = fstest.MapFS{"rule.txtar": &fstest.MapFile{Data: []byte("Why.\n-- bad/Dockerfile --\nFROM x\n" +
		"RUN a\n")}}
	own := rules.Pack{
		Name:  "own",
		Rules: []*rules.Rule{rule},
		Pages: pages,
		Help:  func(r *rules.Rule) string { return "https://example.org/" + r.ID },
	}
	page, err := own.Page(rule)
	if err != nil || page.Prose != "Why.\n" || len(page.Cases) != 1 {
		t.Errorf("%v, %+v", err, page)
	}
	s, err := rules.NewSet([]rules.Pack{own},
		rules.Selection{Severity: map[string]rules.Severity{"own/rule": rules.Error}})
	if err != nil {
		t.Fatal(err)
	}
	result := rules.Check(load(t, map[string]string{"Dockerfile": "FROM x\nRUN a\n"}), s, rules.CheckOptions{})
	if got := result.Help(rule); got != "https://example.org/own/rule" {
		t.Error(got)
	}
	if got := result.Rules; len(got) != 1 || got[0].Rule != rule || got[0].Effective != rules.Error ||
		got[0].Help != "https://example.org/own/rule" {
		t.Errorf("the rules of the run: %+v", got)
	}
}
