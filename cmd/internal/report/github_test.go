package report

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// issue is the runner's result for one command.
type issue struct {
	Type, File, Title, Message    string
	Line, EndLine, Col, EndColumn int
}

// runnerCommand reads one line of a step's output as ActionCommand of actions/runner does: the "::" form first, then
// the older "##[" form, which may be anywhere.
func runnerCommand(line string) (name string, props map[string]string, data string, ok bool) {
	known := func(name string) bool {
		return slices.Contains([]string{"error", "warning", "notice", "debug", "group", "endgroup", "add-mask",
			"add-matcher", "remove-matcher",
			"stop-commands", "set-env", "set-output", "save-state", "add-path", "echo", "internal-set-repo-path"},
			strings.ToLower(name))
	}
	properties := func(s, separator string, unescape func(string) string) map[string]string {
		props := map[string]string{}
		for _, p := range strings.Split(strings.TrimSpace(s), separator) {
			if name, value, found := strings.Cut(p, "="); found {
				props[name] = unescape(value)
			}
		}
		return props
	}
	// Sequential replacement, the percent sign last, as the runner does it.
	unescape := func(pairs ...string) func(string) string {
		return func(s string) string {
			for i := 0; i < len(pairs); i += 2 {
				s = strings.ReplaceAll(s, pairs[i], pairs[i+1])
			}
			return s
		}
	}
	line = strings.TrimSpace(line)
	if rest, found := strings.CutPrefix(line, "::"); found {
		if info, data, found := strings.Cut(rest, "::"); found {
			name, list, _ := strings.Cut(info, " ")
			if known(name) {
				return name,
					properties(list, ",", unescape("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%")),
					unescape("%0D", "\r", "%0A", "\n", "%25", "%")(data), true
			}
		}
	}
	if _, rest, found := strings.Cut(line, "##["); found {
		if info, data, found := strings.Cut(rest, "]"); found {
			name, list, _ := strings.Cut(info, " ")
			if known(name) {
				return name, properties(list, ";", unescape("%3B", ";", "%0D", "\r", "%0A", "\n", "%5D", "]")), data,
					true
			}
		}
	}
	return "", nil, "", false
}

// runner reads the output of a step as the runner does, and returns the issues that it keeps.
func runner(t *testing.T, output string) []issue {
	t.Helper()
	var out []issue
	count := map[string]int{}
	lines := strings.FieldsFunc(output, func(r rune) bool { return r == '\r' || r == '\n' })
	for _, line := range lines {
		name, props, data, ok := runnerCommand(line)
		if !ok {
			continue
		}
		if name != "error" && name != "warning" && name != "notice" {
			t.Errorf("the runner takes %q for a command %s", line, name)
			continue
		}
		for p := range props {
			if !slices.Contains([]string{"file", "line", "endLine", "col", "endColumn", "title"}, p) {
				t.Errorf("%q has a property %q", line, p)
			}
		}
		number := func(p string) int {
			if props[p] == "" {
				return 0
			}
			n, err := strconv.Atoi(props[p])
			if err != nil || n < 1 {
				t.Errorf("%q: %s is %q", line, p, props[p])
			}
			return n
		}
		i := issue{Type: name, File: props["file"], Title: props["title"], Message: data,
			Line: number("line"), EndLine: number("endLine"), Col: number("col"), EndColumn: number("endColumn")}
		if i.Line != i.EndLine && (i.Col != 0 || i.EndColumn != 0) {
			t.Errorf("%q: the runner drops the columns", line)
		}
		if i.EndLine < i.Line || i.EndColumn < i.Col {
			t.Errorf("%q: the runner drops the end", line)
		}
		if len(utf16.Encode([]rune(i.Message))) > 4096 {
			t.Errorf("the runner cuts %.60q", line)
		}
		if count[name]++; count[name] > 10 {
			t.Errorf("the runner drops %q, the %dth of its type", line, count[name])
			continue
		}
		out = append(out, i)
	}
	return out
}

func TestGitHubReadBack(t *testing.T) {
	severities := []rules.Severity{rules.Warning, rules.Error, rules.Info}
	names := []string{
		"Dockerfile", "a:b,c%d/Dockerfile", "::error file=x::/Dockerfile", "new\nline\r/nix.conf", "%0A%25/Dockerfile",
		"##[error]x/Dockerfile", " leading and trailing ", "a=b,title=c::d", "größe/界.Dockerfile",
	}
	messages := []string{
		"plain", "a: b, c", "100 % of\nboth", "::error::x", "##[warning]x", "%0A %250A %25", "cr\r\nlf", "ends in ::",
		"größe 界",
	}
	var findings []rules.Finding
	var want []issue
	for i, name := range names {
		f := source.NewFile(name, []byte("FROM a\nRUN größe b\n"))
		span := spanOf(t, f, "b", 0)
		f2 := rules.Finding{Rule: unknownRule, Severity: severities[i%3], Message: messages[i], File: f, Span: span}
		findings = append(findings, f2)
		want = append(want, issue{Type: []string{"warning", "error", "notice"}[i%3], File: name, Title: unknownRule.ID,
			Message: messages[i] + "\n" + projectURL + "docs/rules/nix/unknown-setting.md",
			Line:    2, EndLine: 2, Col: 11, EndColumn: 12})
	}
	f := source.NewFile("multi", []byte("FROM a\nRUN b\n"))
	findings = append(findings,
		rules.Finding{Rule: orderRule, Severity: rules.Error, Message: "over two lines", File: f,
			Span: source.Span{Start: 5, End: 9}},
		rules.Finding{Rule: orderRule, Severity: rules.Style, Message: "with its line end", File: f,
			Span: source.Span{Start: 5, End: 7}})
	page := "\n" + projectURL + "docs/rules/order/nix-config-after-nix-command.md"
	want = append(want,
		issue{Type: "error", File: "multi", Title: orderRule.ID, Message: "over two lines" + page, Line: 1, EndLine: 2},
		issue{Type: "notice", File: "multi", Title: orderRule.ID, Message: "with its line end" + page, Line: 1,
			EndLine: 1, Col: 6, EndColumn: 7})
	want = append(want,
		issue{Type: "error", File: "gone,dir:/Dockerfile", Title: "sandlint", Message: "no such file: x, y"})

	r := &Report{Result: &rules.Result{Findings: findings, Errors: []workspace.FileError{
		{Path: "gone,dir:/Dockerfile", Err: errors.New("no such file: x, y")}}}}
	out := string(render(t, "github", r))
	got := runner(t, out)
	if !slices.IsSortedFunc(got, func(a, b issue) int {
		return strings.Index("error warning notice", a.Type) - strings.Index("error warning notice", b.Type)
	}) {
		t.Error("errors do not come first")
	}
	key := func(a, b issue) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }
	slices.SortFunc(got, key)
	slices.SortFunc(want, key)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the runner reads back (-want +got):\n%s\noutput:\n%s", diff, out)
	}
	plain := 0
	for line := range strings.Lines(out) {
		if _, _, _, isCommand := runnerCommand(line); !isCommand {
			plain++
		}
	}
	if plain != len(want)+1 {
		t.Errorf("%d lines of the log are for people, want one for each of %d and the summary", plain, len(want))
	}
}

func TestGitHubLimits(t *testing.T) {
	f := source.NewFile("Dockerfile", []byte("FROM a\n"))
	for _, tt := range []struct {
		errors, warnings, infos             int
		keptErrors, keptWarnings, keptInfos int
		more                                string
	}{
		{10, 10, 10, 10, 10, 10, ""},
		{11, 0, 0, 10, 0, 0, "… and 1 more; see the log of this step"},
		{25, 12, 10, 10, 10, 9, "… and 18 more; see the log of this step"},
		{0, 0, 11, 0, 0, 9, "… and 2 more; see the log of this step"},
	} {
		r := &Report{Result: &rules.Result{}}
		for _, s := range []struct {
			severity rules.Severity
			n        int
		}{{rules.Info, tt.infos}, {rules.Warning, tt.warnings}, {rules.Error, tt.errors}} {
			for i := range s.n {
				r.Result.Findings = append(r.Result.Findings,
					rules.Finding{Rule: tagRule, Severity: s.severity, File: f, Span: source.Span{End: 4},
						Message: fmt.Sprintf("%d", i)})
			}
		}
		var kept [3]int
		more := ""
		issues := runner(t, string(render(t, "github", r)))
		for i, is := range issues {
			if is.Title == "sandlint" {
				more = is.Message
				if i != len(issues)-1 {
					t.Error("the count of the others does not come last")
				}
				continue
			}
			kept[slices.Index([]string{"error", "warning", "notice"}, is.Type)]++
		}
		if kept != [3]int{tt.keptErrors, tt.keptWarnings, tt.keptInfos} || more != tt.more {
			t.Errorf("%+v: kept %v, %q", tt, kept, more)
		}
	}
}

func TestGitHubMessageCut(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{strings.Repeat("a", 4096), strings.Repeat("a", 4096)},
		{strings.Repeat("a", 4097), strings.Repeat("a", 4095) + "…"},
		{strings.Repeat("%", 5000), strings.Repeat("%", 4095) + "…"},
		{strings.Repeat("ä", 4096), strings.Repeat("ä", 4096)},
		{"a" + strings.Repeat("𝄞", 3000), "a" + strings.Repeat("𝄞", 2047) + "…"},
		{strings.Repeat("𝄞", 3000), strings.Repeat("𝄞", 2047) + "…"},
		{"\x1b[31m" + strings.Repeat("a", 4096) + "\x1b[0m", strings.Repeat("a", 4096)},
	} {
		f := source.NewFile("Dockerfile", nil)
		r := &Report{Result: &rules.Result{Rules: []rules.Active{{Rule: tagRule}}, // which has no page
			Findings: []rules.Finding{{Rule: tagRule, Severity: rules.Error, File: f, Message: tt.in}}}}
		got := runner(t, string(render(t, "github", r)))
		if len(got) != 1 || got[0].Message != tt.want {
			t.Errorf("%.20q (%d bytes) is cut to %.20q… (%d bytes), want %d", tt.in, len(tt.in), got[0].Message,
				len(got[0].Message), len(tt.want))
		}
		// The link to the page stays.
		page := "\n" + projectURL + "page"
		r.Result.Rules[0].Help = projectURL + "page"
		got = runner(t, string(render(t, "github", r)))
		if len(got) != 1 || !strings.HasSuffix(got[0].Message, "…"+page) ||
			len(utf16.Encode([]rune(got[0].Message))) < annotationLength-1 {
			t.Errorf("%.20q with a link is cut to %d bytes", tt.in, len(got[0].Message))
		}
	}
}

func TestGitHubPathsFollowTheWorkspace(t *testing.T) {
	for _, tt := range []struct{ workspace, dir, path, want string }{
		{"/w/repo", "/w/repo", "Dockerfile", "Dockerfile"},
		{"/w/repo", "/w/repo/images", "Dockerfile", "images/Dockerfile"},
		{"/w/repo", "/w/repo/images", "../Dockerfile", "Dockerfile"},
		{"/w/repo", "/w/repo", "/w/repo/a/Dockerfile", "a/Dockerfile"},
		{"/w/repo", "/w/other", "Dockerfile", "Dockerfile"},
		{"/w/repo", "/w/repo", "/etc/nix/nix.conf", "/etc/nix/nix.conf"},
		{"", "/w/repo/images", "Dockerfile", "Dockerfile"},
	} {
		r := &Report{Dir: tt.dir, Result: &rules.Result{}, Getenv: func(name string) string {
			if name == "GITHUB_WORKSPACE" {
				return tt.workspace
			}
			return ""
		}}
		if got := repositoryPath(r, tt.path); got != tt.want {
			t.Errorf("%+v: %q", tt, got)
		}
	}
}

func summaryOf(t *testing.T, r *Report, before string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "summary.md")
	if before != "" {
		if err := os.WriteFile(path, []byte(before), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r.Getenv = func(name string) string {
		if name == "GITHUB_STEP_SUMMARY" {
			return path
		}
		return ""
	}
	render(t, "github", r)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestGitHubStepSummary(t *testing.T) {
	r := sample(t)
	r.Result.Findings[0].Message = "image \"a|b\" <b> @user #1 *x* `y`\nz"
	golden(t, "step-summary.golden", []byte(summaryOf(t, r, "earlier\n")))
}

func TestGitHubStepSummaryStaysUnderItsLimit(t *testing.T) {
	f := source.NewFile("Dockerfile", []byte("FROM a\n"))
	r := &Report{Result: &rules.Result{}}
	for range 5000 {
		r.Result.Findings = append(r.Result.Findings,
			rules.Finding{Rule: tagRule, Severity: rules.Error, File: f, Message: strings.Repeat("x", 500)})
	}
	got := summaryOf(t, r, strings.Repeat("y", 1000))
	if len(got) > 1<<20 || len(got) < 1<<20-1000 {
		t.Errorf("the summary has %d bytes", len(got))
	}
	rows := strings.Count(got, "\n| 1 |")
	if want := fmt.Sprintf("\n… and %d more; see the log of the step.\n", 5000-rows); !strings.Contains(got, want) {
		t.Errorf("the summary with %d rows does not say %q", rows, want)
	}
	if got := summaryOf(t, r, strings.Repeat("y", 1<<20)); len(got) != 1<<20 {
		t.Errorf("%d bytes are added to a full summary", len(got)-1<<20)
	}
}

func TestGitHubStepSummaryFails(t *testing.T) {
	r := sample(t)
	r.Getenv = func(name string) string {
		if name == "GITHUB_STEP_SUMMARY" {
			return filepath.Join(t.TempDir(), "no", "such", "folder")
		}
		return ""
	}
	var b strings.Builder
	if err := writeGitHub(&b, r); err == nil || !strings.Contains(err.Error(), "writing the job summary") {
		t.Errorf("error %v", err)
	}
	if len(runner(t, b.String())) == 0 {
		t.Error("the annotations are lost")
	}
}
