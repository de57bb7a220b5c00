// Package report prints what a run found, for people and for programs. Each format is one file of this package and one
// line of the table that Reporters returns; all of them render the same Report.
package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/baseline"
)

// Report is the outcome of one run.
type Report struct {
	// Result is what the runner found.
	Result *rules.Result
	// Version is the release of sandlint.
	Version string
	// Dir is the working directory, absolute; the paths of files are relative to it.
	Dir string
	// Files is where the files lie; nil means the disk.
	Files files.Tree
	// Color allows terminal escape sequences in text.
	Color bool
	// Links says that the terminal shows links (OSC 8).
	Links bool
	// Width is that of the terminal, in columns; 0 where it is unknown, and then text is not wrapped.
	Width int
	// Status is the exit status of the run.
	Status int
	// Alone says that the output is read without what is written to standard error, so it repeats what could not be
	// read.
	Alone bool
	// Quiet leaves out the closing summary in formats for people.
	Quiet bool
	// Getenv reads an environment variable; nil reads none.
	Getenv func(string) string
	// Pictures returns what a page draws beside the findings; nil draws nothing.
	Pictures func() Pictures
}

func (r *Report) tree() files.Tree {
	if r.Files == nil {
		return files.Disk{}
	}
	return r.Files
}

func (r *Report) getenv(name string) string {
	if r.Getenv == nil {
		return ""
	}
	return r.Getenv(name)
}

// Reporter is one output format.
type Reporter struct {
	// Name is the format as the user names it.
	Name string
	// Summary says in a few words who reads it.
	Summary string
	// Fixes says that the format shows fixes, so they must be proved.
	Fixes bool
	// Raw says that the text of files stands in the output, which a GitHub job must not take for commands.
	Raw bool
	// Write prints a report.
	Write func(io.Writer, *Report) error
	// Statistics prints how often each rule found something; nil for a format that has no form for that.
	Statistics func(io.Writer, *Report) error
}

// Reporters returns all formats. The first one is the default.
func Reporters() []Reporter {
	return []Reporter{
		{Name: "text", Summary: "people, with the source under each finding", Fixes: true, Raw: true, Write: writeText,
			Statistics: writeStatistics},
		{Name: "compact", Summary: "people and editors, one line for each finding", Fixes: true, Raw: true,
			Write: writeCompact},
		{Name: "html", Summary: "people: one page to look at and to search", Fixes: true, Write: writeHTML},
		{Name: "json", Summary: "editors and scripts: one object", Fixes: true, Write: WriteJSON,
			Statistics: writeJSONStatistics},
		{Name: "jsonl", Summary: "scripts: one object for each finding, a line each, and one for the run", Fixes: true,
			Write: writeJSONLines},
		{Name: "sarif", Summary: "code scanning: SARIF 2.1.0", Fixes: true, Write: writeSARIF},
		{Name: "github", Summary: "annotations of a GitHub workflow, and its job summary", Write: writeGitHub},
		{Name: "gitlab", Summary: "code quality reports of GitLab", Write: writeGitLab},
		{Name: "rdjson", Summary: "reviewdog: one object", Fixes: true, Write: writeRDJSON},
		{Name: "rdjsonl", Summary: "reviewdog, a line for each finding", Fixes: true, Write: writeRDJSONLines},
		{Name: "checkstyle", Summary: "programs that read the XML of Checkstyle", Write: writeCheckstyle},
		{Name: "junit", Summary: "programs that read the XML of JUnit", Write: writeJUnit},
		{Name: "hadolint", Summary: "scripts that read hadolint's lines", Raw: true, Write: writeHadolint},
		{Name: "hadolint-json", Summary: "scripts that read hadolint's JSON", Write: writeHadolintJSON},
	}
}

// Output is where one format goes.
type Output struct {
	Reporter
	// File is the path of the file, or "" for standard output.
	File string
}

// ParseOutput reads FORMAT or FORMAT=FILE. The error for an unknown format suggests the one that was probably meant.
func ParseOutput(s string) (Output, error) {
	name, file, hasFile := strings.Cut(s, "=")
	if hasFile && file == "" {
		return Output{}, fmt.Errorf("format %q has an equals sign but no file", s)
	}
	var names []string
	for _, r := range Reporters() {
		if r.Name == name {
			return Output{Reporter: r, File: file}, nil
		}
		names = append(names, r.Name)
	}
	if near := source.Nearest(name, names); near != "" {
		return Output{}, fmt.Errorf("unknown format %q; did you mean %q?", name, near)
	}
	return Output{}, fmt.Errorf("unknown format %q; the formats are %s", name, strings.Join(names, ", "))
}

// Counts are the numbers in a summary.
type Counts struct {
	// Findings is the number of findings; BySeverity splits it.
	Findings   int
	BySeverity [rules.Error + 1]int
	// Files is the number of files that have a finding.
	Files int
	// Safe is the number of findings with a fix that "sandlint fix" applies, Unsafe that of the others with one that
	// --unsafe applies.
	Safe, Unsafe int
}

// Count counts findings.
func Count(findings []rules.Finding) Counts {
	c := Counts{Findings: len(findings)}
	files := map[string]bool{} // by path: a script that two Dockerfiles run is read twice
	for i := range findings {
		f := &findings[i]
		c.BySeverity[f.Severity]++
		files[f.File.Path] = true
		switch {
		case slices.ContainsFunc(f.Fixes, func(fix fixers.Fix) bool { return fix.Applies(false) }):
			c.Safe++
		case slices.ContainsFunc(f.Fixes, func(fix fixers.Fix) bool { return fix.Applies(true) }):
			c.Unsafe++
		}
	}
	c.Files = len(files)
	return c
}

// bestSafety returns the safety of the safest fix that can be applied, or Manual when there is none.
func bestSafety(fixes []fixers.Fix) fixers.Safety {
	best := fixers.Manual
	for _, f := range fixes {
		best = max(best, f.Safety)
	}
	return best
}

// String returns the counts as in `3 findings (1 error, 2 warnings) in 2 files`.
func (c Counts) String() string {
	if c.Findings == 0 {
		return "no findings"
	}
	var parts []string
	for s := rules.Error; s > rules.Off; s-- {
		switch n := c.BySeverity[s]; {
		case n == 0:
		case s == rules.Error || s == rules.Warning:
			parts = append(parts, Plural(n, s.String()))
		default:
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	return fmt.Sprintf("%s (%s) in %s", Plural(c.Findings, "finding"), strings.Join(parts, ", "),
		Plural(c.Files, "file"))
}

// Summary returns the closing line of a run, without a line end.
func Summary(res *rules.Result) string {
	c := Count(res.Findings)
	s := c.String()
	switch skipped := len(res.Skipped); {
	case c.Findings > 0:
	case res.Checked == 0 && skipped > 0:
		s = "no file to check; " + Plural(skipped, "file") + " skipped"
	case res.Checked == 0 && len(res.Errors) == 0:
		s = "no file to check"
	case res.Checked == 0:
		s = "nothing was checked"
	default:
		s += " in " + Plural(res.Checked, "file")
	}
	switch {
	case c.Safe > 0 && c.Unsafe > 0:
		s += fmt.Sprintf("; %d fixable with \"sandlint fix\", %d more with --unsafe", c.Safe, c.Unsafe)
	case c.Safe > 0:
		s += fmt.Sprintf("; %d fixable with \"sandlint fix\"", c.Safe)
	case c.Unsafe > 0:
		s += fmt.Sprintf("; %d fixable with \"sandlint fix --unsafe\"", c.Unsafe)
	}
	s += suppressed(res.Suppressed) + takenOut(res)
	if n := len(res.Errors); n > 0 {
		s += fmt.Sprintf("; %s could not be read", Plural(n, "file"))
	}
	if n := len(res.Unwritten); n > 0 {
		s += fmt.Sprintf("; %s could not be written", Plural(n, "file"))
	}
	if n := len(res.Failed); n > 0 {
		s += fmt.Sprintf("; %s failed", Plural(n, "rule"))
	}
	return s
}

// takenOut says what the configuration of the repository keeps from being reported, so that nobody takes a repository
// for clean that switches its own linting off.
func takenOut(res *rules.Result) string {
	excluded := excludedPaths(res)
	s := ""
	if res.Off > 0 {
		s = "; the configuration switches off " + Plural(res.Off, "rule")
	}
	if excluded > 0 && s != "" {
		return s + fmt.Sprintf(" and excludes %s", Plural(excluded, "path"))
	} else if excluded > 0 {
		return fmt.Sprintf("; the configuration excludes %s", Plural(excluded, "path"))
	}
	return s
}

// excludedPaths returns how many files and folders a search passed over because a configuration excludes them.
func excludedPaths(res *rules.Result) int {
	n := 0
	for _, s := range res.Skipped {
		if s.Excluded {
			n++
		}
	}
	return n
}

// suppressed says how many findings are suppressed, by what suppresses them.
func suppressed(findings []rules.Finding) string {
	comments, accepted, before := 0, 0, 0
	for n := range findings {
		switch s := findings[n].Suppressed; {
		case s != nil && s.Kind == baseline.KindBaseline:
			accepted++
		case s != nil && s.Kind == baseline.KindSince:
			before++
		default:
			comments++
		}
	}
	out := ""
	if comments > 0 {
		out = fmt.Sprintf("; %d suppressed", comments)
	}
	if accepted > 0 {
		out += fmt.Sprintf("; %d in the baseline", accepted)
	}
	if before > 0 {
		out += fmt.Sprintf("; %d not new", before)
	}
	return out
}

// troubles are what was not looked at or not written, by file: those that could not be read or written, and those at
// which a rule failed.
func troubles(res *rules.Result) []workspace.FileError {
	out := slices.Concat(res.Errors, res.Unwritten)
	for _, e := range res.Failed {
		err := fmt.Errorf("rule %s failed: %w", e.Rule.ID, e.Err)
		out = append(out, workspace.FileError{Path: e.File.Path, Err: err})
	}
	return out
}

// reported returns the findings that are not suppressed, in order.
func reported(res *rules.Result) []*rules.Finding {
	out := make([]*rules.Finding, len(res.Findings))
	for i := range res.Findings {
		out[i] = &res.Findings[i]
	}
	return out
}

// Plural returns n and noun, in the plural unless n is 1.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "x") {
		noun += "e"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
