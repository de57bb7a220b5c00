package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// sarifLog is what the tests read of a report.
type sarifLog struct {
	Runs []struct {
		Tool        sarifTool
		Results     []sarifResult
		Invocations []sarifInvocation
		Artifacts   []sarifArtifact
	}
}

func sarifOf(t *testing.T, r *Report) sarifLog {
	t.Helper()
	var b bytes.Buffer
	var cut CutError
	if err := writeSARIF(&b, r); err != nil && !errors.As(err, &cut) {
		t.Fatal(err)
	}
	var log sarifLog
	if err := json.Unmarshal(b.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	return log
}

// TestSARIFRegions checks that columns count UTF-16 units, that a byte order mark does not count, and that the end of
// the file is no line of its own.
func TestSARIFRegions(t *testing.T) {
	type span = source.Span
	for _, tt := range []struct {
		name, text string
		span       span
		want       string // startLine:startColumn-endLine:endColumn
		snippet    string
	}{
		{"a word", "a b\n", span{Start: 2, End: 3}, "1:3-1:4", "b"},
		{"after an emoji", "😀 b", span{Start: 5, End: 6}, "1:4-1:5", "b"},
		{"after a byte order mark", "\ufeffa b\n", span{Start: 5, End: 6}, "1:3-1:4", "b"},
		{"the byte order mark", "\ufeffa b\n", span{Start: 0, End: 4}, "1:1-1:2", "a"},
		{"the second line after a byte order mark", "\ufeffa\nbc\n", span{Start: 6, End: 7}, "2:2-2:3", "c"},
		{"the end of the file", "a\nbc\n", span{Start: 5, End: 5}, "2:4-2:4", ""},
		{"a line with its end", "a\nbc\n", span{Start: 2, End: 5}, "2:1-2:3", "bc"},
		{"two lines", "a\r\nbc\r\nd", span{Start: 0, End: 5}, "1:1-2:3", "a\r\nbc"},
		{"an empty file", "", span{}, "1:1-1:1", ""},
	} {
		f := source.NewFile("f", []byte(tt.text))
		log := sarifOf(t, &Report{Result: &rules.Result{Findings: []rules.Finding{
			{Rule: tagRule, File: f, Span: tt.span, Message: "m"}}}})
		got := log.Runs[0].Results[0].Locations[0].PhysicalLocation.Region
		text := ""
		if got.Snippet != nil {
			text = got.Snippet.Text
		}
		if region := regionText(*got); region != tt.want || text != tt.snippet {
			t.Errorf("%s: %s %q, want %s %q", tt.name, region, text, tt.want, tt.snippet)
		}
	}
}

func regionText(r sarifRegion) string {
	return fmt.Sprintf("%d:%d-%d:%d", r.StartLine, r.StartColumn, r.EndLine, r.EndColumn)
}

// A run without findings has empty lists, not null.
func TestSARIFWithoutFindings(t *testing.T) {
	out := render(t, "sarif", &Report{Result: &rules.Result{Checked: 1}})
	if bytes.Contains(out, []byte("null")) {
		t.Errorf("%s", out)
	}
}

func TestSARIFFixes(t *testing.T) {
	a := source.NewFile("a", []byte("one\ntwo\nthree\n"))
	marked := source.NewFile("b", []byte("\ufeffone\n"))
	token := "ghp_" + "9fK2mQ7xW4vB8nL1cR5tY3hJ6gD0sPzAeUoI"
	edit := func(f *source.File, start, end int, text string) fixers.Edit {
		return fixers.Edit{File: f, Span: source.Span{Start: start, End: end}, Text: text}
	}
	log := sarifOf(t, &Report{Result: &rules.Result{Findings: []rules.Finding{{Rule: tagRule, File: a, Message: "m",
		Fixes: []fixers.Fix{
			{Title: "Delete a line", Safety: fixers.Safe, Edits: []fixers.Edit{edit(a, 4, 8, "")}},
			{Title: "Insert", Safety: fixers.Unsafe,
				Edits: []fixers.Edit{edit(a, 14, 14, "x\n"), edit(marked, 3, 4, "y"), edit(a, 0, 0, "z")}},
			{Title: "Delete the last line", Safety: fixers.Safe, Edits: []fixers.Edit{edit(a, 8, 14, "")}},
			{Title: "Advice", Safety: fixers.Manual},
			{Title: "The mark goes", Safety: fixers.Safe, Edits: []fixers.Edit{edit(marked, 0, 3, "")}},
			{Title: "No UTF-8", Safety: fixers.Safe, Edits: []fixers.Edit{edit(a, 0, 1, "\xff")}},
			{Title: "A secret", Safety: fixers.Safe, Edits: []fixers.Edit{edit(a, 0, 1, token)}},
		}}}}})
	var got []string
	for _, fix := range log.Runs[0].Results[0].Fixes {
		s := fix.Description.Text + " " + fix.Properties.Applicability
		for _, c := range fix.ArtifactChanges {
			s += " " + c.ArtifactLocation.URI
			for _, r := range c.Replacements {
				s += fmt.Sprintf(" %s %q", regionText(r.DeletedRegion), r.InsertedContent.Text)
			}
		}
		got = append(got, s)
	}
	want := []string{`Delete a line safe a 2:1-3:1 ""`, `Insert unsafe a 3:7-3:7 "x\n" 1:1-1:1 "z" b 1:1-1:2 "y"`,
		`Delete the last line safe a 3:1-3:7 ""`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSARIFMessages(t *testing.T) {
	f := source.NewFile("f", []byte("a"))
	rel := func(messages ...string) (out []rules.Related) {
		for _, m := range messages {
			out = append(out, rules.Related{File: f, Message: m})
		}
		return out
	}
	for _, tt := range []struct {
		message string
		related []rules.Related
		want    string
	}{
		{"plain", nil, "plain"},
		{"plain", rel("here", `a[0]\b`), `plain ([here](1), [a\[0\]\\b](2))`},
		{"a link [x](javascript:y)", nil, "a link [x] (javascript:y)"},
		{"${A} {0} {x} {12} {", rel("{3}"), "${A} {{0}} {x} {{12}} { ([{{3}}](1))"},
		{"\x1b[31mred\x1b[0m \x07", nil, "red ␇"},
	} {
		if got := sarifMessage(&rules.Finding{Message: tt.message, Related: tt.related}); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.message, got, tt.want)
		}
	}
}

// Either all results say whether they are suppressed, or none. In a GitHub job those that are suppressed are left out.
func TestSARIFSuppressions(t *testing.T) {
	count := func(r *Report) (results, with, kinds int) {
		for _, result := range sarifOf(t, r).Runs[0].Results {
			results++
			if result.Suppressions != nil {
				with++
			}
			kinds += len(result.Suppressions)
		}
		return results, with, kinds
	}
	r := sample(t)
	if results, with, kinds := count(r); results != 5 || with != 5 || kinds != 1 {
		t.Errorf("%d results, %d with the property, %d suppressions", results, with, kinds)
	}
	r.Result.Suppressed[0].Suppressed.Kind = "config"
	for _, result := range sarifOf(t, r).Runs[0].Results {
		for _, s := range result.Suppressions {
			if s.Kind != "external" || s.Status != "accepted" || s.Justification != "our fork knows it" {
				t.Errorf("%+v", s)
			}
		}
	}
	r.Getenv = func(name string) string { return map[string]string{"GITHUB_ACTIONS": "true"}[name] }
	if results, with, _ := count(r); results != 4 || with != 0 {
		t.Errorf("in a job: %d results, %d with the property", results, with)
	}
}

func TestSARIFBaseline(t *testing.T) {
	r := sample(t)
	for i := range r.Result.Findings {
		r.Result.Findings[i].Baseline = rules.BaselineNew
	}
	r.Result.Suppressed[0].Baseline = rules.BaselineUnchanged
	r.Result.Suppressed[0].Suppressed = &rules.Suppression{Kind: "baseline"}
	for _, result := range sarifOf(t, r).Runs[0].Results {
		want := "new"
		if len(result.Suppressions) > 0 {
			want = "unchanged"
			if result.Suppressions[0].Kind != "external" {
				t.Errorf("%+v", result.Suppressions)
			}
		}
		if result.BaselineState != want {
			t.Errorf("%s: %q, want %s", result.RuleID, result.BaselineState, want)
		}
	}
}

// More results than GitHub takes are cut, the least severe ones, and the report says so.
func TestSARIFCut(t *testing.T) {
	f := source.NewFile("f", []byte("a\n"))
	res := &rules.Result{}
	for n := range sarifResults + 10 {
		severity := rules.Info
		if n%2 == 1 {
			severity = rules.Warning
		}
		res.Findings = append(res.Findings, rules.Finding{Rule: tagRule, Severity: severity, File: f,
			Message: fmt.Sprint(n)})
	}
	var out bytes.Buffer
	err := writeSARIF(&out, &Report{Result: res})
	var cut CutError
	if !errors.As(err, &cut) ||
		err.Error() != "the sarif report holds the 25000 most severe of 25010 findings, since GitHub takes no more" {
		t.Errorf("error %v", err)
	}
	var log sarifLog
	if err := json.Unmarshal(out.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	if n := len(run.Results); n != sarifResults {
		t.Errorf("%d results", n)
	}
	warnings := 0
	for _, r := range run.Results {
		if r.Level == "warning" {
			warnings++
		}
	}
	if warnings != sarifResults/2+5 {
		t.Errorf("%d warnings", warnings)
	}
	notes := run.Invocations[0].Notifications
	if len(notes) != 1 || notes[0].Descriptor.ID != "results-left-out" || notes[0].Message.Text != err.Error() {
		t.Errorf("notifications %+v", notes)
	}
}

// TestPlaces checks that paths are those below the root, as they are once links are followed.
func TestPlaces(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{".git", "images/real", "other"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"images/real/Dockerfile", "other/nix.conf"} {
		if err := os.WriteFile(filepath.Join(root, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("real", filepath.Join(root, "images", "link")); err != nil {
		t.Skip("this system has no symbolic links")
	}
	dir := filepath.Join(root, "images")
	outside := filepath.ToSlash(filepath.Join(filepath.Dir(root), "elsewhere", "Dockerfile"))
	for _, tt := range []struct {
		root, path, want string
		inside           bool
	}{
		{"", "real/Dockerfile", "images/real/Dockerfile", true},
		{"", "link/Dockerfile", "images/real/Dockerfile", true},
		{"", "../other/nix.conf", "other/nix.conf", true},
		{"", filepath.ToSlash(filepath.Join(root, "other/nix.conf")), "other/nix.conf", true},
		{"", "new/Dockerfile", "images/new/Dockerfile", true},
		{"", "<stdin>", "<stdin>", false},
		{dir, "link/Dockerfile", "real/Dockerfile", true},
		{dir, outside, outside, false},
	} {
		p := newPlaces(dir, tt.root)
		for range 2 { // the second answer is remembered
			if got, inside := p.of(tt.path); got != tt.want || inside != tt.inside {
				t.Errorf("%s below %q: %s, %v; want %s, %v", tt.path, tt.root, got, inside, tt.want, tt.inside)
			}
		}
	}
}

func TestEscapedPath(t *testing.T) {
	for path, want := range map[string]string{
		"a/b-c_d.e~f": "a/b-c_d.e~f", "a b": "a%20b", "a:b": "a%3Ab", "größe": "gr%C3%B6%C3%9Fe",
		"a\n%#?\xff": "a%0A%25%23%3F%FF",
	} {
		if got := escapedPath(path); got != want {
			t.Errorf("%q: %s, want %s", path, got, want)
		}
	}
}

// What went wrong stands in the report: see also TestGolden.
func TestSARIFTroubles(t *testing.T) {
	f := source.NewFile("f", []byte("a b\n"))
	res := &rules.Result{
		Unwritten: []workspace.FileError{{Path: "f", Err: errors.New("disk full")}},
		Failed: []rules.RuleError{{Rule: tagRule, File: f, Span: source.Span{Start: 2, End: 3},
			Err: errors.New("no")}},
		Incomplete: []workspace.Skipped{{Path: "g", Reason: "too much"}},
		Skipped: []workspace.Skipped{{Path: "h", Reason: "unknown kind", Named: true},
			{Path: "i", Reason: "walked"}},
	}
	run := sarifOf(t, &Report{Result: res, Status: 3}).Runs[0]
	if i := run.Invocations[0]; i.ExecutionSuccessful || i.ExitCode != 3 {
		t.Errorf("%+v", i)
	}
	var got []string
	for _, n := range run.Invocations[0].Notifications {
		if kind := run.Tool.Driver.Notifications[*n.Descriptor.Index]; kind.ID != n.Descriptor.ID {
			t.Errorf("%s is called %s", n.Descriptor.ID, kind.ID)
		}
		got = append(got, fmt.Sprintf("%s %s %s %s", n.Level, n.Descriptor.ID,
			n.Locations[0].PhysicalLocation.ArtifactLocation.URI, n.Message.Text))
	}
	if diff := cmp.Diff(strings.Split(`error unwritten-fix f disk full
error failed-rule f no
warning incomplete-check g too much
note skipped-file h unknown kind`, "\n"), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
