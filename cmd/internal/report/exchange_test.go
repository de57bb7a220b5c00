package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// hostile returns a report about files with odd names, whose messages hold what means something to readers.
func hostile() *Report {
	names := []string{
		"a/b.Dockerfile", "new\nline", "tab\there", "esc\x1b[31m", "nul\x00", "bell\a", "::error file=x::y",
		"##[error]z",
		"quote\"'`", "]]>", "<b>&amp;", "größe/界面.conf", "emoji 😀", "bad\xffutf8\xe4\xb8", "\ufffe\uffff",
		"a:b%20c",
		"\u202eevil", "del\x7f\u0085", " blank ", "-dash", "../up",
	}
	res := &rules.Result{Errors: []workspace.FileError{
		{Path: "gone\n]]>", Err: errors.New("no <such> file\n::error::x")}}}
	for n, name := range names {
		f := source.NewFile(name, []byte("FROM a\nRUN "+name+"\n"))
		for range 2 {
			res.Findings = append(res.Findings, rules.Finding{Rule: []*rules.Rule{unknownRule, orderRule, tagRule}[n%3],
				Severity: rules.Severity(1 + n%4), File: f, Span: source.Span{Start: 11, End: 11 + len(name)},
				Message: "the text \"" + name + "\" is odd", Related: []rules.Related{{File: f, Message: name}}})
		}
	}
	return &Report{Result: res, Version: "0.1.0"}
}

// What the XML formats print is XML, and what a reader gets of it says the same.
func TestXMLReadBack(t *testing.T) {
	r := hostile()
	var checkstyle struct {
		Files []struct {
			Name   string `xml:"name,attr"`
			Errors []struct {
				Line     int    `xml:"line,attr"`
				Column   int    `xml:"column,attr"`
				Severity string `xml:"severity,attr"`
				Message  string `xml:"message,attr"`
				Source   string `xml:"source,attr"`
			} `xml:"error"`
		} `xml:"file"`
	}
	if err := xml.Unmarshal(render(t, "checkstyle", r), &checkstyle); err != nil {
		t.Fatal(err)
	}
	var junit struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Suites   []struct {
			Name  string `xml:"name,attr"`
			Cases []struct {
				Name    string `xml:"name,attr"`
				File    string `xml:"file,attr"`
				Failure *struct {
					Message string `xml:"message,attr"`
					Text    string `xml:",chardata"`
				} `xml:"failure"`
				Error *struct {
					Message string `xml:"message,attr"`
				} `xml:"error"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(render(t, "junit", r), &junit); err != nil {
		t.Fatal(err)
	}
	files := len(r.Result.Findings)/2 + 1
	if len(checkstyle.Files) != files || len(junit.Suites) != files || junit.Tests != files ||
		junit.Failures != files-1 || junit.Errors != 1 {
		t.Fatalf("%d files, %d suites, %d tests, %d failures, %d errors; want %d files", len(checkstyle.Files),
			len(junit.Suites), junit.Tests, junit.Failures, junit.Errors, files)
	}
	// XML cannot hold these; a reader sees signs in their place.
	signs := strings.NewReplacer("\x1b", "␛", "\x00", "␀", "\a", "␇", "\x7f", "␡", "\u0085", "<U+0085>",
		"\u202e", "<U+202E>", "\ufffe", "<U+FFFE>", "\uffff", "<U+FFFF>", "\xff", "<FF>", "\xe4\xb8", "<E4><B8>")
	for n := 1; n < files; n++ {
		f := r.Result.Findings[2*(n-1)]
		name := signs.Replace(f.File.Path)
		got, suite := checkstyle.Files[n], junit.Suites[n]
		if got.Name != name || suite.Name != name || suite.Cases[0].File != name {
			t.Errorf("%q is called %q and %q", f.File.Path, got.Name, suite.Name)
		}
		if len(got.Errors) != 2 || got.Errors[0].Line != 2 || got.Errors[0].Column != 5 ||
			got.Errors[0].Source != f.Rule.ID {
			t.Errorf("%q: %+v", name, got.Errors)
		}
		message := strings.NewReplacer("\ufffe", "<U+FFFE>", "\uffff", "<U+FFFF>").Replace(shown(f.Message))
		if got.Errors[0].Message != message || suite.Cases[0].Failure.Message != message+" (and 1 more)" {
			t.Errorf("%q: %q and %q", message, got.Errors[0].Message, suite.Cases[0].Failure.Message)
		}
		if lines := strings.Count(suite.Cases[0].Failure.Text, "\n"); lines != 1 || len(suite.Cases) != 1 {
			t.Errorf("%q: %d cases, %d lines", name, len(suite.Cases), lines)
		}
	}
	if junit.Suites[0].Cases[0].Error == nil {
		t.Error("the file that could not be read is not an error")
	}
}

func TestJUnitWithoutFindings(t *testing.T) {
	got := string(render(t, "junit", &Report{Result: &rules.Result{Checked: 3}}))
	want := `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="sandlint" tests="1" failures="0" errors="0" time="0">
  <testsuite name="sandlint" tests="1" failures="0" errors="0" skipped="0" time="0">
    <testcase name="no findings in 3 files" classname="sandlint" time="0"/>
  </testsuite>
</testsuites>
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A GitHub job runs the lines of a report on standard output that look like commands. None does, whatever a file is
// called, except in the format that prints commands, and in those that the command line puts a fence around.
func TestNoCommands(t *testing.T) {
	for _, reporter := range Reporters() {
		if reporter.Name == "github" || reporter.Raw {
			continue
		}
		for line := range strings.Lines(string(render(t, reporter.Name, hostile()))) {
			if name, _, _, is := runnerCommand(line); is {
				t.Errorf("%s: the runner takes %q for the command %s", reporter.Name, line, name)
			}
			if i := strings.IndexFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool {
				return r < ' ' || 0x7f <= r && r < 0xa0
			}); i >= 0 {
				t.Errorf("%s: %q holds a control character", reporter.Name, line)
			}
		}
	}
}

func TestGitLab(t *testing.T) {
	r := hostile()
	r.Dir = "/project/sub"
	r.Getenv = func(name string) string { return map[string]string{"CI_PROJECT_DIR": "/project"}[name] }
	f := source.NewFile("Dockerfile", []byte("FROM a\nRUN b\n"))
	r.Result.Findings = append(r.Result.Findings, rules.Finding{Rule: orderRule, Severity: rules.Error, File: f,
		Span: source.Span{Start: 5, End: 12}, Message: "over two lines"})
	var issues []struct {
		Description string `json:"description"`
		CheckName   string `json:"check_name"`
		Fingerprint string `json:"fingerprint"`
		Severity    string `json:"severity"`
		Location    struct {
			Path  string `json:"path"`
			Lines struct{ Begin, End int }
		} `json:"location"`
	}
	if err := json.Unmarshal(render(t, "gitlab", r), &issues); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, i := range issues {
		if i.Description == "" || i.CheckName == "" || i.Fingerprint == "" || seen[i.Fingerprint] ||
			!slices.Contains([]string{"info", "minor", "major", "critical", "blocker"}, i.Severity) ||
			i.Location.Path == "" || strings.HasPrefix(i.Location.Path, "./") || i.Location.Lines.Begin < 1 ||
			i.Location.Lines.End < i.Location.Lines.Begin {
			t.Errorf("%+v", i)
		}
		seen[i.Fingerprint] = true
	}
	last := issues[len(issues)-1]
	if len(issues) != len(r.Result.Findings)+1 || last.Location.Path != "sub/Dockerfile" ||
		last.Location.Lines.Begin != 1 || last.Location.Lines.End != 2 ||
		last.Description != "order/nix-config-after-nix-command: over two lines" || last.Severity != "critical" {
		t.Errorf("%d issues, the last %+v", len(issues), last)
	}
	if got := string(render(t, "gitlab", &Report{Result: &rules.Result{}})); got != "[]\n" {
		t.Errorf("without findings: %q", got)
	}
}

func TestSuggestion(t *testing.T) {
	token := "ghp_" + "9fK2mQ7xW4vB8nL1cR5tY3hJ6gD0sPzAeUoI"
	type edit struct {
		start, end int
		text       string
	}
	for _, tt := range []struct {
		name, text string
		edits      []edit
		want       string // first-last and the text
	}{
		{"a word", "a b\nc d\n", []edit{{6, 7, "e"}}, `2-2 "c e"`},
		{"two lines", "a\nb\nc\n", []edit{{0, 1, "x"}, {4, 5, "z"}}, `1-3 "x\nb\nz"`},
		{"edits in any order", "a\nb\nc\n", []edit{{4, 5, "z"}, {0, 1, "x"}}, `1-3 "x\nb\nz"`},
		{"a line goes", "a\nb\nc\n", []edit{{2, 4, ""}}, `2-2 ""`},
		{"the last line goes", "a\nb\n", []edit{{2, 4, ""}}, `2-2 ""`},
		{"a line comes before another", "a\nb\n", []edit{{2, 2, "x\n"}}, `2-2 "x\nb"`},
		{"a line comes at the end", "a\nb\n", []edit{{4, 4, "x\n"}}, `2-2 "b\nx"`},
		{"a line moves up", "a\nb\nc\n", []edit{{0, 0, "c\n"}, {4, 6, ""}}, `1-3 "c\na\nb"`},
		{"CRLF", "a\r\nb\r\n", []edit{{0, 1, "x"}}, `1-1 "x"`},
		{"no line end at the end", "a", []edit{{0, 1, "x"}}, `1-1 "x"`},
		{"a line becomes empty", "a\nb\n", []edit{{0, 1, ""}}, ""},
		{"a password", token + "\n", []edit{{0, 0, "x "}}, ""},
		{"invalid UTF-8", "a\xff\n", []edit{{0, 1, "x"}}, ""},
		{"a long line", strings.Repeat("x", 9000), []edit{{0, 1, "y"}}, ""},
		{"advice", "a\n", nil, ""},
	} {
		f := source.NewFile("f", []byte(tt.text))
		fix := fixers.Fix{Safety: fixers.Safe}
		for _, e := range tt.edits {
			fix.Edits = append(fix.Edits,
				fixers.Edit{File: f, Span: source.Span{Start: e.start, End: e.end}, Text: e.text})
		}
		got := ""
		if s, ok := suggestion(&rules.Finding{File: f}, fix); ok {
			got = fmt.Sprintf("%d-%d %q", s.Range.Start.Line, s.Range.End.Line, s.Text)
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	other := source.NewFile("g", []byte("a\n"))
	if _, ok := suggestion(&rules.Finding{File: source.NewFile("f", nil)},
		fixers.Fix{Edits: []fixers.Edit{{File: other, Text: "x"}}}); ok {
		t.Error("an edit of another file is suggested")
	}
}

// Only a safe fix is suggested, and one alone.
func TestSuggestionOfFinding(t *testing.T) {
	f := source.NewFile("f", []byte("ä b\n"))
	fix := func(safety fixers.Safety, text string) fixers.Fix {
		return fixers.Fix{Safety: safety,
			Edits: []fixers.Edit{{File: f, Span: source.Span{Start: 3, End: 4}, Text: text}}}
	}
	r := &Report{Result: &rules.Result{Findings: []rules.Finding{{Rule: tagRule, Severity: rules.Error, File: f,
		Span: source.Span{Start: 3, End: 4}, Message: "m",
		Fixes: []fixers.Fix{fix(fixers.Unsafe, "x"), fix(fixers.Safe, "y"), fix(fixers.Safe, "z")}}}}}
	var d rdDiagnostic
	if err := json.Unmarshal(render(t, "rdjsonl", r), &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Suggestions) != 1 || d.Suggestions[0].Text != "ä y" || d.Location.Range.Start.Column != 4 {
		t.Errorf("%+v", d)
	}
}

// BenchmarkFormats prints how long each format takes for a finding: it must not grow with their number, neither in many
// lines nor in one.
func BenchmarkFormats(b *testing.B) {
	for _, shape := range []string{"lines", "line"} {
		for _, n := range []int{1000, 5000, 30000} {
			end := "\n"
			if shape == "line" {
				end = " "
			}
			f := source.NewFile("nix.conf", []byte(strings.Repeat("sanbox = true"+end, n)))
			res := &rules.Result{Checked: 1}
			for i := range n {
				span := source.Span{Start: 14 * i, End: 14*i + 6}
				res.Findings = append(res.Findings, rules.Finding{Rule: unknownRule, Severity: rules.Warning, File: f,
					Span: span, Message: `setting "sanbox" is unknown`, Fixes: []fixers.Fix{{Title: "Rename to sandbox",
						Safety: fixers.Safe, Edits: []fixers.Edit{{File: f, Span: span, Text: "sandbox"}}}}})
			}
			for _, reporter := range Reporters() {
				b.Run(fmt.Sprintf("%s/%s/%d", reporter.Name, shape, n), func(b *testing.B) {
					for range b.N {
						err := reporter.Write(io.Discard, &Report{Result: res, Version: "0.1.0"})
						var cut CutError
						if err != nil && !errors.As(err, &cut) {
							b.Fatal(err)
						}
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/finding")
				})
			}
		}
	}
}

// Nothing that a report prints of a file holds a password.
func TestNoPasswords(t *testing.T) {
	token := "ghp_" + "9fK2mQ7xW4vB8nL1cR5tY3hJ6gD0sPzAeUoI"
	f := source.NewFile("Dockerfile", []byte("FROM a\nRUN x "+token+"\nRUN y\n"))
	finding := rules.Finding{Rule: tagRule, Severity: rules.Error, File: f, Span: source.Span{Start: 7, End: 12},
		Message: "a token " + token, Related: []rules.Related{{File: f, Message: token}},
		Fixes: []fixers.Fix{{Title: "Write " + token, Safety: fixers.Safe, Edits: []fixers.Edit{
			{File: f, Span: source.Span{Start: 7, End: 10}, Text: "ENV"}}}}}
	r := &Report{Result: &rules.Result{Findings: []rules.Finding{finding}}}
	for _, reporter := range Reporters() {
		if out := render(t, reporter.Name, r); bytes.Contains(out, []byte(token)) {
			t.Errorf("%s shows the token:\n%s", reporter.Name, out)
		}
	}
}
