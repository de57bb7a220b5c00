package shellcheck

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/shells"
)

// options are those of the rule.
type options struct {
	Style bool `option:"style" doc:"also reports what ShellCheck calls style"`
}

// script returns the rule, which asks a program.
func script(program Program) *rules.Rule {
	rule := &rules.Rule{
		ID:       "shellcheck/script",
		Codes:    "SC",
		Summary:  "ShellCheck finds a mistake in a script that the Dockerfile runs",
		Severity: rules.Warning,
		Category: rules.Correctness,
		Since:    "0.1.0",
		Fixes:    []fixers.Safety{fixers.Unsafe},
		Options:  options{},
		References: []string{
			"https://www.shellcheck.net/wiki/, which has a page for each code",
		},
	}
	rule.Check = rules.External(rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if program == nil {
			return
		}
		units := unitsOf(d)
		if len(units) == 0 {
			return
		}
		scripts := make([]Script, len(units))
		for n := range units {
			scripts[n] = units[n].script
		}
		comments, err := program.Check(scripts)
		if err != nil {
			p.Unsure() // the program says it
			return
		}
		for n := range units {
			units[n].report(p, comments[n])
		}
	}), program != nil)
	return rule
}

// unit is a script with its place.
type unit struct {
	script Script
	file   *source.File
	// base is the offset of the script in the file, and view its bytes as the shell sees them, in the same places.
	base int
	view []byte
	// before is the number of lines that the script's text has before them.
	before int
	// portable says that its shell may have the extensions that ShellCheck's codes from 3000 on are about.
	portable bool
	// inferred says that its shell is only known from the package manager, so what it lacks is a warning at most.
	inferred bool
	own      bool // stands in the Dockerfile itself
	step     *image.Step
	// expansions are those of the script, read when a fix asks for them.
	expansions *shell.Expansions
}

// unitsOf returns the scripts of a Dockerfile: those of RUN, and those of the build context that its commands run.
func unitsOf(d *image.Dockerfile) []unit {
	if d.Foreign() {
		return nil
	}
	var out []unit
	seen := map[*source.File]bool{d.Source: true}
	for _, s := range d.Steps() {
		if s.Image == nil || s.Broken || shells.MayBeWindows(s) {
			continue
		}
		text := s.Script()
		if text == nil {
			continue
		}
		if s.Name == "RUN" && !s.Exec && text.Dialect.POSIX() {
			view, base, ok := s.ShellView()
			if !ok {
				_, view, base, ok = s.HeredocScript()
			}
			if ok {
				out = appendUnit(out, s, unit{file: d.Source, base: base, view: view, own: true}, text.Dialect)
			}
		}
		for _, c := range s.Commands() {
			if c.Runs != nil && c.RunsFile != nil && !seen[c.RunsFile] && c.Runs.Dialect.POSIX() {
				seen[c.RunsFile] = true
				out = appendUnit(out, s, unit{file: c.RunsFile, view: c.RunsFile.Bytes}, c.Runs.Dialect)
			}
		}
	}
	return out
}

// appendUnit adds a script that a step runs, unless ShellCheck does not know its language.
func appendUnit(list []unit, s *image.Step, u unit, dialect shell.Dialect) []unit {
	if !utf8.Valid(u.view) || bytes.IndexByte(u.view, 0) >= 0 || len(bytes.TrimSpace(u.view)) == 0 {
		return list
	}
	sh := shells.Of(s)
	u.step = s
	if !u.own {
		sh = shells.Shell{}
	}
	hasLine := bytes.HasPrefix(u.view, []byte("#!"))
	switch {
	case sh.Program == "zsh":
		return list
	case sh.Program == "ksh" || sh.Program == "mksh":
		u.script.Dialect = "ksh"
	case dialect == shell.Bash || sh.Program == "bash":
		u.script.Dialect = "bash"
	case sh.Program == "dash":
		u.script.Dialect, u.inferred = "dash", sh.Inferred
	default:
		u.script.Dialect, u.portable = "sh", true
	}
	// A line that ends in CR and LF ends in LF to the shell of a RUN; elsewhere the CR is part of the script.
	text := strings.ReplaceAll(string(u.view), "\r\n", " \n")
	set := variables(s)
	switch directive := strings.HasPrefix(strings.TrimLeft(text, " \t\n"), "# shellcheck"); {
	case !hasLine && !directive && set != "":
		text = "# shellcheck shell=" + u.script.Dialect + "\n" + set + "\n" + text
		u.before = 2
	case !hasLine:
		text = "# shellcheck shell=" + u.script.Dialect + "\n" + text
		u.before = 1
	default:
		u.script.Dialect = ""
	}
	if u.before < 2 && set != "" { // a directive, or the line with the program, must come before all commands
		text += "\n" + set + "\n"
	}
	u.script.Text = text
	return append(list, u)
}

// variables returns a command that sets the variables of ENV and ARG, "" where there are none: ShellCheck does not ask
// for quotes around one whose value has no blanks. A value that is not known counts as a word, such as a version that a
// build argument gives, and one of several words that are no path is meant to be split.
func variables(s *image.Step) string {
	var out strings.Builder
	for _, name := range s.Variables() {
		if !isName(name) {
			continue
		}
		value := "x"
		odd := func(r rune) bool { return r < ' ' || r > '~' || r == '\'' }
		if v, ok := s.Lookup(name); ok && v.Known && !isList(v.Text) && !strings.ContainsFunc(v.Text, odd) {
			value = v.Text
		}
		out.WriteString(" " + name + "='" + value + "'")
	}
	if out.Len() == 0 {
		return ""
	}
	return "export" + out.String()
}

// isList reports whether a value is one of several words that is no path with a blank in it: packages, options, paths.
func isList(value string) bool {
	words := strings.Fields(value)
	if len(words) < 2 {
		return false
	}
	return !strings.HasPrefix(words[0], "/") || slices.ContainsFunc(words[1:], func(w string) bool {
		return w[0] == '/' || w[0] == '-'
	})
}

// isName reports whether a shell can have a variable with a name.
func isName(name string) bool {
	for n, c := range []byte(name) {
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (n == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// left are the codes that are not reported, each with the reason.
var left = map[int]string{
	1004: "BuildKit joins the lines, also between single quotes",
	1017: "the carriage return may be one of the Dockerfile",
	1071: "the language is not one of ShellCheck's",
	1090: "the sourced file lies in the image",
	1091: "the sourced file lies in the image",
	1128: "the first line of the script is where it belongs",
	2115: "dockerfile/rm-of-empty-variable",
	2148: "the shell of a RUN is that of SHELL",
	2164: "dockerfile/cd-failure-ignored and dockerfile/heredoc-without-errexit",
	2187: "ash is checked as sh",
	3014: "dockerfile/double-equals-in-sh, which knows the shell of the base image",
}

// severities are those of ShellCheck's levels.
var severities = map[string]rules.Severity{
	"error": rules.Error, "warning": rules.Warning, "info": rules.Info, "style": rules.Style,
}

// maxRelated is how many further places of one mistake a finding lists.
const maxRelated = 5

// report reports the comments on a script. Those of a code that only inform are one
// finding at the first place, or two: those with a fix and those without.
func (u *unit) report(p *rules.Pass, comments []Comment) {
	type kind struct {
		code  int
		fixed bool // where a fix mends one place and not another, the finding would stay
	}
	first := map[kind]int{} // the finding
	var findings []rules.Finding
	for n := range comments {
		c := &comments[n]
		f, ok := u.finding(p, c)
		if !ok {
			continue
		}
		k := kind{c.Code, len(f.Fixes) > 0}
		at, again := first[k]
		if !again || f.Severity > rules.Info {
			first[k] = len(findings)
			findings = append(findings, f)
			continue
		}
		one := &findings[at]
		if len(one.Related) < maxRelated && f.Span != one.Span {
			one.Related = append(one.Related, rules.Related{File: f.File, Span: f.Span, Message: "and here"})
		}
		if len(f.Fixes) > 0 {
			one.Fixes[0].Edits = append(one.Fixes[0].Edits, f.Fixes[0].Edits...)
		}
	}
	for _, f := range findings {
		if len(f.Fixes) > 0 {
			if spellings, ok := u.spellings(f.Fixes[0].Edits); ok {
				f.Fixes[0].Changes = fixers.Changes{spellings}
			} else {
				f.Fixes = nil
			}
		}
		p.Report(f)
	}
}

// finding returns the finding for one comment on a script, and false where it is not reported.
func (u *unit) finding(p *rules.Pass, c *Comment) (rules.Finding, bool) {
	severity := severities[c.Level]
	if extension := c.Code >= 3000 && c.Code < 4000; u.inferred && extension && severity > rules.Warning {
		severity = rules.Warning
	}
	if left[c.Code] != "" || u.portable && c.Code >= 3000 && c.Code < 4000 || severity == rules.Off ||
		severity == rules.Style && !rules.OptionsOf[options](p).Style {
		return rules.Finding{}, false
	}
	start, ok := u.offset(c.Line, c.Column)
	end, ok2 := u.offset(c.EndLine, c.EndColumn)
	if !ok || !ok2 || end < start {
		return rules.Finding{}, false
	}
	if start == end && end < u.base+len(u.view) && u.view[end-u.base] != '\n' {
		end++
	}
	finding := rules.Finding{
		File: u.file, Span: source.Span{Start: start, End: end}, Severity: severity, Message: message(c.Message),
		As: []string{fmt.Sprintf("SC%04d", c.Code)},
	}
	if fix, ok := u.fix(c); ok {
		finding.Fixes = []fixers.Fix{fix}
	}
	return finding, true
}

// message returns ShellCheck's text in the form of a message of ours.
func message(text string) string {
	text = strings.TrimSuffix(strings.TrimSpace(text), ".")
	first, size := utf8.DecodeRuneInString(text)
	second, _ := utf8.DecodeRuneInString(text[size:])
	if unicode.IsUpper(first) && unicode.IsLower(second) {
		text = string(unicode.ToLower(first)) + text[size:]
	}
	return text
}

// offset returns the place in the file of a line and a column of the script's text, and false outside of the script.
func (u *unit) offset(line, column int) (int, bool) {
	line -= u.before
	at := 0
	for ; line > 1; line-- {
		next := bytes.IndexByte(u.view[at:], '\n')
		if next < 0 {
			return 0, false
		}
		at += next + 1
	}
	if line < 1 || at >= len(u.view) && len(u.view) > 0 {
		return 0, false
	}
	for ; column > 1 && at < len(u.view) && u.view[at] != '\n'; column-- {
		_, size := utf8.DecodeRune(u.view[at:])
		at += size
	}
	return u.base + at, true
}

// fix returns ShellCheck's fix, where all that it replaces stands in the Dockerfile as the shell sees it.
func (u *unit) fix(c *Comment) (fixers.Fix, bool) {
	if !u.own || len(c.Fix) == 0 || c.Code == 2086 && !u.single(c) {
		return fixers.Fix{}, false
	}
	fix := fixers.Fix{
		Title: fmt.Sprintf("Apply ShellCheck's fix of SC%04d", c.Code), Safety: fixers.Unsafe,
	}
	for _, r := range c.Fix {
		start, ok := u.offset(r.Line, r.Column)
		end, ok2 := u.offset(r.EndLine, r.EndColumn)
		if !ok || !ok2 || end < start || strings.ContainsAny(r.Text, "\n\\") ||
			!bytes.Equal(u.file.Bytes[start:end], u.view[start-u.base:end-u.base]) {
			return fixers.Fix{}, false
		}
		fix.Edits = append(fix.Edits, fixers.Edit{
			File: u.file, Span: source.Span{Start: start, End: end}, Text: r.Text,
		})
	}
	return fix, true
}

// single reports whether the expansion that a comment is about is one word on purpose, so quotes around it break
// nothing.
func (u *unit) single(c *Comment) bool {
	at, ok := u.offset(c.Line, c.Column)
	if !ok {
		return false
	}
	if u.expansions == nil {
		u.expansions = shell.ReadExpansions(u.view)
	}
	return u.expansions.Single(at-u.base, func(name string) (string, bool) {
		v, set := u.step.Lookup(name)
		return v.Text, set && v.Known
	})
}

// spellings returns which words of the script change by edits. It reports false where something else changes: those
// fixes are not offered.
func (u *unit) spellings(edits []fixers.Edit) (fixdocker.Spellings, bool) {
	after := slices.Clone(u.view)
	sorted := slices.Clone(edits)
	slices.SortStableFunc(sorted, func(a, b fixers.Edit) int { return b.Span.Start - a.Span.Start })
	for _, e := range sorted {
		after = slices.Replace(after, e.Span.Start-u.base, e.Span.End-u.base, []byte(e.Text)...)
	}
	return fixdocker.Respelt(u.view, after)
}
